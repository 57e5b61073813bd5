//! The records to read: what is there, from a small index in memory; what it says, from its file.

use std::{
    collections::BTreeMap,
    fs, io,
    marker::PhantomData,
    path::{Path, PathBuf},
};

use jiff::civil::Date;
use serde::{Serialize, de::DeserializeOwned};

use super::record::{self, Record};

/// The spool as it stands, without the right to change it. Needs no rights on disk.
#[derive(Clone, Debug)]
pub struct Shelf<S> {
    directory: PathBuf,
    entries: BTreeMap<Date, Entry>,
    damaged: usize,
    state: PhantomData<S>,
}

/// What the index knows of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub(super) revision: u64,
    pub(super) state_digest: [u8; 32],
    /// Revision and store of the last answer.
    delivered: Option<(u64, String)>,
}

/// Why the spool could not be read or written. What it held before, it still holds.
#[derive(Debug, thiserror::Error)]
#[error("spool file {}", path.display())]
pub struct SpoolError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl SpoolError {
    pub(super) fn new(path: &Path, source: io::Error) -> Self {
        Self { path: path.to_owned(), source }
    }
}

impl Entry {
    pub(super) fn of<S: Serialize>(record: &Record<S>) -> io::Result<Self> {
        Ok(Self {
            revision: record.revision,
            state_digest: record::digest(&record.state)?,
            delivered: record.delivered.as_ref().map(|sent| (sent.revision, sent.store_id.clone())),
        })
    }

    /// A collector has answered to the newest revision.
    pub fn is_delivered(&self) -> bool {
        self.delivered.as_ref().is_some_and(|(revision, _)| *revision >= self.revision)
    }

    /// This store has not yet answered to the newest revision: a restored collector is healed.
    pub fn waits_for(&self, store_id: &str) -> bool {
        !self.is_delivered() || self.delivered.as_ref().is_some_and(|(_, store)| store != store_id)
    }
}

impl<S: Serialize + DeserializeOwned> Shelf<S> {
    /// Reads all records once for the index.
    pub fn open(data: &Path) -> Result<Self, SpoolError> {
        let directory = data.join("spool");
        let mut shelf = Self { directory, entries: BTreeMap::new(), damaged: 0, state: PhantomData };
        for path in shelf.files()? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let Some(day) = name.strip_suffix(".json").and_then(|day| day.parse().ok()) else { continue };
            match shelf.record(day)? {
                Some(record) => {
                    let entry = Entry::of(&record).map_err(|error| SpoolError::new(&path, error))?;
                    shelf.entries.insert(day, entry);
                }
                None => shelf.damaged += 1,
            }
        }
        Ok(shelf)
    }

    pub(super) fn files(&self) -> Result<Vec<PathBuf>, SpoolError> {
        let error = |source| SpoolError::new(&self.directory, source);
        match fs::read_dir(&self.directory) {
            Ok(entries) => {
                entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(error)
            }
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(error(source)),
        }
    }

    /// What the index knows of all days, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = (Date, &Entry)> {
        self.entries.iter().map(|(day, entry)| (*day, entry))
    }

    /// What the index knows of one day.
    pub fn entry(&self, day: Date) -> Option<&Entry> {
        self.entries.get(&day)
    }

    /// Reads the record of one day; `None` where there is none or it is damaged.
    pub fn record(&self, day: Date) -> Result<Option<Record<S>>, SpoolError> {
        let path = self.path(day);
        Record::load(&path, day).map_err(|error| SpoolError::new(&path, error))
    }

    /// Reads all records, oldest first.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = Result<Record<S>, SpoolError>> {
        self.entries.keys().filter_map(|day| self.record(*day).transpose())
    }

    /// Records that were found damaged when the shelf was opened.
    pub fn damaged(&self) -> usize {
        self.damaged
    }

    pub(super) fn path(&self, day: Date) -> PathBuf {
        self.directory.join(format!("{day}.json"))
    }

    pub(super) fn note(&mut self, day: Date, entry: Entry) {
        self.entries.insert(day, entry);
    }

    pub(super) fn forget(&mut self, day: Date) {
        self.entries.remove(&day);
    }
}
