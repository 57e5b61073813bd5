//! TCP, UDP and ICMP errors: ports, flags and lengths by the header.

use std::net::SocketAddr;

use jiff::Timestamp;
use pnet::packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols as Protocols};

use super::{
    cursor::Cursor,
    fact::{FlowKey, TcpSegment, Transport},
    ip::{self, Packet, Room},
};

/// RFC 9293 §3.1. The segment and what was kept of its payload.
pub(super) fn tcp<'a>(time: Timestamp, packet: &Packet<'a>) -> Option<(FlowKey, TcpSegment, &'a [u8])> {
    let mut cursor = Cursor::new(packet.payload);
    let flow = flow(Transport::Tcp, packet, &mut cursor)?;
    let seq = cursor.u32()?;
    let ack = cursor.u32()?;
    let header_bytes = u32::from(cursor.u8()? >> 4).checked_mul(4)?;
    let flags = cursor.u8()?;
    cursor.skip(6)?;
    let options_bytes = usize::try_from(header_bytes.checked_sub(20)?).ok()?;
    let payload_bytes = packet.payload_bytes.checked_sub(header_bytes)?;
    // Options may be cut off by a short capture; the lengths still hold.
    let payload = cursor.skip(options_bytes).map_or(&[][..], |()| cursor.rest());
    Some((
        flow,
        TcpSegment { seq, ack, flags, payload_bytes, stride: 0, ttl: packet.ttl, until: time },
        payload,
    ))
}

/// RFC 768. Payload bytes by the header, and what was kept of the payload.
pub(super) fn udp<'a>(packet: &Packet<'a>) -> Option<(FlowKey, u32, &'a [u8])> {
    let mut cursor = Cursor::new(packet.payload);
    let flow = flow(Transport::Udp, packet, &mut cursor)?;
    let stated = u32::from(cursor.u16()?);
    cursor.skip(2)?;
    let room = packet.payload_bytes.checked_sub(8)?;
    let payload_bytes = match stated.checked_sub(8) {
        // A first fragment holds less than the datagram.
        Some(bytes) if bytes <= room || packet.fragment.is_some() => bytes,
        // Zero for a jumbogram (RFC 2675); more than the packet is a lie.
        _ => room,
    };
    Some((flow, payload_bytes, cursor.take_up_to(payload_bytes as usize)))
}

/// The flow of the packet that an ICMP error refuses; nothing for errors that refuse nobody, such as "too big".
pub(super) fn refused(packet: &Packet<'_>) -> Option<FlowKey> {
    let mut cursor = Cursor::new(packet.payload);
    let (kind, code) = (cursor.u8()?, cursor.u8()?);
    cursor.skip(6)?;
    let unreachable = match packet.protocol {
        // Destination unreachable, but not "fragmentation needed" (RFC 1191).
        Protocols::Icmp => kind == 3 && code != 4,
        Protocols::Icmpv6 => kind == 1,
        _ => false,
    };
    if !unreachable {
        return None;
    }
    let quoted = ip::parse(cursor.rest(), Room::of(u32::MAX))?;
    if quoted.fragment.is_some_and(|fragment| fragment.offset > 0) {
        return None;
    }
    flow(transport_of(quoted.protocol)?, &quoted, &mut Cursor::new(quoted.payload))
}

fn transport_of(protocol: IpNextHeaderProtocol) -> Option<Transport> {
    match protocol {
        Protocols::Tcp => Some(Transport::Tcp),
        Protocols::Udp => Some(Transport::Udp),
        _ => None,
    }
}

fn flow(transport: Transport, packet: &Packet<'_>, cursor: &mut Cursor<'_>) -> Option<FlowKey> {
    let src = SocketAddr::new(packet.src, cursor.u16()?);
    let dst = SocketAddr::new(packet.dst, cursor.u16()?);
    Some(FlowKey { transport, src, dst })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::decode::ip::Fragment;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn packet(protocol: IpNextHeaderProtocol, payload: &[u8], payload_bytes: u32) -> Packet<'_> {
        let (src, dst) = (Ipv4Addr::new(10, 0, 0, 1).into(), Ipv4Addr::new(10, 0, 0, 2).into());
        Packet { src, dst, protocol, ttl: 64, fragment: None, payload_bytes, payload }
    }

    #[test]
    fn tcp_lengths_hold_when_the_capture_is_short() {
        let header = [0, 80, 0, 90, 0, 0, 0, 1, 0, 0, 0, 2, 0x80, 0x18, 0, 0, 0, 0, 0, 0];
        let (flow, segment, payload) = tcp(NOW, &packet(Protocols::Tcp, &header, 1480)).unwrap();
        assert_eq!((flow.src.port(), flow.dst.port()), (80, 90));
        assert_eq!(
            segment,
            TcpSegment { seq: 1, ack: 2, flags: 0x18, payload_bytes: 1448, stride: 0, ttl: 64, until: NOW }
        );
        assert!(payload.is_empty());
    }

    #[test]
    fn udp_length_is_believed_only_where_it_fits() {
        let datagram = |stated: u8| [0, 53, 0, 99, 0, stated, 0, 0, 1, 2, 3, 4];
        for (stated, bytes) in [(12, 4), (10, 2), (0, 4), (200, 4)] {
            let datagram = datagram(stated);
            let (_, payload_bytes, payload) = udp(&packet(Protocols::Udp, &datagram, 12)).unwrap();
            assert_eq!((payload_bytes, payload.len()), (bytes, bytes as usize), "stated {stated}");
        }
        let first = datagram(200);
        let mut packet = packet(Protocols::Udp, &first, 12);
        packet.fragment = Some(Fragment { id: 1, offset: 0, more: true });
        assert_eq!(udp(&packet).unwrap().1, 192);
    }

    #[test]
    fn refusal_names_the_refused_flow_and_too_big_is_none() {
        let quoted = [
            &[0x45, 0, 0, 60, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 2, 10, 0, 0, 9][..],
            &[0xaa, 0, 1, 0xbb, 0, 0, 0, 0],
        ]
        .concat();
        let icmp = |kind, code| [&[kind, code, 0, 0, 0, 0, 0, 0][..], &quoted].concat();
        let refused_by = |kind, code| refused(&packet(Protocols::Icmp, &icmp(kind, code), 200));
        let flow = refused_by(3, 1).unwrap();
        assert_eq!(flow.dst.to_string(), "10.0.0.9:443");
        assert_eq!(refused_by(3, 4), None);
        assert_eq!(refused_by(11, 0), None);
    }
}
