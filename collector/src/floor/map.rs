//! Segments as trees, and the customers in each combination of them: what the floor's rules are judged over.

use std::collections::{BTreeMap, HashMap};

use crate::{
    rollup::{Node, Rollup},
    segment::{MAX_DIMENSIONS, Segment, Segments},
};

/// A segment, or everybody.
pub(super) type At<'r> = Option<&'r Segment>;

/// Everybody, as a place.
pub(super) const EVERYBODY: usize = 0;
/// Most dimensions.
pub(super) const MAX_TREES: usize = MAX_DIMENSIONS;

/// Trees of segments, one a dimension, with everybody above them all.
#[derive(Debug)]
pub(super) struct Map<'r> {
    /// Name of the dimension that publishes services.
    main: &'r str,
    /// Figures of needs are judged on it, and not those of services.
    is_of_needs: bool,
    /// Everybody first, then the segments, parents before children.
    places: Vec<Place<'r>>,
    by_segment: HashMap<At<'r>, usize>,
    trees: Vec<Tree<'r>>,
    /// Groups of customers that no segment tells apart.
    atoms: Vec<Atom<'r>>,
}

#[derive(Clone, Copy, Debug)]
struct Place<'r> {
    node: &'r Node,
    parent: usize,
}

/// One dimension.
#[derive(Clone, Debug)]
pub(super) struct Tree<'r> {
    dimension: &'r str,
    /// Its places but everybody, parents before children.
    pub(super) places: Vec<usize>,
}

/// Customers in the same place of each tree.
#[derive(Debug)]
struct Atom<'r> {
    /// What is counted of them: the counts of a node, less those of others.
    counts: &'r Node,
    less: Vec<&'r Node>,
    /// The place in each tree that they are directly in.
    places: Vec<usize>,
}

impl<'r> Map<'r> {
    /// Of all dimensions.
    pub(super) fn new(rollup: &'r Rollup, everybody: &'r Node, main: &'r str) -> Self {
        let everybody = Place { node: everybody, parent: EVERYBODY };
        let by_segment = HashMap::from([(None, EVERYBODY)]);
        let mut map = Self {
            main,
            is_of_needs: true,
            places: vec![everybody],
            by_segment,
            trees: Vec::new(),
            atoms: Vec::new(),
        };
        let mut trees: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let segments = rollup.nodes.iter().filter_map(|(segment, node)| Some((segment.as_ref()?, node)));
        for (segment, node) in segments {
            let parent = segment.parent();
            let parent = map.place(parent.as_ref()).unwrap_or(EVERYBODY);
            let place = map.places.len();
            map.places.push(Place { node, parent });
            map.by_segment.insert(Some(segment), place);
            trees.entry(segment.dimension()).or_default().push(place);
        }
        map.trees = trees.into_iter().map(|(dimension, places)| Tree { dimension, places }).collect();
        map.atoms = if map.trees.len() > 1 { map.combinations(rollup) } else { map.remainders() };
        map
    }

    /// The same places, with the tree of the main dimension alone.
    pub(super) fn of_main(&self) -> Self {
        let mut map = Self {
            main: self.main,
            is_of_needs: false,
            places: self.places.clone(),
            by_segment: self.by_segment.clone(),
            trees: self.trees.iter().filter(|tree| tree.dimension == self.main).cloned().collect(),
            atoms: Vec::new(),
        };
        map.atoms = map.remainders();
        map
    }

    /// In several trees: what the rollup counted of each combination of segments.
    fn combinations(&self, rollup: &'r Rollup) -> Vec<Atom<'r>> {
        let in_tree = |tree: &Tree<'r>, segments: &Segments| {
            let own = segments.iter().find(|segment| segment.dimension() == tree.dimension);
            own.and_then(|segment| self.place(Some(segment))).unwrap_or(EVERYBODY)
        };
        let atom = |(segments, counts)| Atom {
            counts,
            less: Vec::new(),
            places: self.trees.iter().map(|tree| in_tree(tree, segments)).collect(),
        };
        rollup.atoms.iter().map(atom).collect()
    }

    /// In one tree, or none: what a place counts beyond the places below it.
    fn remainders(&self) -> Vec<Atom<'r>> {
        let in_tree = self.trees.iter().flat_map(|tree| tree.places.iter().copied());
        let mut atoms: Vec<Atom<'r>> = std::iter::once(EVERYBODY)
            .chain(in_tree)
            .map(|place| Atom {
                counts: self.node(place),
                less: Vec::new(),
                places: vec![place; self.trees.len()],
            })
            .collect();
        let at: HashMap<usize, usize> =
            atoms.iter().enumerate().filter_map(|(at, atom)| Some((*atom.places.first()?, at))).collect();
        for place in self.trees.iter().flat_map(|tree| tree.places.iter().copied()) {
            if let Some(above) = at.get(&self.parent(place)) {
                atoms[*above].less.push(self.node(place));
            }
        }
        atoms
    }

    /// The dimensions.
    pub(super) fn trees(&self) -> &[Tree<'r>] {
        &self.trees
    }

    /// How many places there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The place of a segment or of everybody, where it is on this map.
    pub(super) fn place(&self, segment: At<'_>) -> Option<usize> {
        self.by_segment.get(&segment).copied()
    }

    /// Everybody, or a place of one of its trees.
    pub(super) fn is_on(&self, place: usize) -> bool {
        place == EVERYBODY || self.trees.iter().any(|tree| tree.places.contains(&place))
    }

    /// The counts of a place.
    pub(super) fn node(&self, place: usize) -> &'r Node {
        self.places[place].node
    }

    /// The place above; everybody's is itself.
    pub(super) fn parent(&self, place: usize) -> usize {
        self.places[place].parent
    }

    /// Which places have others below them.
    pub(super) fn has_below(&self) -> Vec<bool> {
        let mut has_below = vec![false; self.places.len()];
        self.places.iter().skip(1).for_each(|place| has_below[place.parent] = true);
        has_below
    }

    /// The place in a tree that each atom is directly in.
    pub(super) fn atoms_in(&self, tree: usize) -> impl Iterator<Item = usize> {
        self.atoms.iter().map(move |atom| atom.places[tree])
    }

    /// What is counted of each atom.
    pub(super) fn counted(&self, count: impl Fn(&'r Node) -> u32) -> Vec<u32> {
        let of_atom = |atom: &Atom<'r>| {
            let less: u32 = atom.less.iter().map(|node| count(node)).sum();
            count(atom.counts).saturating_sub(less)
        };
        self.atoms.iter().map(of_atom).collect()
    }

    /// At each place, the sum over its atoms.
    pub(super) fn sums(&self, by_atom: &[u32]) -> Vec<u32> {
        let mut sums = vec![0; self.places.len()];
        sums[EVERYBODY] = by_atom.iter().sum();
        for tree in 0..self.trees.len() {
            for (place, count) in self.atoms_in(tree).zip(by_atom).filter(|(place, _)| *place != EVERYBODY) {
                sums[place] += count;
            }
        }
        // Places stand behind those above them.
        for place in (1..sums.len()).rev() {
            let parent = self.parent(place);
            if parent != EVERYBODY {
                sums[parent] += sums[place];
            }
        }
        sums
    }

    /// What is withheld in the tree may be left to the rounding: not of services, which their need's other figures bound.
    pub(super) fn leaves_open(&self, tree: usize) -> bool {
        self.is_of_needs && self.is_main(tree)
    }

    /// Is the tree that of the main dimension?
    pub(super) fn is_main(&self, tree: usize) -> bool {
        self.trees[tree].dimension == self.main
    }
}
