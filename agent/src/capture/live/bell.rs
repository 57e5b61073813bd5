//! A bell for connections that begin: a second cooked socket, which gets the SYNs that leave and nothing else.
//!
//! The ring hands frames over when a block is full or some time has passed, when a short connection is over and nobody
//! can be asked any more whose it was. Here whoever waits is woken at once. The frames come again with the ring.

use std::{
    io::{self, Read},
    os::fd::{AsFd, BorrowedFd},
    time::{Duration, Instant},
};

use socket2::{Domain, Protocol, Socket, Type};

use super::ring;
use crate::{
    capture::{Direction, Frame, Interface, Link, filter, kernel},
    clock,
};

/// Pause after it rang: waking costs more than asking, and who opens many connections at once keeps them for longer.
const REST: Duration = Duration::from_millis(200);
/// SYNs taken at one time; past it the next time is not far.
const MAX_AT_ONCE: usize = 256;

/// The socket.
pub(super) struct Bell {
    socket: Socket,
    rests_until: Option<Instant>,
}

impl Bell {
    pub(super) fn open(interfaces: &[Interface]) -> io::Result<Self> {
        let socket = Socket::new(Domain::PACKET, Type::DGRAM.nonblocking(), Some(Protocol::from(0)))?;
        let bell = Self { socket, rests_until: None };
        bell.watch(interfaces)?;
        kernel::bind_to_every_interface(&bell.socket)?;
        Ok(bell)
    }

    /// Rings for these interfaces from now on.
    pub(super) fn watch(&self, interfaces: &[Interface]) -> io::Result<()> {
        self.socket.attach_filter(&filter::syns(&ring::watched(interfaces)))
    }

    /// What becomes readable when it rings; nothing while it rests.
    pub(super) fn descriptor(&self, now: Instant) -> Option<BorrowedFd<'_>> {
        self.rests_until.is_none_or(|until| until <= now).then(|| self.socket.as_fd())
    }

    /// It rang: for a while it won't.
    pub(super) fn rest(&mut self, now: Instant) {
        self.rests_until = now.checked_add(REST);
    }

    /// Hands over the SYNs that left since the last time.
    pub(super) fn read(&self, mut take: impl FnMut(&Frame<'_>)) {
        let mut packet = [0; filter::SYN_BYTES as usize];
        for _ in 0..MAX_AT_ONCE {
            let Ok(length) = (&self.socket).read(&mut packet) else { return };
            let bytes = packet.get(..length).unwrap_or_default();
            take(&Frame {
                time: clock::now(),
                link: Link::RawIp,
                interface: 0,
                direction: Some(Direction::Outgoing),
                wire_bytes: u32::try_from(length).unwrap_or(u32::MAX),
                stride: 0,
                bytes,
            });
        }
    }
}
