//! A decoder that is watched: after every frame, and at the end, what has to hold of it is held against it.

use elsewhere_agent::{
    capture::{Direction, Frame, Link},
    decode::{ClientHello, Counts, Decoder, DnsData, DnsResponse, Fact, FactKind, MAX_ANSWERS, Target},
    domain::Domain,
};
use jiff::{SignedDuration, Timestamp};

/// Facts that a frame gives by being one: its segment or datagram, and signs that it begins with.
const FACTS_A_FRAME: usize = 3;
/// The shortest thing that makes a fact of its own, a question that points back to another's name, has 6 bytes.
const BYTES_A_FACT: usize = 6;
/// Longest JA4: 10 characters, and twice an underscore and 12 more.
const JA4_BYTES: usize = 36;

/// The decoder, and what came out of it.
pub struct Watched {
    decoder: Decoder,
    now: Timestamp,
    frames: usize,
    bytes: usize,
    facts: usize,
    datagrams: u64,
    /// Payload bytes of the packets made for it, if all were, and of its facts.
    sent_bytes: Option<u64>,
    told_bytes: u64,
    said: Vec<FactKind>,
}

impl Default for Watched {
    fn default() -> Self {
        Self {
            decoder: Decoder::new(),
            now: Timestamp::UNIX_EPOCH,
            frames: 0,
            bytes: 0,
            facts: 0,
            datagrams: 0,
            sent_bytes: Some(0),
            told_bytes: 0,
            said: Vec::new(),
        }
    }
}

impl Watched {
    /// A well-formed IP packet with so many bytes of payload, and the way it went.
    pub fn packet(&mut self, bytes: &[u8], payload_bytes: usize, direction: Option<Direction>) {
        let sent_bytes = self.sent_bytes.map(|sum| sum + payload_bytes as u64);
        let wire_bytes = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let frame = Frame {
            time: self.now,
            link: Link::RawIp,
            interface: 1,
            direction,
            wire_bytes,
            stride: 0,
            bytes,
        };
        self.frame(&frame);
        self.sent_bytes = sent_bytes;
    }

    /// Any frame.
    pub fn frame(&mut self, frame: &Frame<'_>) {
        self.sent_bytes = None;
        self.frames += 1;
        self.bytes += frame.bytes.len();
        self.decoder.handle(frame);
        self.drain();
    }

    /// Time passes.
    pub fn wait(&mut self, seconds: i64) {
        self.now = self.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(self.now);
        self.decoder.handle_timeout(self.now);
        self.drain();
    }

    /// The capture is over: what was said, without the facts that only count packets.
    pub fn finish(mut self) -> Vec<FactKind> {
        self.decoder.finish();
        self.drain();
        assert_eq!(self.decoder.poll_timeout(), None, "something waits after the end");
        if let Some(sent_bytes) = self.sent_bytes {
            assert_eq!(self.told_bytes, sent_bytes, "payload bytes are not those of the headers");
        }
        self.said
    }

    /// What could not be read.
    pub fn counts(&self) -> Counts {
        self.decoder.counts()
    }

    fn drain(&mut self) {
        while let Some(fact) = self.decoder.poll() {
            self.facts += 1;
            check(&fact);
            match fact.kind {
                FactKind::TcpSegment(segment) => self.told_bytes += u64::from(segment.payload_bytes),
                FactKind::UdpDatagram { payload_bytes, .. } => {
                    self.datagrams += 1;
                    self.told_bytes += u64::from(payload_bytes);
                }
                said => self.said.push(said),
            }
        }
        let most = self.frames * FACTS_A_FRAME + self.bytes / BYTES_A_FACT;
        assert!(self.facts <= most, "{} facts of {} frames, {} bytes", self.facts, self.frames, self.bytes);
        check_counts(&self.decoder.counts(), self.frames as u64, self.datagrams);
    }
}

/// Counts are of the frames handed in and agree with each other.
pub fn check_counts(counts: &Counts, frames: u64, datagrams: u64) {
    assert_eq!(counts.frames, frames);
    assert!(counts.not_ip + counts.link_malformed <= frames, "{counts:?}");
    // Each packet, and each packet in a packet, fails once at most.
    assert!(counts.ip_malformed + counts.transport_malformed <= frames + counts.tunneled, "{counts:?}");
    assert!(counts.dns_malformed <= datagrams, "{counts:?}");
}

fn check(fact: &Fact) {
    match &fact.kind {
        FactKind::DnsQuery(question) => check_name(&question.qname),
        FactKind::DnsResponse(response) => check_response(response),
        FactKind::TlsClientHello(hello) | FactKind::QuicClientHello { hello, .. } => check_hello(hello),
        FactKind::HttpHost(name) => check_name(name),
        FactKind::HttpConnect(target) | FactKind::SocksConnect(target) => check_target(target),
        _ => {}
    }
}

fn check_response(response: &DnsResponse) {
    assert!(response.answers.len() <= MAX_ANSWERS && response.rcode < 16);
    response.question.iter().for_each(|question| check_name(&question.qname));
    for answer in &response.answers {
        check_name(&answer.name);
        match &answer.data {
            DnsData::Alias(name) | DnsData::Service { ech_public_name: Some(name), .. } => check_name(name),
            _ => {}
        }
    }
}

fn check_hello(hello: &ClientHello) {
    hello.server_name.iter().for_each(check_name);
    assert!(hello.alpn.len() <= 8 && hello.alpn.iter().all(|protocol| protocol.len() <= 3 * 255));
    assert!(hello.ja4.is_empty() || hello.ja4.len() == JA4_BYTES, "{}", hello.ja4);
}

fn check_target(target: &Target) {
    target.name.iter().for_each(check_name);
    assert!(target.name.is_some() != target.address.is_some(), "a name or an address");
}

/// A name is what `Domain` says it is, and reads again as itself.
fn check_name(name: &Domain) {
    let text = name.as_str();
    assert!((1..=253).contains(&text.len()) && text.split('.').all(|label| (1..=63).contains(&label.len())));
    assert!(text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*')));
    assert_eq!(Domain::from_wire(text.as_bytes()).as_ref(), Ok(name));
    if let Some(registrable) = name.registrable() {
        assert!(text.ends_with(registrable));
    }
}
