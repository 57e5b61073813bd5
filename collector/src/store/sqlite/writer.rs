//! The one thread that writes device-days: it takes all that waits, commits once a week's file, and only then answers.
//!
//! The queue is bounded. What does not fit is `Busy` at once, so that a slow disk makes agents come later instead of
//! filling memory here; they keep their days until they are told that these are stored.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map},
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
};

use jiff::civil::Date;
use rusqlite::Connection;

use super::{control::week_keys, database::Database, weeks};
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
    pub(super) fn start(dir: PathBuf, control: Arc<Database>) -> Result<Self, StoreError> {
        let (queue, jobs) = sync_channel(QUEUE);
        let mut room = Room { dir: dir.clone(), control, open: BTreeMap::new(), damaged: BTreeSet::new() };
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || room.work(&jobs))
            .map_err(|source| StoreError::Files { path: dir, source })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Stores and waits for the commit.
    pub(super) fn put(
        &self,
        deliveries: Vec<DeviceDays>,
        today: Date,
    ) -> Result<Vec<Option<Applied>>, StoreError> {
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
    /// Where the weeks' keys stand.
    control: Arc<Database>,
    open: BTreeMap<Week, Connection>,
    /// Weeks whose damage has been told.
    damaged: BTreeSet<Week>,
}

/// A delivery whose answer is owed after the commit.
struct Waiting {
    deliveries: Vec<DeviceDays>,
    today: Date,
    answer: Answer<Vec<Option<Applied>>>,
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

    /// Commits a batch whole. Where that fails, each delivery is tried alone, so that nobody's days suffer from another's;
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

    /// One transaction for each week's file; the answers are in the order of the entries. A damaged week takes nothing
    /// and harms no other.
    fn store(&mut self, entries: &[Entry<'_>]) -> Result<Vec<Option<Applied>>, StoreError> {
        let mut weeks: BTreeMap<Week, Vec<usize>> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            weeks.entry(Week::of(entry.day.day)).or_default().push(index);
        }
        let mut answers = vec![None; entries.len()];
        for (week, mut indexes) in weeks {
            // As they lie in the file, so that each of its pages is written once.
            indexes.sort_by_key(|index| entries[*index].place());
            match self.store_week(week, indexes.iter().map(|index| entries[*index])) {
                Ok(applied) => {
                    self.damaged.remove(&week);
                    for (index, applied) in indexes.into_iter().zip(applied) {
                        answers[index] = Some(applied);
                    }
                }
                Err(error @ StoreError::Damaged { .. }) => self.tell_damage(week, &error),
                Err(error) => return Err(error),
            }
        }
        Ok(answers)
    }

    fn store_week<'e>(
        &mut self,
        week: Week,
        entries: impl Iterator<Item = Entry<'e>>,
    ) -> Result<Vec<Applied>, StoreError> {
        let applied = apply(self.file(week)?, week, entries);
        if applied.is_err() {
            // Whatever was wrong, the next try begins with the file as it is then.
            self.open.remove(&week);
        }
        applied
    }

    /// Once, not at every visit.
    fn tell_damage(&mut self, week: Week, error: &StoreError) {
        if self.damaged.insert(week) {
            tracing::error!(
                %week,
                %error,
                "a week takes no device-days, devices keep theirs; `elsewhere-collector integrity` says what to do"
            );
        }
    }

    /// The open file of a week.
    fn file(&mut self, week: Week) -> Result<&mut Connection, StoreError> {
        if !self.open.contains_key(&week) && self.open.len() >= OPEN_WEEKS {
            self.open.pop_first();
        }
        match self.open.entry(week) {
            btree_map::Entry::Occupied(open) => Ok(open.into_mut()),
            btree_map::Entry::Vacant(closed) => Ok(closed.insert(open(&self.dir, &self.control, week)?)),
        }
    }
}

/// Opens a week's file; where the week is new, makes its key and then its file.
fn open(dir: &Path, control: &Database, week: Week) -> Result<Connection, StoreError> {
    let made = week_keys::begin(&control.write(), week)?;
    if made {
        weeks::ensure_there(dir, week)?;
    }
    let file = weeks::open(dir, week)?;
    if !made {
        week_keys::note_made(&control.write(), week, true)?;
    }
    Ok(file)
}

/// One transaction.
fn apply<'e>(
    file: &mut Connection,
    week: Week,
    entries: impl Iterator<Item = Entry<'e>>,
) -> Result<Vec<Applied>, StoreError> {
    let transaction = weeks::begin(file)?;
    let mut noted = None;
    let mut applied = Vec::new();
    for Entry { device, day, today } in entries {
        if noted != Some(device.id) {
            weeks::note_member(&transaction, device, week >= Week::of(today))?;
            noted = Some(device.id);
        }
        applied.push(weeks::apply(&transaction, device, day, today)?);
    }
    weeks::commit(transaction)?;
    Ok(applied)
}
