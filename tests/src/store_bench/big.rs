//! Thirteen weeks of many devices: freezing one with its history, starting, deleting.

use std::{
    process::Command,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use anyhow::ensure;
use elsewhere_collector::{
    serve::Addresses,
    store::{DeviceDays, Store, sqlite::SqliteStore},
    week::Week,
};

use super::{REPEATS, Weeks, busy::ROWS};
use crate::{
    clock,
    figures::Spread,
    lab::{Running, pause, programs, wait_for},
    table::{Goal, Table},
};

/// Weeks of history beside the frozen one.
pub const HISTORY: i64 = 8;
/// Weeks that are kept.
const KEPT: i64 = 13;
/// Deliveries that are timed while a week is deleted, before and after.
const DELIVERIES: usize = 200;

/// Freezes the newest full week as `elsewhere-collector freeze` does, in a process of its own.
pub fn freeze(weeks: &Weeks, week: Week, table: &mut Table) -> anyhow::Result<()> {
    for earlier in 1..=HISTORY {
        weeks.leave_out(week.plus(-earlier))?;
    }
    let binary = programs::binary("elsewhere-collector")?;
    let begun = clock::now();
    let mut freeze = Running::start(
        Command::new(binary).args(["freeze", "--week", &week.to_string(), "--data"]).arg(weeks.path()),
        &weeks.path().join("freeze.log"),
    )?;
    let (mut peak_mb, mut cpu_seconds): (f64, f64) = (0.0, 0.0);
    while freeze.is_alive()? {
        // Neither can be asked for once it has ended.
        peak_mb = freeze.peak_memory_mb().map_or(peak_mb, |mb| mb.max(peak_mb));
        cpu_seconds = freeze.cpu_seconds().map_or(cpu_seconds, |seconds| seconds.max(cpu_seconds));
        pause(Duration::from_millis(10));
    }
    let seconds = clock::now().duration_since(begun).as_secs_f64();
    let published = SqliteStore::create_or_open(weeks.path())?.published(week)?;
    ensure!(
        published.is_some_and(|(week, _)| week.segments.len() > 1),
        "it was not frozen: {}",
        std::fs::read_to_string(weeks.path().join("freeze.log"))?
    );
    let what = format!("rollup, floor, freeze: {} devices, {HISTORY} weeks of history", weeks.devices);
    table.row(&what, seconds, "s", "once", Goal::AtMost(60.0));
    table.row("the same, processor time", cpu_seconds, "s", "all cores together", Goal::None);
    table.row("the same, peak memory", peak_mb, "MB", "VmHWM of the process", Goal::AtMost(1_000.0));
    Ok(())
}

/// Starts a server on all weeks.
pub fn start(weeks: &Weeks, week: Week, table: &mut Table) -> anyhow::Result<()> {
    let mut copies = 0;
    for earlier in 0..KEPT {
        let kept = weeks.running.plus(-earlier);
        if !weeks.file(kept).exists() {
            weeks.copy(week, kept)?;
            copies += 1;
        }
    }
    let binary = programs::binary("elsewhere-collector")?;
    let mut seconds = Vec::new();
    for _ in 0..REPEATS {
        let begun = clock::now();
        let server = Running::start(
            Command::new(&binary).arg("serve").arg("--data").arg(weeks.path()),
            &weeks.path().join("serve.log"),
        )?;
        wait_for("the collector", || Ok(Addresses::of_running(weeks.path())))?;
        seconds.push(clock::now().duration_since(begun).as_secs_f64());
        server.kill()?;
    }
    let seconds = Spread::of(seconds);
    table.row(
        &format!("start with {KEPT} weeks of {} devices", weeks.devices),
        seconds.median,
        "s",
        &format!("{copies} of them copies; up to {:.1} s", seconds.most),
        Goal::AtMost(5.0),
    );
    Ok(())
}

/// Deletes a week's file again and again while small deliveries for another week go on.
pub fn delete(weeks: &Weeks, week: Week, table: &mut Table) -> anyhow::Result<()> {
    let store = SqliteStore::create_or_open(weeks.path())?;
    let (due, now) = (weeks.running.plus(-KEPT), weeks.running.plus(1));
    let (mut idle, mut deleting) = (Vec::new(), Vec::new());
    for repeat in 0..REPEATS {
        weeks.copy(week, due)?;
        let round = u64::try_from(repeat)?;
        idle.push(longest_delivery(weeks, &store, now, 2 * round + 1, || Ok(()))?);
        deleting.push(longest_delivery(weeks, &store, now, 2 * round + 2, || Ok(store.forget_week(due)?))?);
        ensure!(!weeks.file(due).exists(), "the week was not deleted");
    }
    store.forget_week(now)?;
    let (idle, deleting) = (Spread::of(idle), Spread::of(deleting));
    table.row(
        "writer's longest stall while a week is deleted",
        deleting.median,
        "ms",
        &format!("up to {:.0} ms; without it {:.0} ms", deleting.most, idle.median),
        Goal::AtMost(100.0),
    );
    Ok(())
}

/// Delivers one device-day after the other, does something in the middle, and gives the longest wait in milliseconds.
fn longest_delivery(
    weeks: &Weeks,
    store: &SqliteStore,
    week: Week,
    revision: u64,
    meanwhile: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<f64> {
    let (delivered, is_done) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let (half, halfway) = mpsc::sync_channel(1);
        let (delivered, is_done) = (&delivered, &is_done);
        let deliveries = scope.spawn(move || -> anyhow::Result<f64> {
            let mut longest: f64 = 0.0;
            for index in 0.. {
                let count = delivered.fetch_add(1, Ordering::Relaxed);
                if count == DELIVERIES / 2 {
                    half.send(())?;
                }
                if count > DELIVERIES && is_done.load(Ordering::Relaxed) {
                    break;
                }
                let index = index % 100;
                let days = vec![weeks.busy.day(index, week.monday(), ROWS, revision)];
                let delivery = vec![DeviceDays { device: weeks.busy.device(index), days }];
                let begun = clock::now();
                store.put_device_days(delivery, week.monday())?;
                longest = longest.max(clock::now().duration_since(begun).as_secs_f64() * 1_000.0);
            }
            Ok(longest)
        });
        halfway.recv()?;
        meanwhile()?;
        is_done.store(true, Ordering::Relaxed);
        deliveries.join().map_err(|_| anyhow::anyhow!("the deliveries failed"))?
    })
}
