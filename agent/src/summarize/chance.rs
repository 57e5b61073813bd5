//! What chance alone would bring: how often a try that did not do at one service is followed by use of another that has
//! nothing to do with it.
//!
//! Only beside it does a count of spills say something, and only over all days: told only where a spill happened, the
//! count would always look like more than chance. So pairs of services are told with their chance and a count of 0 too.

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::day::{Day, MAX_SPILLS, SLOT_MINUTES, Spill, Used};
use crate::evidence::Evidence;

/// The shortest stretch in which a try counts as gone over, in seconds.
const SHORTEST: u32 = 600;

/// Tries that did not do and could have gone over to another service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// How many.
    pub tries: u32,
    /// The stretches in which a try at another service would have counted as a spill, together.
    pub seconds: u32,
}

impl Left {
    /// One more, and the stretch in which it could go over.
    pub(super) fn add(&mut self, stretch: SignedDuration) {
        self.tries += 1;
        self.seconds += u32::try_from(stretch.as_secs()).unwrap_or(0);
    }

    fn plus(self, other: Self) -> Self {
        Self { tries: self.tries + other.tries, seconds: self.seconds + other.seconds }
    }

    /// No fewer than went over: an agent before this one counted spills without what was left.
    fn at_least(self, tries: u32) -> Self {
        Self { tries: self.tries.max(tries), seconds: self.seconds.max(tries * SHORTEST) }
    }
}

/// What one service had that day, over all its rows.
#[derive(Default)]
struct OfService<'d> {
    need: Option<&'d str>,
    left: Left,
    tries: u32,
    is_used: bool,
}

impl Day {
    /// The spills as they are told: those that happened, then those that chance could have brought and did not, with
    /// a count of 0, the likeliest first; past [`MAX_SPILLS`] the less likely are not told.
    pub fn spills_told(&self) -> Vec<Spill> {
        let mut told = self.spills.clone();
        let mut by_chance = self.chances();
        by_chance.sort_by_key(|(_, hundredths)| Reverse(*hundredths));
        let room = MAX_SPILLS.saturating_sub(told.len());
        told.extend(by_chance.into_iter().map(|(spill, _)| spill).take(room));
        told
    }

    /// Spills that chance alone would have brought from one service to another, in hundredths.
    pub fn expected_spill_hundredths(&self, spill: &Spill) -> u32 {
        let left = self.rows_of(&spill.from).map(|usage| usage.left).fold(Left::default(), Left::plus);
        self.by_chance(left.at_least(spill.count), self.tries_at(&spill.to))
    }

    /// Ordered pairs of services for one need without a spill, the first left and the second used, and their chances.
    fn chances(&self) -> Vec<(Spill, u32)> {
        let services = self.services();
        let mut chances = Vec::new();
        for (from, first) in services.iter().filter(|(_, first)| first.left.tries > 0) {
            let same_need = |second: &OfService<'_>| first.need.is_some() && first.need == second.need;
            for (to, second) in services.iter().filter(|(_, second)| second.is_used && same_need(second)) {
                let hundredths = self.by_chance(first.left, second.tries);
                if from != to && hundredths >= 1 && !self.has_spill(from, to) {
                    let spill = Spill { from: (*from).to_owned(), to: (*to).to_owned(), count: 0 };
                    chances.push((spill, hundredths));
                }
            }
        }
        chances
    }

    /// Tries at one service begin over 10 minutes apart, so a short stretch of the device's active time sees the
    /// beginning of one at most, the likelier the longer it is.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and not negative")]
    fn by_chance(&self, left: Left, others: u32) -> u32 {
        let active_seconds = self.active.minutes().max(2 * u32::from(SLOT_MINUTES)) * 60;
        let followed = f64::from(left.seconds) * f64::from(others) / f64::from(active_seconds);
        (followed.min(f64::from(left.tries)) * 100.0).round() as u32
    }

    fn has_spill(&self, from: &str, to: &str) -> bool {
        self.spills.iter().any(|spill| spill.from == from && spill.to == to)
    }

    fn services(&self) -> BTreeMap<&str, OfService<'_>> {
        let mut services: BTreeMap<&str, OfService<'_>> = BTreeMap::new();
        for usage in &self.usages {
            let Used::Service(id) = &usage.key.used else { continue };
            let service = services.entry(id).or_default();
            service.need = service.need.or(usage.need.as_deref());
            service.left = service.left.plus(usage.left);
            service.tries += usage.tries;
            service.is_used |= usage.evidence() >= Evidence::Use;
        }
        services
    }
}
