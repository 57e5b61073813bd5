//! QUIC packets with the protection that anyone on the path can take off: RFC 9000, RFC 9001, RFC 9369.

use rustls::{
    Side,
    crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256,
    quic::{DirectionalKeys, Version},
};

use super::hello::vector8;

pub(super) const V1: u32 = 1;
pub(super) const V2: u32 = 0x6b33_43cf;

/// One Initial packet.
#[derive(Clone, Copy)]
pub(super) struct Initial<'a> {
    pub(super) version: u32,
    /// Version whose keys it has; the version itself, unless that is a reserved number.
    pub(super) keys_version: u32,
    pub(super) destination_id: &'a [u8],
    pub(super) source_id: &'a [u8],
    /// The id that the keys are derived from.
    pub(super) keys_of: &'a [u8],
    pub(super) token: &'a [u8],
    pub(super) number: u32,
    pub(super) by_server: bool,
}

impl<'a> Initial<'a> {
    /// The first packet of a client, to this id.
    pub(super) fn first(version: u32, id: &'a [u8]) -> Self {
        Self {
            version,
            keys_version: version,
            destination_id: id,
            source_id: b"client",
            keys_of: id,
            token: &[],
            number: 0,
            by_server: false,
        }
    }

    /// The packet with these frames, padded to fill `size` bytes.
    pub(super) fn seal(&self, frames: &[u8], size: usize) -> Vec<u8> {
        let turned = if self.version == V2 { 0x10 } else { 0 };
        let mut header = vec![0xc3 | turned];
        header.extend(self.version.to_be_bytes());
        header.extend(vector8(self.destination_id));
        header.extend(vector8(self.source_id));
        header.extend(varint(self.token.len()));
        header.extend(self.token);
        let mut payload = frames.to_vec();
        // Length, number and tag.
        let room = size.saturating_sub(header.len() + 2 + 4 + 16);
        payload.resize(payload.len().max(room).max(20), 0);
        header.extend(varint(4 + payload.len() + 16));
        let number_at = header.len();
        header.extend(self.number.to_be_bytes());
        let keys = self.keys();
        let tag =
            keys.packet.encrypt_in_place(u64::from(self.number), &header, &mut payload).expect("it fits");
        payload.extend(tag.as_ref());
        let (start, number) = header.split_at_mut(number_at);
        keys.header.encrypt_in_place(&payload[..16], &mut start[0], number).expect("a sample has 16 bytes");
        [header, payload].concat()
    }

    fn keys(&self) -> DirectionalKeys {
        let suite = TLS13_AES_128_GCM_SHA256.tls13().expect("of TLS 1.3").quic_suite().expect("for QUIC");
        let version = match self.keys_version {
            V2 => Version::V2,
            0xff00_001d..=0xff00_0020 => Version::V1Draft,
            _ => Version::V1,
        };
        let side = if self.by_server { Side::Server } else { Side::Client };
        suite.keys(self.keys_of, side, version).local
    }
}

/// A Retry to the client, RFC 9000 §17.2.5; its integrity tag is noise.
pub(super) fn retry(source_id: &[u8], token: &[u8]) -> Vec<u8> {
    let mut packet = vec![0xf0];
    packet.extend(V1.to_be_bytes());
    packet.extend(vector8(b"client"));
    packet.extend(vector8(source_id));
    packet.extend(token);
    packet.extend([0x5a; 16]);
    packet
}

/// A version negotiation packet, RFC 9000 §17.2.1.
pub(super) fn version_negotiation(source_id: &[u8], versions: &[u32]) -> Vec<u8> {
    let mut packet = vec![0xca, 0, 0, 0, 0];
    packet.extend(vector8(b"client"));
    packet.extend(vector8(source_id));
    packet.extend(versions.iter().flat_map(|version| version.to_be_bytes()));
    packet
}

/// A 0-RTT or Handshake packet that nobody on the path can read.
pub(super) fn opaque(kind: u8, destination_id: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut packet = vec![0xc0 | kind << 4];
    packet.extend(V1.to_be_bytes());
    packet.extend(vector8(destination_id));
    packet.extend(vector8(b"client"));
    packet.extend(varint(bytes.len()));
    packet.extend(bytes);
    packet
}

/// Number of a 0-RTT packet's type.
pub(super) const ZERO_RTT: u8 = 1;
/// Number of a Handshake packet's type.
pub(super) const HANDSHAKE: u8 = 2;

/// A CRYPTO frame.
pub(super) fn crypto(offset: usize, bytes: &[u8]) -> Vec<u8> {
    [&[6], &varint(offset)[..], &varint(bytes.len()), bytes].concat()
}

/// A variable-length integer of two bytes, RFC 9000 §16.
fn varint(value: usize) -> Vec<u8> {
    let value = u16::try_from(value).ok().filter(|value| *value < 0x4000).expect("under 2^14");
    (value | 0x4000).to_be_bytes().to_vec()
}
