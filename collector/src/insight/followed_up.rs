//! Did it work: a decision's segment before and after it, beside the segments in which nothing was changed.
//!
//! - **What**: the share of need with us alone, in points of 100, as the mean of its weeks.
//! - **Before**: the four weeks before the decision's week. **After**: the newest four weeks since, that week left out.
//! - **Effect**: how much more the segment changed than the unchanged ones did on average (difference in differences).
//!   Unchanged are the segments beside it for which no decision or change about the need was written down since the
//!   weeks before.
//! - **Interval**: one segment has no spread of its own, so how far the unchanged ones lie from each other stands for it
//!   (Conley and Taber, *Inference with "difference in differences" with a small number of policy changes*, 2011), as the
//!   interval of one more of them: Student's t, the spread times the root of one and one over their number.
//! - **Too few to tell**: fewer than [`FEWEST_UNCHANGED`] of them. **Too early**: fewer than three weeks since.

use super::{History, is_ancestor, why::Interval};
use crate::{
    journal::{Decision, Journal},
    segment::Segment,
    week::Week,
};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Fewest unchanged segments that a segment is compared with.
pub const FEWEST_UNCHANGED: usize = 4;
/// Most weeks before and after.
const WEEKS: i64 = 4;
/// Fewest weeks before, and after.
const FEWEST_BEFORE: usize = 2;
const FEWEST_AFTER: usize = 3;

/// A decision, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct FollowedUp<'j> {
    /// What was decided.
    pub decision: &'j Decision,
    /// Share of need with us alone before and after, in the segment.
    pub segment: Option<(f64, f64)>,
    /// The same as a mean of the unchanged segments.
    pub unchanged: Option<(f64, f64)>,
    /// Did it work?
    pub outcome: Outcome,
}

/// What came of a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// More with us than without it, by so many points.
    Worked(Interval),
    /// Fewer with us than without it.
    Backfired(Interval),
    /// The interval holds no effect.
    NoEffect(Interval),
    /// Fewer than three weeks since.
    TooEarly,
    /// Too few unchanged segments to compare with.
    TooFewToTell,
    /// A share that it takes is withheld.
    NotShown,
}

impl Outcome {
    /// As API and pages spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worked(_) => "worked",
            Self::Backfired(_) => "backfired",
            Self::NoEffect(_) => "no_effect",
            Self::TooEarly => "too_early",
            Self::TooFewToTell => "too_few_to_tell",
            Self::NotShown => "not_shown",
        }
    }
}

/// The weeks that one decision is judged by.
struct Weeks {
    before: Vec<Week>,
    after: Vec<Week>,
}

/// The weeks before a decision that judging it takes.
pub fn weeks_before(decision: &Decision) -> impl Iterator<Item = Week> {
    let taken = Week::of(decision.date);
    (1..=WEEKS).rev().map(move |weeks| taken.plus(-weeks))
}

/// What came of a decision by the history's week.
pub fn follow_up<'j>(history: &History<'_>, journal: &'j Journal, decision: &'j Decision) -> FollowedUp<'j> {
    let nothing = |outcome| FollowedUp { decision, segment: None, unchanged: None, outcome };
    let (this, taken) = (history.this().week, Week::of(decision.date));
    let since = (1..=WEEKS).map(|weeks| this.plus(weeks - WEEKS)).filter(|week| *week > taken);
    let weeks = Weeks { before: weeks_before(decision).collect(), after: since.collect() };
    if weeks.after.len() < FEWEST_AFTER {
        return nothing(Outcome::TooEarly);
    }
    let Some(own) = change(history, decision.segment.as_ref(), &decision.need, &weeks) else {
        return nothing(Outcome::NotShown);
    };
    let others: Vec<(f64, f64)> = beside(history, decision)
        .filter(|segment| !is_changed(journal, decision, segment, weeks.before[0]))
        .filter_map(|segment| change(history, Some(segment), &decision.need, &weeks))
        .collect();
    let outcome = effect(own, &others).map_or(Outcome::TooFewToTell, |effect| match effect {
        Interval { low, .. } if low > 0.0 => Outcome::Worked(effect),
        Interval { high, .. } if high < 0.0 => Outcome::Backfired(effect),
        _ => Outcome::NoEffect(effect),
    });
    let unchanged =
        mean(others.iter().map(|(before, _)| *before)).zip(mean(others.iter().map(|(_, after)| *after)));
    FollowedUp { decision, segment: Some(own), unchanged, outcome }
}

/// Segments of the same dimension and depth, neither it nor above or below it.
fn beside<'w>(history: &History<'w>, decision: &Decision) -> impl Iterator<Item = &'w Segment> {
    let own = decision.segment.clone();
    let rows = history.this().segments.iter().filter_map(|row| row.segment.as_ref());
    rows.filter(move |segment| {
        own.as_ref().is_some_and(|own| {
            segment.dimension() == own.dimension() && depth(segment) == depth(own) && *segment != own
        })
    })
}

fn depth(segment: &Segment) -> usize {
    std::iter::successors(segment.parent(), Segment::parent).count()
}

/// Something else was done about the need there, or for everybody, since the weeks before.
fn is_changed(journal: &Journal, decision: &Decision, segment: &Segment, from: Week) -> bool {
    let reaches = |about: Option<&Segment>| {
        about.is_none_or(|about| {
            about == segment || is_ancestor(about, segment) || is_ancestor(segment, about)
        })
    };
    let decided = journal.decisions.iter().filter(|other| other.number != decision.number);
    let decided = decided.map(|other| (other.date, &other.need, other.segment.as_ref()));
    // What everybody got, the segment itself got too.
    let changes = journal.changes.iter().filter(|change| change.segment.is_some());
    let changed = changes.map(|change| (change.date, &change.need, change.segment.as_ref()));
    decided
        .filter(|(_, _, about)| about.is_some())
        .chain(changed)
        .any(|(date, need, about)| *need == decision.need && Week::of(date) >= from && reaches(about))
}

/// Mean shares before and after.
fn change(history: &History<'_>, segment: Option<&Segment>, need: &str, weeks: &Weeks) -> Option<(f64, f64)> {
    let shares = |weeks: &[Week], fewest: usize| {
        let share = |week: &Week| share_with_us(history, segment, need, *week);
        let shares: Vec<f64> = weeks.iter().filter_map(share).collect();
        mean(shares.iter().copied()).filter(|_| shares.len() >= fewest)
    };
    Some((shares(&weeks.before, FEWEST_BEFORE)?, shares(&weeks.after, FEWEST_AFTER)?))
}

/// In points of 100; `None` where a part is withheld.
pub(super) fn share_with_us(
    history: &History<'_>,
    segment: Option<&Segment>,
    need: &str,
    week: Week,
) -> Option<f64> {
    let parts = history.published(week)?.segment(segment)?.need(need)?.parts()?;
    let days: u32 = parts.iter().sum();
    (days > 0).then(|| 100.0 * f64::from(parts[0]) / f64::from(days))
}

/// How much more the own one changed; `None` beside too few others.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 segments")]
fn effect(own: (f64, f64), others: &[(f64, f64)]) -> Option<Interval> {
    let count = Some(others.len()).filter(|count| *count >= FEWEST_UNCHANGED)? as f64;
    let changes: Vec<f64> = others.iter().map(|(before, after)| after - before).collect();
    let usual = mean(changes.iter().copied())?;
    let squares = changes.iter().map(|change| (change - usual).powi(2)).sum::<f64>();
    let spread = (squares / (count - 1.0)).sqrt();
    let reach = StudentsT::new(0.0, 1.0, count - 1.0).ok()?.inverse_cdf(0.975)
        * (spread * (1.0 + 1.0 / count).sqrt()).max(LEAST_SPREAD);
    let value = own.1 - own.0 - usual;
    Some(Interval { value, low: value - reach, high: value + reach })
}

/// What the rounding of published days alone moves a share by, in points.
const LEAST_SPREAD: f64 = 0.5;

fn mean(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = figures.fold((0.0, 0_u32), |(sum, count), figure| (sum + figure, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests;
