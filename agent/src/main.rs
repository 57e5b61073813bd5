//! `elsewhere-agent`: watches this device's cloud connections and tells IT's collector which services were used.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use elsewhere_agent::commands::{check_config, classify, enroll, facts, flows, run, show, status, usage};
use tracing_subscriber::EnvFilter;

/// Watches this device's cloud connections and tells IT's collector which services were used, never what was done there.
#[derive(Parser)]
#[command(
    version,
    max_term_width = 110,
    after_help = "Example:\n  elsewhere-agent usage --read office.pcapng\n\nEach command has its own: elsewhere-agent usage --help"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Enroll(enroll::Args),
    Run(run::Args),
    Show(show::Args),
    Status(status::Args),
    CheckConfig(check_config::Args),
    Facts(facts::Args),
    Flows(flows::Args),
    Usage(usage::Args),
    Classify(classify::Args),
}

/// Exit codes: 0 done, 1 failed, 2 called wrongly (clap's own).
fn main() -> ExitCode {
    let command = Cli::parse().command;
    log_to_stderr();
    let result = match command {
        Command::Enroll(args) => enroll::run(&args),
        Command::Run(args) => run::run(args),
        Command::Show(args) => show::run(&args),
        Command::Status(args) => status::run(&args),
        Command::CheckConfig(args) => check_config::run(&args),
        Command::Facts(args) => facts::run(&args),
        Command::Flows(args) => flows::run(&args),
        Command::Usage(args) => usage::run(&args),
        Command::Classify(args) => classify::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("elsewhere-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What happens is told on stderr, at `info` unless `ELSEWHERE_AGENT_LOG` says otherwise.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("ELSEWHERE_AGENT_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
}
