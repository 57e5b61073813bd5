//! The files of device-days, one for each ISO week: what applies, what is read, how a week is forgotten.

mod checksum;
mod scan;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::civil::Date;
use rusqlite::{Connection, Transaction, TransactionBehavior};

pub(super) use self::scan::visit;
use super::file::{self, File};
use crate::{
    device::{Device, Pseudonym},
    device_day::DeviceDay,
    store::{Applied, StoreError, body},
    week::Week,
    wire::days_of,
};

pub(super) const FILE: File = File {
    name: "a week's file",
    steps: &[
        include_str!("../../../migrations/weeks/001_device_days.sql"),
        include_str!("../../../migrations/weeks/002_checksums.sql"),
    ],
};

/// Some fifteen busy device-days. In smaller pages, a quarter of each of which a row may take, they would spill into pages of
/// their own.
const PAGE_BYTES: u32 = 16_384;

/// Where a week's file stands.
pub(super) fn path_of(dir: &Path, week: Week) -> PathBuf {
    dir.join(format!("{week}.db"))
}

/// Opens a week's file to write, and makes it where it is missing.
pub(super) fn open(dir: &Path, week: Week) -> Result<Connection, StoreError> {
    file::open_with_pages(&path_of(dir, week), &FILE, PAGE_BYTES)
}

/// Calls a week damaged whose file was made, and is gone or empty: an empty one would be taken for new.
pub(super) fn ensure_there(dir: &Path, week: Week) -> Result<(), StoreError> {
    let path = path_of(dir, week);
    match fs::metadata(&path) {
        Ok(metadata) if metadata.len() > 0 => Ok(()),
        Ok(_) => Err(FILE.damaged(&"it is empty")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(FILE.damaged(&"it is missing")),
        Err(source) => Err(StoreError::Files { path, source }),
    }
}

/// Begins to write.
pub(super) fn begin(week: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    week.transaction_with_behavior(TransactionBehavior::Immediate).map_err(FILE.error("begin to write"))
}

/// Makes what was written durable.
pub(super) fn commit(week: Transaction<'_>) -> Result<(), StoreError> {
    week.commit().map_err(FILE.error("commit device-days"))
}

/// Applies one device-day if its revision is higher than the stored one's, or is the same and what is stored is damaged.
pub(super) fn apply(
    week: &Transaction<'_>,
    device: &Device,
    day: &DeviceDay,
    today: Date,
) -> Result<Applied, StoreError> {
    let key = (device.id.bits().cast_signed(), days_of(day.day), device.epoch);
    let (received, body) = (days_of(today), body::pack(day));
    let row = DayRow { key, revision: day.revision.cast_signed(), received, body: &body };
    let stored = Applied { stored: true, fingerprint: body::fingerprint(day) };
    if row.put(week, row.revision)? {
        return Ok(stored);
    }
    match kept(week, key) {
        Ok(fingerprint) => Ok(Applied { stored: false, fingerprint }),
        // What is older than what stands there would take the place of what was acknowledged.
        Err(StoreError::Damaged { .. }) if row.put(week, row.revision.saturating_add(1))? => {
            tracing::warn!(device_day.date = %day.day, "a damaged device-day is healed by what its device sent again");
            Ok(stored)
        }
        Err(error) => Err(error),
    }
}

/// A device-day as a row.
struct DayRow<'b> {
    key: (i64, u32, u32),
    revision: i64,
    received: u32,
    body: &'b [u8],
}

impl DayRow<'_> {
    /// Puts it where none stands, or one of a revision below `above`. False if it was not put.
    fn put(&self, week: &Transaction<'_>, above: i64) -> Result<bool, StoreError> {
        let Self { key, revision, received, body } = *self;
        let checksum = checksum::of_device_day(key, revision, received, body);
        let changed = week
            .prepare_cached(
                "INSERT INTO device_days (device, day, epoch, revision, received, body, checksum)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (device, day, epoch) DO UPDATE SET
                    revision = excluded.revision, received = excluded.received,
                    body = excluded.body, checksum = excluded.checksum
                 WHERE ?8 > device_days.revision",
            )
            .and_then(|mut insert| {
                insert.execute((key.0, key.1, key.2, revision, received, body, checksum, above))
            })
            .map_err(FILE.error("store a device-day"))?;
        Ok(changed == 1)
    }
}

/// The fingerprint of the device-day that stands under a key.
fn kept(week: &Transaction<'_>, key: (i64, u32, u32)) -> Result<[u8; 32], StoreError> {
    let (is_whole, body) = week
        .prepare_cached(
            "SELECT revision, received, checksum, body FROM device_days WHERE device = ?1 AND day = ?2 AND epoch = ?3",
        )
        .and_then(|mut select| {
            select.query_row(key, |row| {
                let body: Vec<u8> = row.get(3)?;
                let checksum = checksum::of_device_day(key, row.get(0)?, row.get(1)?, &body);
                Ok((row.get::<_, Option<u32>>(2)?.is_none_or(|written| written == checksum), body))
            })
        })
        .map_err(FILE.error("read a device-day"))?;
    if !is_whole {
        return Err(FILE.damaged(&"a device-day is not what was written"));
    }
    body::fingerprint_of(&body).map_err(|error| FILE.damaged(&format!("a body: {error}")))
}

/// Notes whom a device counts with this week; a membership that stands is replaced only where `renew` says so.
pub(super) fn note_member(week: &Transaction<'_>, device: &Device, renew: bool) -> Result<(), StoreError> {
    let (id, enrolled) = (device.id.bits().cast_signed(), days_of(device.enrolled));
    let pseudonym = device.groups.pseudonym.as_ref().map(Pseudonym::as_str);
    let segments = device.groups.segments.to_string();
    let checksum = checksum::of_member(id, enrolled, device.group_token, pseudonym, &segments);
    week.prepare_cached(
        "INSERT INTO members (device, enrolled, pseudonym, segments, group_token, checksum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (device) DO UPDATE SET
            enrolled = excluded.enrolled, pseudonym = excluded.pseudonym, segments = excluded.segments,
            group_token = excluded.group_token, checksum = excluded.checksum
         WHERE ?7 AND (excluded.enrolled, excluded.pseudonym, excluded.segments, excluded.group_token,
                       excluded.checksum)
            IS NOT (members.enrolled, members.pseudonym, members.segments, members.group_token, members.checksum)",
    )
    .and_then(|mut insert| {
        insert.execute((id, enrolled, pseudonym, segments, device.group_token, checksum, renew))
    })
    .map_err(FILE.error("note a membership"))?;
    Ok(())
}

/// Weeks that have a file, oldest first.
pub(super) fn list(dir: &Path) -> Result<Vec<Week>, StoreError> {
    let error = |source| StoreError::Files { path: dir.to_owned(), source };
    let mut weeks = Vec::new();
    for entry in fs::read_dir(dir).map_err(error)? {
        let name = entry.map_err(error)?.file_name();
        weeks.extend(name.to_str().and_then(|name| name.strip_suffix(".db")?.parse::<Week>().ok()));
    }
    weeks.sort_unstable();
    Ok(weeks)
}

/// Keeps what stands in a week's file on the disk until it is dropped, though the file be deleted. To be held for that
/// only: letting go of a file that stays would undo SQLite's locks on it.
pub(super) fn hold(dir: &Path, week: Week) -> Option<fs::File> {
    fs::File::open(path_of(dir, week)).ok()
}

/// Deletes a week's file, what SQLite keeps beside it, and what was set aside of it.
pub(super) fn forget(dir: &Path, week: Week) -> Result<(), StoreError> {
    for path in files_of(dir, week)? {
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::Files { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Gives a week's file, if there is one, another name, under which nobody reads it.
pub(super) fn set_aside(dir: &Path, week: Week) -> Result<(), StoreError> {
    let taken = files_of(dir, week)?;
    let free = |number: &u32| {
        let name = format!("{week}.db{ASIDE}{number}");
        !taken.iter().any(|path| path.file_name().is_some_and(|taken| taken == name.as_str()))
    };
    let number = (1..=u32::MAX).find(free).expect("a directory holds fewer");
    for (suffix, kept) in [("", ""), ("-wal", "-wal")] {
        let path = dir.join(format!("{week}.db{suffix}"));
        let aside = dir.join(format!("{week}.db{ASIDE}{number}{kept}"));
        match fs::rename(&path, aside) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::Files { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// What the name of a file that was set aside ends with, before its number.
const ASIDE: &str = ".damaged-";

fn files_of(dir: &Path, week: Week) -> Result<Vec<PathBuf>, StoreError> {
    let error = |source| StoreError::Files { path: dir.to_owned(), source };
    let prefix = format!("{week}.db");
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(error)? {
        let entry = entry.map_err(error)?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}
