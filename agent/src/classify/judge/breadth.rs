//! The one shape that says something: how many places connections with one hello go to.
//!
//! A client of one vendor has its own hosts and a few partners'; what machines contact for themselves is not counted.
//! A person who browses is at a dozen sites within minutes. Places are remembered as keyed hashes, private ones never.

use jiff::{SignedDuration, Timestamp};

/// Places within [`WITHIN`] that no client of one vendor goes to; a suite's has some eight, told apart by need.
const BROAD: usize = 12;
/// How long a place counts.
const WITHIN: SignedDuration = SignedDuration::from_mins(10);
/// What was broad is a browser's for so long: about a working day, so that its rows do not fall apart at lunch.
const STAYS: SignedDuration = SignedDuration::from_hours(12);
/// Hellos watched; a device has one for each version of Chromium on it. Past it the one longest quiet goes.
pub(super) const MAX_HELLOS: usize = 16;

/// Hellos, and the places they went to.
#[derive(Debug, Default)]
pub(super) struct Breadth {
    hellos: Vec<Places>,
}

#[derive(Debug)]
struct Places {
    hello: u64,
    latest: Timestamp,
    /// The places it was at last, at most [`BROAD`].
    visited: Vec<(u64, Timestamp)>,
    broad_until: Timestamp,
}

impl Breadth {
    /// A connection with this hello went to this place: whether hellos like it are a browser's.
    pub(super) fn handle(&mut self, now: Timestamp, hello: u64, place: u64) -> bool {
        let at =
            self.hellos.iter().position(|one| one.hello == hello).unwrap_or_else(|| self.enter(now, hello));
        self.hellos.get_mut(at).is_some_and(|one| one.visit(now, place))
    }

    /// Hellos watched.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.hellos.len()
    }

    fn enter(&mut self, now: Timestamp, hello: u64) -> usize {
        if self.hellos.len() >= MAX_HELLOS {
            let quietest = (0..).zip(&self.hellos).min_by_key(|(_, one)| one.latest);
            if let Some((at, _)) = quietest {
                self.hellos.swap_remove(at);
            }
        }
        self.hellos.push(Places { hello, latest: now, visited: Vec::new(), broad_until: Timestamp::MIN });
        self.hellos.len() - 1
    }
}

impl Places {
    fn visit(&mut self, now: Timestamp, place: u64) -> bool {
        self.latest = now;
        // A clock that was set back leaves visits in the future; they are as good as gone.
        self.visited.retain(|&(other, at)| other != place && at <= now && now.duration_since(at) < WITHIN);
        self.visited.push((place, now));
        if self.visited.len() >= BROAD {
            self.visited.remove(0);
            self.broad_until = now.saturating_add(STAYS).unwrap_or(Timestamp::MAX);
        }
        now < self.broad_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_dozen_places_in_ten_minutes_are_a_browsers() {
        let mut breadth = Breadth::default();
        let visits: Vec<bool> =
            (0..12).map(|place| breadth.handle(at(40 * place), 1, place.unsigned_abs())).collect();
        assert_eq!(visits.iter().filter(|broad| **broad).count(), 1);
        assert!(breadth.handle(at(3 * 3_600), 1, 0), "it stays a browser over lunch");
        assert!(!breadth.handle(at(14 * 3_600), 1, 0), "and not for ever");
        assert!(!breadth.handle(at(500), 2, 0), "another hello is another program's");
    }

    #[test]
    fn few_places_again_and_again_are_not() {
        let mut breadth = Breadth::default();
        assert!(!(0..1_000).any(|turn: u32| breadth.handle(at(turn.into()), 1, u64::from(turn % 11))));
        let slowly = |place: u32| breadth.handle(at(100_000 + 60 * i64::from(place)), 2, place.into());
        assert!(!(0..1_000).any(slowly), "a place a minute is ten at a time");
    }

    #[test]
    fn hellos_keep_their_cap() {
        let mut breadth = Breadth::default();
        for hello in 0..1_000 {
            breadth.handle(at(0), hello, 1);
        }
        assert_eq!(breadth.len(), MAX_HELLOS);
    }
}
