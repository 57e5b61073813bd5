//! Nodes in the making: customers and devices counted in everybody and in each of their segments, by index, so that no
//! name is looked up for each customer.

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
    portfolio::{Landscape, NeedIndex, ServiceIndex},
    segment::{Segment, Segments},
};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// All nodes, everybody first.
pub(super) struct Nodes {
    all: Vec<Counting>,
    places: Map<Option<Segment>, usize>,
    /// Those who are in the same segment of each dimension, without services.
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
    services: Map<ServiceIndex, ServiceCounts>,
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
        for place in &group.nodes {
            self.all[*place].customer(customer.seen, &self.met);
            self.all[*place].facets(&self.met);
            self.all[*place].services(customer);
        }
        if self.atoms.len() <= group.atom {
            self.atoms.resize_with(group.atom + 1, || None);
        }
        self.atoms[group.atom].get_or_insert_default().customer(customer.seen, &self.met);
    }

    /// Once all customers are counted.
    pub(super) fn count_small_services(&mut self, customer: &CustomerTally, landscape: &Landscape, k: u32) {
        for place in &self.group(&customer.segments).nodes {
            self.all[*place].small_services(customer, landscape, k);
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
            Some((segments, atom.finish(landscape)))
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
        for Met { need, parts, moves, .. } in met {
            let counts = self.needs.entry(*need).or_default();
            counts.customers_by_parts[PartSet::of_days(*parts).index()] += 1;
            counts.days.iter_mut().zip(parts).for_each(|(sum, days)| *sum += days);
            counts.left += u32::from(moves.left);
            counts.came_back += u32::from(moves.came_back);
            moved.left |= moves.left;
            moved.came_back |= moves.came_back;
        }
        self.node.customers += u32::from(seen);
        self.node.left += u32::from(moved.left);
        self.node.came_back += u32::from(moved.came_back);
    }

    /// Once each customer is counted.
    fn facets(&mut self, met: &[Met]) {
        for (need, facets) in met.iter().filter_map(|met| Some((met.need, met.facets.as_ref()?))) {
            self.needs.entry(need).or_default().facets.get_or_insert_default().count(facets);
        }
    }

    fn services(&mut self, customer: &CustomerTally) {
        for (index, days) in &customer.services {
            let counts = self.services.entry(*index).or_default();
            counts.customers += 1;
            counts.days += days.count_ones();
        }
        for index in &customer.present {
            if !customer.services.iter().any(|(used, _)| used == index) {
                self.services.entry(*index).or_default().idle += 1;
            }
        }
    }

    fn small_services(&mut self, customer: &CustomerTally, landscape: &Landscape, k: u32) {
        let mut counted: Vec<NeedIndex> = Vec::new();
        for (index, _) in &customer.services {
            let need = landscape.service(*index).need;
            let small = self.services.get(index).is_some_and(|counts| counts.customers < k);
            if small && !counted.contains(&need) {
                counted.push(need);
                self.needs.entry(need).or_default().small_services_customers += 1;
            }
        }
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
