//! Two things that only the system call itself gives: the kernel's drop count, and a receive buffer beyond its limit.
//!
//! The only unsafe code of the agent. Both calls hand the kernel a pointer to a local value of exactly the type and
//! size that it reads or writes for that option, and a descriptor that is borrowed open for as long as the call lasts.
#![expect(unsafe_code, reason = "neither socket2 nor nix has these two options")]

use std::{
    io,
    mem::{MaybeUninit, size_of},
    os::fd::{AsFd, AsRawFd},
};

use libc::{c_int, c_void, socklen_t};

/// Frames that the kernel had no room for since this was last asked. packet(7), `PACKET_STATISTICS`.
pub(super) fn dropped_since_last(socket: &impl AsFd) -> io::Result<u32> {
    let mut statistics = MaybeUninit::<libc::tpacket_stats>::zeroed();
    let mut length = option_length::<libc::tpacket_stats>();
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
    // SAFETY: two integers, for which the zeros they began with are values too, whatever the kernel has written.
    Ok(unsafe { statistics.assume_init() }.tp_drops)
}

/// A receive buffer of this size even past `net.core.rmem_max`. socket(7), `SO_RCVBUFFORCE`; takes `CAP_NET_ADMIN`.
pub(super) fn force_receive_buffer(socket: &impl AsFd, bytes: c_int) -> io::Result<()> {
    // SAFETY: the kernel reads `length` bytes, the size of the integer pointed to, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVBUFFORCE,
            (&raw const bytes).cast::<c_void>(),
            option_length::<c_int>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn option_length<T>() -> socklen_t {
    socklen_t::try_from(size_of::<T>()).expect("a socket option is a few bytes")
}
