//! A frame moved to another world: the same traffic between other addresses, so that copies of one capture are
//! connections of their own.
//!
//! The middle bits of every unicast address are exchanged, in IP headers, in what they carry (tunnels, ICMP errors)
//! and in DNS answers over UDP, so that a name still leads to its connection. Checksums are left as they were.
//! Whatever makes no sense, or was cut short, stays as it is.

use elsewhere_agent::capture::{Frame, Link};

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const PPPOE: u16 = 0x8864;
const VLANS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// IP packets inside packets that are followed, as deep as the agent goes.
const MAX_NESTING: u8 = 4;

/// The frame as Ethernet; `None` where it holds nothing that Ethernet carries.
pub(super) fn as_ethernet(frame: &Frame<'_>) -> Option<Vec<u8>> {
    let bytes = frame.bytes;
    let (kind, skip) = match frame.link {
        Link::Ethernet => return Some(bytes.to_vec()),
        Link::RawIp => (kind_of(bytes)?, 0),
        Link::LinuxCooked => (u16_at(bytes, 14)?, 16),
        Link::LinuxCooked2 => (u16_at(bytes, 0)?, 20),
        Link::Null | Link::Loop => (kind_of(bytes.get(4..)?)?, 4),
        Link::Ppp => {
            let skip = if bytes.starts_with(&[0xff, 0x03]) { 4 } else { 2 };
            (kind_of(bytes.get(skip..)?)?, skip)
        }
    };
    let mut ethernet = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    ethernet.extend(kind.to_be_bytes());
    ethernet.extend(bytes.get(skip..)?);
    Some(ethernet)
}

/// Moves an Ethernet frame to a world; world 0 is where it was.
pub(super) fn move_to(world: u16, ethernet: &mut [u8]) {
    let _nothing_to_move = find_packet(ethernet).and_then(|packet| in_packet(world, packet, 0));
}

fn find_packet(ethernet: &mut [u8]) -> Option<&mut [u8]> {
    let mut at = 12;
    while VLANS.contains(&u16_at(ethernet, at)?) {
        at += 4;
    }
    match u16_at(ethernet, at)? {
        IPV4 | IPV6 => ethernet.get_mut(at + 2..),
        PPPOE => ethernet.get_mut(at + 10..),
        _ => None,
    }
}

fn in_packet(world: u16, packet: &mut [u8], nesting: u8) -> Option<()> {
    let (protocol, header) = match packet.first()? >> 4 {
        4 => {
            in_ipv4(world, packet.get_mut(12..16)?);
            in_ipv4(world, packet.get_mut(16..20)?);
            if u16_at(packet, 6)? & 0x1fff != 0 {
                return None;
            }
            (*packet.get(9)?, usize::from(packet.first()? & 15) * 4)
        }
        6 => {
            in_ipv6(world, packet.get_mut(8..24)?);
            in_ipv6(world, packet.get_mut(24..40)?);
            (*packet.get(6)?, 40)
        }
        _ => return None,
    };
    let payload = packet.get_mut(header..)?;
    match protocol {
        4 | 41 if nesting < MAX_NESTING => in_packet(world, payload, nesting + 1),
        // An error quotes the packet behind its own 8 bytes.
        1 | 58 if nesting < MAX_NESTING => in_packet(world, payload.get_mut(8..)?, nesting + 1),
        17 if u16_at(payload, 0)? == 53 => in_dns(world, payload.get_mut(8..)?),
        _ => None,
    }
}

/// Exchanges the middle 16 bits; multicast and broadcast stay.
fn in_ipv4(world: u16, address: &mut [u8]) {
    if address.first().is_some_and(|first| *first < 224) {
        exchange(world, &mut address[1..3]);
    }
}

/// Exchanges the bits of a site in a global prefix; multicast stays.
fn in_ipv6(world: u16, address: &mut [u8]) {
    if address.first().is_some_and(|first| *first != 0xff) {
        exchange(world, &mut address[4..6]);
    }
}

fn exchange(world: u16, bytes: &mut [u8]) {
    for (byte, with) in bytes.iter_mut().zip(world.to_be_bytes()) {
        *byte ^= with;
    }
}

fn in_dns(world: u16, message: &mut [u8]) -> Option<()> {
    let (questions, answers) = (u16_at(message, 4)?, u16_at(message, 6)?);
    let mut at = 12;
    for _ in 0..questions {
        at = after_name(message, at)? + 4;
    }
    for _ in 0..answers {
        at = after_name(message, at)?;
        let (kind, length) = (u16_at(message, at)?, usize::from(u16_at(message, at + 8)?));
        at += 10;
        let data = message.get_mut(at..at + length)?;
        match (kind, length) {
            // Sinkholes stay what they are.
            (1, 4) if !matches!(data[0], 0 | 127) => in_ipv4(world, data),
            (28, 16) if data.iter().rev().skip(1).any(|byte| *byte != 0) => in_ipv6(world, data),
            _ => {}
        }
        at += length;
    }
    Some(())
}

fn after_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match usize::from(*message.get(at)?) {
            0 => return Some(at + 1),
            length @ 1..64 => at += 1 + length,
            192.. => return Some(at + 2),
            _ => return None,
        }
    }
}

fn kind_of(packet: &[u8]) -> Option<u16> {
    match packet.first()? >> 4 {
        4 => Some(IPV4),
        6 => Some(IPV6),
        _ => None,
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    /// An answer of 192.0.2.7 from 10.0.0.1 to 10.0.0.2, behind a VLAN tag.
    fn answer() -> Vec<u8> {
        let mut dns = vec![0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
        dns.extend(b"\x01a\x07example\x00\x00\x01\x00\x01");
        dns.extend(b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x07");
        let udp = [0, 53, 0x9c, 0x40, 0, u8::try_from(8 + dns.len()).unwrap(), 0, 0];
        let mut ethernet = vec![2; 12];
        ethernet.extend([0x81, 0, 0, 7, 8, 0]);
        ethernet.extend([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        ethernet.extend(udp);
        ethernet.extend(dns);
        ethernet
    }

    fn addresses(ethernet: &[u8]) -> [Ipv4Addr; 3] {
        let at = |at: usize| Ipv4Addr::from(*ethernet[at..].first_chunk::<4>().unwrap());
        [at(30), at(34), at(ethernet.len() - 4)]
    }

    #[test]
    fn an_answer_moves_with_the_connection_that_follows_it() {
        let mut frame = answer();
        move_to(0x0102, &mut frame);
        let expected = [[10, 1, 2, 1], [10, 1, 2, 2], [192, 1, 0, 7]].map(Ipv4Addr::from);
        assert_eq!(addresses(&frame), expected);
        move_to(0x0102, &mut frame);
        assert_eq!(frame, answer());
    }

    #[test]
    fn cut_and_foreign_frames_stay_as_they_are_or_are_left_in_part() {
        for length in 0..answer().len() {
            move_to(9, &mut answer()[..length]);
        }
        let mut arp = vec![2; 12];
        arp.extend([8, 6, 0, 1]);
        let before = arp.clone();
        move_to(9, &mut arp);
        assert_eq!(arp, before);
    }
}
