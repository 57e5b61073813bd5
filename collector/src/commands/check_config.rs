//! `check-config`: says what a collector would run with, or all that is wrong.

use anyhow::{bail, ensure};

use crate::{
    commands::{DataArgs, print},
    config::Config,
    installation,
};

/// Check collector.toml, portfolio.toml and the environment, and print the settings that would be used.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  elsewhere-collector check-config --data /var/lib/elsewhere-collector")]
pub struct Args {
    #[command(flatten)]
    data: DataArgs,
}

/// Prints the settings, one a line, as collector.toml would spell them.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let dir = &args.data.data;
    ensure!(
        dir.is_dir(),
        "{} is no directory; name the collector's data directory with --data",
        dir.display()
    );
    let config = Config::load(dir, std::env::vars(), &[]);
    let portfolio = installation::read_portfolio(dir);
    match (config, portfolio) {
        (Ok(config), Ok(_)) => print(&config.to_string()),
        (Err(config), Err(portfolio)) => bail!("{config}\n{portfolio:#}"),
        (Err(config), Ok(_)) => Err(config.into()),
        (Ok(_), Err(portfolio)) => Err(portfolio),
    }
}
