//! Movements: where customers began to go elsewhere in four weeks.
//!
//! A movement is judged on the customer-days *elsewhere alone* of one need in one segment: this week against four weeks
//! ago, or the oldest week since then that is shown. It counts where the gain is at least [`LEAST_DAYS`], a
//! tenth of what was there, and more than twice the usual swing of that line before the four weeks. Without four weeks
//! of history there is no movement; nor in a segment of which under 70 % of the devices reported.
//!
//! A segment speaks for its parent where it has at least half of the parent's gain; else the parent speaks.

use super::{History, Line, elsewhere, is_ancestor};
use crate::{
    portfolio::SanctionStatus,
    published::{PublishedNeed, PublishedSegment, PublishedService},
    segment::Segment,
};

/// Most movements on a page.
pub const MOST_MOVEMENTS: usize = 5;
/// Weeks over which a gain is judged.
const WEEKS: usize = 4;
/// Fewest customer-days that are called a movement: two customers' working weeks.
const LEAST_DAYS: u32 = 10;
/// Fewest devices reporting, in percent.
const LEAST_REPORTING: u8 = 70;

/// A need that moved in a segment.
#[derive(Clone, Debug)]
pub struct Movement<'w> {
    /// The segment's row this week.
    pub segment: &'w PublishedSegment,
    /// The need's row this week.
    pub need: &'w PublishedNeed,
    /// The need's row last week.
    pub last_week: Option<&'w PublishedNeed>,
    /// The need's row in the week it is judged against.
    pub before: &'w PublishedNeed,
    /// How many weeks ago that was.
    pub weeks: usize,
    /// Customer-days elsewhere alone gained since then.
    pub gained: u32,
}

impl<'w> Movement<'w> {
    /// Services elsewhere, most customers first.
    pub fn services(&self) -> impl Iterator<Item = &'w PublishedService> {
        let elsewhere = |service: &&PublishedService| {
            matches!(service.sanction_status, SanctionStatus::Unsanctioned | SanctionStatus::Unreviewed)
        };
        self.need.services.iter().filter(elsewhere)
    }

    /// It crossed: more days elsewhere alone than with us alone now, and not before.
    pub fn crossed(&self) -> bool {
        self.exceeds() && !exceeds(self.before)
    }

    /// More days elsewhere alone than with us alone, now.
    pub fn exceeds(&self) -> bool {
        exceeds(self.need)
    }
}

fn exceeds(need: &PublishedNeed) -> bool {
    let ours = need.ours_alone.shown().filter(|_| need.served);
    ours.is_some_and(|ours| elsewhere(need) > ours)
}

/// The gains at and below the root, largest first.
pub(super) fn find<'w>(
    history: &History<'w>,
    root: Option<&Segment>,
    main_dimension: &str,
) -> Vec<Movement<'w>> {
    let mut found = Vec::new();
    for segment in history.below(root, main_dimension) {
        if segment.trust.is_some_and(|trust| trust.devices_reporting >= LEAST_REPORTING) {
            found.extend(segment.needs.iter().filter_map(|need| judge(history, segment, need)));
        }
    }
    let mut speaking = most_precise(&found);
    speaking.sort_by_key(|movement| std::cmp::Reverse(movement.gained));
    speaking.truncate(MOST_MOVEMENTS);
    speaking
}

fn judge<'w>(
    history: &History<'w>,
    segment: &'w PublishedSegment,
    need: &'w PublishedNeed,
) -> Option<Movement<'w>> {
    let at = |weeks| history.need(segment.segment.as_ref(), &need.need, weeks);
    let shown = |weeks: &usize| at(*weeks).is_some_and(|need| need.elsewhere_alone.shown().is_some());
    // The week must be there, even where the floor withheld the figure in it.
    history.segment(None, WEEKS)?;
    let weeks = (1..=WEEKS).rev().find(shown)?;
    let before = at(weeks)?;
    let gained = need.elsewhere_alone.shown()?.checked_sub(elsewhere(before))?;
    let line = history
        .line(|week| week.segment(segment.segment.as_ref())?.need(&need.need)?.elsewhere_alone.shown());
    let beyond_usual = gained > usual(&line).saturating_mul(2);
    let moved = gained >= LEAST_DAYS && gained >= elsewhere(before) / 10 && beyond_usual;
    moved.then_some(Movement { segment, need, last_week: at(1), before, weeks, gained })
}

/// The usual swing before the four weeks; where history is shorter, of all weeks; where it is too short, nothing.
fn usual(line: &Line) -> u32 {
    line.swing_before(WEEKS).or_else(|| line.swing_before(0)).unwrap_or(0)
}

fn most_precise<'w>(found: &[Movement<'w>]) -> Vec<Movement<'w>> {
    let spoken_for = |movement: &Movement<'_>| {
        found.iter().any(|lower| is_below(lower, movement) && lower.gained >= movement.gained.div_ceil(2))
    };
    let speaks: Vec<&Movement<'w>> = found.iter().filter(|movement| !spoken_for(movement)).collect();
    let covered = |movement: &Movement<'_>| speaks.iter().any(|upper| is_below(movement, upper));
    speaks.iter().filter(|movement| !covered(movement)).map(|movement| (*movement).clone()).collect()
}

/// The same need, in a segment below.
fn is_below(lower: &Movement<'_>, upper: &Movement<'_>) -> bool {
    let segments = match (&upper.segment.segment, &lower.segment.segment) {
        (None, Some(_)) => true,
        (Some(upper), Some(lower)) => is_ancestor(upper, lower),
        (_, None) => false,
    };
    segments && upper.need.need == lower.need.need
}
