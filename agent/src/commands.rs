//! The commands of `elsewhere-agent`, one file each: arguments and what they run.

pub mod classify;
pub mod facts;
pub mod usage;
