//! A program that watches, and what it costs while it does: its processor time to the nanosecond.

use nix::{
    time::{clock_getcpuclockid, clock_gettime},
    unistd::Pid,
};

use crate::lab::Running;

/// Processor time of all its threads so far, in seconds.
pub(super) fn cpu_seconds(running: &Running) -> anyhow::Result<f64> {
    let pid = Pid::from_raw(i32::try_from(running.id())?);
    let time = clock_gettime(clock_getcpuclockid(pid)?)?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let seconds = time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9;
    Ok(seconds)
}

/// What the agent counted until now, in all the days it keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Connections that somebody wanted.
    pub(super) connections: u64,
    /// Of those without a name.
    pub(super) unnamed: u64,
    /// Frames lost, by the kernel's count and the agent's own.
    pub(super) dropped: u64,
}

impl Counted {
    /// Adds up what `show --raw` printed.
    pub(super) fn of(days: &[serde_json::Value]) -> Self {
        let sum = |key: &str| days.iter().filter_map(|day| day["record"]["blind_spots"][key].as_u64()).sum();
        Self { connections: sum("connections"), unnamed: sum("unnamed"), dropped: sum("dropped_packets") }
    }

    /// Since then.
    pub(super) fn since(self, then: Self) -> Self {
        Self {
            connections: self.connections - then.connections,
            unnamed: self.unnamed - then.unnamed,
            dropped: self.dropped - then.dropped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_stands_in_the_blind_spots() {
        let day = serde_json::json!({"record": {"blind_spots":
            {"connections": 9, "unnamed": 2, "dropped_packets": 1, "tunnels": 5}}});
        let counted = Counted::of(&[day.clone(), day]);
        let expected = Counted { connections: 18, unnamed: 4, dropped: 2 };
        assert_eq!((counted, counted.since(expected)), (expected, Counted::default()));
    }
}
