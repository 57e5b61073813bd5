//! The one door to time. The pure stages never come here: they take their time from the captured frame.

use std::time::Instant;

use jiff::Timestamp;

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
