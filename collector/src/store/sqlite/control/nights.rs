//! What is remembered of the nights.

use jiff::Timestamp;
use rusqlite::{Connection, types::Type};

use super::FILE;
use crate::{nights::Nights, store::StoreError};

/// What is remembered.
pub(in super::super) fn read(control: &Connection) -> Result<Nights, StoreError> {
    control
        .query_row("SELECT last_night, doubted FROM installation", [], |row| {
            let time = |column| {
                let seconds = row.get::<_, Option<i64>>(column)?;
                seconds.map(Timestamp::from_second).transpose().map_err(|error| {
                    rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, error.into())
                })
            };
            Ok(Nights { last: time(0)?, doubted: time(1)? })
        })
        .map_err(FILE.error("read when the last night was"))
}

/// Remembers this instead.
pub(in super::super) fn note(control: &Connection, nights: Nights) -> Result<(), StoreError> {
    let times = [nights.last, nights.doubted].map(|time| time.map(Timestamp::as_second));
    control
        .execute("UPDATE installation SET last_night = ?1, doubted = ?2", times)
        .map_err(FILE.error("note when the night was"))?;
    Ok(())
}
