//! QUIC Initials: as they are, and sealed here with the keys of their connection id, so that what lies behind the
//! decryption is reached, which no guess of a tag would.
//!
//! An input begins with a byte. Bit 0: a row of packets; else one handshake message. Bits 1 and 2 choose the version.
//! Then the connection id, with its length in one byte.
//!
//! A row of packets has for each a byte (bits 0 and 1: sealed frames, one sealed CRYPTO frame from offset 0 on,
//! sealed with the keys of a new id, or bytes as they are; bit 2: in the datagram of the packet before; bit 3: the
//! server sends; bit 4: six seconds pass), two bytes of length, and the bytes.
//!
//! A message has before it a byte for the length of its CRYPTO frames, one for those in a packet, and two for the
//! order. In one frame and in many it has to say the same.

use elsewhere_agent::decode::FactKind;
use rustls::{Side, Tls13CipherSuite, crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256, quic::Version};

use super::{
    input::Input,
    stream::shuffle_with_repetitions,
    watched::Watched,
    wire::{self, From},
};

const PORT: u16 = 8443;
const V2: u32 = 0x6b33_43cf;
/// Frames that a message is cut into; the decoder holds 64 runs of bytes apart.
const MAX_FRAMES: usize = 48;

/// Runs the target.
pub fn run(bytes: &[u8]) -> usize {
    let mut input = Input::new(bytes);
    let choice = input.u8();
    let (version, keys) =
        [(1, Version::V1), (V2, Version::V2), (0xff00_001d, Version::V1Draft), (0x1a2a_3a4a, Version::V1)]
            [usize::from(choice >> 1 & 3)];
    let id_bytes = usize::from(input.u8() % 21);
    let client = Client { version, keys, id: input.bytes(id_bytes) };
    if choice & 1 == 1 { client.packets(&mut input) } else { client.message(&mut input) }
}

struct Client<'a> {
    version: u32,
    keys: Version,
    id: &'a [u8],
}

impl Client<'_> {
    fn packets(&self, input: &mut Input<'_>) -> usize {
        let mut watched = Watched::default();
        let mut datagram = Vec::new();
        let mut sender = From::Client;
        let mut number = 0;
        while !input.is_empty() {
            let choice = input.u8();
            let bytes = input.counted();
            if choice & 4 == 0 && !datagram.is_empty() {
                watched.packet(&wire::udp(sender, PORT, &datagram), datagram.len(), None);
                datagram.clear();
            }
            if choice & 16 != 0 {
                watched.wait(6);
            }
            sender = if choice & 8 == 0 { From::Client } else { From::Server };
            datagram.extend(match choice & 3 {
                0 => self.seal(self.id, number, bytes),
                1 => self.seal(self.id, number, &crypto(0, bytes)),
                2 => self.seal(bytes.get(..20).unwrap_or(bytes), number, &crypto(0, bytes)),
                _ => bytes.to_vec(),
            });
            number += 1;
        }
        watched.packet(&wire::udp(sender, PORT, &datagram), datagram.len(), None);
        watched.finish().len()
    }

    fn message(&self, input: &mut Input<'_>) -> usize {
        let frame_bytes = usize::from(input.u8());
        let frames_a_packet = usize::from(input.u8() % 4) + 1;
        let shuffle = input.u16();
        let message = input.rest();
        let whole = self.said(&[(0, message)], 1);
        let length = frame_bytes.max(message.len().div_ceil(MAX_FRAMES)).max(1);
        let mut frames: Vec<_> =
            message.chunks(length).enumerate().map(|(at, part)| (at * length, part)).collect();
        shuffle_with_repetitions(&mut frames, shuffle);
        let cut = self.said(&frames, frames_a_packet);
        assert_eq!(cut, whole, "cut and whole differ");
        whole.len()
    }

    fn said(&self, frames: &[(usize, &[u8])], frames_a_packet: usize) -> Vec<FactKind> {
        let mut watched = Watched::default();
        for (number, frames) in frames.chunks(frames_a_packet).enumerate() {
            let payload: Vec<u8> = frames.iter().flat_map(|(offset, part)| crypto(*offset, part)).collect();
            let number = u32::try_from(number).expect("inputs are short");
            let packet = self.seal(self.id, number, &payload);
            watched.packet(&wire::udp(From::Client, PORT, &packet), packet.len(), None);
        }
        watched.finish()
    }

    /// An Initial packet, RFC 9001 §5, with the keys that `id` gives.
    fn seal(&self, id: &[u8], number: u32, frames: &[u8]) -> Vec<u8> {
        /// Payload has to be that long for the sample of header protection.
        const LEAST_BYTES: usize = 4;
        let suite =
            TLS13_AES_128_GCM_SHA256.tls13().and_then(Tls13CipherSuite::quic_suite).expect("ring has it");
        let keys = suite.keys(id, Side::Client, self.keys).local;
        let mut header = vec![if self.version == V2 { 0xd3 } else { 0xc3 }];
        header.extend(self.version.to_be_bytes());
        header.push(u8::try_from(id.len()).expect("ids have at most 20 bytes"));
        header.extend(id);
        header.extend([0, 0]);
        let mut payload = frames.to_vec();
        payload.resize(payload.len().max(LEAST_BYTES), 0);
        let length = u32::try_from(4 + payload.len() + 16).expect("inputs are short");
        header.extend((length | 0x8000_0000).to_be_bytes());
        let number_at = header.len();
        header.extend(number.to_be_bytes());
        let tag = keys.packet.encrypt_in_place(number.into(), &header, &mut payload).expect("sealed");
        payload.extend(tag.as_ref());
        let (start, number) = header.split_at_mut(number_at);
        keys.header.encrypt_in_place(&payload[..16], &mut start[0], number).expect("protected");
        [header, payload].concat()
    }
}

/// A CRYPTO frame, RFC 9000 §19.6.
pub fn crypto(offset: usize, bytes: &[u8]) -> Vec<u8> {
    let number = |value: usize| (u32::try_from(value).expect("inputs are short") | 0x8000_0000).to_be_bytes();
    [&[6], &number(offset)[..], &number(bytes.len()), bytes].concat()
}
