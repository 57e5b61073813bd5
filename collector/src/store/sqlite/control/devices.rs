//! The devices table.

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row};

use super::{FILE, date};
use crate::{
    device::{Device, DeviceId, DeviceState, Groups, Pseudonym},
    store::StoreError,
    wire::days_of,
};

const COLUMNS: &str = "id, epoch, enrolled, last_visit, state, pseudonym, segments, group_token";

/// Adds a device, or begins the next epoch of a known one.
pub(in super::super) fn register(
    control: &Connection,
    id: DeviceId,
    groups: &Groups,
    group_token: bool,
    today: Date,
) -> Result<Device, StoreError> {
    let sql = format!(
        "INSERT INTO devices (id, epoch, enrolled, pseudonym, segments, group_token)
         VALUES (?1, 1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET
            epoch = epoch + 1, pseudonym = excluded.pseudonym, segments = excluded.segments,
            group_token = excluded.group_token
         RETURNING {COLUMNS}"
    );
    let pseudonym = groups.pseudonym.as_ref().map(Pseudonym::as_str);
    let values =
        (id.bits().cast_signed(), days_of(today), pseudonym, groups.segments.to_string(), group_token);
    let stored = control.query_row(&sql, values, Stored::read).map_err(FILE.error("enrol a device"))?;
    stored.try_into()
}

/// One device.
pub(in super::super) fn one(control: &Connection, id: DeviceId) -> Result<Option<Device>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM devices WHERE id = ?1");
    let error = FILE.error("look a device up");
    let stored = control
        .prepare_cached(&sql)
        .and_then(|mut select| select.query_row([id.bits().cast_signed()], Stored::read).optional())
        .map_err(error)?;
    stored.map(Device::try_from).transpose()
}

/// All devices.
pub(in super::super) fn all(control: &Connection) -> Result<Vec<Device>, StoreError> {
    let error = FILE.error("list the devices");
    let mut select = control.prepare(&format!("SELECT {COLUMNS} FROM devices")).map_err(&error)?;
    let mut devices = Vec::new();
    for stored in select.query_map([], Stored::read).map_err(&error)? {
        devices.push(Device::try_from(stored.map_err(&error)?)?);
    }
    devices.sort_by_key(|device| device.id);
    Ok(devices)
}

/// Notes date and groups where they changed, which is once a day for most.
pub(in super::super) fn note_visit(
    control: &Connection,
    id: DeviceId,
    groups: &Groups,
    today: Date,
) -> Result<(), StoreError> {
    let pseudonym = groups.pseudonym.as_ref().map(Pseudonym::as_str);
    control
        .execute(
            "UPDATE devices SET last_visit = ?2, pseudonym = ?3, segments = ?4
             WHERE id = ?1 AND (last_visit IS NOT ?2 OR pseudonym IS NOT ?3 OR segments <> ?4)",
            (id.bits().cast_signed(), days_of(today), pseudonym, groups.segments.to_string()),
        )
        .map_err(FILE.error("note a visit"))?;
    Ok(())
}

/// Sets the state; false if there is no such device.
pub(in super::super) fn set_state(
    control: &Connection,
    id: DeviceId,
    state: DeviceState,
) -> Result<bool, StoreError> {
    let state = match state {
        DeviceState::Active => 0,
        DeviceState::Quarantined => 1,
        DeviceState::Revoked => 2,
    };
    let changed = control
        .execute("UPDATE devices SET state = ?2 WHERE id = ?1", (id.bits().cast_signed(), state))
        .map_err(FILE.error("set a device's state"))?;
    Ok(changed == 1)
}

/// A row as it is stored.
struct Stored {
    id: i64,
    epoch: u32,
    enrolled: u32,
    last_visit: Option<u32>,
    state: i64,
    pseudonym: Option<String>,
    segments: String,
    group_token: bool,
}

impl Stored {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            epoch: row.get(1)?,
            enrolled: row.get(2)?,
            last_visit: row.get(3)?,
            state: row.get(4)?,
            pseudonym: row.get(5)?,
            segments: row.get(6)?,
            group_token: row.get(7)?,
        })
    }
}

impl TryFrom<Stored> for Device {
    type Error = StoreError;

    fn try_from(stored: Stored) -> Result<Self, StoreError> {
        let pseudonym = stored.pseudonym.map(|text| text.parse().map_err(|error| FILE.damaged(&error)));
        Ok(Self {
            id: DeviceId::from_bits(stored.id.cast_unsigned()),
            epoch: stored.epoch,
            enrolled: date(stored.enrolled)?,
            last_visit: stored.last_visit.map(date).transpose()?,
            state: match stored.state {
                0 => DeviceState::Active,
                1 => DeviceState::Quarantined,
                2 => DeviceState::Revoked,
                other => return Err(FILE.damaged(&format!("{other} is no state of a device"))),
            },
            groups: Groups {
                segments: stored.segments.parse().map_err(|error| FILE.damaged(&error))?,
                pseudonym: pseudonym.transpose()?,
            },
            group_token: stored.group_token,
        })
    }
}
