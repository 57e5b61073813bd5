//! Where a running collector listens: `addresses.json`, for commands beside it and for tests on free ports.
//!
//! The file is locked for as long as its collector runs, so one that a killed collector left behind is not believed.

use std::{
    fs::{self, File, TryLockError},
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// Both listeners' addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// Plain HTTP for people.
    pub people: SocketAddr,
    /// TLS for agents.
    pub devices: SocketAddr,
}

/// `addresses.json`, locked until it is dropped.
pub(super) struct AddressFile {
    path: PathBuf,
    _locked: File,
}

const NAME: &str = "addresses.json";

impl Addresses {
    /// Those of the collector that runs in this directory, if one does.
    pub fn of_running(dir: &Path) -> Option<Self> {
        let mut file = File::open(dir.join(NAME)).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => serde_json::from_reader(&mut file).ok(),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }

    /// Writes them whole, as a new and locked file.
    pub(super) fn write(&self, dir: &Path) -> anyhow::Result<AddressFile> {
        let path = dir.join(NAME);
        let write = || -> anyhow::Result<File> {
            let mut file = tempfile::NamedTempFile::new_in(dir)?;
            file.as_file().try_lock()?;
            file.write_all(serde_json::to_string(self)?.as_bytes())?;
            Ok(file.persist(&path)?)
        };
        let locked = write().with_context(|| format!("write {}", path.display()))?;
        Ok(AddressFile { path, _locked: locked })
    }
}

impl Drop for AddressFile {
    fn drop(&mut self) {
        // One that stays is not believed.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_believed_only_while_their_collector_runs() {
        let dir = tempfile::tempdir().unwrap();
        let addresses =
            Addresses { people: "127.0.0.1:1".parse().unwrap(), devices: "127.0.0.1:2".parse().unwrap() };
        assert_eq!(Addresses::of_running(dir.path()), None);
        let running = addresses.write(dir.path()).unwrap();
        assert_eq!(Addresses::of_running(dir.path()), Some(addresses));
        let left_behind = fs::read(dir.path().join(NAME)).unwrap();
        drop(running);
        assert_eq!(Addresses::of_running(dir.path()), None);
        fs::write(dir.path().join(NAME), left_behind).unwrap();
        assert_eq!(Addresses::of_running(dir.path()), None);
    }
}
