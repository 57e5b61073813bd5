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
mod shelf;

use std::{fs, io, path::Path};

use jiff::civil::Date;
use serde::{Serialize, de::DeserializeOwned};

use self::shelf::Entry;
pub use self::{
    record::{Delivered, Record},
    shelf::{Shelf, SpoolError},
};
use crate::disk::{self, Readable, UNFINISHED};

/// 13 weeks, which is as long as a collector may keep a device-day. Past it the oldest acknowledged day goes, and
/// only where none is acknowledged the oldest of all, which no collector would take any more.
pub const MAX_RECORDS: usize = 91;
/// End of the name of a record that could not be read.
const SET_ASIDE: &str = ".damaged";

/// The records with the right to change them. There is one in a running agent.
pub struct Spool<S> {
    shelf: Shelf<S>,
}

impl<S: Serialize + DeserializeOwned> Spool<S> {
    /// Opens the spool to write: sweeps what a crash left unfinished.
    pub fn open(data: &Path) -> Result<Self, SpoolError> {
        let directory = data.join("spool");
        disk::create_directory(&directory).map_err(|error| SpoolError::new(&directory, error))?;
        let shelf = Shelf::open(data)?;
        for path in shelf.files()? {
            if path.to_string_lossy().ends_with(UNFINISHED) {
                disk::remove(&path).map_err(|error| SpoolError::new(&path, error))?;
            }
        }
        let mut spool = Self { shelf };
        spool.shed()?;
        Ok(spool)
    }

    /// The records, to read.
    pub fn shelf(&self) -> &Shelf<S> {
        &self.shelf
    }

    /// Keeps a day's state: with a new revision if it differs from what is kept, else as it is.
    pub fn write(&mut self, day: Date, state: S) -> Result<(), SpoolError> {
        let digest = record::digest(&state).map_err(|error| SpoolError::new(&self.shelf.path(day), error))?;
        let kept = match self.shelf.entry(day) {
            Some(entry) if entry.state_digest == digest => return Ok(()),
            Some(_) => self.shelf.record(day)?,
            None => None,
        };
        if kept.is_none() {
            self.set_aside_damaged(day)?;
        }
        // The entry knows the revision also where the disk has lost the record since.
        let revision = self.shelf.entry(day).map_or(0, |entry| entry.revision) + 1;
        let delivered = kept.and_then(|record| record.delivered);
        self.put(&Record { day, revision, state, delivered })?;
        self.shed()
    }

    /// Notes what the collector answered. An answer to a day that has expired since is of no use to anybody.
    pub fn acknowledge(&mut self, day: Date, delivered: Delivered) -> Result<(), SpoolError> {
        match self.shelf.record(day)? {
            Some(record) => self.put(&Record { delivered: Some(delivered), ..record }),
            None => Ok(()),
        }
    }

    /// Forgets acknowledged days before `first`: the collector has erased them too.
    pub fn expire_before(&mut self, first: Date) -> Result<(), SpoolError> {
        let expired: Vec<Date> = self
            .shelf
            .entries()
            .filter(|(day, entry)| *day < first && entry.is_delivered())
            .map(|(day, _)| day)
            .collect();
        expired.into_iter().try_for_each(|day| self.forget(day))
    }

    /// Holds the number of records at its cap.
    fn shed(&mut self) -> Result<(), SpoolError> {
        while self.shelf.entries().count() > MAX_RECORDS {
            let oldest_delivered = self.shelf.entries().find(|(_, entry)| entry.is_delivered());
            let Some((oldest, _)) = oldest_delivered.or_else(|| self.shelf.entries().next()) else { break };
            self.forget(oldest)?;
        }
        Ok(())
    }

    fn put(&mut self, record: &Record<S>) -> Result<(), SpoolError> {
        let path = self.shelf.path(record.day);
        let entry = Entry::of(record).map_err(|error| SpoolError::new(&path, error))?;
        record
            .encode()
            .and_then(|bytes| disk::replace(&path, &bytes, Readable::ByAll))
            .map_err(|error| SpoolError::new(&path, error))?;
        self.shelf.note(record.day, entry);
        Ok(())
    }

    fn forget(&mut self, day: Date) -> Result<(), SpoolError> {
        let path = self.shelf.path(day);
        disk::remove(&path).map_err(|error| SpoolError::new(&path, error))?;
        self.shelf.forget(day);
        Ok(())
    }

    /// What is there and can't be read may still be of use to somebody.
    fn set_aside_damaged(&self, day: Date) -> Result<(), SpoolError> {
        let path = self.shelf.path(day);
        match fs::rename(&path, path.with_extension(format!("json{SET_ASIDE}"))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SpoolError::new(&path, error)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
