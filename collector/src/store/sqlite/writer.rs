//! The one thread that writes device-days: it takes all that waits, commits once a week's file, and only then answers.
//!
//! The queue is bounded. What does not fit is `Busy` at once, so that a slow disk makes agents come later instead of
//! filling memory here; they keep their days until they are told that these are stored.

use std::{
    collections::{BTreeMap, btree_map},
    path::PathBuf,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::{self, JoinHandle},
};

use jiff::civil::Date;
use rusqlite::Connection;

use super::weeks;
use crate::{
    device::Device,
    device_day::DeviceDay,
    store::{Applied, DeviceDays, StoreError},
    week::Week,
};

/// Most deliveries that wait: usually a few kilobytes each, at most half a megabyte, so 128 MB; `Busy` past it.
const QUEUE: usize = 256;
/// Most weeks' files held open: the 14 weeks that days are taken for and one to spare; past it the oldest is closed.
const OPEN_WEEKS: usize = 15;

pub(super) struct Writer {
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

type Answer<T> = SyncSender<Result<T, StoreError>>;

enum Job {
    Put(Waiting),
    Forget { week: Week, answer: Answer<()> },
}

impl Writer {
    pub(super) fn start(dir: PathBuf) -> Result<Self, StoreError> {
        let (queue, jobs) = sync_channel(QUEUE);
        let mut room = Room { dir: dir.clone(), open: BTreeMap::new() };
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || room.work(&jobs))
            .map_err(|source| StoreError::Files { path: dir, source })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Stores and waits for the commit.
    pub(super) fn put(&self, deliveries: Vec<DeviceDays>, today: Date) -> Result<Vec<Applied>, StoreError> {
        self.ask(|answer| Job::Put(Waiting { deliveries, today, answer }))
    }

    /// Deletes a week's file.
    pub(super) fn forget(&self, week: Week) -> Result<(), StoreError> {
        self.ask(|answer| Job::Forget { week, answer })
    }

    fn ask<T>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Result<T, StoreError> {
        let (answer, answered) = sync_channel(1);
        let queue = self.queue.as_ref().ok_or(StoreError::Busy)?;
        match queue.try_send(job(answer)) {
            Ok(()) => answered.recv().unwrap_or(Err(StoreError::Busy)),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(StoreError::Busy),
        }
    }
}

impl Drop for Writer {
    /// Writes what waits, then ends.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has answered its callers by dropping their channels.
            let _ = thread.join();
        }
    }
}

/// What the thread owns: the open files of weeks.
struct Room {
    dir: PathBuf,
    open: BTreeMap<Week, Connection>,
}

/// A delivery whose answer is owed after the commit.
struct Waiting {
    deliveries: Vec<DeviceDays>,
    today: Date,
    answer: Answer<Vec<Applied>>,
}

impl Waiting {
    /// Its device-days, each with its device, in the order in which they are answered.
    fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.deliveries.iter().flat_map(|DeviceDays { device, days }| {
            days.iter().map(|day| Entry { device, day, today: self.today })
        })
    }
}

/// One device-day to be stored.
#[derive(Clone, Copy)]
struct Entry<'w> {
    device: &'w Device,
    day: &'w DeviceDay,
    today: Date,
}

impl Entry<'_> {
    /// What a week's file is ordered by.
    fn place(&self) -> (i64, Date) {
        (self.device.id.bits().cast_signed(), self.day.day)
    }
}

impl Room {
    fn work(&mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut batch = Vec::new();
            for job in std::iter::once(first).chain(jobs.try_iter().take(QUEUE - 1)) {
                match job {
                    Job::Put(waiting) => batch.push(waiting),
                    Job::Forget { week, answer } => {
                        self.open.remove(&week);
                        // Nobody may be waiting any more; that is no concern here or below.
                        let _ = answer.send(weeks::forget(&self.dir, week));
                    }
                }
            }
            self.commit(&batch);
        }
    }

    /// Commits a batch whole. Where that fails, each delivery is tried alone, so that a bad week harms no other's days;
    /// but where another process holds the file, waiting again for each would only make the queue longer.
    fn commit(&mut self, batch: &[Waiting]) {
        let everything: Vec<Entry<'_>> = batch.iter().flat_map(Waiting::entries).collect();
        match self.store(&everything) {
            Ok(applied) => {
                let mut applied = applied.into_iter();
                for waiting in batch {
                    let own = applied.by_ref().take(waiting.entries().count()).collect();
                    let _ = waiting.answer.send(Ok(own));
                }
            }
            Err(StoreError::Busy) => {
                for waiting in batch {
                    let _ = waiting.answer.send(Err(StoreError::Busy));
                }
            }
            Err(_) => {
                for waiting in batch {
                    let alone: Vec<Entry<'_>> = waiting.entries().collect();
                    let _ = waiting.answer.send(self.store(&alone));
                }
            }
        }
    }

    /// One transaction for each week's file; the answers are in the order of the entries.
    fn store(&mut self, entries: &[Entry<'_>]) -> Result<Vec<Applied>, StoreError> {
        let mut weeks: BTreeMap<Week, Vec<usize>> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            weeks.entry(Week::of(entry.day.day)).or_default().push(index);
        }
        let mut answers = vec![Applied { stored: false, fingerprint: [0; 32] }; entries.len()];
        for (week, mut indexes) in weeks {
            // As they lie in the file, so that each of its pages is written once.
            indexes.sort_by_key(|index| entries[*index].place());
            let file = weeks::begin(self.file(week)?)?;
            let mut noted = None;
            for index in indexes {
                let Entry { device, day, today } = entries[index];
                if noted != Some(device.id) {
                    weeks::note_member(&file, device, week >= Week::of(today))?;
                    noted = Some(device.id);
                }
                answers[index] = weeks::apply(&file, device, day, today)?;
            }
            weeks::commit(file)?;
        }
        Ok(answers)
    }

    /// The open file of a week.
    fn file(&mut self, week: Week) -> Result<&mut Connection, StoreError> {
        if !self.open.contains_key(&week) && self.open.len() >= OPEN_WEEKS {
            self.open.pop_first();
        }
        match self.open.entry(week) {
            btree_map::Entry::Occupied(open) => Ok(open.into_mut()),
            btree_map::Entry::Vacant(closed) => Ok(closed.insert(weeks::open(&self.dir, week)?)),
        }
    }
}
