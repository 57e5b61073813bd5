//! Ethernet frames with IPv4 inside, written byte by byte. Checksums are zero: nobody here reads them.

use std::net::SocketAddrV4;

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const PSH: u8 = 8;
pub(super) const ACK: u8 = 16;

/// TCP's header with a time stamp option, RFC 7323 §3.
const TCP_BYTES: usize = 32;
const UDP_BYTES: usize = 8;

/// A segment's own fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: u8,
}

/// Writes a TCP segment into `frame`, in place of what it held.
pub(super) fn tcp(
    frame: &mut Vec<u8>,
    from: SocketAddrV4,
    to: SocketAddrV4,
    segment: Segment,
    payload: &[u8],
) {
    ipv4(frame, 6, from, to, TCP_BYTES + payload.len());
    frame.extend(segment.seq.to_be_bytes());
    frame.extend(segment.ack.to_be_bytes());
    frame.extend([8 << 4, segment.flags, 0xff, 0xff, 0, 0, 0, 0]);
    // No-operation twice, then the time stamp.
    frame.extend([1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1]);
    frame.extend_from_slice(payload);
}

/// Writes a UDP datagram into `frame`, in place of what it held.
pub(super) fn udp(frame: &mut Vec<u8>, from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) {
    ipv4(frame, 17, from, to, UDP_BYTES + payload.len());
    frame.extend(length(UDP_BYTES + payload.len()));
    frame.extend([0, 0]);
    frame.extend_from_slice(payload);
}

/// Headers up to and with the ports.
fn ipv4(frame: &mut Vec<u8>, protocol: u8, from: SocketAddrV4, to: SocketAddrV4, payload_bytes: usize) {
    frame.clear();
    frame.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0]);
    frame.extend(length(20 + payload_bytes));
    frame.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
    frame.extend(from.ip().octets());
    frame.extend(to.ip().octets());
    frame.extend(from.port().to_be_bytes());
    frame.extend(to.port().to_be_bytes());
}

fn length(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).expect("a packet has less than 64 KB").to_be_bytes()
}

#[cfg(test)]
mod tests {
    use elsewhere_agent::{
        capture::{Frame, Link},
        decode::{Decoder, FactKind},
    };

    use super::*;

    #[test]
    fn the_agent_reads_what_is_written() {
        let (from, to) = ("10.0.0.2:40000".parse().unwrap(), "192.0.2.1:443".parse().unwrap());
        let mut frame = Vec::new();
        let mut decoder = Decoder::new();
        let mut read = |bytes: &[u8]| {
            let wire_bytes = u32::try_from(bytes.len()).unwrap();
            let time = jiff::Timestamp::UNIX_EPOCH;
            let link = Link::Ethernet;
            decoder.handle(&Frame {
                time,
                link,
                interface: 0,
                direction: None,
                wire_bytes,
                stride: 0,
                bytes,
            });
            decoder.tell_runs();
            decoder.poll().unwrap()
        };
        tcp(&mut frame, from, to, Segment { seq: 7, ack: 9, flags: PSH | ACK }, b"abc");
        let fact = read(&frame);
        assert_eq!((fact.flow.src, fact.flow.dst), (from.into(), to.into()));
        let FactKind::TcpSegment(segment) = fact.kind else { panic!("{fact:?}") };
        assert_eq!((segment.seq, segment.ack, segment.flags, segment.payload_bytes), (7, 9, 24, 3));
        udp(&mut frame, from, to, b"abcd");
        let kind = read(&frame).kind;
        assert!(matches!(kind, FactKind::UdpDatagram { payload_bytes: 4, .. }), "{kind:?}");
    }
}
