//! `ClientHello` messages as browsers make them, RFC 8446 §4.1.2, with what a case is about.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// X25519MLKEM768: the group and the bytes of a client's share, draft-ietf-tls-ecdhe-mlkem §4.
const POST_QUANTUM: (u16, usize) = (0x11ec, 1216);
const X25519: (u16, usize) = (0x001d, 32);
const GREASE: u16 = 0x3a3a;

/// What a hello says.
#[derive(Clone)]
pub(super) struct Hello {
    pub(super) name: Option<Vec<u8>>,
    pub(super) alpn: Vec<Vec<u8>>,
    /// With a share of 1.2 KB, so that it does not fit a segment.
    pub(super) post_quantum: bool,
    pub(super) ech: bool,
    /// The version in the hello's head: 0x0300 for SSL 3.0 to 0x0303 for TLS 1.2 and 1.3.
    pub(super) version: u16,
    /// The name comes last of all extensions.
    pub(super) name_last: bool,
    /// Transport parameters, for QUIC.
    pub(super) quic: bool,
}

impl Hello {
    /// What a browser sends to this name over TCP.
    pub(super) fn to(name: &str) -> Self {
        Self {
            name: Some(name.into()),
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            post_quantum: false,
            ech: false,
            version: 0x0303,
            name_last: false,
            quic: false,
        }
    }

    /// The same with a post-quantum key share.
    pub(super) fn large(name: &str) -> Self {
        Self { post_quantum: true, ..Self::to(name) }
    }

    /// What a browser sends to this name over QUIC.
    pub(super) fn quic(name: &str) -> Self {
        Self { alpn: vec![b"h3".to_vec()], quic: true, ..Self::to(name) }
    }

    /// The fact that it has to become, with `what` in front.
    pub(super) fn fact(&self, what: &str) -> String {
        let name = self.name.as_ref().map_or("-".into(), |name| String::from_utf8_lossy(name).to_lowercase());
        let alpn: Vec<_> = self.alpn.iter().map(|protocol| String::from_utf8_lossy(protocol)).collect();
        let alpn = if alpn.is_empty() { "-".into() } else { alpn.join(",") };
        format!("{what} {name} alpn={alpn} ech={}", if self.ech { "yes" } else { "no" })
    }

    /// The handshake message.
    pub(super) fn message(&self, rng: &mut ChaCha8Rng) -> Vec<u8> {
        let mut body = self.version.to_be_bytes().to_vec();
        body.extend(noise(rng, 32));
        body.extend(vector8(&noise(rng, 32)));
        let suites =
            [GREASE, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0x002f, 0x0035];
        body.extend(vector16(&numbers(&suites)));
        body.extend([1, 0]);
        let extensions = self.extensions(rng);
        if !extensions.is_empty() {
            body.extend(vector16(&extensions));
        }
        message(&body)
    }

    /// The message in records, all in one where it fits.
    pub(super) fn records(&self, rng: &mut ChaCha8Rng) -> Vec<u8> {
        records(&self.message(rng), 1 << 14)
    }

    fn extensions(&self, rng: &mut ChaCha8Rng) -> Vec<u8> {
        if self.version == 0x0300 {
            return Vec::new();
        }
        let name =
            self.name.as_ref().map(|name| extension(0, &vector16(&[&[0], &vector16(name)[..]].concat())));
        let mut all = vec![extension(GREASE, &[])];
        if !self.name_last {
            all.extend(name.clone());
        }
        all.push(extension(0x0017, &[]));
        all.push(extension(0xff01, &[0]));
        all.push(extension(0x000a, &vector16(&numbers(&[GREASE, POST_QUANTUM.0, X25519.0, 0x17, 0x18]))));
        all.push(extension(0x000b, &[1, 0]));
        // A browser that was there before has a ticket of a few hundred bytes.
        let ticket_bytes = if self.post_quantum { 300 } else { 0 };
        all.push(extension(0x0023, &noise(rng, ticket_bytes)));
        if !self.alpn.is_empty() {
            let protocols: Vec<u8> = self.alpn.iter().flat_map(|protocol| vector8(protocol)).collect();
            all.push(extension(0x0010, &vector16(&protocols)));
        }
        all.push(extension(0x0005, &[1, 0, 0, 0, 0]));
        let algorithms = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
        all.push(extension(0x000d, &vector16(&numbers(&algorithms))));
        if self.version == 0x0303 {
            all.push(extension(0x0033, &self.key_shares(rng)));
            all.push(extension(0x002d, &[1, 1]));
            all.push(extension(0x002b, &vector8(&numbers(&[GREASE, 0x0304, 0x0303]))));
        }
        if self.quic {
            // max_idle_timeout, initial_max_data, initial_source_connection_id.
            all.push(extension(0x0039, &[1, 4, 0x80, 0, 0x75, 0x30, 4, 4, 0x80, 0xf0, 0, 0, 0x0f, 0]));
        }
        if self.ech {
            // An outer hello: HKDF-SHA256 and AES-128-GCM, a config id, an encapsulated key and a payload.
            let encapsulated = vector16(&noise(rng, 32));
            let payload = vector16(&noise(rng, 176));
            let id = noise(rng, 1);
            all.push(extension(0xfe0d, &[&[0, 0, 1, 0, 1], &id[..], &encapsulated, &payload].concat()));
        }
        all.push(extension(0x4a4a, &[0]));
        if self.name_last {
            all.extend(name);
        }
        all.concat()
    }

    fn key_shares(&self, rng: &mut ChaCha8Rng) -> Vec<u8> {
        let mut shares = [&GREASE.to_be_bytes()[..], &[0, 1, 0]].concat();
        let groups: &[(u16, usize)] = if self.post_quantum { &[POST_QUANTUM, X25519] } else { &[X25519] };
        for (group, length) in groups {
            shares.extend(group.to_be_bytes());
            shares.extend(vector16(&noise(rng, *length)));
        }
        vector16(&shares)
    }
}

/// A `ClientHello` with this body.
pub(super) fn message(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a hello is short").to_be_bytes();
    [&[1], &length[1..], body].concat()
}

/// Handshake records of at most `size` bytes each.
pub(super) fn records(message: &[u8], size: usize) -> Vec<u8> {
    message.chunks(size).flat_map(|part| [&[22, 3, 1][..], &vector16(part)].concat()).collect()
}

/// One extension.
pub(super) fn extension(kind: u16, value: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector16(value)].concat()
}

/// Bytes that mean nothing.
pub(super) fn noise(rng: &mut ChaCha8Rng, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    rng.fill_bytes(&mut bytes);
    bytes
}

pub(super) fn numbers(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

/// The bytes with their length before them.
pub(super) fn vector8(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).expect("under 256 bytes")], bytes].concat()
}

/// The bytes with their length before them.
pub(super) fn vector16(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).expect("under 64 KB").to_be_bytes()[..], bytes].concat()
}
