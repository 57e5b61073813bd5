//! What a backup consists of. It is a part itself, sealed under the key of what does not expire.

use std::{fs, io, path::Path};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    BackupError,
    key_file::{self, KeyFile},
    sealed::{self, Label},
};
use crate::{store::sqlite::control::week_keys::Key, week::Week};

/// Its part.
const NAME: &str = "manifest";
/// Its format, and so the backup's.
pub(super) const FORMAT: u32 = 1;
/// Largest that is read, in bytes: a backup has some twenty parts of a hundred bytes each.
const MAX_BYTES: u64 = 1 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: u32,
    /// Random; it stands in the key of every part, so that no part of another backup opens here.
    pub(super) backup: String,
    pub(super) made: Timestamp,
    pub(super) parts: Vec<Part>,
    /// Weeks that were damaged when the backup was made.
    pub(super) left_out: Vec<Week>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// The week, or else the file's name.
    pub(super) week: Option<Week>,
    pub(super) file: Option<String>,
    /// What its key is called.
    pub(super) key: String,
    pub(super) bytes: u64,
}

impl Part {
    /// The part's name in the backup.
    pub(super) fn name(&self) -> String {
        match (&self.week, &self.file) {
            (Some(week), _) => week.to_string(),
            (None, file) => file.clone().unwrap_or_default(),
        }
    }

    /// The key, if the file has it.
    pub(super) fn key<'k>(&self, keys: &'k KeyFile) -> Option<&'k Key> {
        let weeks = keys.weeks.iter().filter(|(week, _)| Some(*week) == self.week).map(|(_, key)| key);
        let keys = weeks.chain(self.week.is_none().then_some(&keys.backup));
        keys.into_iter().find(|key| key_file::name_of(key) == self.key)
    }
}

impl Manifest {
    pub(super) fn seal(&self, key: &Key, to: &mut dyn io::Write) -> io::Result<()> {
        let text = serde_json::to_vec(self)?;
        sealed::seal(key, Label { backup: "", name: NAME }, &mut &text[..], to, &mut |_| ()).map(drop)
    }

    /// Where it stands in a backup.
    pub(super) fn path(backup: &Path) -> std::path::PathBuf {
        super::path_of(backup, NAME)
    }

    /// Reads the manifest of a backup.
    pub(super) fn read(backup: &Path, key: &Key) -> Result<Self, BackupError> {
        let path = Self::path(backup);
        let does_not_open = || BackupError::DoesNotOpen(path.clone());
        let mut file = match fs::File::open(&path) {
            Ok(file) => io::Read::take(file, MAX_BYTES),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(BackupError::NoBackup(backup.to_owned()));
            }
            Err(source) => return Err(BackupError::Files { path, source }),
        };
        let mut text = Vec::new();
        sealed::open(key, Label { backup: "", name: NAME }, &mut file, &mut text, &mut |_| ())
            .map_err(|_| does_not_open())?;
        let format: Format = serde_json::from_slice(&text).map_err(|_| does_not_open())?;
        if format.format > FORMAT {
            return Err(BackupError::Newer { path, found: format.format, known: FORMAT });
        }
        serde_json::from_slice(&text).map_err(|_| does_not_open())
    }
}

/// What every format begins with.
#[derive(Deserialize)]
struct Format {
    format: u32,
}
