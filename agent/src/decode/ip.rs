//! IPv4 and IPv6 headers, with options and extensions. Lengths are what the header says, not what was kept.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pnet::packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols as Protocols};

use super::cursor::Cursor;

/// Extension headers followed in one packet; a packet with more says nothing to us.
const MAX_EXTENSIONS: usize = 8;

/// One IP packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub(super) src: IpAddr,
    pub(super) dst: IpAddr,
    /// What the payload is, after all extension headers.
    pub(super) protocol: IpNextHeaderProtocol,
    /// Time to live, or hop limit.
    pub(super) ttl: u8,
    pub(super) fragment: Option<Fragment>,
    /// Payload bytes by the header.
    pub(super) payload_bytes: u32,
    /// What was kept of the payload; never longer than `payload_bytes`.
    pub(super) payload: &'a [u8],
}

/// Which piece of a fragmented packet this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) id: u32,
    /// Where it belongs, in bytes.
    pub(super) offset: u32,
    /// Others follow.
    pub(super) more: bool,
}

/// What the frame around a packet says of its length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Bytes that the frame leaves for it, for packets that state no length (segmentation offload, jumbograms by it).
    pub(super) wire_bytes: u32,
    /// Bytes that it has at most, whatever it states.
    pub(super) at_most: u32,
}

impl Room {
    /// Of a frame that says nothing else.
    pub(super) fn of(wire_bytes: u32) -> Self {
        Self { wire_bytes, at_most: u32::MAX }
    }
}

/// Reads a packet.
pub(super) fn parse(bytes: &[u8], room: Room) -> Option<Packet<'_>> {
    match bytes.first()? >> 4 {
        4 => parse_v4(bytes, room),
        6 => parse_v6(bytes, room),
        _ => None,
    }
}

/// RFC 791.
fn parse_v4(bytes: &[u8], room: Room) -> Option<Packet<'_>> {
    let mut cursor = Cursor::new(bytes);
    let header_bytes = u32::from(cursor.u8()? & 0x0f).checked_mul(4)?;
    cursor.skip(1)?;
    let total_bytes = match cursor.u16()? {
        0 => room.wire_bytes,
        length => u32::from(length),
    };
    let id = u32::from(cursor.u16()?);
    let flags = cursor.u16()?;
    let ttl = cursor.u8()?;
    let protocol = IpNextHeaderProtocol(cursor.u8()?);
    cursor.skip(2)?;
    let src = Ipv4Addr::from(cursor.array::<4>()?).into();
    let dst = Ipv4Addr::from(cursor.array::<4>()?).into();
    cursor.skip(usize::try_from(header_bytes.checked_sub(20)?).ok()?)?;
    let offset = u32::from(flags & 0x1fff).checked_mul(8)?;
    let more = flags & 0x2000 != 0;
    let payload_bytes = total_bytes.min(room.at_most).checked_sub(header_bytes)?;
    Some(Packet {
        src,
        dst,
        protocol,
        ttl,
        fragment: (more || offset > 0).then_some(Fragment { id, offset, more }),
        payload_bytes,
        payload: cursor.take_up_to(payload_bytes as usize),
    })
}

/// RFC 8200.
fn parse_v6(bytes: &[u8], room: Room) -> Option<Packet<'_>> {
    let mut cursor = Cursor::new(bytes);
    cursor.skip(4)?;
    let stated = u32::from(cursor.u16()?);
    let mut protocol = IpNextHeaderProtocol(cursor.u8()?);
    let ttl = cursor.u8()?;
    let src = Ipv6Addr::from(cursor.array::<16>()?).into();
    let dst = Ipv6Addr::from(cursor.array::<16>()?).into();
    let stated = if stated == 0 { room.wire_bytes.checked_sub(40)? } else { stated };
    let mut payload_bytes = stated.min(room.at_most.checked_sub(40)?);
    let mut fragment = None;
    for _ in 0..MAX_EXTENSIONS {
        let before = cursor.len();
        let next = match protocol {
            Protocols::Hopopt | Protocols::Ipv6Route | Protocols::Ipv6Opts | Protocols::MobilityHeader => {
                let next = cursor.u8()?;
                let eights = usize::from(cursor.u8()?);
                cursor.skip(eights.checked_mul(8)?.checked_add(6)?)?;
                next
            }
            Protocols::Ah => {
                let next = cursor.u8()?;
                let fours = usize::from(cursor.u8()?);
                cursor.skip(fours.checked_mul(4)?.checked_add(6)?)?;
                next
            }
            Protocols::Ipv6Frag => {
                let next = cursor.u8()?;
                cursor.skip(1)?;
                let field = cursor.u16()?;
                let id = cursor.u32()?;
                let (offset, more) = (u32::from(field & 0xfff8), field & 1 == 1);
                // A fragment header on a whole packet ("atomic", RFC 6946) changes nothing.
                fragment = (more || offset > 0).then_some(Fragment { id, offset, more });
                next
            }
            _ => break,
        };
        protocol = IpNextHeaderProtocol(next);
        let header_bytes = u32::try_from(before.checked_sub(cursor.len())?).ok()?;
        payload_bytes = payload_bytes.checked_sub(header_bytes)?;
        if fragment.is_some_and(|fragment: Fragment| fragment.offset > 0) {
            break;
        }
    }
    Some(Packet {
        src,
        dst,
        protocol,
        ttl,
        fragment,
        payload_bytes,
        payload: cursor.take_up_to(payload_bytes as usize),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8], wire_bytes: u32) -> Option<Packet<'_>> {
        super::parse(bytes, Room::of(wire_bytes))
    }

    fn v4(total: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x46, 0];
        bytes.extend(total.to_be_bytes());
        bytes.extend([0, 9]);
        bytes.extend(flags.to_be_bytes());
        bytes.extend([64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        bytes.extend([1, 1, 1, 1]);
        bytes.extend(payload);
        bytes
    }

    fn v6(length: u16, next: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x60, 0, 0, 0];
        bytes.extend(length.to_be_bytes());
        bytes.extend([next, 64]);
        bytes.extend([1; 16]);
        bytes.extend([2; 16]);
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn lengths_come_from_the_header_and_padding_is_cut() {
        let bytes = v4(24 + 4, 0, &[1, 2, 3, 4, 0, 0, 0, 0]);
        let packet = parse(&bytes, 60).unwrap();
        assert_eq!((packet.payload, packet.payload_bytes), (&[1, 2, 3, 4][..], 4));

        let short = v4(1000, 0, &[1, 2]);
        let packet = parse(&short, 1000).unwrap();
        assert_eq!((packet.payload, packet.payload_bytes), (&[1, 2][..], 976));
    }

    #[test]
    fn packet_is_no_longer_than_the_frame_says() {
        let room = Room { wire_bytes: 90, at_most: 26 };
        assert_eq!(super::parse(&v4(30, 0, &[1; 6]), room).unwrap().payload, &[1, 1]);
        let room = Room { wire_bytes: 90, at_most: 42 };
        assert_eq!(super::parse(&v6(6, 6, &[1; 6]), room).unwrap().payload, &[1, 1]);
    }

    #[test]
    fn packet_that_states_no_length_has_that_of_its_frame() {
        assert_eq!(parse(&v4(0, 0, &[1; 8]), 70_000).unwrap().payload_bytes, 70_000 - 24);
        assert_eq!(parse(&v6(0, 6, &[1; 8]), 70_000).unwrap().payload_bytes, 70_000 - 40);
    }

    #[test]
    fn extension_headers_are_followed_to_the_payload() {
        let extensions = [&[60_u8, 0, 0, 0, 0, 0, 0, 0][..], &[44, 1], &[0; 14], &[17, 0, 0, 1, 0, 0, 0, 7]];
        let bytes = v6(32 + 3, 0, &[&extensions.concat()[..], &[1, 2, 3]].concat());
        let packet = parse(&bytes, 75).unwrap();
        assert_eq!(packet.protocol, Protocols::Udp);
        assert_eq!(packet.fragment, Some(Fragment { id: 7, offset: 0, more: true }));
        assert_eq!((packet.payload, packet.payload_bytes), (&[1, 2, 3][..], 3));
    }

    #[test]
    fn fragments_tell_their_place() {
        let packet_of = |flags| parse(&v4(32, flags, &[0; 8]), 32).unwrap().fragment;
        assert_eq!(packet_of(0x4000), None);
        assert_eq!(packet_of(0x2000), Some(Fragment { id: 9, offset: 0, more: true }));
        assert_eq!(packet_of(0x00b9), Some(Fragment { id: 9, offset: 1480, more: false }));
    }

    #[test]
    fn lies_about_length_are_no_packet() {
        assert!(parse(&v4(20, 0, &[]), 60).is_none());
        assert!(parse(&[0x43; 40], 60).is_none());
        assert!(parse(&v6(4, 0, &[60, 9]), 60).is_none());
        assert!(parse(&[], 0).is_none());
    }
}
