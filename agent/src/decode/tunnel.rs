//! Tunnels in the clear other than IP in IP: GRE (RFC 2784, RFC 2890, RFC 2637), VXLAN (RFC 7348), GTP-U (TS 29.281),
//! Teredo (RFC 4380). They stand in captures made at a router or on a virtual machine's host.
//!
//! Gives the IP packet inside; nothing where what follows is no such header or no IP.

use super::{cursor::Cursor, link};

const VXLAN_PORT: u16 = 4789;
const GTP_PORT: u16 = 2152;
const TEREDO_PORT: u16 = 3544;

/// The packet behind a GRE header.
pub(super) fn in_gre(bytes: &[u8]) -> Option<&[u8]> {
    const CHECKSUM: u16 = 0x8000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGEMENT: u16 = 0x0080;
    const VERSION: u16 = 0x0007;
    let mut cursor = Cursor::new(bytes);
    let flags = cursor.u16()?;
    let ethertype = cursor.u16()?;
    let words = match flags & VERSION {
        0 => [CHECKSUM, KEY, SEQUENCE],
        1 => [KEY, SEQUENCE, ACKNOWLEDGEMENT],
        _ => return None,
    };
    for _ in words.into_iter().filter(|word| flags & word != 0) {
        cursor.skip(4)?;
    }
    ip(link::inside(ethertype, cursor.rest())?)
}

/// Whether a datagram between these ports, source and destination, may hold a packet.
pub(super) fn is_between([from, to]: [u16; 2]) -> bool {
    matches!(to, VXLAN_PORT | GTP_PORT | TEREDO_PORT) || from == TEREDO_PORT
}

/// The packet in a datagram between these ports.
pub(super) fn in_udp(ports: [u16; 2], payload: &[u8]) -> Option<&[u8]> {
    match ports {
        [_, VXLAN_PORT] => in_vxlan(payload),
        [_, GTP_PORT] => in_gtp(payload),
        _ if ports.contains(&TEREDO_PORT) => ip(payload).filter(|packet| packet.starts_with(&[0x60])),
        _ => None,
    }
}

fn in_vxlan(payload: &[u8]) -> Option<&[u8]> {
    const ETHERNET: u16 = 0x6558;
    let mut cursor = Cursor::new(payload);
    let &[8, 0, 0, 0, _, _, _, 0] = cursor.array::<8>().as_ref()? else { return None };
    ip(link::inside(ETHERNET, cursor.rest())?)
}

fn in_gtp(payload: &[u8]) -> Option<&[u8]> {
    const USER_DATA: u8 = 255;
    const EXTENDED: u8 = 4;
    let mut cursor = Cursor::new(payload);
    let (flags, kind) = (cursor.u8()?, cursor.u8()?);
    // Version 1 of GTP, not GTP'.
    if flags >> 4 != 3 || kind != USER_DATA {
        return None;
    }
    cursor.skip(6)?;
    if flags & 7 != 0 {
        cursor.skip(3)?;
        let mut next = cursor.u8()?;
        while flags & EXTENDED != 0 && next != 0 {
            let rest = usize::from(cursor.u8()?).checked_mul(4)?.checked_sub(2)?;
            cursor.skip(rest)?;
            next = cursor.u8()?;
        }
    }
    ip(cursor.rest())
}

fn ip(packet: &[u8]) -> Option<&[u8]> {
    matches!(packet.first()? >> 4, 4 | 6).then_some(packet)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const IP: &[u8] = &[0x45, 0, 0, 20];

    #[test]
    fn packet_behind_each_header_is_found() {
        let ethernet = &[&[0; 12][..], &[8, 0]].concat();
        let gre: &[&[&[u8]]] = &[
            &[&[0, 0, 8, 0]],
            &[&[0xb0, 0, 8, 0], &[0; 12]],
            &[&[0x20, 0, 0x65, 0x58], &[0; 4], ethernet],
            &[&[0x30, 0x81, 0x88, 0x0b], &[0; 12], &[0xff, 3, 0, 0x21]],
        ];
        for header in gre {
            assert_eq!(in_gre(&[&header.concat(), IP].concat()), Some(IP), "{header:x?}");
        }
        let udp: &[([u16; 2], &[&[u8]])] = &[
            ([9, VXLAN_PORT], &[&[8, 0, 0, 0, 0, 0, 9, 0], ethernet]),
            ([GTP_PORT, GTP_PORT], &[&[0x30, 255, 0, 20, 0, 0, 0, 1]]),
            ([9, GTP_PORT], &[&[0x34, 255, 0, 28, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 9, 0]]),
        ];
        for (ports, header) in udp {
            assert_eq!(in_udp(*ports, &[&header.concat(), IP].concat()), Some(IP), "{ports:?}");
        }
        let six = &[0x60, 0, 0, 0][..];
        assert_eq!(in_udp([TEREDO_PORT, 9], six), Some(six));
    }

    #[test]
    fn what_is_no_tunnel_has_no_packet() {
        for bytes in [&[0, 0, 8, 6, 0x45][..], &[0, 2, 8, 0, 0x45], &[0, 0, 8, 0, 0x17], &[0x20, 0, 8, 0, 0]]
        {
            assert_eq!(in_gre(bytes), None);
        }
        for (ports, bytes) in [
            ([9, VXLAN_PORT], &[9, 0, 0, 0, 0, 0, 9, 0, 0x45][..]),
            ([VXLAN_PORT, 9], &[8, 0, 0, 0, 0, 0, 9, 0]),
            ([9, GTP_PORT], &[0x30, 1, 0, 0, 0, 0, 0, 1, 0x45]),
            ([9, GTP_PORT], &[0x34, 255, 0, 28, 0, 0, 0, 1, 0, 0, 0, 0x85, 0]),
            ([9, TEREDO_PORT], IP),
            ([9, 443], IP),
        ] {
            assert_eq!(in_udp(ports, bytes), None, "{ports:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            in_gre(&bytes);
            for port in [VXLAN_PORT, GTP_PORT, TEREDO_PORT] {
                in_udp([port, port], &bytes);
            }
            in_gtp(&[&[0x37, 255, 0, 0, 0, 0, 0, 0][..], &bytes].concat());
        }
    }
}
