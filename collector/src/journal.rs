//! The journal: what was decided in the conversations with customers, what we changed, what we aim at and what was
//! heard.
//!
//! It owns `journal.toml`, beside `portfolio.toml`. It refuses unknown keys, needs, services and dates, and reports all
//! mistakes of a file together, each with its line. Segments come and go with reorganisations: a `[[renamed]]` entry
//! carries what was written about the old one over to the new, and [`Journal::forgotten`] names what is left behind.

mod file;

use std::fmt;

use elsewhere_catalog::Catalog;
use jiff::civil::Date;

use crate::{
    insight::{conversation::Conversation, why::Answers},
    portfolio::{Mistake, Portfolio},
    segment::Segment,
};

/// All that was written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    /// In the order of the file.
    pub decisions: Vec<Decision>,
    /// Likewise.
    pub changes: Vec<Change>,
    /// Likewise.
    pub targets: Vec<Target>,
    /// Likewise.
    pub asked: Vec<Asked>,
}

/// What was decided in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What people call it.
    pub number: u32,
    /// On this day.
    pub date: Date,
    /// About whom; `None` is everybody.
    pub segment: Option<Segment>,
    /// Id of the need.
    pub need: String,
    /// Id of the service elsewhere, where it is about one.
    pub service: Option<String>,
    /// Which kind of conversation it was.
    pub conversation: Conversation,
    /// What was decided, in a few words.
    pub what: String,
    /// Who of IT sees to it.
    pub owner: String,
    /// Who of the business does.
    pub business_owner: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What customers said.
    pub heard: Option<String>,
    /// When it is looked at again.
    pub review: Option<Date>,
    /// When nobody needed to come back to it any more.
    pub closed: Option<Date>,
    /// Line of the file.
    pub line: usize,
}

/// What we changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// On this day.
    pub date: Date,
    /// For whom; `None` is everybody.
    pub segment: Option<Segment>,
    /// Id of the need.
    pub need: String,
    /// What, in a few words.
    pub what: String,
    /// Who of IT.
    pub owner: Option<String>,
    /// Line of the file.
    pub line: usize,
}

/// What we want our customers to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Who; `None` is everybody.
    pub segment: Option<Segment>,
    /// Id of the need.
    pub need: String,
    /// So many of 100 customer-days with us alone.
    pub ours_alone: u32,
    /// By this day.
    pub by: Date,
    /// Line of the file.
    pub line: usize,
}

/// What customers answered when they were asked why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whom; `None` is everybody.
    pub segment: Option<Segment>,
    /// Id of the need.
    pub need: String,
    /// The last day on which they could answer.
    pub until: Date,
    /// How many said what.
    pub answers: Answers,
    /// Line of the file.
    pub line: usize,
}

/// All mistakes of a journal file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct JournalError {
    /// In the order of their lines.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.mistakes.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Journal {
    /// Reads a journal file; services may be the catalog's or the portfolio's own.
    pub fn parse(text: &str, catalog: &Catalog, portfolio: &Portfolio) -> Result<Self, JournalError> {
        file::parse(text, catalog, portfolio).map_err(|mistakes| JournalError { mistakes })
    }

    /// The segments that something is written about and that are none of these, with the line; what is written there
    /// says nothing until they are renamed.
    pub fn forgotten<'j>(&'j self, known: &[&Segment]) -> Vec<(usize, &'j Segment)> {
        let decisions = self.decisions.iter().map(|entry| (entry.line, &entry.segment));
        let changes = self.changes.iter().map(|entry| (entry.line, &entry.segment));
        let targets = self.targets.iter().map(|entry| (entry.line, &entry.segment));
        let asked = self.asked.iter().map(|entry| (entry.line, &entry.segment));
        let named = decisions.chain(changes).chain(targets).chain(asked);
        let named = named.filter_map(|(line, segment)| Some((line, segment.as_ref()?)));
        let mut forgotten: Vec<_> = named.filter(|(_, segment)| !known.contains(segment)).collect();
        forgotten.sort_by_key(|(line, _)| *line);
        forgotten
    }

    /// Decisions that nobody closed by a day, the oldest first.
    pub fn open(&self, on: Date) -> impl Iterator<Item = &Decision> {
        let is_open =
            move |entry: &&Decision| entry.date <= on && entry.closed.is_none_or(|closed| closed > on);
        let mut open: Vec<_> = self.decisions.iter().filter(is_open).collect();
        open.sort_by_key(|entry| entry.date);
        open.into_iter()
    }
}

#[cfg(test)]
mod tests;
