//! Packets through the whole stage: what is joined, what is not, and that nothing is lost by it.

use jiff::ToSpan;
use proptest::prelude::*;

use super::*;
use crate::{
    capture::{Frame, Link},
    decode::{Decoder, Fact},
};

const UP: bool = true;
const DOWN: bool = false;

/// A segment as it goes over the wire: which way, sequence number, flags, payload.
fn packet(is_v4: bool, up: bool, seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let (client, server) = ([0xc0, 0x00], [0x01, 0xbb]);
    let ports = if up { [client, server] } else { [server, client] }.concat();
    let segment =
        [&ports[..], &seq.to_be_bytes(), &[0, 0, 0, 7, 0x50, flags, 0, 0, 0, 0, 0, 0], payload].concat();
    let length = u16::try_from(segment.len()).unwrap();
    let (near, far) = if up { (1, 2) } else { (2, 1) };
    if is_v4 {
        let header = [&[0x45, 0][..], &(length + 20).to_be_bytes(), &[0, 9, 0x40, 0, 64, 6, 0, 0]].concat();
        return [&header[..], &[10, 0, 0, near], &[10, 0, 0, far], &segment].concat();
    }
    let header = [&[0x60, 0, 0, 0][..], &length.to_be_bytes(), &[6, 64]].concat();
    [&header[..], &[near; 16], &[far; 16], &segment].concat()
}

fn datagram(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap();
    let header = [&[0x45, 0][..], &(length + 20).to_be_bytes(), &[0, 9, 0x40, 0, 64, 17, 0, 0]].concat();
    let udp = [&[0xc0, 0, 1, 0xbb][..], &length.to_be_bytes(), &[0, 0], payload].concat();
    [&header[..], &[10, 0, 0, 1, 10, 0, 0, 2], &udp].concat()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + millis.milliseconds()
}

/// Hands a packet in and takes the facts out.
fn told(decoder: &mut Decoder, millis: i64, bytes: &[u8]) -> Vec<Fact> {
    told_of(decoder, 0, millis, bytes)
}

/// Of a capture with this stride.
fn told_of(decoder: &mut Decoder, stride: u32, millis: i64, bytes: &[u8]) -> Vec<Fact> {
    decoder.handle(&Frame {
        time: at(millis),
        link: Link::RawIp,
        interface: 2,
        direction: None,
        wire_bytes: u32::try_from(bytes.len()).unwrap(),
        stride,
        bytes,
    });
    std::iter::from_fn(|| decoder.poll()).collect()
}

fn last(decoder: &mut Decoder) -> Vec<Fact> {
    decoder.finish();
    std::iter::from_fn(|| decoder.poll()).collect()
}

fn segments(facts: &[Fact]) -> Vec<(u32, u32)> {
    facts
        .iter()
        .filter_map(|fact| match &fact.kind {
            FactKind::TcpSegment(segment) => Some((segment.seq, segment.payload_bytes)),
            _ => None,
        })
        .collect()
}

#[test]
fn segments_in_a_row_are_one_fact_with_their_first_and_last_time() {
    for is_v4 in [true, false] {
        let mut decoder = Decoder::new();
        for (millis, seq) in [(0, 100), (3, 1100), (7, 2100)] {
            assert_eq!(told(&mut decoder, millis, &packet(is_v4, DOWN, seq, 0x10, &[0; 1000])), []);
            assert_eq!(
                told(&mut decoder, millis, &packet(is_v4, UP, 50, 0x10, &[])),
                [],
                "an acknowledgement"
            );
        }
        assert_eq!(told(&mut decoder, 9, &packet(is_v4, DOWN, 3100, 0x18, &[0; 10])), []);
        let [fact] = &last(&mut decoder)[..] else { panic!("one fact") };
        assert_eq!((fact.time, fact.flow.src.port(), fact.flow.dst.port()), (at(0), 443, 49152));
        assert_eq!(fact.flow.src.ip().is_ipv4(), is_v4);
        let expected = TcpSegment {
            seq: 100,
            ack: 7,
            flags: 0x18,
            payload_bytes: 3010,
            stride: 0,
            ttl: 64,
            until: at(9),
        };
        assert_eq!(fact.kind, FactKind::TcpSegment(expected));
    }
}

/// What, when, the packet, and the segments told then.
type Case<'a> = (&'a str, i64, Vec<u8>, &'a [(u32, u32)]);

#[test]
fn what_says_more_ends_the_run_and_comes_after_it() {
    let row = |decoder: &mut Decoder| {
        assert_eq!(told(decoder, 0, &packet(true, DOWN, 100, 0x10, &[0; 1000])), []);
    };
    let run = (100, 1000);
    let cases: &[Case<'_>] = &[
        ("payload the other way", 1, packet(true, UP, 50, 0x18, &[0; 9]), &[run]),
        ("the end", 1, packet(true, DOWN, 1100, 0x11, &[]), &[run, (1100, 0)]),
        ("a reset by the other side", 1, packet(true, UP, 50, 0x14, &[]), &[run, (50, 0)]),
        ("a gap", 1, packet(true, DOWN, 1200, 0x10, &[0; 9]), &[run]),
        ("a repetition", 1, packet(true, DOWN, 100, 0x10, &[0; 1000]), &[run]),
        ("a hello", 1, packet(true, UP, 50, 0x18, &[0x16, 3, 1, 0, 9]), &[run, (50, 5)]),
        ("a beginning behind it", 1, packet(true, DOWN, 1100, 0x18, &[0x16, 3, 3, 0, 9]), &[run, (1100, 5)]),
        ("urgent data", 1, packet(true, DOWN, 1100, 0x38, &[0; 9]), &[run, (1100, 9)]),
        ("a pause", 5, packet(true, DOWN, 1100, 0x10, &[0; 9]), &[run]),
        ("a clock set back", -1, packet(true, DOWN, 1100, 0x10, &[0; 9]), &[run]),
    ];
    for (what, millis, bytes, expected) in cases {
        let mut decoder = Decoder::new();
        row(&mut decoder);
        assert_eq!(segments(&told(&mut decoder, *millis, bytes)), *expected, "{what}");
    }
}

#[test]
fn what_was_passed_over_belongs_to_the_run() {
    for is_v4 in [true, false] {
        let mut decoder = Decoder::new();
        let mut told = |seq| told_of(&mut decoder, 5_000, 0, &packet(is_v4, DOWN, seq, 0x10, &[0; 1000]));
        assert_eq!(told(100), []);
        assert_eq!(told(6_099), []);
        assert_eq!(segments(&told(12_099)), [(100, 6_999)], "a stride is a gap");
        assert_eq!(segments(&last(&mut decoder)), [(12_099, 1_000)]);
    }
}

#[test]
fn run_is_told_when_its_time_is_over() {
    let mut decoder = Decoder::new();
    assert_eq!(told(&mut decoder, 0, &packet(true, DOWN, 100, 0x10, &[0; 1000])), []);
    assert_eq!(decoder.poll_timeout(), Some(at(100)));
    decoder.handle_timeout(at(99));
    assert_eq!(decoder.poll(), None);
    decoder.handle_timeout(at(100));
    assert_eq!(segments(&decoder.poll().into_iter().collect::<Vec<_>>()), [(100, 1000)]);
    assert_eq!(decoder.poll_timeout(), None);
}

#[test]
fn what_waits_goes_on_under_a_clock_that_was_set_back() {
    let mut decoder = Decoder::new();
    let hour = 3_600_000;
    assert_eq!(told(&mut decoder, hour, &packet(true, DOWN, 100, 0x10, &[0; 1000])), []);
    told(&mut decoder, hour, &packet(false, UP, 1, 0x18, b"GET / HTTP/1.1\r\nHost: www.example.com\r\n"));
    // The run comes first, under its own time.
    let facts = told(&mut decoder, 0, &packet(true, DOWN, 1100, 0x10, &[0; 1000]));
    assert_eq!((segments(&facts), facts[0].time), (vec![(100, 1000)], at(hour)));
    // And time goes on from there: the next run, and the request that stays half.
    decoder.handle_timeout(at(200));
    assert_eq!(segments(&decoder.poll().into_iter().collect::<Vec<_>>()), [(1100, 1000)]);
    decoder.handle_timeout(at(11_000));
    let half: Vec<_> = std::iter::from_fn(|| decoder.poll()).map(|fact| fact.kind).collect();
    assert!(matches!(half[..], [FactKind::HttpHost(_)]), "{half:?}");
}

#[test]
fn refusal_comes_after_what_was_refused() {
    let mut decoder = Decoder::new();
    let sent = datagram(&[0x40; 300]);
    assert_eq!(told(&mut decoder, 0, &sent), []);
    let icmp = [&[3, 3, 0, 0, 0, 0, 0, 0][..], &sent[..28]].concat();
    let length = u16::try_from(icmp.len() + 20).unwrap();
    let header = [&[0x45, 0][..], &length.to_be_bytes(), &[0, 9, 0x40, 0, 64, 1, 0, 0]].concat();
    let facts = told(&mut decoder, 1, &[&header[..], &[10, 0, 0, 2, 10, 0, 0, 1], &icmp].concat());
    let kinds: Vec<_> = facts.into_iter().map(|fact| fact.kind).collect();
    assert_eq!(kinds, [FactKind::UdpDatagram { payload_bytes: 300, until: at(0) }, FactKind::Unreachable]);
}

#[test]
fn datagrams_in_a_row_are_one_fact() {
    let mut decoder = Decoder::new();
    assert_eq!(told(&mut decoder, 0, &datagram(&[0x40; 1200])), []);
    assert_eq!(told(&mut decoder, 4, &datagram(&[0x40; 300])), []);
    let kinds: Vec<_> = last(&mut decoder).into_iter().map(|fact| fact.kind).collect();
    assert_eq!(kinds, [FactKind::UdpDatagram { payload_bytes: 1500, until: at(4) }]);
}

#[test]
fn pieces_that_a_stream_waits_for_are_no_run() {
    let mut decoder = Decoder::new();
    told(&mut decoder, 0, &packet(true, UP, 99, 2, &[]));
    let request = b"GET / HTTP/1.1\r\nhost: www.example.com\r\n\r\n";
    for (at, byte) in request.iter().enumerate() {
        let facts =
            told(&mut decoder, 1, &packet(true, UP, 100 + u32::try_from(at).unwrap(), 0x18, &[*byte]));
        assert!(facts.len() == 1 || at + 1 == request.len(), "{facts:?}");
    }
}

#[test]
fn flows_that_want_one_place_lose_nothing() {
    let mut decoder = Decoder::new();
    let mut told_bytes = 0;
    let mut sum =
        |facts: Vec<Fact>| told_bytes += segments(&facts).iter().map(|(_, bytes)| bytes).sum::<u32>();
    for round in 0..10 {
        for flow in 0..200 {
            let mut bytes = packet(true, DOWN, 100 + round * 500, 0x10, &[0; 500]);
            bytes[15] = flow;
            sum(told(&mut decoder, i64::from(round), &bytes));
        }
    }
    sum(last(&mut decoder));
    assert_eq!(told_bytes, 10 * 200 * 500);
}

proptest! {
    #[test]
    fn no_packet_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120), cut in 0..60_usize) {
        let mut decoder = Decoder::new();
        for version in [0x45, 0x60] {
            let mut bytes = bytes.clone();
            if let Some(first) = bytes.first_mut() {
                *first = version;
            }
            told(&mut decoder, 0, &bytes);
        }
        let whole = packet(true, UP, 1, 0x18, &bytes);
        told(&mut decoder, 0, &whole[..cut.min(whole.len())]);
    }
}
