//! What the agent's eyes see and cost, beside other tools and beside the truth about a set of captures.
//!
//! Run by `./tests/bench wire [PART…] [--captures DIR]`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Parser, ValueEnum};
use elsewhere_tests::{table::Table, wire};

/// Measures the agent's eyes.
#[derive(Parser)]
#[command(after_help = "Example:\n  ./tests/bench wire names --captures ../other")]
struct Args {
    /// What to measure; all of it where nothing is said
    part: Vec<Part>,
    /// Captures with their truth.jsonl
    #[arg(long, value_name = "DIR", default_value = "../shared/captures")]
    captures: PathBuf,
    /// How long a live transfer lasts
    #[arg(long, value_name = "N", default_value_t = 20)]
    seconds: u64,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Part {
    /// Names, answers and flows beside truth.jsonl.
    Names,
    /// What reading files costs, beside other tools.
    Offline,
    /// What watching costs while traffic passes, in namespaces.
    Live,
    /// Whether an hour of traffic leaves memory flat.
    Growth,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    // Cargo runs a benchmark in its package's folder; paths are meant from the top of the repository.
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the package is in the repository")?;
    let captures = top.join(&args.captures);
    let parts = if args.part.is_empty() { Part::value_variants() } else { &args.part };
    let mut table = Table::new();
    let measured = parts.iter().try_for_each(|part| match part {
        Part::Names => wire::names::compare(&captures, &mut table),
        Part::Offline => wire::offline::measure(&captures, &mut table),
        Part::Live => wire::live::measure(args.seconds, &mut table),
        Part::Growth => wire::growth::measure(&mut table),
    });
    // What was measured before something failed is worth having.
    println!("{table}");
    measured
}
