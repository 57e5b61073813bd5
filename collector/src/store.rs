//! The store: one trait of the questions the product asks, and SQLite as its first answer.
//!
//! What always holds: a device-day is stored durably before anybody hears so; for each (device, day, epoch) the highest
//! revision wins, in whatever order and however often they come; of several epochs of a device the newest one is read,
//! so that a device enrolled again is still one device and no day counts twice. Nothing is stored that was not sent.
//! Calls block: from async they go through `spawn_blocking`. Time is passed in.

use std::{io, path::PathBuf};

use jiff::{Timestamp, civil::Date};

use crate::{
    device::{Customer, Device, DeviceId, DeviceState, Groups},
    device_day::DeviceDay,
    nights::Nights,
    published::{PublishedWeek, Signal, WeekState},
    reader::Reader,
    segment::Segments,
    week::Week,
};

pub mod body;
pub mod sqlite;

use body::PackedDay;

/// Hears a part of a week's device-days, as they are stored.
pub type Visitor<'v> = Box<dyn FnMut(&Member, &PackedDay<'_>) + Send + 'v>;

/// The questions the product asks its store.
pub trait Store: Send + Sync {
    /// Who this store is; it changes when a backup is restored, and agents then send their kept days again.
    fn identity(&self) -> Result<Identity, StoreError>;

    /// Keeps a new enrolment token.
    fn add_token(&self, token: &Token, secret_hash: [u8; 32]) -> Result<(), StoreError>;
    /// All enrolment tokens, used up and expired ones too.
    fn tokens(&self) -> Result<Vec<Token>, StoreError>;
    /// Makes a token useless. False if there is none of that id.
    fn revoke_token(&self, id: &str) -> Result<bool, StoreError>;
    /// Takes one use from the token and enrols the device, both or neither. `None` if the token is not good at `now`.
    fn redeem_token(
        &self,
        secret_hash: [u8; 32],
        device: DeviceId,
        now: Timestamp,
    ) -> Result<Option<Device>, StoreError>;

    /// Enrols a device without a token; a known one gets its next epoch.
    fn register_device(
        &self,
        device: DeviceId,
        groups: &Groups,
        group_token: bool,
        date: Date,
    ) -> Result<Device, StoreError>;
    /// One device.
    fn device(&self, id: DeviceId) -> Result<Option<Device>, StoreError>;
    /// All devices in the order of their ids.
    fn devices(&self) -> Result<Vec<Device>, StoreError>;
    /// Notes the date of a visit and the groups that the device gave; writes only what changed.
    fn note_visit(&self, id: DeviceId, groups: &Groups, date: Date) -> Result<(), StoreError>;
    /// Lets a device deliver, or not. False if there is no such device.
    fn set_device_state(&self, id: DeviceId, state: DeviceState) -> Result<bool, StoreError>;

    /// Stores device-days durably, in one commit for each week, and says of each in the order given what became of it:
    /// `None` where what is stored of its week is damaged, and so takes nothing. Memberships of the week of `date` and later
    /// follow the device's groups; those of earlier weeks are kept.
    fn put_device_days(
        &self,
        deliveries: Vec<DeviceDays>,
        date: Date,
    ) -> Result<Vec<Option<Applied>>, StoreError>;
    /// Weeks with device-days, oldest first.
    fn weeks(&self) -> Result<Vec<Week>, StoreError>;
    /// Splits the devices of a week among these visitors, who may be heard at the same time, and hands over every
    /// device-day: those of one device together, to one visitor, in the order of dates, the newest epoch of each. All
    /// is of one moment. A damaged week is an error, also after part of it was handed over.
    fn visit_week(&self, week: Week, visitors: &mut [Visitor<'_>]) -> Result<(), StoreError>;
    /// Hands over every device-day of a week as `visit_week` does, unpacked, one after the other.
    fn scan_week(
        &self,
        week: Week,
        each: &mut (dyn FnMut(&Member, DeviceDay) + Send),
    ) -> Result<(), StoreError> {
        let mut unread = None;
        self.visit_week(
            week,
            &mut [Box::new(|member, day| match day.unpack() {
                Ok(day) => each(member, day),
                Err(error) => unread = Some(error),
            })],
        )?;
        match unread {
            None => Ok(()),
            Some(error) => {
                Err(StoreError::Damaged { file: week.to_string(), problem: format!("a body: {error}") })
            }
        }
    }
    /// Forgets all device-days and memberships of a week, and what makes them readable in backups. It is no mistake if there
    /// are none.
    fn forget_week(&self, week: Week) -> Result<(), StoreError>;
    /// Makes all weeks that have expired by `today` unreadable in backups, and says of which backups that is not certain.
    /// Where weeks were forgotten that have not expired by `today`, the clock was ahead: the store takes another name, so
    /// that devices send them again.
    fn expire_backups(&self, today: Date) -> Result<Vec<UnreachedBackups>, StoreError>;

    /// What is remembered of the nights; a restored store remembers none.
    fn nights(&self) -> Result<Nights, StoreError>;
    /// Remembers this instead.
    fn note_nights(&self, nights: Nights) -> Result<(), StoreError>;

    /// Hashes of names outside the catalog that devices are asked to reveal.
    fn names_to_reveal(&self) -> Result<Vec<u64>, StoreError>;
    /// Asks for these hashes' names from now on; known ones stay known.
    fn ask_for_names(&self, hashes: &[u64]) -> Result<(), StoreError>;
    /// Keeps a revealed name, if it was asked for and not known yet.
    fn reveal_name(&self, hash: u64, registrable_domain: &str) -> Result<(), StoreError>;
    /// Revealed names in alphabetical order.
    fn revealed_names(&self) -> Result<Vec<RevealedName>, StoreError>;
    /// Notes of a hash that its name is in no queue any more, and is not asked for again.
    fn ignore_name(&self, hash: u64) -> Result<(), StoreError>;
    /// Erases a name, if there is one, and notes of its hash that it is not asked for again.
    fn erase_name(&self, hash: u64) -> Result<(), StoreError>;

    /// Is there any API token?
    fn has_api_tokens(&self) -> Result<bool, StoreError>;
    /// Keeps an API token's hash, and whose it is.
    fn add_api_token(&self, hash: [u8; 32], reader: &Reader) -> Result<(), StoreError>;
    /// Whose API token it is.
    fn api_reader(&self, hash: [u8; 32]) -> Result<Option<Reader>, StoreError>;

    /// Keeps a week's published rows, whole or not at all. False, and nothing changes, if the week is frozen already.
    fn publish(&self, week: &PublishedWeek, state: WeekState) -> Result<bool, StoreError>;
    /// Weeks with published rows, oldest first.
    fn published_weeks(&self) -> Result<Vec<(Week, WeekState)>, StoreError>;
    /// A week's published rows, checked against the hash of what was released.
    fn published(&self, week: Week) -> Result<Option<(PublishedWeek, WeekState)>, StoreError>;

    /// Keeps signals for good, each if its segment and service have none yet, and returns those that were kept. With them,
    /// all or nothing, it notes `last_day` as that of the seven days that were judged.
    fn release_signals(&self, last_day: Date, signals: &[Signal]) -> Result<Vec<Signal>, StoreError>;
    /// The last of the seven days that signals were judged over last.
    fn signals_judged_until(&self) -> Result<Option<Date>, StoreError>;
    /// All signals, newest first.
    fn signals(&self) -> Result<Vec<Signal>, StoreError>;
}

/// Who a store is.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Random; new after a restore.
    pub store_id: String,
    /// Key under which devices hash the names outside the catalog.
    pub unknown_name_key: [u8; 32],
    /// When it was restored from a backup, if it was.
    pub restored: Option<Timestamp>,
}

/// A directory with backups in which the keys of expired weeks may still stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreachedBackups {
    /// The directory.
    pub directory: PathBuf,
    /// Why it could not be brought up to date.
    pub problem: String,
}

/// An enrolment token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Short name for lists and for revoking.
    pub id: String,
    /// Groups that its devices begin with.
    pub segments: Segments,
    /// How many devices it was made for.
    pub uses: u32,
    /// How many it still enrols.
    pub uses_left: u32,
    /// When it ends.
    pub expires: Timestamp,
}

/// What one device delivers at once.
#[derive(Clone, Debug)]
pub struct DeviceDays {
    /// The device as registered.
    pub device: Device,
    /// Checked device-days.
    pub days: Vec<DeviceDay>,
}

/// What became of one device-day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// False if this revision or a newer one was there before.
    pub stored: bool,
    /// SHA-256 of the record that is stored now.
    pub fingerprint: [u8; 32],
}

/// Whom a device counted with in one week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The device.
    pub device: DeviceId,
    /// The customer behind it.
    pub customer: Customer,
    /// Groups as frozen for the week.
    pub segments: Segments,
    /// Date of the first enrolment, for the new starters.
    pub enrolled: Date,
    /// Enrolled by a token of many uses.
    pub group_token: bool,
}

/// A name outside the catalog that devices were asked for and have told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevealedName {
    /// Its hash in the device-days.
    pub hash: u64,
    /// The name.
    pub registrable_domain: String,
    /// Nobody wants to give it a service.
    pub ignored: bool,
}

/// Why the store did not do it. Nothing is half done.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Too much is waiting to be written; come again later.
    #[error("the store is busy")]
    Busy,
    /// A newer program has written the file.
    #[error("{file} has schema {found}, this program knows {known}; run the newer elsewhere-collector")]
    NewerSchema {
        /// Name of the file.
        file: String,
        /// Its schema.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// Something that is stored can't be read.
    #[error("{file} is damaged: {problem}")]
    Damaged {
        /// Name of the file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The database refused.
    #[error("{action} in {file}")]
    Database {
        /// Name of the file.
        file: String,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: rusqlite::Error,
    },
    /// The directory is not on a local disk.
    #[error("{} is on {kind}, where SQLite can lose what was committed; use a local disk", path.display())]
    SharedFiles {
        /// The directory.
        path: PathBuf,
        /// What kind of file system it is.
        kind: &'static str,
    },
    /// The file system refused.
    #[error("use {}", path.display())]
    Files {
        /// The path.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}
