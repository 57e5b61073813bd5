//! `elsewhere-collector`: takes device-days and answers where customers go elsewhere, and why.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use elsewhere_collector::commands::{
    backup, catalog, check_config, devices, digest, enroll_token, freeze, integrity, portfolio, query,
    restore, serve, unknown,
};
use tracing_subscriber::EnvFilter;

/// Takes device-days from agents, and tells IT where its customers already go elsewhere, what for, and why.
#[derive(Parser)]
#[command(version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Args),
    EnrollToken(enroll_token::Args),
    Devices(devices::Args),
    Freeze(freeze::Args),
    Digest(digest::Args),
    Query(query::Args),
    CheckConfig(check_config::Args),
    Portfolio(portfolio::Args),
    Catalog(catalog::Args),
    Unknown(unknown::Args),
    Integrity(integrity::Args),
    Backup(backup::Args),
    Restore(restore::Args),
}

/// Exit codes: 0 done, 1 failed, 2 called wrongly (clap's own).
fn main() -> ExitCode {
    let command = Cli::parse().command;
    log_to_stderr();
    let result = match command {
        Command::Serve(args) => serve::run(&args),
        Command::EnrollToken(args) => enroll_token::run(args),
        Command::Devices(args) => devices::run(args),
        Command::Freeze(args) => freeze::run(&args),
        Command::Digest(args) => digest::run(&args),
        Command::Query(args) => query::run(&args),
        Command::CheckConfig(args) => check_config::run(&args),
        Command::Portfolio(args) => portfolio::run(&args),
        Command::Catalog(args) => catalog::run(&args),
        Command::Unknown(args) => unknown::run(args),
        Command::Integrity(args) => integrity::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("elsewhere-collector: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What happens is told on stderr, at `info` unless `ELSEWHERE_COLLECTOR_LOG` says otherwise.
fn log_to_stderr() {
    let filter =
        EnvFilter::try_from_env("ELSEWHERE_COLLECTOR_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
}
