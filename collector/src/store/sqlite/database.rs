//! One database file in use: a connection that writes, and some that read beside it without waiting for it.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::Connection;

use super::file::{self, File};
use crate::store::StoreError;

/// Most readers kept for the next question: more than the cores of a usual machine; past it, one is closed after use.
const IDLE_READERS: usize = 16;

pub(super) struct Database {
    path: PathBuf,
    file: &'static File,
    idle: Mutex<Vec<Connection>>,
    /// Dropped after the readers: the last one to close writes all into the file and takes the log away, if it may write.
    writer: Mutex<Connection>,
}

impl Database {
    /// Opens the file, and makes it where it is missing.
    pub(super) fn open(path: &Path, file: &'static File) -> Result<Self, StoreError> {
        let writer = Mutex::new(file::open(path, file)?);
        Ok(Self { path: path.to_owned(), file, idle: Mutex::default(), writer })
    }

    /// The connection that writes, for one at a time.
    pub(super) fn write(&self) -> MutexGuard<'_, Connection> {
        // A panic within a transaction rolled it back, so the connection is good.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that reads what is committed by now.
    pub(super) fn read(&self) -> Result<Reader<'_>, StoreError> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => file::open_to_read(&self.path, self.file)?,
        };
        Ok(Reader { database: self, connection: Some(connection) })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A borrowed connection; it goes back when it is dropped.
pub(super) struct Reader<'d> {
    database: &'d Database,
    connection: Option<Connection>,
}

impl Deref for Reader<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("it is taken in drop only")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut idle = self.database.idle();
        if idle.len() < IDLE_READERS {
            idle.extend(self.connection.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: File = File { name: "test.db", steps: &["CREATE TABLE a (x INTEGER) STRICT"] };

    #[test]
    fn readers_see_what_is_committed_and_wait_for_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(&dir.path().join("test.db"), &FILE).unwrap();
        let count = |reader: &Connection| -> i64 {
            reader.query_row("SELECT count(*) FROM a", [], |row| row.get(0)).unwrap()
        };
        let mut writer = database.write();
        let transaction = writer.transaction().unwrap();
        transaction.execute("INSERT INTO a VALUES (1)", []).unwrap();
        assert_eq!(count(&database.read().unwrap()), 0);
        transaction.commit().unwrap();
        assert_eq!(count(&database.read().unwrap()), 1);
        assert!(database.read().unwrap().execute("DELETE FROM a", []).is_err(), "a reader writes nothing");
    }

    #[test]
    fn a_closed_database_is_one_file() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(&dir.path().join("test.db"), &FILE).unwrap();
        database.read().unwrap();
        drop(database);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_so_many_readers_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(&dir.path().join("test.db"), &FILE).unwrap();
        let readers: Vec<_> = (0..=IDLE_READERS).map(|_| database.read().unwrap()).collect();
        drop(readers);
        assert_eq!(database.idle().len(), IDLE_READERS);
    }
}
