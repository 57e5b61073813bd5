//! The agent: capture → decode → names/flows → classify → summarize → spool → uplink.
//!
//! Each stage hands one type on: `Frame` → `Fact` → `Flow` → `Usage` → `DeviceDay`. `pipeline` is the one place that
//! knows every stage; all of them from `decode` to `summarize` are pure, with time taken from the captured frame.

pub mod app_class;
pub mod capture;
pub mod classify;
pub mod clock;
pub mod commands;
pub mod config;
pub mod decode;
pub mod disk;
pub mod domain;
pub mod enroll;
pub mod evidence;
pub mod flows;
pub mod identity;
pub mod names;
pub mod own_catalog;
pub mod pipeline;
pub mod receipt;
pub mod rights;
pub mod run;
pub mod sockets;
pub mod spool;
pub mod state;
pub mod summarize;
pub mod uplink;
pub mod wire;
