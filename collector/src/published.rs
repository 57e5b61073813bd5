//! What has been released: the only figures that anything after the floor ever sees.
//!
//! Only `floor` makes these values. A figure is there or it says why it is not; it is never null and never 0 in place
//! of "too few". Customers are rounded down to a multiple of [`customers_step`], customer-days to the nearest of twice
//! that. What is released stays released: a frozen week never changes, and [`PublishedWeek::hash`] proves it.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use sha2::{Digest as _, Sha256};

use crate::{portfolio::SanctionStatus, rollup::Facet, segment::Segment, week::Week};

/// What customers are rounded to where so many are the smallest group: that in fives.
pub const fn customers_step(minimum_group: u32) -> u32 {
    minimum_group.div_ceil(5).saturating_mul(5)
}

/// A count, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// As released.
    Shown(u32),
    /// Withheld.
    Hidden(Reason),
}

/// Why a figure is withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Fewer than k customers stand behind it, or behind what could be told from it. None at all is "fewer" too.
    K,
    /// A service of ours serves this need unseen, so a share would be wrong.
    OfferedNotVisible,
}

impl Reason {
    /// As API and store spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::K => "k",
            Self::OfferedNotVisible => "offered_not_visible",
        }
    }
}

impl Figure {
    /// The count, where it is shown.
    pub const fn shown(self) -> Option<u32> {
        match self {
            Self::Shown(value) => Some(value),
            Self::Hidden(_) => None,
        }
    }
}

impl Serialize for Figure {
    /// A number, or `{"suppressed":true,"reason":"k"}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Shown(value) => serializer.serialize_u32(*value),
            Self::Hidden(reason) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("suppressed", &true)?;
                map.serialize_entry("reason", reason.as_str())?;
                map.end()
            }
        }
    }
}

/// One released week.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublishedWeek {
    /// The week.
    pub week: Week,
    /// The smallest group that may be shown.
    pub minimum_group: u32,
    /// Everybody first, then the segments in tree order.
    pub segments: Vec<PublishedSegment>,
    /// What the floor withheld.
    pub price: Price,
    /// Services shown somewhere that only some of the week's device-days could tell of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub news: Vec<CatalogNews>,
}

/// A service that the devices' catalogs learnt of in the week: what came before could not be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogNews {
    /// Its id.
    pub service: String,
    /// Percent of the week's device-days that were told by catalogs which knew it.
    pub known: u8,
}

/// May the week still change?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum WeekState {
    /// Recomputed every night.
    Running,
    /// Never changes again.
    Frozen {
        /// When it was frozen.
        frozen_at: Timestamp,
        /// It was frozen before its end, on demand: days are missing.
        before_its_end: bool,
    },
}

/// Everybody, or one segment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublishedSegment {
    /// `None` is everybody.
    #[serde(serialize_with = "segment_or_all")]
    pub segment: Option<Segment>,
    /// Distinct customers seen: a device that is theirs alone told about a day.
    pub customers: Figure,
    /// Distinct customers who left us for at least one need.
    pub left: Figure,
    /// Distinct customers who came back for at least one need.
    pub came_back: Figure,
    /// How much was seen.
    pub trust: Option<Trust>,
    /// Every need of the catalog.
    pub needs: Vec<PublishedNeed>,
}

/// How much of a segment was seen, in shares of rounded counts (`floor/trust.rs`). `None` as a whole where the segment is
/// withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// Devices that reported, of those enrolled.
    pub devices_reporting: u8,
    /// Tenths of a percent of connections whose name was hidden, from here on.
    pub unnamed_tenths: u16,
    /// Real Encrypted Client Hello.
    pub encrypted_hello_tenths: u16,
    /// Encrypted DNS.
    pub encrypted_dns_tenths: u16,
    /// Tunnels.
    pub tunnels_tenths: u16,
    /// Tenths of a percent of the reported days' time in which the agent was down or paused.
    pub unwatched_tenths: u16,
    /// Tenths of a percent of the reported days on which packets passed unseen.
    pub lossy_days_tenths: u16,
}

/// One need of one segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublishedNeed {
    /// Id of the need.
    pub need: String,
    /// A service of ours served it that week.
    pub served: bool,
    /// Distinct customers with this need.
    pub customers: Figure,
    /// All its customer-days.
    pub customer_days: Figure,
    /// Customer-days with ours alone.
    pub ours_alone: Figure,
    /// Customer-days with ours and elsewhere.
    pub both: Figure,
    /// Customer-days with a tolerated service only.
    pub tolerated: Figure,
    /// Customer-days elsewhere, not with ours.
    pub elsewhere_alone: Figure,
    /// Customer-days elsewhere, with ours or not: shown also where its two parts can't be.
    pub elsewhere: Figure,
    /// Distinct customers elsewhere at least once.
    pub customers_elsewhere: Figure,
    /// Distinct customers with ours or elsewhere: what the elsewhere rate is of.
    pub customers_ours_or_elsewhere: Figure,
    /// Distinct customers with ours and elsewhere in the week.
    pub customers_both: Figure,
    /// Distinct customers who left us.
    pub left: Figure,
    /// Distinct customers who came back.
    pub came_back: Figure,
    /// Services with at least k customers.
    pub services: Vec<PublishedService>,
    /// Distinct customers of the services under k together, where they are k or more.
    pub other_services_customers: Figure,
    /// What the customers elsewhere have in common, where it may be said.
    pub facets: Vec<PublishedFacet>,
}

/// Some of the customers elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PublishedFacet {
    /// Which.
    pub facet: Facet,
    /// Distinct customers, k or more.
    pub customers: u32,
    /// Ours set against elsewhere, for facets that say of what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<PublishedEffect>,
}

/// A difference between ours and elsewhere, over customers, to the nearest 5 hundredths of what [`Facet`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PublishedEffect {
    /// The mean.
    pub mean_hundredths: i32,
    /// The standard error of the mean, or more, so that it does not say that all are alike (`floor/effects.rs`).
    pub error_hundredths: u32,
}

/// One service of one need and segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublishedService {
    /// Id of the service.
    pub service: String,
    /// What had been decided about it that week.
    pub sanction_status: SanctionStatus,
    /// Distinct customers.
    pub customers: Figure,
    /// Customer-days with it.
    pub customer_days: Figure,
    /// Distinct customers who used it or for whom a program of it ran by itself; of services of ours only.
    pub customers_present: Figure,
    /// Distinct customers, at least, who used it in the organisation's own tenant: of everybody, and of services that
    /// nobody has reviewed only; absent where it may not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers_in_our_tenant: Option<u32>,
}

/// At least k customers of a segment began with a service elsewhere within the seven days before this was released, more
/// than usual. What it tells, and what not: `floor/signals.rs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// `None` is everybody.
    pub segment: Option<Segment>,
    /// Id of the need.
    pub need: String,
    /// Id of the service.
    pub service: String,
    /// The morning on which it was told, in the organisation's zone.
    pub released: Date,
    /// k, as it was then.
    pub minimum_group: u32,
}

/// The price of the floor: at least so many percent of customer-days elsewhere are shown, in tens up to 90. `None` where
/// there were too few to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// For everybody, by need.
    pub organisation_by_need: Option<u8>,
    /// By segment of the main dimension and need.
    pub segment_by_need: Option<u8>,
    /// By segment of the main dimension and service.
    pub segment_by_service: Option<u8>,
}

impl PublishedWeek {
    /// The row of everybody (`None`) or of a segment.
    pub fn segment(&self, segment: Option<&Segment>) -> Option<&PublishedSegment> {
        self.segments.iter().find(|row| row.segment.as_ref() == segment)
    }

    /// SHA-256 over all that was released.
    pub fn hash(&self) -> [u8; 32] {
        let released = serde_json::to_vec(self).expect("published rows hold only text, numbers and lists");
        Sha256::digest(released).into()
    }
}

impl PublishedSegment {
    /// The row of a need.
    pub fn need(&self, id: &str) -> Option<&PublishedNeed> {
        self.needs.iter().find(|row| row.need == id)
    }
}

impl PublishedNeed {
    /// The four parts in customer-days (ours alone, both, tolerated, elsewhere alone), where all are shown.
    pub fn parts(&self) -> Option<[u32; 4]> {
        let [ours, both] = [self.ours_alone.shown()?, self.both.shown()?];
        Some([ours, both, self.tolerated.shown()?, self.elsewhere_alone.shown()?])
    }

    /// The facet's row, where it is shown.
    pub fn facet(&self, facet: Facet) -> Option<&PublishedFacet> {
        self.facets.iter().find(|row| row.facet == facet)
    }

    /// The service's row, where it is shown.
    pub fn service(&self, id: &str) -> Option<&PublishedService> {
        self.services.iter().find(|row| row.service == id)
    }
}

/// `"all"` for everybody, else `"department:Marketing"`.
#[expect(clippy::ref_option, reason = "serde hands a reference to the field")]
pub(crate) fn segment_or_all<S: Serializer>(
    segment: &Option<Segment>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match segment {
        Some(segment) => serializer.collect_str(segment),
        None => serializer.serialize_str("all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_withheld_says_why() {
        let figures = [Figure::Shown(25), Figure::Hidden(Reason::K)];
        let json = serde_json::to_string(&figures).unwrap();
        assert_eq!(json, r#"[25,{"suppressed":true,"reason":"k"}]"#);
    }
}
