//! Frames off the wire or out of a file, each with its time: what every later stage lives on.

pub mod file;
mod filter;
mod interfaces;
mod kernel;
pub mod live;

use jiff::Timestamp;

pub use self::interfaces::{Interface, InterfaceError};

/// What a frame's bytes begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Ethernet II.
    Ethernet,
    /// An IPv4 or IPv6 header at once.
    RawIp,
    /// Linux cooked capture, version 1.
    LinuxCooked,
    /// Linux cooked capture, version 2.
    LinuxCooked2,
    /// BSD loopback: an address family in the writer's byte order.
    Null,
    /// BSD loopback: an address family in network byte order.
    Loop,
    /// PPP, with or without its HDLC-like framing.
    Ppp,
}

/// Which way a frame went, as the kernel or the cooked header tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Sent by this device.
    Outgoing,
    /// Received by this device.
    Incoming,
}

/// One captured frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// When the frame passed.
    pub time: Timestamp,
    /// What `bytes` begins with.
    pub link: Link,
    /// Interface index; 0 where it is not known.
    pub interface: u32,
    /// Which way it went; `None` where nobody said.
    pub direction: Option<Direction>,
    /// Bytes it had on the wire; never under `bytes.len()`, which may be a short piece of it.
    pub wire_bytes: u32,
    /// Of a TCP transfer a segment is shown at least every so many bytes, and what passed between is told by sequence
    /// numbers; 0 where every segment is shown.
    pub stride: u32,
    /// What was kept of it.
    pub bytes: &'a [u8],
}
