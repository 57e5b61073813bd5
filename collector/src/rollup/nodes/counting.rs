//! Customers counted by what they met.

use super::{Same, services::OfServices};
use crate::{
    portfolio::{Landscape, NeedIndex},
    rollup::{
        counts::{NeedCounts, Node, PartSet},
        facets::CustomerFacets,
        moves::Moves,
    },
};

/// Counts in the making.
#[derive(Default)]
pub(super) struct Counting {
    customers: u32,
    left: u32,
    came_back: u32,
    /// By the need's place; services are counted by themselves.
    needs: Vec<Option<Box<NeedCounts>>>,
}

/// One customer's week with one need: the same for every node.
struct Met {
    need: NeedIndex,
    parts: [u32; 4],
    moves: Moves,
    /// Where it was met elsewhere.
    facets: Option<CustomerFacets>,
}

impl Counting {
    /// Customers who are in the same segments.
    pub(super) fn of(customers: &[Same<'_>], landscape: &Landscape) -> Self {
        let (mut counting, mut met) = (Self::default(), Vec::new());
        for customer in customers.iter().copied().flatten() {
            met.clear();
            for (need, days) in customer.needs.iter().filter(|(_, days)| days.in_week()) {
                let unseen = landscape.need(*need).ours_not_visible;
                let moves = if unseen { Moves::default() } else { Moves::of(*days) };
                let seen = || customer.seen_of(*need);
                let facets = days.is_elsewhere().then(|| CustomerFacets::of(*days, moves.left, &seen()));
                met.push(Met { need: *need, parts: days.parts(), moves, facets });
            }
            counting.customer(customer.seen, &met);
        }
        counting
    }

    fn customer(&mut self, seen: bool, met: &[Met]) {
        let mut moved = Moves::default();
        for Met { need, parts, moves, facets } in met {
            let counts = self.need(*need);
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
        self.customers += u32::from(seen);
        self.left += u32::from(moved.left);
        self.came_back += u32::from(moved.came_back);
    }

    /// Those of other customers too.
    pub(super) fn add(&mut self, other: &Self) {
        self.customers += other.customers;
        self.left += other.left;
        self.came_back += other.came_back;
        if self.needs.len() < other.needs.len() {
            self.needs.resize_with(other.needs.len(), || None);
        }
        for (own, other) in self.needs.iter_mut().zip(&other.needs) {
            if let Some(other) = other {
                own.get_or_insert_default().add(other);
            }
        }
    }

    /// As the floor takes an atom.
    pub(super) fn without_facets(&self) -> Self {
        let without = |counts: &Option<Box<NeedCounts>>| {
            let NeedCounts { customers_by_parts, days, left, came_back, .. } = **counts.as_ref()?;
            let counts = NeedCounts { customers_by_parts, days, left, came_back, ..NeedCounts::default() };
            Some(Box::new(counts))
        };
        Self { needs: self.needs.iter().map(without).collect(), ..*self }
    }

    /// With what devices told. `by_id` are the landscape's needs in the order of their ids.
    pub(super) fn finish(
        mut self,
        devices: &Node,
        services: OfServices,
        (landscape, by_id): (&Landscape, &[NeedIndex]),
    ) -> Node {
        for (need, customers) in services.small_services_customers {
            self.need(need).small_services_customers = customers;
        }
        for (index, counts) in services.services {
            let service = landscape.service(index);
            self.need(service.need).services.insert(service.id.clone(), counts);
        }
        let Self { customers, left, came_back, mut needs } = self;
        let needs = by_id.iter().filter_map(|need| {
            let counts = needs.get_mut(need.at())?.take()?;
            Some((landscape.need(*need).id.clone(), *counts))
        });
        Node { customers, left, came_back, needs: needs.collect(), ..devices.clone() }
    }

    fn need(&mut self, need: NeedIndex) -> &mut NeedCounts {
        if self.needs.len() <= need.at() {
            self.needs.resize_with(need.at() + 1, || None);
        }
        self.needs[need.at()].get_or_insert_default()
    }
}
