//! How fast the other side was: waits for its first byte, and transfers with their time.
//!
//! A burst is payload in either direction without a second of silence. The first request of a burst that is answered
//! gives a wait; a burst of [`TRANSFER_BYTES`] and more is a transfer. Both are samples, not sums: at most
//! [`MAX_SAMPLES`] of each in one report.

use jiff::{SignedDuration, Timestamp};

/// Silence that ends a burst.
const SILENCE: SignedDuration = SignedDuration::from_secs(1);
/// Less than this is no transfer: it says more about the round trip than about the service.
pub(super) const TRANSFER_BYTES: u64 = 100_000;
/// Samples kept for one report; a minute of a connection seldom has more. Past it the later ones are not taken.
const MAX_SAMPLES: usize = 8;

/// One transfer: a burst of some size and how long it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Payload both ways.
    pub bytes: u64,
    /// From its first to its last payload.
    pub duration: SignedDuration,
}

/// The bursts of one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    burst: Option<Burst>,
    waits: Vec<SignedDuration>,
    transfers: Vec<Transfer>,
}

#[derive(Clone, Debug)]
struct Burst {
    started: Timestamp,
    last: Timestamp,
    bytes: u64,
    /// When the request that is not answered yet was last added to.
    asked: Option<Timestamp>,
    answered: bool,
}

impl Pace {
    /// Payload went up from `now` until then; before the handshake is done it is no request.
    pub(super) fn sent(&mut self, now: Timestamp, until: Timestamp, bytes: u64, established: bool) {
        let burst = self.burst_at(now, until);
        burst.bytes += bytes;
        if established {
            burst.asked = Some(until);
        }
    }

    /// Payload came down from `now` until then.
    pub(super) fn received(&mut self, now: Timestamp, until: Timestamp, bytes: u64) {
        let burst = self.burst_at(now, until);
        burst.bytes += bytes;
        let Some(asked) = burst.asked.take() else { return };
        if burst.answered {
            return;
        }
        burst.answered = true;
        if self.waits.len() < MAX_SAMPLES {
            self.waits.push(now.duration_since(asked).max(SignedDuration::ZERO));
        }
    }

    /// Ends the burst if it fell silent by `now`.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let Some(burst) = &self.burst else { return };
        if now.duration_since(burst.last) <= SILENCE {
            return;
        }
        if burst.bytes >= TRANSFER_BYTES && self.transfers.len() < MAX_SAMPLES {
            let duration = burst.last.duration_since(burst.started).max(SignedDuration::ZERO);
            self.transfers.push(Transfer { bytes: burst.bytes, duration });
        }
        self.burst = None;
    }

    /// Hands over the samples taken since the last time.
    pub(super) fn take(&mut self) -> (Vec<SignedDuration>, Vec<Transfer>) {
        (std::mem::take(&mut self.waits), std::mem::take(&mut self.transfers))
    }

    fn burst_at(&mut self, now: Timestamp, until: Timestamp) -> &mut Burst {
        self.settle(now);
        let fresh = Burst { started: now, last: now, bytes: 0, asked: None, answered: false };
        let burst = self.burst.get_or_insert(fresh);
        burst.last = burst.last.max(until);
        burst
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{Pace, Transfer};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000 + millis).unwrap()
    }

    #[test]
    fn first_answered_request_of_a_burst_is_the_wait() {
        let mut pace = Pace::default();
        pace.sent(at(0), at(0), 500, false);
        pace.received(at(20), at(20), 3_000);
        pace.sent(at(21), at(21), 80, true);
        pace.sent(at(30), at(30), 400, true);
        pace.received(at(90), at(90), 1_000);
        pace.sent(at(95), at(95), 40, true);
        pace.received(at(96), at(96), 1_000);
        pace.sent(at(5_000), at(5_000), 400, true);
        pace.received(at(5_250), at(5_250), 1_000);
        let (waits, transfers) = pace.take();
        assert_eq!(waits, [SignedDuration::from_millis(60), SignedDuration::from_millis(250)]);
        assert_eq!(transfers, []);
    }

    #[test]
    fn transfer_ends_with_a_second_of_silence() {
        let mut pace = Pace::default();
        for piece in 0..10 {
            pace.sent(at(piece * 500), at(piece * 500), 100_000, true);
        }
        pace.settle(at(5_000));
        assert_eq!(pace.take().1, []);
        pace.settle(at(5_501));
        let expected = Transfer { bytes: 1_000_000, duration: SignedDuration::from_millis(4_500) };
        assert_eq!(pace.take().1, [expected]);
    }

    #[test]
    fn samples_of_one_report_are_capped() {
        let mut pace = Pace::default();
        for burst in 0..100 {
            pace.sent(at(burst * 2_000), at(burst * 2_000), 100_000, true);
            pace.received(at(burst * 2_000 + 50), at(burst * 2_000 + 50), 100_000);
        }
        let (waits, transfers) = pace.take();
        assert_eq!((waits.len(), transfers.len()), (super::MAX_SAMPLES, super::MAX_SAMPLES));
    }
}
