//! One day in the spool, and its file: a checksum line, then JSON.

use std::{fs::File, io, io::Read, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, de::DeserializeOwned};
use sha2::{Digest, Sha256};

const FORMAT: &str = "elsewhere-spool-1";
/// A busy day takes some tens of kilobytes; a longer file is no record of ours.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The absolute state of one civil date, and what the collector last said to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record<S> {
    /// The date.
    pub day: Date,
    /// Grows with every change of the state.
    pub revision: u64,
    /// What was counted.
    pub state: S,
    /// The last answer of a collector; none while nothing was sent.
    pub delivered: Option<Delivered>,
}

/// What was sent of a day, and what the collector answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// Revision that was sent.
    pub revision: u64,
    /// Store that answered.
    pub store_id: String,
    /// SHA-256 of the record, as the collector confirmed it.
    #[serde(with = "base64_text")]
    pub fingerprint: Vec<u8>,
    /// The record exactly as it was sent: an encoded `v1::DeviceDay`.
    #[serde(with = "base64_text")]
    pub sent: Vec<u8>,
    /// Why the collector did not take it, if it did not.
    pub refused: Option<String>,
}

impl<S: Serialize + DeserializeOwned> Record<S> {
    /// Reads a record; `None` where there is none, it is damaged or is another day's.
    pub(super) fn load(path: &Path, day: Date) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
        Ok(Self::decode(&bytes).filter(|record| record.day == day))
    }

    pub(super) fn encode(&self) -> io::Result<Vec<u8>> {
        let body = serde_json::to_vec(self)?;
        let mut bytes = format!("{FORMAT} {}\n", checksum(&body)).into_bytes();
        bytes.extend(body);
        Ok(bytes)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|&byte| byte == b'\n')?;
        let (head, body) = (str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]);
        if head.strip_prefix(FORMAT)?.trim_start() != checksum(body) {
            return None;
        }
        serde_json::from_slice(body).ok()
    }
}

/// What tells one state from another without keeping it.
pub(super) fn digest<S: Serialize>(state: &S) -> io::Result<[u8; 32]> {
    Ok(Sha256::digest(serde_json::to_vec(state)?).into())
}

fn checksum(body: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(body))
}

mod base64_text {
    use super::{Deserialize, Deserializer, Engine, STANDARD, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(de::Error::custom)
    }
}
