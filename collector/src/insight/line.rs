//! One figure over thirteen weeks, and what is usual for it.

/// Weeks on a line: a quarter of a year.
pub const LINE_WEEKS: usize = 13;

/// Changes or weeks that are needed before anything is called usual.
const ENOUGH: usize = 3;

/// A figure week by week, oldest first, this week last; `None` where it is not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line(pub Vec<Option<u32>>);

impl Line {
    /// This week.
    pub fn now(&self) -> Option<u32> {
        self.weeks_ago(0)
    }

    /// The week before.
    pub fn last_week(&self) -> Option<u32> {
        self.weeks_ago(1)
    }

    /// Some weeks before this one.
    pub fn weeks_ago(&self, weeks: usize) -> Option<u32> {
        let at = self.0.len().checked_sub(1 + weeks)?;
        self.0[at]
    }

    /// The middle one of the changes from week to week, this week's left out; `None` of fewer than three.
    pub fn swing(&self) -> Option<u32> {
        self.swing_before(1)
    }

    /// The middle one of the changes from week to week, those of the newest weeks left out.
    pub fn swing_before(&self, newest: usize) -> Option<u32> {
        let known = self.0.get(..self.0.len().checked_sub(newest)?)?;
        let changes = known.windows(2).filter_map(|pair| Some(pair[0]?.abs_diff(pair[1]?)));
        let mut changes: Vec<u32> = changes.collect();
        changes.sort_unstable();
        (changes.len() >= ENOUGH).then(|| changes[changes.len() / 2])
    }

    /// The middle half of the weeks before this one; `None` of fewer than three.
    pub fn range(&self) -> Option<(u32, u32)> {
        let (_, before) = self.0.split_last()?;
        let mut known: Vec<u32> = before.iter().copied().flatten().collect();
        known.sort_unstable();
        let cut = known.len() / 4;
        (known.len() >= ENOUGH).then(|| (known[cut], known[known.len() - 1 - cut]))
    }
}
