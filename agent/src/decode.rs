//! Frames in, facts out: what the bytes on the wire say, and nothing about what it means.
//!
//! Pure and hostile-proof: no clock, no panic, bounded memory. Wrong bytes make no fact; they are counted. No byte is
//! had by its index and no number computed unchecked: the lints below see to it in every module of this stage.
//! Nothing is allocated by a length that the wire states. What is kept is copied from bytes that are there, and kept in
//! `Pieces` (66 KiB a stream), in a `Table` with a capacity, or in a list that stops at a named cap (`MAX_...`).
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod cursor;
mod dns;
mod encrypted_dns;
mod fact;
mod fragments;
mod http;
mod ip;
mod link;
mod pieces;
mod quic;
mod runs;
mod socks;
mod starttls;
mod stream;
mod table;
mod tls;
mod transport;
mod tunnel;

use std::{collections::VecDeque, fmt};

use jiff::{SignedDuration, Timestamp};
use pnet::packet::ip::IpNextHeaderProtocols as Protocols;

pub use self::{
    dns::{MAX_ANSWERS, tells_of_a_filter},
    fact::{
        ClientHello, DnsAnswer, DnsData, DnsQuestion, DnsResponse, EncryptedDns, Fact, FactKind, FlowKey,
        OddName, ServerHello, Target, TcpSegment, Transport,
    },
};
use self::{
    fragments::Fragments,
    ip::{Packet, Room},
    link::LinkError,
    quic::Quic,
    runs::{Plain, Runs},
    stream::Streams,
};
use crate::capture::{Direction, Frame};

/// A frame this much older than the latest means that the clock was set back, not that frames are out of order.
const CLOCK_STEP: SignedDuration = SignedDuration::from_mins(1);
/// Packets inside packets that are followed; what is packed deeper is not read.
const MAX_NESTING: usize = 4;

/// Turns frames into facts.
///
/// Call [`handle`](Self::handle) for each frame and then [`poll`](Self::poll) until it has nothing more.
pub struct Decoder {
    facts: Facts,
    runs: Runs,
    fragments: Fragments,
    streams: Streams,
    quic: Quic,
    counts: Counts,
    /// Latest time of any frame: time from the frames, which may come out of order, does not run back.
    now: Timestamp,
    /// When to look for what idles: once a second of the frames' time, not at every frame.
    next_sweep: Timestamp,
}

/// What was seen and what could not be read, since the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames handed in.
    pub frames: u64,
    /// Frames without IP, such as ARP.
    pub not_ip: u64,
    /// Frames that end before their link header does.
    pub link_malformed: u64,
    /// IP packets whose header makes no sense.
    pub ip_malformed: u64,
    /// TCP, UDP and ICMP packets whose header makes no sense or was not kept.
    pub transport_malformed: u64,
    /// Datagrams on port 53 that are no DNS.
    pub dns_malformed: u64,
    /// QUIC Initial packets that no key opened.
    pub quic_undecryptable: u64,
    /// Packets found inside packets.
    pub tunneled: u64,
    /// Fragmented packets given up for want of room or of a piece.
    pub fragments_given_up: u64,
    /// TCP streams and QUIC connections given up for want of room.
    pub streams_given_up: u64,
    /// Hellos that ended without having become whole; those that had said a name by then have been told.
    pub hellos_incomplete: u64,
}

/// Frames that hold no packets to speak of: random bytes, or the wrong link type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "nothing to read in it: of {frames} frames {not_ip} are without IP and {malformed} malformed; capture it anew with tcpdump -w"
)]
pub struct Illegible {
    frames: u64,
    not_ip: u64,
    malformed: u64,
}

impl Counts {
    /// Refuses what hardly can be a capture: no frame holds a packet that makes sense, or most are malformed.
    pub fn legible(&self) -> Result<(), Illegible> {
        let Self { frames, not_ip, .. } = *self;
        let malformed =
            self.link_malformed.saturating_add(self.ip_malformed).saturating_add(self.transport_malformed);
        if frames > 0 && (not_ip.saturating_add(malformed) >= frames || malformed > frames / 2) {
            return Err(Illegible { frames, not_ip, malformed });
        }
        Ok(())
    }
}

/// Facts waiting to be polled.
#[derive(Default)]
struct Facts {
    queue: VecDeque<Fact>,
    /// Interface of the frame that is being read.
    interface: u32,
}

impl Facts {
    fn push(&mut self, time: Timestamp, flow: FlowKey, direction: Option<Direction>, kind: FactKind) {
        self.push_on(self.interface, time, flow, direction, kind);
    }

    fn push_on(
        &mut self,
        interface: u32,
        time: Timestamp,
        flow: FlowKey,
        direction: Option<Direction>,
        kind: FactKind,
    ) {
        let encrypted_dns = encrypted_dns::behind(&flow, &kind);
        self.queue.push_back(Fact { time, flow, direction, interface, kind });
        if let Some(how) = encrypted_dns {
            let kind = FactKind::EncryptedDns(how);
            self.queue.push_back(Fact { time, flow, direction, interface, kind });
        }
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder that has seen nothing yet.
    pub fn new() -> Self {
        Self {
            facts: Facts::default(),
            runs: Runs::new(),
            fragments: Fragments::new(),
            streams: Streams::new(),
            quic: Quic::new(),
            counts: Counts::default(),
            now: Timestamp::MIN,
            next_sweep: Timestamp::MIN,
        }
    }

    /// Reads one frame.
    pub fn handle(&mut self, frame: &Frame<'_>) {
        self.counts.frames = self.counts.frames.wrapping_add(1);
        if frame.time >= self.next_sweep || self.runs.is_due(frame.time) {
            self.handle_timeout(frame.time);
        }
        self.facts.interface = frame.interface;
        let unwrapped = match link::unwrap(frame.link, frame.bytes) {
            Ok(unwrapped) => unwrapped,
            Err(error) => {
                let count = match error {
                    LinkError::NotIp => &mut self.counts.not_ip,
                    LinkError::Short => &mut self.counts.link_malformed,
                };
                *count = count.wrapping_add(1);
                return;
            }
        };
        let link_bytes = frame.bytes.len().saturating_sub(unwrapped.packet.len());
        let wire_bytes = frame.wire_bytes.saturating_sub(u32::try_from(link_bytes).unwrap_or(u32::MAX));
        let direction = frame.direction.or(unwrapped.direction);
        let context = Context { time: frame.time, direction, stride: frame.stride };
        let room = Room { wire_bytes, at_most: unwrapped.at_most.unwrap_or(u32::MAX) };
        if self.runs_on(context, unwrapped.packet, room, frame.interface) {
            return;
        }
        self.notice_time(frame.time);
        self.packet(context, unwrapped.packet, room, 0);
    }

    /// The next fact, in the order of the frames.
    pub fn poll(&mut self) -> Option<Fact> {
        self.facts.queue.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) if no frame comes before.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let waits = !self.streams.is_empty() || !self.quic.is_empty();
        let sweep = waits.then_some(self.next_sweep);
        sweep.into_iter().chain(self.runs.poll_timeout()).min()
    }

    /// Time passed: hellos that waited too long for their missing pieces are told as far as they are known.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.notice_time(now);
        self.runs.end_due(now, &mut self.facts);
        if self.now < self.next_sweep {
            return;
        }
        self.next_sweep = seconds_after(self.now, 1);
        self.facts.interface = 0;
        self.fragments.expire(now);
        self.streams.expire(now, &mut self.facts);
        self.quic.expire(now, &mut self.facts);
    }

    /// Tells all that passed until now, also what would have waited a little for more.
    pub fn tell_runs(&mut self) {
        self.runs.end_all(&mut self.facts);
    }

    /// The capture is over: what is known of unfinished hellos comes out.
    pub fn finish(&mut self) {
        self.tell_runs();
        self.facts.interface = 0;
        self.streams.finish(self.now, &mut self.facts);
        self.quic.finish(self.now, &mut self.facts);
    }

    /// What was seen and what could not be read.
    pub fn counts(&self) -> Counts {
        Counts {
            quic_undecryptable: self.quic.undecryptable,
            fragments_given_up: self.fragments.given_up,
            hellos_incomplete: self.streams.hellos_incomplete.wrapping_add(self.quic.hellos_incomplete),
            streams_given_up: self.streams.evicted.wrapping_add(self.quic.evicted),
            ..self.counts.clone()
        }
    }

    /// Time goes on, or the clock was set back: then what waits goes on waiting from there.
    fn notice_time(&mut self, time: Timestamp) {
        if self.now.duration_since(time) <= CLOCK_STEP {
            self.now = self.now.max(time);
            return;
        }
        self.tell_runs();
        self.fragments.restart_clock(time);
        self.streams.restart_clock(time);
        self.quic.restart_clock(time);
        (self.now, self.next_sweep) = (time, time);
    }

    /// Whether the packet is the middle of a transfer and nothing more.
    fn runs_on(
        &mut self,
        Context { time, direction, stride }: Context,
        packet: &[u8],
        room: Room,
        interface: u32,
    ) -> bool {
        if room.at_most == u32::MAX && self.runs.go_on(time, direction, interface, packet) {
            return true;
        }
        let Some(plain) = Plain::read(packet, room, interface, stride) else { return false };
        if self.runs.join(time, direction, &plain, packet) {
            return true;
        }
        if plain.is_pure_ack() || plain.has_payload && self.streams.await_more(&plain.flow()) {
            return false;
        }
        self.notice_time(time);
        self.runs.begin(time, direction, plain, packet, &mut self.facts);
        true
    }

    fn packet(&mut self, context: Context, bytes: &[u8], room: Room, nesting: usize) {
        let Some(packet) = ip::parse(bytes, room) else {
            self.counts.ip_malformed = self.counts.ip_malformed.wrapping_add(1);
            return;
        };
        if packet.fragment.is_none() {
            return self.payload(context, &packet, nesting);
        }
        if let Some(whole) = self.fragments.insert(self.now, &packet) {
            self.payload(context, &whole.packet(&packet), nesting);
        }
    }

    /// What a whole packet carries.
    fn payload(&mut self, context: Context, packet: &Packet<'_>, nesting: usize) {
        let understood = match packet.protocol {
            Protocols::Tcp => self.tcp(context, packet),
            Protocols::Udp => self.udp(context, packet, nesting),
            Protocols::Icmp | Protocols::Icmpv6 => {
                if let Some(flow) = transport::refused(packet) {
                    self.runs.end(&flow, &mut self.facts);
                    self.facts.push(context.time, flow, context.direction, FactKind::Unreachable);
                }
                Some(())
            }
            Protocols::Ipv4 | Protocols::Ipv6 => {
                self.inner(context, packet, packet.payload, nesting);
                Some(())
            }
            Protocols::Gre => {
                if let Some(inner) = tunnel::in_gre(packet.payload) {
                    self.inner(context, packet, inner, nesting);
                }
                Some(())
            }
            _ => Some(()),
        };
        if understood.is_none() {
            self.counts.transport_malformed = self.counts.transport_malformed.wrapping_add(1);
        }
    }

    /// A packet within a packet.
    fn inner(&mut self, context: Context, outer: &Packet<'_>, inner: &[u8], nesting: usize) {
        if nesting >= MAX_NESTING {
            return;
        }
        self.counts.tunneled = self.counts.tunneled.wrapping_add(1);
        let header_bytes = u32::try_from(outer.payload.len().saturating_sub(inner.len())).unwrap_or(u32::MAX);
        let room = Room::of(outer.payload_bytes.saturating_sub(header_bytes));
        // The kernel passes over nothing that is inside of something.
        let context = Context { stride: 0, ..context };
        self.packet(context, inner, room, nesting.saturating_add(1));
    }

    fn tcp(&mut self, Context { time, direction, stride }: Context, packet: &Packet<'_>) -> Option<()> {
        let (flow, segment, payload) = transport::tcp(time, packet)?;
        let segment = TcpSegment { stride, ..segment };
        self.runs.end(&flow, &mut self.facts);
        self.facts.push(time, flow, direction, FactKind::TcpSegment(segment));
        if let Some(sign) = tls::sign(payload) {
            self.facts.push(time, flow, direction, sign);
        }
        self.streams.segment(time, flow, direction, &segment, payload, &mut self.facts);
        Some(())
    }

    fn udp(&mut self, context: Context, packet: &Packet<'_>, nesting: usize) -> Option<()> {
        let Context { time, direction, .. } = context;
        let (flow, payload_bytes, payload) = transport::udp(packet)?;
        self.runs.end(&flow, &mut self.facts);
        self.facts.push(time, flow, direction, FactKind::UdpDatagram { payload_bytes, until: time });
        if flow.src.port() == dns::PORT || flow.dst.port() == dns::PORT {
            let facts = &mut self.facts;
            if dns::parse(payload, |kind| facts.push(time, flow, direction, kind)).is_none() {
                self.counts.dns_malformed = self.counts.dns_malformed.wrapping_add(1);
            }
        } else if quic::begins_like_quic(payload) {
            self.quic.datagram(time, flow, direction, payload, &mut self.facts);
        } else if let Some(inner) = tunnel::in_udp([flow.src.port(), flow.dst.port()], payload) {
            self.inner(context, packet, inner, nesting);
        }
        Some(())
    }
}

/// Whose packet a frame holds, and nothing else of it: for who has to hurry. Only of bare IP in no tunnel.
pub fn flow_of(frame: &Frame<'_>) -> Option<FlowKey> {
    let packet = ip::parse(frame.bytes, Room::of(frame.wire_bytes))?;
    transport::tcp(frame.time, &packet).map(|(flow, ..)| flow)
}

/// What a frame says about everything in it.
#[derive(Clone, Copy)]
struct Context {
    time: Timestamp,
    direction: Option<Direction>,
    stride: u32,
}

fn seconds_before(time: Timestamp, seconds: i64) -> Timestamp {
    time.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN)
}

fn seconds_after(time: Timestamp, seconds: i64) -> Timestamp {
    time.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
