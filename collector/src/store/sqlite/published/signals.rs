//! The tables of signals: what was released once stays as it was.

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};

use super::{FILE, row};
use crate::{published::Signal, store::StoreError};

/// Keeps signals whose segment and service have none yet, and returns these. All in one transaction.
pub(in super::super) fn release(
    rollup: &mut Connection,
    last_day: Date,
    signals: &[Signal],
) -> Result<Vec<Signal>, StoreError> {
    let error = FILE.error("release signals");
    let transaction = rollup.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&error)?;
    let mut released = Vec::new();
    for signal in signals {
        let Signal { segment, need, service, released: on, minimum_group } = signal;
        let segment = segment.as_ref().map(ToString::to_string).unwrap_or_default();
        let kept = transaction
            .prepare_cached("INSERT INTO signals VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING")
            .and_then(|mut insert| insert.execute((segment, service, need, on.to_string(), minimum_group)))
            .map_err(&error)?;
        released.extend((kept > 0).then(|| signal.clone()));
    }
    transaction
        .execute("INSERT OR REPLACE INTO signals_judged VALUES (1, ?1)", [last_day.to_string()])
        .map_err(&error)?;
    transaction.commit().map_err(&error)?;
    Ok(released)
}

/// Last of the seven days that were judged last.
pub(in super::super) fn judged_until(rollup: &Connection) -> Result<Option<Date>, StoreError> {
    rollup
        .query_row("SELECT last_day FROM signals_judged", [], |row| row::date_of(row, 0))
        .optional()
        .map_err(FILE.error("read until when signals were judged"))
}

/// All signals, newest first.
pub(in super::super) fn all(rollup: &Connection) -> Result<Vec<Signal>, StoreError> {
    let error = FILE.error("list the signals");
    let read = |row: &Row<'_>| {
        Ok(Signal {
            segment: row::segment_of(row, 0)?,
            need: row.get(1)?,
            service: row.get(2)?,
            released: row::date_of(row, 3)?,
            minimum_group: row.get(4)?,
        })
    };
    rollup
        .prepare_cached(
            "SELECT segment, need, service, released, minimum_group FROM signals
             ORDER BY released DESC, segment, service",
        )
        .and_then(|mut select| select.query_map([], read)?.collect())
        .map_err(error)
}
