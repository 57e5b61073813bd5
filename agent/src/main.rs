//! `elsewhere-agent`: watches this device's cloud connections and tells IT's collector which services were used.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use elsewhere_agent::commands::{classify, facts, usage};

/// Watches this device's cloud connections and tells IT's collector which services were used, never what was done there.
#[derive(Parser)]
#[command(version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Facts(facts::Args),
    Usage(usage::Args),
    Classify(classify::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Facts(args) => facts::run(args),
        Command::Usage(args) => usage::run(args),
        Command::Classify(args) => classify::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("elsewhere-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}
