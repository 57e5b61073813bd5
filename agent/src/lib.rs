//! The agent: capture → decode → names/flows → classify → summarize → spool → uplink.
//!
//! Each stage hands one type on: `Frame` → `Fact` → `Flow` → `Usage` → `DeviceDay`. `pipeline` is the one place that
//! knows every stage; all of them from `decode` to `summarize` are pure, with time taken from the captured frame.

pub mod capture;
pub mod clock;
pub mod commands;
pub mod config;
pub mod decode;
pub mod disk;
pub mod domain;
pub mod enroll;
pub mod identity;
pub mod spool;
pub mod uplink;
