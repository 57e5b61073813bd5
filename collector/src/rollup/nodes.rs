//! Nodes in the making: customers counted once, among those in the same segment of each dimension, which are then added up
//! to everybody and to each segment; their services in each node. All by index, so that no name is looked up for each
//! customer.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    counts::{NeedCounts, Node, PartSet, ServiceCounts},
    facets::CustomerFacets,
    moves::Moves,
    tally::{CustomerTally, DeviceTally},
};
use crate::{
    cores::on_all_cores,
    portfolio::{Landscape, NeedIndex, ServiceIndex},
    segment::{Segment, Segments},
};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// All nodes, everybody first.
pub(super) struct Nodes {
    all: Vec<Counting>,
    places: Map<Option<Segment>, usize>,
    /// Those who are in the same segment of each dimension.
    atoms: Vec<Option<Counting>>,
    groups: Map<Segments, Arc<Group>>,
    /// The same by where the segments stand in memory, which is quicker to look up; customers share them.
    known: Map<usize, Arc<Group>>,
    met: Vec<Met>,
}

/// Where customers with the same segments count.
struct Group {
    nodes: Vec<usize>,
    atom: usize,
}

/// One customer's week with one need: the same for every node.
struct Met {
    need: NeedIndex,
    parts: [u32; 4],
    moves: Moves,
    /// Where it was met elsewhere.
    facets: Option<CustomerFacets>,
}

#[derive(Default)]
struct Counting {
    node: Node,
    needs: Map<NeedIndex, NeedCounts>,
    services: Vec<(ServiceIndex, ServiceCounts)>,
}

impl Default for Nodes {
    fn default() -> Self {
        Self {
            all: vec![Counting::default()],
            places: Map::from_iter([(None, 0)]),
            atoms: Vec::new(),
            groups: Map::default(),
            known: Map::default(),
            met: Vec::new(),
        }
    }
}

impl Nodes {
    pub(super) fn count_device(&mut self, device: &DeviceTally) {
        for place in &self.group(&device.segments).nodes {
            self.all[*place].device(device);
        }
    }

    pub(super) fn count_customer(&mut self, customer: &CustomerTally, landscape: &Landscape) {
        let group = self.group(&customer.segments);
        self.met.clear();
        for (need, days) in customer.needs.iter().filter(|(_, days)| days.in_week()) {
            let unseen = landscape.need(*need).ours_not_visible;
            let moves = if unseen { Moves::default() } else { Moves::of(*days) };
            let facets =
                days.is_elsewhere().then(|| CustomerFacets::of(*days, moves.left, &customer.seen_of(*need)));
            self.met.push(Met { need: *need, parts: days.parts(), moves, facets });
        }
        if self.atoms.len() <= group.atom {
            self.atoms.resize_with(group.atom + 1, || None);
        }
        let atom = self.atoms[group.atom].get_or_insert_default();
        atom.customer(customer.seen, &self.met);
    }

    /// Adds the atoms up, once all customers are counted.
    pub(super) fn add_up(&mut self) {
        for group in self.groups.values() {
            let Some(Some(atom)) = self.atoms.get(group.atom) else { continue };
            for place in &group.nodes {
                self.all[*place].add(atom);
            }
        }
    }

    /// Counts the services of all customers; those in the same segments come one after the other.
    pub(super) fn count_services(&mut self, customers: &[&CustomerTally], landscape: &Landscape, k: u32) {
        let mut of_nodes: Vec<Vec<&[&CustomerTally]>> = vec![Vec::new(); self.all.len()];
        for same in customers.chunk_by(|one, other| Arc::ptr_eq(&one.segments, &other.segments)) {
            for place in &self.group(&same[0].segments).nodes {
                of_nodes[*place].push(same);
            }
        }
        let counted = on_all_cores(&of_nodes, |customers| OfServices::count(customers, landscape, k));
        for (node, counted) in self.all.iter_mut().zip(counted) {
            node.services = counted.services;
            for (need, customers) in counted.small_services_customers {
                node.needs.entry(need).or_default().small_services_customers = customers;
            }
        }
    }

    /// All nodes, and the atoms.
    pub(super) fn finish(
        self,
        landscape: &Landscape,
    ) -> (BTreeMap<Option<Segment>, Node>, BTreeMap<Segments, Node>) {
        let mut all: Vec<_> = self.all.into_iter().map(|node| Some(node.finish(landscape))).collect();
        let nodes =
            self.places.into_iter().filter_map(|(segment, place)| Some((segment, all[place].take()?)));
        let (groups, mut atoms) = (self.groups.into_iter(), self.atoms);
        // A group of devices without a customer is no atom.
        let atoms = groups.filter_map(|(segments, group)| {
            let atom = atoms.get_mut(group.atom)?.take()?;
            Some((segments, atom.without_facets().finish(landscape)))
        });
        (nodes.collect(), atoms.collect())
    }

    fn group(&mut self, segments: &Arc<Segments>) -> Arc<Group> {
        let address = Arc::as_ptr(segments).addr();
        if let Some(known) = self.known.get(&address) {
            return known.clone();
        }
        let group = self.group_of(segments);
        self.known.insert(address, group.clone());
        group
    }

    /// Everybody, and in each dimension the segment with its ancestors.
    fn group_of(&mut self, segments: &Segments) -> Arc<Group> {
        if let Some(known) = self.groups.get(segments) {
            return known.clone();
        }
        let ancestors = |segment: &Segment| std::iter::successors(Some(segment.clone()), Segment::parent);
        let mut nodes = vec![0];
        for segment in segments.iter().flat_map(ancestors) {
            nodes.push(*self.places.entry(Some(segment)).or_insert_with(|| {
                self.all.push(Counting::default());
                self.all.len() - 1
            }));
        }
        let group = Arc::new(Group { nodes, atom: self.groups.len() });
        self.groups.insert(segments.clone(), group.clone());
        group
    }
}

impl Counting {
    fn device(&mut self, device: &DeviceTally) {
        let node = &mut self.node;
        node.devices += 1;
        node.devices_reporting += u32::from(device.reporting);
        node.connections += device.connections;
        node.encrypted_hello += device.encrypted_hello;
        node.encrypted_dns += device.encrypted_dns;
        node.unnamed += device.unnamed;
        node.tunnels += device.tunnels;
        node.device_days += device.days;
        node.unwatched_seconds += device.unwatched_seconds;
        node.lossy_device_days += device.lossy_days;
    }

    fn customer(&mut self, seen: bool, met: &[Met]) {
        let mut moved = Moves::default();
        for Met { need, parts, moves, facets } in met {
            let counts = self.needs.entry(*need).or_default();
            counts.customers_by_parts[PartSet::of_days(*parts).index()] += 1;
            counts.days.iter_mut().zip(parts).for_each(|(sum, days)| *sum += days);
            counts.left += u32::from(moves.left);
            counts.came_back += u32::from(moves.came_back);
            if let Some(facets) = facets {
                counts.facets.get_or_insert_default().count(facets);
            }
            moved.left |= moves.left;
            moved.came_back |= moves.came_back;
        }
        self.node.customers += u32::from(seen);
        self.node.left += u32::from(moved.left);
        self.node.came_back += u32::from(moved.came_back);
    }

    /// Those of an atom too.
    fn add(&mut self, atom: &Self) {
        self.node.customers += atom.node.customers;
        self.node.left += atom.node.left;
        self.node.came_back += atom.node.came_back;
        for (need, counts) in &atom.needs {
            self.needs.entry(*need).or_default().add(counts);
        }
    }

    /// As the floor takes an atom.
    fn without_facets(mut self) -> Self {
        self.needs.values_mut().for_each(|counts| counts.facets = None);
        self
    }

    fn finish(mut self, landscape: &Landscape) -> Node {
        for (index, counts) in self.services {
            let service = landscape.service(index);
            self.needs.entry(service.need).or_default().services.insert(service.id.clone(), counts);
        }
        let needs = self.needs.into_iter().map(|(index, counts)| (landscape.need(index).id.clone(), counts));
        Node { needs: needs.collect(), ..self.node }
    }
}

/// The services of one node's customers, all at once: by place in a list that holds every service, which stays close at
/// hand where a table of those that are used would not.
#[derive(Default)]
struct OfServices {
    services: Vec<(ServiceIndex, ServiceCounts)>,
    /// Distinct customers of those with fewer than k, by need.
    small_services_customers: Map<NeedIndex, u32>,
}

impl OfServices {
    fn count(customers: &[&[&CustomerTally]], landscape: &Landscape, k: u32) -> Self {
        let customers = || customers.iter().copied().flatten();
        let mut counts = vec![ServiceCounts::default(); landscape.services().len()];
        for customer in customers() {
            for (index, days) in &customer.services {
                let counts = &mut counts[index.at()];
                counts.customers += 1;
                counts.days += days.count_ones();
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
