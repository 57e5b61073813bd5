//! What the agent makes of one capture.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;
use elsewhere_agent::{
    capture::file::{self, ReadError},
    evidence::{Evidence, Signal},
    pipeline::Pipeline,
    summarize::Used,
};
use elsewhere_catalog::Catalog;
use jiff::tz::TimeZone;

use super::step::Step;

/// The services of a capture.
pub(super) struct Replayed {
    /// Each with the best evidence of its rows, and what led to it.
    best: BTreeMap<String, (Evidence, Signal)>,
    /// Why the file was not read to its end.
    pub(super) damage: Option<ReadError>,
}

/// Reads a capture to its end or to its first damage. Dates are those of UTC.
pub(super) fn replay(catalog: &'static Catalog, capture: &Path) -> anyhow::Result<Replayed> {
    let mut reader = file::open(capture)?;
    let mut pipeline = Pipeline::new(catalog, TimeZone::UTC);
    let damage = loop {
        match reader.next_frame() {
            Ok(Some(frame)) => pipeline.handle(&frame),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    pipeline.finish();
    pipeline.decode_counts().legible().with_context(|| capture.display().to_string())?;
    let mut best = BTreeMap::new();
    for (_, usage) in pipeline.usages() {
        if let Used::Service(id) = &usage.key.used {
            let judged = (usage.evidence(), usage.signal());
            let held = best.entry(id.clone()).or_insert(judged);
            if judged.0 > held.0 {
                *held = judged;
            }
        }
    }
    Ok(Replayed { best, damage })
}

impl Replayed {
    /// All services that were seen.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        self.best.keys().map(String::as_str)
    }

    /// What was judged of a service.
    pub(super) fn step(&self, service_id: &str) -> Step {
        self.best.get(service_id).map_or(Step::None, |(evidence, _)| Step::from(*evidence))
    }

    /// The same, with the signal that led to it.
    pub(super) fn words(&self, service_id: &str) -> String {
        match self.best.get(service_id) {
            Some((evidence, signal)) => format!("{} by {signal:?}", evidence.as_str()),
            None => "none: no connection to it was seen".to_owned(),
        }
    }
}
