//! A database as it stands at one moment, in a file that has no name: a backup that is killed leaves nothing behind.
//!
//! The copy is read in one transaction, which no writer waits for; meanwhile the log grows by what is written.

use std::{fs, io, io::Seek, path::Path};

use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
    ffi,
};

use crate::store::{
    StoreError,
    sqlite::file::{self, File},
};

/// Pages copied at a time; no lock is let go between, it only bounds one call.
const PAGES: i32 = 1_000;

/// Copies a database. `work` is where the copy lies: a directory on a local disk with room for it.
pub(super) fn copy(path: &Path, file: &'static File, work: &Path) -> Result<fs::File, StoreError> {
    let source = file::open_to_read(path, file)?;
    let snapshot = source.unchecked_transaction().map_err(file.error("begin a copy"))?;
    file::check(&snapshot, file, file::Thoroughness::Structure)?;
    nameless(&snapshot, file, work)
}

/// Copies a database after `strip` has taken something out of it. It is held in memory meanwhile, so it must be small.
pub(super) fn copy_stripped(
    path: &Path,
    file: &'static File,
    work: &Path,
    strip: fn(&Connection) -> rusqlite::Result<()>,
) -> Result<fs::File, StoreError> {
    let source = file::open_to_read(path, file)?;
    let error = file.error("copy the database");
    let mut memory = Connection::open_in_memory().map_err(&error)?;
    let snapshot = source.unchecked_transaction().map_err(&error)?;
    run(&snapshot, &mut memory).map_err(&error)?;
    strip(&memory).map_err(&error)?;
    file::check(&memory, file, file::Thoroughness::Structure)?;
    nameless(&memory, file, work)
}

fn nameless(source: &Connection, file: &File, work: &Path) -> Result<fs::File, StoreError> {
    let files = |source| StoreError::Files { path: work.to_owned(), source };
    let error = file.error("copy the database");
    let (mut copy, name) = tempfile::NamedTempFile::new_in(work).map_err(files)?.into_parts();
    let mut target = Connection::open(&name).map_err(&error)?;
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").map_err(&error)?;
    name.close().map_err(files)?;
    run(source, &mut target).map_err(&error)?;
    target.close().map_err(|(_, source)| error(source))?;
    copy.rewind().map_err(files)?;
    Ok(copy)
}

fn run(source: &Connection, target: &mut Connection) -> rusqlite::Result<()> {
    let backup = Backup::new(source, target)?;
    loop {
        match backup.step(PAGES)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            // Nobody else has the target and a reader of the source waits for nobody, so this is not seen.
            _ => return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
        }
    }
}

/// Opens a file that is no database, if there is one.
pub(super) fn plain(path: &Path) -> io::Result<Option<fs::File>> {
    match fs::File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
