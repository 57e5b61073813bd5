//! The floor: the one place where privacy is applied, and the only maker of published rows.
//!
//! It takes a week's exact counts and decides what may be seen by anybody. Its rules, with k the smallest group:
//!
//! 1. **No cell under k.** A figure behind which stand fewer than k customers is withheld; none at all is fewer too,
//!    so that "withheld" never tells "somebody". This holds for segment, need and service alike.
//! 2. **Folding.** A service under k is counted in "other services of this need", and only if those have k customers
//!    together; else it is in the need's figures only, and the days of the smallest service shown beside it are
//!    withheld, so that they can't be taken from the need's. A segment under k is in its parent's figures only.
//! 3. **Remainders along the tree.** Customer-days add up. Where the customers of a parent that are in no child shown
//!    are 1 to k-1, the smallest child shown is withheld as well, for each need, each part and each service. Below
//!    what is withheld nothing is shown.
//! 4. **The split.** A part of the share of need with 1 to k-1 customers is withheld together with the smallest other
//!    parts, until k customers stand behind them together; else the whole split is withheld.
//! 5. **Distinct customers** are rounded to the nearest 5. One that has a complement (elsewhere of ours or elsewhere;
//!    both of elsewhere) is shown only if the complement has k customers too: no "all of them", no "all but two".
//! 6. **Dimensions.** Only the main one publishes services; the others publish needs.
//! 7. **Not visible.** Where a service of ours serves a need unseen, customers and days of the need stand, its split,
//!    its rate and its moves are withheld, with that reason.
//!
//! The price of all this is published beside the figures. What the rules do not answer: a reader who compares
//! dimensions, or weeks with the same group but for one person, may narrow a withheld figure.

mod price;
mod services;
mod split;
mod tree;

use std::collections::HashMap;

use split::Splits;
use tree::{At, Tree};

use crate::{
    config::LEAST_MINIMUM_GROUP,
    portfolio::{Landscape, NeedIndex},
    published::{Figure, Price, PublishedNeed, PublishedSegment, PublishedWeek, Reason, Trust},
    rollup::{NeedCounts, Node, Part, Rollup},
};

/// What the organisation may settle about its floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Smallest group; under [`LEAST_MINIMUM_GROUP`] it counts as that.
    pub minimum_group: u32,
    /// The dimension that publishes services.
    pub main_dimension: String,
}

/// Makes the published rows of a week.
pub fn publish(rollup: &Rollup, landscape: &Landscape, policy: &Policy) -> PublishedWeek {
    let k = policy.minimum_group.max(LEAST_MINIMUM_GROUP);
    let floor = Floor::new(rollup, landscape, policy, k);
    let segments = rollup.nodes.iter().map(|(segment, node)| floor.segment(segment.as_ref(), node)).collect();
    let mut week = PublishedWeek { week: rollup.week, minimum_group: k, segments, price: Price::default() };
    week.price = price::of(rollup, landscape, &week, &policy.main_dimension);
    week
}

/// A distinct count, rounded to the nearest 5, where it is k or more.
fn customers(count: u32, k: u32) -> Figure {
    if count < k { Figure::Hidden(Reason::K) } else { Figure::Shown((count + 2) / 5 * 5) }
}

/// A distinct count that has a complement: both must be k or more.
fn customers_of(count: u32, of: u32, k: u32) -> Figure {
    if of - count < k { Figure::Hidden(Reason::K) } else { customers(count, k) }
}

/// All that is decided over the whole tree before the first row is written.
struct Floor<'r> {
    landscape: &'r Landscape,
    k: u32,
    main: Tree<'r>,
    needs: Vec<NeedFloor<'r>>,
}

/// What is decided about one need.
struct NeedFloor<'r> {
    index: NeedIndex,
    shown: tree::Shown<'r>,
    splits: Splits<'r>,
    services: services::Shown<'r>,
}

impl<'r> Floor<'r> {
    fn new(rollup: &'r Rollup, landscape: &'r Landscape, policy: &Policy, k: u32) -> Self {
        let trees = Tree::of_each_dimension(rollup);
        let main = trees
            .iter()
            .find(|tree| tree.dimension() == Some(policy.main_dimension.as_str()))
            .cloned()
            .unwrap_or_default();
        let nodes: HashMap<At<'r>, &'r Node> =
            rollup.nodes.iter().map(|(segment, node)| (segment.as_ref(), node)).collect();
        let needs = landscape
            .needs()
            .map(|(index, need)| {
                let counts = |at: At<'r>| nodes.get(&at).and_then(|node| node.needs.get(&need.id));
                let shown = tree::shown(
                    &trees,
                    k,
                    |_| true,
                    |segment| counts(segment).map_or(0, NeedCounts::customers),
                );
                let splits = Splits::new(&trees, k, &shown, counts);
                let services = services::shown(&main, k, &shown, counts);
                NeedFloor { index, shown, splits, services }
            })
            .collect();
        Self { landscape, k, main, needs }
    }

    fn segment(&self, segment: At<'r>, node: &Node) -> PublishedSegment {
        let enough = node.customers >= self.k;
        PublishedSegment {
            segment: segment.cloned(),
            customers: customers(node.customers, self.k),
            left: customers(node.left, self.k),
            came_back: customers(node.came_back, self.k),
            trust: enough.then(|| trust(node)),
            needs: self.needs.iter().map(|need| self.need(need, segment, node)).collect(),
        }
    }

    fn need(&self, floor: &NeedFloor<'r>, segment: At<'r>, node: &Node) -> PublishedNeed {
        let need = self.landscape.need(floor.index);
        let mut row = PublishedNeed::withheld(&need.id, need.served);
        let Some(counts) = node.needs.get(&need.id).filter(|_| floor.shown.contains(segment)) else {
            return row;
        };
        row.customers = customers(counts.customers(), self.k);
        row.customer_days = Figure::Shown(counts.customer_days());
        if segment.is_none_or(|segment| self.main.has(segment)) {
            let written = floor.services.rows(segment, counts, self.landscape, self.k);
            (row.services, row.other_services_customers) = written;
        }
        if need.ours_not_visible {
            row.withhold_share();
        } else {
            self.share(&mut row, floor, segment, counts);
        }
        row
    }

    fn share(&self, row: &mut PublishedNeed, floor: &NeedFloor<'r>, segment: At<'r>, counts: &NeedCounts) {
        let withheld = floor.splits.withheld(segment);
        let hidden = Figure::Hidden(Reason::K);
        let part = |part| if withheld.has(part) { hidden } else { Figure::Shown(counts.days[part as usize]) };
        [row.ours_alone, row.both, row.tolerated, row.elsewhere_alone] = Part::ALL.map(part);
        row.left = customers(counts.left, self.k);
        row.came_back = customers(counts.came_back, self.k);
        let (of, elsewhere) = (counts.ours_or_elsewhere(), counts.elsewhere());
        if !row.served {
            // Nothing of ours, so whoever is elsewhere has no complement with us.
            row.customers_elsewhere = customers(elsewhere, self.k);
            return;
        }
        let only_tolerated = counts.customers() - of;
        if only_tolerated == 0 || only_tolerated >= self.k {
            row.customers_ours_or_elsewhere = customers(of, self.k);
            row.customers_elsewhere = customers_of(elsewhere, of, self.k);
            row.customers_both = customers_of(counts.ours_and_elsewhere(), elsewhere, self.k);
        }
    }
}

impl PublishedNeed {
    fn withheld(need: &str, served: bool) -> Self {
        let hidden = Figure::Hidden(Reason::K);
        Self {
            need: need.into(),
            served,
            customers: hidden,
            customer_days: hidden,
            ours_alone: hidden,
            both: hidden,
            tolerated: hidden,
            elsewhere_alone: hidden,
            customers_elsewhere: hidden,
            customers_ours_or_elsewhere: hidden,
            customers_both: hidden,
            left: hidden,
            came_back: hidden,
            services: Vec::new(),
            other_services_customers: hidden,
        }
    }

    fn withhold_share(&mut self) {
        let hidden = Figure::Hidden(Reason::OfferedNotVisible);
        [self.ours_alone, self.both, self.tolerated, self.elsewhere_alone] = [hidden; 4];
        [self.customers_elsewhere, self.customers_ours_or_elsewhere, self.customers_both] = [hidden; 3];
        [self.left, self.came_back] = [hidden; 2];
    }
}

fn trust(node: &Node) -> Trust {
    let tenths = |part: u64| {
        let tenths = part.saturating_mul(1000).checked_div(node.connections).unwrap_or(0).min(1000);
        u16::try_from(tenths).expect("it is at most 1000")
    };
    Trust {
        devices_reporting: price::percent(u64::from(node.devices_reporting), u64::from(node.devices))
            .unwrap_or(0),
        unnamed_tenths: tenths(node.unnamed),
        encrypted_hello_tenths: tenths(node.encrypted_hello),
        encrypted_dns_tenths: tenths(node.encrypted_dns),
        tunnels_tenths: tenths(node.tunnels),
    }
}

#[cfg(test)]
mod tests;
