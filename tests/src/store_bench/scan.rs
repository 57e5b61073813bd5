//! Counting a week, beside reading its bodies and nothing else.

use std::{collections::HashMap, num::NonZero, path::Path, thread};

use elsewhere_collector::{
    portfolio::{Landscape, Portfolio},
    rollup::{Rollup, Tally},
    store::{
        Store, Visitor,
        body::{self, PackedRow},
        sqlite::SqliteStore,
    },
    week::Week,
};
use nix::sys::resource::{UsageWho, getrusage};
use rusqlite::{Connection, OpenFlags};

use super::{REPEATS, Weeks, busy::ROWS, number};
use crate::{
    clock,
    figures::Spread,
    table::{Goal, Table},
};

/// Scans one filled week, ours and decoding alone in turn.
pub fn measure(weeks: &Weeks, week: Week, table: &mut Table) -> anyhow::Result<()> {
    let store = SqliteStore::create_or_open(weeks.path())?;
    let catalog = elsewhere_catalog::builtin();
    let portfolio =
        Portfolio::parse(&std::fs::read_to_string(weeks.path().join("portfolio.toml"))?, catalog)?;
    let landscape = portfolio.landscape(catalog, week);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let (mut counted, mut decoded, mut shares, mut cpu) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    // The first of each fills caches and is not counted.
    for repeat in 0..=REPEATS {
        let (begun, cpu_before) = (clock::now(), cpu_seconds()?);
        let rollup = rollup(&store, &landscape, week, threads)?;
        let ours = clock::now().duration_since(begun).as_secs_f64();
        let ours_cpu = cpu_seconds()? - cpu_before;
        anyhow::ensure!(rollup.nodes.len() > 1, "nothing was counted");
        let begun = clock::now();
        let rows = decode(&weeks.file(week), threads)?;
        let alone = clock::now().duration_since(begun).as_secs_f64();
        anyhow::ensure!(rows == 7 * ROWS * usize::try_from(weeks.devices)?, "{rows} rows were decoded");
        if repeat > 0 {
            counted.push(ours);
            cpu.push(ours_cpu);
            decoded.push(alone);
            shares.push(alone / ours * 100.0);
        }
    }
    let (share, ours, alone) = (Spread::of(shares), Spread::of(counted), Spread::of(decoded));
    table.row(
        "weekly scan and rollup, of decoding alone",
        share.median,
        "%",
        &format!("{:.1} s; {:.0} to {:.0} %", alone.median, share.least, share.most),
        Goal::AtLeast(25.0),
    );
    let rows = 7.0 * number(ROWS) * f64::from(weeks.devices) / 1e6;
    table.row(
        &format!("weekly scan and rollup of {rows:.1} million rows"),
        ours.median,
        "s",
        &format!("{threads} cores; {:.1} to {:.1} s", ours.least, ours.most),
        Goal::AtMost(10.0),
    );
    let cpu = Spread::of(cpu);
    table.row("the same, processor time", cpu.median, "s", "all cores together", Goal::None);
    Ok(())
}

/// What this process has taken so far.
fn cpu_seconds() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

fn rollup(store: &SqliteStore, landscape: &Landscape, week: Week, threads: usize) -> anyhow::Result<Rollup> {
    let mut whole = Tally::new(week, HashMap::new());
    let mut tallies: Vec<Tally> = (0..threads).map(|_| whole.another()).collect();
    let visitor = |tally| -> Visitor<'_> {
        let tally: &mut Tally = tally;
        Box::new(|member, day| {
            tally.add_packed(landscape, member, day);
        })
    };
    let mut visitors: Vec<Visitor<'_>> = tallies.iter_mut().map(visitor).collect();
    store.visit_week(week, &mut visitors)?;
    drop(visitors);
    for tally in tallies {
        whole.join(tally);
    }
    Ok(whole.finish(landscape, 5))
}

/// Every figure of every row, on as many threads, each with a connection; how many rows there were.
fn decode(file: &Path, threads: usize) -> anyhow::Result<usize> {
    let step = (i128::from(u64::MAX) + 1) / i128::try_from(threads)?;
    thread::scope(|scope| {
        let part = |part: usize| -> anyhow::Result<usize> {
            let first = i64::try_from(i128::from(i64::MIN) + step * i128::try_from(part)?)?;
            let next = i128::from(first) + step;
            let last = if part + 1 == threads { i64::MAX } else { i64::try_from(next - 1)? };
            let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            let mut select =
                connection.prepare("SELECT body FROM device_days WHERE device BETWEEN ?1 AND ?2")?;
            let mut days = select.query([first, last])?;
            let (mut rows, mut bytes, mut room) = (0, 0_u64, Vec::new());
            while let Some(row) = days.next()? {
                body::read(row.get_ref(0)?.as_blob()?, &mut room)?.rows(|row| {
                    if let PackedRow::Usage(usage) = row {
                        rows += 1;
                        bytes += usage.bytes_up + usage.bytes_down;
                    }
                })?;
            }
            anyhow::ensure!(bytes > 0, "no bytes in any row");
            Ok(rows)
        };
        let parts: Vec<_> = (0..threads).map(|place| scope.spawn(move || part(place))).collect();
        let mut rows = 0;
        for part in parts {
            rows += part.join().map_err(|_| anyhow::anyhow!("a thread failed"))??;
        }
        Ok(rows)
    })
}
