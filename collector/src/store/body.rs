//! How a device-day is packed: one byte of version, then what that version says.
//!
//! Version 1 is the wire encoding. Version 2 begins with what history and rollup ask of it: day, services (each named
//! once), a byte and a place in that list for each row, hashes of names outside the catalog, and what the agent could not
//! see. Its state and the other figures follow, rare ones only where they are not 0. Versions are only ever added: a
//! stored body is read for as long as it is kept. What is read back is judged as on its way in, by `wire`.

mod cursor;
mod packed;
mod packing;

use elsewhere_proto::v1;
use prost::Message;
use sha2::{Digest, Sha256};

pub use packed::{Kind, PackedDay, PackedRow, PackedSpill, PackedUsage};

use crate::device_day::DeviceDay;

/// Version 1: the wire encoding of the record.
const WIRE: u8 = 1;
/// Version 2: packed.
const PACKED: u8 = 2;

/// Marks of a row in version 2, above the four bits of the parts of the day.
const HAS_WAIT: u8 = 1 << 4;
const HAS_TRANSFERS: u8 = 1 << 5;
const HAS_TROUBLES: u8 = 1 << 6;
const HAS_HOPS: u8 = 1 << 7;

/// Past so many services a row's place in their list takes two bytes.
const fn is_wide(services: usize) -> bool {
    services > 256
}

/// Why a stored body can't be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Not even a version.
    #[error("it is empty")]
    Empty,
    /// A newer program wrote it, or nobody did.
    #[error("its version {0} is not known to this program")]
    Version(u8),
    /// Not the encoding that version 1 says.
    #[error("it does not decode: {0}")]
    Decode(#[from] prost::DecodeError),
    /// Version 2 that is not whole.
    #[error("it ends too early")]
    Short,
    /// Not what version 2 says.
    #[error("it holds {0}")]
    Malformed(&'static str),
    /// A record that would be refused today.
    #[error(transparent)]
    Record(#[from] crate::wire::WireError),
}

/// Packs a device-day.
pub fn pack(day: &DeviceDay) -> Vec<u8> {
    packing::pack(day)
}

/// The device-day in a body.
pub fn unpack(body: &[u8]) -> Result<DeviceDay, BodyError> {
    Ok(DeviceDay::try_from(&to_wire(body)?)?)
}

/// The head of a body. One of an older version is packed anew into `room`.
pub fn read<'b>(body: &'b [u8], room: &'b mut Vec<u8>) -> Result<PackedDay<'b>, BodyError> {
    if let Some((&PACKED, packed)) = body.split_first() {
        return PackedDay::read(packed);
    }
    *room = pack(&unpack(body)?);
    PackedDay::read(&room[1..])
}

/// SHA-256 of a record's wire encoding, which the agent can compute from what it sent.
pub fn fingerprint(day: &DeviceDay) -> [u8; 32] {
    Sha256::digest(v1::DeviceDay::from(day).encode_to_vec()).into()
}

/// The same of a record that is packed.
pub fn fingerprint_of(body: &[u8]) -> Result<[u8; 32], BodyError> {
    Ok(Sha256::digest(to_wire(body)?.encode_to_vec()).into())
}

fn to_wire(body: &[u8]) -> Result<v1::DeviceDay, BodyError> {
    match body.split_first().ok_or(BodyError::Empty)? {
        (&WIRE, encoding) => Ok(v1::DeviceDay::decode(encoding)?),
        (&PACKED, packed) => PackedDay::read(packed)?.to_wire(),
        (version, _) => Err(BodyError::Version(*version)),
    }
}

#[cfg(test)]
mod tests;
