//! What the agent says about itself while it runs: `state.json`, for `status`, for the receipt, and for its next start.
//!
//! Written every few seconds, so never synced: after a power cut the last lines may be missing, and a device that was
//! off was not down. Nothing that must not be lost stands here.

use std::{fs, io, path::Path};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    disk::{self, Readable},
    spool::MAX_RECORDS,
};

/// The agent's own state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Version of the agent.
    pub version: String,
    /// Version of its catalog.
    pub catalog_version: String,
    /// When it started.
    pub started: Timestamp,
    /// When it last wrote this.
    pub alive: Timestamp,
    /// It ended because somebody asked it to.
    pub stopped: bool,
    /// What it watches, in words.
    pub watching: String,
    /// What it missed since it started.
    #[serde(default)]
    pub missed: Missed,
    /// The last visit that came to its end.
    pub last_visit: Option<LastVisit>,
    /// When it will visit next; none where it is not enrolled.
    pub next_visit: Option<Timestamp>,
    /// Why the last visit failed, or what else is wrong.
    pub problem: Option<String>,
    /// The spool could not be written, and what was counted since is in memory only.
    pub spool_failing: bool,
}

/// What passed by without having been seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// Packets that found no room, in the kernel or here.
    pub packets: u64,
    /// Hellos of which a piece was missing: without segmentation offload those in three pieces or more.
    pub hellos: u64,
}

/// A visit that came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastVisit {
    /// When it ended.
    pub at: Timestamp,
    /// Days that were taken.
    pub days: usize,
    /// Bytes of their records.
    pub bytes: usize,
}

/// A stretch of time in which the agent did not watch although the device was on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    from: Timestamp,
    until: Timestamp,
    /// It was killed, so that up to 10 s of counting are lost.
    pub killed: bool,
}

impl State {
    /// The state of the last run, or of the one that goes on; nothing where there is none to read.
    pub fn load(data: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(data.join("state.json")).ok()?).ok()
    }

    /// Writes it, whole or not at all.
    pub fn store(&self, data: &Path) -> io::Result<()> {
        disk::put(&data.join("state.json"), &serde_json::to_vec_pretty(self)?, Readable::ByAll)
    }

    /// What the last run left out until now. `up_since` is when the device was started.
    pub fn gap_until(&self, now: Timestamp, up_since: Option<Timestamp>) -> Option<Gap> {
        let from = up_since.map_or(self.alive, |up_since| up_since.max(self.alive));
        let gap = Gap { from: from.min(now), until: now, killed: !self.stopped };
        (gap.killed || gap.from < gap.until).then_some(gap)
    }
}

impl Gap {
    /// The seconds of it on each civil date, the latest [`MAX_RECORDS`] at most; the last date is that of its end.
    pub fn seconds_by_day(&self, zone: &TimeZone) -> Vec<(Date, u32)> {
        let mut days = Vec::new();
        let mut date = zone.to_datetime(self.until).date();
        let mut until = self.until;
        while days.len() < MAX_RECORDS {
            let Ok(midnight) = date.to_zoned(zone.clone()).map(|midnight| midnight.timestamp()) else {
                break;
            };
            let seconds = until.duration_since(midnight.max(self.from)).as_secs();
            days.push((date, u32::try_from(seconds).unwrap_or(0)));
            let Ok(yesterday) = date.yesterday() else { break };
            if midnight <= self.from {
                break;
            }
            (date, until) = (yesterday, midnight);
        }
        days.reverse();
        days
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn state(alive: &str, stopped: bool) -> State {
        State {
            version: "1.0.0".into(),
            catalog_version: "2026-11-11".into(),
            started: at("2026-11-13T08:00:00Z"),
            alive: at(alive),
            stopped,
            watching: "eth0".into(),
            missed: Missed::default(),
            last_visit: Some(LastVisit { at: at("2026-11-13T08:00:01Z"), days: 1, bytes: 412 }),
            next_visit: None,
            problem: None,
            spool_failing: false,
        }
    }

    #[test]
    fn a_state_is_found_again() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(State::load(data.path()), None);
        let state = state("2026-11-13T10:00:00Z", false);
        state.store(data.path()).unwrap();
        assert_eq!(State::load(data.path()), Some(state));
        fs::write(data.path().join("state.json"), "").unwrap();
        assert_eq!(State::load(data.path()), None);
    }

    #[test]
    fn only_time_that_the_device_was_on_is_a_gap() {
        let now = at("2026-11-13T12:00:00Z");
        let seconds = |alive: &str, stopped, up_since: Option<&str>| {
            let gap = state(alive, stopped).gap_until(now, up_since.map(at))?;
            Some((gap.killed, gap.seconds_by_day(&TimeZone::UTC)[0].1))
        };
        let alive = "2026-11-13T11:00:00Z";
        assert_eq!(seconds(alive, false, Some("2026-11-01T00:00:00Z")), Some((true, 3600)));
        assert_eq!(seconds(alive, true, Some("2026-11-01T00:00:00Z")), Some((false, 3600)));
        assert_eq!(seconds(alive, true, Some("2026-11-13T11:59:30Z")), Some((false, 30)));
        assert_eq!(seconds(alive, false, None), Some((true, 3600)));
        assert_eq!(seconds("2026-11-13T13:00:00Z", true, None), None, "the clock was set back");
        assert_eq!(seconds("2026-11-13T13:00:00Z", false, None), Some((true, 0)));
    }

    #[test]
    fn a_long_gap_falls_on_each_of_its_days() {
        let zone = TimeZone::get("Europe/London").unwrap();
        let gap = state("2026-10-23T22:30:00Z", false).gap_until(at("2026-10-26T08:00:00Z"), None).unwrap();
        let days: Vec<(String, u32)> = gap
            .seconds_by_day(&zone)
            .into_iter()
            .map(|(date, seconds)| (date.to_string(), seconds))
            .collect();
        // British Summer Time ends on the 25th: that date has 25 hours, and Greenwich time from then on.
        assert_eq!(
            days,
            [
                ("2026-10-23".into(), 30 * 60),
                ("2026-10-24".into(), 24 * 3600),
                ("2026-10-25".into(), 25 * 3600),
                ("2026-10-26".into(), 8 * 3600),
            ]
        );
        let years = state("2001-01-01T00:00:00Z", false).gap_until(at("2026-10-26T08:00:00Z"), None).unwrap();
        assert_eq!(years.seconds_by_day(&zone).len(), MAX_RECORDS);
    }
}
