//! The commands of `elsewhere-agent`, one file each: arguments and what they run.

pub mod check_config;
pub mod classify;
pub mod enroll;
pub mod facts;
pub mod flows;
mod output;
mod progress;
pub mod run;
pub mod show;
pub mod status;
pub mod usage;
