//! Suppression of additive figures along the trees of segments.

use std::collections::{BTreeMap, HashSet};

use crate::{rollup::Rollup, segment::Segment};

/// A segment, or everybody.
pub(super) type At<'r> = Option<&'r Segment>;

/// One dimension's segments, parents before children. Everybody stands above the first level.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree<'r> {
    segments: Vec<&'r Segment>,
    children: BTreeMap<At<'r>, Vec<At<'r>>>,
}

/// The nodes at which a figure may be shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown<'r>(HashSet<At<'r>>);

impl<'r> Tree<'r> {
    /// The trees of all dimensions; one without segments where there is no dimension, so that everybody is judged.
    pub(super) fn of_each_dimension(rollup: &'r Rollup) -> Vec<Self> {
        let mut trees: BTreeMap<&str, Self> = BTreeMap::new();
        for segment in rollup.nodes.keys().flatten() {
            let tree = trees.entry(segment.dimension()).or_default();
            let parent = segment.parent().and_then(|parent| {
                let (key, _) = rollup.nodes.get_key_value(&Some(parent))?;
                key.as_ref()
            });
            tree.segments.push(segment);
            tree.children.entry(parent).or_default().push(Some(segment));
        }
        if trees.is_empty() { vec![Self::default()] } else { trees.into_values().collect() }
    }

    /// Name of the dimension; `None` for the tree without segments.
    pub(super) fn dimension(&self) -> Option<&'r str> {
        self.segments.first().map(|segment| segment.dimension())
    }

    /// Is it a segment of this tree?
    pub(super) fn has(&self, segment: &Segment) -> bool {
        self.dimension() == Some(segment.dimension())
    }

    /// Everybody, then the segments, parents before children.
    pub(super) fn nodes(&self) -> impl Iterator<Item = At<'r>> {
        std::iter::once(None).chain(self.segments.iter().copied().map(Some))
    }

    /// The nodes directly below that pass the test, those with most customers first.
    pub(super) fn children(
        &self,
        node: At<'r>,
        test: impl Fn(At<'r>) -> bool,
        customers: impl Fn(At<'r>) -> u32,
    ) -> Vec<At<'r>> {
        let mut children = self.children.get(&node).cloned().unwrap_or_default();
        children.retain(|child| test(*child));
        children.sort_by_key(|child| std::cmp::Reverse(customers(*child)));
        children
    }
}

impl Shown<'_> {
    /// May it be shown there?
    pub(super) fn contains(&self, segment: At<'_>) -> bool {
        self.0.contains(&segment)
    }
}

/// Where a figure may be shown, given the customers behind it at each node.
///
/// Hidden are nodes under k, nodes that `may` refuses, all below a hidden node, and the smallest children of a node
/// as long as the customers in none of its shown children are 1 to k-1.
pub(super) fn shown<'r>(
    trees: &[Tree<'r>],
    k: u32,
    may: impl Fn(At<'r>) -> bool,
    customers: impl Fn(At<'r>) -> u32,
) -> Shown<'r> {
    let mut shown = Shown::default();
    if customers(None) < k || !may(None) {
        return shown;
    }
    shown.0.insert(None);
    for tree in trees {
        for node in tree.nodes() {
            if !shown.contains(node) {
                continue;
            }
            let mut large = tree.children(node, |child| customers(child) >= k && may(child), &customers);
            let mut rest = customers(node) - large.iter().map(|child| customers(*child)).sum::<u32>();
            while (1..k).contains(&rest) {
                let Some(smallest) = large.pop() else { break };
                rest += customers(smallest);
            }
            shown.0.extend(large);
        }
    }
    shown
}
