//! One interface's socket, through pnet, and the thread that reads it.

use std::{
    io,
    net::IpAddr,
    os::fd::IntoRawFd,
    sync::atomic::{AtomicBool, Ordering},
};

use pnet::datalink::{self, Channel, Config, DataLinkReceiver};
use socket2::{Domain, Protocol, Socket, Type};

use super::batch::{LONGEST_WAIT, Writer};
use crate::{
    capture::{
        Direction, Interface, Link,
        filter::{self, Watched},
        kernel,
    },
    clock,
};

/// Room in the kernel for when this process has to wait for a processor: about 28,000 frames, as the kernel counts the
/// memory of a whole packet for a short one; a third of a second at 1 Gbit/s. In use only while it waits.
const RECEIVE_BUFFER_BYTES: usize = 32 << 20;
/// Errors in a row after which an interface is given up.
const MAX_ERRORS: u32 = 16;

/// An interface opened for reading.
pub(super) struct Source {
    receiver: Box<dyn DataLinkReceiver>,
    interface: Interface,
    link: Link,
    /// A second handle of the socket: pnet keeps the first to itself.
    socket: Socket,
    /// Whether our filter is in place.
    pub(super) filtered: bool,
}

/// Asks an interface's socket for its losses.
pub(super) struct Probe {
    socket: Socket,
}

impl Probe {
    /// Frames that the kernel dropped since this was last asked.
    pub(super) fn dropped_since_last(&self) -> u32 {
        kernel::dropped_since_last(&self.socket).unwrap_or(0)
    }
}

impl Source {
    /// Opens a packet socket, filtered before it is bound, and hands it to pnet.
    pub(super) fn open(interface: &Interface, link: Link) -> io::Result<(Self, Probe)> {
        // Protocol 0: nothing arrives before pnet binds it to the interface.
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(0)))?;
        let watched = Watched { index: interface.index(), is_loopback: interface.is_loopback() };
        // Bytes before the IP header.
        let link_bytes = if link == Link::Ethernet { 14 } else { 0 };
        let program = filter::program(link_bytes, &[watched]);
        let filtered = socket.attach_filter(&program).is_ok();
        let buffer_bytes = i32::try_from(RECEIVE_BUFFER_BYTES).expect("32 MB fit");
        if kernel::force_receive_buffer(&socket, buffer_bytes).is_err() {
            // As much as the system's limit allows.
            socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        }
        let (probe, errors) = (socket.try_clone()?, socket.try_clone()?);
        let config = Config {
            read_timeout: Some(LONGEST_WAIT),
            read_buffer_size: filter::WHOLE_BYTES as usize,
            promiscuous: false,
            socket_fd: Some(socket.into_raw_fd()),
            ..Config::default()
        };
        let Channel::Ethernet(_, receiver) = datalink::channel(&interface.inner, config)? else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        Ok((
            Self { receiver, interface: interface.clone(), link, socket: errors, filtered },
            Probe { socket: probe },
        ))
    }

    /// Reads until told to stop, or until the interface is gone.
    pub(super) fn run(mut self, mut writer: Writer, stop: &AtomicBool) {
        let index = self.interface.index();
        let stride = if self.filtered { filter::STRIDE } else { 0 };
        let mut errors = 0;
        let mut may_be_gone = false;
        while !stop.load(Ordering::Relaxed) && errors < MAX_ERRORS {
            match self.receiver.next() {
                Ok(frame) => {
                    (errors, may_be_gone) = (0, false);
                    let direction = direction(&self.interface, self.link, frame);
                    writer.push(clock::now(), self.link, index, direction, stride, frame);
                }
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    writer.send();
                    if may_be_gone && self.interface.is_gone() {
                        break;
                    }
                }
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
                Err(_) => {
                    // Taken off the socket, or poll would return at once for ever. An interface says once that it
                    // goes down; it may come up again, or be gone.
                    let _ = self.socket.take_error();
                    (errors, may_be_gone) = (errors + 1, true);
                    writer.send();
                }
            }
        }
        writer.send();
    }
}

/// Which way a frame went, by the address it was sent from. Loopback goes both ways at once.
fn direction(interface: &Interface, link: Link, frame: &[u8]) -> Option<Direction> {
    if interface.is_loopback() {
        return None;
    }
    let ours = match link {
        Link::Ethernet => frame.get(6..12)? == interface.mac()?,
        _ => interface.has_address(source_address(frame)?),
    };
    Some(if ours { Direction::Outgoing } else { Direction::Incoming })
}

fn source_address(packet: &[u8]) -> Option<IpAddr> {
    match packet.first()? >> 4 {
        4 => Some(IpAddr::from(*packet.get(12..)?.first_chunk::<4>()?)),
        6 => Some(IpAddr::from(*packet.get(8..)?.first_chunk::<16>()?)),
        _ => None,
    }
}
