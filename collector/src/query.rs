//! Query: the one door to published figures for every reader: API, gRPC, digest and commands.
//!
//! It applies the reader's segment scope, finds the week that is meant and puts the names and the week before beside
//! the figures. It reads published rows only; no question here can reach a device-day.

mod answers;
mod packages;

pub use answers::{
    Beside, Head, NeedAnswer, Needs, Proposals, Segments, ServiceAnswer, Services, SignalAnswer, Signals,
    WeekAnswer, Weeks,
};
pub use packages::{LineAnswer, PackageAnswer, Packages, SeenAnswer};

use std::collections::BTreeSet;

use crate::{
    digest::{self, Digest, ProposalLine},
    insight::{History, Known, LINE_WEEKS, followed_up, proposal::proposals},
    installation::Installation,
    journal::Journal,
    portfolio::{Landscape, Portfolio},
    published::{PublishedSegment, PublishedWeek, WeekState},
    reader::Reader,
    segment::Segment,
    store::StoreError,
    week::Week,
};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// No week has been published.
    #[error("no week is published yet; weeks are published every night, or by `elsewhere-collector freeze`")]
    NothingPublished,
    /// This one has not.
    #[error(
        "week {0} is not published; GET /api/v1/weeks or `elsewhere-collector query weeks` lists those that are"
    )]
    NoSuchWeek(Week),
    /// No device was enrolled in it.
    #[error(
        "segment {0} is not in week {1}; GET /api/v1/segments or `elsewhere-collector query segments` lists those that are"
    )]
    NoSuchSegment(Segment, Week),
    /// The reader's scope does not reach it, whether it exists or not.
    #[error("you may not ask for {0}; ask for a segment within your own")]
    OutOfScope(String),
    /// The portfolio can't be read.
    #[error("the portfolio can't be read")]
    Portfolio(#[source] anyhow::Error),
    /// The journal can't be read.
    #[error("the journal can't be read")]
    Journal(#[source] anyhow::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One reader's view of an installation.
pub struct Query<'i> {
    installation: &'i Installation,
    reader: &'i Reader,
}

/// A published week with those before it, and its names.
struct Read {
    state: WeekState,
    week: Week,
    weeks: Vec<PublishedWeek>,
    portfolio: Portfolio,
    landscape: Landscape,
}

impl<'i> Query<'i> {
    /// What this reader sees.
    pub fn new(installation: &'i Installation, reader: &'i Reader) -> Self {
        Self { installation, reader }
    }

    /// Published weeks, newest first.
    pub fn weeks(&self) -> Result<Weeks, QueryError> {
        let weeks = self.installation.store().published_weeks()?;
        let weeks = weeks.into_iter().rev().map(|(week, state)| WeekAnswer::new(week, state));
        Ok(Weeks { weeks: weeks.collect() })
    }

    /// The page of a week and segment. Without a week it is the newest frozen one, or else the newest.
    pub fn digest(&self, week: Option<Week>, segment: Option<&Segment>) -> Result<Digest, QueryError> {
        let segment = self.scope(segment)?;
        let mut read = self.read(week, LINE_WEEKS)?;
        let journal = self.installation.journal(&read.portfolio).map_err(QueryError::Journal)?;
        self.read_before_decisions(&mut read, &journal)?;
        let signals = self.installation.store().signals()?;
        let history = read.history()?;
        let source = digest::Source {
            zone: &self.installation.config().zone,
            landscape: &read.landscape,
            state: read.state,
            known: Known { portfolio: &read.portfolio, journal: &journal, signals: &signals },
        };
        digest::compose(source, &history, segment).ok_or_else(|| read.no_such_segment(segment))
    }

    /// The needs of a week and segment, most days elsewhere first.
    pub fn needs(&self, week: Option<Week>, segment: Option<&Segment>) -> Result<Needs, QueryError> {
        let segment = self.scope(segment)?;
        let read = self.read(week, 2)?;
        let (row, last) = read.rows(segment)?;
        Ok(Needs::new(read.head(row), row, last, &read.landscape))
    }

    /// The segments of a week that the reader may ask for.
    pub fn segments(&self, week: Option<Week>) -> Result<Segments, QueryError> {
        let read = self.read(week, 2)?;
        let (row, _) = read.rows(self.reader.own_segment())?;
        let history = read.history()?;
        let rows = history.this().segments.iter();
        let mine: Vec<_> = rows.filter(|row| self.reader.may_ask_for(row.segment.as_ref())).collect();
        let last = |row: &PublishedSegment| history.segment(row.segment.as_ref(), 1);
        Ok(Segments::new(read.head(row), mine.into_iter().map(|row| (row, last(row)))))
    }

    /// The services of a week and segment, most customers first.
    pub fn services(&self, week: Option<Week>, segment: Option<&Segment>) -> Result<Services, QueryError> {
        let segment = self.scope(segment)?;
        let read = self.read(week, 2)?;
        let (row, last) = read.rows(segment)?;
        Ok(Services::new(read.head(row), row, last, &read.landscape))
    }

    /// What IT offers as packages, and what is seen of them in a week and segment.
    pub fn packages(&self, week: Option<Week>, segment: Option<&Segment>) -> Result<Packages, QueryError> {
        let segment = self.scope(segment)?;
        let read = self.read(week, 1)?;
        let (row, _) = read.rows(segment)?;
        Ok(Packages::new(read.head(row), &read.portfolio.packages, row))
    }

    /// What looks like ours among the services of a week that nobody has reviewed: of everybody.
    pub fn proposals(&self, week: Option<Week>) -> Result<Proposals, QueryError> {
        if !self.reader.may_ask_for(None) {
            return Err(QueryError::OutOfScope("everybody".to_owned()));
        }
        let read = self.read(week, 1)?;
        let (row, _) = read.rows(None)?;
        let proposed = proposals(read.history()?.this(), &read.portfolio);
        let line = |proposal| ProposalLine::new(proposal, &read.landscape);
        Ok(Proposals { head: read.head(row), proposals: proposed.iter().map(line).collect() })
    }

    /// What was told of single services the morning after, as far as the reader may ask for its segment; newest first.
    pub fn signals(&self) -> Result<Signals, QueryError> {
        let mut signals = self.installation.store().signals()?;
        signals.retain(|signal| self.reader.may_ask_for(signal.segment.as_ref()));
        let Some(newest) = signals.first() else { return Ok(Signals { signals: Vec::new() }) };
        let portfolio = self.installation.portfolio().map_err(QueryError::Portfolio)?;
        let landscape = portfolio.landscape(elsewhere_catalog::builtin(), Week::of(newest.released));
        Ok(Signals::new(signals, &landscape))
    }

    /// The segment that is meant, if the reader may ask for it.
    fn scope<'s>(&'s self, asked: Option<&'s Segment>) -> Result<Option<&'s Segment>, QueryError> {
        let segment = asked.or_else(|| self.reader.own_segment());
        if self.reader.may_ask_for(segment) {
            return Ok(segment);
        }
        Err(QueryError::OutOfScope(segment.map_or_else(|| "everybody".to_owned(), ToString::to_string)))
    }

    /// Adds the weeks before decisions that are still open, where they are older than those read.
    fn read_before_decisions(&self, read: &mut Read, journal: &Journal) -> Result<(), QueryError> {
        let wanted = journal.open(read.week.sunday()).flat_map(followed_up::weeks_before);
        for week in wanted.collect::<BTreeSet<_>>() {
            if read.weeks.iter().all(|known| known.week != week) {
                read.weeks.extend(self.installation.store().published(week)?.map(|(published, _)| published));
            }
        }
        Ok(())
    }

    /// A week, and those of the `weeks` up to it that are published.
    fn read(&self, asked: Option<Week>, weeks: usize) -> Result<Read, QueryError> {
        let store = self.installation.store();
        let published = store.published_weeks()?;
        let is_frozen = |state: &WeekState| matches!(state, WeekState::Frozen { .. });
        let newest = || {
            let frozen = published.iter().rev().find(|(_, state)| is_frozen(state));
            frozen.or(published.last()).copied().ok_or(QueryError::NothingPublished)
        };
        let (week, state) = match asked {
            Some(week) => published
                .iter()
                .find(|(known, _)| *known == week)
                .copied()
                .ok_or(QueryError::NoSuchWeek(week))?,
            None => newest()?,
        };
        let first = week.plus(1 - i64::try_from(weeks).expect("thirteen at most"));
        let wanted = published.iter().filter(|(known, _)| (first..=week).contains(known));
        let mut read = Vec::new();
        for (known, _) in wanted {
            read.extend(store.published(*known)?.map(|(published, _)| published));
        }
        let portfolio = self.installation.portfolio().map_err(QueryError::Portfolio)?;
        let landscape = portfolio.landscape(elsewhere_catalog::builtin(), week);
        Ok(Read { state, week, weeks: read, portfolio, landscape })
    }
}

impl Read {
    fn history(&self) -> Result<History<'_>, QueryError> {
        History::of(self.week, &self.weeks).ok_or(QueryError::NoSuchWeek(self.week))
    }

    /// The segment's row in the week, and in the week before.
    fn rows(
        &self,
        segment: Option<&Segment>,
    ) -> Result<(&PublishedSegment, Option<&PublishedSegment>), QueryError> {
        let history = self.history()?;
        let row = history.segment(segment, 0).ok_or_else(|| self.no_such_segment(segment))?;
        Ok((row, history.segment(segment, 1)))
    }

    fn no_such_segment(&self, segment: Option<&Segment>) -> QueryError {
        match segment {
            Some(segment) => QueryError::NoSuchSegment(segment.clone(), self.week),
            None => QueryError::NoSuchWeek(self.week),
        }
    }

    fn head(&self, row: &PublishedSegment) -> Head {
        let minimum_group =
            self.weeks.iter().find(|week| week.week == self.week).map(|week| week.minimum_group);
        Head {
            organisation: self.portfolio.organisation.clone(),
            simulated: self.portfolio.simulated,
            week: WeekAnswer::new(self.week, self.state),
            minimum_group: minimum_group.unwrap_or_default(),
            segment: row.segment.clone(),
            customers_seen: row.customers,
        }
    }
}

#[cfg(test)]
mod tests;
