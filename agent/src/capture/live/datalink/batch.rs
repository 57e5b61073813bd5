//! Frames on their way from a reading thread to the stages: many in one block of memory, which goes back for reuse.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::capture::{Direction, Frame, Link};

/// Bytes after which a batch goes; with a frame more than this it may be as much longer.
const FULL_BYTES: usize = 64 * 1024;
/// Frames after which a batch goes.
const FULL_FRAMES: usize = 512;
/// Time after which a batch goes, however little is in it.
pub(super) const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// Blocks of memory kept for reuse, each interface.
const MAX_SPARE: usize = 4;

/// Some frames of one interface, in the order they were read.
pub(super) struct Batch {
    block: Block,
    home: SyncSender<Block>,
}

#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

struct Entry {
    time: Timestamp,
    link: Link,
    interface: u32,
    direction: Option<Direction>,
    start: usize,
    length: usize,
    stride: u32,
}

impl Batch {
    /// How many frames it holds.
    pub(super) fn len(&self) -> usize {
        self.block.entries.len()
    }

    /// Its frames.
    pub(super) fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        self.block.entries.iter().map(|entry| {
            let bytes = self.block.bytes.get(entry.start..entry.start + entry.length).unwrap_or_default();
            Frame {
                time: entry.time,
                link: entry.link,
                interface: entry.interface,
                direction: entry.direction,
                wire_bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
                stride: entry.stride,
                bytes,
            }
        })
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        // Where enough is spare, or the reader is gone, the memory is given up.
        let _ = self.home.try_send(std::mem::take(&mut self.block));
    }
}

/// The reading thread's end.
pub(super) struct Writer {
    block: Block,
    out: SyncSender<Batch>,
    dropped: Arc<AtomicU64>,
    home: SyncSender<Block>,
    spare: Receiver<Block>,
}

impl Writer {
    pub(super) fn new(out: SyncSender<Batch>, dropped: Arc<AtomicU64>) -> Self {
        let (home, spare) = sync_channel(MAX_SPARE);
        Self { block: Block::default(), out, dropped, home, spare }
    }

    /// Takes a frame; sends the batch when it is full or old.
    pub(super) fn push(
        &mut self,
        time: Timestamp,
        link: Link,
        interface: u32,
        direction: Option<Direction>,
        stride: u32,
        frame: &[u8],
    ) {
        let start = self.block.bytes.len();
        self.block.bytes.extend_from_slice(frame);
        self.block.entries.push(Entry {
            time,
            link,
            interface,
            direction,
            start,
            length: frame.len(),
            stride,
        });
        let first = self.block.entries.first().map_or(time, |entry| entry.time);
        let waited = time.duration_since(first);
        let is_full = self.block.bytes.len() >= FULL_BYTES || self.block.entries.len() >= FULL_FRAMES;
        // A clock set back makes a negative wait: then the batch goes as well.
        if is_full
            || waited.is_negative()
            || waited > SignedDuration::try_from(LONGEST_WAIT).unwrap_or_default()
        {
            self.send();
        }
    }

    /// Sends what there is. Frames that find no room are dropped and counted.
    pub(super) fn send(&mut self) {
        if self.block.entries.is_empty() {
            return;
        }
        let mut next = self.spare.try_recv().unwrap_or_default();
        next.bytes.clear();
        next.entries.clear();
        let block = std::mem::replace(&mut self.block, next);
        let batch = Batch { block, home: self.home.clone() };
        if let Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) = self.out.try_send(batch) {
            self.dropped.fetch_add(batch.block.entries.len() as u64, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    fn writer(waiting: usize) -> (Writer, Receiver<Batch>, Arc<AtomicU64>) {
        let (out, batches) = sync_channel(waiting);
        let dropped = Arc::new(AtomicU64::new(0));
        (Writer::new(out, Arc::clone(&dropped)), batches, dropped)
    }

    #[test]
    fn batch_goes_when_it_is_full_or_old_or_asked_for() {
        let (mut writer, batches, _) = writer(9);
        let begin = Timestamp::UNIX_EPOCH;
        for _ in 0..FULL_FRAMES {
            writer.push(begin, Link::Ethernet, 3, Some(Direction::Outgoing), 0, &[1, 2, 3]);
        }
        assert_eq!(batches.try_recv().unwrap().frames().count(), FULL_FRAMES);

        writer.push(begin, Link::Ethernet, 3, None, 0, &[1]);
        writer.push(begin + 101.milliseconds(), Link::Ethernet, 3, None, 0, &[2, 3]);
        let batch = batches.try_recv().unwrap();
        assert_eq!(batch.frames().map(|frame| frame.bytes).collect::<Vec<_>>(), [&[1][..], &[2, 3]]);

        writer.push(begin, Link::Ethernet, 3, None, 0, &[4]);
        assert!(batches.try_recv().is_err());
        writer.send();
        assert_eq!(batches.try_recv().unwrap().frames().count(), 1);
    }

    #[test]
    fn frames_without_room_are_dropped_and_counted() {
        let (mut writer, batches, dropped) = writer(1);
        for _ in 0..3 {
            writer.push(Timestamp::UNIX_EPOCH, Link::RawIp, 0, None, 0, &[1]);
            writer.send();
        }
        assert_eq!((batches.iter().take(1).count(), dropped.load(Ordering::Relaxed)), (1, 2));
    }

    #[test]
    fn memory_of_a_batch_comes_back() {
        let (mut writer, batches, _) = writer(1);
        writer.push(Timestamp::UNIX_EPOCH, Link::RawIp, 0, None, 0, &[0; 5000]);
        writer.send();
        drop(batches.recv().unwrap());
        writer.push(Timestamp::UNIX_EPOCH, Link::RawIp, 0, None, 0, &[0; 10]);
        writer.send();
        assert!(writer.block.bytes.capacity() >= 5000 && writer.block.bytes.is_empty());
    }
}
