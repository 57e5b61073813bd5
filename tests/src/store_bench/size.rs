//! What device-days take on disk.

use std::fs;

use elsewhere_collector::{
    store::{DeviceDays, Store, body, sqlite::SqliteStore},
    week::Week,
};
use jiff::{Span, civil::Date};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::{
    busy::{Busy, ROWS},
    number, weeks,
};
use crate::{
    clock,
    figures::Spread,
    table::{Goal, Table},
};

/// Device-days whose bodies are measured.
const BODIES: u32 = 10_000;
/// Devices whose week is delivered.
const DEVICES: u32 = 10_000;
/// What a file may take beside 1.2 times its bodies, a device-day.
const ROW_BYTES: f64 = 40.0;

/// Packs device-days of 40 rows, and stores a week as it would come: each date's devices in any order, half a day
/// first, then the whole.
pub fn measure(table: &mut Table) -> anyhow::Result<()> {
    let busy = Busy::new()?;
    let date = Week::of(clock::today()).monday();
    let bytes = |rows| {
        let bodies = (0..BODIES).map(|index| number(body::pack(&busy.day(index, date, rows, 40)).len()));
        Spread::of(bodies)
    };
    let (whole, without) = (bytes(ROWS), bytes(0));
    table.row("a device-day of 40 rows, median", whole.median, "bytes", "10,000 made", Goal::AtMost(1_300.0));
    table.row("the same, largest", whole.most, "bytes", "10,000 made", Goal::AtMost(1_300.0));
    let row = (whole.median - without.median) / number(ROWS);
    table.row("a row of usage", row, "bytes", "days without rows", Goal::AtMost(30.0));
    let (file, bodies, days) = delivered_week(&busy)?;
    let limit = 1.2 * bodies + ROW_BYTES * days;
    table.row(
        "a delivered week's file, of 1.2 bodies + 40 bytes a day",
        file / limit * 100.0,
        "%",
        &format!("{days:.0} days, {:.0} bytes each", file / days),
        Goal::AtMost(100.0),
    );
    Ok(())
}

/// Bytes of the file, bytes of its bodies, device-days.
fn delivered_week(busy: &Busy) -> anyhow::Result<(f64, f64, f64)> {
    let dir = tempfile::tempdir()?;
    let store = SqliteStore::create_or_open(dir.path())?;
    weeks::register(dir.path(), busy, 0..DEVICES)?;
    let week = Week::of(clock::today()).plus(-1);
    let mut order: Vec<u32> = (0..DEVICES).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (mut bodies, mut days) = (0, 0);
    for date in (0..7).map(|day| week.monday().saturating_add(Span::new().days(day))) {
        for (rows, revision) in [(ROWS / 2, 1), (ROWS, 2)] {
            order.shuffle(&mut rng);
            for batch in order.chunks(1_000) {
                let deliveries: Vec<_> =
                    batch.iter().map(|index| delivery(busy, *index, date, rows, revision)).collect();
                if rows == ROWS {
                    let all = deliveries.iter().flat_map(|delivery| &delivery.days);
                    bodies += all.map(|day| body::pack(day).len()).sum::<usize>();
                    days += batch.len();
                }
                store.put_device_days(deliveries, clock::today())?;
            }
        }
    }
    // Closing it brings all into the one file.
    drop(store);
    let file = fs::metadata(dir.path().join(format!("weeks/{week}.db")))?.len();
    Ok((number(usize::try_from(file)?), number(bodies), number(days)))
}

fn delivery(busy: &Busy, index: u32, date: Date, rows: usize, revision: u64) -> DeviceDays {
    DeviceDays { device: busy.device(index), days: vec![busy.day(index, date, rows, revision)] }
}
