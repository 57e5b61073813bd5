//! Time that jumps: clocks that are set, and devices that sleep.
//!
//! There is no other clock than that of the frames, so a sleep and a clock set forward look alike, and are treated
//! alike: what was counted is reported under the old time, no connection ends for a silence that nobody heard, and none
//! was held open through it.

use jiff::{SignedDuration, Timestamp};

use super::Flows;

/// A frame this much older than the last one means that the clock was set back, not that frames are out of order.
const CLOCK_STEP: SignedDuration = SignedDuration::from_mins(1);
/// Not a frame of anybody and no look at the clock for this long: the device slept, or its clock was set forward.
const ASLEEP: SignedDuration = SignedDuration::from_mins(10);
/// It was awake for this long after the last frame, as far as anybody can tell.
const FALLS_ASLEEP: SignedDuration = SignedDuration::from_mins(1);

impl Flows {
    /// When the clock was set back, wake-ups lie too far ahead; when it was set forward, or the device slept, all seem
    /// silent for hours. Either way all are reported under the old time and start anew.
    pub(super) fn notice_time(&mut self, now: Timestamp) {
        let latest = self.latest.unwrap_or(now);
        if latest.duration_since(now) > CLOCK_STEP {
            self.restart_clock(now);
        } else if now.duration_since(latest) > ASLEEP {
            self.wake_up(now);
        }
        self.latest = Some(self.latest.map_or(now, |latest| latest.max(now)));
    }

    /// Ends what was silent already before the sleep, and goes on with the rest.
    fn wake_up(&mut self, now: Timestamp) {
        let latest = self.latest.unwrap_or(now);
        self.wake_due(latest.saturating_add(FALLS_ASLEEP).unwrap_or(now).min(now));
        self.restart_clock(now);
    }

    fn restart_clock(&mut self, now: Timestamp) {
        self.report_all();
        self.latest = Some(now);
        self.wakes.clear();
        self.reuse.clear_waiting();
        for connection in self.connections.values_mut() {
            connection.restart_clock(now);
            self.wakes.insert((connection.due, connection.id), connection.key);
        }
    }
}
