//! The places at which a figure is shown, its blocks, and the parts into which these cut the atoms.

use std::{cell::OnceCell, collections::HashMap};

use super::super::map::{EVERYBODY, Map};

/// The places at which a figure is shown. Where a place is, the places above it are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::floor) struct Shown(pub(super) Vec<bool>);

/// The blocks of a figure.
#[derive(Debug)]
pub(in crate::floor) struct Blocks {
    /// Of each place, the shown one in whose block it is.
    of_place: Vec<usize>,
    parts: OnceCell<Parts>,
}

/// Atoms that are in the same block of every tree are a part.
#[derive(Debug)]
pub(super) struct Parts {
    /// The part of each atom, by its number.
    pub(super) of_atom: Vec<usize>,
    /// How many there are.
    pub(super) len: usize,
}

impl Shown {
    /// At each place or not; nowhere where it is not above.
    pub(in crate::floor) fn new(places: Vec<bool>) -> Self {
        Self(places)
    }

    /// Where both are shown.
    pub(in crate::floor) fn and(&self, other: &Self) -> Self {
        self.with(other, |one, other| one && other)
    }

    /// Where either is shown.
    pub(in crate::floor) fn or(&self, other: &Self) -> Self {
        self.with(other, |one, other| one || other)
    }

    /// Where it is shown and the other is not.
    pub(in crate::floor) fn without(&self, other: &Self) -> Self {
        self.with(other, |one, other| one && !other)
    }

    fn with(&self, other: &Self, both: impl Fn(bool, bool) -> bool) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(one, other)| both(*one, *other)).collect())
    }

    /// Is it shown there?
    pub(in crate::floor) fn at(&self, place: usize) -> bool {
        self.0[place]
    }
}

impl Blocks {
    /// Of a figure that is shown at these places.
    pub(in crate::floor) fn new(map: &Map<'_>, shown: &Shown) -> Self {
        let mut of_place = vec![EVERYBODY; map.len()];
        for place in 1..map.len() {
            of_place[place] = if shown.at(place) { place } else { of_place[map.parent(place)] };
        }
        Self { of_place, parts: OnceCell::new() }
    }

    /// The shown place in whose block a place is.
    pub(super) fn of(&self, place: usize) -> usize {
        self.of_place[place]
    }

    /// The parts into which the blocks of all trees cut the atoms.
    pub(super) fn parts(&self, map: &Map<'_>) -> &Parts {
        self.parts.get_or_init(|| {
            let mut parts = Parts { of_atom: vec![0; map.atoms()], len: 1 };
            for tree in 0..map.trees().len() {
                parts = parts.cut(map.atoms_in(tree).map(|place| self.of(place)));
            }
            parts
        })
    }
}

impl Parts {
    /// The same, cut by one tree more, in whose blocks the atoms are.
    fn cut(self, blocks: impl Iterator<Item = usize>) -> Self {
        let mut known: HashMap<(usize, usize), usize, foldhash::fast::RandomState> = HashMap::default();
        let mut number = |key| {
            let next = known.len();
            *known.entry(key).or_insert(next)
        };
        let of_atom = self.of_atom.into_iter().zip(blocks).map(&mut number).collect();
        Self { of_atom, len: known.len() }
    }
}
