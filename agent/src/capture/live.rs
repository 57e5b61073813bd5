//! Frames off the device's own interfaces, while they pass.
//!
//! Over one ring for all interfaces where Linux gives one, and over pnet's channels where it doesn't; which of the two
//! is told. What finds no room is dropped and counted. Never promiscuous. Interfaces may come, go and change while
//! frames are read.

mod bell;
mod changes;
mod datalink;
mod ring;

use std::{fmt, io, ops::Add, time::Duration};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use self::{bell::Bell, changes::Changes, datalink::Datalink, ring::Ring};
pub use super::interfaces::{Interface, InterfaceError, interfaces, select};
use super::{Frame, filter::MAX_INTERFACES};
use crate::clock;

/// A running capture. It ends when this is dropped.
pub struct Live {
    interfaces: Vec<Interface>,
    source: Source,
    /// `None` where the kernel tells of no changes: who reads looks from time to time in any case.
    changes: Option<Changes>,
    /// The last wait ended because of changes, or could not know.
    is_told: bool,
    dropped: Dropped,
}

enum Source {
    Ring(Ring, Bell),
    Datalink(Datalink),
}

/// How frames come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// A ring shared with the kernel, `TPACKET_V3`.
    Ring,
    /// pnet's channel for each interface: for where there is no ring.
    Datalink,
}

/// Frames lost since the capture began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// The kernel had no room for them: the reader was too slow.
    pub by_kernel: u64,
    /// The queue had no room for them: the stages behind were too slow.
    pub by_queue: u64,
}

/// Why there is no capture.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The process may not.
    #[error("no right to capture: run as root, or give the program CAP_NET_RAW (setcap cap_net_raw+ep)")]
    NoRight,
    /// Nothing to watch.
    #[error("no interface to watch: none is up that could be")]
    NoInterface,
    /// An interface could not be opened.
    #[error("cannot watch interface {name}")]
    Open {
        /// The interface.
        name: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The filter could not be changed to other interfaces.
    #[error("cannot change the interfaces that are watched")]
    Change(#[source] io::Error),
    /// A thread could not be started.
    #[error("cannot start a thread for interface {name}")]
    Thread {
        /// The interface.
        name: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl Live {
    /// Watches these interfaces, over a ring if one is to be had. All is open when this returns: rights may be given up
    /// after it.
    pub fn open(interfaces: Vec<Interface>) -> Result<Self, LiveError> {
        match Self::open_as(Path::Ring, interfaces.clone()) {
            Err(LiveError::Open { source, .. }) => {
                tracing::warn!(error = %source, "no capture ring here: every packet is copied");
                Self::open_as(Path::Datalink, interfaces)
            }
            opened => opened,
        }
    }

    /// Watches these interfaces this way and no other.
    pub fn open_as(path: Path, interfaces: Vec<Interface>) -> Result<Self, LiveError> {
        if interfaces.is_empty() {
            return Err(LiveError::NoInterface);
        }
        let interfaces = as_many_as_are_watched(interfaces);
        let source = match path {
            Path::Ring => {
                let opened = Ring::open(&interfaces).and_then(|ring| Ok((ring, Bell::open(&interfaces)?)));
                let (ring, bell) = opened.map_err(|source| opening("any", source))?;
                Source::Ring(ring, bell)
            }
            Path::Datalink => Source::Datalink(Datalink::open(&interfaces)?),
        };
        Ok(Self {
            interfaces,
            source,
            changes: Changes::listen().ok(),
            is_told: false,
            dropped: Dropped::default(),
        })
    }

    /// Goes on with other interfaces; what was watched before goes on where that fails.
    pub fn watch(&mut self, interfaces: Vec<Interface>) -> Result<(), LiveError> {
        let interfaces = as_many_as_are_watched(interfaces);
        match &mut self.source {
            Source::Ring(ring, bell) => {
                ring.watch(&interfaces).and_then(|()| bell.watch(&interfaces)).map_err(LiveError::Change)?;
            }
            Source::Datalink(datalink) => {
                let opened = Datalink::open(&interfaces)?;
                self.dropped = self.dropped + datalink.dropped();
                *datalink = opened;
            }
        }
        self.interfaces = interfaces;
        Ok(())
    }

    /// Waits until frames are there, but no longer than `wait`, and not where interfaces change or a connection begins.
    pub fn wait(&mut self, wait: Duration) {
        match &mut self.source {
            Source::Ring(ring, bell) => self.is_told = wait_for(ring, bell, self.changes.as_ref(), wait),
            Source::Datalink(datalink) => {
                datalink.wait(wait);
                self.is_told = true;
            }
        }
    }

    /// Hands over the beginnings of connections that left the device by now, which [`read`](Self::read) hands over again
    /// when their turn comes: for who has to hurry. None where frames come one by one anyway.
    pub fn read_beginnings(&mut self, take: impl FnMut(&Frame<'_>)) {
        if let Source::Ring(_, bell) = &self.source {
            bell.read(take);
        }
    }

    /// Hands over the frames that are there, and says how many it were.
    pub fn read(&mut self, take: impl FnMut(&Frame<'_>)) -> usize {
        match &mut self.source {
            Source::Ring(ring, _) => ring.read(take),
            Source::Datalink(datalink) => datalink.read(take),
        }
    }

    /// Whether interfaces may have come, gone or changed since this was last asked.
    pub fn may_have_changed(&mut self) -> bool {
        let may_be = std::mem::take(&mut self.is_told) || self.watched().next().is_none();
        may_be && self.changes.as_ref().is_some_and(Changes::take)
    }

    /// How frames come.
    pub fn path(&self) -> Path {
        match self.source {
            Source::Ring(..) => Path::Ring,
            Source::Datalink(_) => Path::Datalink,
        }
    }

    /// Whether the kernel's filter is in place on all interfaces; without it the cost follows the bandwidth.
    pub fn is_filtered(&self) -> bool {
        match &self.source {
            Source::Ring(..) => true,
            Source::Datalink(datalink) => datalink.is_filtered(),
        }
    }

    /// Whether just these interfaces are watched, as far as can be.
    pub fn is_watching(&self, wanted: &[Interface]) -> bool {
        let is_read = |interface: &Interface| match &self.source {
            Source::Ring(..) => true,
            Source::Datalink(datalink) => interface.link.is_none() || datalink.watches(interface),
        };
        wanted.iter().take(MAX_INTERFACES).eq(&self.interfaces) && self.interfaces.iter().all(is_read)
    }

    /// The interfaces that are watched.
    pub fn watched(&self) -> impl Iterator<Item = &Interface> {
        self.interfaces.iter().filter(|interface| match &self.source {
            Source::Ring(..) => true,
            Source::Datalink(datalink) => datalink.watches(interface),
        })
    }

    /// Frames lost since the capture began.
    pub fn dropped(&mut self) -> Dropped {
        match &mut self.source {
            Source::Ring(ring, _) => {
                self.dropped.by_kernel += u64::from(ring.dropped_since_last());
                self.dropped
            }
            Source::Datalink(datalink) => self.dropped + datalink.dropped(),
        }
    }
}

fn as_many_as_are_watched(mut interfaces: Vec<Interface>) -> Vec<Interface> {
    if interfaces.len() > MAX_INTERFACES {
        tracing::warn!(most = MAX_INTERFACES, "more interfaces than are watched; name those that matter");
        interfaces.truncate(MAX_INTERFACES);
    }
    interfaces
}

impl Add for Dropped {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let by_kernel = self.by_kernel + other.by_kernel;
        Self { by_kernel, by_queue: self.by_queue + other.by_queue }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ring => "capture ring",
            Self::Datalink => "packet by packet",
        })
    }
}

/// Until frames are there, a connection begins, interfaces change, or `wait` is over; whether it was that they changed.
/// A signal ends it early.
fn wait_for(ring: &Ring, bell: &mut Bell, changes: Option<&Changes>, wait: Duration) -> bool {
    let rings = bell.descriptor(clock::monotonic());
    // What is not waited for is never ready; the ring stands in its place.
    let descriptors = [Some(ring.descriptor()), rings, changes.map(Changes::descriptor)];
    let mut descriptors = descriptors.map(|one| {
        let flags = if one.is_some() { PollFlags::IN } else { PollFlags::empty() };
        PollFd::from_borrowed_fd(one.unwrap_or(ring.descriptor()), flags)
    });
    let wait = Timespec { tv_sec: wait.as_secs().cast_signed(), tv_nsec: wait.subsec_nanos().into() };
    // Whatever it says, what is there is read next.
    let _ = poll(&mut descriptors, Some(&wait));
    let [_, rang, changed] = descriptors.map(|one| !one.revents().is_empty());
    if rang {
        bell.rest(clock::monotonic());
    }
    changed
}

fn opening(name: &str, source: io::Error) -> LiveError {
    match source.kind() {
        io::ErrorKind::PermissionDenied => LiveError::NoRight,
        _ => LiveError::Open { name: name.to_owned(), source },
    }
}

#[cfg(test)]
mod tests;
