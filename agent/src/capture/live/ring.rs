//! One cooked socket for all interfaces, with a ring that the kernel fills while we read: no call and no copy a packet.
//!
//! The filter picks interfaces by their index and is replaced while packets pass. The kernel stamps each packet with its
//! time, its interface and its direction. `Documentation/networking/packet_mmap.rst` of Linux.

use std::{
    io,
    mem::offset_of,
    os::fd::{AsFd, BorrowedFd},
};

use jiff::Timestamp;
use libc::{sockaddr_ll, tpacket3_hdr};
use socket2::{Domain, Protocol, Socket, Type};

use crate::capture::{
    Direction, Frame, Interface, Link,
    filter::{self, Watched},
    kernel,
};

/// A running capture over a ring.
pub(super) struct Ring {
    socket: Socket,
    blocks: kernel::Ring,
    loopback: u32,
}

impl Ring {
    /// Opens a ring over these interfaces. Filtered before it is bound, so that nothing else is ever in it.
    pub(super) fn open(interfaces: &[Interface]) -> io::Result<Self> {
        // Protocol 0: nothing arrives before the socket is bound.
        let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(0)))?;
        let blocks = kernel::Ring::map(&socket)?;
        let mut ring = Self { socket, blocks, loopback: 0 };
        ring.watch(interfaces)?;
        kernel::bind_to_every_interface(&ring.socket)?;
        Ok(ring)
    }

    /// Watches these interfaces from now on: the kernel changes its filter between two packets.
    pub(super) fn watch(&mut self, interfaces: &[Interface]) -> io::Result<()> {
        let watched = watched(interfaces);
        self.socket.attach_filter(&filter::program(0, &watched))?;
        self.loopback = watched.iter().find(|watched| watched.is_loopback).map_or(0, |watched| watched.index);
        Ok(())
    }

    /// Hands over the frames that are there, at most a ring full of them, and says how many it were.
    pub(super) fn read(&mut self, mut take: impl FnMut(&Frame<'_>)) -> usize {
        let mut count = 0;
        for _ in 0..kernel::BLOCKS {
            let Some(block) = self.blocks.next_block() else { break };
            let (frames, bytes) = block.frames();
            for frame in Frames::new(frames, bytes, self.loopback) {
                take(&frame);
                count += 1;
            }
        }
        count
    }

    /// What becomes readable when frames are there.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Frames that found no room since this was last asked.
    pub(super) fn dropped_since_last(&self) -> u32 {
        kernel::dropped_since_last(&self.socket).unwrap_or(0)
    }
}

/// The interfaces as the filter knows them.
pub(super) fn watched(interfaces: &[Interface]) -> Vec<Watched> {
    let watched = |one: &Interface| Watched { index: one.index(), is_loopback: one.is_loopback() };
    interfaces.iter().map(watched).collect()
}

/// The frames of a block: each a header, the link's address, and the packet from its IP header on.
struct Frames<'b> {
    left: usize,
    bytes: &'b [u8],
    loopback: u32,
}

impl<'b> Frames<'b> {
    fn new(count: usize, bytes: &'b [u8], loopback: u32) -> Self {
        Self { left: count, bytes, loopback }
    }
}

impl<'b> Iterator for Frames<'b> {
    type Item = Frame<'b>;

    fn next(&mut self) -> Option<Frame<'b>> {
        /// Behind the header, aligned to 16 bytes.
        const ADDRESS: usize = size_of::<tpacket3_hdr>().next_multiple_of(libc::TPACKET_ALIGNMENT);
        /// Of `sll_pkttype`: what this device sent.
        const OUTGOING: u8 = 4;
        self.left = self.left.checked_sub(1)?;
        let header = self.bytes.first_chunk::<{ ADDRESS + size_of::<sockaddr_ll>() }>()?;
        let u32_at = |at: usize| word(header, at);
        let kept = u32_at(offset_of!(tpacket3_hdr, tp_snaplen)) as usize;
        let start = usize::from(u16::from_ne_bytes([
            header[offset_of!(tpacket3_hdr, tp_net)],
            header[offset_of!(tpacket3_hdr, tp_net) + 1],
        ]));
        let bytes = self.bytes.get(start..)?.get(..kept)?;
        let interface = u32_at(ADDRESS + offset_of!(sockaddr_ll, sll_ifindex));
        let direction = if header[ADDRESS + offset_of!(sockaddr_ll, sll_pkttype)] == OUTGOING {
            Direction::Outgoing
        } else {
            Direction::Incoming
        };
        let seconds = i64::from(u32_at(offset_of!(tpacket3_hdr, tp_sec)));
        let nanoseconds = u32_at(offset_of!(tpacket3_hdr, tp_nsec)).cast_signed();
        let frame = Frame {
            time: Timestamp::new(seconds, nanoseconds).ok()?,
            link: Link::RawIp,
            interface,
            // Loopback goes both ways at once.
            direction: (interface != self.loopback).then_some(direction),
            wire_bytes: u32_at(offset_of!(tpacket3_hdr, tp_len)),
            stride: filter::STRIDE,
            bytes,
        };
        let next = u32_at(offset_of!(tpacket3_hdr, tp_next_offset)) as usize;
        self.bytes = self.bytes.get(next..).unwrap_or_default();
        Some(frame)
    }
}

/// The word in the machine's byte order that stands at `at`.
fn word<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as the kernel lays it out, so many bytes before the next.
    fn laid_out(next: u32, snap: u32, interface: u32, packet_type: u8, packet: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for word in [next, 1_700_000_000, 5, snap, 9_000, 1] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend([0_u16.to_ne_bytes(), 82_u16.to_ne_bytes()].concat());
        bytes.extend([0; 20]);
        bytes.extend([0_u16.to_ne_bytes(), 0x0800_u16.to_be_bytes()].concat());
        bytes.extend(interface.to_ne_bytes());
        bytes.extend([1, 0, packet_type, 6]);
        bytes.extend([0; 8 + 14]);
        bytes.extend(packet);
        bytes
    }

    #[test]
    fn frames_of_a_block_are_told_as_the_kernel_laid_them_out() {
        let first = laid_out(96, 3, 7, 4, &[0x45, 1, 2]);
        let bytes = [&first[..], &[0; 11], &laid_out(0, 2, 1, 0, &[0x60, 9])].concat();
        let frames: Vec<Frame<'_>> = Frames::new(2, &bytes, 1).collect();
        let told: Vec<_> = frames.iter().map(|f| (f.interface, f.direction, f.wire_bytes, f.bytes)).collect();
        assert_eq!(
            told,
            [(7, Some(Direction::Outgoing), 9_000, &[0x45, 1, 2][..]), (1, None, 9_000, &[0x60, 9])]
        );
        assert_eq!(frames[0].time, Timestamp::new(1_700_000_000, 5).unwrap());
    }

    #[test]
    fn lengths_that_leave_the_block_end_it() {
        for (next, snap, count) in [(4_000_000_000, 3, 1), (96, 4_000_000_000, 0), (96, 99, 0)] {
            let bytes = laid_out(next, snap, 7, 4, &[0x45, 1, 2]);
            assert_eq!(Frames::new(9, &bytes, 1).count(), count, "next {next}, kept {snap}");
        }
        assert_eq!(Frames::new(9, &[0; 40], 1).count(), 0);
    }
}
