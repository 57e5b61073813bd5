//! `elsewhere-captures`: makes the captures under `tests/captures` again.

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use elsewhere_tests::captures;

/// Makes the captures under tests/captures again.
#[derive(Parser)]
#[command(name = "elsewhere-captures", version, max_term_width = 110)]
enum Command {
    /// Those built byte by byte: the same bytes every time
    Build,
    /// Those of real programs, in network namespaces: needs root, dnsmasq, caddy, curl, openssl, tcpdump, tshark, chromium
    Record {
        /// Only these cases
        names: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Build => captures::built().iter().try_for_each(captures::Built::write),
        Command::Record { names } => record(&names),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn record(names: &[String]) -> anyhow::Result<()> {
    let chosen =
        captures::recorded().filter(|case| names.is_empty() || names.iter().any(|name| name == case.name));
    for case in chosen {
        eprintln!("{}", case.name);
        case.write().context(case.name)?;
    }
    Ok(())
}
