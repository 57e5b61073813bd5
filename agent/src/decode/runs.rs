//! Plain segments that follow one another, told as one fact, as a network card's receive offload does it.
//!
//! Nearly all packets of a busy device are the middle of a transfer: they say nothing but that so many more bytes went
//! the same way. Such a packet is told by a few loads and compares and joins the run of its flow; what would be a
//! fact a packet is one a tenth of a second. Refuses all that may say more: flags, fragments, options of IP, gaps and
//! repetitions, what begins like a name or belongs to a stream that waits for it. Always holds: the facts of one flow
//! keep their order; a run holds one direction of a flow, and payload the other way ends it; a pure acknowledgement
//! of a running flow adds nothing.

mod alike;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use jiff::{SignedDuration, Timestamp};

use self::alike::Last;
use super::{
    Facts, dns,
    fact::{FactKind, FlowKey, TcpSegment, Transport},
    ip::Room,
    quic, stream, tunnel,
};
use crate::capture::Direction;

/// Runs at a time, each in the one place that its flow may have; a flow that finds its place taken ends the other's run.
const PLACES: usize = 64;
/// Longest run: what comes of a transfer is told while it goes on, and its pauses stay visible.
const LONGEST: SignedDuration = SignedDuration::from_millis(100);
/// A pause that ends a run: who waits for an answer sees when its first packet came, not when the packets before did.
const PAUSE: SignedDuration = SignedDuration::from_millis(5);
/// A run ends before its sum of bytes could overflow: packets have at most 2^31 bytes.
const MOST_BYTES: u32 = 1 << 31;

const PSH_ACK: u8 = 0x18;
const ACK: u8 = 0x10;
/// Explicit congestion notification, RFC 3168 §6.1: says nothing here.
const ECN: u8 = 0xc0;
/// Protocol numbers of IP.
const TCP: u8 = 6;
const UDP: u8 = 17;

/// All runs.
pub(super) struct Runs {
    places: [Option<Run>; PLACES],
    last: Last,
    /// When the first run has to end; never where there is none.
    due: Timestamp,
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
    /// The sender's in the upper half.
    ports: u32,
    kind: Kind,
    interface: u32,
}

/// What an address is of, and what its ports are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    TcpV4,
    TcpV6,
    UdpV4,
    UdpV6,
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
    /// As the frame's.
    stride: u32,
    /// Some of its payload was kept: a stream that waits for it has to have it.
    pub(super) has_payload: bool,
}

impl Runs {
    pub(super) fn new() -> Self {
        Self { places: [const { None }; PLACES], last: Last::nothing(), due: Timestamp::MAX }
    }

    /// Takes the packet into the run that went on last; `false` where it does not go on there, or says more.
    #[inline]
    pub(super) fn go_on(
        &mut self,
        time: Timestamp,
        direction: Option<Direction>,
        interface: u32,
        packet: &[u8],
    ) -> bool {
        let Some(segment) = self.last.next(packet) else { return false };
        let Some(Some(run)) = self.places.get_mut(self.last.place) else { return false };
        let goes_on = run.may_go_on(time, direction, segment.seq) && interface == run.ends.interface;
        if goes_on {
            run.add(time, segment.seq, segment.flags, segment.payload_bytes);
        }
        goes_on
    }

    /// Takes the packet into the run of its flow; `false` where it does not go on there.
    pub(super) fn join(
        &mut self,
        time: Timestamp,
        direction: Option<Direction>,
        plain: &Plain,
        packet: &[u8],
    ) -> bool {
        let place = plain.ends.place();
        let Some(Some(run)) = self.places.get_mut(place) else { return false };
        if plain.ends != run.ends {
            return plain.is_pure_ack() && plain.ends == run.ends.turned() && time < run.deadline;
        }
        let goes_on = run.may_go_on(time, direction, plain.seq);
        if goes_on {
            run.add(time, plain.seq, plain.flags, plain.payload_bytes);
            self.last.set(packet, place);
        }
        goes_on
    }

    /// Begins a run with the packet, and tells the one that had its place.
    pub(super) fn begin(
        &mut self,
        time: Timestamp,
        direction: Option<Direction>,
        plain: Plain,
        packet: &[u8],
        facts: &mut Facts,
    ) {
        let at = plain.ends.place();
        self.last.set(packet, at);
        let Some(place) = self.places.get_mut(at) else { return };
        let deadline = after(time);
        let mut run = Run {
            ends: plain.ends,
            direction,
            from: time,
            until: time,
            deadline,
            next_seq: plain.seq,
            payload_bytes: 0,
            first: plain,
        };
        run.add(time, plain.seq, plain.flags, plain.payload_bytes);
        if let Some(old) = place.replace(run) {
            old.tell(facts);
        }
        self.due = self.due.min(deadline);
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

    /// When `is_due`, if no packet comes before.
    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        Some(self.due).filter(|due| *due < Timestamp::MAX)
    }

    /// Whether a run has to end by `now`.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        now >= self.due
    }

    /// Tells the runs that have to end by `now`.
    pub(super) fn end_due(&mut self, now: Timestamp, facts: &mut Facts) {
        if !self.is_due(now) {
            return;
        }
        for run in self.places.iter_mut().filter_map(|place| place.take_if(|run| run.deadline <= now)) {
            run.tell(facts);
        }
        self.due = self.places.iter().flatten().map(|run| run.deadline).min().unwrap_or(Timestamp::MAX);
    }

    /// Tells all runs.
    pub(super) fn end_all(&mut self, facts: &mut Facts) {
        self.end_due(Timestamp::MAX, facts);
    }
}

impl Run {
    fn may_go_on(&self, time: Timestamp, direction: Option<Direction>, seq: u32) -> bool {
        (self.until..self.deadline).contains(&time)
            && time.duration_since(self.until) < PAUSE
            && (seq == self.next_seq || seq.wrapping_sub(self.next_seq) < self.first.stride)
            && direction == self.direction
            && self.payload_bytes < MOST_BYTES
    }

    /// Adds a packet, and what passed unshown before it.
    fn add(&mut self, time: Timestamp, seq: u32, flags: u8, payload_bytes: u32) {
        let unshown = seq.wrapping_sub(self.next_seq);
        self.until = time;
        self.payload_bytes = self.payload_bytes.saturating_add(unshown).saturating_add(payload_bytes);
        self.first.flags |= flags;
        // Datagrams have no order.
        if self.ends.kind.transport() == Transport::Tcp {
            self.next_seq = seq.wrapping_add(payload_bytes);
        }
    }

    fn tell(self, facts: &mut Facts) {
        let Plain { seq, ack, flags, ttl, stride, .. } = self.first;
        let (payload_bytes, until) = (self.payload_bytes, self.until);
        let kind = match self.ends.kind.transport() {
            Transport::Tcp => {
                FactKind::TcpSegment(TcpSegment { seq, ack, flags, payload_bytes, until, stride, ttl })
            }
            Transport::Udp => FactKind::UdpDatagram { payload_bytes, until },
        };
        facts.push_on(self.ends.interface, self.from, self.ends.flow(), self.direction, kind);
    }
}

impl Ends {
    fn of(flow: &FlowKey) -> Self {
        let kind = match (flow.transport, flow.src.is_ipv4()) {
            (Transport::Tcp, true) => Kind::TcpV4,
            (Transport::Tcp, false) => Kind::TcpV6,
            (Transport::Udp, true) => Kind::UdpV4,
            (Transport::Udp, false) => Kind::UdpV6,
        };
        let ports = u32::from(flow.src.port()) << 16 | u32::from(flow.dst.port());
        Self { src: bits(flow.src.ip()), dst: bits(flow.dst.ip()), ports, kind, interface: 0 }
    }

    fn flow(&self) -> FlowKey {
        let address = |bits: u128| match (self.kind, u32::try_from(bits)) {
            (Kind::TcpV4 | Kind::UdpV4, Ok(bits)) => IpAddr::from(Ipv4Addr::from_bits(bits)),
            _ => IpAddr::from(Ipv6Addr::from_bits(bits)),
        };
        let [a, b, c, d] = self.ports.to_be_bytes();
        let src = SocketAddr::new(address(self.src), u16::from_be_bytes([a, b]));
        let dst = SocketAddr::new(address(self.dst), u16::from_be_bytes([c, d]));
        FlowKey { transport: self.kind.transport(), src, dst }
    }

    fn turned(self) -> Self {
        Self { src: self.dst, dst: self.src, ports: self.ports.rotate_left(16), ..self }
    }

    /// The flow's place, the same for both directions.
    fn place(&self) -> usize {
        /// The golden ratio's fraction: spreads what differs in few bits.
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let both = self.src ^ self.dst;
        let ports = u64::from(self.ports ^ self.ports.rotate_left(16)) << 24;
        #[expect(clippy::cast_possible_truncation, reason = "both halves count")]
        let mixed = (both ^ both >> 64) as u64 ^ ports;
        usize::try_from(mixed.wrapping_mul(SPREAD) >> 58).unwrap_or(0)
    }
}

impl Kind {
    fn transport(self) -> Transport {
        match self {
            Self::TcpV4 | Self::TcpV6 => Transport::Tcp,
            Self::UdpV4 | Self::UdpV6 => Transport::Udp,
        }
    }
}

impl Plain {
    /// Reads a packet; `None` where it may say more than its headers.
    #[expect(clippy::inline_always, reason = "every packet comes through here; a call costs a third of it")]
    #[inline(always)]
    pub(super) fn read(packet: &[u8], room: Room, interface: u32, stride: u32) -> Option<Self> {
        let plain = match packet.first()? {
            0x45 => Self::v4(packet, room, interface),
            0x60..=0x6f => Self::v6(packet, room, interface),
            _ => None,
        }?;
        Some(Self { stride, ..plain })
    }

    pub(super) fn flow(&self) -> FlowKey {
        self.ends.flow()
    }

    /// Nothing but an acknowledgement.
    pub(super) fn is_pure_ack(&self) -> bool {
        self.payload_bytes == 0
    }

    #[inline(always)]
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
        let (src, dst) = (u32::from_be_bytes([s0, s1, s2, s3]), u32::from_be_bytes([d0, d1, d2, d3]));
        let (src, dst, inside) = (u128::from(src), u128::from(dst), packet.get(20..)?);
        let room_bytes = total_bytes.min(room.at_most).checked_sub(20)?;
        let kind = if protocol == TCP { Kind::TcpV4 } else { Kind::UdpV4 };
        let ends = Ends { src, dst, ports: ports(inside)?, kind, interface };
        Self::inside(protocol, ttl, room_bytes, inside, ends)
    }

    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    fn v6(packet: &[u8], room: Room, interface: u32) -> Option<Self> {
        let &[_, _, _, _, a, b, protocol, ttl] = packet.first_chunk()?;
        let stated = match u16::from_be_bytes([a, b]) {
            0 => room.wire_bytes.checked_sub(40)?,
            length => u32::from(length),
        };
        let src = u128::from_be_bytes(*packet.get(8..)?.first_chunk()?);
        let dst = u128::from_be_bytes(*packet.get(24..)?.first_chunk()?);
        let inside = packet.get(40..)?;
        let kind = if protocol == TCP { Kind::TcpV6 } else { Kind::UdpV6 };
        let ends = Ends { src, dst, ports: ports(inside)?, kind, interface };
        Self::inside(protocol, ttl, stated.min(room.at_most.checked_sub(40)?), inside, ends)
    }

    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    fn inside(protocol: u8, ttl: u8, room_bytes: u32, inside: &[u8], ends: Ends) -> Option<Self> {
        let dns = u32::from(dns::PORT);
        if ends.ports >> 16 == dns || ends.ports & 0xffff == dns {
            return None;
        }
        match protocol {
            TCP => Self::tcp(ttl, room_bytes, inside, ends),
            UDP => Self::udp(ttl, room_bytes, inside, ends),
            _ => None,
        }
    }

    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
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
        Some(Self { ends, seq, ack, flags, ttl, payload_bytes, stride: 0, has_payload: first.is_some() })
    }

    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    fn udp(ttl: u8, room_bytes: u32, datagram: &[u8], ends: Ends) -> Option<Self> {
        let &[s0, s1, d0, d1, a, b, _, _] = datagram.first_chunk()?;
        if u32::from(u16::from_be_bytes([a, b])) != room_bytes || quic::begins_like_quic(datagram.get(8..)?) {
            return None;
        }
        if tunnel::is_between([u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1])]) {
            return None;
        }
        let payload_bytes = room_bytes.checked_sub(8).filter(|bytes| *bytes > 0)?;
        Some(Self { ends, seq: 0, ack: 0, flags: 0, ttl, payload_bytes, stride: 0, has_payload: false })
    }
}

/// Both ports, which stand where TCP and UDP begin.
fn ports(inside: &[u8]) -> Option<u32> {
    inside.first_chunk().map(|ports| u32::from_be_bytes(*ports))
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn after(time: Timestamp) -> Timestamp {
    time.checked_add(LONGEST).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
