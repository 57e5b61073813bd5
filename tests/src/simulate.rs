//! `elsewhere-fleet simulate`: which company, and where it goes.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use clap::Args;
use elsewhere_agent::enroll::Token;
use elsewhere_catalog::Catalog;
use elsewhere_collector::{installation::Installation, week::Week};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    clock,
    fleet::{
        Company, History, Story, Truth,
        live::{self, Delivered, Pace},
        story::{MAX_CUSTOMERS, MAX_WEEKS, Planted},
        truth::Counting,
    },
};

const EXAMPLES: &str = "\
Examples:
  elsewhere-fleet simulate --story tests/stories/northmoor.toml --truth truth.json
  elsewhere-fleet simulate --customers 200 --weeks 8 --seed 7 --until 2026-W46 --truth truth.json
  elsewhere-fleet simulate --story tests/stories/northmoor.toml --into ./data/collector --truth truth.json
  elsewhere-fleet simulate --customers 200 --weeks 4 --connect \"$(elsewhere-collector enroll-token create --uses 300)\"

The same story, seed and --until give the same bytes.";

/// Simulates a company: from a story file, or made up from a seed.
#[derive(Args)]
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
    /// Enrol the devices with this token of many uses and deliver over the network, as agents do
    #[arg(long, value_name = "TOKEN", conflicts_with = "into")]
    connect: Option<Token>,
    /// With --connect: only the first N devices
    #[arg(long, value_name = "N", requires = "connect", value_parser = clap::value_parser!(u32).range(1..))]
    devices: Option<u32>,
    /// With --connect: visits under way at a time
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
    visits: u16,
    /// With --connect: days that a device brings along to each visit
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=91))]
    days_a_visit: u16,
    /// Write the planted truth to this file, as JSON
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
}

/// Does what the arguments say.
pub fn run(arguments: &Simulate) -> anyhow::Result<()> {
    let catalog = elsewhere_catalog::builtin();
    let story = story(arguments, catalog)?;
    let until = arguments.until.or(story.until).unwrap_or_else(|| Week::of(clock::today()).plus(-1));
    if arguments.connect.is_some() && until >= Week::of(clock::today()) {
        bail!(
            "week {until} is not over, and a collector takes no days of the future; choose an earlier --until"
        );
    }
    if arguments.into.is_some() || arguments.connect.is_some() {
        refuse_unplayable(&story)?;
    }
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
    match &arguments.connect {
        Some(token) => connect(company, token.clone(), arguments),
        None => Ok(()),
    }
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

/// Playing knows one enrolment of each device, and delivers each morning.
fn refuse_unplayable(story: &Story) -> anyhow::Result<()> {
    let is_unplayable =
        |planted: &&Planted| matches!(planted, Planted::Reorganisation { .. } | Planted::Late { .. });
    if let Some(planted) = story.planted.iter().find(is_unplayable) {
        bail!(
            "'{}' can't be played into a collector; leave it out, or score the story by \
             `./tests/bench insight --stories DIR`",
            planted.in_words()
        );
    }
    Ok(())
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

fn connect(company: Company, token: Token, arguments: &Simulate) -> anyhow::Result<()> {
    let devices = arguments.devices.map_or(company.devices.len(), |devices| devices as usize);
    let pace = Pace {
        devices: devices.min(company.devices.len()),
        visits_at_a_time: arguments.visits.into(),
        days_a_visit: arguments.days_a_visit.into(),
    };
    let dir = tempfile::tempdir().context("make a directory for the devices' papers")?;
    let progress = progress(2 * pace.devices as u64, "devices enrolled, then delivered");
    let runtime = tokio::runtime::Runtime::new().context("start the network")?;
    let delivery =
        live::deliver(Arc::new(company), token, dir.path(), clock::today(), pace, |_| progress.inc(1));
    let delivered = runtime.block_on(delivery);
    progress.finish_and_clear();
    report(&delivered?)
}

fn report(delivered: &Delivered) -> anyhow::Result<()> {
    let Delivered { devices, stored, visits, enrolling_seconds, delivering_seconds, .. } = delivered;
    println!("enrolled {devices} devices in {enrolling_seconds:.1} s");
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 device-days")]
    let rate = *stored as f64 / delivering_seconds.max(0.001);
    println!(
        "delivered {stored} device-days in {visits} visits and {delivering_seconds:.1} s: {rate:.0} device-days a second"
    );
    match &delivered.refused {
        Some((refused, problem)) => {
            bail!("the collector refused {refused} device-days; the first: {problem}")
        }
        None => Ok(()),
    }
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
