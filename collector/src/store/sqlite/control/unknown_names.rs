//! The table of names outside the catalog: hashes that enough customers have reported, and their names once revealed.

use rusqlite::{Connection, Row};

use super::FILE;
use crate::store::{RevealedName, StoreError};

/// Hashes without a name yet.
pub(in super::super) fn wanted(control: &Connection) -> Result<Vec<u64>, StoreError> {
    let sql = "SELECT name_hash FROM unknown_names WHERE registrable_domain IS NULL AND NOT ignored";
    rows(control, sql, hash)
}

/// Asks for the names of these hashes.
pub(in super::super) fn ask(control: &mut Connection, hashes: &[u64]) -> Result<(), StoreError> {
    let error = FILE.error("ask for names");
    let transaction = control.transaction().map_err(&error)?;
    for hash in hashes {
        transaction
            .execute(
                "INSERT INTO unknown_names (name_hash) VALUES (?1) ON CONFLICT DO NOTHING",
                [hash.cast_signed()],
            )
            .map_err(&error)?;
    }
    transaction.commit().map_err(&error)
}

/// Keeps a name that was asked for; the first answer stands.
pub(in super::super) fn reveal(control: &Connection, hash: u64, domain: &str) -> Result<(), StoreError> {
    control
        .execute(
            "UPDATE unknown_names SET registrable_domain = ?2
             WHERE name_hash = ?1 AND registrable_domain IS NULL AND NOT ignored",
            (hash.cast_signed(), domain),
        )
        .map_err(FILE.error("keep a revealed name"))?;
    Ok(())
}

/// Names known by now.
pub(in super::super) fn revealed(control: &Connection) -> Result<Vec<RevealedName>, StoreError> {
    let sql = "SELECT name_hash, registrable_domain, ignored FROM unknown_names
               WHERE registrable_domain IS NOT NULL ORDER BY registrable_domain";
    rows(control, sql, |row| {
        Ok(RevealedName { hash: hash(row)?, registrable_domain: row.get(1)?, ignored: row.get(2)? })
    })
}

/// Takes a name out of the queue.
pub(in super::super) fn ignore(control: &Connection, hash: u64) -> Result<(), StoreError> {
    set(control, "UPDATE unknown_names SET ignored = 1 WHERE name_hash = ?1", hash)
}

/// Erases a name.
pub(in super::super) fn erase(control: &Connection, hash: u64) -> Result<(), StoreError> {
    set(control, "UPDATE unknown_names SET ignored = 1, registrable_domain = NULL WHERE name_hash = ?1", hash)
}

fn set(control: &Connection, sql: &str, hash: u64) -> Result<(), StoreError> {
    control.execute(sql, [hash.cast_signed()]).map_err(FILE.error("settle a revealed name"))?;
    Ok(())
}

fn hash(row: &Row<'_>) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(0)?.cast_unsigned())
}

fn rows<T>(
    control: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let error = FILE.error("list names outside the catalog");
    let mut select = control.prepare(sql).map_err(&error)?;
    let rows = select.query_map([], read).map_err(&error)?;
    rows.collect::<Result<_, _>>().map_err(&error)
}
