//! Whole frames through the whole stage.

use jiff::ToSpan;
use proptest::prelude::*;

use super::{
    tls::tests::{hello_message, records},
    *,
};
use crate::capture::Link;

fn frame(second: i64, bytes: &[u8]) -> Frame<'_> {
    Frame {
        time: Timestamp::UNIX_EPOCH + second.seconds(),
        link: Link::Ethernet,
        interface: 0,
        direction: Some(Direction::Outgoing),
        wire_bytes: u32::try_from(bytes.len()).unwrap(),
        stride: 0,
        bytes,
    }
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 20).unwrap().to_be_bytes();
    [&[0x45, 0][..], &length, &[0, 1, 0x40, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1], payload]
        .concat()
}

fn ethernet(packet: &[u8]) -> Vec<u8> {
    let ethertype = if packet[0] >> 4 == 4 { [8, 0] } else { [0x86, 0xdd] };
    [&[0; 12][..], &ethertype, packet].concat()
}

fn tcp(payload: &[u8]) -> Vec<u8> {
    [&[0xc0, 0, 1, 0xbb, 0, 0, 0, 9, 0, 0, 0, 0, 0x50, 0x18, 0, 0, 0, 0, 0, 0][..], payload].concat()
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap().to_be_bytes();
    [&[0xc0, 0][..], &port.to_be_bytes(), &length, &[0, 0], payload].concat()
}

fn hello() -> Vec<u8> {
    records(&hello_message("www.example.com", &[]), 4000)
}

const QUERY: &[u8] = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x07example\x00\x00\x01\x00\x01";

fn facts(decoder: &mut Decoder) -> Vec<FactKind> {
    std::iter::from_fn(|| decoder.poll()).map(|fact| fact.kind).collect()
}

#[test]
fn segment_comes_before_what_it_says() {
    let mut decoder = Decoder::new();
    let payload = hello();
    decoder.handle(&frame(1, &ethernet(&ipv4(6, &tcp(&payload)))));
    let fact = decoder.poll().unwrap();
    assert_eq!(fact.flow.dst.to_string(), "198.51.100.1:443");
    assert_eq!((fact.time, fact.direction), (Timestamp::UNIX_EPOCH + 1.second(), Some(Direction::Outgoing)));
    let payload_bytes = u32::try_from(payload.len()).unwrap();
    assert_eq!(
        fact.kind,
        FactKind::TcpSegment(TcpSegment {
            seq: 9,
            ack: 0,
            flags: 0x18,
            payload_bytes,
            stride: 0,
            ttl: 64,
            until: fact.time
        })
    );
    assert!(matches!(decoder.poll().unwrap().kind, FactKind::TlsClientHello(_)));
    assert_eq!(decoder.poll(), None);
}

#[test]
fn tunnels_are_followed_to_their_cap() {
    let mut packet = ipv4(17, &udp(53, QUERY));
    for depth in 0..=MAX_NESTING {
        let mut decoder = Decoder::new();
        decoder.handle(&frame(0, &ethernet(&packet)));
        assert!(matches!(facts(&mut decoder)[..], [FactKind::UdpDatagram { .. }, FactKind::DnsQuery(_)]));
        assert_eq!(decoder.counts().tunneled, depth as u64);
        packet = ipv4(4, &packet);
    }
    let mut decoder = Decoder::new();
    decoder.handle(&frame(0, &ethernet(&packet)));
    assert_eq!(facts(&mut decoder), []);
}

#[test]
fn fragmented_query_is_read_and_counted_once() {
    let datagram = udp(53, QUERY);
    let mut decoder = Decoder::new();
    let pieces = [(0x2000_u16, &datagram[..16]), (0x0002, &datagram[16..])];
    for (flags, piece) in pieces {
        let mut packet = ipv4(17, piece);
        packet[6..8].copy_from_slice(&flags.to_be_bytes());
        decoder.handle(&frame(0, &ethernet(&packet)));
    }
    let payload_bytes = u32::try_from(QUERY.len()).unwrap();
    let facts = facts(&mut decoder);
    assert_eq!(facts[0], FactKind::UdpDatagram { payload_bytes, until: Timestamp::UNIX_EPOCH });
    assert!(matches!(facts[1..], [FactKind::DnsQuery(_)]));
}

#[test]
fn what_cannot_be_read_is_counted_by_where_it_fails() {
    let mut decoder = Decoder::new();
    let mut arp = ethernet(&ipv4(6, &[]));
    arp[13] = 6;
    decoder.handle(&frame(0, &arp));
    decoder.handle(&frame(0, &arp[..10]));
    decoder.handle(&frame(0, &ethernet(&[0x45, 0, 0])));
    decoder.handle(&frame(0, &ethernet(&ipv4(6, &[1, 2, 3]))));
    decoder.handle(&frame(0, &ethernet(&ipv4(17, &udp(53, b"no dns")))));
    let expected = Counts {
        frames: 5,
        not_ip: 1,
        link_malformed: 1,
        ip_malformed: 1,
        transport_malformed: 1,
        dns_malformed: 1,
        ..Counts::default()
    };
    assert_eq!(decoder.counts(), expected);
}

#[test]
fn unfinished_hello_is_told_when_its_time_is_up_or_the_capture_over() {
    let payload = hello();
    let start = ethernet(&ipv4(6, &tcp(&payload[..payload.len() - 3])));
    for over in [false, true] {
        let mut decoder = Decoder::new();
        decoder.handle(&frame(0, &start));
        assert!(matches!(facts(&mut decoder)[..], [FactKind::TcpSegment(_)]));
        assert!(decoder.poll_timeout().is_some());
        if over {
            decoder.finish();
        } else {
            decoder.handle_timeout(Timestamp::UNIX_EPOCH + 12.seconds());
        }
        assert!(matches!(facts(&mut decoder)[..], [FactKind::TlsClientHello(_)]));
        assert_eq!(decoder.poll_timeout(), None);
    }
}

#[test]
fn time_that_runs_back_ends_nothing() {
    let payload = hello();
    let (start, rest) = payload.split_at(60);
    let mut segment = tcp(rest);
    segment[7] += 60;
    let mut decoder = Decoder::new();
    decoder.handle(&frame(1000, &ethernet(&ipv4(6, &tcp(start)))));
    decoder.handle(&frame(5, &ethernet(&ipv4(6, &segment))));
    assert!(matches!(facts(&mut decoder)[2..], [FactKind::TlsClientHello(_)]));
}

proptest! {
    #[test]
    fn no_frame_makes_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        link in proptest::sample::select(vec![Link::Ethernet, Link::RawIp, Link::LinuxCooked, Link::LinuxCooked2, Link::Null, Link::Ppp]),
        wire_bytes: u32,
    ) {
        let mut decoder = Decoder::new();
        decoder.handle(&Frame { link, wire_bytes, ..frame(0, &bytes) });
        decoder.handle(&Frame { wire_bytes, ..frame(0, &[&[0; 12][..], &[8, 0], &bytes].concat()) });
        decoder.handle(&Frame { link: Link::RawIp, wire_bytes, ..frame(0, &[&[0x60], &bytes[..]].concat()) });
        decoder.finish();
    }

    #[test]
    fn no_altered_frame_makes_it_panic(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<proptest::sample::Index>(),
    ) {
        for packet in [ipv4(6, &tcp(&hello())), ipv4(17, &udp(53, QUERY)), ipv4(4, &ipv4(17, &udp(53, QUERY)))] {
            let mut bytes = ethernet(&packet);
            for (at, to) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *to;
            }
            let mut decoder = Decoder::new();
            decoder.handle(&frame(0, &bytes));
            decoder.handle(&frame(0, &bytes[..cut.index(bytes.len())]));
            decoder.finish();
        }
    }
}

#[test]
fn what_hardly_holds_a_packet_is_no_capture() {
    let cases = [
        ("nothing at all", Counts::default(), true),
        ("an office", Counts { frames: 9, not_ip: 8, ..Counts::default() }, true),
        ("some cut short", Counts { frames: 9, ip_malformed: 4, ..Counts::default() }, true),
        ("no IP", Counts { frames: 9, not_ip: 9, ..Counts::default() }, false),
        ("random bytes", Counts { frames: 9, not_ip: 7, link_malformed: 2, ..Counts::default() }, false),
        ("wrong link type", Counts { frames: 9, ip_malformed: 8, ..Counts::default() }, false),
    ];
    for (case, counts, is_legible) in cases {
        assert_eq!(counts.legible().is_ok(), is_legible, "{case}");
    }
}
