//! What the floor costs: the share of customer-days elsewhere that its rows still show.

use std::collections::{HashMap, HashSet};

use crate::{
    portfolio::{Landscape, SanctionStatus},
    published::{Price, PublishedNeed, PublishedSegment, PublishedWeek},
    rollup::{NeedCounts, Node, Rollup},
    segment::Segment,
};

/// What the floor costs, exactly; only [`Costs::released`] may be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// For everybody, by need.
    pub organisation_by_need: Account,
    /// By segment of the main dimension and need.
    pub segment_by_need: Account,
    /// By segment of the main dimension and service.
    pub segment_by_service: Account,
}

/// Customer-days elsewhere that are shown, of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Shown.
    pub shown: u64,
    /// All.
    pub all: u64,
}

/// Fewest days shown of which a share is told: a tenth of fewer could be one small group's days.
const LEAST_SHOWN: u64 = 500;

impl Account {
    fn enter(&mut self, days: u32, shown: bool) {
        self.all += u64::from(days);
        self.shown += if shown { u64::from(days) } else { 0 };
    }

    /// The share in whole tens of a percent, at most 90: what is missing to it is never told to the day, nor that
    /// nothing is.
    fn released(self) -> Option<u8> {
        let tens = percent(self.shown, self.all)? / 10 * 10;
        (self.shown >= LEAST_SHOWN).then_some(tens.min(90))
    }
}

impl Costs {
    /// What may be told of it.
    pub(super) fn released(self) -> Price {
        Price {
            organisation_by_need: self.organisation_by_need.released(),
            segment_by_need: self.segment_by_need.released(),
            segment_by_service: self.segment_by_service.released(),
        }
    }
}

/// Compares the rollup with what is published of it.
///
/// A customer counts at the segment of the main dimension it is directly in; days of customers in no segment count
/// as not shown by segment.
pub fn costs(rollup: &Rollup, landscape: &Landscape, published: &PublishedWeek, main: &str) -> Costs {
    let mut costs = Costs::default();
    let rows: HashMap<Option<&Segment>, &PublishedSegment> =
        published.segments.iter().map(|row| (row.segment.as_ref(), row)).collect();
    let children = children(rollup, main);
    for (segment, node) in &rollup.nodes {
        if segment.as_ref().is_some_and(|segment| segment.dimension() != main) {
            continue;
        }
        let Some(row) = rows.get(&segment.as_ref()) else { continue };
        let below = children.get(segment).map_or(&[][..], Vec::as_slice);
        for (need, counts) in &node.needs {
            let Some(row) = row.need(need) else { continue };
            let below: Vec<&NeedCounts> = below.iter().filter_map(|node| node.needs.get(need)).collect();
            costs.enter(landscape, segment.is_some(), row, counts, &below);
        }
    }
    costs
}

impl Costs {
    /// One need of everybody or of a segment, with the same need of those below it.
    fn enter(
        &mut self,
        landscape: &Landscape,
        is_segment: bool,
        row: &PublishedNeed,
        counts: &NeedCounts,
        below: &[&NeedCounts],
    ) {
        let (days, is_shown) = (counts.days_elsewhere(), row.elsewhere.shown().is_some());
        if !is_segment {
            self.organisation_by_need.enter(days, is_shown);
        }
        let days_below: u32 = below.iter().map(|counts| counts.days_elsewhere()).sum();
        self.segment_by_need.enter(days - days_below, is_segment && is_shown);
        let shown = row.services.iter().filter(|row| row.customer_days.shown().is_some());
        let shown: HashSet<&str> = shown.map(|row| row.service.as_str()).collect();
        for (id, service) in &counts.services {
            let is_elsewhere = landscape.find(id).is_some_and(|index| {
                let status = landscape.service(index).status;
                matches!(status, SanctionStatus::Unsanctioned | SanctionStatus::Unreviewed)
            });
            if is_elsewhere {
                let below = below.iter().filter_map(|counts| counts.services.get(id));
                let days_below: u32 = below.map(|service| service.days).sum();
                let is_shown = is_segment && shown.contains(id.as_str());
                self.segment_by_service.enter(service.days - days_below, is_shown);
            }
        }
    }
}

/// The nodes of the main dimension, by the one right above.
fn children<'r>(rollup: &'r Rollup, main: &str) -> HashMap<Option<Segment>, Vec<&'r Node>> {
    let mut children: HashMap<Option<Segment>, Vec<&Node>> = HashMap::new();
    for (segment, node) in &rollup.nodes {
        if let Some(segment) = segment.as_ref().filter(|segment| segment.dimension() == main) {
            children.entry(segment.parent()).or_default().push(node);
        }
    }
    children
}

/// Whole percent, rounded down; `None` of nothing.
pub(super) fn percent(part: u64, whole: u64) -> Option<u8> {
    let percent = part.saturating_mul(100).checked_div(whole)?.min(100);
    Some(u8::try_from(percent).expect("it is at most 100"))
}
