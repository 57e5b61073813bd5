//! Labelled sessions: what a desk's traffic looks like while somebody works with a service, and while nobody does.
//!
//! A scenario is played in the lab's namespaces by real programs against a server that plays the services' hosts, is
//! recorded on the device's cable, and comes with what is true of each service that it reached. `sessions/README.md`
//! says what each scenario models. The same scenario and seed give the same session in kind, number and size, not the
//! same bytes. Seeds that are multiples of five belong to the part that is held out from whoever tunes.
//!
//! This knows what was done and never asks the agent what it would say.

mod apps;
mod browser;
mod capture;
mod certificates;
mod client;
mod embeds;
mod page;
mod play;
mod quic;
mod repositories;
mod scenarios;
mod server;
mod shares;
mod sites;
mod socket;
mod timeline;
mod world;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde::Serialize;

use self::play::Play;
pub use self::{
    play::Label,
    scenarios::{Scenario, all},
};

/// Every so many seeds one is held out.
const HELD_OUT_EVERY: u64 = 5;

/// A session that was made.
#[derive(Debug)]
pub struct Made {
    /// Its capture.
    pub capture: PathBuf,
    /// What is true of it.
    pub labels: Vec<Label>,
}

/// What stands beside a session for its reader; nothing scores by it.
#[derive(Serialize)]
struct About {
    scenario: &'static str,
    models: &'static str,
    is_use: bool,
    seed: u64,
    held_out: bool,
    /// Real programs that took part.
    programs: BTreeSet<String>,
    /// Names that were reached and belong to no service of the catalog.
    not_in_catalog: Vec<String>,
    catalog: String,
    frames: u64,
    played_seconds: f64,
    told_seconds: f64,
    time: timeline::Told,
}

/// Whether nobody looks at this seed's sessions while tuning.
pub fn is_held_out(seed: u64) -> bool {
    seed.is_multiple_of(HELD_OUT_EVERY)
}

impl Scenario {
    /// Plays it with this seed and writes `NAME-SEED.pcap`, `.labels.json` and `.about.json` into the folder, or into
    /// `held-out` below it.
    pub fn make(&self, seed: u64, folder: &Path) -> anyhow::Result<Made> {
        let held_out = is_held_out(seed);
        let folder = if held_out { folder.join("held-out") } else { folder.to_owned() };
        fs::create_dir_all(&folder)?;
        let mut play = Play::new(seed ^ hash(self.name))?;
        (self.play)(&mut play).with_context(|| format!("{} {seed}", self.name))?;
        let played = play.end()?;
        let path = |ending: &str| folder.join(format!("{}-{seed}.{ending}", self.name));
        let capture = path("pcap");
        let began = Play::began(seed)?;
        let length = capture::rewrite(&played.recording, &capture, &played.timeline, began)?;
        fs::write(path("labels.json"), serde_json::to_string_pretty(&played.labels)? + "\n")?;
        let about = About {
            scenario: self.name,
            models: self.about,
            is_use: self.is_use,
            seed,
            held_out,
            programs: played.programs.clone(),
            not_in_catalog: played.unlisted.clone(),
            catalog: elsewhere_catalog::builtin().version().to_owned(),
            frames: length.frames,
            played_seconds: length.played_seconds,
            told_seconds: length.told_seconds,
            time: played.timeline.told(),
        };
        fs::write(path("about.json"), serde_json::to_string_pretty(&about)? + "\n")?;
        Ok(Made { capture, labels: played.labels })
    }
}

/// FNV-1a, so that one seed gives each scenario dice of its own.
fn hash(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
