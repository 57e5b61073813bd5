//! Where one kind of figure may be shown, so that what is withheld can't be narrowed to fewer than k values.
//!
//! A figure is shown at everybody and from there down the trees. The customers below a shown place who are in no place
//! shown below it are its **block**: a reader knows the block's figure, as a difference. What is withheld lies in
//! blocks, and a small figure there is safe because customers could change places: where two are in the same block of
//! every tree, one may have done what the other did, and no published figure would be another. So a withheld place with
//! `n` customers, in a block of `N` customers with the figure `R`, may have had anything from what the other `N - n` can't
//! have done to the smaller of `n` and `R`; summed over the parts into which the blocks of other trees cut its block.
//! Where that leaves fewer than k values, or fewer than there are without any figure, more is withheld.
//!
//! This is complementary suppression (Willenborg and de Waal, *Elements of Statistical Disclosure Control*, 2001), with
//! a range that is shown by a construction instead of being searched for. Two things are left to the rounding: figures
//! of k and more that are withheld for others' sake, which a difference of rounded figures leaves nine values at least;
//! and what is withheld beside the shown places of the main dimension, where no other dimension shows any and the rounded
//! figures of all it is told by leave it anything from none to k-1 ([`Judge::is_left_open`]).

mod shown;
mod trial;

use std::{
    cell::{OnceCell, RefCell},
    iter::once,
};

pub(super) use shown::{Blocks, Shown};
use trial::{Cell, Own, Told, Trial};

use super::{
    map::{Count, EVERYBODY, Map},
    rounding::Rounding,
};

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Customers.
    Customers,
    /// Their days in a week.
    Days,
}

/// Times k customers who could be behind a figure and are not, where what is withheld is left to the rounding.
const FEWEST_OTHERS: u32 = 3;

/// A number that is shown wherever the figure is.
pub(super) struct Measure<'m> {
    pub(super) unit: Unit,
    /// Customers who are behind it.
    pub(super) customers: &'m Count,
    /// The number: these customers, or their days.
    pub(super) amounts: &'m Count,
}

/// Who may have changed places with whom.
#[derive(Clone, Copy)]
pub(super) struct Exchange<'m> {
    /// Customers who could be behind a figure.
    pub(super) of: &'m Count,
    /// The blocks they stay in; those of the figure that is judged where there are none.
    pub(super) within: Option<&'m Blocks>,
}

struct Judge<'m> {
    map: &'m Map<'m>,
    k: u32,
    customers: &'m Count,
    measures: &'m [Measure<'m>],
    exchanges: &'m [Exchange<'m>],
    /// Of each measure, with each exchange.
    trials: Vec<Vec<Trial<'m>>>,
    shown: Shown,
    /// Of what is shown now.
    blocks: OnceCell<Blocks>,
}

/// Judges one figure, in all its measures; each of the exchanges shows by itself what is safe. `customers` are those behind
/// it; `may` says where it may be shown at all.
pub(super) fn judge(
    map: &Map<'_>,
    k: u32,
    customers: &Count,
    measures: &[Measure<'_>],
    exchanges: &[Exchange<'_>],
    may: impl Fn(usize) -> bool,
) -> Shown {
    let mut shown = vec![false; map.len()];
    for place in 0..map.len() {
        let enough = customers.sums[place] >= k && may(place);
        shown[place] = enough && (place == EVERYBODY || shown[map.parent(place)]);
    }
    let own = RefCell::new(Own::default());
    let trials_of = |measure| {
        let trial = |exchange| Trial::new((map, k), measure, exchange, &own);
        exchanges.iter().map(trial).collect()
    };
    let trials = measures.iter().map(trials_of).collect();
    let (shown, blocks) = (Shown(shown), OnceCell::new());
    let mut judge = Judge { map, k, customers, measures, exchanges, trials, shown, blocks };
    while judge.shown.at(EVERYBODY) && judge.withhold_more() {}
    judge.shown
}

impl Judge<'_> {
    /// Withholds one place more for each block in which something is too narrow; false where there is none.
    fn withhold_more(&mut self) -> bool {
        let trees = 0..self.map.trees().len();
        let open = trees.clone().find(|tree| self.map.leaves_open(*tree) && self.is_left_open(*tree));
        let mut withheld = false;
        for tree in trees {
            let mut alone = self.narrow_blocks(tree, Told::Alone);
            if open == Some(tree) && alone.contains(&EVERYBODY) {
                // The others show nothing rather than the main dimension less.
                if self.has_shown_beside(tree) {
                    self.withhold_beside(tree);
                    return true;
                }
                alone.retain(|above| *above != EVERYBODY);
            }
            for above in alone.iter().copied() {
                withheld |= self.withhold_in(tree, above);
            }
            if alone.is_empty() && self.has_shown_beside(tree) {
                for above in self.narrow_blocks(tree, Told::ByAll) {
                    withheld |= self.withhold_across(tree, above);
                }
            }
        }
        withheld
    }

    /// Withholds all of the other trees.
    fn withhold_beside(&mut self, tree: usize) {
        for other in (0..self.map.trees().len()).filter(|other| *other != tree) {
            self.map.trees()[other].places.iter().for_each(|place| self.shown.0[*place] = false);
        }
        self.blocks_changed();
    }

    /// Where a tree's own figures tell too much, the smallest place shown below goes, else the place itself.
    fn withhold_in(&mut self, tree: usize, above: usize) -> bool {
        let below = self.map.trees()[tree].places.iter().copied();
        let smallest = below.filter(|place| self.map.parent(*place) == above && self.shown.at(*place));
        let place = smallest.min_by_key(|place| self.customers.sums[*place]).unwrap_or(above);
        self.withhold(place)
    }

    /// Where several trees together do, the smallest place of another tree that cuts the block goes: those of the main
    /// dimension last.
    fn withhold_across(&mut self, tree: usize, above: usize) -> bool {
        let (blocks, atoms) = (self.blocks(), self.map.atoms_by_place(tree).in_or_below(above));
        let in_block = atoms.iter().filter(|atom| blocks.of(self.map.place_of(**atom, tree)) == above);
        let others = (0..self.map.trees().len()).filter(|other| *other != tree);
        let cutting = in_block
            .flat_map(|atom| others.clone().map(|other| (other, blocks.of(self.map.place_of(*atom, other)))));
        let first = cutting
            .filter(|(_, place)| *place != EVERYBODY)
            .map(|(other, place)| (self.map.is_main(other), self.customers.sums[place], place))
            .min();
        match first {
            // A place of another dimension than the main one, or, where only the main one is left, of that.
            Some((false, _, place)) => self.withhold(place),
            Some((true, _, place)) if above == EVERYBODY && !self.has_shown_below(tree) => {
                self.withhold(place)
            }
            _ => self.withhold_in(tree, above),
        }
    }

    fn has_shown_beside(&self, tree: usize) -> bool {
        (0..self.map.trees().len()).any(|other| other != tree && self.has_shown_below(other))
    }

    fn has_shown_below(&self, tree: usize) -> bool {
        self.map.trees()[tree].places.iter().any(|place| self.shown.at(*place))
    }

    /// Withholds a place and all below it.
    fn withhold(&mut self, place: usize) -> bool {
        self.shown.0[place] = false;
        for place in place + 1..self.map.len() {
            self.shown.0[place] &= self.shown.at(self.map.parent(place));
        }
        self.blocks_changed();
        true
    }

    fn blocks_changed(&mut self) {
        self.blocks.take();
        self.trials.iter_mut().flatten().for_each(Trial::blocks_changed);
    }

    fn blocks(&self) -> &Blocks {
        self.blocks.get_or_init(|| Blocks::new(self.map, &self.shown))
    }

    /// The shown places in whose blocks something is too narrow.
    fn narrow_blocks(&self, tree: usize, told: Told) -> Vec<usize> {
        let blocks = self.blocks();
        let mut is_narrow = vec![false; self.map.len()];
        for place in once(EVERYBODY).chain(self.map.trees()[tree].places.iter().copied()) {
            let above = blocks.of(place);
            let cell = Cell { tree, place, is_rest: place == above };
            let is_cell = !cell.is_rest || self.map.has_below(place);
            if is_cell && !is_narrow[above] {
                is_narrow[above] = self.is_narrow(cell, told);
            }
        }
        (0..self.map.len()).filter(|above| is_narrow[*above]).collect()
    }

    /// Too narrow by one measure, whichever of the exchanges is tried.
    fn is_narrow(&self, cell: Cell, told: Told) -> bool {
        self.trials.iter().any(|trials| trials.iter().all(|trial| trial.is_narrow(cell, told, self.blocks())))
    }

    /// Of everybody without the places shown below, a reader knows in every measure no more than that they may be none,
    /// and may be k-1.
    fn is_left_open(&self, tree: usize) -> bool {
        let below = self.map.trees()[tree].places.iter().copied();
        let shown: Vec<usize> =
            below.filter(|place| self.map.parent(*place) == EVERYBODY && self.shown.at(*place)).collect();
        let rounding = Rounding::of(self.k);
        let is_open = |measure: &Measure<'_>| {
            let window = |place: usize| match measure.unit {
                Unit::Customers => rounding.customers_window(measure.amounts.sums[place]),
                Unit::Days => rounding.days_window(measure.amounts.sums[place]),
            };
            let (most, least) = (window(EVERYBODY).1, window(EVERYBODY).0);
            let told = shown.iter().map(|place| window(*place));
            let (lows, highs) = told.fold((0, 0), |(lows, highs), (low, high)| (lows + low, highs + high));
            least <= highs && most + 1 >= lows + self.k
        };
        // Where nearly all are behind it, a small group's part follows from its size.
        let has_others = self.exchanges.first().is_none_or(|exchange| {
            exchange.of.sums[EVERYBODY] >= self.customers.sums[EVERYBODY] + FEWEST_OTHERS * self.k
        });
        has_others && self.measures.iter().all(is_open)
    }
}
