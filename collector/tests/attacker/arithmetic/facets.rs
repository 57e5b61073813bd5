//! One cell's unknown numbers of the facets of one need: some of its customers elsewhere.

use elsewhere_collector::rollup::{Facet, NeedCounts};

use super::{Unknowns, minus};
use crate::attacker::{
    cells::Cell,
    program::{Program, Sum, Variable},
};

pub(super) struct OfFacets {
    /// Of each week looked at, the facets that are.
    weeks: Vec<Vec<(Facet, Variable)>>,
    /// The weeks in which the cell was there; in others it has none.
    there: Vec<usize>,
}

/// Whoever was elsewhere was so at some of these.
const PARTS_OF_DAY: [Facet; 4] = [Facet::Night, Facet::Morning, Facet::Afternoon, Facet::Evening];

/// Weeks before count in it, so that it can differ where the weeks themselves do not.
fn is_of_history(facet: Facet) -> bool {
    facet < Facet::OnlyAway
}

impl OfFacets {
    /// Of a cell, of which so much was counted in each week.
    pub(super) fn new(
        looked_at: &[Facet],
        cell: &Cell,
        counts: &[NeedCounts],
        unknowns: &mut Unknowns<'_>,
    ) -> Self {
        let mut weeks: Vec<Vec<(Facet, Variable)>> = Vec::new();
        for so in counts {
            // Only where they were there before; who was not did nothing.
            let before = weeks.iter().zip(&cell.stays).find(|(_, stay)| stay.is_some());
            let of_week = looked_at.iter().map(|facet| {
                let before = before.filter(|_| !is_of_history(*facet));
                let known = before.and_then(|(facets, _)| facets.iter().find(|(of, _)| of == facet));
                let customers = so.facets.as_ref().map_or(0, |facets| facets.customers(*facet));
                known.copied().unwrap_or_else(|| (*facet, unknowns.customers(customers)))
            });
            let of_week = of_week.collect();
            weeks.push(of_week);
        }
        let there = (0..weeks.len()).filter(|week| cell.stays[*week].is_some()).collect();
        Self { weeks, there }
    }

    /// Within the customers elsewhere, and those of them who were never with us within those without a day with us.
    pub(super) fn constrain(&self, elsewhere: &Sum, only_elsewhere: &Sum, program: &mut Program) {
        for week in self.there.iter().copied() {
            for (facet, customers) in &self.weeks[week] {
                let wider = facet.within().map(|wider| self.customers(wider, week));
                let most = match wider.filter(|wider| !wider.is_empty()) {
                    Some(wider) => wider,
                    None if *facet == Facet::NeverOurs => only_elsewhere.clone(),
                    None => elsewhere.clone(),
                };
                program.at_most(minus(vec![(*customers, 1)], &most), 0);
            }
            let of_day = PARTS_OF_DAY.map(|part| self.customers(part, week));
            if of_day.iter().all(|customers| !customers.is_empty()) {
                program.at_most(minus(elsewhere.clone(), &of_day.concat()), 0);
            }
        }
    }

    pub(super) fn never_ours(&self, week: usize) -> Option<Variable> {
        self.customers(Facet::NeverOurs, week).first().map(|(customers, _)| *customers)
    }

    pub(super) fn customers(&self, facet: Facet, week: usize) -> Sum {
        let of = self.weeks[week].iter().filter(|(known, _)| *known == facet);
        of.map(|(_, customers)| (*customers, 1)).collect()
    }
}
