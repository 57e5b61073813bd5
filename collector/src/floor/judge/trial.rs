//! One measure tried with one exchange: how far what is withheld could be moved without any figure being another.

use std::cell::{OnceCell, RefCell};

use super::{
    super::map::{Count, EVERYBODY, Line, MAX_TREES, Map},
    Exchange, Measure, Unit,
    shown::Blocks,
};

/// Days in a week.
const DAYS: u32 = 7;

/// Something that is withheld: a place, or the customers directly in a shown place that has others below it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) tree: usize,
    pub(super) place: usize,
    /// Those directly in the place, else those below it too.
    pub(super) is_rest: bool,
}

/// Which figures tell of a cell: those of its tree alone, or of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Alone,
    ByAll,
}

/// A measure and an exchange.
pub(super) struct Trial<'m> {
    map: &'m Map<'m>,
    k: u32,
    unit: Unit,
    /// Customers who could be behind the figure.
    of: &'m Count,
    /// Customers who are.
    customers: &'m Count,
    amounts: &'m Count,
    within: Option<&'m Blocks>,
    /// What is in each block of each tree, and in each part of all.
    in_blocks: [OnceCell<Vec<Inside>>; MAX_TREES],
    in_parts: OnceCell<Vec<Inside>>,
    own: &'m RefCell<Own>,
}

/// What is in a block or a part.
#[derive(Clone, Copy, Default)]
struct Inside {
    of: u32,
    amount: u32,
}

/// Room to sum up those of a cell by block or part.
#[derive(Default)]
pub(super) struct Own {
    of: Vec<u32>,
    /// Where it is not 0.
    met: Vec<usize>,
}

impl<'m> Trial<'m> {
    pub(super) fn new(
        (map, k): (&'m Map<'m>, u32),
        measure: &'m Measure<'m>,
        exchange: &Exchange<'m>,
        own: &'m RefCell<Own>,
    ) -> Self {
        Self {
            map,
            k,
            unit: measure.unit,
            of: exchange.of,
            customers: measure.customers,
            amounts: measure.amounts,
            within: exchange.within,
            in_blocks: Default::default(),
            in_parts: OnceCell::new(),
            own,
        }
    }

    /// The blocks of the figure that is judged are others.
    pub(super) fn blocks_changed(&mut self) {
        if self.within.is_none() {
            (self.in_blocks, self.in_parts) = Default::default();
        }
    }

    /// Is the cell so small, and its figure held so tightly, that fewer values are left than k, or than there are without
    /// any figure? `blocks` are those of the figure that is judged.
    pub(super) fn is_narrow(&self, cell: Cell, told: Told, blocks: &Blocks) -> bool {
        let (of, customers) = (cell.sum(self.of), cell.sum(self.customers));
        let is_nearly_all = self.unit == Unit::Customers && of - customers < self.k;
        let is_small = customers < self.k || is_nearly_all;
        is_small && !self.reaches(cell, told, self.within.unwrap_or(blocks), self.k.min(of.saturating_add(1)))
    }

    /// There are so many values at least.
    fn reaches(&self, cell: Cell, told: Told, blocks: &Blocks, values: u32) -> bool {
        let mut own = self.own.borrow_mut();
        let inside = match told {
            Told::Alone => {
                for place in cell.within(self.map.places_by_place(cell.tree)) {
                    own.add(blocks.of(*place), self.of.directly_in(cell.tree, *place));
                }
                self.in_blocks(cell.tree, blocks)
            }
            Told::ByAll => {
                let parts = blocks.parts(self.map);
                for atom in cell.within(self.map.atoms_by_place(cell.tree)) {
                    own.add(parts.of_atom[*atom], self.of.by_atom[*atom]);
                }
                self.in_parts(blocks)
            }
        };
        let range: u32 = own.drain().map(|(part, own)| self.range(own, inside[part])).sum();
        range + 1 >= values
    }

    /// How far the figure of so many customers in a part can be moved without moving the part's: in customers, and where days
    /// are counted in days as well.
    fn range(&self, own: u32, part: Inside) -> u32 {
        let (others, amount) = (part.of - own, part.amount);
        let most = own.min(amount);
        match self.unit {
            Unit::Customers => most - amount.saturating_sub(others),
            Unit::Days => {
                let customers = most - amount.div_ceil(DAYS).saturating_sub(others);
                let least = amount.saturating_sub(others.saturating_mul(DAYS));
                customers.min(own.saturating_mul(DAYS).min(amount) - least)
            }
        }
    }

    fn in_blocks(&self, tree: usize, blocks: &Blocks) -> &[Inside] {
        self.in_blocks[tree].get_or_init(|| {
            let mut inside = vec![Inside::default(); self.map.len()];
            for place in self.map.places_by_place(tree).in_or_below(EVERYBODY) {
                let (of, amount) =
                    (self.of.directly_in(tree, *place), self.amounts.directly_in(tree, *place));
                inside[blocks.of(*place)].add(of, amount);
            }
            inside
        })
    }

    fn in_parts(&self, blocks: &Blocks) -> &[Inside] {
        self.in_parts.get_or_init(|| {
            let parts = blocks.parts(self.map);
            let mut inside = vec![Inside::default(); parts.len];
            for ((part, of), amount) in parts.of_atom.iter().zip(&self.of.by_atom).zip(&self.amounts.by_atom)
            {
                inside[*part].add(*of, *amount);
            }
            inside
        })
    }
}

impl Cell {
    fn sum(self, count: &Count) -> u32 {
        if self.is_rest { count.directly_in(self.tree, self.place) } else { count.sums[self.place] }
    }

    fn within(self, line: &Line) -> &[usize] {
        if self.is_rest { line.directly_in(self.place) } else { line.in_or_below(self.place) }
    }
}

impl Inside {
    fn add(&mut self, of: u32, amount: u32) {
        self.of += of;
        self.amount += amount;
    }
}

impl Own {
    fn add(&mut self, part: usize, of: u32) {
        // Nobody moves nothing.
        if of == 0 {
            return;
        }
        if self.of.len() <= part {
            self.of.resize(part + 1, 0);
        }
        if self.of[part] == 0 {
            self.met.push(part);
        }
        self.of[part] += of;
    }

    fn drain(&mut self) -> impl Iterator<Item = (usize, u32)> {
        self.met.drain(..).map(|part| (part, std::mem::take(&mut self.of[part])))
    }
}
