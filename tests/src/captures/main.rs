//! `elsewhere-captures`: makes the captures under `tests/captures` again.

use std::process::ExitCode;

use clap::Parser;
use elsewhere_tests::captures;

/// Makes the captures under tests/captures again.
#[derive(Parser)]
#[command(name = "elsewhere-captures", version, max_term_width = 110)]
enum Command {
    /// Those built byte by byte: the same bytes every time
    Build,
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Build => captures::built().iter().try_for_each(captures::Built::write),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
