//! Backups: consistent copies that are made while the server works, and out of which weeks vanish when they expire.
//!
//! Retention holds in backups because they can't be read without keys that do not last. Each week's file stands in a backup
//! only sealed under the week's own key, and no backup holds a key. The keys of living weeks stand in the control file
//! and in one file `week-keys` beside the backups, which is written whole at every backup and every night. At a week's
//! expiry its key is destroyed in the control file, whose deleted bytes are overwritten, and in every `week-keys` that
//! is known; one that can't be reached is said loudly and tried again each night. All else (control file, published
//! figures, certificates, settings) is sealed under a key that does not expire and stands in `week-keys` too.
//!
//! What this can't do: a copy of `week-keys` that somebody made, of the control file, or of the whole data directory keeps
//! its weeks readable for as long as it exists, and a disk may hold overwritten blocks for a while. Who has `week-keys`
//! and a backup has everything that the collector had.
//!
//! A backup is a directory `elsewhere-2026-11-26T23-03-17Z`. It is made under another name, and renamed once all of it is on
//! the disk, so it is whole or absent. Weeks are copied before the control file: a device that has days there is known
//! there. A database is copied within the data directory first, in a file without a name; that takes as much room as the
//! largest week.

use std::{
    fs::{self, TryLockError},
    io,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, civil::Date};

use self::{
    key_file::{KeyFile, KeyFileError},
    manifest::{Manifest, Part},
    sealed::Label,
};
use super::{
    SqliteStore,
    control::{self, backups, week_keys},
    published, weeks,
};
use crate::{
    installation::utc_date,
    store::{StoreError, UnreachedBackups},
    week::Week,
};

mod copy;
mod key_file;
mod manifest;
mod restore;
mod sealed;

pub use restore::{Restored, restore};

/// The databases beside the weeks', by their names in the data directory.
const CONTROL: &str = "control.db";
const ROLLUP: &str = "rollup.db";
/// What else a collector can't be restored without, where it is there.
const BESIDE: [&str; 7] =
    ["ca.pem", "ca.key", "collector.toml", "portfolio.toml", "journal.toml", "token", "catalog-delta.json"];
/// What a backup's name begins with; its time follows.
const PREFIX: &str = "elsewhere-";
/// What the name of a backup in the making ends with.
const PARTIAL: &str = ".partial";

/// A backup that was made.
#[derive(Debug)]
pub struct BackedUp {
    /// Where it lies.
    pub path: PathBuf,
    /// Weeks in it.
    pub weeks: Vec<Week>,
    /// Weeks that are not in it, because they are damaged.
    pub left_out: Vec<Week>,
    /// Bytes that were copied.
    pub bytes: u64,
}

/// Why there is no backup, or why it is not restored. Nothing is left half done.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys can't be read or written.
    #[error("{0}")]
    Keys(String),
    /// A file can't be used.
    #[error("use {}", path.display())]
    Files {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Where a backup shall go, or come from, is no such place.
    #[error("{0}")]
    Place(String),
    /// Not a backup, or not a whole one.
    #[error("{} is no backup; name one like {}", .0.display(), "elsewhere-2026-11-26T23-03-17Z")]
    NoBackup(PathBuf),
    /// A part of it is not what was written, or the key is another one.
    #[error(
        "{} does not open: it is damaged, cut off, or of another backup, or week-keys is not the one beside it; nothing was restored",
        .0.display()
    )]
    DoesNotOpen(PathBuf),
    /// A key is missing.
    #[error(
        "week-keys has no key for {part} of this backup; take the one that stands beside it; nothing was restored"
    )]
    NoKey {
        /// The part.
        part: String,
    },
    /// A newer program made it.
    #[error("{} has format {found}, this program knows {known}; use the newer elsewhere-collector", path.display())]
    Newer {
        /// The manifest.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
}

impl From<KeyFileError> for BackupError {
    fn from(error: KeyFileError) -> Self {
        Self::Keys(error.to_string())
    }
}

fn files(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |source| BackupError::Files { path: path.to_owned(), source }
}

/// Where a part stands in a backup.
fn path_of(backup: &Path, part: &str) -> PathBuf {
    backup.join(format!("{part}.sealed"))
}

/// Backs a store up into a new directory under `to`, which is made if it is missing. `moved` hears of bytes as they are
/// written. One at a time.
pub fn back_up(
    store: &SqliteStore,
    to: &Path,
    now: Timestamp,
    moved: &mut dyn FnMut(u64),
) -> Result<BackedUp, BackupError> {
    let to = place(store, to)?;
    let _alone = alone(&store.dir)?;
    let today = utc_date(now);
    let weeks: Vec<Week> =
        weeks::list(&store.weeks)?.into_iter().filter(|week| week.expiry() > today).collect();
    for week in &weeks {
        // A file from before there were keys gets one now.
        if !week_keys::begin(&store.control.write(), *week)? {
            week_keys::note_made(&store.control.write(), *week, true)?;
        }
    }
    let keys = hand_over_keys(store, &to, today)?;
    remove_partial(&to)?;
    let name = free_name(&to, now);
    let partial = to.join(format!(".{name}{PARTIAL}"));
    let mut maker = Maker::begin(store, &keys, partial, now, moved)?;
    for week in weeks {
        maker.week(week)?;
    }
    maker.rollup()?;
    for file in BESIDE {
        maker.plain(file)?;
    }
    maker.control()?;
    maker.finish(&to.join(name))
}

/// The directory that backups go to, as it is remembered.
fn place(store: &SqliteStore, to: &Path) -> Result<PathBuf, BackupError> {
    super::make_private(to).map_err(files(to))?;
    let to = fs::canonicalize(to).map_err(files(to))?;
    let data = fs::canonicalize(&store.dir).map_err(files(&store.dir))?;
    if to.starts_with(&data) {
        let problem =
            format!("{} is within the data directory; choose a place on another disk", to.display());
        return Err(BackupError::Place(problem));
    }
    if to.to_str().is_none() {
        let problem = format!("{} is no text, and has to be remembered; choose another name", to.display());
        return Err(BackupError::Place(problem));
    }
    Ok(to)
}

fn alone(data: &Path) -> Result<fs::File, BackupError> {
    let path = data.join("backup.lock");
    let file = fs::File::create(&path).map_err(files(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(BackupError::Place(
            "another backup of this collector is being made; wait for its end".to_owned(),
        )),
        Err(TryLockError::Error(error)) => Err(files(&path)(error)),
    }
}

/// Writes the keys beside the backups and remembers that they stand there.
fn hand_over_keys(store: &SqliteStore, to: &Path, today: Date) -> Result<KeyFile, BackupError> {
    let key = backups::key(&store.control.write())?;
    let known = backups::directories(&*store.control.read()?)?.iter().any(|known| known == to);
    let there = KeyFile::read(&to.join(key_file::NAME));
    if let (false, Err(error @ KeyFileError::Damaged(_))) = (known, there) {
        return Err(error.into());
    }
    let _turn = turn(&store.dir)?;
    let weeks = week_keys::all(&*store.control.read()?)?;
    let keys = KeyFile { backup: key, weeks: weeks.into_iter().collect() };
    keys.clone().bring_up(to, today)?;
    backups::remember(&store.control.write(), &to.to_string_lossy())?;
    Ok(keys)
}

/// Key files are written in turn: what was destroyed between reading and writing must not come back.
fn turn(data: &Path) -> Result<fs::File, StoreError> {
    let path = data.join("keys.lock");
    let error = |source| StoreError::Files { path: path.clone(), source };
    let file = fs::File::create(&path).map_err(error)?;
    file.lock().map_err(error)?;
    Ok(file)
}

/// A backup's name: its time, and a number where there is one of the same second.
fn free_name(to: &Path, now: Timestamp) -> String {
    let name = now.strftime(&format!("{PREFIX}%Y-%m-%dT%H-%M-%SZ")).to_string();
    let numbered = (2..=u32::MAX).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| !to.join(name).exists()).unwrap_or(name)
}

/// Removes what a backup that was killed has left.
fn remove_partial(to: &Path) -> Result<(), BackupError> {
    for entry in fs::read_dir(to).map_err(files(to))? {
        let entry = entry.map_err(files(to))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.strip_prefix('.').is_some_and(|rest| rest.starts_with(PREFIX) && rest.ends_with(PARTIAL)) {
            fs::remove_dir_all(entry.path()).map_err(files(&entry.path()))?;
        }
    }
    Ok(())
}

/// A backup in the making; dropped before its end, it takes away what it has written.
struct Maker<'s> {
    store: &'s SqliteStore,
    keys: &'s KeyFile,
    directory: PathBuf,
    manifest: Manifest,
    moved: &'s mut dyn FnMut(u64),
    finished: bool,
}

impl<'s> Maker<'s> {
    fn begin(
        store: &'s SqliteStore,
        keys: &'s KeyFile,
        directory: PathBuf,
        now: Timestamp,
        moved: &'s mut dyn FnMut(u64),
    ) -> Result<Self, BackupError> {
        super::make_private(&directory).map_err(files(&directory))?;
        let manifest = Manifest {
            format: manifest::FORMAT,
            backup: format!("{:032x}", rand::random::<u128>()),
            made: now,
            parts: Vec::new(),
            left_out: Vec::new(),
        };
        Ok(Self { store, keys, directory, manifest, moved, finished: false })
    }

    /// A damaged week is left out, since it could not be restored; all others are worth keeping.
    fn week(&mut self, week: Week) -> Result<(), BackupError> {
        match copy::copy(&weeks::path_of(&self.store.weeks, week), &weeks::FILE, &self.store.dir) {
            Ok(copy) => self.part(Some(week), None, copy),
            Err(error @ StoreError::Damaged { .. }) => {
                tracing::error!(%week, %error, "a damaged week is not in the backup");
                self.manifest.left_out.push(week);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn rollup(&mut self) -> Result<(), BackupError> {
        let copy = copy::copy(&self.store.dir.join(ROLLUP), &published::FILE, &self.store.dir)?;
        self.part(None, Some(ROLLUP), copy)
    }

    fn control(&mut self) -> Result<(), BackupError> {
        let path = self.store.dir.join(CONTROL);
        let copy = copy::copy_stripped(&path, &control::FILE, &self.store.dir, backups::strip)?;
        self.part(None, Some(CONTROL), copy)
    }

    fn plain(&mut self, name: &str) -> Result<(), BackupError> {
        let path = self.store.dir.join(name);
        match copy::plain(&path).map_err(files(&path))? {
            Some(file) => self.part(None, Some(name), file),
            None => Ok(()),
        }
    }

    fn part(
        &mut self,
        week: Option<Week>,
        file: Option<&str>,
        mut from: fs::File,
    ) -> Result<(), BackupError> {
        let mut part = Part { week, file: file.map(str::to_owned), key: String::new(), bytes: 0 };
        let name = part.name();
        let keys = self.keys;
        let key = match week {
            None => &keys.backup,
            Some(of) => keys
                .weeks
                .iter()
                .find_map(|(week, key)| (*week == of).then_some(key))
                .ok_or(BackupError::NoKey { part: name.clone() })?,
        };
        part.key = key_file::name_of(key);
        let path = path_of(&self.directory, &name);
        let label = Label { backup: &self.manifest.backup, name: &name };
        let mut sealed = create(&path).map_err(files(&path))?;
        part.bytes = sealed::seal(key, label, &mut from, &mut sealed, self.moved).map_err(files(&path))?;
        sealed.sync_all().map_err(files(&path))?;
        self.manifest.parts.push(part);
        Ok(())
    }

    fn finish(mut self, path: &Path) -> Result<BackedUp, BackupError> {
        let own = Manifest::path(&self.directory);
        let mut file = create(&own).map_err(files(&own))?;
        self.manifest.seal(&self.keys.backup, &mut file).map_err(files(&own))?;
        file.sync_all().map_err(files(&own))?;
        sync(&self.directory)?;
        fs::rename(&self.directory, path).map_err(files(path))?;
        self.finished = true;
        if let Some(parent) = path.parent() {
            sync(parent)?;
        }
        Ok(BackedUp {
            path: path.to_owned(),
            weeks: self.manifest.parts.iter().filter_map(|part| part.week).collect(),
            left_out: std::mem::take(&mut self.manifest.left_out),
            bytes: self.manifest.parts.iter().map(|part| part.bytes).sum(),
        })
    }
}

impl Drop for Maker<'_> {
    fn drop(&mut self) {
        if !self.finished
            && let Err(error) = fs::remove_dir_all(&self.directory)
        {
            tracing::warn!(path = %self.directory.display(), %error, "a backup that failed could not be removed");
        }
    }
}

/// A new file that only its owner reads.
fn create(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes the names in a directory durable.
fn sync(directory: &Path) -> Result<(), BackupError> {
    fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(files(directory))
}

/// Destroys the keys of expired weeks, here and beside all backups that are known; says beside which that failed.
pub(super) fn expire(store: &SqliteStore, today: Date) -> Result<Vec<UnreachedBackups>, StoreError> {
    let _turn = turn(&store.dir)?;
    week_keys::destroy_expired(&store.control.write(), today)?;
    backups::empty_log(&store.control.write())?;
    let control = store.control.read()?;
    let Some(backup) = backups::known_key(&control)? else { return Ok(Vec::new()) };
    let keys = KeyFile { backup, weeks: week_keys::all(&control)?.into_iter().collect() };
    let brought_up = |directory: &Path| {
        // An empty directory may be one whose disk is not mounted: keys written there would change nothing.
        match KeyFile::read(&directory.join(key_file::NAME)) {
            Err(error @ KeyFileError::Missing(_)) => Err(error),
            _ => keys.clone().bring_up(directory, today),
        }
    };
    Ok(unreached(backups::directories(&control)?, brought_up))
}

/// Says beside which backups the keys of expired weeks still stand, or may; changes nothing.
pub(super) fn look(control: &rusqlite::Connection, today: Date) -> Result<Vec<UnreachedBackups>, StoreError> {
    let Some(backup) = backups::known_key(control)? else { return Ok(Vec::new()) };
    let current = |directory: &Path| {
        let path = directory.join(key_file::NAME);
        let there = KeyFile::read(&path)?;
        if there.backup != backup {
            return Err(KeyFileError::Foreign(path));
        }
        match there.weeks.iter().find(|(week, _)| week.expiry() <= today) {
            Some((week, _)) => Err(KeyFileError::Expired { path, week: *week }),
            None => Ok(()),
        }
    };
    Ok(unreached(backups::directories(control)?, current))
}

fn unreached(
    directories: Vec<PathBuf>,
    ask: impl Fn(&Path) -> Result<(), KeyFileError>,
) -> Vec<UnreachedBackups> {
    let unreached = directories.into_iter().filter_map(|directory| {
        let problem = ask(&directory).err()?.to_string();
        Some(UnreachedBackups { directory, problem })
    });
    unreached.collect()
}

/// Forgets a directory of backups: its keys are not kept up to date any more. False if it was not known.
pub fn forget_directory(store: &SqliteStore, directory: &Path) -> Result<bool, StoreError> {
    let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    backups::forget(&store.control.write(), &directory)
}

#[cfg(test)]
mod tests;
