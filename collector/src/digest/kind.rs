//! Which page a week is written as, the first that holds:
//!
//! 1. **Pilot**: under [`PILOT_UNDER`] customers were seen in the week, all segments together.
//! 2. **First weeks**: nothing of what was seen had been reviewed when the week was published: no need is served, and
//!    no service has a status.
//! 3. **Quiet**: nothing moved, nobody came back, nothing is to be reviewed, no signal was told in the week or the
//!    morning after, no gain was retired, and no decision is to be looked at again before the end of the next week.
//! 4. **Usual**: any other week.

use jiff::Span;
use serde::Serialize;

use super::compose::is_in;
use crate::{
    insight::{Headline, History, Insight, Known},
    portfolio::SanctionStatus,
    published::PublishedSegment,
    segment::Segment,
};

/// Fewer customers than these are a pilot: rounded to 5, a share of them moves by ten points with one step.
pub(super) const PILOT_UNDER: u32 = 50;

/// Which page it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PageKind {
    /// All there is to say.
    Usual,
    /// Nothing moved.
    Quiet,
    /// Nobody has reviewed anything yet.
    FirstWeeks,
    /// Too few for a figure that compares.
    Pilot,
}

impl PageKind {
    /// Of the week for a segment.
    pub(super) fn of(
        history: &History<'_>,
        insight: &Insight<'_>,
        known: Known<'_>,
        root: Option<&Segment>,
    ) -> Self {
        let everybody = history.this().segment(None);
        match everybody {
            Some(row) if row.customers.shown().is_some_and(|seen| seen >= PILOT_UNDER) => {}
            _ => return Self::Pilot,
        }
        if everybody.is_some_and(is_not_reviewed) {
            return Self::FirstWeeks;
        }
        if is_quiet(history, insight, known, root) { Self::Quiet } else { Self::Usual }
    }
}

fn is_not_reviewed(row: &PublishedSegment) -> bool {
    row.needs.iter().all(|need| {
        let statuses = need.services.iter().map(|service| service.sanction_status);
        !need.served && statuses.into_iter().all(|status| status == SanctionStatus::Unreviewed)
    })
}

fn is_quiet(history: &History<'_>, insight: &Insight<'_>, known: Known<'_>, root: Option<&Segment>) -> bool {
    let week = history.this().week;
    let told = week.monday()..=week.plus(1).monday();
    let signals = known.signals.iter().filter(|signal| is_in(signal.segment.as_ref(), root));
    let next_page = week.sunday().saturating_add(Span::new().days(7));
    let open = known.journal.open(week.sunday());
    let due = open
        .filter(|decision| is_in(decision.segment.as_ref(), root))
        .any(|decision| decision.review.is_some_and(|review| review <= next_page));
    matches!(insight.headline, Headline::Quiet)
        && insight.movements.is_empty()
        && insight.retired.is_empty()
        && insight.came_back_to.is_empty()
        && insight.to_review.is_empty()
        && !signals.into_iter().any(|signal| told.contains(&signal.released))
        && !due
}
