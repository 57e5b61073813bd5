//! `week-keys`: the keys of the backups beside it, of living weeks only.
//!
//! It is written whole under another name and then renamed. What it holds of a week that has expired goes at each writing;
//! keys that this store does not know stay as long as their week lives, for a restored store and the one it was restored
//! from may both write here. A file of another collector is left alone.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use crate::{store::sqlite::control::week_keys::Key, week::Week};

/// Its name in the directory of the backups.
pub(super) const NAME: &str = "week-keys";

const HEAD: &str = "\
# The keys of the backups in this directory, written by elsewhere-collector.
# Who has this file and a backup can read the backup. Never copy it: a copy outlives the weeks that it opens.
elsewhere-week-keys 1
";

/// Keys of backups.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct KeyFile {
    /// Of all that does not expire.
    pub(super) backup: Key,
    /// Of the weeks; of one there are several only where two stores came of one.
    pub(super) weeks: BTreeSet<(Week, Key)>,
}

/// Why the file can't be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyFileError {
    #[error("{} is missing; a backup can't be read without it", .0.display())]
    Missing(PathBuf),
    #[error("{} is damaged or cut off", .0.display())]
    Damaged(PathBuf),
    #[error("{} belongs to the backups of another collector; give each collector a directory of its own", .0.display())]
    Foreign(PathBuf),
    #[error("{} still has the key of week {week}, which has expired", path.display())]
    Expired { path: PathBuf, week: Week },
    #[error("use {}: {source}", path.display())]
    Files { path: PathBuf, source: io::Error },
}

impl KeyFile {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, KeyFileError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).ok_or_else(|| KeyFileError::Damaged(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(KeyFileError::Missing(path.to_owned()))
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(KeyFileError::Damaged(path.to_owned()))
            }
            Err(source) => Err(KeyFileError::Files { path: path.to_owned(), source }),
        }
    }

    /// Brings the file in a directory up to date: these keys and those that stand there, without those that have expired.
    /// Where it is up to date it is not written.
    pub(super) fn bring_up(mut self, directory: &Path, today: Date) -> Result<(), KeyFileError> {
        let path = directory.join(NAME);
        let there = match Self::read(&path) {
            Ok(there) if there.backup != self.backup => return Err(KeyFileError::Foreign(path)),
            Ok(there) => {
                self.weeks.extend(there.weeks.iter().copied());
                Some(there)
            }
            // Nobody can read it any more, so what it held is lost and may not stay either.
            Err(KeyFileError::Missing(_) | KeyFileError::Damaged(_)) => None,
            Err(error) => return Err(error),
        };
        self.weeks.retain(|(week, _)| week.expiry() > today);
        if there.as_ref() == Some(&self) {
            return Ok(());
        }
        self.write(directory).map_err(|source| KeyFileError::Files { path, source })
    }

    /// Replaces the file whole.
    fn write(&self, directory: &Path) -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".week-keys").tempfile_in(directory)?;
        file.write_all(self.to_text().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(directory.join(NAME)).map_err(|error| error.error)?;
        fs::File::open(directory)?.sync_all()
    }

    fn to_text(&self) -> String {
        let mut text = HEAD.to_owned();
        let mut line = |words: String| writeln!(text, "{words}").expect("a string grows");
        line(format!("backup {}", hex(&self.backup)));
        for (week, key) in &self.weeks {
            line(format!("week {week} {}", hex(key)));
        }
        let end = hex(&Sha256::digest(text.as_bytes()));
        text + "end " + &end + "\n"
    }

    fn parse(text: &str) -> Option<Self> {
        let body = &text[..=text.find("\nend ")?];
        if text[body.len()..] != format!("end {}\n", hex(&Sha256::digest(body.as_bytes()))) {
            return None;
        }
        let mut lines = body.lines().filter(|line| !line.starts_with('#'));
        if lines.next()? != "elsewhere-week-keys 1" {
            return None;
        }
        let backup = key(lines.next()?.strip_prefix("backup ")?)?;
        let weeks = lines.map(|line| {
            let (week, digits) = line.strip_prefix("week ")?.split_once(' ')?;
            Some((week.parse().ok()?, key(digits)?))
        });
        Some(Self { backup, weeks: weeks.collect::<Option<_>>()? })
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string grows");
        text
    })
}

fn key(digits: &str) -> Option<Key> {
    let mut key = Key::default();
    if digits.len() != 2 * key.len() || !digits.is_ascii() {
        return None;
    }
    for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).ok()?;
    }
    Some(key)
}

/// What a key is called where it may not stand itself.
pub(super) fn name_of(key: &Key) -> String {
    let mut hash = Sha256::new_with_prefix(b"elsewhere name of a key");
    hash.update(key);
    hex(&hash.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn keys(backup: u8, weeks: &[(&str, u8)]) -> KeyFile {
        let weeks = weeks.iter().map(|(week, key)| (week.parse().unwrap(), [*key; 32])).collect();
        KeyFile { backup: [backup; 32], weeks }
    }

    fn there(directory: &Path) -> Result<KeyFile, KeyFileError> {
        KeyFile::read(&directory.join(NAME))
    }

    #[test]
    fn it_is_read_as_it_was_written_and_only_whole() {
        let keys = keys(1, &[("2026-W45", 2), ("2026-W46", 3)]);
        let text = keys.to_text();
        assert!(KeyFile::parse(&text) == Some(keys));
        for end in 0..text.len() {
            assert!(KeyFile::parse(&text[..end]).is_none(), "cut off at {end}");
        }
        assert!(KeyFile::parse(&text.replace("W45", "W44")).is_none());
        assert!(KeyFile::parse(&text.replacen("0101", "0102", 1)).is_none());
    }

    #[test]
    fn living_keys_stay_and_expired_ones_go() {
        let dir = tempfile::tempdir().unwrap();
        let today = "2026-W45".parse::<Week>().unwrap().expiry();
        keys(1, &[("2026-W45", 2), ("2026-W46", 3)]).bring_up(dir.path(), date(2026, 11, 20)).unwrap();
        // Another store that came of the same backups knows other weeks.
        keys(1, &[("2026-W46", 4)]).bring_up(dir.path(), today).unwrap();
        assert!(there(dir.path()).unwrap() == keys(1, &[("2026-W46", 3), ("2026-W46", 4)]));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left there");
    }

    #[test]
    fn another_collectors_file_is_left_alone_and_a_damaged_one_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let today = date(2026, 11, 20);
        keys(1, &[("2026-W46", 3)]).bring_up(dir.path(), today).unwrap();
        assert!(matches!(keys(2, &[]).bring_up(dir.path(), today), Err(KeyFileError::Foreign(_))));
        assert!(there(dir.path()).unwrap() == keys(1, &[("2026-W46", 3)]));
        fs::write(dir.path().join(NAME), "elsewhere-week-keys 1\nbackup 01").unwrap();
        assert!(matches!(there(dir.path()), Err(KeyFileError::Damaged(_))));
        keys(2, &[]).bring_up(dir.path(), today).unwrap();
        assert!(there(dir.path()).unwrap() == keys(2, &[]));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        keys(1, &[]).bring_up(dir.path(), date(2026, 11, 20)).unwrap();
        let mode = fs::metadata(dir.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
