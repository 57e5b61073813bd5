//! What readers notice of deliveries: the slowest questions to the published table, idle and while devices deliver.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use elsewhere_collector::{
    device::Device, installation::Installation, query::Query, reader::Reader, store::DeviceDays, week::Week,
};

use super::{
    REPEATS,
    busy::{Busy, ROWS},
    number, weeks,
};
use crate::{
    clock,
    figures::Spread,
    fleet::{Company, History, Story},
    table::{Goal, Table},
};

/// The simulated company whose weeks are asked for.
const CUSTOMERS: u32 = 300;
const WEEKS: u32 = 4;
/// Devices that deliver meanwhile.
const DEVICES: u32 = 5_000;
/// The need of a million devices that visit every 15 minutes.
const DEVICE_DAYS_PER_SECOND: f64 = 1_110.0;
/// A commit's worth.
const BATCH: u32 = 111;
const QUESTIONS: usize = 300;
/// Between two questions, so that there is an idle to compare with.
const PAUSE: Duration = Duration::from_millis(15);

/// Asks in turn while nothing else happens and while devices deliver.
pub fn measure(table: &mut Table) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let installation = Installation::create_or_open(dir.path())?;
    let catalog = elsewhere_catalog::builtin();
    let until = Week::of(clock::today()).plus(-1);
    let company = Company::new(Story::made(CUSTOMERS, WEEKS, 1, catalog), catalog, until);
    History::begin(&company, &installation)?.play(|_| ())?;
    let busy = Busy::new()?;
    weeks::register(dir.path(), &busy, 0..DEVICES)?;
    let (mut idle, mut busier, mut ratios, mut rates) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for repeat in 0..REPEATS {
        let alone = slowest(&installation)?;
        let revision = u64::try_from(repeat)? + 1;
        let (beside, rate) = while_delivering(&installation, &busy, revision)?;
        idle.push(alone);
        busier.push(beside);
        ratios.push(beside / alone);
        rates.push(rate);
    }
    let (ratios, rate) = (Spread::of(ratios), Spread::of(rates).median);
    table.row(
        "queries' p99 while devices deliver, of idle",
        ratios.median,
        "times",
        &format!(
            "{:.0} device-days/s; {:.1} beside {:.1} ms; {:.1} to {:.1} times",
            rate,
            Spread::of(busier).median,
            Spread::of(idle).median,
            ratios.least,
            ratios.most
        ),
        Goal::AtMost(2.0),
    );
    Ok(())
}

/// The 99th of 100 questions, in milliseconds.
fn slowest(installation: &Installation) -> anyhow::Result<f64> {
    let reader = Reader::local();
    let query = Query::new(installation, &reader);
    let (_never, pause) = mpsc::channel::<()>();
    let mut times = Vec::with_capacity(QUESTIONS);
    for question in 0..QUESTIONS {
        let begun = clock::now();
        match question % 4 {
            0 => drop(query.digest(None, None)?),
            1 => drop(query.needs(None, None)?),
            2 => drop(query.services(None, None)?),
            _ => drop(query.segments(None)?),
        }
        times.push(clock::now().duration_since(begun).as_secs_f64() * 1_000.0);
        // Nobody sends: it only lets time pass.
        let _ = pause.recv_timeout(PAUSE);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() * 99 / 100])
}

/// The slowest questions while device-days come at their pace, and that pace.
fn while_delivering(installation: &Installation, busy: &Busy, revision: u64) -> anyhow::Result<(f64, f64)> {
    thread::scope(|scope| {
        let (stop, stopped) = mpsc::channel::<()>();
        let deliveries = scope.spawn(move || -> anyhow::Result<f64> {
            let devices: Vec<Device> = (0..DEVICES).map(|index| busy.device(index)).collect();
            let begun = clock::now();
            let mut delivered = 0;
            for batch in (0..DEVICES).step_by(usize::try_from(BATCH)?).cycle() {
                let indexes = batch..(batch + BATCH).min(DEVICES);
                // Each round over all devices is another date, so that all of it is new.
                let round = delivered / usize::try_from(DEVICES)?;
                let date = Week::of(clock::today()).plus(-1).monday();
                let date = date.saturating_add(jiff::Span::new().days(i64::try_from(round)?));
                let delivery = |index: u32| DeviceDays {
                    device: devices[index as usize].clone(),
                    days: vec![busy.day(index, date, ROWS, revision)],
                };
                delivered += indexes.len();
                installation.store().put_device_days(indexes.map(delivery).collect(), clock::today())?;
                let due = Duration::from_secs_f64(number(delivered) / DEVICE_DAYS_PER_SECOND);
                let passed = clock::now().duration_since(begun).unsigned_abs();
                match stopped.recv_timeout(due.saturating_sub(passed)) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            Ok(number(delivered) / clock::now().duration_since(begun).as_secs_f64())
        });
        let slowest = slowest(installation);
        drop(stop);
        let rate = deliveries.join().map_err(|_| anyhow::anyhow!("the deliveries failed"))??;
        Ok((slowest?, rate))
    })
}
