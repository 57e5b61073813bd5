//! What the kernel said of connections like this one.
//!
//! A short connection is gone before the kernel is asked; one with the same hello to the same service a minute ago was
//! not. Believed only while all answers for that pair agreed. Pairs are keyed hashes, private places are in none.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{AppMatch, Quality};

/// Pairs remembered; a heavy day has 300 services. Past it the one longest unused makes room.
pub(super) const MAX_PAIRS: usize = 1_024;
/// An answer older than this may be of a program that is gone.
const HOLDS: SignedDuration = SignedDuration::from_hours(24);

/// Pairs of hello and place, and who they were.
#[derive(Debug, Default)]
pub(super) struct Recall {
    pairs: HashMap<u64, Known>,
}

#[derive(Debug)]
struct Known {
    /// `None` where answers differed.
    owner: Option<AppMatch>,
    at: Timestamp,
}

impl Recall {
    /// Learns from what the kernel said, or says what it said of connections like it.
    pub(super) fn handle(&mut self, now: Timestamp, pair: u64, owner: Option<AppMatch>) -> Option<AppMatch> {
        if let Some(owner) = owner {
            self.learn(now, pair, owner);
            return None;
        }
        let known = self.pairs.get(&pair)?;
        let owner = known.owner.filter(|_| now.duration_since(known.at) < HOLDS)?;
        Some(AppMatch { quality: owner.quality.min(Quality::Alike), ..owner })
    }

    /// Pairs remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }

    fn learn(&mut self, now: Timestamp, pair: u64, owner: AppMatch) {
        if let Some(known) = self.pairs.get_mut(&pair) {
            let fresh = now.duration_since(known.at) < HOLDS;
            let agrees = known.owner.is_some_and(|known| known.class == owner.class);
            known.owner = (agrees || !fresh).then_some(owner);
            known.at = now;
            return;
        }
        if self.pairs.len() >= MAX_PAIRS {
            let oldest = self.pairs.iter().min_by_key(|(_, known)| known.at).map(|(pair, _)| *pair);
            oldest.and_then(|pair| self.pairs.remove(&pair));
        }
        self.pairs.insert(pair, Known { owner: Some(owner), at: now });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app_class::AppClass;

    const BROWSER: Option<AppMatch> = Some(AppMatch { class: AppClass::Browser, quality: Quality::Cgroup });
    const CLIENT: Option<AppMatch> =
        Some(AppMatch { class: AppClass::VendorClient, quality: Quality::Cgroup });

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + hours * 3_600).unwrap()
    }

    #[test]
    fn answers_hold_while_they_agree() {
        let mut recall = Recall::default();
        assert_eq!(recall.handle(at(0), 1, None), None);
        recall.handle(at(0), 1, BROWSER);
        let told = recall.handle(at(1), 1, None).unwrap();
        assert_eq!((told.class, told.quality), (AppClass::Browser, Quality::Alike));
        assert_eq!(recall.handle(at(1), 2, None), None, "another pair");

        recall.handle(at(2), 1, CLIENT);
        recall.handle(at(2), 1, CLIENT);
        assert_eq!(recall.handle(at(3), 1, None), None, "two programs send this hello there");
        recall.handle(at(30), 1, CLIENT);
        assert_eq!(recall.handle(at(31), 1, None).unwrap().class, AppClass::VendorClient);
        assert_eq!(recall.handle(at(60), 1, None), None, "a day later nobody knows");
    }

    #[test]
    fn what_is_recalled_is_no_better_known_than_it_was() {
        let mut recall = Recall::default();
        let by_account = Some(AppMatch { class: AppClass::System, quality: Quality::Owner });
        recall.handle(at(0), 1, by_account);
        assert_eq!(recall.handle(at(0), 1, None), by_account);
    }

    #[test]
    fn pairs_keep_their_cap() {
        let mut recall = Recall::default();
        for pair in 0..3_000 {
            recall.handle(at(i64::try_from(pair).unwrap() / 100), pair, BROWSER);
        }
        assert_eq!(recall.len(), MAX_PAIRS);
        assert!(recall.handle(at(30), 2_999, None).is_some() && recall.handle(at(30), 0, None).is_none());
    }
}
