//! How fast the other side was: waits for its first byte, and transfers with their time.
//!
//! A burst is payload in either direction without a second of silence. The first request of a burst that is answered
//! gives a wait; a burst of [`TRANSFER_BYTES`] and more one way is a transfer that way. Both are samples, not sums: at
//! most [`MAX_SAMPLES`] of each in one report.
//!
//! What is in the payload is not seen, but its size is. Acknowledgements, window updates and pings of HTTP/2 and QUIC
//! are smaller than [`REQUEST_BYTES`] up and [`ANSWER_BYTES`] down; they are neither. After a TLS handshake the server
//! sends tickets and settings that nobody asked for, and TLS 1.2 its Finished: the first [`UNASKED_BYTES`] of the
//! first burst are no answer. An answer as small as these gives no sample, rather than a wrong one.

use jiff::{SignedDuration, Timestamp};

/// Silence that ends a burst.
const SILENCE: SignedDuration = SignedDuration::from_secs(1);
/// Less than this is no transfer: it says more about the round trip than about the service.
pub(super) const TRANSFER_BYTES: u64 = 100_000;
/// Samples kept for one report; a minute of a connection seldom has more. Past it the later ones are not taken.
const MAX_SAMPLES: usize = 8;
/// The least a request takes: a window update, a ping or an acknowledgement takes 31 to 48 bytes with TLS around it.
pub(super) const REQUEST_BYTES: u64 = 50;
/// The least an answer takes: two of the above in one segment take 96 at most.
const ANSWER_BYTES: u64 = 100;
/// Two session tickets of some 250 bytes (RFC 8446 §4.6.1; OpenSSL sends two), and the settings of HTTP/2 or HTTP/3.
const UNASKED_BYTES: u64 = 1_000;

/// One transfer: a burst of some size and how long it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Payload one way.
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
    /// What may still come down without having been asked for.
    unasked: u64,
}

#[derive(Clone, Debug)]
struct Burst {
    last: Timestamp,
    up: Option<Way>,
    down: Option<Way>,
    /// When the request that is not answered yet was last added to.
    asked: Option<Timestamp>,
    answered: bool,
}

/// One way of a burst.
#[derive(Clone, Copy, Debug)]
struct Way {
    first: Timestamp,
    last: Timestamp,
    bytes: u64,
}

impl Pace {
    /// Of a connection whose TLS handshake is under way: what was sent and received until now is not its pace.
    pub(super) fn behind_handshake() -> Self {
        Self { unasked: UNASKED_BYTES, ..Self::default() }
    }

    /// Payload went up from `now` until then.
    pub(super) fn sent(&mut self, now: Timestamp, until: Timestamp, bytes: u64) {
        let burst = self.burst_at(now, until);
        add(&mut burst.up, now, until, bytes);
        if bytes >= REQUEST_BYTES {
            burst.asked = Some(until);
        }
    }

    /// Payload came down from `now` until then.
    pub(super) fn received(&mut self, now: Timestamp, until: Timestamp, bytes: u64) {
        self.settle(now);
        let unasked = self.unasked.min(bytes);
        self.unasked -= unasked;
        let burst = self.burst_at(now, until);
        add(&mut burst.down, now, until, bytes);
        if bytes - unasked < ANSWER_BYTES {
            return;
        }
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
        let Some(burst) = self.burst.take_if(|burst| now.duration_since(burst.last) > SILENCE) else {
            return;
        };
        self.unasked = 0;
        let heavier = burst.up.into_iter().chain(burst.down).max_by_key(|way| way.bytes);
        let Some(Way { first, last, bytes }) = heavier.filter(|way| way.bytes >= TRANSFER_BYTES) else {
            return;
        };
        if self.transfers.len() < MAX_SAMPLES {
            let duration = last.duration_since(first).max(SignedDuration::ZERO);
            self.transfers.push(Transfer { bytes, duration });
        }
    }

    /// Hands over the samples taken since the last time.
    pub(super) fn take(&mut self) -> (Vec<SignedDuration>, Vec<Transfer>) {
        (std::mem::take(&mut self.waits), std::mem::take(&mut self.transfers))
    }

    fn burst_at(&mut self, now: Timestamp, until: Timestamp) -> &mut Burst {
        self.settle(now);
        let fresh = Burst { last: now, up: None, down: None, asked: None, answered: false };
        let burst = self.burst.get_or_insert(fresh);
        burst.last = burst.last.max(until);
        burst
    }
}

fn add(way: &mut Option<Way>, now: Timestamp, until: Timestamp, bytes: u64) {
    let way = way.get_or_insert(Way { first: now, last: until, bytes: 0 });
    way.last = way.last.max(until);
    way.bytes += bytes;
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{Pace, Transfer};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000 + millis).unwrap()
    }

    /// Milliseconds, and bytes: up where they are positive, down where they are negative.
    fn waits(mut pace: Pace, payload: &[(i64, i64)]) -> Vec<i128> {
        for &(millis, bytes) in payload {
            match bytes {
                0.. => pace.sent(at(millis), at(millis), bytes.unsigned_abs()),
                _ => pace.received(at(millis), at(millis), bytes.unsigned_abs()),
            }
        }
        pace.take().0.iter().map(SignedDuration::as_millis).collect()
    }

    #[test]
    fn wait_is_from_the_last_of_a_request_to_the_first_of_its_answer() {
        type Case = (&'static str, Pace, &'static [(i64, i64)], &'static [i128]);
        let open = Pace::default;
        let tls = Pace::behind_handshake;
        let cases: &[Case] = &[
            ("plain", open(), &[(0, 400), (60, -1_000)], &[60]),
            ("request in two segments", open(), &[(0, 1_400), (9, 300), (60, -1_000)], &[51]),
            (
                "first of a burst, then another burst",
                open(),
                &[(0, 400), (60, -900), (65, 300), (66, -900), (5_000, 400), (5_250, -900)],
                &[60, 250],
            ),
            ("server speaks first", open(), &[(0, -300), (10, 200), (40, -300)], &[30]),
            // TLS 1.3: Finished and request travel together, then come two tickets and settings, then the answer.
            (
                "behind a handshake",
                tls(),
                &[(0, 480), (20, -540), (21, -70), (120, -1_400), (121, -1_400)],
                &[120],
            ),
            (
                "Finished alone, then the request",
                tls(),
                &[(0, 80), (5, 400), (25, -540), (125, -900)],
                &[120],
            ),
            ("answer as small as tickets", tls(), &[(0, 480), (20, -540), (21, -300)], &[]),
            ("later small answer", tls(), &[(0, 480), (20, -540), (5_000, 400), (5_040, -200)], &[40]),
            // An upload: window updates come down all the time, the answer at the end.
            (
                "upload",
                open(),
                &[(0, 60_000), (10, -39), (20, 60_000), (30, -39), (40, 60_000), (55, -39), (340, -200)],
                &[300],
            ),
            // QUIC acknowledges every other datagram.
            (
                "acknowledgements are no requests",
                open(),
                &[(0, 700), (1, -38), (30, -1_200), (31, 40), (32, -1_200)],
                &[30],
            ),
            ("keeping alive", open(), &[(0, 39), (30, -39), (9_000, 39), (9_030, -39)], &[]),
        ];
        for (case, pace, payload, expected) in cases {
            assert_eq!(waits(pace.clone(), payload), *expected, "{case}");
        }
    }

    #[test]
    fn transfer_is_timed_one_way_and_ends_with_a_second_of_silence() {
        for up in [true, false] {
            let mut pace = Pace::default();
            pace.sent(at(-900), at(-900), 300);
            for piece in 0..10 {
                let tell = if up { Pace::sent } else { Pace::received };
                tell(&mut pace, at(piece * 500), at(piece * 500), 100_000);
            }
            pace.received(at(5_100), at(5_100), 300);
            pace.settle(at(6_100));
            assert_eq!(pace.take().1, []);
            pace.settle(at(6_101));
            let duration = SignedDuration::from_millis(if up { 5_400 } else { 5_100 });
            assert_eq!(pace.take().1, [Transfer { bytes: 1_000_300, duration }]);
        }
    }

    #[test]
    fn samples_of_one_report_are_capped() {
        let mut pace = Pace::default();
        for burst in 0..100 {
            pace.sent(at(burst * 2_000), at(burst * 2_000), 100_000);
            pace.received(at(burst * 2_000 + 50), at(burst * 2_000 + 50), 100_000);
        }
        let (waits, transfers) = pace.take();
        assert_eq!((waits.len(), transfers.len()), (super::MAX_SAMPLES, super::MAX_SAMPLES));
    }
}
