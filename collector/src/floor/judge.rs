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

use std::collections::{HashMap, HashSet};

use super::{
    customers_window, days_window,
    map::{EVERYBODY, MAX_TREES, Map},
};

/// What stands behind a figure, in one atom of the map or in several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Behind {
    /// Customers who could be behind it.
    pub(super) of: u32,
    /// Customers who are.
    pub(super) customers: u32,
    /// The figure: these customers, or their days.
    pub(super) amount: u32,
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Customers.
    Customers,
    /// Their days in a week.
    Days,
}

/// Days in a week.
const DAYS: u32 = 7;
/// Times k customers who could be behind a figure and are not, where what is withheld is left to the rounding.
const FEWEST_OTHERS: u32 = 3;

/// The places at which a figure is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown(Vec<bool>);

/// The block of each tree that an atom is in.
type Part = [usize; MAX_TREES];

/// Something that is withheld: a place, or the customers directly in a shown place that has others below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Cell {
    Place(usize),
    Rest(usize),
}

/// A number that is shown of it, wherever the figure is.
pub(super) struct Measure<'m> {
    pub(super) unit: Unit,
    /// Each shows by itself what is safe.
    pub(super) exchanges: Vec<Exchange<'m>>,
}

/// Who may have changed places with whom.
pub(super) struct Exchange<'m> {
    /// In each atom.
    pub(super) behind: Vec<Behind>,
    /// A figure whose blocks they stay in; that of the figure that is judged where there is none.
    pub(super) within: Option<&'m Shown>,
}

struct Judge<'m> {
    map: &'m Map<'m>,
    k: u32,
    measures: &'m [Measure<'m>],
    /// At each place.
    customers: Vec<u32>,
    shown: Shown,
    /// Of each place.
    has_below: Vec<bool>,
    /// Of each measure, at each place.
    amounts: Vec<Vec<u32>>,
}

/// Judges one figure, in all its measures. `customers` are those behind it in each atom; `may` says where it may be
/// shown at all.
pub(super) fn judge(
    map: &Map<'_>,
    k: u32,
    customers: &[u32],
    measures: &[Measure<'_>],
    may: impl Fn(usize) -> bool,
) -> Shown {
    let customers = map.sums(customers);
    let mut shown = vec![false; map.len()];
    for place in 0..map.len() {
        let enough = customers[place] >= k && may(place);
        shown[place] = enough && (place == EVERYBODY || shown[map.parent(place)]);
    }
    let has_below = map.has_below();
    let amounts_of = |measure: &Measure<'_>| {
        let behind = measure.exchanges.first().map_or(&[][..], |exchange| &exchange.behind);
        map.sums(&behind.iter().map(|behind| behind.amount).collect::<Vec<_>>())
    };
    let amounts = measures.iter().map(amounts_of).collect();
    let mut judge = Judge { map, k, measures, customers, shown: Shown(shown), has_below, amounts };
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
            let mut alone = self.narrow_blocks(tree, true);
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
                for above in self.narrow_blocks(tree, false) {
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
    }

    /// Where a tree's own figures tell too much, the smallest place shown below goes, else the place itself.
    fn withhold_in(&mut self, tree: usize, above: usize) -> bool {
        let below = self.map.trees()[tree].places.iter().copied();
        let smallest = below.filter(|place| self.map.parent(*place) == above && self.shown.at(*place));
        let place = smallest.min_by_key(|place| self.customers[*place]).unwrap_or(above);
        self.withhold(place)
    }

    /// Where several trees together do, the smallest place of another tree that cuts the block goes: those of the main
    /// dimension last.
    fn withhold_across(&mut self, tree: usize, above: usize) -> bool {
        let blocks = self.blocks(&self.shown, tree);
        let mut cutting = Vec::new();
        for other in (0..self.map.trees().len()).filter(|other| *other != tree) {
            let in_block = self
                .blocks(&self.shown, other)
                .into_iter()
                .zip(&blocks)
                .filter(|(_, block)| **block == above);
            let places = in_block.map(|(place, _)| place).filter(|place| *place != EVERYBODY);
            cutting.extend(places.map(|place| (self.map.is_main(other), self.customers[place], place)));
        }
        cutting.sort_unstable();
        match cutting.first() {
            // A place of another dimension than the main one, or, where only the main one is left, of that.
            Some((false, _, place)) => self.withhold(*place),
            Some((true, _, place)) if above == EVERYBODY && !self.has_shown_below(tree) => {
                self.withhold(*place)
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
        true
    }

    /// The shown places in whose blocks something is too narrow: by the figures of the tree alone, or of all.
    fn narrow_blocks(&self, tree: usize, alone: bool) -> Vec<usize> {
        let narrow = self.measures.iter().flat_map(|measure| self.narrow_by(tree, alone, measure));
        let mut above: Vec<usize> = narrow.map(|(above, _)| above).collect();
        above.sort_unstable();
        above.dedup();
        above
    }

    /// What is too narrow by one measure, whichever of the exchanges is tried.
    fn narrow_by(&self, tree: usize, alone: bool, measure: &Measure<'_>) -> HashSet<(usize, Cell)> {
        let mut narrow: Option<HashSet<(usize, Cell)>> = None;
        for exchange in &measure.exchanges {
            if narrow.as_ref().is_some_and(HashSet::is_empty) {
                break;
            }
            let by_this = self.narrow_cells(tree, alone, measure.unit, exchange);
            narrow = Some(match narrow {
                None => by_this,
                Some(narrow) => narrow.intersection(&by_this).copied().collect(),
            });
        }
        narrow.unwrap_or_default()
    }

    /// Of everybody without the places shown below, a reader knows in every measure no more than that they may be none,
    /// and may be k-1.
    fn is_left_open(&self, tree: usize) -> bool {
        let below = self.map.trees()[tree].places.iter().copied();
        let shown: Vec<usize> =
            below.filter(|place| self.map.parent(*place) == EVERYBODY && self.shown.at(*place)).collect();
        let is_open = |(measure, amounts): (&Measure<'_>, &Vec<u32>)| {
            let window = |place: usize| match measure.unit {
                Unit::Customers => customers_window(amounts[place]),
                Unit::Days => days_window(amounts[place]),
            };
            let (most, least) = (window(EVERYBODY).1, window(EVERYBODY).0);
            let told = shown.iter().map(|place| window(*place));
            let (lows, highs) = told.fold((0, 0), |(lows, highs), (low, high)| (lows + low, highs + high));
            least <= highs && most + 1 >= lows + self.k
        };
        // Where nearly all are behind it, a small group's part follows from its size.
        let has_others =
            self.measures.iter().filter_map(|measure| measure.exchanges.first()).all(|exchange| {
                let of: u32 = exchange.behind.iter().map(|behind| behind.of).sum();
                of >= self.customers[EVERYBODY] + FEWEST_OTHERS * self.k
            });
        has_others && self.measures.iter().zip(&self.amounts).all(is_open)
    }

    fn narrow_cells(
        &self,
        tree: usize,
        alone: bool,
        unit: Unit,
        exchange: &Exchange<'_>,
    ) -> HashSet<(usize, Cell)> {
        let own = self.blocks(&self.shown, tree);
        let within = exchange.within.unwrap_or(&self.shown);
        let mut parts: Vec<Part> = vec![[EVERYBODY; MAX_TREES]; own.len()];
        for other in (0..self.map.trees().len()).filter(|other| !alone || *other == tree) {
            for (part, block) in parts.iter_mut().zip(self.blocks(within, other)) {
                part[other] = block;
            }
        }
        let mut in_part: HashMap<Part, Behind> = HashMap::new();
        let mut cells: HashMap<(usize, Cell), HashMap<Part, Behind>> = HashMap::new();
        for ((place, behind), (above, part)) in
            self.map.atoms_in(tree).zip(&exchange.behind).zip(own.iter().copied().zip(parts))
        {
            *in_part.entry(part).or_default() += *behind;
            let mut enter = |cell| {
                *cells.entry((above, cell)).or_default().entry(part).or_default() += *behind;
            };
            if place == above && self.has_below[place] {
                enter(Cell::Rest(place));
            }
            let mut place = place;
            while place != above && place != EVERYBODY {
                enter(Cell::Place(place));
                place = self.map.parent(place);
            }
        }
        let narrow = cells.into_iter().filter(|(_, own)| self.is_narrow(unit, own, &in_part));
        narrow.map(|(key, _)| key).collect()
    }

    fn is_narrow(&self, unit: Unit, own: &HashMap<Part, Behind>, in_part: &HashMap<Part, Behind>) -> bool {
        let mut sum = Behind::default();
        let mut range = 0;
        for (part, own) in own {
            sum += *own;
            range += range_of(unit, *own, in_part[part]);
        }
        let is_nearly_all = unit == Unit::Customers && sum.of - sum.customers < self.k;
        let is_small = sum.customers < self.k || is_nearly_all;
        is_small && range + 1 < self.k.min(sum.of.saturating_add(1))
    }

    /// The shown place of a tree in whose block each atom is.
    fn blocks(&self, shown: &Shown, tree: usize) -> Vec<usize> {
        let block = |mut place| {
            while place != EVERYBODY && !shown.at(place) {
                place = self.map.parent(place);
            }
            place
        };
        self.map.atoms_in(tree).map(block).collect()
    }
}

/// How far the figure of some customers in a part can be moved without moving the part's: in customers, and where days
/// are counted in days as well.
fn range_of(unit: Unit, own: Behind, part: Behind) -> u32 {
    let (others, amount) = (part.of - own.of, part.amount);
    let most = own.of.min(amount);
    match unit {
        Unit::Customers => most - amount.saturating_sub(others),
        Unit::Days => {
            let customers = most - amount.div_ceil(DAYS).saturating_sub(others);
            let least = amount.saturating_sub(others.saturating_mul(DAYS));
            customers.min(own.of.saturating_mul(DAYS).min(amount) - least)
        }
    }
}

impl Shown {
    /// Where both are shown.
    pub(super) fn and(&self, other: &Self) -> Self {
        self.with(other, |one, other| one && other)
    }

    /// Where either is shown.
    pub(super) fn or(&self, other: &Self) -> Self {
        self.with(other, |one, other| one || other)
    }

    /// Where it is shown and the other is not.
    pub(super) fn without(&self, other: &Self) -> Self {
        self.with(other, |one, other| one && !other)
    }

    fn with(&self, other: &Self, both: impl Fn(bool, bool) -> bool) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(one, other)| both(*one, *other)).collect())
    }

    /// Is it shown there?
    pub(super) fn at(&self, place: usize) -> bool {
        self.0[place]
    }
}

impl std::ops::AddAssign for Behind {
    fn add_assign(&mut self, other: Self) {
        self.of += other.of;
        self.customers += other.customers;
        self.amount += other.amount;
    }
}
