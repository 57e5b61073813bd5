//! A window of fixed size that slides over a file.

use std::io::{self, Read};

/// Bytes held at once: a frame of the largest size and its record fit, and a read takes many small frames at a time.
pub(super) const WINDOW_BYTES: usize = 512 * 1024;

/// What is being read, and the part of it that is held.
pub(super) struct Input {
    source: Box<dyn Read + Send>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    offset: u64,
}

impl Input {
    pub(super) fn new(source: Box<dyn Read + Send>) -> Self {
        Self { source, buffer: vec![0; WINDOW_BYTES].into_boxed_slice(), start: 0, end: 0, offset: 0 }
    }

    /// What is held and not yet taken.
    pub(super) fn window(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Bytes taken so far.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads until `wanted` bytes are held; `false` where the source ends before, or they would never fit.
    pub(super) fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        if self.held_bytes() >= wanted {
            return Ok(true);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.held_bytes());
        while self.end < wanted {
            let free = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.source.read(free) {
                Ok(0) => return Ok(false),
                Ok(read) => self.end = self.end.saturating_add(read).min(WINDOW_BYTES),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Gives up `count` bytes, at most what is held.
    pub(super) fn advance(&mut self, count: usize) {
        let count = count.min(self.held_bytes());
        self.start = self.start.saturating_add(count);
        self.offset = self.offset.saturating_add(count as u64);
    }

    /// Takes `count` bytes, at most what is held.
    pub(super) fn take(&mut self, count: usize) -> &[u8] {
        let from = self.start;
        self.advance(count);
        self.buffer.get(from..self.start).unwrap_or_default()
    }

    /// Passes over `count` bytes, however many; `false` where the source ends before.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<bool> {
        while count > 0 {
            if self.window().is_empty() && !self.fill(1)? {
                return Ok(false);
            }
            let step = usize::try_from(count).unwrap_or(usize::MAX).min(self.held_bytes());
            self.advance(step);
            count = count.saturating_sub(step as u64);
        }
        Ok(true)
    }

    fn held_bytes(&self) -> usize {
        self.end.saturating_sub(self.start)
    }
}
