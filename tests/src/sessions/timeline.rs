//! The clock of a session: pauses are played short and written long.
//!
//! While people read or programs rest, nothing is on the wire, so a pause of minutes is played in a fraction of a second
//! and the rest of it is added to the time stamps of all that comes after. What happens between two pauses keeps the time
//! that it took, but for stretches that are said to be played faster than life, whose times are drawn out evenly.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// What has to be added where.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    pauses: Vec<Pause>,
    fast: Vec<Fast>,
}

/// Time added at a moment of the playing.
#[derive(Debug, Clone, Copy)]
struct Pause {
    at_us: i64,
    added_us: i64,
}

/// A stretch played faster than life.
#[derive(Debug, Clone, Copy)]
struct Fast {
    from: Timestamp,
    played: SignedDuration,
    told: SignedDuration,
}

/// What was done to the time, for the reader of a session.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    /// Pauses that were lengthened.
    pauses: usize,
    /// Seconds added by them.
    added_seconds: i64,
    /// Stretches that were played faster than life.
    stretches: usize,
    /// Seconds that it took to play them.
    stretches_played_seconds: f64,
    /// Seconds that they take as told.
    stretches_told_seconds: f64,
}

impl Timeline {
    /// At this moment of the playing so much time passes that is not played.
    pub(super) fn pause(&mut self, at: Timestamp, added: SignedDuration) {
        self.pauses.push(Pause { at_us: at.as_microsecond(), added_us: micros(added) });
    }

    /// What was played between these moments took so long in life.
    pub(super) fn stretch(&mut self, from: Timestamp, to: Timestamp, told: SignedDuration) {
        let played = to.duration_since(from).max(SignedDuration::from_micros(1));
        self.fast.push(Fast { from, played, told });
    }

    /// How much later than it was played a moment lies.
    fn added(&self, at_us: i64) -> i64 {
        let pauses = self.pauses.iter().filter(|pause| pause.at_us <= at_us).map(|pause| pause.added_us);
        let fast = self.fast.iter().map(|fast| {
            let played = (at_us - fast.from.as_microsecond()).clamp(0, micros(fast.played));
            let told = i128::from(played) * fast.told.as_micros() / fast.played.as_micros();
            i64::try_from(told).expect("no longer than the stretch") - played
        });
        pauses.sum::<i64>() + fast.sum::<i64>()
    }

    /// When it happened, of a session that began then and whose playing began at `played_from_us`.
    pub(super) fn told_us(&self, began: Timestamp, played_from_us: i64, at_us: i64) -> i64 {
        began.as_microsecond() + at_us - played_from_us + self.added(at_us) - self.added(played_from_us)
    }

    /// What was done, in numbers.
    pub(super) fn told(&self) -> Told {
        Told {
            pauses: self.pauses.len(),
            added_seconds: self.pauses.iter().map(|pause| pause.added_us).sum::<i64>() / 1_000_000,
            stretches: self.fast.len(),
            stretches_played_seconds: self.fast.iter().map(|fast| fast.played.as_secs_f64()).sum(),
            stretches_told_seconds: self.fast.iter().map(|fast| fast.told.as_secs_f64()).sum(),
        }
    }
}

fn micros(time: SignedDuration) -> i64 {
    i64::try_from(time.as_micros()).expect("pauses are hours at most")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_pause_moves_what_comes_after_it() {
        let mut timeline = Timeline::default();
        timeline.pause(second(110), SignedDuration::from_secs(60));
        let told = |at: i64| timeline.told_us(second(1_000), 100_000_000, at * 1_000_000) / 1_000_000;
        assert_eq!((told(100), told(109), told(110), told(111)), (1_000, 1_009, 1_070, 1_071));
    }

    #[test]
    fn a_stretch_moves_what_is_in_it_by_its_place() {
        let mut timeline = Timeline::default();
        timeline.stretch(second(110), second(120), SignedDuration::from_secs(30));
        let told = |at: i64| timeline.told_us(second(0), 100_000_000, at * 1_000_000) / 1_000_000;
        assert_eq!((told(110), told(115), told(120), told(125)), (10, 25, 40, 45));
    }
}
