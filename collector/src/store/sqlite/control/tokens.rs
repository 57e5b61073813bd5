//! The enrolment tokens table.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{FILE, devices};
use crate::{
    device::{Device, DeviceId, Groups},
    store::{StoreError, Token},
};

/// Keeps a new token.
pub(in super::super) fn add(control: &Connection, token: &Token, hash: [u8; 32]) -> Result<(), StoreError> {
    control
        .execute(
            "INSERT INTO enrolment_tokens (id, secret_hash, segments, uses, uses_left, expires)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                &token.id,
                hash,
                token.segments.to_string(),
                token.uses,
                token.uses_left,
                token.expires.as_second(),
            ),
        )
        .map_err(FILE.error("keep a token"))?;
    Ok(())
}

/// All tokens, the one that ends first in front.
pub(in super::super) fn all(control: &Connection) -> Result<Vec<Token>, StoreError> {
    let error = FILE.error("list the tokens");
    let mut select = control
        .prepare("SELECT id, segments, uses, uses_left, expires FROM enrolment_tokens ORDER BY expires, id")
        .map_err(&error)?;
    let rows = select
        .query_map([], |row| {
            let (id, segments): (String, String) = (row.get(0)?, row.get(1)?);
            Ok((id, segments, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .map_err(&error)?;
    let mut tokens = Vec::new();
    for row in rows {
        let (id, segments, uses, uses_left, expires) = row.map_err(&error)?;
        tokens.push(Token {
            id,
            segments: segments.parse().map_err(|error| FILE.damaged(&error))?,
            uses,
            uses_left,
            expires: Timestamp::from_second(expires).map_err(|error| FILE.damaged(&error))?,
        });
    }
    Ok(tokens)
}

/// Makes a token useless; false if there is none of that id.
pub(in super::super) fn revoke(control: &Connection, id: &str) -> Result<bool, StoreError> {
    let changed = control
        .execute("UPDATE enrolment_tokens SET uses_left = 0 WHERE id = ?1", [id])
        .map_err(FILE.error("revoke a token"))?;
    Ok(changed == 1)
}

/// Takes one use and enrols the device, both or neither.
pub(in super::super) fn redeem(
    control: &mut Connection,
    hash: [u8; 32],
    device: DeviceId,
    now: Timestamp,
) -> Result<Option<Device>, StoreError> {
    let error = FILE.error("redeem a token");
    let transaction = control.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&error)?;
    let taken: Option<(String, u32)> = transaction
        .query_row(
            "UPDATE enrolment_tokens SET uses_left = uses_left - 1
             WHERE secret_hash = ?1 AND uses_left > 0 AND expires > ?2 RETURNING segments, uses",
            (hash, now.as_second()),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(&error)?;
    let Some((segments, uses)) = taken else { return Ok(None) };
    let segments = segments.parse().map_err(|error| FILE.damaged(&error))?;
    let groups = Groups { segments, pseudonym: None };
    let today = jiff::tz::Offset::UTC.to_datetime(now).date();
    let device = devices::register(&transaction, device, &groups, uses > 1, today)?;
    transaction.commit().map_err(&error)?;
    Ok(Some(device))
}
