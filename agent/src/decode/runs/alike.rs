//! The packet after the one before: what all IPv4 segments of one run have alike is compared at once, and only what
//! differs is read. A transfer at full rate is nothing else, packet after packet.

use super::{ACK, ECN, PSH_ACK};
use crate::decode::stream;

/// Bytes of an IPv4 and a TCP header without options.
const HEAD_BYTES: usize = 40;
/// What is alike: version and header length, fragment, protocol, addresses and ports, length of the TCP header.
#[rustfmt::skip]
const ALIKE: [u8; HEAD_BYTES] = [
    0xff, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0,
];

/// The first bytes of the packet that a run began or went on with last.
pub(super) struct Last {
    head: [u8; HEAD_BYTES],
    /// Where the run is.
    pub(super) place: usize,
}

/// What differs from one segment of a run to the next.
pub(super) struct Segment {
    pub(super) seq: u32,
    pub(super) flags: u8,
    pub(super) payload_bytes: u32,
}

impl Last {
    /// Nothing is like it.
    pub(super) fn nothing() -> Self {
        Self { head: [0; HEAD_BYTES], place: 0 }
    }

    /// Remembers a packet of the run at `place`; one of IPv6 is like no other.
    pub(super) fn set(&mut self, packet: &[u8], place: usize) {
        self.place = place;
        self.head =
            packet.first_chunk().copied().filter(|head: &[u8; HEAD_BYTES]| head[0] == 0x45).unwrap_or([0; _]);
    }

    /// Reads a packet of the same flow and direction that is plain and has payload.
    #[inline]
    pub(super) fn next(&self, packet: &[u8]) -> Option<Segment> {
        let head = packet.first_chunk::<HEAD_BYTES>().filter(|head| head[0] == 0x45)?;
        let pairs = head.iter().zip(&self.head).zip(&ALIKE);
        if pairs.fold(0, |differ, ((new, old), alike)| differ | (new ^ old) & alike) != 0 {
            return None;
        }
        let &[_, _, total_0, total_1, .., s0, s1, s2, s3, _, _, _, _, offset, flags, _, _, _, _, _, _] = head;
        let headers_bytes = u16::from(offset >> 4).saturating_mul(4).saturating_add(20);
        let payload_bytes =
            u16::from_be_bytes([total_0, total_1]).checked_sub(headers_bytes).filter(|bytes| *bytes > 0)?;
        let begins = packet.get(usize::from(headers_bytes)).is_some_and(|first| stream::may_begin(*first));
        if begins || flags & ACK == 0 || flags & !(PSH_ACK | ECN) != 0 {
            return None;
        }
        Some(Segment {
            seq: u32::from_be_bytes([s0, s1, s2, s3]),
            flags,
            payload_bytes: payload_bytes.into(),
        })
    }
}
