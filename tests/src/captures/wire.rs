//! Packets built byte by byte, with the lengths and checksums that a real stack would send.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Protocol numbers of IP.
pub(super) mod protocol {
    pub(in crate::captures) const ICMP: u8 = 1;
    pub(in crate::captures) const IPV4: u8 = 4;
    pub(in crate::captures) const TCP: u8 = 6;
    pub(in crate::captures) const UDP: u8 = 17;
    pub(in crate::captures) const IPV6: u8 = 41;
    pub(in crate::captures) const GRE: u8 = 47;
}

/// The device whose connections these are.
pub(super) const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));
/// The same over IPv6.
pub(super) const CLIENT6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x10));

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const RST: u8 = 4;
pub(super) const PSH: u8 = 8;
pub(super) const ACK: u8 = 16;

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
}

impl Ends {
    /// As the server's packets carry them.
    pub(super) fn turned(self) -> Self {
        Self { client: self.server, server: self.client }
    }
}

/// One TCP segment's header fields.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Header {
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: u8,
}

/// A TCP segment, RFC 9293, from `ends.client`; a SYN carries the options that Linux sends.
pub(super) fn tcp(ends: Ends, header: Header, payload: &[u8]) -> Vec<u8> {
    let options: &[u8] = if header.flags & SYN == 0 { &[] } else { &[2, 4, 5, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7] };
    let words = u8::try_from(5 + options.len() / 4).expect("options are short");
    let mut segment = Vec::with_capacity(20 + options.len() + payload.len());
    segment.extend(ends.client.port().to_be_bytes());
    segment.extend(ends.server.port().to_be_bytes());
    segment.extend(header.seq.to_be_bytes());
    segment.extend(header.ack.to_be_bytes());
    segment.extend([words << 4, header.flags, 0xfa, 0xf0, 0, 0, 0, 0]);
    segment.extend(options);
    segment.extend(payload);
    let sum = pseudo_sum(ends, protocol::TCP, &segment);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    segment
}

/// A UDP datagram, RFC 768, from `ends.client`.
pub(super) fn udp(ends: Ends, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).expect("datagrams are short");
    let mut datagram = Vec::with_capacity(8 + payload.len());
    datagram.extend(ends.client.port().to_be_bytes());
    datagram.extend(ends.server.port().to_be_bytes());
    datagram.extend(length.to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    let sum = pseudo_sum(ends, protocol::UDP, &datagram);
    datagram[6..8].copy_from_slice(&sum.to_be_bytes());
    datagram
}

/// An IP packet from `ends.client`; a payload longer than a length field holds is stated as 0, as super-frames are.
pub(super) fn ip(ends: Ends, protocol: u8, payload: &[u8]) -> Vec<u8> {
    match (ends.client.ip(), ends.server.ip()) {
        (IpAddr::V4(_), IpAddr::V4(_)) => ipv4(ends, protocol, Piece::default(), payload),
        _ => ipv6(ends, protocol, payload),
    }
}

/// Which fragment a packet is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Piece {
    pub(super) id: u16,
    /// In bytes, a multiple of 8.
    pub(super) offset: u16,
    pub(super) more: bool,
}

/// RFC 791.
pub(super) fn ipv4(ends: Ends, protocol: u8, piece: Piece, payload: &[u8]) -> Vec<u8> {
    let (IpAddr::V4(from), IpAddr::V4(to)) = (ends.client.ip(), ends.server.ip()) else {
        panic!("{ends:?} are no IPv4 addresses")
    };
    let length = u16::try_from(payload.len() + 20).unwrap_or(0);
    let whole = piece.offset == 0 && !piece.more;
    let flags = if whole { 0x4000 } else { (u16::from(piece.more) << 13) | (piece.offset / 8) };
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend(piece.id.to_be_bytes());
    packet.extend(flags.to_be_bytes());
    packet.extend([ttl(from.into()), protocol, 0, 0]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    let sum = !folded(sum(&packet));
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend(payload);
    packet
}

/// RFC 8200. `payload` may begin with extension headers; `next` is the first one's number.
pub(super) fn ipv6(ends: Ends, next: u8, payload: &[u8]) -> Vec<u8> {
    let (IpAddr::V6(from), IpAddr::V6(to)) = (ends.client.ip(), ends.server.ip()) else {
        panic!("{ends:?} are no IPv6 addresses")
    };
    let length = u16::try_from(payload.len()).unwrap_or(0);
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([next, ttl(from.into())]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    packet.extend(payload);
    packet
}

/// Hops that a packet has left: the device sends with 64, and everybody else is 12 hops away.
fn ttl(from: IpAddr) -> u8 {
    if from == CLIENT || from == CLIENT6 { 64 } else { 52 }
}

fn pseudo_sum(ends: Ends, protocol: u8, payload: &[u8]) -> u16 {
    let addresses = match (ends.client.ip(), ends.server.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => sum(&from.octets()) + sum(&to.octets()),
        (IpAddr::V6(from), IpAddr::V6(to)) => sum(&from.octets()) + sum(&to.octets()),
        _ => panic!("{ends:?} are of two families"),
    };
    let length = u64::try_from(payload.len()).expect("a payload is short");
    match !folded(addresses + u64::from(protocol) + length + sum(payload)) {
        // Of UDP, zero says that there is none.
        0 if protocol == self::protocol::UDP => 0xffff,
        sum => sum,
    }
}

fn sum(bytes: &[u8]) -> u64 {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let whole: u64 = pairs.iter().map(|pair| u64::from(u16::from_be_bytes(*pair))).sum();
    whole + rest.first().map_or(0, |last| u64::from(*last) << 8)
}

fn folded(mut sum: u64) -> u16 {
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).expect("folded to 16 bits")
}
