//! A collector directory with weeks of many devices, made once a run through the store itself.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

use anyhow::Context;
use elsewhere_collector::{
    device::{Device, Pseudonym},
    published::{Price, PublishedWeek, WeekState},
    store::{DeviceDays, Store, sqlite::SqliteStore},
    week::Week,
    wire::days_of,
};
use jiff::Span;
use tempfile::TempDir;

use super::busy::{Busy, ROWS};
use crate::clock;

/// Devices whose week is handed over in one commit.
const BATCH: usize = 1_000;

/// The directory.
pub struct Weeks {
    dir: TempDir,
    /// The company.
    pub busy: Busy,
    /// How many devices it has.
    pub devices: u32,
    /// The running week.
    pub running: Week,
}

impl Weeks {
    /// Registers the devices; there is no device-day yet.
    pub fn begin(devices: u32) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("elsewhere-store-").tempdir()?;
        let busy = Busy::new()?;
        drop(SqliteStore::create_or_open(dir.path())?);
        register(dir.path(), &busy, 0..devices)?;
        fs::write(
            dir.path().join("collector.toml"),
            "people = \"127.0.0.1:0\"\ndevices = \"127.0.0.1:0\"\n",
        )?;
        fs::write(dir.path().join("portfolio.toml"), portfolio())?;
        Ok(Self { dir, busy, devices, running: Week::of(clock::today()) })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A week's file.
    pub fn file(&self, week: Week) -> PathBuf {
        self.path().join(format!("weeks/{week}.db"))
    }

    /// Fills a week with every device's seven days.
    pub fn fill(&self, week: Week) -> anyhow::Result<()> {
        let store = SqliteStore::create_or_open(self.path())?;
        let mut devices: Vec<(Device, u32)> =
            (0..self.devices).map(|index| (self.busy.device(index), index)).collect();
        // In the order in which they are stored, so that it is quick.
        devices.sort_by_key(|(device, _)| device.id.bits().cast_signed());
        let (made, batches) = mpsc::sync_channel(2);
        thread::scope(|scope| {
            scope.spawn(move || {
                for batch in devices.chunks(BATCH) {
                    let delivery = |(device, index): &(Device, u32)| {
                        let dates = (0..7).map(|day| week.monday().saturating_add(Span::new().days(day)));
                        let days = dates.map(|date| self.busy.day(*index, date, ROWS, 1)).collect();
                        DeviceDays { device: device.clone(), days }
                    };
                    if made.send(batch.iter().map(delivery).collect()).is_err() {
                        return;
                    }
                }
            });
            for batch in batches {
                store.put_device_days(batch, clock::today())?;
            }
            Ok(())
        })
    }

    /// Copies a week's file to another week, on disk and not only in memory; what stands in it is of the first.
    pub fn copy(&self, from: Week, to: Week) -> anyhow::Result<()> {
        fs::copy(self.file(from), self.file(to)).context("copy a week's file")?;
        fs::File::open(self.file(to))?.sync_all().context("write a week's file to disk")
    }

    /// Says of a week that it has been published, so that it is not computed before a later one.
    pub fn leave_out(&self, week: Week) -> anyhow::Result<()> {
        let store = SqliteStore::create_or_open(self.path())?;
        let empty = PublishedWeek {
            week,
            minimum_group: 5,
            segments: Vec::new(),
            price: Price::default(),
            news: Vec::new(),
        };
        store.publish(&empty, WeekState::Frozen { frozen_at: clock::now(), before_its_end: false })?;
        Ok(())
    }
}

/// Enrols busy devices in one commit.
pub(super) fn register(dir: &Path, busy: &Busy, devices: Range<u32>) -> anyhow::Result<()> {
    let mut control = rusqlite::Connection::open(dir.join("control.db"))?;
    let transaction = control.transaction()?;
    {
        let mut insert = transaction.prepare(
            "INSERT INTO devices (id, epoch, enrolled, pseudonym, segments, group_token)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for device in devices.map(|index| busy.device(index)) {
            insert.execute((
                device.id.bits().cast_signed(),
                device.epoch,
                days_of(device.enrolled),
                device.groups.pseudonym.as_ref().map(Pseudonym::as_str),
                device.groups.segments.to_string(),
                device.group_token,
            ))?;
        }
    }
    Ok(transaction.commit()?)
}

/// Of each need the first service is ours and the second tolerated.
fn portfolio() -> String {
    let catalog = elsewhere_catalog::builtin();
    let mut blocks = vec!["organisation = \"Bench\"\nsimulated = true\n".to_owned()];
    for need in catalog.needs() {
        let work =
            catalog.services().filter(|service| service.need() == need.id && !service.as_often_private());
        for (service, status) in work.zip(["sanctioned", "tolerated"]) {
            blocks.push(format!("[[service]]\nid = \"{}\"\nstatus = \"{status}\"\n", service.id()));
        }
    }
    blocks.join("\n")
}
