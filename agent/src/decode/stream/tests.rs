//! Streams cut, turned round, repeated and flooded.

use jiff::ToSpan;
use proptest::prelude::*;

use super::*;
use crate::decode::{
    Fact, Transport,
    tls::tests::{hello_message, records},
};

const CLIENT: &str = "192.0.2.1:50000";
const SERVER: &str = "198.51.100.1:443";
const START: u32 = u32::MAX - 20;

/// A decoder's streams with the facts that came out, and how far each sender is.
struct Wire {
    streams: Streams,
    facts: Facts,
    now: Timestamp,
}

impl Wire {
    fn new() -> Self {
        Self { streams: Streams::new(), facts: Facts::default(), now: Timestamp::UNIX_EPOCH }
    }

    fn send(&mut self, src: &str, dst: &str, flags: u8, seq: u32, payload: &[u8]) {
        let key = FlowKey { transport: Transport::Tcp, src: src.parse().unwrap(), dst: dst.parse().unwrap() };
        let payload_bytes = u32::try_from(payload.len()).unwrap();
        let segment = TcpSegment { seq, ack: 0, flags, payload_bytes, stride: 0, ttl: 64, until: self.now };
        self.streams.segment(self.now, key, None, &segment, payload, &mut self.facts);
    }

    /// The client's SYN, so that its first byte has the number `START`.
    fn syn(&mut self) {
        self.send(CLIENT, SERVER, SYN, START.wrapping_sub(1), &[]);
    }

    /// The client's bytes from `offset` on.
    fn client(&mut self, offset: usize, payload: &[u8]) {
        let seq = START.wrapping_add(u32::try_from(offset).unwrap());
        self.send(CLIENT, SERVER, ACK, seq, payload);
    }

    fn wait(&mut self, seconds: i64) {
        self.now += seconds.seconds();
        self.streams.expire(self.now, &mut self.facts);
    }

    fn told(&mut self) -> Vec<String> {
        self.facts.queue.drain(..).map(|fact| describe(&fact)).collect()
    }
}

fn describe(fact: &Fact) -> String {
    match &fact.kind {
        FactKind::TlsClientHello(hello) => {
            let whole = if hello.ja4.is_empty() { "part of " } else { "" };
            format!("{whole}hello {}", hello.server_name.as_ref().unwrap())
        }
        FactKind::HttpHost(host) => format!("host {host}"),
        FactKind::HttpConnect(target) | FactKind::SocksConnect(target) => {
            format!("connect {}:{}", target.name.as_ref().unwrap(), target.port)
        }
        FactKind::DnsQuery(question) => format!("query {}", question.qname),
        other => format!("{other:?}"),
    }
}

fn hello(name: &str) -> Vec<u8> {
    records(&hello_message(name, &[0x12, 0x34, 0, 250].into_iter().chain([0; 250]).collect::<Vec<_>>()), 200)
}

#[test]
fn hello_in_any_order_of_segments_is_told_once() {
    let stream = hello("www.example.com");
    let mut wire = Wire::new();
    wire.syn();
    for offset in [300, 100, 0, 200, 100, 50, 400] {
        wire.client(offset, &stream[offset.min(stream.len())..(offset + 120).min(stream.len())]);
    }
    wire.client(0, &stream);
    wire.client(stream.len(), b"\x14\x03\x03\x00\x01\x01");
    wire.client(0, &stream);
    wire.streams.finish(wire.now, &mut wire.facts);
    assert_eq!(wire.told(), ["hello www.example.com"]);
}

#[test]
fn hello_of_a_stream_already_running_is_told_on_any_port() {
    let stream = hello("www.example.com");
    let mut wire = Wire::new();
    wire.send(CLIENT, "198.51.100.1:9999", ACK, 7, &stream[..3]);
    wire.send(CLIENT, "198.51.100.1:9999", ACK, 10, &stream[3..]);
    assert_eq!(wire.told(), ["hello www.example.com"]);
}

#[test]
fn name_before_a_gap_is_told_when_the_gap_stays() {
    let stream = hello("www.example.com");
    let mut wire = Wire::new();
    wire.syn();
    wire.client(0, &stream[..150]);
    wire.client(250, &stream[250..]);
    wire.wait(IDLE_SECONDS);
    assert_eq!(wire.told(), [""; 0]);
    wire.wait(1);
    assert_eq!(wire.told(), ["part of hello www.example.com"]);
    assert!(wire.streams.is_empty());
    assert_eq!(wire.streams.held_bytes, 0);
}

#[test]
fn requests_behind_a_gap_that_stays_are_read_again_after_a_while() {
    let request = |name: &str| format!("GET / HTTP/1.1\r\nHost: {name}\r\n\r\n").into_bytes();
    let mut wire = Wire::new();
    wire.syn();
    wire.client(0, &request("a.example"));
    let mut offset = 1000;
    for second in 1..=20 {
        wire.wait(1);
        let request = request(&format!("b{second}.example"));
        wire.client(offset, &request);
        offset += request.len();
    }
    let told = wire.told();
    assert_eq!(told.first().map(String::as_str), Some("host a.example"));
    assert_eq!(told.last().map(String::as_str), Some("host b20.example"));
    assert_eq!(told.len(), 11);
}

#[test]
fn hello_is_found_behind_starttls_connect_and_socks() {
    let connect = b"CONNECT mail.example.com:443 HTTP/1.1\r\nHost: mail.example.com:443\r\n\r\n";
    let socks = b"\x05\x01\x00\x05\x01\x00\x03\x10mail.example.com\x01\xbb";
    let cases: [(&[u8], &[&str]); 3] = [
        (b"EHLO me\r\nSTARTTLS\r\n", &["hello mail.example.com"]),
        (connect, &["connect mail.example.com:443", "hello mail.example.com"]),
        (socks, &["connect mail.example.com:443", "hello mail.example.com"]),
    ];
    for (before, expected) in cases {
        let mut wire = Wire::new();
        wire.syn();
        wire.client(0, before);
        wire.client(before.len(), &hello("mail.example.com"));
        assert_eq!(wire.told(), expected);
    }
}

#[test]
fn hello_behind_the_lines_before_starttls_comes_in_any_order() {
    for before in ["EHLO me\r\nSTARTTLS\r\n", "a1 CAPABILITY\r\na2 starttls\r\n", "STLS\r\n", "AUTH TLS\r\n"]
    {
        let stream = hello("mail.example.com");
        let mut wire = Wire::new();
        wire.syn();
        for (offset, byte) in before.bytes().enumerate() {
            wire.client(offset, &[byte]);
        }
        wire.client(before.len() + 200, &stream[200..]);
        wire.client(before.len(), &stream[..200]);
        assert_eq!(wire.told(), ["hello mail.example.com"], "{before}");
    }
}

#[test]
fn request_behind_a_body_is_found_wherever_a_segment_begins() {
    let next = b"GET / HTTP/1.1\r\nHost: b.example\r\n\r\n";
    let by_length = b"PUT / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3000\r\n\r\n";
    let by_chunks = b"PUT / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\nbb8\r\n";
    for (head, end) in [(&by_length[..], &b""[..]), (by_chunks, b"\r\n0\r\n\r\n")] {
        let stream = [head, &[b'x'; 3000], end, next].concat();
        for cut in [30, head.len() + 5, stream.len() - next.len() - 3, stream.len() - 10] {
            for behind_first in [false, true] {
                let mut wire = Wire::new();
                wire.syn();
                let mut pieces = [(0, &stream[..cut]), (cut, &stream[cut..])];
                if behind_first {
                    pieces.reverse();
                }
                for (offset, piece) in pieces {
                    wire.client(offset, piece);
                }
                assert_eq!(wire.told(), ["host a.example", "host b.example"], "cut at {cut}");
            }
        }
    }
}

#[test]
fn requests_are_read_byte_by_byte_and_many_in_one_segment() {
    let requests = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\nGET / HTTP/1.1\r\nHost: b.example\r\n\r\n";
    let mut wire = Wire::new();
    wire.syn();
    wire.client(0, requests);
    assert_eq!(wire.told(), ["host a.example", "host b.example"]);

    let mut wire = Wire::new();
    wire.syn();
    for (offset, byte) in requests.iter().enumerate() {
        wire.client(offset, &[*byte]);
    }
    assert_eq!(wire.told(), ["host a.example", "host b.example"]);
}

#[test]
fn dns_messages_are_split_and_joined_by_their_length() {
    let query = |name: &[u8]| {
        let message = [&[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], name, &[0, 0, 1, 0, 1]].concat();
        [&u16::try_from(message.len()).unwrap().to_be_bytes()[..], &message].concat()
    };
    let stream = [query(b"\x01a\x07example"), query(b"\x01b\x07example")].concat();
    for cut in 1..stream.len() {
        let mut wire = Wire::new();
        wire.send(CLIENT, "198.51.100.1:53", SYN, 99, &[]);
        wire.send(CLIENT, "198.51.100.1:53", ACK, 100 + u32::try_from(cut).unwrap(), &stream[cut..]);
        wire.send(CLIENT, "198.51.100.1:53", ACK, 100, &stream[..cut]);
        assert_eq!(wire.told(), ["query a.example", "query b.example"], "cut at {cut}");
    }
}

#[test]
fn stream_of_something_else_leaves_nothing_behind() {
    let mut wire = Wire::new();
    wire.syn();
    wire.client(0, b"SSH-2.0-client\r\n");
    wire.client(16, &[0; 1000]);
    assert!(wire.streams.is_empty());
    wire.syn();
    wire.client(0, &hello("www.example.com")[..20]);
    wire.send(CLIENT, SERVER, RST, START.wrapping_add(20), &[]);
    assert!(wire.streams.is_empty());
    assert_eq!((wire.streams.held_bytes, wire.told()), (0, vec![]));
}

#[test]
fn flood_of_syns_stays_within_the_cap_and_a_hello_is_still_seen() {
    let mut wire = Wire::new();
    wire.syn();
    for port in 0..60_000_u32 {
        wire.send(&format!("192.0.2.{}:{}", port >> 15, port & 0x7fff), SERVER, SYN, port, &[]);
    }
    assert_eq!(wire.streams.table.len(), MAX_STREAMS);
    assert_eq!(wire.streams.evicted, 60_001 - MAX_STREAMS as u64);
    wire.client(0, &hello("www.example.com"));
    assert_eq!(wire.told(), ["hello www.example.com"]);
}

#[test]
fn held_bytes_stay_within_the_cap_and_what_is_given_up_is_told() {
    let mut wire = Wire::new();
    let begin = &hello("www.example.com")[..150];
    for port in 1001..=2000 {
        let client = format!("192.0.2.1:{port}");
        wire.send(&client, SERVER, SYN, 0, &[]);
        wire.send(&client, SERVER, ACK, 1, begin);
        wire.send(&client, SERVER, ACK, 60_001, &[0; 1000]);
        assert!(wire.streams.held_bytes <= MAX_HELD_BYTES);
    }
    let told = wire.told();
    assert_eq!(told.len() as u64, wire.streams.evicted);
    assert!(told.len() > 900 && told.iter().all(|fact| fact == "part of hello www.example.com"));
}

proptest! {
    #[test]
    fn no_segments_make_it_panic_or_hold_more_than_it_counts(
        segments in proptest::collection::vec((0_u32..200_000, any::<u8>(), proptest::collection::vec(any::<u8>(), 0..90)), 0..40),
        start in proptest::sample::select(vec![&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"GET / HTTP/1.1\r\n", b"\x05\x01\x00", b"\x04\x01"]),
    ) {
        let mut wire = Wire::new();
        wire.syn();
        wire.client(0, start);
        for (offset, flags, payload) in segments {
            wire.send(CLIENT, SERVER, flags, START.wrapping_add(offset % 300), &payload);
            wire.send(CLIENT, "198.51.100.1:53", flags, offset, &payload);
        }
        wire.streams.finish(wire.now, &mut wire.facts);
        prop_assert_eq!(wire.streams.held_bytes, 0);
    }
}
