//! What stands before the IP header: Ethernet with VLAN tags, MPLS and `PPPoE`, Linux cooked, PPP, loopback.

use pnet::packet::ethernet::{EtherType, EtherTypes};

use super::cursor::Cursor;
use crate::capture::{Direction, Link};

/// Tags and labels that are taken off one after another; more than this is no frame that anyone sends.
const MAX_TAGS: usize = 8;

/// The stack below IP, taken off.
pub(super) struct Unwrapped<'a> {
    /// From the IP header on.
    pub(super) packet: &'a [u8],
    /// What a cooked header says about the way.
    pub(super) direction: Option<Direction>,
    /// Bytes of the packet by a header that counts them (`PPPoE`): what follows is padding, whatever the packet says.
    pub(super) at_most: Option<u32>,
}

/// What is found on the way to the IP header.
#[derive(Default)]
struct Found {
    direction: Option<Direction>,
    at_most: Option<u32>,
}

/// Why a frame has no IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkError {
    /// ARP, spanning tree and the like.
    NotIp,
    /// The frame ends before its header does.
    Short,
}

/// Takes off all that stands before the IP header.
pub(super) fn unwrap(link: Link, bytes: &[u8]) -> Result<Unwrapped<'_>, LinkError> {
    let mut cursor = Cursor::new(bytes);
    let mut found = Found::default();
    let is_ip = match link {
        Link::Ethernet => ethernet(&mut cursor, &mut found),
        Link::RawIp => Some(true),
        Link::LinuxCooked => cooked(&mut cursor, &mut found),
        Link::LinuxCooked2 => cooked2(&mut cursor, &mut found),
        // The family's number differs between systems and its byte order between writers; the IP version tells.
        Link::Null | Link::Loop => cursor.skip(4).map(|()| true),
        Link::Ppp => ppp(&mut cursor),
    };
    match is_ip {
        Some(true) => {
            Ok(Unwrapped { packet: cursor.rest(), direction: found.direction, at_most: found.at_most })
        }
        Some(false) => Err(LinkError::NotIp),
        None => Err(LinkError::Short),
    }
}

/// The IP packet in what has this `EtherType`, as tunnels carry it: Ethernet and PPP have numbers of their own there.
pub(super) fn inside(ethertype: u16, bytes: &[u8]) -> Option<&[u8]> {
    const ETHERNET: u16 = 0x6558;
    const PPP: u16 = 0x880b;
    let (mut cursor, mut found) = (Cursor::new(bytes), Found::default());
    let is_ip = match ethertype {
        ETHERNET => ethernet(&mut cursor, &mut found)?,
        PPP => ppp(&mut cursor)?,
        other => protocol(other, &mut cursor, &mut found)?,
    };
    is_ip.then(|| cursor.rest())
}

fn ethernet(cursor: &mut Cursor<'_>, found: &mut Found) -> Option<bool> {
    cursor.skip(12)?;
    let ethertype = cursor.u16()?;
    protocol(ethertype, cursor, found)
}

/// Linux cooked capture: packet type, hardware type, address, protocol.
fn cooked(cursor: &mut Cursor<'_>, found: &mut Found) -> Option<bool> {
    found.direction = direction_of(cursor.u16()?);
    cursor.skip(12)?;
    let ethertype = cursor.u16()?;
    protocol(ethertype, cursor, found)
}

/// Linux cooked capture, second version: protocol, interface, hardware type, packet type, address.
fn cooked2(cursor: &mut Cursor<'_>, found: &mut Found) -> Option<bool> {
    let ethertype = cursor.u16()?;
    cursor.skip(8)?;
    found.direction = direction_of(u16::from(cursor.u8()?));
    cursor.skip(9)?;
    protocol(ethertype, cursor, found)
}

fn direction_of(packet_type: u16) -> Option<Direction> {
    match packet_type {
        0 => Some(Direction::Incoming),
        4 => Some(Direction::Outgoing),
        _ => None,
    }
}

/// Follows tags from one `EtherType` to the next; whether IP comes out.
fn protocol(ethertype: u16, cursor: &mut Cursor<'_>, found: &mut Found) -> Option<bool> {
    let mut ethertype = EtherType(ethertype);
    for _ in 0..MAX_TAGS {
        match ethertype {
            EtherTypes::Ipv4 | EtherTypes::Ipv6 => return Some(true),
            EtherTypes::Vlan | EtherTypes::PBridge | EtherTypes::QinQ => {
                cursor.skip(2)?;
                ethertype = EtherType(cursor.u16()?);
            }
            EtherTypes::PppoeSession => {
                cursor.skip(4)?;
                let payload_bytes = u32::from(cursor.u16()?);
                let before = cursor.len();
                let is_ip = ppp(cursor)?;
                let number_bytes = u32::try_from(before.checked_sub(cursor.len())?).ok()?;
                found.at_most = payload_bytes.checked_sub(number_bytes);
                return Some(is_ip);
            }
            EtherTypes::Mpls | EtherTypes::MplsMcast => {
                let label = cursor.u32()?;
                if label & 0x100 != 0 {
                    return Some(true);
                }
            }
            _ => return Some(false),
        }
    }
    Some(false)
}

/// PPP, RFC 1661, with the HDLC-like framing of RFC 1662 where it is there.
fn ppp(cursor: &mut Cursor<'_>) -> Option<bool> {
    if cursor.rest().starts_with(&[0xff, 0x03]) {
        cursor.skip(2)?;
    }
    // A protocol number may be compressed to its second byte, which is odd.
    let first = cursor.u8()?;
    let number = if first & 1 == 1 { u16::from(first) } else { u16::from_be_bytes([first, cursor.u8()?]) };
    Some(matches!(number, 0x0021 | 0x0057))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: &[u8] = &[0x45, 1, 2, 3];

    fn framed(parts: &[&[u8]]) -> Vec<u8> {
        [&parts.concat(), IP].concat()
    }

    #[test]
    fn every_header_comes_off() {
        let macs = &[0_u8; 12][..];
        let cases: &[(Link, Vec<u8>, Option<Direction>)] = &[
            (Link::Ethernet, framed(&[macs, &[8, 0]]), None),
            (Link::Ethernet, framed(&[macs, &[0x81, 0, 0, 5, 0x86, 0xdd]]), None),
            (Link::Ethernet, framed(&[macs, &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]]), None),
            (Link::Ethernet, framed(&[macs, &[0x88, 0x64, 0x11, 0, 0, 1, 0, 6, 0, 0x21]]), None),
            (Link::Ethernet, framed(&[macs, &[0x88, 0x47, 0, 1, 0, 64, 0, 1, 1, 64]]), None),
            (Link::RawIp, IP.to_vec(), None),
            (Link::Null, framed(&[&[2, 0, 0, 0]]), None),
            (Link::Loop, framed(&[&[0, 0, 0, 2]]), None),
            (Link::Ppp, framed(&[&[0xff, 3, 0, 0x57]]), None),
            (Link::Ppp, framed(&[&[0x21]]), None),
            (Link::LinuxCooked, framed(&[&[0, 4, 0, 1, 0, 6], &[0; 8], &[8, 0]]), Some(Direction::Outgoing)),
            (
                Link::LinuxCooked2,
                framed(&[&[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6], &[0; 8]]),
                Some(Direction::Incoming),
            ),
        ];
        for (link, bytes, direction) in cases {
            let unwrapped = unwrap(*link, bytes).unwrap();
            assert_eq!((unwrapped.packet, unwrapped.direction), (IP, *direction), "{link:?}");
        }
    }

    #[test]
    fn what_is_not_ip_and_what_is_cut_are_told_apart() {
        let arp = framed(&[&[0; 12], &[8, 6]]);
        assert_eq!(unwrap(Link::Ethernet, &arp).err(), Some(LinkError::NotIp));
        assert_eq!(unwrap(Link::Ethernet, &arp[..13]).err(), Some(LinkError::Short));
        let endless = [&[0_u8; 12][..], &[0x81, 0, 0, 0].repeat(40)].concat();
        assert_eq!(unwrap(Link::Ethernet, &endless).err(), Some(LinkError::NotIp));
    }
}
