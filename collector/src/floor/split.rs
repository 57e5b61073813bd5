//! Which parts of a need's split are withheld at each node.

use std::collections::HashMap;

use super::tree::{At, Shown, Tree};
use crate::rollup::{NeedCounts, Part, PartSet};

/// The parts withheld at each node where the need is shown.
#[derive(Debug)]
pub(super) struct Splits<'r> {
    withheld: HashMap<At<'r>, PartSet>,
}

fn all_parts() -> PartSet {
    Part::ALL.into_iter().collect()
}

impl<'r> Splits<'r> {
    /// Judges one need over all trees. `counts` gives the need's counts at a node.
    pub(super) fn new(
        trees: &[Tree<'r>],
        k: u32,
        shown: &Shown<'r>,
        counts: impl Fn(At<'r>) -> Option<&'r NeedCounts>,
    ) -> Self {
        let mut splits = Self { withheld: HashMap::new() };
        for node in trees.iter().flat_map(Tree::nodes).filter(|node| shown.contains(*node)) {
            if let Some(counts) = counts(node) {
                splits.withheld.insert(node, withheld_at_node(counts, k));
            }
        }
        while trees.iter().any(|tree| splits.withhold_more(tree, k, &counts)) {}
        splits
    }

    /// The parts withheld at a node; all of them where the need is not shown.
    pub(super) fn withheld(&self, segment: At<'_>) -> PartSet {
        self.withheld.get(&segment).copied().unwrap_or_else(all_parts)
    }

    /// One round over a tree. Withholds whole splits only, so it ends; `true` as long as it did.
    fn withhold_more(
        &mut self,
        tree: &Tree<'r>,
        k: u32,
        counts: &impl Fn(At<'r>) -> Option<&'r NeedCounts>,
    ) -> bool {
        let mut changed = false;
        for node in tree.nodes() {
            let above = self.withheld(node);
            for part in Part::ALL {
                let in_part = |node| {
                    counts(node).map_or(0, |counts| counts.customers_in(PartSet::default().with(part)))
                };
                let shows = |child| !self.withheld(child).has(part) && in_part(child) > 0;
                let mut showing = tree.children(node, shows, in_part);
                if above == all_parts() {
                    changed |= !showing.is_empty();
                    for child in showing {
                        self.withhold(child);
                    }
                    continue;
                }
                if above.has(part) {
                    continue;
                }
                let mut rest = in_part(node) - showing.iter().map(|child| in_part(*child)).sum::<u32>();
                while (1..k).contains(&rest) {
                    let Some(smallest) = showing.pop() else { break };
                    rest += in_part(smallest);
                    self.withhold(smallest);
                    changed = true;
                }
            }
        }
        changed
    }

    fn withhold(&mut self, segment: At<'r>) {
        self.withheld.insert(segment, all_parts());
    }
}

/// Rule 4: parts with 1 to k-1 customers, and the smallest others until k customers stand behind all of them.
fn withheld_at_node(counts: &NeedCounts, k: u32) -> PartSet {
    let customers = |part: Part| counts.customers_in(PartSet::default().with(part));
    let mut withheld: PartSet =
        Part::ALL.into_iter().filter(|part| (1..k).contains(&customers(*part))).collect();
    let mut others: Vec<Part> = Part::ALL.into_iter().filter(|part| customers(*part) >= k).collect();
    others.sort_by_key(|part| std::cmp::Reverse(customers(*part)));
    while !withheld.is_empty() && counts.customers_in(withheld) < k {
        let Some(smallest) = others.pop() else { return all_parts() };
        withheld = withheld.with(smallest);
    }
    if others.is_empty() && !withheld.is_empty() { all_parts() } else { withheld }
}
