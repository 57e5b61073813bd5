//! `elsewhere-agent run`.

use std::path::PathBuf;

use crate::{
    config::{Config, Flags},
    run::{self, Watched},
};

/// Watches this device, keeps its days and visits the collector, until it is told to stop.
///
/// A device that is not enrolled is watched all the same; its days wait.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  elsewhere-agent run\n  elsewhere-agent run --data ./agent --read office.pcapng --once"
)]
pub struct Args {
    /// Watch this interface instead of those of the settings; may be given several times
    #[arg(long, value_name = "NAME", conflicts_with = "read")]
    interface: Vec<String>,
    /// Read a capture file instead of watching; its days replace what was kept of them
    #[arg(long, value_name = "FILE")]
    read: Option<PathBuf>,
    /// End when the file is read and all its days are delivered
    #[arg(long, requires = "read")]
    once: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Runs it.
pub fn run(args: Args) -> anyhow::Result<()> {
    let mut config = Config::load(&args.flags)?;
    if !args.interface.is_empty() {
        config.interfaces = args.interface;
    }
    let watched = match args.read {
        Some(path) => Watched::File { path, once: args.once },
        None => Watched::Interfaces,
    };
    run::run(config, &watched)
}
