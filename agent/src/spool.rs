//! The agent's memory: one small file for each civil date, with the day's absolute state and what became of it.
//!
//! What always holds:
//! - a record is replaced whole (written beside, synced, moved over), so a killed agent finds the old or the new one;
//! - a changed state gets a higher revision before anybody sees it, and a revision never stands for two states;
//! - an acknowledgement marks the revision that was sent, not what was counted since;
//! - there are at most [`MAX_RECORDS`] records, so the spool can't grow, and nothing waits in a queue that could be full.
//!
//! Refuses to guess: a record that a broken disk has damaged is set aside, its day begins anew, and that is reported.
//!
//! On disk: `spool/2026-11-13.json` is a line `elsewhere-spool-1 SHA256` and then the record as JSON, for all to read:
//! the receipt is made of it.

mod record;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use jiff::civil::Date;
use serde::{Serialize, de::DeserializeOwned};

pub use self::record::{Delivered, Record};
use crate::disk::{self, Readable, UNFINISHED};

/// 13 weeks, which is as long as a collector may keep a device-day. Past it the oldest acknowledged day goes, and
/// only where none is acknowledged the oldest of all, which no collector would take any more.
pub const MAX_RECORDS: usize = 91;
/// End of the name of a record that could not be read.
const SET_ASIDE: &str = ".damaged";

/// All records, in memory and on disk alike.
pub struct Spool<S> {
    directory: PathBuf,
    records: BTreeMap<Date, Record<S>>,
    damaged: usize,
}

/// Why the spool could not be read or written. What it held before, it still holds.
#[derive(Debug, thiserror::Error)]
#[error("spool file {}", path.display())]
pub struct SpoolError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl<S: Clone + PartialEq + Serialize + DeserializeOwned> Spool<S> {
    /// Opens the spool to write: sweeps what a crash left unfinished and sets damaged records aside.
    pub fn open(data: &Path) -> Result<Self, SpoolError> {
        let directory = data.join("spool");
        disk::create_directory(&directory)
            .map_err(|source| SpoolError { path: directory.clone(), source })?;
        let mut spool = Self::load(directory)?;
        for path in spool.files()? {
            if path.to_string_lossy().ends_with(UNFINISHED) {
                disk::remove(&path).map_err(|source| SpoolError { path, source })?;
            }
        }
        spool.shed()?;
        Ok(spool)
    }

    /// Reads the spool and touches nothing. Needs no rights.
    pub fn read(data: &Path) -> Result<Self, SpoolError> {
        Self::load(data.join("spool"))
    }

    fn load(directory: PathBuf) -> Result<Self, SpoolError> {
        let mut spool = Self { directory, records: BTreeMap::new(), damaged: 0 };
        for path in spool.files()? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let Some(day) = name.strip_suffix(".json").and_then(|day| day.parse::<Date>().ok()) else {
                continue;
            };
            match Record::load(&path, day) {
                Ok(Some(record)) => drop(spool.records.insert(day, record)),
                Ok(None) => spool.damaged += 1,
                Err(source) => return Err(SpoolError { path, source }),
            }
        }
        Ok(spool)
    }

    fn files(&self) -> Result<Vec<PathBuf>, SpoolError> {
        let error = |source| SpoolError { path: self.directory.clone(), source };
        match fs::read_dir(&self.directory) {
            Ok(entries) => {
                entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(error)
            }
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(error(source)),
        }
    }

    /// All records, oldest first.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = &Record<S>> {
        self.records.values()
    }

    /// The record of one date.
    pub fn record(&self, day: Date) -> Option<&Record<S>> {
        self.records.get(&day)
    }

    /// Records that were found damaged when the spool was opened.
    pub fn damaged(&self) -> usize {
        self.damaged
    }

    /// Keeps a day's state: with a new revision if it differs from what is kept, else as it is.
    pub fn write(&mut self, day: Date, state: &S) -> Result<(), SpoolError> {
        let record = match self.records.get(&day) {
            Some(kept) if kept.state == *state => return Ok(()),
            Some(kept) => Record {
                revision: kept.revision + 1,
                state: state.clone(),
                delivered: kept.delivered.clone(),
                day,
            },
            None => {
                self.set_aside_damaged(day)?;
                Record { revision: 1, state: state.clone(), delivered: None, day }
            }
        };
        self.put(record)?;
        self.shed()
    }

    /// Notes what the collector answered. An answer to a day that has expired since is of no use to anybody.
    pub fn acknowledge(&mut self, day: Date, delivered: Delivered) -> Result<(), SpoolError> {
        let Some(kept) = self.records.get(&day) else { return Ok(()) };
        self.put(Record { delivered: Some(delivered), ..kept.clone() })
    }

    /// Forgets acknowledged days before `first`: the collector has erased them too.
    pub fn expire_before(&mut self, first: Date) -> Result<(), SpoolError> {
        let expired: Vec<Date> = self
            .records
            .range(..first)
            .filter(|(_, record)| record.is_delivered())
            .map(|(day, _)| *day)
            .collect();
        expired.into_iter().try_for_each(|day| self.forget(day))
    }

    /// Holds the number of records at its cap.
    fn shed(&mut self) -> Result<(), SpoolError> {
        while self.records.len() > MAX_RECORDS {
            let oldest_delivered = self.records.values().find(|record| record.is_delivered());
            let Some(oldest) = oldest_delivered.or_else(|| self.records.values().next()) else { break };
            self.forget(oldest.day)?;
        }
        Ok(())
    }

    fn put(&mut self, record: Record<S>) -> Result<(), SpoolError> {
        let path = self.path(record.day);
        record
            .encode()
            .and_then(|bytes| disk::replace(&path, &bytes, Readable::ByAll))
            .map_err(|source| SpoolError { path, source })?;
        self.records.insert(record.day, record);
        Ok(())
    }

    fn forget(&mut self, day: Date) -> Result<(), SpoolError> {
        let path = self.path(day);
        disk::remove(&path).map_err(|source| SpoolError { path, source })?;
        self.records.remove(&day);
        Ok(())
    }

    /// A day that is in no record but has a file has a damaged one; it may still be of use to somebody.
    fn set_aside_damaged(&self, day: Date) -> Result<(), SpoolError> {
        let path = self.path(day);
        match fs::rename(&path, path.with_extension(format!("json{SET_ASIDE}"))) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(SpoolError { path, source }),
            _ => Ok(()),
        }
    }

    fn path(&self, day: Date) -> PathBuf {
        self.directory.join(format!("{day}.json"))
    }
}

#[cfg(test)]
mod tests;
