//! Word from the kernel that interfaces came, went or changed: rtnetlink(7), without any right.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::net::{
    AddressFamily, RecvFlags, SocketFlags, SocketType, bind, netlink::SocketAddrNetlink, recv, socket_with,
};

/// Groups `RTNLGRP_LINK`, `RTNLGRP_IPV4_IFADDR` and `RTNLGRP_IPV6_IFADDR`.
const GROUPS: u32 = 1 | 1 << 4 | 1 << 8;

/// A socket that becomes readable when something changed. What it says is not read: who asks looks for himself.
pub(super) struct Changes {
    socket: OwnedFd,
}

impl Changes {
    pub(super) fn listen() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        // NETLINK_ROUTE is protocol 0, the one that is meant where none is given.
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        Ok(Self { socket })
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Whether something changed since this was last asked.
    pub(super) fn take(&self) -> bool {
        let mut message = [0; 4096];
        let mut changed = false;
        loop {
            match recv(&self.socket, &mut message[..], RecvFlags::empty()) {
                // With an error where more changed than there was room for.
                Ok(_) | Err(rustix::io::Errno::NOBUFS) => changed = true,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return changed,
            }
        }
    }
}
