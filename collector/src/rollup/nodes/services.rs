//! The services of the customers of one node.

use super::{Map, Same};
use crate::{
    portfolio::{Landscape, NeedIndex, ServiceIndex},
    rollup::counts::ServiceCounts,
};

/// The services of one node's customers, all at once: by place in a list that holds every service, which stays close at
/// hand where a table of those that are used would not.
#[derive(Default)]
pub(super) struct OfServices {
    pub(super) services: Vec<(ServiceIndex, ServiceCounts)>,
    /// Distinct customers of those with fewer than k, by need.
    pub(super) small_services_customers: Map<NeedIndex, u32>,
}

impl OfServices {
    pub(super) fn count(customers: &[Same<'_>], landscape: &Landscape, k: u32) -> Self {
        let customers = || customers.iter().copied().flatten();
        let mut counts = vec![ServiceCounts::default(); landscape.services().len()];
        for customer in customers() {
            for (index, used) in &customer.services {
                let counts = &mut counts[index.at()];
                counts.customers += 1;
                counts.days += used.days.count_ones();
                counts.in_our_tenant += u32::from(used.in_our_tenant);
            }
            for index in &customer.present {
                let used = customer.services.iter().any(|(used, _)| used == index);
                counts[index.at()].idle += u32::from(!used);
            }
        }
        let mut of_services = Self::default();
        let is_small = |index: ServiceIndex| counts[index.at()].customers < k;
        let mut needs: Vec<NeedIndex> = Vec::new();
        for customer in customers() {
            let small = customer.services.iter().filter(|(index, _)| is_small(*index));
            needs.clear();
            needs.extend(small.map(|(index, _)| landscape.service(*index).need));
            needs.sort_unstable();
            needs.dedup();
            for need in &needs {
                *of_services.small_services_customers.entry(*need).or_default() += 1;
            }
        }
        let known = landscape.indices().zip(counts);
        of_services.services = known.filter(|(_, counts)| *counts != ServiceCounts::default()).collect();
        of_services
    }
}
