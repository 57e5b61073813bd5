//! IP fragments put together again. RFC 791 §3.2, RFC 8200 §4.5.

use std::net::IpAddr;

use jiff::Timestamp;
use pnet::packet::ip::IpNextHeaderProtocol;

use super::{ip::Packet, pieces::Pieces, table::Table};

/// Packets under way at once. Large DNS answers are nearly all that is fragmented, a few a minute. When full, the
/// oldest is given up, so that a flood costs at most 4 MB and only what is fragmented.
const MAX_PACKETS: usize = 64;
/// Seconds that a missing fragment is waited for.
const IDLE_SECONDS: i64 = 10;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    src: IpAddr,
    dst: IpAddr,
    protocol: IpNextHeaderProtocol,
    id: u32,
}

/// Packets of which some fragments came.
pub(super) struct Fragments {
    table: Table<Key, Partial>,
    /// Packets given up for want of room or of a piece.
    pub(super) given_up: u64,
}

#[derive(Default)]
struct Partial {
    pieces: Pieces,
    /// Payload bytes of the whole packet, once its last fragment came.
    total_bytes: Option<u32>,
}

/// The payload of a packet whose fragments all came.
pub(super) struct Whole {
    payload: Vec<u8>,
}

impl Whole {
    /// The packet that `last`, the fragment that completed it, is of.
    pub(super) fn packet<'a>(&'a self, last: &Packet<'_>) -> Packet<'a> {
        Packet {
            src: last.src,
            dst: last.dst,
            protocol: last.protocol,
            ttl: last.ttl,
            fragment: None,
            payload_bytes: u32::try_from(self.payload.len()).unwrap_or(u32::MAX),
            payload: &self.payload,
        }
    }
}

impl Fragments {
    pub(super) fn new() -> Self {
        Self { table: Table::new(MAX_PACKETS), given_up: 0 }
    }

    /// Takes a fragment; the whole payload if it was the last one missing.
    pub(super) fn insert(&mut self, now: Timestamp, packet: &Packet<'_>) -> Option<Whole> {
        let fragment = packet.fragment?;
        let key = Key { src: packet.src, dst: packet.dst, protocol: packet.protocol, id: fragment.id };
        if !self.table.contains(&key) && self.table.insert(key, Partial::default(), now).is_some() {
            self.given_up = self.given_up.wrapping_add(1);
        }
        let partial = self.table.get_mut(&key)?;
        if !partial.pieces.insert(fragment.offset as usize, packet.payload) {
            self.table.remove(&key);
            self.given_up = self.given_up.wrapping_add(1);
            return None;
        }
        if !fragment.more {
            partial.total_bytes = Some(fragment.offset.saturating_add(packet.payload_bytes));
        }
        if partial.pieces.ready().len() < partial.total_bytes? as usize {
            return None;
        }
        self.table.remove(&key).map(|partial| Whole { payload: partial.pieces.ready().to_vec() })
    }

    /// The clock was set back.
    pub(super) fn restart_clock(&mut self, now: Timestamp) {
        self.table.restart_clock(now);
    }

    /// Gives up packets that waited too long.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let then = super::seconds_before(now, IDLE_SECONDS);
        while self.table.pop_idle_since(then).is_some() {
            self.given_up = self.given_up.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use jiff::ToSpan;
    use pnet::packet::ip::IpNextHeaderProtocols as Protocols;

    use super::*;
    use crate::decode::ip::Fragment;

    fn fragment(id: u32, offset: u32, more: bool, payload: &[u8]) -> Packet<'_> {
        let address = IpAddr::from(Ipv4Addr::LOCALHOST);
        let payload_bytes = u32::try_from(payload.len()).unwrap();
        let fragment = Some(Fragment { id, offset, more });
        Packet {
            src: address,
            dst: address,
            protocol: Protocols::Udp,
            ttl: 64,
            fragment,
            payload_bytes,
            payload,
        }
    }

    #[test]
    fn fragments_in_any_order_make_the_packet() {
        let mut fragments = Fragments::new();
        let now = Timestamp::UNIX_EPOCH;
        assert!(fragments.insert(now, &fragment(1, 16, false, b"end")).is_none());
        assert!(fragments.insert(now, &fragment(2, 0, true, b"another ")).is_none());
        assert!(fragments.insert(now, &fragment(1, 8, true, b"fragment")).is_none());
        let last = fragment(1, 0, true, b"this is ");
        let whole = fragments.insert(now, &last).unwrap();
        assert_eq!(whole.packet(&last).payload, b"this is fragmentend");
        assert_eq!(whole.packet(&last).fragment, None);
    }

    #[test]
    fn flood_stays_within_the_cap_and_idle_packets_go() {
        let mut fragments = Fragments::new();
        for id in 0..1000 {
            fragments.insert(Timestamp::UNIX_EPOCH, &fragment(id, 0, true, b"12345678"));
        }
        assert_eq!((fragments.table.len(), fragments.given_up), (MAX_PACKETS, 1000 - MAX_PACKETS as u64));
        fragments.expire(Timestamp::UNIX_EPOCH + 11.seconds());
        assert_eq!((fragments.table.len(), fragments.given_up), (0, 1000));
    }
}
