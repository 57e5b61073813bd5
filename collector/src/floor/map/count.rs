//! A count in each atom of a map, and its sums in the places.

use super::{EVERYBODY, MAX_TREES, Map};

/// One count.
#[derive(Clone, Debug)]
pub(in crate::floor) struct Count {
    /// In each atom.
    pub(in crate::floor) by_atom: Vec<u32>,
    /// In each place and below it.
    pub(in crate::floor) sums: Vec<u32>,
    /// Directly in each place but everybody.
    directly: Vec<u32>,
    /// In no place of each tree.
    in_none: [u32; MAX_TREES],
}

impl Count {
    pub(in crate::floor) fn new(map: &Map<'_>, by_atom: Vec<u32>) -> Self {
        let (mut directly, mut in_none) = (vec![0; map.len()], [0; MAX_TREES]);
        for (atom, count) in map.atoms.iter().zip(&by_atom) {
            for (tree, place) in atom.places.iter().enumerate().take(map.trees.len()) {
                let sum = if *place == EVERYBODY { &mut in_none[tree] } else { &mut directly[*place] };
                *sum += count;
            }
        }
        let mut sums = directly.clone();
        sums[EVERYBODY] = by_atom.iter().sum();
        // Places stand behind those above them.
        for place in (1..sums.len()).rev() {
            let parent = map.parent(place);
            if parent != EVERYBODY {
                sums[parent] += sums[place];
            }
        }
        Self { by_atom, sums, directly, in_none }
    }

    /// Of those who are directly in a place of a tree, or of everybody in none.
    pub(in crate::floor) fn directly_in(&self, tree: usize, place: usize) -> u32 {
        if place == EVERYBODY { self.in_none[tree] } else { self.directly[place] }
    }
}
