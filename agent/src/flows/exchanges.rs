//! What was said over a connection and what came back: exchanges, by their sizes and times.
//!
//! An exchange begins with payload sent after a second without any, and takes in what comes down until the next one
//! begins. Acknowledgements, pings and window updates of HTTP/2 and QUIC are smaller than a request; they begin none
//! and belong to none.

use jiff::{SignedDuration, Timestamp};

use super::pace::REQUEST_BYTES;

/// Payload sent after this long without any begins another exchange: nobody acts more often.
const BREATH: SignedDuration = SignedDuration::from_secs(1);
/// An answer that has not begun after so long is none; long polls end sooner, and models think shorter.
const ANSWER_BEGINS: SignedDuration = SignedDuration::from_secs(60);
/// What comes down after so long a silence within an answer belongs to it no more: it came by itself.
const ANSWER_BREAK: SignedDuration = SignedDuration::from_secs(5);
/// An exchange that began so shortly before a report is kept back, or the page that answers would not be seen.
const MAY_GO_ON: SignedDuration = SignedDuration::from_secs(10);
/// Exchanges kept for one report, which covers a minute; past it what follows counts with the last of them.
const MAX_EXCHANGES: usize = 32;

/// Something sent, and what came down until the next was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// When it began.
    pub at: Timestamp,
    /// Payload sent, in bytes.
    pub bytes_up: u64,
    /// Payload received, in bytes.
    pub bytes_down: u64,
    /// From the first to the last of what was received.
    pub answer: SignedDuration,
}

/// The exchanges of one connection since the last report.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchanges {
    done: Vec<Exchange>,
    current: Option<Current>,
}

/// The one under way. Times are microseconds since 1970: each connection in the table holds one.
#[derive(Clone, Copy, Debug)]
struct Current {
    began: i64,
    /// When payload was last sent.
    sent: i64,
    /// When the answer began and when it went on; the latter is 0 before.
    heard: i64,
    last_heard: i64,
    bytes_up: u64,
    bytes_down: u64,
    /// It was not handed over with the last report.
    kept_back: bool,
}

impl Exchanges {
    /// Payload went up from `now` until then.
    pub(super) fn sent(&mut self, now: Timestamp, until: Timestamp, bytes: u64) {
        if bytes < REQUEST_BYTES {
            return;
        }
        let (now, until) = (now.as_microsecond(), until.as_microsecond());
        let is_full = self.done.len() >= MAX_EXCHANGES;
        let is_over = |current: &mut Current| !is_full && lasts(current.sent, now, BREATH);
        self.done.extend(self.current.take_if(is_over).map(Current::done));
        let current = self.current.get_or_insert(Current::at(now));
        current.bytes_up += bytes;
        current.sent = current.sent.max(until);
    }

    /// Payload came down from `now` until then.
    pub(super) fn received(&mut self, now: Timestamp, until: Timestamp, bytes: u64) {
        let (now, until) = (now.as_microsecond(), until.as_microsecond());
        let Some(current) = self.current.as_mut().filter(|current| !current.is_over(now)) else { return };
        if current.last_heard == 0 {
            current.heard = now;
        }
        current.last_heard = current.last_heard.max(until);
        current.bytes_down += bytes;
    }

    /// Hands over those that began [`MAY_GO_ON`] before `now`, over or not; a fresher one comes with the next report.
    pub(super) fn take(&mut self, now: Timestamp) -> Vec<Exchange> {
        let is_due = |current: &mut Current| {
            std::mem::replace(&mut current.kept_back, true)
                || lasts(current.began, now.as_microsecond(), MAY_GO_ON)
        };
        self.done.extend(self.current.take_if(is_due).map(Current::done));
        std::mem::take(&mut self.done)
    }

    /// One was kept back at the last report.
    pub(super) fn is_one_left(&self) -> bool {
        self.current.is_some_and(|current| current.kept_back)
    }
}

impl Current {
    fn at(now: i64) -> Self {
        Self { began: now, sent: now, heard: 0, last_heard: 0, bytes_up: 0, bytes_down: 0, kept_back: false }
    }

    /// Nothing that comes down belongs to it any more.
    fn is_over(&self, now: i64) -> bool {
        match self.last_heard {
            0 => lasts(self.sent, now, ANSWER_BEGINS),
            last => lasts(last.max(self.sent), now, ANSWER_BREAK),
        }
    }

    fn done(self) -> Exchange {
        Exchange {
            at: Timestamp::from_microsecond(self.began).unwrap_or_default(),
            bytes_up: self.bytes_up,
            bytes_down: self.bytes_down,
            answer: SignedDuration::from_micros((self.last_heard - self.heard).max(0)),
        }
    }
}

/// So much time went by.
fn lasts(from: i64, to: i64, time: SignedDuration) -> bool {
    i128::from(to) - i128::from(from) >= time.as_micros()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000 + millis).unwrap()
    }

    /// Milliseconds, and bytes: up where they are positive, down where they are negative.
    fn play(exchanges: &mut Exchanges, payload: &[(i64, i64)]) {
        for &(millis, bytes) in payload {
            match bytes {
                0.. => exchanges.sent(at(millis), at(millis), bytes.unsigned_abs()),
                _ => exchanges.received(at(millis), at(millis), bytes.unsigned_abs()),
            }
        }
    }

    /// Milliseconds of each beginning, bytes up, bytes down, milliseconds of the answer.
    fn told(exchanges: &[Exchange]) -> Vec<(i64, u64, u64, i128)> {
        let since = |one: &Exchange| one.at.as_millisecond() - 1_790_000_000_000;
        exchanges
            .iter()
            .map(|one| (since(one), one.bytes_up, one.bytes_down, one.answer.as_millis()))
            .collect()
    }

    #[test]
    fn exchange_is_what_was_sent_and_its_answer() {
        type Case = (&'static str, &'static [(i64, i64)], &'static [(i64, u64, u64, i128)]);
        let cases: &[Case] = &[
            ("question and answer", &[(0, 400), (60, -900), (90, -900)], &[(0, 400, 1_800, 30)]),
            ("two in a breath are one", &[(0, 400), (600, 300), (700, -100)], &[(0, 700, 100, 0)]),
            (
                "a second apart they are two",
                &[(0, 400), (50, -90), (1_000, 300), (1_050, -80)],
                &[(0, 400, 90, 0), (1_000, 300, 80, 0)],
            ),
            (
                "answer in pieces, and acknowledgements of it",
                &[(0, 400), (900, -300), (4_000, -300), (4_001, 40), (8_000, -300)],
                &[(0, 400, 900, 7_100)],
            ),
            (
                "what comes by itself later is no answer",
                &[(0, 400), (60, -90), (9_000, -700)],
                &[(0, 400, 90, 0)],
            ),
            ("long thought of", &[(0, 400), (40_000, -90)], &[(0, 400, 90, 0)]),
            ("never answered", &[(0, 400), (61_000, -90)], &[(0, 400, 0, 0)]),
            ("keeping alive", &[(0, 39), (30, -39)], &[]),
        ];
        for (case, payload, expected) in cases {
            let mut exchanges = Exchanges::default();
            play(&mut exchanges, payload);
            assert_eq!(told(&exchanges.take(Timestamp::MAX)), *expected, "{case}");
        }
    }

    #[test]
    fn what_may_go_on_comes_with_a_later_report() {
        let mut exchanges = Exchanges::default();
        play(&mut exchanges, &[(0, 400), (60, -90), (2_000, 500), (2_100, -80)]);
        assert_eq!(told(&exchanges.take(at(3_000))), [(0, 400, 90, 0)]);
        play(&mut exchanges, &[(4_000, -70)]);
        assert!(exchanges.is_one_left());
        assert_eq!(told(&exchanges.take(at(12_000))), [(2_000, 500, 150, 1_900)]);
        assert!(!exchanges.is_one_left());
    }

    #[test]
    fn exchanges_of_one_report_are_capped_and_no_byte_is_lost() {
        let mut exchanges = Exchanges::default();
        let many: Vec<_> = (0..500).map(|second| (second * 1_000, 400)).collect();
        play(&mut exchanges, &many);
        let told = exchanges.take(Timestamp::MAX);
        assert_eq!(told.len(), MAX_EXCHANGES + 1);
        assert_eq!(told.iter().map(|one| one.bytes_up).sum::<u64>(), 200_000);
    }
}
