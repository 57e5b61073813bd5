//! Nodes in the making: customers counted once, among those in the same segments of each dimension, which are then added up
//! to everybody and to each segment; their services in each node. All by index, so that no name is looked up for each
//! customer.

mod counting;
mod services;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use self::{counting::Counting, services::OfServices};
use super::{
    counts::Node,
    tally::{CustomerTally, DeviceTally},
};
use crate::{
    cores::on_all_cores,
    portfolio::{Landscape, NeedIndex},
    segment::{Segment, Segments},
};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Customers who are in the same segments.
type Same<'c> = &'c [&'c CustomerTally];

/// Nodes in the making, everybody first.
pub(super) struct Nodes {
    /// What devices told; no customer counts yet.
    all: Vec<Node>,
    places: Map<Option<Segment>, usize>,
    /// Where those count who are in the same segment of each dimension.
    groups: Map<Segments, Arc<[usize]>>,
    /// The same by where the segments stand in memory, which is quicker to look up; devices share them.
    known: Map<usize, Arc<[usize]>>,
}

impl Default for Nodes {
    fn default() -> Self {
        let (all, places) = (vec![Node::default()], Map::from_iter([(None, 0)]));
        Self { all, places, groups: Map::default(), known: Map::default() }
    }
}

impl Nodes {
    pub(super) fn count_device(&mut self, device: &DeviceTally) {
        for place in self.group(&device.segments).iter() {
            count_device(&mut self.all[*place], device);
        }
    }

    /// All nodes, and those who are in the same segment of each dimension, with all customers counted. Of these, those
    /// with the same segments come one after the other.
    pub(super) fn finish(
        mut self,
        customers: &[&CustomerTally],
        landscape: &Landscape,
        k: u32,
    ) -> (BTreeMap<Option<Segment>, Node>, BTreeMap<Segments, Node>) {
        // Tallies that were joined have the same segments more than once.
        let mut same: BTreeMap<&Segments, Vec<Same<'_>>> = BTreeMap::new();
        for some in customers.chunk_by(|one, other| Arc::ptr_eq(&one.segments, &other.segments)) {
            same.entry(&*some[0].segments).or_default().push(some);
        }
        let same: Vec<(&Segments, Vec<Same<'_>>)> = same.into_iter().collect();
        let groups: Vec<_> = same.iter().map(|(segments, _)| self.group_of(segments)).collect();
        let mut in_nodes: Vec<(&Node, Vec<usize>)> = self.all.iter().map(|node| (node, Vec::new())).collect();
        for (atom, group) in groups.iter().enumerate() {
            group.iter().for_each(|place| in_nodes[*place].1.push(atom));
        }
        let needs = in_order_of_ids(landscape);
        let told = (landscape, needs.as_slice());
        let atoms = on_all_cores(&same, |(_, customers)| Counting::of(customers, landscape));
        let nodes = on_all_cores(&in_nodes, |(devices, in_it)| {
            let mut counting = Counting::default();
            for atom in in_it {
                counting.add(&atoms[*atom]);
            }
            let customers: Vec<Same<'_>> = in_it.iter().flat_map(|atom| &same[*atom].1).copied().collect();
            counting.finish(devices, OfServices::count(&customers, landscape, k), told)
        });
        let mut nodes: Vec<Option<Node>> = nodes.into_iter().map(Some).collect();
        let atoms = on_all_cores(&atoms, |atom| {
            atom.without_facets().finish(&Node::default(), OfServices::default(), told)
        });
        let nodes =
            self.places.iter().filter_map(|(segment, place)| Some((segment.clone(), nodes[*place].take()?)));
        let atoms = same.iter().zip(atoms).map(|((segments, _), node)| (Segments::clone(segments), node));
        (nodes.collect(), atoms.collect())
    }

    fn group(&mut self, segments: &Arc<Segments>) -> Arc<[usize]> {
        let address = Arc::as_ptr(segments).addr();
        if let Some(known) = self.known.get(&address) {
            return known.clone();
        }
        let group = self.group_of(segments);
        self.known.insert(address, group.clone());
        group
    }

    /// Everybody, and in each dimension the segment with its ancestors.
    fn group_of(&mut self, segments: &Segments) -> Arc<[usize]> {
        if let Some(known) = self.groups.get(segments) {
            return known.clone();
        }
        let ancestors = |segment: &Segment| std::iter::successors(Some(segment.clone()), Segment::parent);
        let mut nodes = vec![0];
        for segment in segments.iter().flat_map(ancestors) {
            nodes.push(*self.places.entry(Some(segment)).or_insert_with(|| {
                self.all.push(Node::default());
                self.all.len() - 1
            }));
        }
        let group: Arc<[usize]> = nodes.into();
        self.groups.insert(segments.clone(), group.clone());
        group
    }
}

fn count_device(node: &mut Node, device: &DeviceTally) {
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

/// As they are kept, so that nothing is left to sort for each node.
fn in_order_of_ids(landscape: &Landscape) -> Vec<NeedIndex> {
    let mut needs: Vec<_> = landscape.needs().collect();
    needs.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
    needs.into_iter().map(|(need, _)| need).collect()
}
