//! How much of what happens in made-up companies the product says, and how much it says that does not happen.
//!
//! Run by `./tests/bench insight [--companies N] [--show KIND] [--stories DIR] [--signals]`.

use std::path::PathBuf;

use clap::Parser;
use elsewhere_tests::{
    clock,
    insight_bench::{self, HELD_OUT, Kind, Score, TUNING, add_rows, large, print_kinds, signals},
    table::{Goal, Table},
};

/// Scores insight on companies with planted stories.
#[derive(Parser)]
#[command(
    after_help = "Examples:\n  ./tests/bench insight\n  ./tests/bench insight --companies 20 --show fling\n  \
                        ./tests/bench insight --stories tests/stories"
)]
struct Args {
    /// Companies to tune by; 40 that are held out are scored beside 160 of them or more
    #[arg(long, value_name = "N", default_value_t = 160, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    companies: u64,
    /// List the stories of this kind that were missed, and the false statements
    #[arg(long, value_name = "KIND", value_parser = kind)]
    show: Option<Kind>,
    /// Score the story files (*.toml) of this directory instead
    #[arg(long, value_name = "DIR")]
    stories: Option<PathBuf>,
    /// Judge the nights' signals alone
    #[arg(long)]
    signals: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// Companies that nobody looks at.
const HELD_OUT_COMPANIES: u64 = 40;
/// With fewer companies than these it is a look, and no measurement.
const ALL_COMPANIES: u64 = 160;

fn kind(text: &str) -> Result<Kind, String> {
    let known = Kind::ALL.map(Kind::as_str).join(", ");
    Kind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(format!("it is none of {known}"))
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let mut table = Table::new();
    if let Some(dir) = &args.stories {
        let score = insight_bench::of_stories(dir)?;
        show(&score, args.show);
        add_rows(&score, "story files", &mut table);
        println!("{table}");
        return Ok(());
    }
    if args.signals {
        signals::measure(&mut table)?;
        println!("\n{table}");
        return Ok(());
    }
    let begun = clock::now();
    let seeds: Vec<u64> = (TUNING..=args.companies).collect();
    let score = insight_bench::of_seeds(&seeds)?;
    show(&score, args.show);
    add_rows(&score, "tuning", &mut table);
    if args.companies >= ALL_COMPANIES {
        let seeds: Vec<u64> = (HELD_OUT..HELD_OUT + HELD_OUT_COMPANIES).collect();
        let held_out = insight_bench::of_seeds(&seeds)?;
        println!("\nheld out:");
        print_kinds(&held_out);
        add_rows(&held_out, "held out", &mut table);
        let seconds = clock::now().duration_since(begun).as_secs_f64();
        table.row("companies made up and judged", seconds, "s", "all of them", Goal::None);
        large::measure(&mut table)?;
        signals::measure(&mut table)?;
    }
    println!("\n{table}");
    Ok(())
}

fn show(score: &Score, kind: Option<Kind>) {
    for case in score.cases.iter().filter(|case| Some(case.kind) == kind) {
        println!("{}", case.words);
    }
    print_kinds(score);
}
