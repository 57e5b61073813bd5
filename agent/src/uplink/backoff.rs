//! How long to wait after a visit that failed: full jitter, so that a fleet does not come back all at once.

use std::time::Duration;

/// First ceiling: a collector that restarts is back within seconds.
const FIRST: Duration = Duration::from_secs(5);
/// Last ceiling. An hour: a collector that was down all night is caught up with by mid-morning, and ten thousand
/// agents that can't reach it ask three times a second together.
const LAST: Duration = Duration::from_hours(1);

/// Counts failures in a row. Never gives up.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A visit went well.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// A visit failed: how long to wait, anything from nothing to the ceiling. `chance` is random in 0 to 1.
    pub fn after_failure(&mut self, chance: f64) -> Duration {
        let ceiling = FIRST.saturating_mul(2_u32.saturating_pow(self.failures)).min(LAST);
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(chance.clamp(0.0, 1.0))
    }

    /// The collector has turned this device away for good: only somebody there can change that, so ask rarely.
    pub fn after_refusal(chance: f64) -> Duration {
        LAST.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_to_an_hour_and_stays() {
        let mut backoff = Backoff::default();
        let ceilings: Vec<u64> = (0..12).map(|_| backoff.after_failure(1.0).as_secs()).collect();
        assert_eq!(ceilings, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
        assert_eq!(backoff.after_failure(0.5), LAST / 2);
        backoff.reset();
        assert_eq!(backoff.after_failure(1.0), FIRST);
        let mut tired = Backoff { failures: u32::MAX };
        assert_eq!(tired.after_failure(2.0), LAST);
    }

    #[test]
    fn a_refused_device_asks_once_or_twice_an_hour() {
        assert_eq!(Backoff::after_refusal(0.0), LAST / 2);
        assert_eq!(Backoff::after_refusal(1.0), LAST);
    }
}
