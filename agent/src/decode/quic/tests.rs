//! Packets sealed with the keys of a real client.

use jiff::ToSpan;
use proptest::prelude::*;
use rustls::{Side, crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256, quic::Version};

use super::*;
use crate::decode::{Transport, tls::tests::hello_message};

const ID: &[u8] = &[0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
const V2: u32 = 0x6b33_43cf;

/// An Initial packet of a client; `keys_of` is the id that its keys are derived from.
fn initial(version: u32, id: &[u8], keys_of: &[u8], number: u32, frames: &[u8]) -> Vec<u8> {
    let suite = TLS13_AES_128_GCM_SHA256.tls13().unwrap().quic_suite().unwrap();
    let sealed_as = match version {
        V2 => Version::V2,
        0xff00_001d..=0xff00_0020 => Version::V1Draft,
        _ => Version::V1,
    };
    let keys = suite.keys(keys_of, Side::Client, sealed_as).local;
    let first = if version == V2 { 0xd3 } else { 0xc3 };
    let mut header = vec![first];
    header.extend(version.to_be_bytes());
    header.push(u8::try_from(id.len()).unwrap());
    header.extend(id);
    header.extend([0, 0]);
    let mut payload = frames.to_vec();
    payload.resize(payload.len().max(40), 0);
    header.extend((u16::try_from(payload.len() + 20).unwrap() | 0x4000).to_be_bytes());
    let number_at = header.len();
    header.extend(number.to_be_bytes());
    let tag = keys.packet.encrypt_in_place(u64::from(number), &header, &mut payload).unwrap();
    payload.extend(tag.as_ref());
    let (start, number) = header.split_at_mut(number_at);
    keys.header.encrypt_in_place(&payload[..16], &mut start[0], number).unwrap();
    [header, payload].concat()
}

fn crypto(offset: u16, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap() | 0x4000;
    [&[6], &(offset | 0x4000).to_be_bytes()[..], &length.to_be_bytes(), bytes].concat()
}

struct Wire {
    quic: Quic,
    facts: Facts,
}

impl Wire {
    fn new() -> Self {
        Self { quic: Quic::new(), facts: Facts::default() }
    }

    fn send(&mut self, port: u16, payload: &[u8]) {
        self.quic.datagram(Timestamp::UNIX_EPOCH, client(port), None, payload, &mut self.facts);
    }

    fn told(&mut self) -> Vec<(u32, String, bool)> {
        let told = self.facts.queue.drain(..).map(|fact| match fact.kind {
            FactKind::QuicClientHello { version, hello } => (
                version,
                hello.server_name.as_ref().map_or("", Domain::as_str).to_owned(),
                !hello.ja4.is_empty(),
            ),
            other => panic!("{other:?}"),
        });
        told.collect()
    }
}

fn client(port: u16) -> FlowKey {
    let src = ([192, 0, 2, 1], port).into();
    FlowKey { transport: Transport::Udp, src, dst: ([198, 51, 100, 1], 8443).into() }
}

fn hello() -> Vec<u8> {
    hello_message("www.example.com", &[0; 0])
}

fn name(version: u32) -> (u32, String, bool) {
    (version, "www.example.com".into(), true)
}

/// RFC 9001 appendix A.2.
#[test]
fn packet_of_the_rfc_is_made_and_read() {
    let frames = "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302\
        010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d001700180010000700050461\
        6c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e9\
        94ec74d748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c000240010039003204\
        08ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff";
    let digits: Vec<u8> = frames.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let mut frames: Vec<u8> = digits.chunks(2).map(byte).collect();
    frames.resize(1162, 0);
    let packet = initial(1, ID, ID, 2, &frames);
    let header = [
        0xc0, 0, 0, 0, 1, 8, 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 8, 0, 0, 0x44, 0x9e, 0x7b, 0x9a, 0xec,
        0x34,
    ];
    assert_eq!(packet[..22], header);
    assert_eq!(packet[22..28], [0xd1, 0xb1, 0xc9, 0x8d, 0xd7, 0x68]);
    let mut wire = Wire::new();
    wire.send(1, &packet);
    assert_eq!(wire.told(), [(1, "example.com".into(), true)]);
}

#[test]
fn hello_is_told_once_in_every_version() {
    for version in [1, V2, 0xff00_001d, 0xff00_0022, 0x1a2a_3a4a] {
        let mut wire = Wire::new();
        let packet = initial(version, ID, ID, 0, &crypto(0, &hello()));
        wire.send(1, &packet);
        wire.send(1, &packet);
        assert_eq!(wire.told(), [name(version)]);
    }
}

#[test]
fn crypto_frames_come_in_any_order_over_packets_datagrams_and_ids() {
    let message = hello();
    let (a, rest) = message.split_at(40);
    let (b, c) = rest.split_at(40);
    let later_id = &[7; 20];
    let ack_and_padding = [2, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    let first = initial(1, ID, ID, 0, &[crypto(80, c), crypto(0, a)].concat());
    let second = initial(1, ID, ID, 1, &[&ack_and_padding[..], &crypto(80, &c[..9])].concat());
    let third = initial(1, later_id, ID, 2, &crypto(40, b));

    let mut wire = Wire::new();
    wire.send(1, &[first.clone(), second.clone()].concat());
    assert_eq!(wire.told(), []);
    wire.send(1, &third);
    assert_eq!(wire.told(), [name(1)]);

    let mut wire = Wire::new();
    wire.send(1, &[second, first].concat());
    wire.send(1, &third);
    assert_eq!(wire.told(), [name(1)]);
}

#[test]
fn retry_and_version_negotiation_begin_anew() {
    let message = hello();
    let mut wire = Wire::new();
    wire.send(1, &initial(1, ID, ID, 0, &crypto(0, &message[..50])));
    let retried = &[9; 8];
    wire.send(1, &initial(1, retried, retried, 1, &crypto(50, &message[50..])));
    assert_eq!(wire.told(), []);
    wire.send(1, &initial(1, retried, retried, 2, &crypto(0, &message)));
    wire.send(1, &initial(V2, ID, ID, 0, &crypto(0, &message)));
    assert_eq!(wire.told(), [name(1), name(V2)]);
}

#[test]
fn hello_begun_before_a_retry_is_not_told_again_in_part() {
    let message =
        hello_message("www.example.com", &[0x12, 0x34, 0, 90].into_iter().chain([0; 90]).collect::<Vec<_>>());
    let mut wire = Wire::new();
    wire.send(1, &initial(1, ID, ID, 0, &crypto(0, &message[..120])));
    let retried = &[9; 8];
    wire.send(1, &initial(1, retried, retried, 1, &crypto(0, &message)));
    wire.quic.finish(Timestamp::UNIX_EPOCH, &mut wire.facts);
    assert_eq!(wire.told(), [name(1)]);
}

#[test]
fn connections_without_end_from_one_port_are_all_told() {
    let mut wire = Wire::new();
    for id in 0..50 {
        wire.send(1, &initial(1, &[id; 9], &[id; 9], 0, &crypto(0, &hello())));
        assert_eq!(wire.told(), [name(1)]);
    }
    assert_eq!(wire.quic.undecryptable, 0);
}

#[test]
fn server_that_takes_up_the_connection_is_told_once_and_a_retry_is_not() {
    let mut wire = Wire::new();
    wire.send(1, &initial(1, ID, ID, 0, &crypto(0, &hello())));
    wire.told();
    let retry = [&[0xf0, 0, 0, 0, 1, 0, 0][..], &[1; 40]].concat();
    let handshake = [&[0xe0, 0, 0, 0, 1, 0, 0, 0x40, 40][..], &[1; 40]].concat();
    for packet in [&retry, &handshake, &handshake] {
        wire.quic.datagram(Timestamp::UNIX_EPOCH, client(1).reversed(), None, packet, &mut wire.facts);
    }
    let kinds: Vec<FactKind> = wire.facts.queue.drain(..).map(|fact| fact.kind).collect();
    assert_eq!(kinds, [FactKind::QuicServerPacket]);
}

#[test]
fn name_before_a_gap_is_told_when_the_gap_stays() {
    let mut wire = Wire::new();
    let message =
        hello_message("www.example.com", &[0x12, 0x34, 0, 90].into_iter().chain([0; 90]).collect::<Vec<_>>());
    wire.send(1, &initial(1, ID, ID, 0, &crypto(0, &message[..120])));
    assert_eq!(wire.told(), []);
    wire.quic.expire(Timestamp::UNIX_EPOCH + 11.seconds(), &mut wire.facts);
    assert_eq!(wire.told(), [(1, "www.example.com".into(), false)]);
    assert!(wire.quic.is_empty() && wire.quic.held_bytes == 0);
}

#[test]
fn packets_that_no_key_opens_take_no_room() {
    let mut wire = Wire::new();
    for port in 1..100 {
        wire.send(port, &initial(1, ID, &[1], 0, &[0]));
    }
    assert!(wire.quic.is_empty());
    assert_eq!(wire.quic.undecryptable, 99);
}

#[test]
fn floods_stay_within_the_caps() {
    let mut wire = Wire::new();
    let part = initial(1, ID, ID, 0, &crypto(16_000, &[0; 10]));
    for port in 1..=3000 {
        wire.send(port, &part);
        assert!(wire.quic.held_bytes <= MAX_HELD_BYTES && wire.quic.table.len() <= MAX_CONNECTIONS);
    }
    assert!(wire.quic.evicted > 2700);
    let mut wire = Wire::new();
    let small = initial(1, ID, ID, 0, &[1]);
    for port in 1..=3000 {
        wire.send(port, &small);
    }
    assert_eq!((wire.quic.table.len(), wire.quic.evicted), (MAX_CONNECTIONS, 3000 - MAX_CONNECTIONS as u64));
    for id in 0..50 {
        wire.send(3000, &initial(1, &[id; 9], &[id; 9], 0, &[1]));
    }
    assert_eq!(wire.quic.table.get_mut(&client(3000)).unwrap().attempts.len(), MAX_ATTEMPTS);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), number in 0_u32..9) {
        let mut wire = Wire::new();
        wire.send(1, &[&[0xc0, 0, 0, 0, 1][..], &bytes].concat());
        wire.send(1, &initial(1, ID, ID, number, &bytes));
        wire.send(1, &initial(1, ID, ID, number, &crypto(0, &bytes)));
        wire.quic.finish(Timestamp::UNIX_EPOCH, &mut wire.facts);
        prop_assert_eq!(wire.quic.held_bytes, 0);
    }

    #[test]
    fn no_altered_packet_makes_it_panic(at in any::<proptest::sample::Index>(), to in any::<u8>()) {
        let mut packet = initial(1, ID, ID, 0, &crypto(0, &hello()));
        let at = at.index(packet.len());
        packet[at] = to;
        Wire::new().send(1, &packet);
    }
}
