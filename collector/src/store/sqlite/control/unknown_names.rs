//! The table of names outside the catalog: hashes that enough customers have reported, and their names once revealed.

use rusqlite::Connection;

use super::FILE;
use crate::store::StoreError;

/// Hashes without a name yet.
pub(in super::super) fn wanted(control: &Connection) -> Result<Vec<u64>, StoreError> {
    let hashes: Vec<i64> =
        column(control, "SELECT name_hash FROM unknown_names WHERE registrable_domain IS NULL")?;
    Ok(hashes.into_iter().map(i64::cast_unsigned).collect())
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
            "UPDATE unknown_names SET registrable_domain = ?2 WHERE name_hash = ?1 AND registrable_domain IS NULL",
            (hash.cast_signed(), domain),
        )
        .map_err(FILE.error("keep a revealed name"))?;
    Ok(())
}

/// Names known by now.
pub(in super::super) fn revealed(control: &Connection) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT registrable_domain FROM unknown_names WHERE registrable_domain IS NOT NULL ORDER BY 1";
    column(control, sql)
}

fn column<T: rusqlite::types::FromSql>(control: &Connection, sql: &str) -> Result<Vec<T>, StoreError> {
    let error = FILE.error("list names outside the catalog");
    let mut select = control.prepare(sql).map_err(&error)?;
    let rows = select.query_map([], |row| row.get(0)).map_err(&error)?;
    rows.collect::<Result<_, _>>().map_err(&error)
}
