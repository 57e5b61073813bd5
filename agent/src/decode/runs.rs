//! Plain segments that follow one another, told as one fact, as a network card's receive offload does it.
//!
//! Nearly all packets of a busy device are the middle of a transfer: they say nothing but that so many more bytes went
//! the same way. Such a packet is told by a few loads and compares and joins the run of its flow; what would be a
//! fact a packet is one a tenth of a second. Refuses all that may say more: flags, fragments, options of IP, gaps and
//! repetitions, what begins like a name or belongs to a stream that waits for it. Always holds: the facts of one flow
//! keep their order; a run holds one direction of a flow, and payload the other way ends it; a pure acknowledgement
//! of a running flow adds nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use jiff::{SignedDuration, Timestamp};

use super::{
    Facts, dns,
    fact::{FactKind, FlowKey, TcpSegment, Transport},
    ip::Room,
    quic, stream,
};
use crate::capture::Direction;

/// Runs at a time, each in the one place that its flow may have; a flow that finds its place taken ends the other's run.
const PLACES: usize = 64;
/// Longest run: what comes of a transfer is told while it goes on, and its pauses stay visible.
const LONGEST: SignedDuration = SignedDuration::from_millis(100);
/// A run ends before its sum of bytes could overflow: packets have at most 2^31 bytes.
const MOST_BYTES: u32 = 1 << 31;

const PSH_ACK: u8 = 0x18;
const ACK: u8 = 0x10;
/// Explicit congestion notification, RFC 3168 §6.1: says nothing here.
const ECN: u8 = 0xc0;

/// All runs.
pub(super) struct Runs {
    places: [Option<Run>; PLACES],
    /// No run ends later; none is there where it is `None`.
    pub(super) due: Option<Timestamp>,
}

struct Run {
    ends: Ends,
    direction: Option<Direction>,
    from: Timestamp,
    until: Timestamp,
    deadline: Timestamp,
    first: Plain,
    next_seq: u32,
    payload_bytes: u32,
}

/// Who sends to whom over which protocol, on which interface.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ends {
    src: u128,
    dst: u128,
    src_port: u16,
    dst_port: u16,
    is_v4: bool,
    transport: Transport,
    interface: u32,
}

/// A packet that says no more than its headers.
#[derive(Clone, Copy)]
pub(super) struct Plain {
    ends: Ends,
    seq: u32,
    ack: u32,
    flags: u8,
    ttl: u8,
    payload_bytes: u32,
    /// Some of its payload was kept: a stream that waits for it has to have it.
    pub(super) has_payload: bool,
}

impl Runs {
    pub(super) fn new() -> Self {
        Self { places: [const { None }; PLACES], due: None }
    }

    /// Takes the packet into the run of its flow; `false` where it does not go on there.
    pub(super) fn join(&mut self, time: Timestamp, direction: Option<Direction>, plain: &Plain) -> bool {
        let Some(Some(run)) = self.places.get_mut(plain.ends.place()) else { return false };
        if time < run.until || time > run.deadline {
            return false;
        }
        if plain.ends != run.ends {
            return plain.is_pure_ack() && plain.ends == run.ends.turned();
        }
        if plain.seq != run.next_seq || direction != run.direction || run.payload_bytes >= MOST_BYTES {
            return false;
        }
        run.until = time;
        run.next_seq = plain.next_seq();
        run.payload_bytes = run.payload_bytes.saturating_add(plain.payload_bytes);
        run.first.flags |= plain.flags;
        true
    }

    /// Begins a run with the packet, and tells the one that had its place.
    pub(super) fn begin(
        &mut self,
        time: Timestamp,
        direction: Option<Direction>,
        plain: Plain,
        facts: &mut Facts,
    ) {
        let Some(place) = self.places.get_mut(plain.ends.place()) else { return };
        let deadline = after(time);
        let run = Run {
            ends: plain.ends,
            direction,
            from: time,
            until: time,
            deadline,
            next_seq: plain.next_seq(),
            payload_bytes: plain.payload_bytes,
            first: plain,
        };
        if let Some(old) = place.replace(run) {
            old.tell(facts);
        }
        self.due = self.due.or(Some(deadline));
    }

    /// Tells the run of a flow, because something else is about to be told of it.
    pub(super) fn end(&mut self, flow: &FlowKey, facts: &mut Facts) {
        let ends = Ends::of(flow);
        let Some(place) = self.places.get_mut(ends.place()) else { return };
        let is_of_flow = |run: &mut Run| {
            let run = Ends { interface: 0, ..run.ends };
            run == ends || run.turned() == ends
        };
        if let Some(run) = place.take_if(is_of_flow) {
            run.tell(facts);
        }
    }

    /// Tells the runs that should have ended before `now`.
    pub(super) fn end_due(&mut self, now: Timestamp, facts: &mut Facts) {
        if self.due.is_none_or(|due| now <= due) {
            return;
        }
        for run in self.places.iter_mut().filter_map(|place| place.take_if(|run| run.deadline < now)) {
            run.tell(facts);
        }
        self.due = self.places.iter().flatten().map(|run| run.deadline).min();
    }

    /// Tells all runs.
    pub(super) fn end_all(&mut self, facts: &mut Facts) {
        self.end_due(Timestamp::MAX, facts);
    }
}

impl Run {
    fn tell(self, facts: &mut Facts) {
        let Plain { seq, ack, flags, ttl, .. } = self.first;
        let (payload_bytes, until) = (self.payload_bytes, self.until);
        let kind = match self.ends.transport {
            Transport::Tcp => FactKind::TcpSegment(TcpSegment { seq, ack, flags, payload_bytes, until, ttl }),
            Transport::Udp => FactKind::UdpDatagram { payload_bytes, until },
        };
        facts.push(self.from, self.ends.flow(), self.direction, kind);
    }
}

impl Ends {
    fn of(flow: &FlowKey) -> Self {
        let (src, is_v4) = bits(flow.src.ip());
        let (dst, _) = bits(flow.dst.ip());
        let (src_port, dst_port) = (flow.src.port(), flow.dst.port());
        Self { src, dst, src_port, dst_port, is_v4, transport: flow.transport, interface: 0 }
    }

    fn flow(&self) -> FlowKey {
        let address = |bits: u128| match u32::try_from(bits) {
            Ok(bits) if self.is_v4 => IpAddr::from(Ipv4Addr::from_bits(bits)),
            _ => IpAddr::from(Ipv6Addr::from_bits(bits)),
        };
        let src = SocketAddr::new(address(self.src), self.src_port);
        FlowKey { transport: self.transport, src, dst: SocketAddr::new(address(self.dst), self.dst_port) }
    }

    fn turned(self) -> Self {
        Self { src: self.dst, dst: self.src, src_port: self.dst_port, dst_port: self.src_port, ..self }
    }

    /// The flow's place, the same for both directions.
    fn place(&self) -> usize {
        /// The golden ratio's fraction: spreads what differs in few bits.
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let both = self.src ^ self.dst;
        let ports = u128::from(self.src_port ^ self.dst_port) << 48;
        #[expect(clippy::cast_possible_truncation, reason = "both halves count")]
        let mixed = (both ^ both >> 64 ^ ports) as u64;
        usize::try_from(mixed.wrapping_mul(SPREAD) >> 58).unwrap_or(0)
    }
}

impl Plain {
    /// Reads a packet; `None` where it may say more than its headers.
    pub(super) fn read(packet: &[u8], room: Room, interface: u32) -> Option<Self> {
        match packet.first()? {
            0x45 => Self::v4(packet, room, interface),
            0x60..=0x6f => Self::v6(packet, room, interface),
            _ => None,
        }
    }

    pub(super) fn flow(&self) -> FlowKey {
        self.ends.flow()
    }

    /// Nothing but an acknowledgement.
    pub(super) fn is_pure_ack(&self) -> bool {
        self.payload_bytes == 0
    }

    fn v4(packet: &[u8], room: Room, interface: u32) -> Option<Self> {
        const FRAGMENT: u16 = 0x3fff;
        let &[_, _, a, b, _, _, c, d, ttl, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
            packet.first_chunk()?;
        if u16::from_be_bytes([c, d]) & FRAGMENT != 0 {
            return None;
        }
        let total_bytes = match u16::from_be_bytes([a, b]) {
            0 => room.wire_bytes,
            length => u32::from(length),
        };
        let src = u128::from(u32::from_be_bytes([s0, s1, s2, s3]));
        let dst = u128::from(u32::from_be_bytes([d0, d1, d2, d3]));
        let ends =
            Ends { src, dst, src_port: 0, dst_port: 0, is_v4: true, transport: Transport::Tcp, interface };
        Self::inside(protocol, ttl, total_bytes.min(room.at_most).checked_sub(20)?, packet.get(20..)?, ends)
    }

    fn v6(packet: &[u8], room: Room, interface: u32) -> Option<Self> {
        let &[_, _, _, _, a, b, protocol, ttl] = packet.first_chunk()?;
        let stated = match u16::from_be_bytes([a, b]) {
            0 => room.wire_bytes.checked_sub(40)?,
            length => u32::from(length),
        };
        let src = u128::from_be_bytes(*packet.get(8..)?.first_chunk()?);
        let dst = u128::from_be_bytes(*packet.get(24..)?.first_chunk()?);
        let ends =
            Ends { src, dst, src_port: 0, dst_port: 0, is_v4: false, transport: Transport::Tcp, interface };
        Self::inside(protocol, ttl, stated.min(room.at_most.checked_sub(40)?), packet.get(40..)?, ends)
    }

    fn inside(protocol: u8, ttl: u8, room_bytes: u32, segment: &[u8], mut ends: Ends) -> Option<Self> {
        const TCP: u8 = 6;
        const UDP: u8 = 17;
        let &[a, b, c, d] = segment.first_chunk()?;
        (ends.src_port, ends.dst_port) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        if ends.src_port == dns::PORT || ends.dst_port == dns::PORT {
            return None;
        }
        match protocol {
            TCP => Self::tcp(ttl, room_bytes, segment, ends),
            UDP => {
                ends.transport = Transport::Udp;
                Self::udp(ttl, room_bytes, segment, ends)
            }
            _ => None,
        }
    }

    fn tcp(ttl: u8, room_bytes: u32, segment: &[u8], ends: Ends) -> Option<Self> {
        let &[_, _, _, _, s0, s1, s2, s3, a0, a1, a2, a3, offset, flags] = segment.first_chunk()?;
        if flags & ACK == 0 || flags & !(PSH_ACK | ECN) != 0 {
            return None;
        }
        let header_bytes = u32::from(offset >> 4).saturating_mul(4);
        let payload_bytes = room_bytes.checked_sub(header_bytes.max(20))?;
        let first = segment.get(header_bytes as usize).filter(|_| payload_bytes > 0);
        if header_bytes < 20 || first.is_some_and(|first| stream::may_begin(*first)) {
            return None;
        }
        let (seq, ack) = (u32::from_be_bytes([s0, s1, s2, s3]), u32::from_be_bytes([a0, a1, a2, a3]));
        Some(Self { ends, seq, ack, flags, ttl, payload_bytes, has_payload: first.is_some() })
    }

    fn udp(ttl: u8, room_bytes: u32, datagram: &[u8], ends: Ends) -> Option<Self> {
        let &[_, _, _, _, a, b, _, _] = datagram.first_chunk()?;
        if u32::from(u16::from_be_bytes([a, b])) != room_bytes || quic::begins_like_quic(datagram.get(8..)?) {
            return None;
        }
        let payload_bytes = room_bytes.checked_sub(8).filter(|bytes| *bytes > 0)?;
        Some(Self { ends, seq: 0, ack: 0, flags: 0, ttl, payload_bytes, has_payload: false })
    }

    /// Where the run goes on; datagrams have no order.
    fn next_seq(&self) -> u32 {
        match self.ends.transport {
            Transport::Tcp => self.seq.wrapping_add(self.payload_bytes),
            Transport::Udp => 0,
        }
    }
}

fn bits(address: IpAddr) -> (u128, bool) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), true),
        IpAddr::V6(address) => (address.to_bits(), false),
    }
}

fn after(time: Timestamp) -> Timestamp {
    time.checked_add(LONGEST).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
