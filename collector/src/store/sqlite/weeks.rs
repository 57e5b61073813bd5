//! The files of device-days, one for each ISO week: what applies, what is read, how a week is forgotten.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use jiff::civil::Date;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior};

use super::file::{self, File};
use crate::{
    device::{Customer, Device, DeviceId, Groups, Pseudonym},
    device_day::DeviceDay,
    store::{Applied, Member, StoreError, body},
    week::Week,
    wire::{date_of, days_of},
};

pub(super) const FILE: File =
    File { name: "a week's file", steps: &[include_str!("../../../migrations/weeks/001_device_days.sql")] };

/// Where a week's file stands.
pub(super) fn path_of(dir: &Path, week: Week) -> PathBuf {
    dir.join(format!("{week}.db"))
}

/// Opens a week's file to write, and makes it where it is missing.
pub(super) fn open(dir: &Path, week: Week) -> Result<Connection, StoreError> {
    file::open(&path_of(dir, week), &FILE)
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

/// Applies one device-day if its revision is higher than the stored one's.
pub(super) fn apply(
    week: &Transaction<'_>,
    device: &Device,
    day: &DeviceDay,
    today: Date,
) -> Result<Applied, StoreError> {
    let error = FILE.error("store a device-day");
    let key = (device.id.bits().cast_signed(), days_of(day.day), device.epoch);
    let body = body::pack(day);
    let revision = day.revision.cast_signed();
    let changed = week
        .prepare_cached(
            "INSERT INTO device_days (device, day, epoch, revision, received, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (device, day, epoch) DO UPDATE SET
                revision = excluded.revision, received = excluded.received, body = excluded.body
             WHERE excluded.revision > device_days.revision",
        )
        .and_then(|mut insert| insert.execute((key.0, key.1, key.2, revision, days_of(today), &body)))
        .map_err(&error)?;
    if changed == 1 {
        return Ok(Applied { stored: true, fingerprint: body::fingerprint(&body) });
    }
    let kept: Vec<u8> = week
        .prepare_cached("SELECT body FROM device_days WHERE device = ?1 AND day = ?2 AND epoch = ?3")
        .and_then(|mut select| select.query_row(key, |row| row.get(0)))
        .map_err(&error)?;
    Ok(Applied { stored: false, fingerprint: body::fingerprint(&kept) })
}

/// Notes whom a device counts with this week; a membership that stands is replaced only where `renew` says so.
pub(super) fn note_member(week: &Transaction<'_>, device: &Device, renew: bool) -> Result<(), StoreError> {
    let pseudonym = device.groups.pseudonym.as_ref().map(Pseudonym::as_str);
    week.prepare_cached(
        "INSERT INTO members (device, enrolled, pseudonym, segments, group_token) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (device) DO UPDATE SET pseudonym = excluded.pseudonym, segments = excluded.segments
         WHERE ?6",
    )
    .and_then(|mut insert| {
        insert.execute((
            device.id.bits().cast_signed(),
            days_of(device.enrolled),
            pseudonym,
            device.groups.segments.to_string(),
            device.group_token,
            renew,
        ))
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

/// Hands over a week's device-days with their members: those of one device together, in the order of dates.
pub(super) fn scan(
    dir: &Path,
    week: Week,
    each: &mut dyn FnMut(&Member, DeviceDay),
) -> Result<(), StoreError> {
    let path = path_of(dir, week);
    if !path.exists() {
        return Ok(());
    }
    let connection = file::open_to_read(&path, &FILE)?;
    let error = FILE.error("read device-days");
    // One transaction, so that members and days are of one moment.
    let snapshot = connection.unchecked_transaction().map_err(&error)?;
    let members = members(&snapshot)?;
    let member = |device| {
        members.get(&device).ok_or_else(|| FILE.damaged(&format!("{week} has a device-day of nobody")))
    };
    let mut select = snapshot
        .prepare("SELECT device, body FROM device_days ORDER BY device, day, epoch")
        .map_err(&error)?;
    let mut rows = select.query([]).map_err(&error)?;
    // A day is handed over once the next row is seen not to be of a newer epoch of it.
    let mut newest: Option<(i64, DeviceDay)> = None;
    while let Some(row) = rows.next().map_err(&error)? {
        let device: i64 = row.get(0).map_err(&error)?;
        let body = row.get_ref(1).and_then(|body| Ok(body.as_blob()?)).map_err(&error)?;
        let day = body::unpack(body).map_err(|error| FILE.damaged(&format!("{week}, a body: {error}")))?;
        if let Some((before, complete)) = newest.take()
            && (before, complete.day) != (device, day.day)
        {
            each(member(before)?, complete);
        }
        newest = Some((device, day));
    }
    if let Some((device, day)) = newest {
        each(member(device)?, day);
    }
    Ok(())
}

fn members(week: &Connection) -> Result<HashMap<i64, Member>, StoreError> {
    let error = FILE.error("read memberships");
    let mut select = week
        .prepare("SELECT device, enrolled, pseudonym, segments, group_token FROM members")
        .map_err(&error)?;
    let mut rows = select.query([]).map_err(&error)?;
    let mut members = HashMap::new();
    while let Some(row) = rows.next().map_err(&error)? {
        let (device, member) = member(row)?;
        members.insert(device, member);
    }
    Ok(members)
}

fn member(row: &Row<'_>) -> Result<(i64, Member), StoreError> {
    let error = FILE.error("read a membership");
    let bits: i64 = row.get(0).map_err(&error)?;
    let enrolled: u32 = row.get(1).map_err(&error)?;
    let pseudonym: Option<String> = row.get(2).map_err(&error)?;
    let segments: String = row.get(3).map_err(&error)?;
    let device = DeviceId::from_bits(bits.cast_unsigned());
    let pseudonym = pseudonym.map(|text| text.parse().map_err(|error| FILE.damaged(&error))).transpose()?;
    let groups = Groups { segments: segments.parse().map_err(|error| FILE.damaged(&error))?, pseudonym };
    let member = Member {
        device,
        customer: Customer::of(device, &groups),
        segments: groups.segments,
        enrolled: date_of(enrolled).ok_or_else(|| FILE.damaged(&format!("{enrolled} is no date")))?,
        group_token: row.get(4).map_err(&error)?,
    };
    Ok((bits, member))
}
