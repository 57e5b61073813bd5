//! Durations on a log scale, one byte each.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// Steps to a doubling: a step is 6 %.
const STEPS_PER_DOUBLING: f64 = 12.0;

/// How often each duration was seen, as codes: milliseconds = 2^(code/12). At most 256 entries by construction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(BTreeMap<u8, u32>);

impl Histogram {
    /// Adds one duration; up to 1 ms is code 0, over 41 minutes code 255.
    pub fn add(&mut self, duration: SignedDuration) {
        *self.0.entry(code(duration)).or_default() += 1;
    }

    /// The code that this share of the durations does not exceed, in percent; `None` without any.
    pub fn quantile(&self, percent: u64) -> Option<u8> {
        let total: u64 = self.0.values().map(|&count| u64::from(count)).sum();
        let rank = (total * percent).div_ceil(100).max(1);
        let mut below = 0;
        for (&code, &count) in &self.0 {
            below += u64::from(count);
            if below >= rank {
                return Some(code);
            }
        }
        None
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=255 before")]
fn code(duration: SignedDuration) -> u8 {
    let millis = duration.as_secs_f64() * 1_000.0;
    (millis.max(1.0).log2() * STEPS_PER_DOUBLING).round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::{Histogram, code};

    #[test]
    fn codes_follow_the_contract() {
        let cases = [(0, 0), (1, 0), (2, 12), (1_000, 120), (1_024, 120), (60_000, 190), (1 << 40, 255)];
        for (millis, expected) in cases {
            assert_eq!(code(SignedDuration::from_millis(millis)), expected, "{millis} ms");
        }
        assert_eq!(code(SignedDuration::from_secs(-1)), 0);
    }

    #[test]
    fn quantiles_are_codes_that_were_seen() {
        let mut waits = Histogram::default();
        assert_eq!(waits.quantile(50), None);
        for millis in [16, 16, 16, 16, 16, 64, 64, 64, 64, 4_096] {
            waits.add(SignedDuration::from_millis(millis));
        }
        assert_eq!(
            (waits.quantile(50), waits.quantile(90), waits.quantile(100)),
            (Some(48), Some(72), Some(144))
        );
    }
}
