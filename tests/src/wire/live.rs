//! What watching costs while traffic passes, in namespaces: the agent as built, in the device's one, not enrolled.
//!
//! ```text
//! hub: name server, scripts' server ── bridge ── cable ── device: clients, agent
//! ```
//!
//! Transfers are TLS records at 1 Gbit/s over real TCP, paced by their sender, with small connections beside them:
//! half of these only their hello names, half only the lookup before them. A hello or a lookup that was not seen is a
//! connection without a name.

mod script;
mod sensor;
mod stage;

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, ensure};
use script::{Then, Transfer};
use sensor::Counted;
use stage::{Made, Stage};

use crate::{
    figures::Spread,
    lab::{self, Running, pause, programs::Agent},
    table::{Goal, Table},
};

/// Payload of 1 Gbit/s in frames of 1,514 bytes: 1,448 of each 1,538 that a frame takes on the wire.
const BYTES_PER_SECOND: u64 = 1_000_000_000 / 8 * 1_448 / 1_538;
/// Rounds of each transfer; their median counts.
const ROUNDS: usize = 3;
/// 20,000 a minute.
const CONNECTIONS_PER_SECOND: u64 = 334;
/// Time in which the agent hands over its days and looks at the kernel's losses, with room for a busy machine.
const TWO_REPORTS: Duration = Duration::from_secs(18);
/// What is still under way when the last byte was heard.
const TAIL: Duration = Duration::from_secs(1);

const DOWNLOAD_GOAL: f64 = 0.02;
const UPLOAD_GOAL: f64 = 0.03;
const CONNECTIONS_GOAL_PERCENT: f64 = 5.0;
const IDLE_GOAL_MS: f64 = 10.0;
const IDLE_GOAL_MB: f64 = 15.0;
const IDLE: Duration = Duration::from_secs(10);

/// What tcpdump is told to keep: handshakes, DNS, the ends of connections.
const HANDSHAKES: &str = "udp port 53 or tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0 \
     or (tcp and tcp[((tcp[12] & 0xf0) >> 2)] = 22)";

/// Transfers by their number on the stage.
const DOWNLOAD: usize = 0;
const UPLOAD: usize = 1;

/// Measures all of it, with transfers of so many seconds.
pub fn measure(seconds: u64, table: &mut Table) -> anyhow::Result<()> {
    let transfer = Transfer { bytes: seconds * BYTES_PER_SECOND, bytes_per_second: BYTES_PER_SECOND };
    let stage = Stage::new(&[Then::Download(transfer), Then::Upload(transfer)])?;
    for (offload, is_on) in [("1,514-byte packets", false), ("TSO/GRO on", true)] {
        stage.set_offload(is_on)?;
        let agent = Agent::start_alone(&stage.lab, 0)?;
        if !is_on {
            idle(&agent, table)?;
        }
        let before = Counted::of(&agent.raw()?);
        let downloads = transfers(&stage, &agent, DOWNLOAD)?;
        let uploads = transfers(&stage, &agent, UPLOAD)?;
        cost_row(&format!("agent, download, {offload}"), &downloads, Goal::AtMost(DOWNLOAD_GOAL), table);
        cost_row(&format!("agent, upload, {offload}"), &uploads, Goal::AtMost(UPLOAD_GOAL), table);
        let made: Vec<Made> = downloads.iter().chain(&uploads).map(|(made, _)| *made).collect();
        seen_rows(&format!("agent, {offload}"), &agent, before, &made, table)?;
        drop(agent);
        peer(&stage, &format!("tcpdump, handshake filter, download, {offload}"), "tcpdump", table, |_| {
            vec!["-i".into(), "eth0".into(), "-w".into(), "/dev/null".into(), HANDSHAKES.into()]
        })?;
        peer(&stage, &format!("nDPI, download, {offload}"), "ndpiReader", table, |seconds| {
            vec!["-q".into(), "-i".into(), "eth0".into(), "-s".into(), seconds.to_string()]
        })?;
    }
    new_connections(&stage, seconds, table)
}

/// Nothing passes.
fn idle(agent: &Agent, table: &mut Table) -> anyhow::Result<()> {
    pause(TAIL);
    let running = agent.process()?;
    let before = sensor::cpu_seconds(running)?;
    pause(IDLE);
    let spent_ms = (sensor::cpu_seconds(running)? - before) * 1e3;
    table.row("agent, idle: CPU in 10 s", spent_ms, "ms", "-", Goal::AtMost(IDLE_GOAL_MS));
    let resident = lab::resident_mb(running.id())?;
    table.row("agent, idle: resident", resident, "MB", "-", Goal::AtMost(IDLE_GOAL_MB));
    Ok(())
}

/// Rounds of one transfer, each with the agent's CPU seconds.
fn transfers(stage: &Stage, agent: &Agent, number: usize) -> anyhow::Result<Vec<(Made, f64)>> {
    (0..ROUNDS).map(|_| watched(agent.process()?, || stage.bulk(number))).collect()
}

/// What was made, and what it cost who watched.
fn watched(running: &Running, make: impl FnOnce() -> anyhow::Result<Made>) -> anyhow::Result<(Made, f64)> {
    let before = sensor::cpu_seconds(running)?;
    let made = make()?;
    pause(TAIL);
    Ok((made, sensor::cpu_seconds(running)? - before))
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn cost_row(what: &str, rounds: &[(Made, f64)], goal: Goal, table: &mut Table) {
    let cost = Spread::of(rounds.iter().map(|(made, spent)| spent / (made.bulk_bytes as f64 / 1e9)));
    let rate =
        Spread::of(rounds.iter().map(|(made, _)| made.bulk_bytes as f64 * 8.0 / 1e9 / made.bulk_seconds));
    let beside = format!(
        "{:.3} to {:.3}; payload {:.2} Gbit/s for {:.0} s",
        cost.least, cost.most, rate.median, rounds[0].0.bulk_seconds
    );
    table.fine_row(what, cost.median, "CPU s/GB", &beside, goal);
}

/// Losses, and connections whose hello or lookup was not seen.
fn seen_rows(
    what: &str,
    agent: &Agent,
    before: Counted,
    made: &[Made],
    table: &mut Table,
) -> anyhow::Result<()> {
    pause(TWO_REPORTS);
    let counted = Counted::of(&agent.raw()?).since(before);
    let hellos: u64 = made.iter().map(|made| made.hellos).sum();
    let lookups: u64 = made.iter().map(|made| made.lookups).sum();
    let beside = format!("made {}, counted {}", hellos + lookups, counted.connections);
    // One too many would hide one that was missed.
    let missed = (hellos + lookups).abs_diff(counted.connections) + counted.unnamed;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let figures = (counted.dropped as f64, missed as f64);
    let status = agent.status()?;
    let says =
        format!("status: {} packets, {} hellos missed", status["packets_missed"], status["hellos_missed"]);
    table.row(&format!("{what}: packets dropped"), figures.0, "packets", &says, Goal::AtMost(0.0));
    let facts = format!("{what}: hellos ({hellos}) and lookups ({lookups}) not seen");
    table.row(&facts, figures.1, "connections", &beside, Goal::AtMost(0.0));
    Ok(())
}

/// Another program over the same download.
fn peer(
    stage: &Stage,
    what: &str,
    program: &str,
    table: &mut Table,
    args: impl Fn(u64) -> Vec<String>,
) -> anyhow::Result<()> {
    let log = stage.lab.path(&format!("{program}.log"));
    let mut command: Command = stage.lab.devices()[0].command(program);
    // Longer than it will be let run.
    let mut running = Running::start(command.args(args(600)), &log)?;
    // It has no way to say that it watches: a second is ten times what it needs.
    pause(TAIL);
    let round = watched(&running, || stage.bulk(DOWNLOAD)).with_context(|| said(&log))?;
    ensure!(running.is_alive()?, "{program} ended by itself: {}", said(&log));
    running.stop()?;
    eprintln!("{what}: {}", said(&log).trim());
    cost_row(what, &[round], Goal::None, table);
    Ok(())
}

fn new_connections(stage: &Stage, seconds: u64, table: &mut Table) -> anyhow::Result<()> {
    let agent = Agent::start_alone(&stage.lab, 0)?;
    let before = Counted::of(&agent.raw()?);
    let (made, spent) =
        watched(agent.process()?, || stage.connections(CONNECTIONS_PER_SECOND, seconds * 3 / 2))?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let per_minute = made.hellos as f64 / made.bulk_seconds * 60.0;
    table.row(
        "agent, new connections: of one core",
        spent / made.bulk_seconds * 100.0,
        "%",
        &format!("{per_minute:.0} a minute for {:.0} s", made.bulk_seconds),
        Goal::AtMost(CONNECTIONS_GOAL_PERCENT),
    );
    seen_rows("agent, new connections", &agent, before, &[made], table)?;
    let peak = agent.peak_memory_mb()?;
    table.row("agent, new connections: peak memory", peak, "MB", "-", Goal::None);
    Ok(())
}

fn said(log: &Path) -> String {
    std::fs::read_to_string(log).unwrap_or_default()
}
