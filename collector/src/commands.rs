//! The commands of `elsewhere-collector`, one file each: arguments and what they run.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::Context;

pub mod backup;
pub mod catalog;
pub mod check_config;
pub mod devices;
pub mod digest;
pub mod enroll_token;
pub mod freeze;
pub mod integrity;
pub mod portfolio;
mod progress;
pub mod query;
pub mod restore;
pub mod serve;
pub mod unknown;

/// Which collector a command is about.
#[derive(Clone, Debug, clap::Args)]
pub struct DataArgs {
    /// The collector's data directory.
    #[arg(
        long,
        value_name = "DIR",
        env = "ELSEWHERE_COLLECTOR_DATA",
        default_value = "/var/lib/elsewhere-collector"
    )]
    pub data: PathBuf,
}

/// A size as people read it.
fn megabytes(bytes: u64) -> String {
    let kilobytes = bytes.div_ceil(1_000);
    if kilobytes < 10_000 { format!("{kilobytes} kB") } else { format!("{} MB", kilobytes / 1_000) }
}

/// Prints to standard output. A reader that has seen enough, like `head`, is no failure.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("write to standard output"),
    }
}
