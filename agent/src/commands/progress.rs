//! A bar over a capture file that is being read: on a terminal, and only where the file is large enough to wait for.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::capture::file::Reader;

/// Files under this are read before anyone has seen a bar.
const WORTH_A_BAR_BYTES: u64 = 32 << 20;

/// How far a reader is.
pub(super) struct Progress {
    bar: ProgressBar,
    frames: u64,
}

impl Progress {
    /// A bar on stderr; hidden where nobody would see it or lines of output would tear it.
    pub(super) fn over(reader: &Reader) -> Self {
        let seen = std::io::stderr().is_terminal() && !std::io::stdout().is_terminal();
        let bar = match reader.total_bytes() {
            Some(bytes) if seen && bytes >= WORTH_A_BAR_BYTES => ProgressBar::new(bytes),
            _ => ProgressBar::hidden(),
        };
        let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, frames: 0 }
    }

    /// One more frame was read.
    pub(super) fn frame(&mut self, reader: &Reader) {
        const FRAMES_A_STEP: u64 = 4096;
        self.frames += 1;
        if self.frames.is_multiple_of(FRAMES_A_STEP) {
            self.bar.set_position(reader.consumed_bytes());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
