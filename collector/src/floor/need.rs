//! Where the figures of one need may be shown: each is judged over the places at which the one that it is a part of is.
//!
//! A need's days fall into what is not elsewhere (ours alone, tolerated) and what is (both, elsewhere alone). The fold
//! is judged first; each half is taken apart only where its two parts can be.

use super::{
    judge::{Behind, Exchange, Measure, Shown, Unit, judge},
    map::Map,
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
    /// Judges one need over all dimensions.
    pub(super) fn new(map: &Map<'_>, k: u32, need: &str, sides: Sides) -> Self {
        let judged = JudgedNeed { map, k, need };
        let seen = map.counted(|node| node.customers);
        let met = judged.count(NeedCounts::customers);
        let all = judged.some(&met, &[&Part::ALL], &[(&seen, None)], |_| true);
        // Who has the need may have met it elsewhere or not; and all that one did, another who was seen may have done.
        let of_met = [(&met, None), (&seen, Some(&all))];

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
        let of_elsewhere = [(&with_elsewhere, None), (&met, Some(&elsewhere)), (&seen, Some(&all))];
        let both = judged.count_in(&[Part::Both]);
        let both_days =
            judged.part(&both, &[&[Part::Both], &[Part::ElsewhereAlone]], &of_elsewhere, &elsewhere);
        let both_customers =
            judged.part(&judged.count(NeedCounts::ours_and_elsewhere), &[], &of_elsewhere, &elsewhere);
        let tolerated = if sides.ours == 0 || sides.tolerated == 0 {
            elsewhere.clone()
        } else {
            let not_elsewhere = judged.count_in(&[Part::OursAlone, Part::Tolerated]);
            let of = [(&not_elsewhere, None), (&met, Some(&elsewhere)), (&seen, Some(&all))];
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

/// One need as it is judged.
struct JudgedNeed<'m> {
    map: &'m Map<'m>,
    k: u32,
    need: &'m str,
}

impl JudgedNeed<'_> {
    /// A count in each atom.
    fn count(&self, count: impl Fn(&NeedCounts) -> u32) -> Vec<u32> {
        self.map.counted(|node| node.needs.get(self.need).map_or(0, &count))
    }

    /// Customers with a day in any of these parts.
    fn count_in(&self, parts: &[Part]) -> Vec<u32> {
        let parts: PartSet = parts.iter().copied().collect();
        self.count(|need| need.customers_in(parts))
    }

    /// Where some customers are shown, and days in parts of which each is shown or follows. `of` says which others may
    /// have been they, and in whose blocks.
    fn some(
        &self,
        some: &[u32],
        days_in: &[&[Part]],
        of: &[(&Vec<u32>, Option<&Shown>)],
        may: impl Fn(usize) -> bool,
    ) -> Shown {
        let measure = |unit, customers: &[u32], amounts: &[u32]| {
            let exchange = |(of, within): &(&Vec<u32>, _)| Exchange {
                behind: behind(of, customers, amounts),
                within: *within,
            };
            Measure { unit, exchanges: of.iter().map(exchange).collect() }
        };
        let days =
            |parts: &[Part]| self.count(|need| parts.iter().map(|part| need.days[*part as usize]).sum());
        let mut measures = vec![measure(Unit::Customers, some, some)];
        measures.extend(days_in.iter().map(|parts| measure(Unit::Days, &self.count_in(parts), &days(parts))));
        judge(self.map, self.k, some, &measures, may)
    }

    /// The same where the others of the first are k or more: no "all of them", no "all but two".
    fn part(
        &self,
        part: &[u32],
        days_in: &[&[Part]],
        of: &[(&Vec<u32>, Option<&Shown>)],
        within: &Shown,
    ) -> Shown {
        let (whole, sums) = (self.map.sums(of[0].0), self.map.sums(part));
        self.some(part, days_in, of, |place| within.at(place) && whole[place] - sums[place] >= self.k)
    }
}

/// For each atom: who could be, who is, and the figure.
pub(super) fn behind(of: &[u32], customers: &[u32], amounts: &[u32]) -> Vec<Behind> {
    let behind = |((of, customers), amount): ((&u32, &u32), &u32)| Behind {
        of: *of,
        customers: *customers,
        amount: *amount,
    };
    of.iter().zip(customers).zip(amounts).map(behind).collect()
}
