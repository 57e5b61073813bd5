//! The one door for time: everything else is handed a `now`.

use jiff::Timestamp;

/// The time of this machine's clock. It may be wrong and may step; who needs more than a date must say why.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
