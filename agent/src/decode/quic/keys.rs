//! The keys of a client's Initial packets, which anyone on the path can derive: RFC 9001 §5.2, RFC 9369 §3.3.
//!
//! Of our own making and not `rustls::quic`'s: that knows no draft before 29, and derives the server's keys as well,
//! which are never needed.

use ring::{
    aead::{
        AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey,
        quic::{AES_128, HeaderProtectionKey},
    },
    hkdf::{HKDF_SHA256, KeyType, Prk, Salt},
};

/// Bytes of ciphertext that header protection is made of: RFC 9001 §5.4.2.
pub(super) const SAMPLE_BYTES: usize = 16;

/// How a version derives its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Derivation {
    salt: [u8; 20],
    is_version_2: bool,
}

impl Derivation {
    /// RFC 9001, and drafts 33 and 34.
    pub(super) const V1: Self = Self::of([
        0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc,
        0xbb, 0x7f, 0x0a,
    ]);
    /// RFC 9369.
    pub(super) const V2: Self = Self {
        is_version_2: true,
        ..Self::of([
            0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb,
            0xf9, 0xbd, 0x2e, 0xd9,
        ])
    };
    /// draft-ietf-quic-tls-29 to 32.
    pub(super) const DRAFT_29: Self = Self::of([
        0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43,
        0x90, 0xa8, 0x99,
    ]);
    /// draft-ietf-quic-tls-23 to 28.
    pub(super) const DRAFT_23: Self = Self::of([
        0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe,
        0xf9, 0xf5, 0x02,
    ]);
    /// draft-ietf-quic-tls-22.
    pub(super) const DRAFT_22: Self = Self::of([
        0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a, 0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a,
        0x02, 0x64, 0x4a,
    ]);

    const fn of(salt: [u8; 20]) -> Self {
        Self { salt, is_version_2: false }
    }

    /// Whether the types of long headers are turned by one: RFC 9369 §3.2.
    pub(super) fn turns_types(self) -> bool {
        self.is_version_2
    }
}

/// What opens a client's Initial packets.
pub(super) struct Keys {
    header: HeaderProtectionKey,
    packet: LessSafeKey,
    iv: [u8; 12],
}

impl Keys {
    /// The keys that come from this connection id.
    pub(super) fn derive(id: &[u8], derivation: Derivation) -> Option<Self> {
        let Secrets { key, iv, header } = Secrets::derive(id, derivation)?;
        let packet = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
        Some(Self { header: HeaderProtectionKey::new(&AES_128, &header).ok()?, packet, iv })
    }

    /// What the first byte and the packet number's bytes are masked with.
    pub(super) fn mask(&self, sample: &[u8; SAMPLE_BYTES]) -> Option<[u8; 5]> {
        self.header.new_mask(sample).ok()
    }

    /// Decrypts a payload where it lies; nothing where these are not its keys.
    pub(super) fn open<'a>(&self, number: u64, header: &[u8], payload: &'a mut [u8]) -> Option<&'a [u8]> {
        let mut nonce = self.iv;
        let low = nonce.iter_mut().skip(4);
        low.zip(number.to_be_bytes()).for_each(|(byte, number)| *byte ^= number);
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.packet.open_in_place(nonce, Aad::from(header), payload).ok().map(|payload| &*payload)
    }
}

struct Secrets {
    key: [u8; 16],
    iv: [u8; 12],
    header: [u8; 16],
}

impl Secrets {
    fn derive(id: &[u8], derivation: Derivation) -> Option<Self> {
        let initial = Salt::new(HKDF_SHA256, &derivation.salt).extract(id);
        let client = Prk::new_less_safe(HKDF_SHA256, &expand::<32>(&initial, b"client in")?);
        let [key, iv, header] = if derivation.is_version_2 {
            [&b"quicv2 key"[..], b"quicv2 iv", b"quicv2 hp"]
        } else {
            [&b"quic key"[..], b"quic iv", b"quic hp"]
        };
        Some(Self { key: expand(&client, key)?, iv: expand(&client, iv)?, header: expand(&client, header)? })
    }
}

/// HKDF-Expand-Label of RFC 8446 §7.1, without a context.
fn expand<const N: usize>(secret: &Prk, label: &[u8]) -> Option<[u8; N]> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    const PREFIX: &[u8] = b"tls13 ";
    let length = u16::try_from(N).ok()?.to_be_bytes();
    let label_length = [u8::try_from(PREFIX.len().checked_add(label.len())?).ok()?];
    let info = [&length, &label_length[..], PREFIX, label, &[0]];
    let mut bytes = [0; N];
    secret.expand(&info, Length(N)).ok()?.fill(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// The examples in the appendix A.1 of RFC 9001, of RFC 9369, and of drafts 29 and 23 of the former.
    #[test]
    fn published_examples_have_their_keys() {
        let id = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
        let cases = [
            (
                Derivation::V1,
                "1f369613dd76d5467730efcbe3b1a22d fa044b2f42a3fd3b46fb255c 9f50449e04a0e810283a1e9933adedd2",
            ),
            (
                Derivation::V2,
                "8b1a0bc121284290a29e0971b5cd045d 91f73e2351d8fa91660e909f 45b95e15235d6f45a6b19cbcb0294ba9",
            ),
            (
                Derivation::DRAFT_29,
                "175257a31eb09dea9366d8bb79ad80ba 6b26114b9cba2b63a9e8dd4f 9ddd12c994c0698b89374a9c077a3077",
            ),
            (
                Derivation::DRAFT_23,
                "af7fd7efebd21878ff66811248983694 8681359410a70bb9c92f0420 a980b8b4fb7d9fbc13e814c23164253d",
            ),
        ];
        let hex = |bytes: &[u8]| {
            bytes.iter().fold(String::new(), |mut text, byte| {
                write!(text, "{byte:02x}").unwrap();
                text
            })
        };
        for (derivation, published) in cases {
            let Secrets { key, iv, header } = Secrets::derive(&id, derivation).unwrap();
            assert_eq!(format!("{} {} {}", hex(&key), hex(&iv), hex(&header)), published);
        }
    }
}
