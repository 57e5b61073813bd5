//! Reading a week whole: its devices are split among threads, each with a connection of its own, all of one moment.
//!
//! Days and memberships both lie in the order of devices, so that they are read side by side and nothing is collected.
//! Every row is held against its checksum.

use std::{collections::HashMap, ops::RangeInclusive, panic, path::Path, thread};

use rusqlite::{Connection, Row, Rows};

use super::{FILE, checksum, path_of};
use crate::{
    device::{Customer, DeviceId, Groups},
    segment::Segments,
    store::{Member, StoreError, Visitor, body, sqlite::file},
    week::Week,
    wire::date_of,
};

/// How often it is tried to begin all reading between two commits: each try takes far less time than a commit. Past it the
/// store is `Busy`.
const MOST_TRIES: usize = 1_000;
/// Stands in its place where a file's schema is older: reading brings no file up.
const NO_CHECKSUM: &str = "NULL";

/// Lets each visitor hear a part of a week's devices.
pub(in super::super) fn visit(
    dir: &Path,
    week: Week,
    visitors: &mut [Visitor<'_>],
) -> Result<(), StoreError> {
    let path = path_of(dir, week);
    if !path.exists() {
        return Ok(());
    }
    let readers = of_one_moment(&path, visitors.len())?;
    let Some(first) = readers.first() else { return Ok(()) };
    let checksum = if file::is_brought_up(first, &FILE)? { "checksum" } else { NO_CHECKSUM };
    let parts = parts(first, visitors.len())?;
    thread::scope(|scope| {
        let mut others = Vec::new();
        let mut own = None;
        for ((visitor, reader), devices) in visitors.iter_mut().zip(readers).zip(parts) {
            let part = move || Part { week, reader: &reader, devices, checksum }.hand_over(visitor);
            // One of them is this thread's.
            if own.is_none() {
                own = Some(part);
                continue;
            }
            let thread = thread::Builder::new().name("store-scan".to_owned()).spawn_scoped(scope, part);
            others.push(thread.map_err(|source| StoreError::Files { path: path.clone(), source })?);
        }
        let mut handed_over = own.map_or(Ok(()), |part| part());
        for other in others {
            handed_over = handed_over.and(other.join().unwrap_or_else(|fault| panic::resume_unwind(fault)));
        }
        handed_over
    })
}

/// Connections that read what was committed at one moment.
fn of_one_moment(path: &Path, count: usize) -> Result<Vec<Connection>, StoreError> {
    let error = FILE.error("begin to read");
    let watcher = file::open_to_read(path, &FILE)?;
    let commits = || -> Result<i64, StoreError> {
        watcher.query_row("PRAGMA data_version", [], |row| row.get(0)).map_err(&error)
    };
    let mut readers = Vec::new();
    for _ in 0..count {
        readers.push(file::open_to_read(path, &FILE)?);
    }
    for _ in 0..MOST_TRIES {
        let before = commits()?;
        for reader in &readers {
            // A transaction sees what there was at its first reading.
            reader.execute_batch("BEGIN; SELECT 1 FROM members LIMIT 1").map_err(&error)?;
        }
        if commits()? == before {
            return Ok(readers);
        }
        for reader in &readers {
            reader.execute_batch("ROLLBACK").map_err(&error)?;
        }
    }
    Err(StoreError::Busy)
}

/// Splits the devices into as many parts, about equally large.
fn parts(reader: &Connection, count: usize) -> Result<Vec<RangeInclusive<i64>>, StoreError> {
    let error = FILE.error("count devices");
    let members: i64 =
        reader.query_row("SELECT count(*) FROM members", [], |row| row.get(0)).map_err(&error)?;
    let mut select =
        reader.prepare("SELECT device FROM members ORDER BY device LIMIT 1 OFFSET ?1").map_err(&error)?;
    let mut parts = Vec::new();
    let mut first = i64::MIN;
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    for part in 1..count {
        let next = match members * part / count {
            // Fewer devices than parts: the last part has them.
            0 => i64::MIN,
            before => select.query_row([before], |row| row.get(0)).map_err(&error)?,
        };
        let last = next.checked_sub(1);
        parts.push(last.map_or(RangeInclusive::new(0, -1), |last| first..=last));
        first = next;
    }
    parts.push(first..=i64::MAX);
    Ok(parts)
}

struct Part<'r> {
    week: Week,
    reader: &'r Connection,
    devices: RangeInclusive<i64>,
    checksum: &'static str,
}

/// The newest so far of one device and date.
struct Newest {
    device: i64,
    day: u32,
    body: Vec<u8>,
}

impl Part<'_> {
    fn hand_over(self, visitor: &mut Visitor<'_>) -> Result<(), StoreError> {
        let range = [*self.devices.start(), *self.devices.end()];
        let error = FILE.error("read device-days");
        let mut members = self
            .reader
            .prepare(&format!(
                "SELECT device, enrolled, pseudonym, segments, group_token, {} FROM members
                 WHERE device BETWEEN ?1 AND ?2 ORDER BY device",
                self.checksum
            ))
            .map_err(&error)?;
        let mut members = Members::new(self.week, members.query(range).map_err(&error)?);
        let mut days = self
            .reader
            .prepare(&format!(
                "SELECT device, day, epoch, revision, received, {}, body FROM device_days
                 WHERE device BETWEEN ?1 AND ?2 ORDER BY device, day, epoch",
                self.checksum
            ))
            .map_err(&error)?;
        let mut days = days.query(range).map_err(&error)?;
        let mut repacked = Vec::new();
        let mut tell = |newest: &Newest| {
            let day = body::read(&newest.body, &mut repacked)
                .map_err(|error| self.damaged(&format!("a body: {error}")))?;
            if day.day() != newest.day {
                return Err(self.damaged("a body of another date"));
            }
            visitor(members.of(newest.device)?, &day);
            Ok(())
        };
        // A day is handed over once the next row is seen not to be of a newer epoch of it.
        let mut newest: Option<Newest> = None;
        while let Some(row) = days.next().map_err(&error)? {
            let (device, day, body) = self.device_day(row)?;
            let mut room = Vec::new();
            if let Some(before) = newest.take() {
                if (before.device, before.day) != (device, day) {
                    tell(&before)?;
                }
                room = before.body;
            }
            room.clear();
            room.extend_from_slice(body);
            newest = Some(Newest { device, day, body: room });
        }
        newest.as_ref().map_or(Ok(()), tell)
    }

    /// Device, date and body of a row that is as it was written.
    fn device_day<'r>(&self, row: &'r Row<'_>) -> Result<(i64, u32, &'r [u8]), StoreError> {
        let error = FILE.error("read a device-day");
        let key: (i64, u32, u32) =
            (row.get(0).map_err(&error)?, row.get(1).map_err(&error)?, row.get(2).map_err(&error)?);
        let (revision, received) = (row.get(3).map_err(&error)?, row.get(4).map_err(&error)?);
        let checksum: Option<u32> = row.get(5).map_err(&error)?;
        let body = row.get_ref(6).and_then(|body| Ok(body.as_blob()?)).map_err(&error)?;
        let is_whole = |checksum| checksum == checksum::of_device_day(key, revision, received, body);
        if !checksum.is_none_or(is_whole) {
            return Err(self.damaged("a device-day is not what was written"));
        }
        Ok((key.0, key.1, body))
    }

    fn damaged(&self, problem: &str) -> StoreError {
        damaged(self.week, problem)
    }
}

fn damaged(week: Week, problem: &str) -> StoreError {
    FILE.damaged(&format!("{week}, {problem}"))
}

/// The memberships beside the days, one at a time.
struct Members<'r> {
    week: Week,
    rows: Rows<'r>,
    current: Option<(i64, Member)>,
    /// Few are different.
    segments: HashMap<String, Segments, foldhash::fast::RandomState>,
}

impl<'r> Members<'r> {
    fn new(week: Week, rows: Rows<'r>) -> Self {
        Self { week, rows, current: None, segments: HashMap::default() }
    }

    /// The membership of a device; devices are asked for in their order.
    fn of(&mut self, device: i64) -> Result<&Member, StoreError> {
        while self.current.as_ref().is_none_or(|(known, _)| *known < device) {
            self.current = Some(self.next()?.ok_or_else(|| nobodys(self.week))?);
        }
        match &self.current {
            Some((known, member)) if *known == device => Ok(member),
            _ => Err(nobodys(self.week)),
        }
    }

    fn next(&mut self) -> Result<Option<(i64, Member)>, StoreError> {
        let error = FILE.error("read a membership");
        let week = self.week;
        let Some(row) = self.rows.next().map_err(&error)? else { return Ok(None) };
        let bits: i64 = row.get(0).map_err(&error)?;
        let enrolled: u32 = row.get(1).map_err(&error)?;
        let text = |column| row.get_ref(column).and_then(|text| Ok(text.as_str_or_null()?)).map_err(&error);
        let (pseudonym, segments) = (text(2)?, text(3)?.unwrap_or_default());
        let group_token = row.get(4).map_err(&error)?;
        let checksum: Option<u32> = row.get(5).map_err(&error)?;
        let is_whole =
            |checksum| checksum == checksum::of_member(bits, enrolled, group_token, pseudonym, segments);
        if !checksum.is_none_or(is_whole) {
            return Err(damaged(week, "a membership is not what was written"));
        }
        let device = DeviceId::from_bits(bits.cast_unsigned());
        let pseudonym = pseudonym.map(str::parse).transpose();
        let pseudonym = pseudonym.map_err(|error| damaged(week, &format!("a membership: {error}")))?;
        let groups = Groups { segments: parse(&mut self.segments, segments, week)?, pseudonym };
        let member = Member {
            device,
            customer: Customer::of(device, &groups),
            segments: groups.segments,
            enrolled: date_of(enrolled).ok_or_else(|| damaged(week, &format!("{enrolled} is no date")))?,
            group_token,
        };
        Ok(Some((bits, member)))
    }
}

fn parse(
    known: &mut HashMap<String, Segments, foldhash::fast::RandomState>,
    text: &str,
    week: Week,
) -> Result<Segments, StoreError> {
    if let Some(segments) = known.get(text) {
        return Ok(segments.clone());
    }
    let segments: Segments =
        text.parse().map_err(|error| damaged(week, &format!("a membership: {error}")))?;
    known.insert(text.to_owned(), segments.clone());
    Ok(segments)
}

fn nobodys(week: Week) -> StoreError {
    damaged(week, "a device-day of nobody")
}

#[cfg(test)]
mod tests;
