//! `check-config`: says what a collector would run with, or all that is wrong.

use crate::{commands::DataArgs, config::Config};

/// Check collector.toml and the environment, and print the settings that would be used.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  elsewhere-collector check-config --data /var/lib/elsewhere-collector")]
pub struct Args {
    #[command(flatten)]
    data: DataArgs,
}

/// Prints the settings, one a line, as collector.toml would spell them.
pub fn run(args: &Args) -> anyhow::Result<()> {
    print!("{}", Config::load(&args.data.data, std::env::vars(), &[])?);
    Ok(())
}
