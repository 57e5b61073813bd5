//! Where the figures of one need may be shown: each is judged over the places at which the one that it is a part of is.
//!
//! A need's days fall into what is not elsewhere (ours alone, tolerated) and what is (both, elsewhere alone). The fold
//! is judged first; each half is taken apart only where its two parts can be.

use super::{
    judge::{Blocks, Exchange, Measure, Shown, Unit, judge},
    map::{Count, Map, OfAtom},
};
use crate::{
    portfolio::{Landscape, NeedIndex, Side},
    rollup::{NeedCounts, Part, PartSet},
};

/// Where each figure of one need is shown.
#[derive(Debug)]
pub(super) struct NeedShown {
    /// Its customers, and their days.
    pub(super) all: Shown,
    /// Customers and days elsewhere, and so those that are not.
    pub(super) elsewhere: Shown,
    /// Days with both, and elsewhere alone.
    pub(super) both_days: Shown,
    /// Customers with ours and elsewhere in the week.
    pub(super) both_customers: Shown,
    /// Days with a tolerated service only, and ours alone.
    pub(super) tolerated: Shown,
    /// Customers with ours or elsewhere.
    pub(super) ours_or_elsewhere: Shown,
    /// Customers who left us.
    pub(super) left: Shown,
    /// Customers who came back.
    pub(super) came_back: Shown,
}

/// What there is to be told apart in a need: without a service of a side nobody can be on it, and everybody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sides {
    /// Services of ours.
    pub(super) ours: usize,
    /// Tolerated services.
    pub(super) tolerated: usize,
    /// Other services.
    pub(super) elsewhere: usize,
}

impl Sides {
    /// Of a need, by its services in the landscape.
    pub(super) fn of(landscape: &Landscape, need: NeedIndex) -> Self {
        let mut sides = Self { ours: 0, tolerated: 0, elsewhere: 0 };
        for service in
            landscape.services().iter().filter(|service| service.need == need && !service.as_often_private)
        {
            match service.side() {
                Side::Ours => sides.ours += 1,
                Side::Tolerated => sides.tolerated += 1,
                Side::Elsewhere => sides.elsewhere += 1,
            }
        }
        sides
    }

    /// Whatever is done is elsewhere.
    pub(super) fn are_elsewhere(self) -> bool {
        self.ours + self.tolerated == 0
    }
}

impl NeedShown {
    /// Judges one need over all dimensions. `seen` are the customers who were seen at all.
    pub(super) fn new(map: &Map<'_>, k: u32, need: &str, seen: &Count, sides: Sides) -> Self {
        let judged = JudgedNeed { map, k, atoms: map.of_atoms(|node| node.needs.get(need)) };
        let met = judged.count(NeedCounts::customers);
        let all = judged.some(&met, &[&Part::ALL], &[among(seen, None)], |_| true);
        // Who has the need may have met it elsewhere or not; and all that one did, another who was seen may have done.
        let where_all = Blocks::new(map, &all);
        let of_met = [among(&met, None), among(seen, Some(&where_all))];

        let with_elsewhere = judged.count(NeedCounts::elsewhere);
        let elsewhere = if sides.are_elsewhere() {
            all.clone()
        } else {
            let not_elsewhere = [Part::OursAlone, Part::Tolerated];
            judged.part(
                &with_elsewhere,
                &[&[Part::Both, Part::ElsewhereAlone], &not_elsewhere],
                &of_met,
                &all,
            )
        };
        let where_elsewhere = Blocks::new(map, &elsewhere);
        let others = [among(&met, Some(&where_elsewhere)), among(seen, Some(&where_all))];
        let of_elsewhere = [among(&with_elsewhere, None), others[0], others[1]];
        let both = judged.count_in(&[Part::Both]);
        let both_days =
            judged.part(&both, &[&[Part::Both], &[Part::ElsewhereAlone]], &of_elsewhere, &elsewhere);
        let both_customers =
            judged.part(&judged.count(NeedCounts::ours_and_elsewhere), &[], &of_elsewhere, &elsewhere);
        let tolerated = if sides.ours == 0 || sides.tolerated == 0 {
            elsewhere.clone()
        } else {
            let not_elsewhere = judged.count_in(&[Part::OursAlone, Part::Tolerated]);
            let of = [among(&not_elsewhere, None), others[0], others[1]];
            let parts: [&[Part]; 2] = [&[Part::Tolerated], &[Part::OursAlone]];
            judged.part(&judged.count_in(&[Part::Tolerated]), &parts, &of, &elsewhere)
        };
        let ours_or_elsewhere = if sides.tolerated == 0 {
            elsewhere.clone()
        } else {
            judged.part(&judged.count(NeedCounts::ours_or_elsewhere), &[], &of_met, &elsewhere)
        };
        let moved = |count: fn(&NeedCounts) -> u32| {
            judged.some(&judged.count(count), &[], &of_met, |place| elsewhere.at(place))
        };
        let (left, came_back) = (moved(|need| need.left), moved(|need| need.came_back));
        Self { all, elsewhere, both_days, both_customers, tolerated, ours_or_elsewhere, left, came_back }
    }
}

/// Where a service's own figures may be shown, so that they tell no figure of its need that is withheld.
pub(super) struct ServiceRoom {
    /// Customers and days may be.
    pub(super) shown: Shown,
    /// Customers alone may be.
    pub(super) customers: Shown,
    /// The figures of its side are its own, and are shown there.
    pub(super) known: Option<Shown>,
}

impl NeedShown {
    /// The room of a service on this side.
    pub(super) fn room(&self, side: Side, sides: Sides) -> ServiceRoom {
        let nowhere = || self.all.without(&self.all);
        match side {
            Side::Elsewhere => {
                let known = (sides.elsewhere == 1).then(|| self.elsewhere.clone());
                ServiceRoom { shown: self.elsewhere.clone(), customers: self.elsewhere.clone(), known }
            }
            // Who was at the only tolerated one says nearly who was at none else.
            Side::Tolerated if sides.tolerated == 1 => {
                ServiceRoom { shown: nowhere(), customers: nowhere(), known: None }
            }
            Side::Tolerated => {
                ServiceRoom { shown: self.tolerated.clone(), customers: self.tolerated.clone(), known: None }
            }
            Side::Ours => {
                let customers = self.both_customers.and(&self.ours_or_elsewhere);
                let shown = customers.and(&self.both_days).and(&self.tolerated);
                let known = (sides.ours == 1).then(|| shown.clone());
                // Where nothing is said of elsewhere, customers of ours say nothing of it either.
                ServiceRoom { shown, customers: self.all.without(&self.elsewhere), known }
            }
        }
    }
}

fn among<'m>(of: &'m Count, within: Option<&'m Blocks>) -> Exchange<'m> {
    Exchange { of, within }
}

/// One need as it is judged.
struct JudgedNeed<'m, 'r> {
    map: &'m Map<'r>,
    k: u32,
    /// Where anybody has it.
    atoms: Vec<OfAtom<Option<&'r NeedCounts>>>,
}

impl JudgedNeed<'_, '_> {
    /// A count in each atom.
    fn count(&self, count: impl Fn(&NeedCounts) -> u32) -> Count {
        let of_atom = |atom: &OfAtom<Option<&NeedCounts>>| atom.counted(|need| need.map_or(0, &count));
        Count::new(self.map, self.atoms.iter().map(of_atom).collect())
    }

    /// Customers with a day in any of these parts.
    fn count_in(&self, parts: &[Part]) -> Count {
        let parts: PartSet = parts.iter().copied().collect();
        self.count(|need| need.customers_in(parts))
    }

    /// Where some customers are shown, and days in parts of which each is shown or follows. `of` says which others may
    /// have been they, and in whose blocks.
    fn some(
        &self,
        some: &Count,
        days_in: &[&[Part]],
        of: &[Exchange<'_>],
        may: impl Fn(usize) -> bool,
    ) -> Shown {
        let days =
            |parts: &[Part]| self.count(|need| parts.iter().map(|part| need.days[*part as usize]).sum());
        let days: Vec<_> = days_in.iter().map(|parts| (self.count_in(parts), days(parts))).collect();
        let mut measures = vec![Measure { unit: Unit::Customers, customers: some, amounts: some }];
        measures.extend(days.iter().map(|(customers, amounts)| Measure {
            unit: Unit::Days,
            customers,
            amounts,
        }));
        judge(self.map, self.k, some, &measures, of, may)
    }

    /// The same where the others of the first are k or more: no "all of them", no "all but two".
    fn part(&self, part: &Count, days_in: &[&[Part]], of: &[Exchange<'_>], within: &Shown) -> Shown {
        let whole = of[0].of;
        self.some(part, days_in, of, |place| {
            within.at(place) && whole.sums[place] - part.sums[place] >= self.k
        })
    }
}
