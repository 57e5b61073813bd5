//! The journey: what we want our customers to become, the way still to go, and when we are there at the present pace.
//!
//! The way is measured in points of the share of need with us alone. *Now* is the mean of the newest four weeks that show
//! it. The *pace* is the middle one of the slopes between all pairs of weeks on the line (Theil, *A rank-invariant method
//! of linear regression*, 1950; Sen, 1968), which one odd week does not turn. Of fewer than [`FEWEST_WEEKS`] weeks there
//! is none.

use jiff::{Span, civil::Date};

use super::{History, LINE_WEEKS, followed_up::share_with_us};
use crate::journal::Target;

/// Fewest weeks that a pace is told from.
pub const FEWEST_WEEKS: usize = 6;
/// Weeks that "now" is the mean of.
const WEEKS_OF_NOW: usize = 4;
/// Points a week under which there is no pace.
const LEAST_PACE: f64 = 0.05;

/// A target, and the way to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way<'j> {
    /// What is aimed at.
    pub target: &'j Target,
    /// Share with us alone now, in points of 100; `None` where it is not shown.
    pub now: Option<f64>,
    /// When it is met at the present pace.
    pub arrival: Arrival,
}

/// When a target is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is.
    Met,
    /// About then.
    On(Date),
    /// Not as things go.
    NotAtThisPace,
    /// Too few weeks to tell, or withheld.
    CannotTell,
}

/// The way to a target in the history's week.
#[expect(clippy::cast_precision_loss, reason = "thirteen weeks")]
pub fn way<'j>(history: &History<'_>, target: &'j Target) -> Way<'j> {
    let this = history.this().week;
    let share = |weeks_ago: usize| {
        let week = this.plus(-i64::try_from(weeks_ago).expect("thirteen"));
        share_with_us(history, target.segment.as_ref(), &target.need, week)
    };
    let weeks: Vec<(f64, f64)> =
        (0..LINE_WEEKS).filter_map(|ago| Some((-(ago as f64), share(ago)?))).collect();
    let newest: Vec<f64> = weeks.iter().take(WEEKS_OF_NOW).map(|(_, share)| *share).collect();
    let now = (!newest.is_empty()).then(|| newest.iter().sum::<f64>() / newest.len() as f64);
    let to_go = now.map(|now| f64::from(target.ours_alone) - now);
    let arrival = match (to_go, slope(&weeks)) {
        (Some(to_go), _) if to_go <= 0.0 => Arrival::Met,
        (Some(_), Some(slope)) if slope < LEAST_PACE => Arrival::NotAtThisPace,
        (Some(to_go), Some(slope)) => on(this.sunday(), to_go / slope),
        _ => Arrival::CannotTell,
    };
    Way { target, now, arrival }
}

/// Ten years are never.
#[expect(clippy::cast_possible_truncation, reason = "ten years of days at most")]
fn on(from: Date, weeks: f64) -> Arrival {
    const TEN_YEARS: f64 = 520.0;
    if weeks > TEN_YEARS {
        return Arrival::NotAtThisPace;
    }
    Arrival::On(from.saturating_add(Span::new().days((weeks * 7.0).ceil() as i64)))
}

/// Points a week.
fn slope(weeks: &[(f64, f64)]) -> Option<f64> {
    if weeks.len() < FEWEST_WEEKS {
        return None;
    }
    let later = |at: usize| weeks[at + 1..].iter().map(move |other| (weeks[at], *other));
    let slope = |((week, share), (other_week, other)): ((f64, f64), (f64, f64))| {
        (share - other) / (week - other_week)
    };
    let mut slopes: Vec<f64> = (0..weeks.len()).flat_map(later).map(slope).collect();
    slopes.sort_by(f64::total_cmp);
    Some(slopes[slopes.len() / 2])
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::insight::tests::{history, need, segment, weeks};

    /// Nine weeks up to W46, which ends on 15 November, with these points of us alone.
    fn arrival(points: impl Fn(u32) -> u32) -> (Option<f64>, Arrival) {
        let published = weeks(|ago| {
            let ours = points(ago);
            vec![segment("all", vec![need("send-once", true, [ours, 0, 0, 1000 - ours])])]
        });
        let target = Target {
            segment: None,
            need: "send-once".to_owned(),
            ours_alone: 80,
            by: date(2027, 3, 31),
            line: 1,
        };
        let way = way(&history(&published), &target);
        (way.now, way.arrival)
    }

    #[test]
    fn the_present_pace_says_when() {
        // One point a week up to 70; the mean of four weeks is 68.5.
        let (now, arrival_) = arrival(|ago| 700 - 10 * ago);
        assert_eq!(now, Some(68.5));
        assert_eq!(arrival_, Arrival::On(date(2027, 2, 4)), "11.5 weeks on");
        let odd_week = |ago| 700 - 10 * ago - if ago == 3 { 300 } else { 0 };
        assert_eq!(arrival(odd_week).1, Arrival::On(date(2027, 3, 28)), "further to go, at the same pace");
    }

    #[test]
    fn a_target_is_met_or_never_or_unknown() {
        assert_eq!(arrival(|_| 850).1, Arrival::Met);
        assert_eq!(arrival(|_| 700).1, Arrival::NotAtThisPace);
        assert_eq!(arrival(|ago| 700 + 10 * ago).1, Arrival::NotAtThisPace);
        let nobody = Target {
            segment: Some("department:Sales".parse().unwrap()),
            need: "send-once".to_owned(),
            ours_alone: 80,
            by: date(2027, 3, 31),
            line: 1,
        };
        let published = weeks(|_| vec![segment("all", Vec::new())]);
        assert_eq!(way(&history(&published), &nobody).arrival, Arrival::CannotTell);
    }
}
