//! Counting: device-days in, any order; counts out.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    counts::{NeedCounts, Node, PartSet, Rollup},
    days::{Days, bit, is_in_week},
    moves::Moves,
};
use crate::{
    device::{Customer, DeviceId},
    device_day::{BlindSpots, DeviceDay, Evidence, Tenant},
    portfolio::{Landscape, NeedIndex, ServiceIndex, Side},
    segment::{Segment, Segments},
    week::Week,
};

/// A rollup in the making. Its memory follows the customers of the week, a few hundred bytes each.
#[derive(Debug)]
pub struct Tally {
    week: Week,
    /// Ids of the services that hashes of names outside the catalog are.
    named: HashMap<u64, String>,
    devices: HashMap<DeviceId, DeviceTally>,
    customers: HashMap<Customer, CustomerTally>,
    rows_not_in_catalog: u64,
}

#[derive(Debug)]
struct DeviceTally {
    segments: Segments,
    reporting: bool,
    connections: u64,
    encrypted_hello: u64,
    encrypted_dns: u64,
    unnamed: u64,
    tunnels: u64,
}

#[derive(Debug)]
struct CustomerTally {
    segments: Segments,
    /// The device that `segments` are of: the lowest that reported in the week itself.
    segments_of: Option<DeviceId>,
    /// A device that is theirs alone told about a day of the week itself.
    seen: bool,
    needs: Vec<(NeedIndex, Days)>,
    services: Vec<(ServiceIndex, u64)>,
}

impl Tally {
    /// Nothing counted yet. `named` says which hashes of names outside the catalog are which service by now.
    pub fn new(week: Week, named: HashMap<u64, String>) -> Self {
        Self { week, named, devices: HashMap::new(), customers: HashMap::new(), rows_not_in_catalog: 0 }
    }

    /// A device that was enrolled in the week, whether it reported or not.
    pub fn enrolled(&mut self, device: DeviceId, segments: &Segments) {
        self.device(device, segments);
    }

    /// A device-day of the week itself or of the weeks of history before it; others are not counted.
    ///
    /// `landscape` is that of the day's own week. All landscapes of one tally come from one catalog and portfolio.
    pub fn add(
        &mut self,
        landscape: &Landscape,
        device: DeviceId,
        customer: &Customer,
        segments: &Segments,
        day: &DeviceDay,
    ) {
        let Some(bit) = bit(self.week, day.day) else { return };
        if is_in_week(bit) {
            self.device(device, segments).report(&day.blind_spots);
        }
        if day.shared_device {
            return;
        }
        let customer = self.customers.entry(customer.clone()).or_insert_with(|| CustomerTally {
            segments: Segments::default(),
            segments_of: None,
            seen: false,
            needs: Vec::new(),
            services: Vec::new(),
        });
        customer.seen |= is_in_week(bit);
        if is_in_week(bit) && customer.segments_of.is_none_or(|known| device < known) {
            (customer.segments_of, customer.segments) = (Some(device), segments.clone());
        }
        for usage in &day.usages {
            if usage.evidence != Evidence::Use || usage.tenant == Tenant::Guest {
                continue;
            }
            let Some(service) = landscape.find(usage.service.as_str()) else {
                self.rows_not_in_catalog += 1;
                continue;
            };
            customer.meet(landscape, service, bit);
        }
        for unknown in &day.unknown_services {
            if let Some(service) = self.named.get(&unknown.name_hash).and_then(|id| landscape.find(id)) {
                customer.meet(landscape, service, bit);
            }
        }
    }

    /// The counts. `k` is the smallest group: services under it are joined in `small_services_customers`.
    pub fn finish(self, landscape: &Landscape, k: u32) -> Rollup {
        let mut nodes: BTreeMap<Option<Segment>, Node> = BTreeMap::from([(None, Node::default())]);
        for device in self.devices.values() {
            for segment in nodes_of(&device.segments) {
                device.count_in(nodes.entry(segment).or_default());
            }
        }
        let mut atoms: BTreeMap<Segments, Node> = BTreeMap::new();
        for customer in self.customers.values() {
            for segment in nodes_of(&customer.segments) {
                let node = nodes.entry(segment).or_default();
                customer.count_in(node, landscape);
                customer.count_services(node, landscape);
            }
            if !atoms.contains_key(&customer.segments) {
                atoms.insert(customer.segments.clone(), Node::default());
            }
            if let Some(atom) = atoms.get_mut(&customer.segments) {
                customer.count_in(atom, landscape);
            }
        }
        for customer in self.customers.values() {
            for segment in nodes_of(&customer.segments) {
                customer.count_small_services(nodes.entry(segment).or_default(), landscape, k);
            }
        }
        Rollup { week: self.week, nodes, atoms, rows_not_in_catalog: self.rows_not_in_catalog }
    }

    fn device(&mut self, device: DeviceId, segments: &Segments) -> &mut DeviceTally {
        self.devices.entry(device).or_insert_with(|| DeviceTally {
            segments: segments.clone(),
            reporting: false,
            connections: 0,
            encrypted_hello: 0,
            encrypted_dns: 0,
            unnamed: 0,
            tunnels: 0,
        })
    }
}

impl DeviceTally {
    fn report(&mut self, blind: &BlindSpots) {
        self.reporting = true;
        self.connections += u64::from(blind.connections);
        self.encrypted_hello += u64::from(blind.encrypted_hello);
        self.encrypted_dns += u64::from(blind.encrypted_dns);
        self.unnamed += u64::from(blind.unnamed);
        self.tunnels += u64::from(blind.tunnels);
    }

    fn count_in(&self, node: &mut Node) {
        node.devices += 1;
        node.devices_reporting += u32::from(self.reporting);
        node.connections += self.connections;
        node.encrypted_hello += self.encrypted_hello;
        node.encrypted_dns += self.encrypted_dns;
        node.unnamed += self.unnamed;
        node.tunnels += self.tunnels;
    }
}

impl CustomerTally {
    /// Notes use of a service. Noted again for the same date it changes nothing.
    fn meet(&mut self, landscape: &Landscape, service: ServiceIndex, bit: u32) {
        let offered = landscape.service(service);
        if !offered.as_often_private {
            self.note(service, offered.need, offered.side(), bit);
        }
    }

    fn note(&mut self, service: ServiceIndex, need: NeedIndex, side: Side, bit: u32) {
        if !self.needs.iter().any(|(known, _)| *known == need) {
            self.needs.push((need, Days::default()));
        }
        if let Some((_, days)) = self.needs.iter_mut().find(|(known, _)| *known == need) {
            days.note(side, bit);
        }
        if !is_in_week(bit) {
            return;
        }
        match self.services.iter_mut().find(|(known, _)| *known == service) {
            Some((_, days)) => *days |= 1 << bit,
            None => self.services.push((service, 1 << bit)),
        }
    }

    fn count_in(&self, node: &mut Node, landscape: &Landscape) {
        let mut moved = Moves::default();
        for (index, days) in self.needs.iter().filter(|(_, days)| days.in_week()) {
            let need = landscape.need(*index);
            let counts = need_counts(node, &need.id);
            let parts = days.parts();
            counts.customers_by_parts[PartSet::of_days(parts).index()] += 1;
            counts.days.iter_mut().zip(parts).for_each(|(sum, days)| *sum += days);
            let moves = if need.ours_not_visible { Moves::default() } else { Moves::of(*days) };
            counts.left += u32::from(moves.left);
            counts.came_back += u32::from(moves.came_back);
            moved.left |= moves.left;
            moved.came_back |= moves.came_back;
        }
        node.customers += u32::from(self.seen);
        node.left += u32::from(moved.left);
        node.came_back += u32::from(moved.came_back);
    }

    fn count_services(&self, node: &mut Node, landscape: &Landscape) {
        for (index, days) in &self.services {
            let service = landscape.service(*index);
            let counts = need_counts(node, &landscape.need(service.need).id);
            let counts = counts.services.entry(service.id.clone()).or_default();
            counts.customers += 1;
            counts.days += days.count_ones();
        }
    }

    fn count_small_services(&self, node: &mut Node, landscape: &Landscape, k: u32) {
        let mut counted = HashSet::new();
        for (index, _) in &self.services {
            let service = landscape.service(*index);
            let counts = need_counts(node, &landscape.need(service.need).id);
            let small = counts.services.get(&service.id).is_some_and(|counts| counts.customers < k);
            if small && counted.insert(service.need) {
                counts.small_services_customers += 1;
            }
        }
    }
}

/// Everybody, and in each dimension the segment with its ancestors.
fn nodes_of(segments: &Segments) -> impl Iterator<Item = Option<Segment>> {
    let ancestors = |segment: &Segment| std::iter::successors(Some(segment.clone()), Segment::parent);
    std::iter::once(None).chain(segments.iter().flat_map(ancestors).map(Some).collect::<Vec<_>>())
}

fn need_counts<'n>(node: &'n mut Node, need: &str) -> &'n mut NeedCounts {
    if !node.needs.contains_key(need) {
        node.needs.insert(need.to_owned(), NeedCounts::default());
    }
    node.needs.get_mut(need).expect("it was inserted above where it was missing")
}
