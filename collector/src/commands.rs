//! The commands of `elsewhere-collector`, one file each: arguments and what they run.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::Context;

pub mod catalog;
pub mod check_config;
pub mod devices;
pub mod digest;
pub mod enroll_token;
pub mod freeze;
pub mod query;
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

/// Prints to standard output. A reader that has seen enough, like `head`, is no failure.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("write to standard output"),
    }
}
