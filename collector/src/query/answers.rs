//! The answers, as every reader gets them. A figure that is withheld says so: `{"suppressed":true,"reason":"k"}`.

use jiff::civil::Date;
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    digest::ProposalLine,
    insight::percents,
    portfolio::{Landscape, SanctionStatus},
    published::{
        Figure, PublishedFacet, PublishedNeed, PublishedSegment, PublishedService, Signal, Trust, WeekState,
        segment_or_all,
    },
    segment::Segment,
    week::Week,
};

/// A week and whether it may still change.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct WeekAnswer {
    /// The week.
    pub week: Week,
    /// Running, or frozen.
    #[serde(flatten)]
    pub state: WeekState,
}

impl WeekAnswer {
    pub(super) fn new(week: Week, state: WeekState) -> Self {
        Self { week, state }
    }

    /// It never changes again.
    pub fn is_frozen(&self) -> bool {
        matches!(self.state, WeekState::Frozen { .. })
    }
}

/// The published weeks.
#[derive(Clone, Debug, Serialize)]
pub struct Weeks {
    /// Newest first.
    pub weeks: Vec<WeekAnswer>,
}

/// What every answer about one week begins with.
#[derive(Clone, Debug, Serialize)]
pub struct Head {
    /// What the organisation is called.
    pub organisation: String,
    /// Its customers are made up.
    pub simulated: bool,
    /// The week.
    #[serde(flatten)]
    pub week: WeekAnswer,
    /// Smallest group that is shown.
    pub minimum_group: u32,
    /// `all`, or `department:Marketing`.
    #[serde(serialize_with = "segment_or_all")]
    pub segment: Option<Segment>,
    /// Customers seen in it.
    pub customers_seen: Figure,
}

/// A figure beside that of the week before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    /// This week's.
    pub value: Figure,
    /// The week before, where it is shown.
    pub last_week: Option<u32>,
}

impl Beside {
    fn new(value: Figure, last_week: Option<Figure>) -> Self {
        Self { value, last_week: last_week.and_then(Figure::shown) }
    }
}

impl Serialize for Beside {
    /// `{"value":120,"last_week":85}`, or `{"suppressed":true,"reason":"k"}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.value {
            Figure::Shown(value) => map.serialize_entry("value", &value)?,
            Figure::Hidden(reason) => {
                map.serialize_entry("suppressed", &true)?;
                map.serialize_entry("reason", reason.as_str())?;
            }
        }
        if let Some(last_week) = self.last_week {
            map.serialize_entry("last_week", &last_week)?;
        }
        map.end()
    }
}

/// The needs of a week and segment.
#[derive(Clone, Debug, Serialize)]
pub struct Needs {
    /// Week and segment.
    #[serde(flatten)]
    pub head: Head,
    /// All needs of the catalog, most days elsewhere first; those withheld last.
    pub needs: Vec<NeedAnswer>,
}

/// One need.
#[derive(Clone, Debug, Serialize)]
pub struct NeedAnswer {
    /// Id of the need.
    pub id: String,
    /// What people read.
    pub name: String,
    /// IT offers something for it.
    pub served: bool,
    /// Distinct customers with this need.
    pub customers: Beside,
    /// Customer-days with this need.
    pub customer_days: Beside,
    /// Customer-days with ours alone.
    pub ours_alone: Beside,
    /// Customer-days with ours and elsewhere.
    pub both: Beside,
    /// Customer-days with a tolerated service only.
    pub tolerated: Beside,
    /// Customer-days elsewhere, not with ours.
    pub elsewhere_alone: Beside,
    /// Customer-days elsewhere, with ours or not; known also where its two parts are withheld.
    pub elsewhere: Beside,
    /// Whole percents of ours alone, both, tolerated, elsewhere alone; absent where one is withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_of_need_percent: Option<[u32; 4]>,
    /// Distinct customers elsewhere.
    pub customers_elsewhere: Beside,
    /// Distinct customers with ours or elsewhere.
    pub customers_ours_or_elsewhere: Beside,
    /// Distinct customers with both in the week.
    pub customers_both: Beside,
    /// Distinct customers who left us.
    pub left_us: Beside,
    /// Distinct customers who came back.
    pub came_back: Beside,
    /// Services with at least the smallest group.
    pub services: Vec<ServiceAnswer>,
    /// Customers of all other services together.
    pub other_services_customers: Figure,
    /// What the customers elsewhere have in common, and ours beside elsewhere, where it may be said.
    pub facets: Vec<PublishedFacet>,
}

/// The segments of a week.
#[derive(Clone, Debug, Serialize)]
pub struct Segments {
    /// Week and the reader's own segment.
    #[serde(flatten)]
    pub head: Head,
    /// In tree order.
    pub segments: Vec<SegmentAnswer>,
}

/// One segment.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentAnswer {
    /// `all`, or `department:Marketing`.
    #[serde(serialize_with = "segment_or_all")]
    pub id: Option<Segment>,
    /// Distinct customers seen.
    pub customers_seen: Beside,
    /// Distinct customers who left us for some need.
    pub left_us: Beside,
    /// Distinct customers who came back for some need.
    pub came_back: Beside,
    /// How much was seen; absent where the segment is withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
}

/// The services of a week and segment.
#[derive(Clone, Debug, Serialize)]
pub struct Services {
    /// Week and segment.
    #[serde(flatten)]
    pub head: Head,
    /// Most customers first.
    pub services: Vec<ServiceAnswer>,
}

/// One service.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceAnswer {
    /// Id of the service.
    pub id: String,
    /// What people read.
    pub name: String,
    /// Id of its need.
    pub need: String,
    /// What had been decided about it that week.
    pub sanction_status: SanctionStatus,
    /// Distinct customers.
    pub customers: Beside,
    /// Customer-days with it.
    pub customer_days: Beside,
    /// Distinct customers who used it or for whom a program of it ran by itself; of services of ours only.
    pub customers_present: Beside,
}

/// What looks like ours in a week.
#[derive(Clone, Debug, Serialize)]
pub struct Proposals {
    /// The week; the segment is everybody.
    #[serde(flatten)]
    pub head: Head,
    /// What looks like ours first, then by customers.
    pub proposals: Vec<ProposalLine>,
}

/// What was told of single services.
#[derive(Clone, Debug, Serialize)]
pub struct Signals {
    /// Newest first.
    pub signals: Vec<SignalAnswer>,
}

/// A service elsewhere with which more of a segment began than is usual.
#[derive(Clone, Debug, Serialize)]
pub struct SignalAnswer {
    /// `all`, or `department:Marketing`.
    #[serde(serialize_with = "segment_or_all")]
    pub segment: Option<Segment>,
    /// Id of the need.
    pub need: String,
    /// Id of the service.
    pub service: String,
    /// What people read.
    pub name: String,
    /// The morning on which it was told, of the seven days before it.
    pub released: Date,
    /// Who began: `at least 5`, and never more.
    pub customers: String,
}

impl Needs {
    pub(super) fn new(
        head: Head,
        row: &PublishedSegment,
        last: Option<&PublishedSegment>,
        landscape: &Landscape,
    ) -> Self {
        let last = |need: &PublishedNeed| last.and_then(|row| row.need(&need.need));
        let answer = |need| NeedAnswer::new(need, last(need), landscape);
        let mut needs: Vec<NeedAnswer> = row.needs.iter().map(answer).collect();
        needs.sort_by_key(|need| {
            let shown = |figure: Beside| figure.value.shown();
            std::cmp::Reverse((shown(need.elsewhere_alone), shown(need.customer_days)))
        });
        Self { head, needs }
    }
}

impl NeedAnswer {
    fn new(need: &PublishedNeed, last: Option<&PublishedNeed>, landscape: &Landscape) -> Self {
        let beside = |of: fn(&PublishedNeed) -> Figure| Beside::new(of(need), last.map(of));
        let known = landscape.needs().find(|(_, known)| known.id == need.need);
        Self {
            id: need.need.clone(),
            name: known.map_or(&need.need, |(_, known)| &known.name).clone(),
            served: need.served,
            customers: beside(|need| need.customers),
            customer_days: beside(|need| need.customer_days),
            ours_alone: beside(|need| need.ours_alone),
            both: beside(|need| need.both),
            tolerated: beside(|need| need.tolerated),
            elsewhere_alone: beside(|need| need.elsewhere_alone),
            elsewhere: beside(|need| need.elsewhere),
            share_of_need_percent: need.parts().map(percents),
            customers_elsewhere: beside(|need| need.customers_elsewhere),
            customers_ours_or_elsewhere: beside(|need| need.customers_ours_or_elsewhere),
            customers_both: beside(|need| need.customers_both),
            left_us: beside(|need| need.left),
            came_back: beside(|need| need.came_back),
            services: ServiceAnswer::of(need, last, landscape).collect(),
            other_services_customers: need.other_services_customers,
            facets: need.facets.clone(),
        }
    }
}

impl Segments {
    pub(super) fn new<'r>(
        head: Head,
        rows: impl Iterator<Item = (&'r PublishedSegment, Option<&'r PublishedSegment>)>,
    ) -> Self {
        let answer = |(row, last): (&PublishedSegment, Option<&PublishedSegment>)| {
            let beside = |of: fn(&PublishedSegment) -> Figure| Beside::new(of(row), last.map(of));
            SegmentAnswer {
                id: row.segment.clone(),
                customers_seen: beside(|row| row.customers),
                left_us: beside(|row| row.left),
                came_back: beside(|row| row.came_back),
                trust: row.trust,
            }
        };
        Self { head, segments: rows.map(answer).collect() }
    }
}

impl Services {
    pub(super) fn new(
        head: Head,
        row: &PublishedSegment,
        last: Option<&PublishedSegment>,
        landscape: &Landscape,
    ) -> Self {
        let of = |need| ServiceAnswer::of(need, last.and_then(|row| row.need(&need.need)), landscape);
        let mut services: Vec<ServiceAnswer> = row.needs.iter().flat_map(of).collect();
        services.sort_by(|a, b| (b.customers.value, &a.id).cmp(&(a.customers.value, &b.id)));
        Self { head, services }
    }
}

impl Signals {
    pub(super) fn new(signals: Vec<Signal>, landscape: &Landscape) -> Self {
        let answer = |signal: Signal| SignalAnswer {
            name: name(&signal.service, landscape),
            segment: signal.segment,
            need: signal.need,
            service: signal.service,
            released: signal.released,
            customers: format!("at least {}", signal.minimum_group),
        };
        Self { signals: signals.into_iter().map(answer).collect() }
    }
}

fn name(service: &str, landscape: &Landscape) -> String {
    let known = landscape.find(service).map(|index| landscape.service(index).name.as_str());
    known.unwrap_or(service).to_owned()
}

impl ServiceAnswer {
    fn of<'a>(
        need: &'a PublishedNeed,
        last: Option<&'a PublishedNeed>,
        landscape: &'a Landscape,
    ) -> impl Iterator<Item = Self> + use<'a> {
        let answer = move |service: &PublishedService| {
            let last = last.and_then(|need| need.service(&service.service));
            Self {
                id: service.service.clone(),
                name: name(&service.service, landscape),
                need: need.need.clone(),
                sanction_status: service.sanction_status,
                customers: Beside::new(service.customers, last.map(|service| service.customers)),
                customer_days: Beside::new(service.customer_days, last.map(|service| service.customer_days)),
                customers_present: Beside::new(
                    service.customers_present,
                    last.map(|service| service.customers_present),
                ),
            }
        };
        need.services.iter().map(answer)
    }
}
