//! The keys under which backups hold the weeks' files: one a week, made with its file, destroyed when the week expires.

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension};

use super::FILE;
use crate::{store::StoreError, week::Week};

/// A week's key, or that of all that does not expire.
pub(in super::super) type Key = [u8; 32];

/// Makes a key where the week has none. True if its file was made before.
pub(in super::super) fn begin(control: &Connection, week: Week) -> Result<bool, StoreError> {
    let error = FILE.error("make a week's key");
    let made = || {
        control
            .prepare_cached("SELECT file_made FROM week_keys WHERE week = ?1")
            .and_then(|mut select| select.query_row([week.to_string()], |row| row.get(0)).optional())
    };
    if let Some(made) = made().map_err(&error)? {
        return Ok(made);
    }
    let key: Key = rand::random();
    control
        .execute(
            "INSERT INTO week_keys (week, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            (week.to_string(), key),
        )
        .map_err(&error)?;
    Ok(false)
}

/// Notes whether the week's file is made.
pub(in super::super) fn note_made(control: &Connection, week: Week, made: bool) -> Result<(), StoreError> {
    control
        .execute("UPDATE week_keys SET file_made = ?2 WHERE week = ?1", (week.to_string(), made))
        .map_err(FILE.error("note a week's file"))?;
    Ok(())
}

/// Weeks whose file was made.
pub(in super::super) fn made(control: &Connection) -> Result<Vec<Week>, StoreError> {
    let error = FILE.error("list the weeks' keys");
    let mut select =
        control.prepare("SELECT week FROM week_keys WHERE file_made = 1 ORDER BY week").map_err(&error)?;
    let rows = select.query_map([], |row| row.get::<_, String>(0)).map_err(&error)?;
    rows.map(|row| parse(&row.map_err(&error)?)).collect()
}

/// All keys.
pub(in super::super) fn all(control: &Connection) -> Result<Vec<(Week, Key)>, StoreError> {
    let error = FILE.error("read the weeks' keys");
    let mut select = control.prepare("SELECT week, key FROM week_keys ORDER BY week").map_err(&error)?;
    let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?))).map_err(&error)?;
    rows.map(|row| row.map_err(&error).and_then(|(week, key)| Ok((parse(&week)?, key)))).collect()
}

/// Takes over the key of a restored week.
pub(in super::super) fn take_over(control: &Connection, week: Week, key: &Key) -> Result<(), StoreError> {
    control
        .execute("INSERT INTO week_keys VALUES (?1, ?2, 1)", (week.to_string(), key))
        .map_err(FILE.error("keep a week's key"))?;
    Ok(())
}

/// Destroys the key of one week.
pub(in super::super) fn destroy(control: &Connection, week: Week) -> Result<(), StoreError> {
    control
        .execute("DELETE FROM week_keys WHERE week = ?1", [week.to_string()])
        .map_err(FILE.error("destroy a week's key"))?;
    Ok(())
}

/// Destroys the keys of all weeks that have expired, whether there is a file or not.
pub(in super::super) fn destroy_expired(control: &Connection, today: Date) -> Result<(), StoreError> {
    for (week, _) in all(control)?.into_iter().filter(|(week, _)| week.expiry() <= today) {
        destroy(control, week)?;
    }
    Ok(())
}

fn parse(week: &str) -> Result<Week, StoreError> {
    week.parse().map_err(|error| FILE.damaged(&error))
}
