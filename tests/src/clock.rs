//! The one place where the simulator reads time: for the default of `--until` and for rates. No byte of a simulated
//! company hangs on it once `--until` is given.

use jiff::{Timestamp, Zoned};

/// Today's civil date on this machine.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn today() -> jiff::civil::Date {
    Zoned::now().date()
}

/// This moment.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
