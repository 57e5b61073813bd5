//! The portfolio: what the organisation offers its customers, and what it has decided about everything else.
//!
//! It owns `portfolio.toml`. It refuses unknown keys, services, needs, statuses and weeks, and reports all mistakes
//! of a file together, each with its line. A status counts from the week it was set: [`Portfolio::landscape`] gives
//! the state of one week, and no later decision reaches back into it.

pub mod entry;
mod file;
pub mod import;
mod landscape;
mod package;

use std::{fmt, str::FromStr};

use elsewhere_catalog::{Catalog, Service, layer::LayerFacts};
use serde::{Deserialize, Serialize};

pub use landscape::{Landscape, NeedIndex, NeedOffer, Offered, ServiceIndex, Side};
pub use package::{Measure, Package, PackageLine, PackagePart};

pub use crate::toml_file::Mistake;
use crate::{segment::Segment, week::Week};

/// What the organisation offers and has decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portfolio {
    /// What the organisation is called on its pages.
    pub organisation: String,
    /// Its customers are made up; every page says so.
    pub simulated: bool,
    /// The dimension of segments that publishes services as well as needs.
    pub main_dimension: String,
    /// In the order of the file.
    pub decisions: Vec<Decision>,
    /// Services of the organisation's own that the catalog can't know.
    pub own_services: Vec<OwnService>,
    /// What IT offers for a need, as its customers would describe it.
    pub packages: Vec<Package>,
    /// What is known of segments beside their names.
    pub segments: Vec<SegmentFacts>,
    /// What devices have to know beside the catalog: these services, names, domains and tenants.
    pub layer: LayerFacts,
}

/// What the organisation says of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentFacts {
    /// Which.
    pub segment: Segment,
    /// Whom to talk to.
    pub head: Option<String>,
    /// It serves the paying customer directly.
    pub customer_facing: bool,
}

/// A status that a service has from a week on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The service's id.
    pub service: String,
    /// What was decided.
    pub status: SanctionStatus,
    /// From which week on; `None` is ever since.
    pub since: Option<Week>,
    /// Other needs the service meets too, where its use for them can't be seen.
    pub offered_not_visible: Vec<String>,
}

/// A service that only this organisation has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnService {
    /// `own:` and a word.
    pub id: String,
    /// What people read.
    pub name: String,
    /// The need it serves.
    pub need: String,
}

/// What the organisation has decided about a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SanctionStatus {
    /// Ours.
    Sanctioned,
    /// Neither ours nor elsewhere.
    Tolerated,
    /// Elsewhere.
    Unsanctioned,
    /// Nobody has looked at it yet; it counts as elsewhere.
    Unreviewed,
}

impl SanctionStatus {
    /// As files, API and pages spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sanctioned => "sanctioned",
            Self::Tolerated => "tolerated",
            Self::Unsanctioned => "unsanctioned",
            Self::Unreviewed => "unreviewed",
        }
    }
}

impl fmt::Display for SanctionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SanctionStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Sanctioned, Self::Tolerated, Self::Unsanctioned, Self::Unreviewed]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(())
    }
}

/// The dimension that publishes services where the file names none.
const MAIN_DIMENSION: &str = "department";

/// All mistakes of a portfolio file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PortfolioError {
    /// In the order of their lines.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for PortfolioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            write!(f, "{}{mistake}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl Default for Portfolio {
    /// That of an organisation which has not written one: nothing is ours.
    fn default() -> Self {
        Self {
            organisation: "Your organisation".to_owned(),
            simulated: false,
            main_dimension: MAIN_DIMENSION.to_owned(),
            decisions: Vec::new(),
            own_services: Vec::new(),
            packages: Vec::new(),
            segments: Vec::new(),
            layer: LayerFacts::default(),
        }
    }
}

impl Portfolio {
    /// Reads a portfolio file.
    pub fn parse(text: &str, catalog: &Catalog) -> Result<Self, PortfolioError> {
        file::parse(text, catalog)
    }

    /// Every need and service as they stood in a week.
    pub fn landscape(&self, catalog: &Catalog, week: Week) -> Landscape {
        let mut landscape =
            Landscape::new(catalog.needs().iter().map(|need| (need.id.to_owned(), need.name.to_owned())));
        for service in catalog.services() {
            let status = self.status(service.id(), week);
            landscape.add(service.id(), service.name(), service.need(), status, service.as_often_private());
        }
        for own in &self.own_services {
            landscape.add(&own.id, &own.name, &own.need, self.status(&own.id, week), false);
        }
        for decision in
            self.decisions.iter().filter(|decision| self.in_force(&decision.service, week) == Some(decision))
        {
            if decision.status == SanctionStatus::Sanctioned {
                decision.offered_not_visible.iter().for_each(|need| landscape.ours_not_visible(need));
            }
        }
        landscape
    }

    /// Id of the service with this id or name: one of the organisation's own, or of the catalog.
    pub fn find_service<'p>(&'p self, catalog: &'p Catalog, text: &str) -> Option<&'p str> {
        let is_it = |own: &&OwnService| own.id == text || own.name.eq_ignore_ascii_case(text);
        let own = self.own_services.iter().find(is_it);
        let of_catalog = || {
            let named = || catalog.services().find(|known| known.name().eq_ignore_ascii_case(text));
            catalog.service(text).or_else(named).map(Service::id)
        };
        own.map(|own| own.id.as_str()).or_else(of_catalog)
    }

    /// Whom to talk to about a segment: its head, or that of the nearest above that has one.
    pub fn head(&self, segment: Option<&Segment>) -> Option<&str> {
        self.known(segment).find_map(|facts| facts.head.as_deref())
    }

    /// A segment, or one above it, serves the paying customer directly.
    pub fn is_customer_facing(&self, segment: Option<&Segment>) -> bool {
        self.known(segment).any(|facts| facts.customer_facing)
    }

    /// What is known of a segment, then of those above it.
    fn known(&self, segment: Option<&Segment>) -> impl Iterator<Item = &SegmentFacts> {
        let upwards = std::iter::successors(segment.cloned(), Segment::parent);
        upwards.filter_map(|segment| self.segments.iter().find(|facts| facts.segment == segment))
    }

    /// Ids of the services that are ours in a week.
    pub fn sanctioned(&self, week: Week) -> impl Iterator<Item = &str> {
        let ours = move |decision: &&Decision| {
            decision.status == SanctionStatus::Sanctioned
                && self.in_force(&decision.service, week) == Some(*decision)
        };
        self.decisions.iter().filter(ours).map(|decision| decision.service.as_str())
    }

    /// It was called elsewhere by a week.
    pub fn is_called_elsewhere(&self, service: &str, week: Week) -> bool {
        self.status(service, week) == SanctionStatus::Unsanctioned
    }

    /// Needs with a service that was called elsewhere by a week.
    pub fn needs_called_elsewhere<'p>(
        &'p self,
        catalog: &'p Catalog,
        week: Week,
    ) -> impl Iterator<Item = &'p str> {
        let elsewhere = self.decisions.iter().map(|decision| decision.service.as_str());
        let elsewhere = elsewhere.filter(move |service| self.is_called_elsewhere(service, week));
        elsewhere.filter_map(|service| {
            let own = self.own_services.iter().find(|own| own.id == service);
            own.map(|own| own.need.as_str()).or_else(|| Some(catalog.service(service)?.need()))
        })
    }

    /// Somebody has looked at the service, from whatever week on it counts.
    pub fn has_reviewed(&self, service: &str) -> bool {
        let reviewed = |decision: &Decision| {
            decision.service == service && decision.status != SanctionStatus::Unreviewed
        };
        self.decisions.iter().any(reviewed)
    }

    /// A tenant host of ours at the service stands in the file.
    pub fn names_tenant(&self, service: &str) -> bool {
        self.layer.tenants.iter().any(|tenant| tenant.service_id == service)
    }

    fn status(&self, service: &str, week: Week) -> SanctionStatus {
        self.in_force(service, week).map_or(SanctionStatus::Unreviewed, |decision| decision.status)
    }

    /// The newest decision about a service that had been taken by a week.
    fn in_force(&self, service: &str, week: Week) -> Option<&Decision> {
        let taken = |decision: &&Decision| {
            decision.service == service && decision.since.is_none_or(|since| since <= week)
        };
        self.decisions.iter().filter(taken).max_by_key(|decision| decision.since)
    }
}

#[cfg(test)]
mod tests;
