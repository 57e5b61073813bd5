//! Segments as trees, and the customers in each combination of them: what the floor's rules are judged over.

mod count;
mod line;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    mem,
};

pub(super) use count::Count;
pub(super) use line::Line;

use crate::{
    rollup::{Node, Rollup},
    segment::{MAX_DIMENSIONS, STARTERS, Segment, Segments},
};

/// A segment, or everybody.
pub(super) type At<'r> = Option<&'r Segment>;

/// Everybody, as a place.
pub(super) const EVERYBODY: usize = 0;
/// Most dimensions.
pub(super) const MAX_TREES: usize = MAX_DIMENSIONS + 1;

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
    /// Of each tree.
    lines: Vec<Lines>,
}

#[derive(Clone, Copy, Debug)]
struct Place<'r> {
    node: &'r Node,
    parent: usize,
    has_below: bool,
    /// It is everybody, or in a tree of the map.
    is_on: bool,
}

/// One dimension.
#[derive(Clone, Debug)]
pub(super) struct Tree<'r> {
    dimension: &'r str,
    /// Its places but everybody, parents before children.
    pub(super) places: Vec<usize>,
}

/// What is in the places of a tree, everybody among them.
#[derive(Debug)]
struct Lines {
    places: Line,
    atoms: Line,
}

/// Customers in the same place of each tree.
#[derive(Debug)]
struct Atom<'r> {
    /// What is counted of them: the counts of a node, less those of others.
    counts: &'r Node,
    less: Vec<&'r Node>,
    /// The place in each tree that they are directly in.
    places: [usize; MAX_TREES],
}

/// Something of the nodes that an atom's counts are made of.
#[derive(Debug)]
pub(super) struct OfAtom<T> {
    pub(super) counts: T,
    pub(super) less: Vec<T>,
}

impl<'r> Map<'r> {
    /// Of all dimensions.
    pub(super) fn new(rollup: &'r Rollup, everybody: &'r Node, main: &'r str) -> Self {
        let everybody = Place { node: everybody, parent: EVERYBODY, has_below: false, is_on: true };
        let by_segment = HashMap::from([(None, EVERYBODY)]);
        let mut map = Self {
            main,
            is_of_needs: true,
            places: vec![everybody],
            by_segment,
            trees: Vec::new(),
            atoms: Vec::new(),
            lines: Vec::new(),
        };
        let mut trees: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let segments = rollup.nodes.iter().filter_map(|(segment, node)| Some((segment.as_ref()?, node)));
        for (segment, node) in segments {
            let parent = segment.parent();
            let parent = map.place(parent.as_ref()).unwrap_or(EVERYBODY);
            let place = map.places.len();
            map.places[parent].has_below = true;
            map.places.push(Place { node, parent, has_below: false, is_on: true });
            map.by_segment.insert(Some(segment), place);
            trees.entry(segment.dimension()).or_default().push(place);
        }
        map.trees = trees.into_iter().map(|(dimension, places)| Tree { dimension, places }).collect();
        map.keep_most_telling();
        map.atoms = if map.trees.len() > 1 { map.combinations(rollup) } else { map.remainders() };
        map.line_up();
        map
    }

    /// A device names three dimensions at most, but together they could name any number. The main one and that of the
    /// built-in group stay, and of the others those of the most customers; all that is in no tree is on no map.
    fn keep_most_telling(&mut self) {
        let rank = |tree: &Tree<'r>| {
            let customers = |place: &usize| self.node(*place).customers;
            let customers: u32 = tree.places.iter().map(customers).max().unwrap_or_default();
            (tree.dimension != self.main, Reverse(customers), tree.dimension)
        };
        let mut told: Vec<_> =
            self.trees.iter().filter(|tree| tree.dimension != STARTERS).map(rank).collect();
        told.sort_unstable();
        let kept = told.into_iter().take(MAX_DIMENSIONS).map(|(.., dimension)| dimension);
        let kept: Vec<&str> = kept.chain([STARTERS]).collect();
        let trees = mem::take(&mut self.trees).into_iter();
        let (trees, others): (Vec<_>, Vec<_>) = trees.partition(|tree| kept.contains(&tree.dimension));
        self.trees = trees;
        for place in others.iter().flat_map(|tree| &tree.places) {
            self.places[*place].is_on = false;
        }
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
            lines: Vec::new(),
        };
        map.places.iter_mut().skip(1).for_each(|place| place.is_on = false);
        for place in map.trees.iter().flat_map(|tree| &tree.places) {
            map.places[*place].is_on = true;
        }
        map.atoms = map.remainders();
        map.line_up();
        map
    }

    /// In several trees: what the rollup counted of each combination of segments.
    fn combinations(&self, rollup: &'r Rollup) -> Vec<Atom<'r>> {
        let in_tree = |tree: &Tree<'r>, segments: &Segments| {
            let own = segments.iter().find(|segment| segment.dimension() == tree.dimension);
            own.and_then(|segment| self.place(Some(segment))).unwrap_or(EVERYBODY)
        };
        let atom = |(segments, counts)| {
            let mut places = [EVERYBODY; MAX_TREES];
            for (place, tree) in places.iter_mut().zip(&self.trees) {
                *place = in_tree(tree, segments);
            }
            Atom { counts, less: Vec::new(), places }
        };
        rollup.atoms.iter().map(atom).collect()
    }

    /// In one tree, or none: what a place counts beyond the places below it.
    fn remainders(&self) -> Vec<Atom<'r>> {
        let in_tree = self.trees.iter().flat_map(|tree| tree.places.iter().copied());
        let places: Vec<usize> = std::iter::once(EVERYBODY).chain(in_tree).collect();
        let atom =
            |place: &usize| Atom { counts: self.node(*place), less: Vec::new(), places: [*place; MAX_TREES] };
        let mut atoms: Vec<Atom<'r>> = places.iter().map(atom).collect();
        let at: HashMap<usize, usize> = places.iter().enumerate().map(|(at, place)| (*place, at)).collect();
        for place in places.into_iter().filter(|place| *place != EVERYBODY) {
            if let Some(above) = at.get(&self.parent(place)) {
                atoms[*above].less.push(self.node(place));
            }
        }
        atoms
    }

    fn line_up(&mut self) {
        let of_tree = |(tree, Tree { places, .. }): (usize, &Tree<'_>)| {
            let nothing = || vec![Vec::new(); self.places.len()];
            let (mut below, mut atoms) = (nothing(), nothing());
            for place in places {
                below[self.parent(*place)].push(*place);
            }
            for (atom, place) in self.atoms_in(tree).enumerate() {
                atoms[place].push(atom);
            }
            let itself: Vec<Vec<usize>> = (0..self.places.len()).map(|place| vec![place]).collect();
            Lines { places: Line::new(&itself, &below), atoms: Line::new(&atoms, &below) }
        };
        self.lines = self.trees.iter().enumerate().map(of_tree).collect();
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
        self.places[place].is_on
    }

    /// The counts of a place.
    pub(super) fn node(&self, place: usize) -> &'r Node {
        self.places[place].node
    }

    /// How many atoms there are.
    pub(super) fn atoms(&self) -> usize {
        self.atoms.len()
    }

    /// The place above; everybody's is itself.
    pub(super) fn parent(&self, place: usize) -> usize {
        self.places[place].parent
    }

    /// Has the place others below it, in whatever tree?
    pub(super) fn has_below(&self, place: usize) -> bool {
        self.places[place].has_below
    }

    /// The place in a tree that each atom is directly in.
    pub(super) fn atoms_in(&self, tree: usize) -> impl Iterator<Item = usize> {
        self.atoms.iter().map(move |atom| atom.places[tree])
    }

    /// The place in a tree that an atom is directly in.
    pub(super) fn place_of(&self, atom: usize, tree: usize) -> usize {
        self.atoms[atom].places[tree]
    }

    /// The atoms of a tree by place.
    pub(super) fn atoms_by_place(&self, tree: usize) -> &Line {
        &self.lines[tree].atoms
    }

    /// The places of a tree, everybody among them, each in itself.
    pub(super) fn places_by_place(&self, tree: usize) -> &Line {
        &self.lines[tree].places
    }

    /// Something of each atom's nodes.
    pub(super) fn of_atoms<T>(&self, of: impl Fn(&'r Node) -> T) -> Vec<OfAtom<T>> {
        let of_atom = |atom: &Atom<'r>| OfAtom {
            counts: of(atom.counts),
            less: atom.less.iter().map(|node| of(node)).collect(),
        };
        self.atoms.iter().map(of_atom).collect()
    }

    /// What is counted of each atom.
    pub(super) fn counted(&self, count: impl Fn(&'r Node) -> u32) -> Count {
        let by_atom = self.of_atoms(count).iter().map(|atom| atom.counted(|count| count)).collect();
        Count::new(self, by_atom)
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

impl<T: Copy> OfAtom<T> {
    /// What is counted of the atom.
    pub(super) fn counted(&self, count: impl Fn(T) -> u32) -> u32 {
        let less: u32 = self.less.iter().map(|less| count(*less)).sum();
        count(self.counts).saturating_sub(less)
    }
}
