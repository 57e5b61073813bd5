//! `elsewhere-fleet`: a simulated company from a story or a seed.

use std::process::ExitCode;

use clap::Parser;
use elsewhere_tests::simulate::{self, Simulate};

/// Simulates a whole company, and tells the truth about it.
#[derive(Parser)]
#[command(name = "elsewhere-fleet", version, max_term_width = 110)]
enum Command {
    Simulate(Simulate),
}

fn main() -> ExitCode {
    // clap itself ends a bad call with 2.
    let Command::Simulate(arguments) = Command::parse();
    match simulate::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
