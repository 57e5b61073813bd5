//! The agent's disk: a file is replaced whole or not at all, also when the power goes between two lines.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readable {
    /// Everybody on the device: what the receipt is made of.
    ByAll,
    /// The agent alone: keys.
    ByAgent,
}

impl Readable {
    fn mode(self) -> u32 {
        match self {
            Self::ByAll => 0o644,
            Self::ByAgent => 0o600,
        }
    }
}

/// End of the name of a file that is still being written; one that a crash left behind is overwritten or swept.
pub const UNFINISHED: &str = ".unfinished";

/// Replaces `path` by `bytes`: a new file, synced, moved over the old one, the directory synced.
pub fn replace(path: &Path, bytes: &[u8], readable: Readable) -> io::Result<()> {
    let (unfinished, file) = write_beside(path, bytes, readable)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    path.parent().map_or(Ok(()), sync_directory)
}

/// Replaces `path` by `bytes` for every reader; after a power cut there may be the old, the new or nothing.
pub fn put(path: &Path, bytes: &[u8], readable: Readable) -> io::Result<()> {
    let (unfinished, _) = write_beside(path, bytes, readable)?;
    fs::rename(&unfinished, path)
}

/// Opened closed, then opened up: the umask can't keep the receipt from its reader, nor can a stale file leak a key.
fn write_beside(path: &Path, bytes: &[u8], readable: Readable) -> io::Result<(PathBuf, File)> {
    let mut unfinished_name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    unfinished_name.push(UNFINISHED);
    let unfinished = path.with_file_name(unfinished_name);
    let _ = fs::remove_file(&unfinished);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.set_permissions(Permissions::from_mode(readable.mode()))?;
    file.write_all(bytes)?;
    Ok((unfinished, file))
}

/// Removes a file for good; one that is not there is removed already.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => path.parent().map_or(Ok(()), sync_directory),
    }
}

/// Makes a directory that everybody may read, with all above it; one that is there is left as it is.
pub fn create_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o755))
}

/// Takes a directory for this process alone until the file is closed, also by a kill; `None` where another has it.
pub fn lock(directory: &Path) -> io::Result<Option<File>> {
    let mut how = OpenOptions::new();
    how.write(true).create(true).truncate(false).mode(0o600);
    let file = how.open(directory.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_one_agents_until_it_ends() {
        let directory = tempfile::tempdir().unwrap();
        let first = lock(directory.path()).unwrap();
        assert!(first.is_some() && lock(directory.path()).unwrap().is_none());
        drop(first);
        assert!(lock(directory.path()).unwrap().is_some());
    }

    #[test]
    fn a_file_is_replaced_whole_with_its_mode() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        fs::write(directory.path().join("key.unfinished"), "left by a crash").unwrap();
        for (bytes, readable, mode) in [(b"one", Readable::ByAll, 0o644), (b"two", Readable::ByAgent, 0o600)]
        {
            replace(&path, bytes, readable).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert!(!path.exists());
    }
}
