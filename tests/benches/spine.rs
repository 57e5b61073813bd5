//! The spine as a whole process: device-days a second from simulated devices, over mutual TLS, to a published week;
//! and the memory of both programs while they do their work.
//!
//! Run by `./tests/bench spine`. Needs root for the agent's half, which watches a device in a namespace.

use std::{fs, process::Command, sync::Arc};

use elsewhere_agent::enroll::Token;
use elsewhere_collector::{serve::Addresses, week::Week};
use elsewhere_tests::{
    clock,
    fleet::{Company, Story, live},
    lab::{Lab, Running, programs, run, wait_for},
    table::{Goal, Table},
};

/// Rounds whose median counts.
const ROUNDS: usize = 3;
/// Customers of the simulated company; each has one or two devices that deliver a week.
const CUSTOMERS: u32 = 300;
/// What 100,000 devices need that visit every 15 minutes.
const NEED_DEVICE_DAYS_PER_SECOND: f64 = 100_000.0 / 900.0;
/// What a small server spares.
const COLLECTOR_MEMORY_MB: f64 = 512.0;
/// What nobody notices on a laptop.
const AGENT_MEMORY_MB: f64 = 15.0;

fn main() -> anyhow::Result<()> {
    let mut rounds = Vec::new();
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        rounds.push(collector()?);
    }
    let median = |figure: fn(&Collector) -> f64| {
        let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    let mut table = Table::new();
    let need = format!("need of 100,000 devices {NEED_DEVICE_DAYS_PER_SECOND:.0}");
    let whole = Goal::AtLeast(NEED_DEVICE_DAYS_PER_SECOND);
    table.row(
        "simulated devices to published week",
        median(Collector::per_second),
        "device-days/s",
        &need,
        whole,
    );
    let delivered = median(|round| round.delivered_per_second);
    table.row("of that, delivery to ack", delivered, "device-days/s", &need, whole);
    table.row(
        "of that, rollup, floor, freeze",
        median(|round| round.freeze_seconds),
        "s",
        "the same run",
        Goal::None,
    );
    let memory = Goal::AtMost(COLLECTOR_MEMORY_MB);
    table.row("collector, peak memory", median(|round| round.peak_mb), "MB", "a small server", memory);
    table.row(
        "agent, peak memory watching",
        agent_peak_mb()?,
        "MB",
        "nobody notices",
        Goal::AtMost(AGENT_MEMORY_MB),
    );
    println!("{table}");
    Ok(())
}

/// What one round measured.
struct Collector {
    device_days: f64,
    delivered_per_second: f64,
    delivering_seconds: f64,
    freeze_seconds: f64,
    peak_mb: f64,
}

impl Collector {
    fn per_second(&self) -> f64 {
        self.device_days / (self.delivering_seconds + self.freeze_seconds)
    }
}

fn collector() -> anyhow::Result<Collector> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("collector");
    fs::create_dir(&data)?;
    fs::write(data.join("collector.toml"), "people = \"127.0.0.1:0\"\ndevices = \"127.0.0.1:0\"\n")?;
    let binary = programs::binary("elsewhere-collector")?;
    let serve = Running::start(
        Command::new(&binary).arg("serve").arg("--data").arg(&data),
        &dir.path().join("collector.log"),
    )?;
    wait_for("the collector", || Ok(Addresses::of_running(&data)))?;
    let command = |args: &[&str]| run(Command::new(&binary).args(args).arg("--data").arg(&data));
    let token = command(&["enroll-token", "create", "--segment", "department=All", "--uses", "1000"])?;
    let token: Token = String::from_utf8(token.stdout)?.trim().parse()?;

    let catalog = elsewhere_catalog::builtin();
    let week = Week::of(clock::today()).plus(-1);
    let company = Arc::new(Company::new(Story::made(CUSTOMERS, 1, 1, catalog), catalog, week));
    let pace = live::Pace { devices: usize::MAX, visits_at_a_time: 32, days_a_visit: 7 };
    let agents = dir.path().join("agents");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let delivered = runtime.block_on(live::deliver(company, token, &agents, clock::today(), pace, |_| ()))?;
    anyhow::ensure!(delivered.refused.is_none(), "refused: {:?}", delivered.refused);

    let begun = clock::now();
    command(&["freeze", "--week", &week.to_string()])?;
    let freeze_seconds = clock::now().duration_since(begun).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let device_days = delivered.stored as f64;
    Ok(Collector {
        device_days,
        delivered_per_second: device_days / delivered.delivering_seconds,
        delivering_seconds: delivered.delivering_seconds,
        freeze_seconds,
        peak_mb: serve.peak_memory_mb()?,
    })
}

/// An agent's peak memory after some downloads on a device of its own.
fn agent_peak_mb() -> anyhow::Result<f64> {
    let mut lab = Lab::new(1)?;
    let names = ["wetransfer.com", "www.dropbox.com", "www.notion.so"];
    lab.serve_dns(&names)?;
    let web = lab.serve_web(&names)?;
    fs::write(web.root.join("body"), vec![b'e'; 20_000_000])?;
    let collector = programs::Collector::start(&lab, "organisation = \"Bench\"\n")?;
    let token = collector.command(&["enroll-token", "create", "--segment", "department=All"])?;
    let agent = programs::Agent::start(&lab, 0, &token)?;
    let ca = web.ca.display().to_string();
    for name in names {
        let url = format!("https://{name}/body");
        lab.devices()[0].run("curl", &["-sSf", "--cacert", &ca, "-o", "/dev/null", &url])?;
    }
    wait_for("the agent to deliver", || {
        Ok(agent.raw()?.iter().any(|day| day["acknowledged"] == true).then_some(()))
    })?;
    agent.peak_memory_mb()
}
