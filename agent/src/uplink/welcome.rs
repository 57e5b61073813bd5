//! What the collector said last: its settings, where it saw this device, the key for unknown names.
//!
//! Read off the wire once and kept in `collector.json`, so that a pause outlives a restart and the receipt can say
//! for how long records are kept. Nothing in it can widen what is collected.

use std::{fs, io, path::Path, time::Duration};

use elsewhere_proto::v1;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    disk::{self, Readable},
    spool::MAX_RECORDS,
    summarize::Place,
};

/// Shortest and longest time between visits that an agent agrees to, in seconds.
const VISIT_INTERVAL_SECONDS: (u32, u32) = (1, 24 * 3600);
/// Most services that IT can offer as the receipt counts them; the rest would get no asterisk.
const MAX_SANCTIONED: usize = 2000;
/// Most names the collector can ask for at one visit; it asks for the rest at the next.
const MAX_REVEAL: usize = 1000;

/// The collector's last welcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Changes when the collector was restored from a backup.
    pub store_id: String,
    /// Where it saw this device.
    pub place: Place,
    /// Key for the hashes of names outside the catalog. Every enrolled device holds it; it opens nothing here.
    pub unknown_name_key: [u8; 32],
    /// Time between two visits.
    pub visit_interval: Duration,
    /// Do not watch before this time.
    pub paused_until: Option<Timestamp>,
    /// Smallest group that is ever shown.
    pub minimum_group: u32,
    /// Weeks that device-days are kept there, and so here.
    pub kept_weeks: u32,
    /// Services that IT offers.
    pub sanctioned_service_ids: Vec<String>,
}

/// Why a welcome makes no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the collector's welcome has no {0}")]
pub struct WelcomeError(&'static str);

impl TryFrom<&v1::VisitWelcome> for Welcome {
    type Error = WelcomeError;

    fn try_from(wire: &v1::VisitWelcome) -> Result<Self, WelcomeError> {
        let settings = wire.settings.as_ref().ok_or(WelcomeError("settings"))?;
        if wire.store_id.is_empty() || wire.store_id.len() > 100 {
            return Err(WelcomeError("store id"));
        }
        let key = wire.unknown_name_key.as_slice();
        let (shortest, longest) = VISIT_INTERVAL_SECONDS;
        let interval = settings.visit_interval_seconds.clamp(shortest, longest);
        Ok(Self {
            store_id: wire.store_id.clone(),
            place: wire.place().into(),
            unknown_name_key: key.try_into().map_err(|_| WelcomeError("key of 32 bytes"))?,
            visit_interval: Duration::from_secs(interval.into()),
            paused_until: paused_until(settings.paused_until),
            minimum_group: settings.minimum_group,
            kept_weeks: settings.kept_weeks.clamp(1, MAX_KEPT_WEEKS),
            sanctioned_service_ids: settings
                .sanctioned_service_ids
                .iter()
                .take(MAX_SANCTIONED)
                .cloned()
                .collect(),
        })
    }
}

/// As long as the spool reaches.
#[expect(clippy::cast_possible_truncation, reason = "13")]
const MAX_KEPT_WEEKS: u32 = (MAX_RECORDS / 7) as u32;

/// 0 is no pause; a time past the calendar's end is its end.
fn paused_until(seconds: u64) -> Option<Timestamp> {
    if seconds == 0 {
        return None;
    }
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    Some(time.unwrap_or(Timestamp::MAX))
}

/// Hashes whose names the collector asks for.
pub(super) fn reveal(wire: &v1::VisitWelcome) -> Vec<u64> {
    wire.reveal.iter().take(MAX_REVEAL).copied().collect()
}

impl Welcome {
    /// What was kept; nothing where no visit has been, or where the file makes no sense: the next visit writes it anew.
    pub fn load(data: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(data.join("collector.json")).ok()?).ok()
    }

    /// Keeps it.
    pub fn store(&self, data: &Path) -> io::Result<()> {
        disk::replace(&data.join("collector.json"), &serde_json::to_vec_pretty(self)?, Readable::ByAll)
    }

    /// Watching is paused at this time.
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.paused_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::uplink) fn wire() -> v1::VisitWelcome {
        v1::VisitWelcome {
            store_id: "store".into(),
            settings: Some(v1::Settings {
                visit_interval_seconds: 900,
                paused_until: 0,
                minimum_group: 5,
                kept_weeks: 13,
                sanctioned_service_ids: vec!["outlook".into()],
            }),
            place: v1::Place::Office.into(),
            unknown_name_key: vec![1; 32],
            reveal: vec![7],
            catalog_delta: None,
        }
    }

    #[test]
    fn a_welcome_is_kept() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(Welcome::load(data.path()), None);
        let welcome = Welcome::try_from(&wire()).unwrap();
        welcome.store(data.path()).unwrap();
        assert_eq!(Welcome::load(data.path()), Some(welcome));
        fs::write(data.path().join("collector.json"), "{").unwrap();
        assert_eq!(Welcome::load(data.path()), None);
    }

    #[test]
    fn what_is_no_welcome_is_refused() {
        for wire in [
            v1::VisitWelcome { settings: None, ..wire() },
            v1::VisitWelcome { store_id: String::new(), ..wire() },
            v1::VisitWelcome { unknown_name_key: vec![1; 31], ..wire() },
        ] {
            assert!(Welcome::try_from(&wire).is_err());
        }
    }

    #[test]
    fn settings_stay_within_what_an_agent_agrees_to() {
        let mut wire = wire();
        let settings = wire.settings.as_mut().unwrap();
        settings.visit_interval_seconds = 0;
        settings.kept_weeks = 1000;
        settings.paused_until = u64::MAX;
        settings.sanctioned_service_ids = vec!["x".into(); MAX_SANCTIONED + 1];
        wire.reveal = vec![1; MAX_REVEAL + 1];
        let welcome = Welcome::try_from(&wire).unwrap();
        assert_eq!(welcome.visit_interval, Duration::from_secs(1));
        assert_eq!(welcome.kept_weeks, 13);
        assert!(welcome.is_paused("2026-11-16T08:00:00Z".parse().unwrap()));
        assert_eq!(welcome.sanctioned_service_ids.len(), MAX_SANCTIONED);
        assert_eq!(reveal(&wire).len(), MAX_REVEAL);
    }
}
