//! A bar for what takes longer than two seconds, on a terminal and nowhere else.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::{SignedDuration, Timestamp};

use crate::clock;

const PATIENCE: SignedDuration = SignedDuration::from_secs(2);

/// Bytes of work under way.
pub(super) struct Progress {
    what: &'static str,
    begun: Timestamp,
    done: u64,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn begin(what: &'static str) -> Self {
        Self { what, begun: clock::now(), done: 0, bar: None }
    }

    /// So many bytes more are done, of so many in all.
    pub(super) fn moved(&mut self, bytes: u64, total: u64) {
        self.done += bytes;
        if self.bar.is_none()
            && io::stderr().is_terminal()
            && clock::now().duration_since(self.begun) > PATIENCE
        {
            let style = ProgressStyle::with_template("{bar:20} {bytes}/{total_bytes} {msg} {elapsed}");
            let style = style.expect("the template is ours");
            self.bar = Some(ProgressBar::new(total).with_style(style).with_message(self.what));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
