//! `elsewhere-fleet simulate`: which company, and where it goes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use elsewhere_catalog::Catalog;
use elsewhere_collector::{installation::Installation, week::Week};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    clock,
    fleet::{
        Company, History, Story, Truth,
        story::{MAX_CUSTOMERS, MAX_WEEKS},
        truth::Counting,
    },
};

const EXAMPLES: &str = "\
Examples:
  elsewhere-fleet simulate --story tests/stories/northmoor.toml --truth truth.json
  elsewhere-fleet simulate --customers 200 --weeks 8 --seed 7 --until 2026-W46 --truth truth.json
  elsewhere-fleet simulate --story tests/stories/northmoor.toml --into ./data/collector --truth truth.json

The same story, seed and --until give the same bytes.";

/// Simulates a company: from a story file, or made up from a seed.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Simulate {
    /// Story file in TOML, as tests/stories/README.md describes it
    #[arg(long, value_name = "FILE")]
    story: Option<PathBuf>,
    /// Number of customers; goes before the story's own [default: 600]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CUSTOMERS)))]
    customers: Option<u32>,
    /// Number of weeks; goes before the story's own [default: 13]
    #[arg(long, value_name = "W", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_WEEKS)))]
    weeks: Option<u32>,
    /// Seed of all that is drawn; goes before the story's own [default: 1]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Last week told, such as 2026-W46; goes before the story's own [default: the last week that is over]
    #[arg(long, value_name = "WEEK")]
    until: Option<Week>,
    /// Play the weeks into this collector directory; it is made if it is missing, and refused if it has devices
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Write the planted truth to this file, as JSON
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
}

/// Does what the arguments say.
pub fn run(arguments: &Simulate) -> anyhow::Result<()> {
    let catalog = elsewhere_catalog::builtin();
    let story = story(arguments, catalog)?;
    let until = arguments.until.or(story.until).unwrap_or_else(|| Week::of(clock::today()).plus(-1));
    let company = Company::new(story, catalog, until);
    let truth = match &arguments.into {
        Some(dir) => play(&company, dir)?,
        None => tell(&company),
    };
    if let Some(file) = &arguments.truth {
        fs::write(file, truth.to_json())
            .with_context(|| format!("write the truth to '{}'", file.display()))?;
    }
    print_summary(&company, &truth);
    Ok(())
}

fn story(arguments: &Simulate, catalog: &'static Catalog) -> anyhow::Result<Story> {
    let Some(file) = &arguments.story else {
        let (customers, weeks) = (arguments.customers.unwrap_or(600), arguments.weeks.unwrap_or(13));
        return Ok(Story::made(customers, weeks, arguments.seed.unwrap_or(1), catalog));
    };
    let text = fs::read_to_string(file).with_context(|| format!("read story '{}'", file.display()))?;
    let mut story =
        Story::read(&text, catalog).with_context(|| format!("story '{}' is wrong", file.display()))?;
    story.customers = arguments.customers.unwrap_or(story.customers);
    story.weeks = arguments.weeks.unwrap_or(story.weeks);
    story.seed = arguments.seed.unwrap_or(story.seed);
    Ok(story)
}

fn tell(company: &Company) -> Truth {
    let progress = progress(u64::from(company.story.weeks) * 7, "days simulated");
    let mut counting = Counting::new(company);
    for date in company.dates() {
        for customer in &company.customers {
            counting.add(customer, date, &company.device_days_of(customer, date));
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    counting.finish()
}

fn play(company: &Company, dir: &Path) -> anyhow::Result<Truth> {
    let installation = Installation::create_or_open(dir)?;
    let history = History::begin(company, &installation)?;
    let progress = progress(u64::from(company.story.weeks) * 7, "days played");
    let truth = history.play(|_| progress.inc(1));
    progress.finish_and_clear();
    truth
}

/// A bar on a terminal, nothing elsewhere.
fn progress(length: u64, what: &'static str) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:20} {pos}/{len} {msg} {elapsed}").expect("the template is ours");
    ProgressBar::new(length).with_style(style).with_message(what)
}

fn print_summary(company: &Company, truth: &Truth) {
    let [first, last] = &truth.told;
    println!("{} (simulated)   seed {}   {first} to {last}", truth.organisation, truth.seed);
    println!(
        "{} customers, {} devices, {} departments: {} device-days",
        truth.customers,
        truth.devices,
        company.story.departments.len(),
        truth.device_days
    );
    for planted in &truth.planted {
        println!("planted: {}", planted.in_words());
    }
}
