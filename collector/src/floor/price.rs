//! What the floor costs: the share of customer-days elsewhere that its rows still show.

use crate::{
    portfolio::{Landscape, SanctionStatus},
    published::{Price, PublishedWeek},
    rollup::{NeedCounts, Rollup},
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
    let (mut organisation, mut by_need, mut by_service) =
        (Account::default(), Account::default(), Account::default());
    for (segment, node) in &rollup.nodes {
        if segment.as_ref().is_some_and(|segment| segment.dimension() != main) {
            continue;
        }
        let Some(row) = published.segment(segment.as_ref()) else { continue };
        for (need, counts) in &node.needs {
            let Some(row) = row.need(need) else { continue };
            if segment.is_none() {
                organisation.enter(counts.days_elsewhere(), row.elsewhere.shown().is_some());
            }
            let below = children(rollup, segment.as_ref(), main).filter_map(|node| node.needs.get(need));
            let below: Vec<&NeedCounts> = below.collect();
            let days_below: u32 = below.iter().map(|counts| counts.days_elsewhere()).sum();
            by_need.enter(
                counts.days_elsewhere() - days_below,
                segment.is_some() && row.elsewhere.shown().is_some(),
            );
            for (id, service) in &counts.services {
                let days_below: u32 = below
                    .iter()
                    .filter_map(|counts| counts.services.get(id))
                    .map(|service| service.days)
                    .sum();
                let is_elsewhere = landscape.find(id).is_some_and(|index| {
                    let status = landscape.service(index).status;
                    matches!(status, SanctionStatus::Unsanctioned | SanctionStatus::Unreviewed)
                });
                if is_elsewhere {
                    let shown = row.service(id).is_some_and(|row| row.customer_days.shown().is_some());
                    by_service.enter(service.days - days_below, segment.is_some() && shown);
                }
            }
        }
    }
    Costs { organisation_by_need: organisation, segment_by_need: by_need, segment_by_service: by_service }
}

fn children<'r>(
    rollup: &'r Rollup,
    parent: Option<&'r Segment>,
    main: &'r str,
) -> impl Iterator<Item = &'r crate::rollup::Node> {
    let below = move |(segment, node)| {
        let segment: &Option<Segment> = segment;
        let segment = segment.as_ref().filter(|segment| segment.dimension() == main)?;
        (segment.parent().as_ref() == parent).then_some(node)
    };
    rollup.nodes.iter().filter_map(below)
}

/// Whole percent, rounded down; `None` of nothing.
pub(super) fn percent(part: u64, whole: u64) -> Option<u8> {
    let percent = part.saturating_mul(100).checked_div(whole)?.min(100);
    Some(u8::try_from(percent).expect("it is at most 100"))
}
