//! The one door to time. The pure stages never come here: they take their time from the captured frame.

use std::{fs, time::Instant};

use jiff::{SignedDuration, Timestamp};

/// What the wall clock says. It may jump, back too: it dates things and measures nothing.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// What never runs backwards: for intervals between two things that this process does.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// When the device was started; nothing where the system does not tell.
pub fn up_since() -> Option<Timestamp> {
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    now().checked_sub(SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
}
