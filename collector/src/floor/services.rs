//! Which services of a need are shown at each node, and the rest folded.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    customers, tree,
    tree::{At, Tree},
};
use crate::{
    portfolio::{Landscape, SanctionStatus},
    published::{Figure, PublishedService, Reason},
    rollup::NeedCounts,
};

/// Where each service of one need is shown.
#[derive(Debug)]
pub(super) struct Shown<'r>(BTreeMap<&'r str, tree::Shown<'r>>);

/// Judges each service of one need over the main dimension's tree.
pub(super) fn shown<'r>(
    main: &Tree<'r>,
    k: u32,
    need: &tree::Shown<'r>,
    counts: impl Fn(At<'r>) -> Option<&'r NeedCounts>,
) -> Shown<'r> {
    let used: BTreeSet<&str> =
        counts(None).iter().flat_map(|need| need.services.keys().map(String::as_str)).collect();
    let judge = |service: &str| {
        let may = |node: At<'r>| need.contains(node);
        let customers = |node: At<'r>| {
            counts(node).and_then(|need| need.services.get(service)).map_or(0, |service| service.customers)
        };
        tree::shown(std::slice::from_ref(main), k, may, customers)
    };
    Shown(used.into_iter().map(|service| (service, judge(service))).collect())
}

impl Shown<'_> {
    /// The rows of one node, most customers first, and the customers of the services folded together.
    pub(super) fn rows(
        &self,
        segment: At<'_>,
        need: &NeedCounts,
        landscape: &Landscape,
        k: u32,
    ) -> (Vec<PublishedService>, Figure) {
        let is_shown = |id: &str| self.0.get(id).is_some_and(|shown| shown.contains(segment));
        let mut counts: Vec<_> = need.services.iter().filter(|(id, _)| is_shown(id)).collect();
        counts.sort_by_key(|(_, counts)| std::cmp::Reverse((counts.customers, counts.days)));
        let mut rows: Vec<_> = counts
            .into_iter()
            .map(|(id, counts)| PublishedService {
                service: id.clone(),
                sanction_status: status(landscape, id),
                customers: customers(counts.customers, k),
                customer_days: Figure::Shown(counts.days),
            })
            .collect();
        let folded = need.small_services_customers;
        if let (1.., Some(smallest)) = (folded, rows.last_mut())
            && folded < k
        {
            smallest.customer_days = Figure::Hidden(Reason::K);
        }
        // By what is published, so that the order tells nothing more.
        rows.sort_by(|a, b| (b.customers, &a.service).cmp(&(a.customers, &b.service)));
        (rows, customers(folded, k))
    }
}

fn status(landscape: &Landscape, service: &str) -> SanctionStatus {
    let index = landscape.find(service);
    index.map_or(SanctionStatus::Unreviewed, |index| landscape.service(index).status)
}
