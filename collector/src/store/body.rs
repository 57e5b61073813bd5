//! How a device-day is packed: one byte of version, then what that version says.
//!
//! Version 1 is the wire encoding. Versions are only ever added: a stored body is read for as long as it is kept.

use elsewhere_proto::v1;
use prost::Message;
use sha2::{Digest, Sha256};

use crate::device_day::DeviceDay;

/// Version 1: the wire encoding of the record.
const WIRE: u8 = 1;

/// Why a stored body can't be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Not even a version.
    #[error("it is empty")]
    Empty,
    /// A newer program wrote it, or nobody did.
    #[error("its version {0} is not known to this program")]
    Version(u8),
    /// Not the encoding that the version says.
    #[error("it does not decode: {0}")]
    Decode(#[from] prost::DecodeError),
    /// A record that would be refused today.
    #[error(transparent)]
    Record(#[from] crate::wire::WireError),
}

/// Packs a device-day.
pub fn pack(day: &DeviceDay) -> Vec<u8> {
    let wire = v1::DeviceDay::from(day);
    let mut body = Vec::with_capacity(1 + wire.encoded_len());
    body.push(WIRE);
    wire.encode(&mut body).expect("a vector grows");
    body
}

/// The device-day in a body.
pub fn unpack(body: &[u8]) -> Result<DeviceDay, BodyError> {
    let (version, encoding) = body.split_first().ok_or(BodyError::Empty)?;
    if *version != WIRE {
        return Err(BodyError::Version(*version));
    }
    Ok(DeviceDay::try_from(&v1::DeviceDay::decode(encoding)?)?)
}

/// SHA-256 of the record's wire encoding, which the agent can compute from what it sent.
pub fn fingerprint(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body.get(1..).unwrap_or_default()).into()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::wire::tests::good_day;

    #[test]
    fn a_body_is_read_as_it_was_packed() {
        let wire = good_day(date(2026, 11, 13), 7);
        let day = DeviceDay::try_from(&wire).unwrap();
        let body = pack(&day);
        assert_eq!(unpack(&body).unwrap(), day);
        assert_eq!(fingerprint(&body), <[u8; 32]>::from(Sha256::digest(wire.encode_to_vec())));
    }

    #[test]
    fn what_is_no_body_is_an_error() {
        assert!(matches!(unpack(&[]), Err(BodyError::Empty)));
        assert!(matches!(unpack(&[9, 1]), Err(BodyError::Version(9))));
        assert!(matches!(unpack(&[1, 0xff]), Err(BodyError::Decode(_))));
        assert!(matches!(unpack(&[1]), Err(BodyError::Record(_))));
    }
}
