//! Frames off the device's own interfaces, while they pass.
//!
//! One thread an interface reads, stamps and copies into batches; whoever works takes batches from one bounded queue.
//! What does not fit is dropped and counted, by the kernel and here. Never promiscuous. On Linux each socket has our
//! filter before it sees its first packet; where the kernel refuses it, all frames come whole, which is reported.

mod batch;
mod source;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

pub use self::batch::Batch;
use self::source::Source;
pub use super::interfaces::{Interface, InterfaceError, interfaces, select};
use crate::rights;

/// Batches waiting to be worked on: over a second at 1 Gbit/s. With 64 KiB each, 16 MB at most, and only while the
/// stages behind have to wait for a processor; what comes when all are waiting is dropped.
const MAX_WAITING: usize = 256;

/// A running capture. It ends when this is dropped.
pub struct Live {
    batches: Receiver<Batch>,
    watchers: Vec<Watcher>,
    stop: Arc<AtomicBool>,
    dropped: Arc<AtomicU64>,
    dropped_by_kernel: u64,
    filtered: bool,
}

/// The thread of one interface.
struct Watcher {
    name: String,
    probe: source::Probe,
    thread: Option<JoinHandle<()>>,
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
    /// Watches these interfaces. All sockets are open when this returns: rights may be given up after it.
    pub fn open(interfaces: &[Interface]) -> Result<Self, LiveError> {
        if interfaces.is_empty() {
            return Err(LiveError::NoInterface);
        }
        let (sender, batches) = sync_channel(MAX_WAITING);
        let stop = Arc::new(AtomicBool::new(false));
        let dropped = Arc::new(AtomicU64::new(0));
        let mut live = Self {
            batches,
            watchers: Vec::new(),
            stop: Arc::clone(&stop),
            dropped: Arc::clone(&dropped),
            dropped_by_kernel: 0,
            filtered: true,
        };
        for interface in interfaces {
            let name = interface.name().to_owned();
            let (source, probe) = Source::open(interface).map_err(|source| opening(&name, source))?;
            live.filtered &= source.filtered;
            let writer = batch::Writer::new(sender.clone(), Arc::clone(&dropped));
            let stop = Arc::clone(&stop);
            let thread = std::thread::Builder::new()
                .name(format!("capture {name}"))
                .spawn(move || {
                    // It only reads what is open: where it can't give up its rights, it has them for nothing.
                    let _ = rights::keep_none();
                    source.run(writer, &stop);
                })
                .map_err(|source| LiveError::Thread { name: name.clone(), source })?;
            live.watchers.push(Watcher { name, probe, thread: Some(thread) });
        }
        Ok(live)
    }

    /// The next batch of frames; `None` if none came within `wait`.
    pub fn next_batch(&self, wait: Duration) -> Option<Batch> {
        self.batches.recv_timeout(wait).ok()
    }

    /// Whether the kernel's filter is in place on all interfaces; without it the cost follows the bandwidth.
    pub fn is_filtered(&self) -> bool {
        self.filtered
    }

    /// Names of the interfaces that are watched; those that went away are none any more.
    pub fn watched(&self) -> impl Iterator<Item = &str> {
        let runs = |watcher: &&Watcher| watcher.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        self.watchers.iter().filter(runs).map(|watcher| watcher.name.as_str())
    }

    /// Frames lost since the capture began.
    pub fn dropped(&mut self) -> Dropped {
        for watcher in &self.watchers {
            self.dropped_by_kernel += u64::from(watcher.probe.dropped_since_last());
        }
        Dropped { by_kernel: self.dropped_by_kernel, by_queue: self.dropped.load(Ordering::Relaxed) }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for watcher in &mut self.watchers {
            if let Some(thread) = watcher.thread.take() {
                // A reader that panicked has nothing more to end.
                let _ = thread.join();
            }
        }
    }
}

fn opening(name: &str, source: io::Error) -> LiveError {
    match source.kind() {
        io::ErrorKind::PermissionDenied => LiveError::NoRight,
        _ => LiveError::Open { name: name.to_owned(), source },
    }
}

#[cfg(test)]
mod tests;
