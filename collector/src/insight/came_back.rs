//! Who came back: where more than usual left elsewhere for us.
//!
//! Who uses both always comes and goes, and a week of few may withhold them. So the shown events of four weeks are added up:
//! more must have come back than left, and the figures must have changed by more than chance makes of them (`change`): more
//! came back than before, or the days elsewhere are fewer, or those with us alone are more.

use super::{History, Line, MOST_LISTED, activity, change::Samples, lies_below};
use crate::{
    published::{Figure, PublishedNeed, PublishedSegment, customers_step},
    segment::Segment,
};

/// Weeks whose events are added up.
const WEEKS: usize = 4;

/// Customers who came back for a need.
#[derive(Clone, Copy, Debug)]
pub struct CameBack<'w> {
    /// Who.
    pub segment: &'w PublishedSegment,
    /// For what.
    pub need: &'w PublishedNeed,
    /// How many in four weeks, at least: each week's are rounded down.
    pub customers: u32,
}

/// The most precise segments at and below the root, most customers first.
pub(super) fn find<'w>(
    history: &History<'w>,
    root: Option<&Segment>,
    main_dimension: &str,
) -> Vec<CameBack<'w>> {
    let mut found: Vec<_> = Vec::new();
    for segment in history.below(root, main_dimension) {
        found.extend(segment.needs.iter().filter_map(|need| judge(history, segment, need)));
    }
    // A row goes where one below it says the same.
    let all = found.clone();
    found.retain(|back| {
        !all.iter().any(|other| other.need.need == back.need.need && lies_below(other.segment, back.segment))
    });
    found.sort_by_key(|back| std::cmp::Reverse(back.customers));
    found.truncate(MOST_LISTED);
    found
}

fn judge<'w>(
    history: &History<'w>,
    segment: &'w PublishedSegment,
    need: &'w PublishedNeed,
) -> Option<CameBack<'w>> {
    let rows = history.rows(segment.segment.as_ref());
    let line = |of: fn(&PublishedNeed) -> Figure| {
        Line(rows.iter().map(|row| of(row.as_ref()?.need(&need.need)?).shown()).collect())
    };
    let [back, left] = [line(|need| need.came_back), line(|need| need.left)];
    let sum = |line: &Line| line.0.iter().rev().take(WEEKS).flatten().sum::<u32>();
    let customers = Some(sum(&back)).filter(|customers| *customers > sum(&left))?;
    let exposures = activity::exposures(&need.need, &rows);
    let unseen = vec![Some(history.this().minimum_group.saturating_sub(1)); rows.len()];
    let step = customers_step(history.this().minimum_group);
    let days = |of| Samples::of(&line(of), 2 * step, &exposures, &[]);
    let has_changed = Samples::of(&back, step, &exposures, &unseen).rose()
        || days(|need| need.elsewhere).fell()
        || days(|need| need.elsewhere_alone).fell()
        || days(|need| need.ours_alone).rose();
    has_changed.then_some(CameBack { segment, need, customers })
}
