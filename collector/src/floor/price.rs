//! What the floor costs: the share of customer-days elsewhere that its rows still show.

use crate::{
    portfolio::{Landscape, SanctionStatus},
    published::{Figure, Price, PublishedNeed, PublishedWeek},
    rollup::{NeedCounts, Rollup},
    segment::Segment,
};

/// Shown days of all days.
#[derive(Default)]
struct Account {
    shown: u64,
    all: u64,
}

impl Account {
    fn enter(&mut self, days: u32, shown: bool) {
        self.all += u64::from(days);
        self.shown += if shown { u64::from(days) } else { 0 };
    }
}

/// Compares the rollup with what is published of it.
///
/// A customer counts at the segment of the main dimension it is directly in; days of customers in no segment count
/// as not shown by segment.
pub(super) fn of(rollup: &Rollup, landscape: &Landscape, published: &PublishedWeek, main: &str) -> Price {
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
                organisation.enter(counts.days_elsewhere(), shows_elsewhere(row));
            }
            let below = children(rollup, segment.as_ref(), main).filter_map(|node| node.needs.get(need));
            let below: Vec<&NeedCounts> = below.collect();
            let days_below: u32 = below.iter().map(|counts| counts.days_elsewhere()).sum();
            by_need.enter(counts.days_elsewhere() - days_below, segment.is_some() && shows_elsewhere(row));
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
    Price {
        organisation_by_need: percent(organisation.shown, organisation.all),
        segment_by_need: percent(by_need.shown, by_need.all),
        segment_by_service: percent(by_service.shown, by_service.all),
    }
}

/// The days elsewhere can be read: both parts are shown, or only they are withheld and so their sum is.
fn shows_elsewhere(row: &PublishedNeed) -> bool {
    let shown = |figure: Figure| figure.shown().is_some();
    let with_others = shown(row.customer_days) && shown(row.ours_alone) && shown(row.tolerated);
    (shown(row.both) && shown(row.elsewhere_alone)) || with_others
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
