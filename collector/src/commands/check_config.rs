//! `check-config`: says what a collector would run with, or all that is wrong.

use anyhow::{bail, ensure};

use crate::{
    commands::{DataArgs, print},
    config::Config,
    installation,
};

/// Check collector.toml, portfolio.toml, journal.toml and the environment, and print the settings that would be used.
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
    // It names services of the portfolio, which has to be right first.
    let journal =
        portfolio.as_ref().ok().and_then(|portfolio| installation::read_journal(dir, portfolio).err());
    let mistakes = [config.as_ref().err().map(ToString::to_string), told(portfolio.err()), told(journal)];
    let mistakes: Vec<String> = mistakes.into_iter().flatten().collect();
    match config {
        Ok(config) if mistakes.is_empty() => print(&config.to_string()),
        _ => bail!(mistakes.join("\n")),
    }
}

fn told(error: Option<anyhow::Error>) -> Option<String> {
    error.map(|error| format!("{error:#}"))
}
