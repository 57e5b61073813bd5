//! Recall and extra names of each kind, each miss and each extra with its file and what explains it.

use std::{collections::BTreeSet, path::Path};

use super::{
    explain::{self, Miss},
    flows,
    seen::{self, Seen},
    truth::{self, Capture, Kind},
};
use crate::{
    figures::percent,
    table::{Goal, Table},
};

/// Extra names that are tolerated, as a share of those listed.
const EXTRA_PERCENT: f64 = 1.0;

/// What one kind came to.
#[derive(Default)]
struct Recall {
    asked: u64,
    found: u64,
    excepted: u64,
    explained: u64,
    extra: u64,
}

/// Reads all captures of a folder and compares; prints each difference, adds the rows.
pub fn compare(folder: &Path, table: &mut Table) -> anyhow::Result<()> {
    let captures = truth::read(folder)?;
    let mut recalls = Kind::ALL.map(|_| Recall::default());
    let mut answers = Recall::default();
    let mut flows = flows::Comparison::default();
    for capture in &captures {
        let seen = seen::read(&truth::path_of(folder, capture));
        if let Some(damage) = &seen.damage {
            println!("{}: {damage}", capture.file);
        }
        for (kind, recall) in Kind::ALL.into_iter().zip(&mut recalls) {
            recall.names(capture, &seen, kind);
        }
        answers.answers(capture, &seen);
        flows.add(capture, &seen);
    }
    for (kind, recall) in Kind::ALL.into_iter().zip(&recalls) {
        recall.rows(&format!("{} names", kind.word()), table);
    }
    answers.rows("DNS answers", table);
    flows.rows(table);
    Ok(())
}

impl Recall {
    fn names(&mut self, capture: &Capture, seen: &Seen, kind: Kind) {
        let (file, word) = (&capture.file, kind.word());
        for name in capture.names(kind) {
            if seen.has(kind, &name.name) {
                self.asked += 1;
                self.found += 1;
                continue;
            }
            let by = name.seen_by.join(", ");
            let why = self.count(explain::miss(capture, seen, kind, name));
            println!("missed {word} {file} {} (seen by {by}): {why}", name.name);
        }
        let listed: BTreeSet<&str> = capture.names(kind).iter().map(|name| name.name.as_str()).collect();
        for name in seen.names(kind).filter(|name| !listed.contains(name)) {
            self.extra += 1;
            let why = explain::extra(capture, kind, name).unwrap_or("UNEXPLAINED");
            println!("extra {word} {file} {name}: {why}");
        }
    }

    /// Counts a miss and gives its reason.
    fn count(&mut self, miss: Miss) -> &'static str {
        let (Miss::Excepted(why) | Miss::Explained(why)) = miss else {
            self.asked += 1;
            return "UNEXPLAINED";
        };
        let is_excepted = matches!(miss, Miss::Excepted(_));
        self.excepted += u64::from(is_excepted);
        self.explained += u64::from(!is_excepted);
        self.asked += u64::from(!is_excepted);
        why
    }

    fn answers(&mut self, capture: &Capture, seen: &Seen) {
        let file = &capture.file;
        for answer @ (owner, kind, value) in &capture.answers {
            if seen.answers.contains(answer) {
                self.asked += 1;
                self.found += 1;
                continue;
            }
            let why = self.count(explain::missed_answer(capture, seen, answer));
            println!("missed answer {file} {owner} {kind} {value}: {why}");
        }
        for (owner, kind, value) in seen.answers.difference(&capture.answers) {
            self.extra += 1;
            println!("extra answer {file} {owner} {kind} {value}: UNEXPLAINED");
        }
    }

    fn rows(&self, what: &str, table: &mut Table) {
        let Self { asked, found, excepted, explained, extra } = self;
        let unexplained = asked - found - explained;
        let beside = format!(
            "{found} of {asked}, {explained} missed explained, {unexplained} unexplained, {excepted} excepted"
        );
        table.row(&format!("{what}: found"), percent(*found, *asked), "%", &beside, Goal::AtLeast(100.0));
        let beside = format!("{extra} beside {asked}");
        table.row(
            &format!("{what}: extra"),
            percent(*extra, *asked),
            "%",
            &beside,
            Goal::AtMost(EXTRA_PERCENT),
        );
    }
}
