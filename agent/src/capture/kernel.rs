//! What only the system call itself gives: a ring of packets shared with the kernel, its drop count, and a receive
//! buffer beyond its limit.
//!
//! The only unsafe code of the agent. Options: each call hands the kernel a pointer to a local value of exactly the
//! type and size that it reads or writes for that option, and a descriptor that is borrowed open for as long as the call
//! lasts. The ring: it is mapped once, read and written, and unmapped when [`Ring`] is dropped; its memory is only ever
//! reached through [`Block`], of which there is one at a time because it borrows the ring exclusively. A block is made
//! when the kernel has marked it as ours (Acquire) and until it is dropped, which marks it as the kernel's (Release),
//! the kernel does not write to it: packet(7) and `Documentation/networking/packet_mmap.rst`. Every offset that the kernel
//! wrote is cut to the block before it is used.
#![expect(
    unsafe_code,
    reason = "neither socket2 nor nix nor rustix has these options, and a mapping is raw memory"
)]

use std::{
    io,
    marker::PhantomData,
    mem::{MaybeUninit, offset_of, size_of},
    os::fd::{AsFd, AsRawFd},
    ptr::{self, NonNull},
    slice,
    sync::atomic::{AtomicU32, Ordering},
};

use libc::{c_int, c_void, socklen_t};
use rustix::mm::{MapFlags, ProtFlags};

/// Blocks of the ring: of QUIC at 1 Gbit/s, of which no packet is passed over, the ring holds a third of a second.
pub(super) const BLOCKS: usize = 4;
/// Bytes of a block. A block is handed over when it is full: waking costs more than reading.
const BLOCK_BYTES: usize = 1 << 20;
/// Frames lie one behind the other in a block; this only has to divide it.
const FRAME_BYTES: usize = 4096;
/// Milliseconds after which a block is handed over that is not full; one without a packet is not. Each time costs a
/// wake-up of some 50 µs and cold caches; who can't wait so long has a bell.
const RETIRE_MS: u32 = 200;
/// Where the frames of a block begin at the earliest: past its description.
const DESCRIPTION_BYTES: usize = size_of::<libc::tpacket_block_desc>();

/// A receive ring, `TPACKET_V3`, mapped.
pub(super) struct Ring {
    start: NonNull<u8>,
    next: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread, and only the owner of the ring reaches it.
unsafe impl Send for Ring {}

/// A block that the kernel has filled; dropped, it is the kernel's again.
pub(super) struct Block<'r> {
    start: NonNull<u8>,
    ring: PhantomData<&'r mut Ring>,
}

impl Ring {
    /// Sets a packet socket up for a ring and maps it. Nothing arrives before the socket is bound.
    pub(super) fn map(socket: &impl AsFd) -> io::Result<Self> {
        let version = libc::tpacket_versions::TPACKET_V3 as c_int;
        set_option(socket, libc::SOL_PACKET, libc::PACKET_VERSION, &version)?;
        let request = libc::tpacket_req3 {
            tp_block_size: small(BLOCK_BYTES),
            tp_block_nr: small(BLOCKS),
            tp_frame_size: small(FRAME_BYTES),
            tp_frame_nr: small(BLOCKS * BLOCK_BYTES / FRAME_BYTES),
            tp_retire_blk_tov: RETIRE_MS,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        set_option(socket, libc::SOL_PACKET, libc::PACKET_RX_RING, &request)?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice overlaps nothing.
        let start = unsafe {
            rustix::mm::mmap(
                ptr::null_mut(),
                BLOCKS * BLOCK_BYTES,
                access,
                MapFlags::SHARED,
                socket.as_fd(),
                0,
            )
        }?;
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { start, next: 0 })
    }

    /// The next block, if the kernel has filled it.
    pub(super) fn next_block(&mut self) -> Option<Block<'_>> {
        // SAFETY: `next` stays below BLOCKS, so that the block lies within the mapping.
        let start = unsafe { self.start.add(self.next * BLOCK_BYTES) };
        let block = Block { start, ring: PhantomData };
        if block.status().load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
            // Not ours: it is not to be given back either.
            std::mem::forget(block);
            return None;
        }
        self.next = (self.next + 1) % BLOCKS;
        Some(block)
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: mapped by `map` with this size; no block can be left, because it would borrow the ring. An error
        // would leave the mapping, which harms nobody.
        let _ = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), BLOCKS * BLOCK_BYTES) };
    }
}

impl Block<'_> {
    /// How many frames it holds, and the bytes from the first frame's header on.
    pub(super) fn frames(&self) -> (usize, &[u8]) {
        // SAFETY: the block begins with its description, is aligned to a page, and is ours.
        let description = unsafe { self.start.cast::<libc::tpacket_block_desc>().as_ref() };
        // SAFETY: of the union's fields there is only this one.
        let header = unsafe { description.hdr.bh1 };
        let first = (header.offset_to_first_pkt as usize).clamp(DESCRIPTION_BYTES, BLOCK_BYTES);
        let end = (header.blk_len as usize).clamp(first, BLOCK_BYTES);
        // SAFETY: `first` and `end` are cut to the block, which is initialized (the kernel gives zeroed pages) and ours.
        let bytes = unsafe { slice::from_raw_parts(self.start.add(first).as_ptr(), end - first) };
        (header.num_pkts as usize, bytes)
    }

    fn status(&self) -> &AtomicU32 {
        const AT: usize =
            offset_of!(libc::tpacket_block_desc, hdr) + offset_of!(libc::tpacket_hdr_v1, block_status);
        // SAFETY: the word lies within the block, is aligned, and is shared with the kernel, which writes it atomically.
        unsafe { AtomicU32::from_ptr(self.start.add(AT).cast().as_ptr()) }
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        self.status().store(libc::TP_STATUS_KERNEL, Ordering::Release);
    }
}

/// Lets packets of every interface and protocol arrive. packet(7).
pub(super) fn bind_to_every_interface(socket: &impl AsFd) -> io::Result<()> {
    // SAFETY: integers and bytes, for which zeros are values.
    let mut address: libc::sockaddr_ll = unsafe { MaybeUninit::zeroed().assume_init() };
    address.sll_family = u16::try_from(libc::AF_PACKET).expect("a family has 16 bits");
    address.sll_protocol = u16::try_from(libc::ETH_P_ALL).expect("an EtherType has 16 bits").to_be();
    // SAFETY: the kernel reads as many bytes as the address pointed to has, which outlives the call.
    let result = unsafe {
        libc::bind(
            socket.as_fd().as_raw_fd(),
            (&raw const address).cast::<libc::sockaddr>(),
            option_length::<libc::sockaddr_ll>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Frames that the kernel had no room for since this was last asked. packet(7), `PACKET_STATISTICS`.
pub(super) fn dropped_since_last(socket: &impl AsFd) -> io::Result<u32> {
    // A ring's statistics have one integer more; both begin with the same two.
    let mut statistics = MaybeUninit::<libc::tpacket_stats_v3>::zeroed();
    let mut length = option_length::<libc::tpacket_stats_v3>();
    // SAFETY: the kernel writes at most `length` bytes, the size of the value pointed to, which outlives the call.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            statistics.as_mut_ptr().cast::<c_void>(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: integers, for which the zeros they began with are values too, whatever the kernel has written.
    Ok(unsafe { statistics.assume_init() }.tp_drops)
}

/// A receive buffer of this size even past `net.core.rmem_max`. socket(7), `SO_RCVBUFFORCE`; takes `CAP_NET_ADMIN`.
pub(super) fn force_receive_buffer(socket: &impl AsFd, bytes: c_int) -> io::Result<()> {
    set_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, &bytes)
}

/// Sets an option whose value is a `T`.
fn set_option<T>(socket: &impl AsFd, level: c_int, name: c_int, value: &T) -> io::Result<()> {
    // SAFETY: the kernel reads `length` bytes, the size of the value pointed to, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            name,
            ptr::from_ref(value).cast::<c_void>(),
            option_length::<T>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sizes of a ring are a few megabytes.
fn small(size: usize) -> u32 {
    u32::try_from(size).expect("a ring is far below 4 GiB")
}

fn option_length<T>() -> socklen_t {
    socklen_t::try_from(size_of::<T>()).expect("a socket option is a few bytes")
}
