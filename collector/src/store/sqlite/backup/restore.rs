//! A backup made into a data directory again: whole, or not at all.
//!
//! The restored store has a new name, so devices send it all days that they keep, and it ends with what they know: each
//! day once, by its revision. Weeks that have expired since are dropped. What happened since is not there: devices
//! enrolled since have to enrol again, and devices revoked since have to be revoked again. Weeks that were frozen since are
//! not frozen here, though people have their figures: they are frozen at the next freeze time, in the coarse figures of a
//! running week, so that no difference of the two tells of single customers. The first figures can't be had again.
//! Signals told since may be told a second time.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{
    BESIDE, BackupError, CONTROL, ROLLUP, files,
    key_file::{self, KeyFile},
    manifest::{Manifest, Part},
    path_of,
    sealed::{self, Label},
};
use crate::{
    installation::utc_date,
    store::{
        StoreError,
        sqlite::{
            RESTORING,
            control::{self, backups, week_keys},
            file::{self, File, Thoroughness},
            local_disk, published, weeks,
        },
    },
    week::Week,
};

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// When the backup was made.
    pub made: Timestamp,
    /// Weeks that are there again.
    pub weeks: Vec<Week>,
    /// Weeks that have expired since.
    pub expired: Vec<Week>,
    /// Weeks that were damaged when the backup was made, and are not in it.
    pub left_out: Vec<Week>,
}

/// Restores a backup into a directory that is empty or does not exist. `keys` is the file of keys, if it is not the one
/// beside the backup. `moved` hears of bytes as they are written, and of how many there are.
pub fn restore(
    from: &Path,
    keys: Option<&Path>,
    data: &Path,
    now: Timestamp,
    moved: &mut dyn FnMut(u64, u64),
) -> Result<Restored, BackupError> {
    let from = fs::canonicalize(from).map_err(files(from))?;
    let beside = from.parent().unwrap_or(Path::new("/")).to_owned();
    let keys = KeyFile::read(keys.unwrap_or(&beside.join(key_file::NAME)))?;
    let manifest = Manifest::read(&from, &keys.backup)?;
    let has_expired = |part: &&Part| part.week.is_some_and(|week| week.expiry() <= utc_date(now));
    let (expired, living): (Vec<&Part>, Vec<&Part>) = manifest.parts.iter().partition(has_expired);
    let place = Place::take(data)?;
    let total = living.iter().map(|part| part.bytes).sum();
    for part in &living {
        let path = place.path_of(part)?;
        let key = part.key(&keys).ok_or_else(|| BackupError::NoKey { part: part.name() })?;
        open(&from, &manifest.backup, part, key, &path, &mut |bytes| moved(bytes, total))?;
    }
    let weeks: Vec<(Week, week_keys::Key)> =
        living.iter().filter_map(|part| Some((part.week?, *part.key(&keys)?))).collect();
    make_good(&place, &weeks, &keys, &beside, now)?;
    place.keep()?;
    Ok(Restored {
        made: manifest.made,
        weeks: weeks.into_iter().map(|(week, _)| week).collect(),
        expired: expired.into_iter().filter_map(|part| part.week).collect(),
        left_out: manifest.left_out,
    })
}

fn open(
    from: &Path,
    backup: &str,
    part: &Part,
    key: &week_keys::Key,
    to: &Path,
    moved: &mut dyn FnMut(u64),
) -> Result<(), BackupError> {
    let name = part.name();
    let path = path_of(from, &name);
    let mut sealed = match fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(BackupError::DoesNotOpen(path)),
        Err(error) => return Err(files(&path)(error)),
    };
    let mut file = super::create(to).map_err(files(to))?;
    let label = Label { backup, name: &name };
    sealed::open(key, label, &mut sealed, &mut file, moved).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => BackupError::DoesNotOpen(path.clone()),
        _ => files(to)(error),
    })?;
    file.sync_all().map_err(files(to))
}

/// Looks at every database, brings its schema up, and makes the store one of its own.
fn make_good(
    place: &Place,
    living: &[(Week, week_keys::Key)],
    keys: &KeyFile,
    beside: &Path,
    now: Timestamp,
) -> Result<(), BackupError> {
    for (week, _) in living {
        looked_at(&weeks::path_of(&place.stage.join(WEEKS), *week), &weeks::FILE)?;
    }
    looked_at(&place.stage.join(ROLLUP), &published::FILE)?;
    let control = looked_at(&place.stage.join(CONTROL), &control::FILE)?;
    backups::begin_anew(&control, Some(now))?;
    backups::take_over(&control, &keys.backup)?;
    for (week, key) in living {
        week_keys::take_over(&control, *week, key)?;
    }
    // Somebody must go on taking expired keys away there.
    if let Some(beside) = beside.to_str() {
        backups::remember(&control, beside)?;
    }
    // Closed, it is one file.
    drop(control);
    Ok(())
}

fn looked_at(path: &Path, kind: &'static File) -> Result<rusqlite::Connection, StoreError> {
    let database = file::open(path, kind)?;
    file::check(&database, kind, Thoroughness::Everything)?;
    Ok(database)
}

const WEEKS: &str = "weeks";

/// The data directory to be; dropped before its end, all that was written there goes.
struct Place {
    data: PathBuf,
    stage: PathBuf,
    made: bool,
    kept: bool,
}

impl Place {
    fn take(data: &Path) -> Result<Self, BackupError> {
        let made = match fs::read_dir(data).map(Iterator::count) {
            Ok(0) => false,
            Ok(_) => {
                let problem = format!("{} is not empty; restore into a new directory", data.display());
                return Err(BackupError::Place(problem));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(files(data)(error)),
        };
        let place = Self { data: data.to_owned(), stage: data.join(RESTORING), made, kept: false };
        crate::store::sqlite::make_private(&place.stage.join(WEEKS)).map_err(files(&place.stage))?;
        local_disk::ensure(data)?;
        Ok(place)
    }

    /// Where a part goes. Only what a backup has is taken.
    fn path_of(&self, part: &Part) -> Result<PathBuf, BackupError> {
        match (part.week, part.file.as_deref()) {
            (Some(week), None) => Ok(weeks::path_of(&self.stage.join(WEEKS), week)),
            (None, Some(name)) if [CONTROL, ROLLUP].contains(&name) || BESIDE.contains(&name) => {
                Ok(self.stage.join(name))
            }
            _ => {
                Err(BackupError::Place(format!("the backup has a part {}, which no store has", part.name())))
            }
        }
    }

    /// Moves all to where it is used. A collector does not start while the stage is there.
    fn keep(mut self) -> Result<(), BackupError> {
        for entry in fs::read_dir(&self.stage).map_err(files(&self.stage))? {
            let entry = entry.map_err(files(&self.stage))?;
            let path = self.data.join(entry.file_name());
            fs::rename(entry.path(), &path).map_err(files(&path))?;
        }
        super::sync(&self.data.join(WEEKS))?;
        super::sync(&self.data)?;
        fs::remove_dir(&self.stage).map_err(files(&self.stage))?;
        super::sync(&self.data)?;
        self.kept = true;
        Ok(())
    }

    fn clear(&self) -> io::Result<()> {
        if self.made {
            return fs::remove_dir_all(&self.data);
        }
        // It was empty before, so all there is here is ours.
        for entry in fs::read_dir(&self.data)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = self.clear()
        {
            tracing::warn!(path = %self.data.display(), %error, "a restore that failed could not be removed");
        }
    }
}
