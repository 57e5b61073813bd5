//! The way without a ring: pnet's own channel for each interface. The agent runs on Linux only, where this is the
//! fallback; on other systems it would be the only way, and nobody has built it there.
//!
//! One thread an interface reads, stamps and copies into batches; whoever works takes batches from one bounded queue.
//! What does not fit is dropped and counted, by the kernel and here. On Linux each socket has our filter before it sees
//! its first packet; where the kernel refuses it, all frames come whole. Costs a call and a copy for each packet, sees
//! no interface whose link header pnet does not tell, and takes its time from our clock.

mod batch;
mod source;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use self::{batch::Batch, source::Source};
use super::{Dropped, LiveError, opening};
use crate::{
    capture::{Frame, Interface},
    rights,
};

/// Batches waiting to be worked on: over a second at 1 Gbit/s. With 64 KiB each, 16 MB at most, and only while the
/// stages behind have to wait for a processor; what comes when all are waiting is dropped.
const MAX_WAITING: usize = 256;

/// A running capture. It ends when this is dropped.
pub(super) struct Datalink {
    batches: Receiver<Batch>,
    next: Option<Batch>,
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

impl Datalink {
    /// Watches these interfaces. All sockets are open when this returns: rights may be given up after it.
    pub(super) fn open(interfaces: &[Interface]) -> Result<Self, LiveError> {
        let (sender, batches) = sync_channel(MAX_WAITING);
        let stop = Arc::new(AtomicBool::new(false));
        let dropped = Arc::new(AtomicU64::new(0));
        let mut datalink = Self {
            batches,
            next: None,
            watchers: Vec::new(),
            stop: Arc::clone(&stop),
            dropped: Arc::clone(&dropped),
            dropped_by_kernel: 0,
            filtered: true,
        };
        for interface in interfaces {
            let name = interface.name().to_owned();
            let Some(link) = interface.link else { continue };
            let (source, probe) = Source::open(interface, link).map_err(|source| opening(&name, source))?;
            datalink.filtered &= source.filtered;
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
            datalink.watchers.push(Watcher { name, probe, thread: Some(thread) });
        }
        Ok(datalink)
    }

    /// Waits for a batch of frames, but no longer than `wait`.
    pub(super) fn wait(&mut self, wait: Duration) {
        self.next = self.next.take().or_else(|| self.batches.recv_timeout(wait).ok());
    }

    /// Hands over the batch that was waited for, and says how many frames it were.
    pub(super) fn read(&mut self, mut take: impl FnMut(&Frame<'_>)) -> usize {
        let Some(batch) = self.next.take() else { return 0 };
        for frame in batch.frames() {
            take(&frame);
        }
        batch.len()
    }

    /// Whether the kernel's filter is in place on all interfaces; without it the cost follows the bandwidth.
    pub(super) fn is_filtered(&self) -> bool {
        self.filtered
    }

    /// Whether the interface is read: its link header is known, and it did not go away.
    pub(super) fn watches(&self, interface: &Interface) -> bool {
        let reads = |watcher: &Watcher| watcher.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        self.watchers.iter().any(|watcher| watcher.name == interface.name() && reads(watcher))
    }

    /// Frames lost since the capture began.
    pub(super) fn dropped(&mut self) -> Dropped {
        for watcher in &self.watchers {
            self.dropped_by_kernel += u64::from(watcher.probe.dropped_since_last());
        }
        Dropped { by_kernel: self.dropped_by_kernel, by_queue: self.dropped.load(Ordering::Relaxed) }
    }
}

impl Drop for Datalink {
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
