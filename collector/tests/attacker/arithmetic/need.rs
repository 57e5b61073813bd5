//! One cell's unknown numbers of one need: its parts and their days, who left and who came back.

use elsewhere_collector::{
    portfolio::Side,
    rollup::{NeedCounts, Part, PartSet, Rollup},
};

use super::{ELSEWHERE, Figure, OURS, Unknowns, can_be, facets::OfFacets, minus, used::OfServices};
use crate::attacker::{
    cells::Cell,
    company::Company,
    program::{Program, Sum, Variable},
};

pub(super) struct OfNeed {
    /// Parts that somebody can have a day in.
    parts: Vec<Part>,
    /// Customers with a day in exactly these parts.
    by_parts: Vec<(Vec<Part>, Variable)>,
    days: Vec<(Part, Variable)>,
    pub(super) used: OfServices,
    /// For each week looked at: who left, who came back.
    pub(super) moves: Vec<[Variable; 2]>,
    facets: OfFacets,
}

impl OfNeed {
    /// Of a cell, whose rollups are these, one for each week looked at.
    pub(super) fn new(
        company: &Company,
        need: usize,
        cell: &Cell,
        rollups: &[Rollup],
        unknowns: &mut Unknowns<'_>,
    ) -> Self {
        let counts = |rollup: &Rollup| {
            rollup.nodes[&None].needs.get(&company.needs[need]).cloned().unwrap_or_default()
        };
        let counts: Vec<NeedCounts> = rollups.iter().map(counts).collect();
        let so = &counts[cell.stays.iter().position(Option::is_some).unwrap()];
        let parts: Vec<Part> = Part::ALL.into_iter().filter(|part| can_be(company, need, *part)).collect();
        let by_parts = subsets(&parts).map(|set| {
            let place = set.iter().copied().collect::<PartSet>().index();
            (set, unknowns.customers(so.customers_by_parts[place]))
        });
        let by_parts = by_parts.collect();
        let days = parts.iter().map(|part| (*part, unknowns.days(so.days[*part as usize]))).collect();
        let mut used = OfServices::new(company, need, so, unknowns);
        let moves = counts.iter().map(|so| [so.left, so.came_back].map(|so| unknowns.customers(so)));
        let moves = moves.collect();
        let looked_at = if parts.contains(&Part::ElsewhereAlone) { &company.facets[..] } else { &[] };
        let facets = OfFacets::new(looked_at, cell, &counts, unknowns);
        used.add_idle(company, need, so, unknowns);
        used.add_in_our_tenant(company, need, so, unknowns);
        Self { parts, by_parts, days, used, moves, facets }
    }

    pub(super) fn constrain(&self, size: i64, program: &mut Program) {
        program.at_most(self.customers_in(&Part::ALL), size);
        self.constrain_days(program);
        for side in [Side::Ours, Side::Tolerated, Side::Elsewhere] {
            let (on_side, most): (&[Part], &[Part]) = match side {
                Side::Ours => (&OURS, &OURS),
                // It may be used beside any other.
                Side::Tolerated => (&[Part::Tolerated], &Part::ALL),
                Side::Elsewhere => (&ELSEWHERE, &ELSEWHERE),
            };
            let of = |parts| (self.customers_in(parts), self.days_in(parts));
            self.used.constrain(side, of(on_side), &of(most), program);
        }
        self.used.constrain_idle(size, program);
        self.used.constrain_in_our_tenant(program);
        self.facets.constrain(&self.customers_in(&ELSEWHERE), &self.only_elsewhere(), program);
        for (week, [left, came_back]) in self.moves.iter().enumerate() {
            // Who left us was with us.
            if let Some(never) = self.facets.never_ours(week) {
                program.at_most(minus(vec![(*left, 1), (never, 1)], &self.customers_in(&ELSEWHERE)), 0);
            }
            program.at_most(minus(vec![(*left, 1)], &self.customers_in(&[Part::ElsewhereAlone])), 0);
            program.at_most(minus(vec![(*came_back, 1)], &self.customers_in(&OURS)), 0);
        }
    }

    fn constrain_days(&self, program: &mut Program) {
        for (part, days) in &self.days {
            program.at_most(minus(self.customers_in(&[*part]), &[(*days, 1)]), 0);
        }
        // A customer with days in so many parts has one day in each, and the rest of the seven wherever they are.
        for some in subsets(&self.parts) {
            let spare = self.by_parts.iter().filter(|(set, _)| set.iter().any(|part| some.contains(part)));
            let most = spare.map(|(set, customers)| {
                let outside = set.iter().filter(|part| !some.contains(part)).count();
                (*customers, 7 - i64::try_from(outside).unwrap())
            });
            program.at_most(minus(self.days_in(&some), &most.collect::<Sum>()), 0);
        }
    }

    /// Customers with a day in any of these parts.
    fn customers_in(&self, parts: &[Part]) -> Sum {
        self.customers_if(|set| set.iter().any(|part| parts.contains(part)))
    }

    /// Customers elsewhere without a day with us.
    fn only_elsewhere(&self) -> Sum {
        self.by_sides(|ours, elsewhere| elsewhere && !ours)
    }

    fn by_sides(&self, test: impl Fn(bool, bool) -> bool) -> Sum {
        let any = |set: &[Part], of: [Part; 2]| set.iter().any(|part| of.contains(part));
        self.customers_if(|set| test(any(set, OURS), any(set, ELSEWHERE)))
    }

    fn customers_if(&self, test: impl Fn(&[Part]) -> bool) -> Sum {
        let passing = self.by_parts.iter().filter(|(set, _)| test(set));
        passing.map(|(_, customers)| (*customers, 1)).collect()
    }

    pub(super) fn days_in(&self, parts: &[Part]) -> Sum {
        self.days.iter().filter(|(part, _)| parts.contains(part)).map(|(_, days)| (*days, 1)).collect()
    }

    pub(super) fn figure(&self, figure: Figure, week: usize) -> Sum {
        match figure {
            Figure::Customers => self.customers_in(&Part::ALL),
            Figure::Part(part) => self.customers_in(&[part]),
            Figure::Elsewhere => self.by_sides(|_, elsewhere| elsewhere),
            Figure::OursOrElsewhere => self.by_sides(|ours, elsewhere| ours || elsewhere),
            Figure::OursAndElsewhere => self.by_sides(|ours, elsewhere| ours && elsewhere),
            Figure::NeverElsewhere => self.by_sides(|ours, elsewhere| ours && !elsewhere),
            Figure::Service(service) => self.used.customers(service),
            Figure::Left => vec![(self.moves[week][0], 1)],
            Figure::CameBack => vec![(self.moves[week][1], 1)],
            Figure::Present(service) => self.used.present(service),
            Figure::InOurTenant(service) => self.used.in_our_tenant(service),
            Figure::Facet(facet) => self.facets.customers(facet, week),
        }
    }
}

/// All but the empty one.
fn subsets(parts: &[Part]) -> impl Iterator<Item = Vec<Part>> {
    let bits = 1_u32..1 << parts.len();
    bits.map(|bits| (0..parts.len()).filter(|at| bits >> at & 1 == 1).map(|at| parts[at]).collect())
}
