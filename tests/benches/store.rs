//! What is kept and what may be shown: the store's sizes and speeds beside the same work by hand, and the floor's price.
//!
//! Run by `./tests/bench store [PART…] [--devices N]`.

use clap::{Parser, ValueEnum};
use elsewhere_tests::{
    store_bench::{Weeks, big, ingest, price, queries, scan, size},
    table::Table,
};

/// Measures the store and the floor.
#[derive(Parser)]
#[command(after_help = "Example:\n  ./tests/bench store ingest scan --devices 20000")]
struct Args {
    /// What to measure; all of it where nothing is said
    part: Vec<Part>,
    /// Devices of the large weeks; the limits are written for 100,000
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    devices: u32,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Bytes of device-days and of their file.
    Size,
    /// Delivery to commit to ack.
    Ingest,
    /// Questions while devices deliver.
    Queries,
    /// The floor's price for companies of several sizes.
    Price,
    /// Scan and rollup of one large week.
    Scan,
    /// Rollup, floor and freeze of one with eight weeks of history.
    Freeze,
    /// Start with thirteen.
    Start,
    /// Deleting one while devices deliver.
    Delete,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let parts = if args.part.is_empty() { Part::value_variants() } else { &args.part };
    let mut table = Table::new();
    let measured = measure(parts, args.devices, &mut table);
    // What was measured before something failed is worth having.
    println!("{table}");
    measured
}

fn measure(parts: &[Part], devices: u32, table: &mut Table) -> anyhow::Result<()> {
    let mut weeks = None;
    for part in parts {
        match part {
            Part::Size => size::measure(table)?,
            Part::Ingest => ingest::measure(table)?,
            Part::Queries => queries::measure(table)?,
            Part::Price => price::measure(table)?,
            Part::Scan | Part::Freeze | Part::Start | Part::Delete => {
                let weeks = match &mut weeks {
                    Some(weeks) => weeks,
                    missing => missing.insert(Weeks::begin(devices)?),
                };
                measure_large(*part, weeks, table)?;
            }
        }
    }
    Ok(())
}

fn measure_large(part: Part, weeks: &Weeks, table: &mut Table) -> anyhow::Result<()> {
    let newest = weeks.running.plus(-1);
    let history = if part == Part::Freeze { big::HISTORY } else { 0 };
    for week in (0..=history).map(|weeks| newest.plus(-weeks)) {
        if !weeks.file(week).exists() {
            eprintln!("making week {week} of {} devices", weeks.devices);
            weeks.fill(week)?;
        }
    }
    match part {
        Part::Scan => scan::measure(weeks, newest, table),
        Part::Freeze => big::freeze(weeks, newest, table),
        Part::Start => big::start(weeks, newest, table),
        _ => big::delete(weeks, newest, table),
    }
}
