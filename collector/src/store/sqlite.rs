//! The store in SQLite: a control file, a rollup file, and one file of device-days for each ISO week.
//!
//! All files are WAL with `synchronous=FULL`, so a commit survives a power cut. Device-days go through one writer
//! thread that commits in groups; the rest is rare and short. Several processes may work on one directory at a
//! time, as when a command runs beside the server. Shares of other machines are refused.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{Timestamp, civil::Date};

use self::{database::Database, writer::Writer};
use super::{
    Applied, DeviceDays, Identity, RevealedName, Store, StoreError, Token, UnreachedBackups, Visitor,
};
use crate::{
    device::{Device, DeviceId, DeviceState, Groups},
    nights::Nights,
    published::{PublishedWeek, Signal, WeekState},
    reader::Reader,
    week::Week,
};

pub mod backup;
mod control;
mod database;
mod file;
pub mod integrity;
mod local_disk;
mod published;
mod weeks;
mod writer;

/// What is there only while a backup is being restored, and after that was cut off.
pub const RESTORING: &str = ".restoring";

/// One collector directory's databases.
pub struct SqliteStore {
    dir: PathBuf,
    weeks: PathBuf,
    control: Arc<Database>,
    rollup: Database,
    writer: Writer,
}

/// What is said of a file that was there before.
const LOST: &str = "it is missing or empty, though it was made; restore a backup";

fn is_there(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0)
}

impl SqliteStore {
    /// Opens the databases in `dir`, and makes those that are missing. No week is looked into, so that it takes no longer
    /// the more there is.
    pub fn create_or_open(dir: &Path) -> Result<Self, StoreError> {
        let weeks = dir.join("weeks");
        fs::create_dir_all(&weeks).map_err(|source| StoreError::Files { path: weeks.clone(), source })?;
        local_disk::ensure(dir)?;
        local_disk::ensure(&weeks)?;
        let (control, rollup) = (dir.join("control.db"), dir.join("rollup.db"));
        // An empty file in the place of a lost one would deny what was enrolled, or release frozen weeks a second time.
        if !is_there(&control) && (is_there(&rollup) || !weeks::list(&weeks)?.is_empty()) {
            return Err(control::FILE.damaged(&LOST));
        }
        let control = Arc::new(Database::open(&control, &control::FILE)?);
        control::keep_nothing_deleted(&control.write())?;
        if !is_there(&rollup) && control::has_identity(&*control.read()?)? {
            return Err(published::FILE.damaged(&LOST));
        }
        let rollup = Database::open(&rollup, &published::FILE)?;
        control::ensure_identity(&control.write())?;
        let writer = Writer::start(weeks.clone(), control.clone())?;
        Ok(Self { dir: dir.to_owned(), weeks, control, rollup, writer })
    }
}

impl SqliteStore {
    /// Puts a damaged week's file aside, where it stays until the week expires, and takes another name, so that devices send
    /// the days that they keep again. No server may run on the directory.
    pub fn set_aside(&self, week: Week) -> Result<(), StoreError> {
        weeks::set_aside(&self.weeks, week)?;
        control::week_keys::note_made(&self.control.write(), week, false)?;
        control::backups::begin_anew(&self.control.write(), None)
    }
}

impl Store for SqliteStore {
    fn identity(&self) -> Result<Identity, StoreError> {
        control::identity(&*self.control.read()?)
    }

    fn add_token(&self, token: &Token, secret_hash: [u8; 32]) -> Result<(), StoreError> {
        control::tokens::add(&self.control.write(), token, secret_hash)
    }

    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        control::tokens::all(&*self.control.read()?)
    }

    fn revoke_token(&self, id: &str) -> Result<bool, StoreError> {
        control::tokens::revoke(&self.control.write(), id)
    }

    fn redeem_token(
        &self,
        secret_hash: [u8; 32],
        device: DeviceId,
        now: Timestamp,
    ) -> Result<Option<Device>, StoreError> {
        control::tokens::redeem(&mut self.control.write(), secret_hash, device, now)
    }

    fn register_device(
        &self,
        device: DeviceId,
        groups: &Groups,
        group_token: bool,
        date: Date,
    ) -> Result<Device, StoreError> {
        control::devices::register(&self.control.write(), device, groups, group_token, date)
    }

    fn device(&self, id: DeviceId) -> Result<Option<Device>, StoreError> {
        control::devices::one(&*self.control.read()?, id)
    }

    fn devices(&self) -> Result<Vec<Device>, StoreError> {
        control::devices::all(&*self.control.read()?)
    }

    fn note_visit(&self, id: DeviceId, groups: &Groups, date: Date) -> Result<(), StoreError> {
        control::devices::note_visit(&self.control.write(), id, groups, date)
    }

    fn set_device_state(&self, id: DeviceId, state: DeviceState) -> Result<bool, StoreError> {
        control::devices::set_state(&self.control.write(), id, state)
    }

    fn put_device_days(
        &self,
        deliveries: Vec<DeviceDays>,
        date: Date,
    ) -> Result<Vec<Option<Applied>>, StoreError> {
        self.writer.put(deliveries, date)
    }

    fn weeks(&self) -> Result<Vec<Week>, StoreError> {
        weeks::list(&self.weeks)
    }

    fn visit_week(&self, week: Week, visitors: &mut [Visitor<'_>]) -> Result<(), StoreError> {
        weeks::visit(&self.weeks, week, visitors)
    }

    fn forget_week(&self, week: Week) -> Result<(), StoreError> {
        control::backups::note_forgotten(&self.control.write(), week)?;
        control::week_keys::destroy(&self.control.write(), week)?;
        // The disk frees a large file for a third of a second. The one who asks waits for that, by letting go of it last,
        // and not the thread that writes.
        let last = weeks::hold(&self.weeks, week);
        let forgotten = self.writer.forget(week);
        drop(last);
        forgotten
    }

    fn expire_backups(&self, today: Date) -> Result<Vec<UnreachedBackups>, StoreError> {
        if control::backups::heal_clock(&self.control.write(), today)? {
            tracing::error!(
                "the clock was ahead when weeks were forgotten; devices send the days that they keep again"
            );
        }
        backup::expire(self, today)
    }

    fn nights(&self) -> Result<Nights, StoreError> {
        control::nights::read(&*self.control.read()?)
    }

    fn note_nights(&self, nights: Nights) -> Result<(), StoreError> {
        control::nights::note(&self.control.write(), nights)
    }

    fn names_to_reveal(&self) -> Result<Vec<u64>, StoreError> {
        control::unknown_names::wanted(&*self.control.read()?)
    }

    fn ask_for_names(&self, hashes: &[u64]) -> Result<(), StoreError> {
        control::unknown_names::ask(&mut self.control.write(), hashes)
    }

    fn reveal_name(&self, hash: u64, registrable_domain: &str) -> Result<(), StoreError> {
        control::unknown_names::reveal(&self.control.write(), hash, registrable_domain)
    }

    fn revealed_names(&self) -> Result<Vec<RevealedName>, StoreError> {
        control::unknown_names::revealed(&*self.control.read()?)
    }

    fn ignore_name(&self, hash: u64) -> Result<(), StoreError> {
        control::unknown_names::ignore(&self.control.write(), hash)
    }

    fn erase_name(&self, hash: u64) -> Result<(), StoreError> {
        control::unknown_names::erase(&self.control.write(), hash)
    }

    fn has_api_tokens(&self) -> Result<bool, StoreError> {
        control::api_tokens::any(&*self.control.read()?)
    }

    fn add_api_token(&self, hash: [u8; 32], reader: &Reader) -> Result<(), StoreError> {
        control::api_tokens::add(&self.control.write(), hash, reader)
    }

    fn api_reader(&self, hash: [u8; 32]) -> Result<Option<Reader>, StoreError> {
        control::api_tokens::reader(&*self.control.read()?, hash)
    }

    fn publish(&self, week: &PublishedWeek, state: WeekState) -> Result<bool, StoreError> {
        published::publish(&mut self.rollup.write(), week, state)
    }

    fn published_weeks(&self) -> Result<Vec<(Week, WeekState)>, StoreError> {
        published::weeks(&*self.rollup.read()?)
    }

    fn published(&self, week: Week) -> Result<Option<(PublishedWeek, WeekState)>, StoreError> {
        published::read(&*self.rollup.read()?, week)
    }

    fn release_signals(&self, last_day: Date, signals: &[Signal]) -> Result<Vec<Signal>, StoreError> {
        published::signals::release(&mut self.rollup.write(), last_day, signals)
    }

    fn signals_judged_until(&self) -> Result<Option<Date>, StoreError> {
        published::signals::judged_until(&*self.rollup.read()?)
    }

    fn signals(&self) -> Result<Vec<Signal>, StoreError> {
        published::signals::all(&*self.rollup.read()?)
    }
}

/// Makes a directory that only its owner can look into; one that is there stays as it is.
fn make_private(dir: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

#[cfg(test)]
mod tests;
