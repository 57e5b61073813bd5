//! Delivery to commit to ack, beside the same bodies written by hand.

use std::path::Path;

use anyhow::ensure;
use elsewhere_collector::{
    device_day::DeviceDay,
    installation::{Delivery, Installation},
    store::body,
    week::Week,
    wire::days_of,
};
use elsewhere_proto::v1::{self, device_day_ack::Outcome};
use jiff::{Span, civil::Date};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rusqlite::Connection;

use super::{
    REPEATS,
    busy::{Busy, ROWS},
    number, weeks,
};
use crate::{
    clock,
    figures::Spread,
    table::{Goal, Table},
};

/// Devices that deliver.
const DEVICES: u32 = 10_000;
/// Device-days in one commit.
const BATCH: usize = 1_000;

/// Delivers days of one week, a commit of ours and one by hand in turn.
pub fn measure(table: &mut Table) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let installation = Installation::create_or_open(dir.path())?;
    let busy = Busy::new()?;
    weeks::register(dir.path(), &busy, 0..DEVICES)?;
    let by_hand = by_hand(&dir.path().join("by-hand.db"))?;
    let monday = Week::of(clock::today()).plus(-1).monday();
    let mut order: Vec<u32> = (0..DEVICES).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let (mut shares, mut ours_per_second, mut hand_per_second) = (Vec::new(), Vec::new(), Vec::new());
    // The first date fills caches and is not counted.
    for repeat in 0..=REPEATS {
        let date = monday.saturating_add(Span::new().days(i64::try_from(repeat)?));
        order.shuffle(&mut rng);
        let (mut ours, mut hand) = (0.0, 0.0);
        for batch in order.chunks(BATCH) {
            let days: Vec<DeviceDay> = batch.iter().map(|index| busy.day(*index, date, ROWS, 1)).collect();
            let bodies: Vec<_> = days.iter().map(body::pack).collect();
            let deliveries =
                batch.iter().zip(&days).map(|(index, day)| delivery(&busy, *index, day)).collect();
            ours += seconds(|| deliver(&installation, deliveries))?;
            hand += seconds(|| upsert(&by_hand, &busy, batch, date, &bodies))?;
        }
        if repeat > 0 {
            shares.push(hand / ours * 100.0);
            ours_per_second.push(number(order.len()) / ours);
            hand_per_second.push(number(order.len()) / hand);
        }
    }
    let (share, by_hand) = (Spread::of(shares), Spread::of(hand_per_second).median);
    table.row(
        "delivery to commit to ack, of the same upserts by hand",
        share.median,
        "%",
        &format!("{by_hand:.0} a second; {:.0} to {:.0} %", share.least, share.most),
        Goal::AtLeast(75.0),
    );
    let ours = Spread::of(ours_per_second).median;
    table.row(
        "delivery to commit to ack",
        ours,
        "device-days/s",
        "need of a million 1110",
        Goal::AtLeast(1_110.0),
    );
    Ok(())
}

fn delivery(busy: &Busy, index: u32, day: &DeviceDay) -> Delivery {
    let device = busy.device(index);
    Delivery { device: device.id, epoch: device.epoch, days: vec![v1::DeviceDay::from(day)] }
}

fn deliver(installation: &Installation, deliveries: Vec<Delivery>) -> anyhow::Result<()> {
    let acks = installation.deliver_all(deliveries, clock::now())?;
    ensure!(acks.iter().all(|ack| ack.outcome() == Outcome::Stored), "not all was stored");
    Ok(())
}

/// The same table, in a file that is as durable.
fn by_hand(path: &Path) -> anyhow::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE device_days (
            device INTEGER NOT NULL, day INTEGER NOT NULL, epoch INTEGER NOT NULL, revision INTEGER NOT NULL,
            received INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (device, day, epoch)
         ) STRICT, WITHOUT ROWID",
    )?;
    Ok(connection)
}

fn upsert(
    by_hand: &Connection,
    busy: &Busy,
    batch: &[u32],
    date: Date,
    bodies: &[Vec<u8>],
) -> anyhow::Result<()> {
    let (day, today) = (days_of(date), days_of(clock::today()));
    let ids: Vec<_> = batch.iter().map(|index| busy.device(*index).id.bits().cast_signed()).collect();
    let transaction = by_hand.unchecked_transaction()?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO device_days VALUES (?1, ?2, 1, 1, ?3, ?4)
         ON CONFLICT (device, day, epoch) DO UPDATE SET
            revision = excluded.revision, received = excluded.received, body = excluded.body
         WHERE excluded.revision > device_days.revision",
    )?;
    for (id, body) in ids.iter().zip(bodies) {
        insert.execute((id, day, today, body))?;
    }
    drop(insert);
    Ok(transaction.commit()?)
}

fn seconds(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let begun = clock::now();
    work()?;
    Ok(clock::now().duration_since(begun).as_secs_f64())
}
