//! The control file: who the store is, devices, enrolment tokens, names outside the catalog, keys of backups.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::file::File;
use crate::store::{Identity, StoreError};

pub(super) mod api_tokens;
pub(super) mod backups;
pub(super) mod devices;
pub(super) mod nights;
pub(super) mod tokens;
pub(super) mod unknown_names;
pub(super) mod week_keys;

pub(super) const FILE: File = File {
    name: "control.db",
    steps: &[
        include_str!("../../../migrations/control/001_installation.sql"),
        include_str!("../../../migrations/control/002_api_tokens.sql"),
        include_str!("../../../migrations/control/003_ignored_names.sql"),
        include_str!("../../../migrations/control/004_backups.sql"),
        include_str!("../../../migrations/control/005_nights.sql"),
    ],
};

/// Whether it has been used before.
pub(super) fn has_identity(control: &Connection) -> Result<bool, StoreError> {
    control
        .query_row("SELECT EXISTS (SELECT 1 FROM installation)", [], |row| row.get(0))
        .map_err(FILE.error("look for the store's name"))
}

/// Gives a new store its identity.
pub(super) fn ensure_identity(control: &Connection) -> Result<(), StoreError> {
    let unknown_name_key: [u8; 32] = rand::random();
    control
        .execute(
            "INSERT INTO installation (id, store_id, unknown_name_key) VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING",
            (new_store_id(), unknown_name_key),
        )
        .map_err(FILE.error("name the store"))?;
    Ok(())
}

/// Has bytes overwritten as they are deleted: a key that was destroyed stands nowhere in the file.
pub(super) fn keep_nothing_deleted(control: &Connection) -> Result<(), StoreError> {
    control
        .query_row("PRAGMA secure_delete = ON", [], |_| Ok(()))
        .map_err(FILE.error("have deleted bytes overwritten"))
}

fn new_store_id() -> String {
    crate::device::DeviceId::random().to_string()
}

/// Who the store is.
pub(super) fn identity(control: &Connection) -> Result<Identity, StoreError> {
    control
        .query_row("SELECT store_id, unknown_name_key, restored FROM installation", [], |row| {
            let restored = row.get::<_, Option<i64>>(2)?.map(Timestamp::from_second).transpose();
            let restored = restored.map_err(|_| rusqlite::Error::IntegralValueOutOfRange(2, 0))?;
            Ok(Identity { store_id: row.get(0)?, unknown_name_key: row.get(1)?, restored })
        })
        .optional()
        .map_err(FILE.error("read the store's name"))?
        .ok_or_else(|| FILE.damaged(&"the store has no name"))
}

/// Days since 1970 from a stored number.
fn date(days: u32) -> Result<jiff::civil::Date, StoreError> {
    crate::wire::date_of(days).ok_or_else(|| FILE.damaged(&format!("{days} is no date")))
}
