//! What a rollup hands to the floor: exact counts, never shown as they are.

use std::collections::BTreeMap;

use super::{FacetCounts, Part};
use crate::{
    segment::{Segment, Segments},
    week::Week,
};

/// All counts of one week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollup {
    /// The week; of seven other days that in which they end.
    pub week: Week,
    /// Everybody (`None`), then every segment with a device, ancestors included.
    pub nodes: BTreeMap<Option<Segment>, Node>,
    /// The same of those who are in the same segment of each dimension, without services; never shown: the floor knows by
    /// them what several dimensions tell together.
    pub atoms: BTreeMap<Segments, Node>,
    /// Services that only some of the week's device-days could tell of, their catalog not knowing them yet, and of how many,
    /// in percent.
    pub news: BTreeMap<String, u8>,
    /// Rows of usage left out because their service is not in this collector's catalog.
    pub rows_not_in_catalog: u64,
}

/// Counts of one segment, or of everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Distinct customers seen: a device that is theirs alone told about a day.
    pub customers: u32,
    /// Distinct customers who left us for at least one need.
    pub left: u32,
    /// Distinct customers who came back for at least one need.
    pub came_back: u32,
    /// Devices enrolled, shared ones included.
    pub devices: u32,
    /// Devices with at least one device-day.
    pub devices_reporting: u32,
    /// Outgoing connections seen.
    pub connections: u64,
    /// Connections with a real Encrypted Client Hello.
    pub encrypted_hello: u64,
    /// Connections to resolvers over TLS, QUIC or HTTPS.
    pub encrypted_dns: u64,
    /// Connections without any name.
    pub unnamed: u64,
    /// Tunnels.
    pub tunnels: u64,
    /// Device-days.
    pub device_days: u64,
    /// Seconds of them in which the agent was down or paused.
    pub unwatched_seconds: u64,
    /// Device-days on which packets passed unseen.
    pub lossy_device_days: u64,
    /// Needs met by somebody, by id.
    pub needs: BTreeMap<String, NeedCounts>,
}

/// Counts of one need in one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NeedCounts {
    /// Distinct customers by the set of parts in which they have a day.
    pub customers_by_parts: [u32; 16],
    /// Customer-days in each part, in the order of [`Part::ALL`].
    pub days: [u32; 4],
    /// Distinct customers who left us.
    pub left: u32,
    /// Distinct customers who came back.
    pub came_back: u32,
    /// Services used by somebody, by id.
    pub services: BTreeMap<String, ServiceCounts>,
    /// Distinct customers of those services that have fewer than k customers each.
    pub small_services_customers: u32,
    /// What the customers elsewhere have in common; not of combinations of segments.
    pub facets: Option<Box<FacetCounts>>,
}

/// Counts of one service in one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceCounts {
    /// Distinct customers.
    pub customers: u32,
    /// Customer-days with the service.
    pub days: u32,
    /// Distinct customers who did not use it, and for whom a program of it ran by itself; of services of ours only.
    pub idle: u32,
    /// Distinct customers who used it in the organisation's own tenant; of services that nobody has reviewed only.
    pub in_our_tenant: u32,
}

/// A set of parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PartSet(u8);

impl PartSet {
    /// With this one.
    #[must_use]
    pub const fn with(self, part: Part) -> Self {
        Self(self.0 | 1 << part as u8)
    }

    /// Is it in?
    pub const fn has(self, part: Part) -> bool {
        self.0 >> part as u8 & 1 == 1
    }

    /// No part at all.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The parts with a day.
    pub fn of_days(days: [u32; 4]) -> Self {
        let met = Part::ALL.into_iter().filter(|part| days[*part as usize] > 0);
        met.fold(Self::default(), Self::with)
    }

    /// Its place in [`NeedCounts::customers_by_parts`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl FromIterator<Part> for PartSet {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        parts.into_iter().fold(Self::default(), Self::with)
    }
}

impl NeedCounts {
    /// Those of other customers too; services are counted elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        let sum =
            |own: &mut [u32], other: &[u32]| own.iter_mut().zip(other).for_each(|(own, other)| *own += other);
        sum(&mut self.customers_by_parts, &other.customers_by_parts);
        sum(&mut self.days, &other.days);
        self.left += other.left;
        self.came_back += other.came_back;
        if let Some(facets) = &other.facets {
            self.facets.get_or_insert_default().add(facets);
        }
    }

    /// Distinct customers with this need.
    pub fn customers(&self) -> u32 {
        self.customers_by_parts.iter().sum()
    }

    /// All customer-days.
    pub fn customer_days(&self) -> u32 {
        self.days.iter().sum()
    }

    /// Distinct customers with a day in any of these parts.
    pub fn customers_in(&self, parts: PartSet) -> u32 {
        let of_set = self.customers_by_parts.iter().zip(0u8..);
        of_set.filter(|(_, set)| set & parts.0 != 0).map(|(customers, _)| customers).sum()
    }

    /// Distinct customers who were elsewhere at least once.
    pub fn elsewhere(&self) -> u32 {
        self.customers_in([Part::Both, Part::ElsewhereAlone].into_iter().collect())
    }

    /// Distinct customers who were with us or elsewhere at least once.
    pub fn ours_or_elsewhere(&self) -> u32 {
        self.customers_in([Part::OursAlone, Part::Both, Part::ElsewhereAlone].into_iter().collect())
    }

    /// Distinct customers who were both with us and elsewhere in the week.
    pub fn ours_and_elsewhere(&self) -> u32 {
        let ours = self.customers_in([Part::OursAlone, Part::Both].into_iter().collect());
        ours + self.elsewhere() - self.ours_or_elsewhere()
    }

    /// Customer-days elsewhere, with or without ours.
    pub fn days_elsewhere(&self) -> u32 {
        self.days[Part::Both as usize] + self.days[Part::ElsewhereAlone as usize]
    }
}
