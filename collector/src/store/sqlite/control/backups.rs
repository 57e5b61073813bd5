//! What the store knows of its backups: the key of what does not expire, and where they lie.

use std::path::{Path, PathBuf};

use jiff::{Timestamp, civil::Date};
use rusqlite::{Connection, OptionalExtension};

use super::{FILE, nights, week_keys::Key};
use crate::{nights::Nights, store::StoreError, week::Week};

/// The key of what does not expire; made at the first backup.
pub(in super::super) fn key(control: &Connection) -> Result<Key, StoreError> {
    let fresh: Key = rand::random();
    control
        .execute("INSERT INTO backup_key (id, key) VALUES (1, ?1) ON CONFLICT DO NOTHING", [fresh])
        .and_then(|_| control.query_row("SELECT key FROM backup_key", [], |row| row.get(0)))
        .map_err(FILE.error("make the backups' key"))
}

/// Takes over the key of the backup that is restored.
pub(in super::super) fn take_over(control: &Connection, key: &Key) -> Result<(), StoreError> {
    control
        .execute("INSERT OR REPLACE INTO backup_key (id, key) VALUES (1, ?1)", [key])
        .map_err(FILE.error("keep the backups' key"))?;
    Ok(())
}

/// The key, where there has been a backup.
pub(in super::super) fn known_key(control: &Connection) -> Result<Option<Key>, StoreError> {
    control
        .query_row("SELECT key FROM backup_key", [], |row| row.get(0))
        .optional()
        .map_err(FILE.error("read the backups' key"))
}

/// Directories in which backups were made.
pub(in super::super) fn directories(control: &Connection) -> Result<Vec<PathBuf>, StoreError> {
    let error = FILE.error("list the backups' directories");
    let mut select = control.prepare("SELECT path FROM backup_directories ORDER BY path").map_err(&error)?;
    let rows = select.query_map([], |row| row.get::<_, String>(0)).map_err(&error)?;
    rows.map(|row| row.map(PathBuf::from).map_err(&error)).collect()
}

/// Remembers a directory.
pub(in super::super) fn remember(control: &Connection, directory: &str) -> Result<(), StoreError> {
    control
        .execute("INSERT INTO backup_directories VALUES (?1) ON CONFLICT DO NOTHING", [directory])
        .map_err(FILE.error("remember a backup's directory"))?;
    Ok(())
}

/// Remembers a directory no longer. False if it was not.
pub(in super::super) fn forget(control: &Connection, directory: &Path) -> Result<bool, StoreError> {
    let changed = control
        .execute("DELETE FROM backup_directories WHERE path = ?1", [directory.to_string_lossy()])
        .map_err(FILE.error("forget a backup's directory"))?;
    Ok(changed > 0)
}

/// Makes a restored store another one than the backup was of, so that devices send it all that they keep.
pub(in super::super) fn begin_anew(
    control: &Connection,
    restored: Option<Timestamp>,
) -> Result<(), StoreError> {
    control
        .execute(
            "UPDATE installation SET store_id = ?1, restored = coalesce(?2, restored)",
            (super::new_store_id(), restored.map(Timestamp::as_second)),
        )
        .map_err(FILE.error("rename the store"))?;
    // The nights since the backup were another store's: they put the clock in no doubt.
    if restored.is_some() { nights::note(control, Nights::default()) } else { Ok(()) }
}

/// Notes that a week is forgotten.
pub(in super::super) fn note_forgotten(control: &Connection, week: Week) -> Result<(), StoreError> {
    control
        .execute("UPDATE installation SET forgotten = max(coalesce(forgotten, ''), ?1)", [week.to_string()])
        .map_err(FILE.error("note a forgotten week"))?;
    Ok(())
}

/// Where a week was forgotten that has not expired, the clock was ahead then: devices have to send it again. True if so.
pub(in super::super) fn heal_clock(control: &Connection, today: Date) -> Result<bool, StoreError> {
    let error = FILE.error("look for weeks forgotten too early");
    let forgotten: Option<String> = control
        .query_row("SELECT forgotten FROM installation", [], |row| row.get(0))
        .optional()
        .map_err(&error)?
        .flatten();
    let Some(forgotten) = forgotten else { return Ok(false) };
    let week: Week = forgotten.parse().map_err(|error| FILE.damaged(&error))?;
    if week.expiry() <= today {
        return Ok(false);
    }
    begin_anew(control, None)?;
    control.execute("UPDATE installation SET forgotten = NULL", []).map_err(&error)?;
    Ok(true)
}

/// Takes out what no backup may hold.
pub(in super::super) fn strip(copy: &Connection) -> rusqlite::Result<()> {
    copy.execute_batch("PRAGMA secure_delete = ON; DELETE FROM week_keys; DELETE FROM backup_key;")
}

/// Writes all that is committed into the file and empties the log, so that what was deleted stands in neither.
pub(in super::super) fn empty_log(control: &Connection) -> Result<(), StoreError> {
    let busy: bool = control
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(FILE.error("empty the log"))?;
    if busy { Err(StoreError::Busy) } else { Ok(()) }
}
