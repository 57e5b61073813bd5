//! How large the catalog is, what a lookup costs, and how right catalog and evidence are.
//!
//! Run by `./tests/bench catalog [PART…] [--list FILE] [--not-use FILE] [--sessions DIR]`.

#[path = "catalog/counting.rs"]
mod counting;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Parser, ValueEnum};
use elsewhere_catalog::Catalog;
use elsewhere_tests::{
    catalog_bench::{cost, known, sessions, size, unwanted},
    table::Table,
};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// Lists that the catalog was not built from, and never may be.
const HELD_OUT: &str = "tests/src/catalog_bench/held-out";

/// Measures the catalog, and the evidence that it leads to.
#[derive(Parser)]
#[command(after_help = "Example:\n  ./tests/bench catalog sessions --sessions ../sessions/held-out")]
struct Args {
    /// What to measure; all of it where nothing is said
    part: Vec<Part>,
    /// Services that the catalog should know: CSV with domain, service, need
    #[arg(long, value_name = "FILE", default_value = "../shared/catalog/known-services.csv")]
    list: Vec<PathBuf>,
    /// What is no use of a service: CSV with domain, why
    #[arg(long, value_name = "FILE", default_value = "../shared/catalog/not-use.csv")]
    not_use: PathBuf,
    /// Labelled sessions: x.pcap or x.pcapng with x.labels.json, also in folders below
    #[arg(long, value_name = "DIR")]
    sessions: Option<PathBuf>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Services, rules, bytes in memory.
    Size,
    /// Lookups a second, beside other ways to look up.
    Cost,
    /// Right and wrong beside lists.
    Lists,
    /// Right and wrong on labelled sessions; needs --sessions.
    Sessions,
}

fn main() -> ExitCode {
    let mut table = Table::new();
    let measured = measure(&Args::parse(), &mut table);
    // What was measured before something failed is worth having.
    println!("{table}");
    if let Err(error) = measured {
        eprintln!("catalog: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn measure(args: &Args, table: &mut Table) -> anyhow::Result<()> {
    let catalog = elsewhere_catalog::builtin();
    // Cargo runs a benchmark in its package's folder; paths are meant from the top of the repository.
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the package is in the repository")?;
    let parts = if args.part.is_empty() { Part::value_variants() } else { &args.part };
    parts.iter().try_for_each(|part| match (part, &args.sessions) {
        (Part::Size, _) => {
            size::measure(catalog, table);
            Ok(())
        }
        (Part::Cost, _) => cost::measure(catalog, counting::asked, table),
        (Part::Lists, _) => lists(args, catalog, top, table),
        (Part::Sessions, Some(folder)) => sessions::score(catalog, &top.join(folder), table),
        (Part::Sessions, None) if args.part.contains(part) => {
            anyhow::bail!("labelled sessions are needed; say where with --sessions DIR")
        }
        (Part::Sessions, None) => {
            println!("evidence not scored: no labelled sessions were given with --sessions DIR\n");
            Ok(())
        }
    })
}

fn lists(args: &Args, catalog: &Catalog, top: &Path, table: &mut Table) -> anyhow::Result<()> {
    for list in &args.list {
        print(known::compare(catalog, &top.join(list), table)?);
    }
    print(unwanted::compare(catalog, &top.join(&args.not_use), table)?);
    // Only how many differ: whoever works on the catalog must not see which.
    let held_out = top.join(HELD_OUT);
    known::compare(catalog, &held_out.join("services.csv"), table)?;
    known::compare(catalog, &held_out.join("services-2.csv"), table)?;
    unwanted::compare(catalog, &held_out.join("not-use.csv"), table)?;
    unwanted::unlisted(catalog, table);
    Ok(())
}

fn print(differences: Vec<String>) {
    for difference in differences {
        println!("{difference}");
    }
}
