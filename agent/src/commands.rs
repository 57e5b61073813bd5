//! The commands of `elsewhere-agent`, one file each: arguments and what they run.

pub mod check_config;
pub mod classify;
pub mod enroll;
pub mod facts;
mod progress;
pub mod usage;
