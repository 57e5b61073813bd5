//! What a page says in the first weeks and of a pilot: which needs were met, and what looks like ours.

use serde::Serialize;

use super::{Digest, NeedName, ServiceLine, compose::Source, words};
use crate::{
    insight::{
        History,
        proposal::{Looks, Proposal, proposals},
    },
    portfolio::Landscape,
    published::{Figure, PublishedNeed, PublishedSegment},
    segment::Segment,
};
use words::thousands;

/// Most services named for a need.
const MOST_SERVICES: usize = 3;

/// A need that was met.
#[derive(Clone, Debug, Serialize)]
pub struct NeedMet {
    /// Which.
    pub need: NeedName,
    /// By how many customers.
    pub customers: u32,
    /// The same in the week before, where it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers_last_week: Option<u32>,
    /// On how many customer-days.
    pub customer_days: Figure,
    /// At which services, most customers first.
    pub services: Vec<ServiceLine>,
}

/// What a service that nobody has reviewed looks like.
#[derive(Clone, Debug, Serialize)]
pub struct ProposalLine {
    /// Id of the service.
    pub service: String,
    /// What people read.
    pub name: String,
    /// Its need.
    pub need: NeedName,
    /// `ours`, `to_decide` or `elsewhere`.
    pub looks_like: &'static str,
    /// The rule that says so.
    pub rule: &'static str,
    /// Customers of it.
    pub customers: u32,
    /// Customers with its need.
    pub of_customers: u32,
    /// Uppermost segments of the main dimension that show it.
    pub segments: usize,
    /// Those that show any service for its need.
    pub of_segments: usize,
    /// Customers, at least, in our own tenant of it; absent where it may not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers_in_our_tenant: Option<u32>,
    /// All of it in one sentence.
    pub why: String,
}

impl ProposalLine {
    /// A proposal with its names.
    pub fn new(proposal: &Proposal<'_>, landscape: &Landscape) -> Self {
        let Proposal { service, need, looks, rule, .. } = *proposal;
        let name = landscape.find(&service.service).map(|at| landscape.service(at).name.clone());
        let known = landscape.needs().find(|(_, known)| known.id == need.need);
        Self {
            service: service.service.clone(),
            name: name.unwrap_or_else(|| service.service.clone()),
            need: NeedName {
                id: need.need.clone(),
                name: known.map_or(&need.need, |(_, known)| &known.name).clone(),
            },
            looks_like: looks.as_str(),
            rule,
            customers: proposal.customers,
            of_customers: proposal.of_customers,
            segments: proposal.segments,
            of_segments: proposal.of_segments,
            customers_in_our_tenant: service.customers_in_our_tenant,
            why: why(proposal),
        }
    }
}

/// `540 of the 560 customers with this need use it, in 8 of 8 segments, 300 or more of them in our own tenant.`
fn why(proposal: &Proposal<'_>) -> String {
    let (customers, of) = (thousands(proposal.customers), thousands(proposal.of_customers));
    let segments = match (proposal.segments, proposal.of_segments) {
        (_, 0) => String::new(),
        (0, _) => ", in no segment by enough to be shown".to_owned(),
        (_, 1) => ", in the one segment that shows any service for it".to_owned(),
        (segments, of) => format!(", in {segments} of {of} segments"),
    };
    let tenant = match proposal.service.customers_in_our_tenant {
        Some(some) => format!(", {} or more of them in our own tenant", thousands(some)),
        None if proposal.tenant_named => {
            ", too few of them seen in our own tenant to say how many".to_owned()
        }
        None => String::new(),
    };
    format!("{customers} of the {of} customers with this need use it{segments}{tenant}.")
}

impl Source<'_> {
    /// Makes a page that says nothing yet one of the first weeks or of a pilot.
    pub(super) fn early(
        self,
        mut digest: Digest,
        history: &History<'_>,
        root: Option<&Segment>,
        this: &PublishedSegment,
    ) -> Digest {
        let met = |need: &PublishedNeed| self.need_met(need, history.need(root, &need.need, 1));
        digest.needs_met = this.needs.iter().filter_map(met).collect();
        digest.needs_met.sort_by_key(|met| std::cmp::Reverse((met.customers, met.customer_days)));
        // Whoever sees everybody reviews.
        if root.is_none() {
            let proposed = proposals(history.this(), self.known.portfolio);
            digest.proposals = proposed.iter().map(|one| ProposalLine::new(one, self.landscape)).collect();
        }
        digest
    }

    fn need_met(self, need: &PublishedNeed, last_week: Option<&PublishedNeed>) -> Option<NeedMet> {
        let services = need.services.iter().take(MOST_SERVICES);
        Some(NeedMet {
            need: self.need(&need.need),
            customers: need.customers.shown()?,
            customers_last_week: last_week.and_then(|need| need.customers.shown()),
            customer_days: need.customer_days,
            services: services.map(|service| self.service_line(service, last_week)).collect(),
        })
    }
}

/// How many proposals look so.
pub(super) fn count(digest: &Digest, looks: Looks) -> usize {
    digest.proposals.iter().filter(|line| line.looks_like == looks.as_str()).count()
}
