//! Statements set against facts, company by company, and their sums.

use std::collections::BTreeMap;

use elsewhere_collector::{
    insight::{History, Known, LINE_WEEKS},
    rollup::{Rollup, ServiceCounts},
};

use super::{
    FEWEST, JUDGED_AFTER,
    facts::{Fact, facts},
    kind::Kind,
    seen::is_seen,
    statements::{self, Measured, Statement},
    told::{Told, tell},
};
use crate::fleet::{Company, company::Customer, story::Status};

/// The sums of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Stories of it.
    pub planted: u64,
    /// Of these, those that the floor lets be seen, with customers enough.
    pub seen: u64,
    /// Of these, those that were stated.
    pub found: u64,
    /// True statements, each counted in each week.
    pub right: u64,
    /// False ones, likewise.
    pub wrong: u64,
}

/// How often an interval holds the truth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Intervals whose truth is known.
    pub known: u64,
    /// Those that hold it.
    pub held: u64,
}

/// What was found out about some companies.
#[derive(Debug, Default)]
pub struct Score {
    /// Companies.
    pub companies: u64,
    /// Weeks judged.
    pub company_weeks: u64,
    /// Kind by kind.
    pub kinds: BTreeMap<Kind, Sums>,
    /// Of kinds whose truth is known: where a story was planted, and where none was.
    pub coverage: BTreeMap<(Kind, bool), Coverage>,
    /// Statements about fewer customers than may be told of.
    pub under_k: u64,
    /// Statements.
    pub statements: u64,
    /// Single cases, to be looked at while tuning.
    pub cases: Vec<Case>,
}

/// A story that was missed, or could not be seen, or a false statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Which kind.
    pub kind: Kind,
    /// In words.
    pub words: String,
}

/// One fact over the weeks.
#[derive(Clone, Copy, Default)]
struct Course {
    seen: bool,
    found: bool,
}

impl Score {
    /// Tells a company and judges what insight says of it. `name` is what its cases are called by.
    pub fn of(company: &Company, name: &str) -> anyhow::Result<Self> {
        let told = tell(company, super::PUBLISHED)?;
        let facts = facts(company);
        let mut courses = vec![Course::default(); facts.len()];
        let mut score = Self { companies: 1, ..Self::default() };
        for (place, published) in told.published.iter().enumerate().skip(JUDGED_AFTER) {
            score.company_weeks += 1;
            // What comes later is not known yet.
            let history = History::of(published.week, &told.published[..=place]).expect("it is the last one");
            let known = Known { portfolio: &told.portfolio, journal: &told.journal, signals: &[] };
            let rollup = &told.rollups[place];
            let heard = statements::listen(&history, known, rollup);
            let number = company.week_number(published.week.monday());
            for (fact, course) in facts.iter().zip(&mut courses) {
                let holds = fact.is_to_be_found && fact.weeks.contains(&number);
                course.seen |= holds && is_seen(fact, &told, &history, rollup, FEWEST);
                course.found |= holds && heard.statements.iter().any(|it| is_of(fact, it, number));
            }
            for statement in &heard.statements {
                score.judge(statement, (company, &facts), (&history, rollup), number, name);
            }
            for measured in &heard.measured {
                score.measure(measured, &facts, company, number);
            }
        }
        score.sum_up(company, &told, &facts, &courses, name);
        Ok(score)
    }

    fn judge(
        &mut self,
        statement: &Statement,
        (company, facts): (&Company, &[Fact]),
        (history, rollup): (&History<'_>, &Rollup),
        number: u32,
        name: &str,
    ) {
        let Statement { kind, segment, need, service, customers } = statement;
        self.statements += 1;
        self.under_k += u64::from(customers.is_some_and(|customers| customers < super::K));
        let is_so = |fact: &Fact| fact.makes_true(*kind, segment.as_ref(), need, service.as_deref(), number);
        let sums = self.kinds.entry(*kind).or_default();
        if facts.iter().any(is_so) || *kind == Kind::Guide && is_scattered(company, rollup, statement, number)
        {
            sums.right += 1;
            return;
        }
        sums.wrong += 1;
        let whose = segment.as_ref().map_or_else(|| "everybody".to_owned(), ToString::to_string);
        let with = service.as_ref().map(|service| format!(" with {service}")).unwrap_or_default();
        let days = days_elsewhere(history, statement);
        let words = format!(
            "false   {name} week {number}: {whose}, {need}{with} ({customers:?} customers; days {days})"
        );
        self.cases.push(Case { kind: *kind, words });
    }

    /// Only single departments have a truth that a story says.
    fn measure(&mut self, measured: &Measured, facts: &[Fact], company: &Company, number: u32) {
        let Some(segment) = &measured.segment else { return };
        let mut about = facts
            .iter()
            .filter(|fact| fact.makes_true(measured.kind, Some(segment), &measured.need, None, number));
        let (truth, is_planted) = match (about.next(), measured.kind) {
            // What a decision did is known of the last weeks.
            (_, Kind::Worked) if number < company.story.weeks => (None, false),
            (Some(fact), _) => (fact.truth, true),
            (None, Kind::Slower) => (Some(1.0), false),
            (None, Kind::FrontDoor | Kind::Worked) => (Some(0.0), false),
            (None, _) => (None, false),
        };
        let Some(truth) = truth.filter(|_| !is_mixed(company, segment)) else { return };
        let coverage = self.coverage.entry((measured.kind, is_planted)).or_default();
        coverage.known += 1;
        coverage.held += u64::from((measured.interval.low..=measured.interval.high).contains(&truth));
    }

    fn sum_up(&mut self, company: &Company, told: &Told, facts: &[Fact], courses: &[Course], name: &str) {
        for (fact, course) in facts.iter().zip(courses).filter(|(fact, _)| fact.is_to_be_found) {
            let involved = involved(company, fact);
            let sums = self.kinds.entry(fact.kind).or_default();
            sums.planted += 1;
            let is_seen = course.seen && involved >= FEWEST;
            sums.seen += u64::from(is_seen);
            sums.found += u64::from(is_seen && course.found);
            if !course.found {
                let planted = &company.story.planted[fact.story];
                let (words, weeks) = (planted.in_words(), &fact.weeks);
                let told = told.published.len();
                let whose: Vec<String> = fact.segments.iter().map(ToString::to_string).collect();
                let words = format!(
                    "{} {name}: {words} ({}, {} of {told} weeks from {}, {involved} customers of {})",
                    if is_seen { "missed " } else { "unseen " },
                    whose.join(", "),
                    weeks.clone().count(),
                    weeks.start(),
                    company.story.customers
                );
                self.cases.push(Case { kind: fact.kind, words });
            }
        }
    }

    /// With those of other companies.
    pub fn join(&mut self, other: Self) {
        self.companies += other.companies;
        self.company_weeks += other.company_weeks;
        self.under_k += other.under_k;
        self.statements += other.statements;
        for (kind, sums) in other.kinds {
            let own = self.kinds.entry(kind).or_default();
            own.planted += sums.planted;
            own.seen += sums.seen;
            own.found += sums.found;
            own.right += sums.right;
            own.wrong += sums.wrong;
        }
        for (key, coverage) in other.coverage {
            let own = self.coverage.entry(key).or_default();
            own.known += coverage.known;
            own.held += coverage.held;
        }
        self.cases.extend(other.cases);
    }

    /// Of all kinds.
    pub fn all(&self) -> Sums {
        self.kinds.values().fold(Sums::default(), |all, sums| Sums {
            planted: all.planted + sums.planted,
            seen: all.seen + sums.seen,
            found: all.found + sums.found,
            right: all.right + sums.right,
            wrong: all.wrong + sums.wrong,
        })
    }
}

/// Three services elsewhere with customers enough to be told of, none of which has half of the customers elsewhere. That
/// is so of whoever it is so, whatever stories made it.
fn is_scattered(company: &Company, rollup: &Rollup, statement: &Statement, number: u32) -> bool {
    let need = rollup.nodes.get(&statement.segment).and_then(|node| node.needs.get(&statement.need));
    need.is_some_and(|need| {
        let is_elsewhere = |(service, counts): &(&String, &ServiceCounts)| {
            let status = company.story.status(service, number);
            counts.customers >= super::K && !matches!(status, Some(Status::Sanctioned | Status::Tolerated))
        };
        let elsewhere = need.services.iter().filter(is_elsewhere).map(|(_, counts)| counts);
        elsewhere.clone().count() >= 3
            && elsewhere.clone().all(|service| service.customers * 2 < need.elsewhere())
    })
}

/// Days elsewhere alone of what a statement is about, week by week, and of the service where it is about one.
fn days_elsewhere(history: &History<'_>, statement: &Statement) -> String {
    let figure = |weeks| {
        let need = history.need(statement.segment.as_ref(), &statement.need, weeks)?;
        match &statement.service {
            Some(service) => need.service(service)?.customer_days.shown(),
            None => need.elsewhere_alone.shown(),
        }
    };
    let figures =
        (0..LINE_WEEKS).rev().map(|weeks| figure(weeks).map_or("-".to_owned(), |days| days.to_string()));
    figures.collect::<Vec<_>>().join(" ")
}

/// The statement is what this fact is found by; one of everybody may be found anywhere.
fn is_of(fact: &Fact, statement: &Statement, number: u32) -> bool {
    let Statement { kind, segment, need, service, .. } = statement;
    let is_own = fact.segments.is_empty() || fact.is_found_in(segment.as_ref());
    is_own && fact.makes_true(*kind, segment.as_ref(), need, service.as_deref(), number)
}

/// Customers who take part, in the fact's own segments.
fn involved(company: &Company, fact: &Fact) -> u32 {
    let is_in = |customer: &&Customer| {
        let is_own =
            fact.segments.is_empty() || customer.segments.iter().any(|own| fact.segments.contains(own));
        !customer.shared && is_own && customer.planted.contains(&fact.story)
    };
    u32::try_from(company.customers.iter().filter(is_in).count()).unwrap_or(u32::MAX)
}

/// Customers of another department came to it, or some of its own left, so that no story says what is true of it.
fn is_mixed(company: &Company, segment: &elsewhere_collector::segment::Segment) -> bool {
    use crate::fleet::story::Planted;
    company.story.planted.iter().any(|planted| match planted {
        Planted::Reorganisation { from, to, .. } => {
            [from, to].iter().any(|name| segment.path() == name.as_str())
        }
        _ => false,
    })
}
