//! How busy a segment is in one week beside another, so that a holiday, an onboarding or a reorganisation is no movement.
//!
//! The measure is the sum of the customer-days of all other needs that both weeks show: what happens to one need is
//! judged by how busy the segment was with the rest. Where there is no other, nothing is known and nothing is changed.

use crate::published::PublishedSegment;

/// Customer-days of all needs but one that both weeks show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Activity {
    now: u64,
    then: u64,
}

impl Activity {
    /// `need` is the one that is judged.
    pub(super) fn beside(need: &str, now: &PublishedSegment, then: Option<&PublishedSegment>) -> Self {
        let mut activity = Self::default();
        for (place, other) in now.needs.iter().enumerate().filter(|(_, other)| other.need != need) {
            // Weeks have the catalog's needs in its order, so that hardly any has to be looked for.
            let same = |then: &PublishedSegment| {
                let known = then.needs.get(place).filter(|known| known.need == other.need);
                known.or_else(|| then.need(&other.need))?.customer_days.shown()
            };
            if let (Some(days), Some(before)) = (other.customer_days.shown(), then.and_then(same)) {
                activity.now += u64::from(days);
                activity.then += u64::from(before);
            }
        }
        activity
    }

    /// What a figure of then would be now, were nothing else but how busy they are another thing; not less than it was.
    pub(super) fn grown(self, then: u32) -> u32 {
        self.scaled(then).max(then)
    }

    /// The same, not more than it was.
    pub(super) fn shrunk(self, then: u32) -> u32 {
        self.scaled(then).min(then)
    }

    fn scaled(self, then: u32) -> u32 {
        let scaled = (u64::from(then) * self.now).checked_div(self.then);
        scaled.map_or(then, |scaled| u32::try_from(scaled).unwrap_or(u32::MAX))
    }
}

/// How busy the segment of these rows, oldest first, was beside a need, from this week backward, this week being 1; `None`
/// where it has no row. Where nothing is known it was as busy.
pub(super) fn exposures(need: &str, rows: &[Option<&PublishedSegment>]) -> Vec<Option<f64>> {
    let Some(Some(now)) = rows.last() else { return Vec::new() };
    let beside_now = |then: Option<&PublishedSegment>| {
        let Activity { now, then } = Activity::beside(need, now, Some(then?));
        #[expect(clippy::cast_precision_loss, reason = "days are far below 2^52")]
        Some(if now > 0 && then > 0 { then as f64 / now as f64 } else { 1.0 })
    };
    rows.iter().rev().copied().map(beside_now).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insight::tests::{need, segment};

    #[test]
    fn a_holiday_is_seen_in_all_needs_together() {
        let week = |days: u32, of_files: u32| {
            let parts = |days| [days, 0, 0, days / 4];
            segment("all", vec![need("email", true, parts(days)), need("send-once", true, parts(of_files))])
        };
        let beside = |now, then| Activity::beside("send-once", &now, Some(&then));
        let activity = beside(week(1000, 900), week(800, 100));
        assert_eq!((activity.grown(80), activity.shrunk(80)), (100, 80));
        let activity = beside(week(800, 900), week(1000, 100));
        assert_eq!((activity.grown(100), activity.shrunk(100)), (100, 80));
        let only = |days| segment("all", vec![need("send-once", true, [days, 0, 0, 0])]);
        assert_eq!(beside(only(1000), only(800)).grown(80), 80, "nothing to compare with");
    }
}
