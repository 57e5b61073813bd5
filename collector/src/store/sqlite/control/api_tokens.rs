//! Who may ask the API: hashes of tokens, with role and scope.

use rusqlite::{Connection, OptionalExtension};

use super::FILE;
use crate::{reader::Reader, segment::Segment, store::StoreError};

/// Is there any token?
pub(in super::super) fn any(control: &Connection) -> Result<bool, StoreError> {
    control
        .query_row("SELECT EXISTS (SELECT 1 FROM api_tokens)", [], |row| row.get(0))
        .map_err(FILE.error("look for API tokens"))
}

/// Keeps a token.
pub(in super::super) fn add(control: &Connection, hash: [u8; 32], reader: &Reader) -> Result<(), StoreError> {
    let segments: Vec<String> = reader.segments.iter().map(ToString::to_string).collect();
    control
        .execute(
            "INSERT INTO api_tokens (hash, role, segments) VALUES (?1, ?2, ?3)",
            (hash, reader.role.as_str(), segments.join("\n")),
        )
        .map_err(FILE.error("keep an API token"))?;
    Ok(())
}

/// Whose token it is.
pub(in super::super) fn reader(control: &Connection, hash: [u8; 32]) -> Result<Option<Reader>, StoreError> {
    let found: Option<(String, String)> = control
        .prepare_cached("SELECT role, segments FROM api_tokens WHERE hash = ?1")
        .and_then(|mut select| select.query_row([hash], |row| Ok((row.get(0)?, row.get(1)?))).optional())
        .map_err(FILE.error("look an API token up"))?;
    let Some((role, segments)) = found else { return Ok(None) };
    let segments = segments.lines().map(str::parse).collect::<Result<Vec<Segment>, _>>();
    Ok(Some(Reader {
        role: role.parse().map_err(|error: String| FILE.damaged(&error))?,
        segments: segments.map_err(|error| FILE.damaged(&error))?,
    }))
}
