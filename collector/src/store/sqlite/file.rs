//! One kind of database file: opened durably, brought to the newest schema, never one that is newer than we are.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::store::StoreError;

/// A kind of file: what it is called in messages, and its numbered steps, which are frozen once released.
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) steps: &'static [&'static str],
}

/// How long to wait for another process's write, in milliseconds: commands beside the server hold the lock for far less.
const BUSY_MILLISECONDS: u32 = 5_000;

impl File {
    /// Turns a database error into one that names this file and what was tried.
    pub(super) fn error(&self, action: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
        let name = self.name;
        move |source| database_error(name, action, source)
    }

    /// An error for a stored value that can't be read.
    pub(super) fn damaged(&self, problem: &impl ToString) -> StoreError {
        StoreError::Damaged { file: self.name.to_owned(), problem: problem.to_string() }
    }
}

fn database_error(name: &str, action: &'static str, source: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    match source.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked) => StoreError::Busy,
        _ if means_damage(&source) => {
            StoreError::Damaged { file: name.to_owned(), problem: source.to_string() }
        }
        _ => StoreError::Database { file: name.to_owned(), action, source },
    }
}

/// Whether the file is not what was written. A full disk or a missing right is something else: that can end.
fn means_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::{Error, ErrorCode, ffi};
    match error {
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => true,
            ErrorCode::SystemIoFailure => matches!(
                failure.extended_code,
                ffi::SQLITE_IOERR_READ
                    | ffi::SQLITE_IOERR_SHORT_READ
                    | ffi::SQLITE_IOERR_DATA
                    | ffi::SQLITE_IOERR_CORRUPTFS
            ),
            // Our own statements are right where the tables are those of the schema's number.
            _ => failure.extended_code == ffi::SQLITE_ERROR,
        },
        Error::InvalidColumnType(..)
        | Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..) => true,
        _ => false,
    }
}

/// Bytes of a page, where nothing speaks for others: what a file system reads at least.
const PAGE_BYTES: u32 = 4_096;

/// Opens for reading and writing; makes the file and brings its schema up where needed.
pub(super) fn open(path: &Path, file: &File) -> Result<Connection, StoreError> {
    open_with_pages(path, file, PAGE_BYTES)
}

/// The same, with pages of this many bytes where the file is new.
pub(super) fn open_with_pages(path: &Path, file: &File, page_bytes: u32) -> Result<Connection, StoreError> {
    let error = file.error("open the database");
    let mut connection = Connection::open(path).map_err(&error)?;
    set_up(
        &connection,
        &format!("PRAGMA page_size = {page_bytes}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"),
    )
    .map_err(&error)?;
    migrate(&mut connection, file)?;
    Ok(connection)
}

/// How closely a file is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Thoroughness {
    /// Whether its pages hang together.
    Structure,
    /// That, and whether every index agrees with its table.
    Everything,
}

/// Calls a file damaged in which SQLite itself finds something wrong.
pub(super) fn check(
    connection: &Connection,
    file: &File,
    thoroughness: Thoroughness,
) -> Result<(), StoreError> {
    let pragma = match thoroughness {
        Thoroughness::Structure => "PRAGMA quick_check(1)",
        Thoroughness::Everything => "PRAGMA integrity_check(1)",
    };
    let error = file.error("check the database");
    let told: String = connection.query_row(pragma, [], |row| row.get(0)).map_err(&error)?;
    if told != "ok" {
        return Err(file.damaged(&told.replace('\n', ": ")));
    }
    let mut select = connection.prepare("PRAGMA foreign_key_check").map_err(&error)?;
    if select.exists([]).map_err(&error)? {
        return Err(file.damaged(&"a row belongs to none"));
    }
    Ok(())
}

/// Opens an existing file for reading only.
pub(super) fn open_to_read(path: &Path, file: &File) -> Result<Connection, StoreError> {
    let error = file.error("open the database");
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(&error)?;
    set_up(&connection, "PRAGMA query_only = ON;").map_err(&error)?;
    if check_version(&connection, file)? == 0 {
        return Err(file.damaged(&"it has no tables"));
    }
    Ok(connection)
}

fn set_up(connection: &Connection, pragmas: &str) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "PRAGMA busy_timeout = {BUSY_MILLISECONDS}; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; {pragmas}"
    ))
}

/// Has the file all that this program's schema has? Files that are only read are not brought up by it.
pub(super) fn is_brought_up(connection: &Connection, file: &File) -> Result<bool, StoreError> {
    Ok(check_version(connection, file)? == file.steps.len())
}

fn check_version(connection: &Connection, file: &File) -> Result<usize, StoreError> {
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(file.error("read the schema's version"))?;
    let known = i64::try_from(file.steps.len()).expect("a handful of steps");
    if found > known {
        return Err(StoreError::NewerSchema { file: file.name.to_owned(), found, known });
    }
    usize::try_from(found).map_err(|_| file.damaged(&format!("its schema has number {found}")))
}

fn migrate(connection: &mut Connection, file: &File) -> Result<(), StoreError> {
    if check_version(connection, file)? == file.steps.len() {
        return Ok(());
    }
    let error = file.error("bring the schema up");
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&error)?;
    // Asked again under the write lock: another process may have done it meanwhile.
    let done = check_version(&transaction, file)?;
    for step in &file.steps[done..] {
        transaction.execute_batch(step).map_err(&error)?;
    }
    let newest = i64::try_from(file.steps.len()).expect("a handful of steps");
    transaction.pragma_update(None, "user_version", newest).map_err(&error)?;
    transaction.commit().map_err(&error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: File = File { name: "test.db", steps: &["CREATE TABLE a (x INTEGER) STRICT"] };
    const NEW: File = File {
        name: "test.db",
        steps: &["CREATE TABLE a (x INTEGER) STRICT", "ALTER TABLE a ADD COLUMN y TEXT"],
    };

    #[test]
    fn a_newer_schema_is_refused_and_an_older_one_brought_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("test.db");
        open(&path, &OLD).unwrap();
        open(&path, &NEW).unwrap().execute("INSERT INTO a VALUES (1, 'kept')", []).unwrap();
        for opened in [open(&path, &OLD), open_to_read(&path, &OLD)] {
            let message = opened.unwrap_err().to_string();
            assert_eq!(
                message,
                "test.db has schema 2, this program knows 1; run the newer elsewhere-collector"
            );
        }
        let text: String =
            open_to_read(&path, &NEW).unwrap().query_row("SELECT y FROM a", [], |r| r.get(0)).unwrap();
        assert_eq!(text, "kept");
    }

    #[test]
    fn a_foreign_file_is_called_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("test.db");
        std::fs::write(&path, "a text of more than a hundred bytes ".repeat(100)).unwrap();
        assert!(matches!(open(&path, &NEW), Err(StoreError::Damaged { .. })));
        std::fs::write(&path, "").unwrap();
        assert!(
            matches!(open_to_read(&path, &NEW), Err(StoreError::Damaged { .. })),
            "nothing is left of it"
        );
    }
}
