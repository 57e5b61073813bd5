//! `elsewhere-sessions`: makes labelled sessions.

use std::{path::PathBuf, process::ExitCode};

use anyhow::ensure;
use clap::Parser;
use elsewhere_tests::sessions;

/// Makes labelled sessions in network namespaces.
#[derive(Parser)]
#[command(name = "elsewhere-sessions", version, max_term_width = 110)]
enum Command {
    /// Plays scenarios and writes captures with labels: needs root, iproute2, dnsmasq, tcpdump, chromium, curl, git, node, npm, pip
    Make(Make),
}

#[derive(clap::Args)]
struct Make {
    /// Dice of the session; a multiple of 5 goes to held-out/ under the folder
    #[arg(long, required_unless_present = "list")]
    seed: Option<u64>,
    /// Folder for the files
    #[arg(long, required_unless_present = "list")]
    out: Option<PathBuf>,
    /// Only this scenario, instead of all
    #[arg(long)]
    scenario: Option<String>,
    /// Says which scenarios there are, and makes nothing
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let Command::Make(arguments) = Command::parse();
    match make(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn make(arguments: &Make) -> anyhow::Result<()> {
    if arguments.list {
        for scenario in sessions::all() {
            let kind = if scenario.is_use { "use" } else { "not use" };
            println!("{:<16} {kind:<8} {}", scenario.name, scenario.about);
        }
        return Ok(());
    }
    let (Some(seed), Some(out)) = (arguments.seed, &arguments.out) else {
        unreachable!("clap asks for both");
    };
    let is_chosen = |name: &str| arguments.scenario.as_ref().is_none_or(|scenario| scenario == name);
    let chosen: Vec<_> = sessions::all().filter(|scenario| is_chosen(scenario.name)).collect();
    ensure!(!chosen.is_empty(), "no such scenario; --list says which there are");
    let mut failed = Vec::new();
    for scenario in chosen {
        let made = match scenario.make(seed, out) {
            Ok(made) => made,
            Err(error) => {
                eprintln!("{}: {error:#}", scenario.name);
                failed.push(scenario.name);
                continue;
            }
        };
        // What is in a held-out one stays unseen.
        let labels = if sessions::is_held_out(seed) {
            "held out".to_owned()
        } else {
            let word = |label: &sessions::Label| format!("{}={}", label.service_id, label.evidence.as_str());
            made.labels.iter().map(word).collect::<Vec<_>>().join(" ")
        };
        println!("{} {labels}", made.capture.display());
    }
    ensure!(failed.is_empty(), "not made: {}", failed.join(", "));
    Ok(())
}
