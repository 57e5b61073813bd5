//! Whether the clock may be believed when something is to be done for good.
//!
//! A week that is frozen stays so, and one that is forgotten is gone, so both would suffer from a clock that is far ahead for
//! an hour. A clock that stands more than 8 days after the last night's work is in doubt: the work is put off to the next
//! night, and done then if the clock still goes on from there, as after a collector was off for a month. A clock that is
//! wrong for longer than that is believed; what it forgot is sent again once it is right. One that goes back is
//! believed at once: what is early harms nothing.

use jiff::{SignedDuration, Timestamp};

/// A collector that is off over the holidays is not doubted; past it, a night's delay harms no figure.
const MOST_BETWEEN_NIGHTS: SignedDuration = SignedDuration::from_hours(8 * 24);
/// Less than from one night to the next, also where clocks go forward in between.
const A_NIGHT: SignedDuration = SignedDuration::from_hours(20);

/// What is remembered of the nights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nights {
    /// When the work was begun last.
    pub last: Option<Timestamp>,
    /// When the clock that is in doubt was first seen.
    pub doubted: Option<Timestamp>,
}

impl Nights {
    /// Is the clock in doubt?
    pub fn doubt(&self, now: Timestamp) -> bool {
        self.last.is_some_and(|last| now.duration_since(last) > MOST_BETWEEN_NIGHTS)
    }

    /// What is to be remembered when there is work at `now`. It is to be done if `last` is `now`.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let works = Self { last: Some(now), doubted: None };
        if !self.doubt(now) {
            return works;
        }
        match self.doubted.map(|since| now.duration_since(since)) {
            Some(passed) if (SignedDuration::ZERO..A_NIGHT).contains(&passed) => self,
            Some(passed) if (A_NIGHT..=MOST_BETWEEN_NIGHTS).contains(&passed) => works,
            _ => Self { doubted: Some(now), ..self },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Whether there is work at each of these times.
    fn works<const N: usize>(times: [&str; N]) -> [bool; N] {
        let mut nights = Nights::default();
        times.map(|time| {
            nights = nights.at(at(time));
            nights.last == Some(at(time))
        })
    }

    #[test]
    fn the_night_after_a_jump_is_put_off_and_the_next_is_not() {
        let usual = works(["2026-11-18T01:30:00Z", "2026-11-19T01:30:00Z", "2026-11-26T01:30:00Z"]);
        assert_eq!(usual, [true; 3]);
        let off = [
            "2026-11-18T01:30:00Z",
            "2026-12-18T09:00:00Z",
            "2026-12-18T09:10:00Z",
            "2026-12-19T01:30:00Z",
            "2026-12-20T01:30:00Z",
            "2026-12-21T01:30:00Z",
        ];
        assert_eq!(works(off), [true, false, false, false, true, true]);
    }

    #[test]
    fn a_clock_that_jumps_about_is_doubted_anew_and_one_that_is_right_again_is_not() {
        let wild =
            ["2026-11-18T01:30:00Z", "2027-11-18T01:30:00Z", "2028-11-18T01:30:00Z", "2027-11-18T01:30:00Z"];
        assert_eq!(works(wild), [true, false, false, false]);
        let right = ["2026-11-18T01:30:00Z", "2027-11-18T01:30:00Z", "2026-11-19T01:30:00Z"];
        assert_eq!(works(right), [true, false, true]);
        let behind = ["2026-11-18T01:30:00Z", "2019-01-01T01:30:00Z", "2019-01-02T01:30:00Z"];
        assert_eq!(works(behind), [true; 3]);
    }
}
