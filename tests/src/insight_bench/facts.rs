//! What the stories of a company make true, and for whom and when.

use std::ops::RangeInclusive;

use elsewhere_collector::{published::PublishedSegment, segment::Segment};

use super::{effect, kind::Kind};
use crate::fleet::{
    Company,
    story::{Habit, Planted, Status},
};

/// Weeks after the last customer moved in which the move still is news: four that are compared, and one to count.
const NEWS_WEEKS: u32 = 5;
/// Weeks of use that make a dependency.
const RELYING_WEEKS: u32 = 8;
/// An outage is shorter.
const FAILING_WEEKS: u32 = 3;
/// A part of a habit from which on more may be elsewhere than with us: close to half, since few customers differ.
const MOSTLY: f64 = 0.35;
/// How many times slower counts as a story.
const SLOWER: f64 = 1.2;

/// One thing that is so.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Which statement it makes true.
    pub kind: Kind,
    /// In these departments and those above; empty is everywhere.
    pub segments: Vec<Segment>,
    /// For this need.
    pub need: &'static str,
    /// Of this service; `None` of any.
    pub service: Option<&'static str>,
    /// In these weeks of the story.
    pub weeks: RangeInclusive<u32>,
    /// The true figure, where it is known.
    pub truth: Option<f64>,
    /// Place of its story.
    pub story: usize,
    /// It is to be found; else it only makes statements true.
    pub is_to_be_found: bool,
}

impl Fact {
    /// It makes a statement of this kind about this segment (`None` is everybody), need and service in this week true.
    pub fn makes_true(
        &self,
        kind: Kind,
        segment: Option<&Segment>,
        need: &str,
        service: Option<&str>,
        week: u32,
    ) -> bool {
        let about = self.service.is_none() || service.is_none() || self.service == service;
        self.kind == kind && self.need == need && about && self.weeks.contains(&week) && self.reaches(segment)
    }

    /// The segment is one of its own, or above one.
    fn reaches(&self, segment: Option<&Segment>) -> bool {
        let Some(segment) = segment else { return true };
        let lies_in = |own: &Segment| {
            std::iter::successors(Some(own.clone()), Segment::parent).any(|above| above == *segment)
        };
        self.segments.is_empty() || self.segments.iter().any(lies_in)
    }

    /// The row is of its own segment.
    pub fn is_own(&self, segment: Option<&Segment>) -> bool {
        match segment {
            None => self.segments.is_empty(),
            Some(segment) => self.segments.contains(segment),
        }
    }

    /// It may be found in this row: its own, and of a fling any above, since a service that only one department uses is
    /// shown of everybody or of that department, not of both.
    pub fn is_found_in(&self, segment: Option<&Segment>) -> bool {
        self.is_own(segment) || self.kind == Kind::Fling && self.reaches(segment)
    }

    /// Those of these rows in which it may be found.
    pub fn rows_of<'w>(&self, rows: &'w [PublishedSegment]) -> impl Iterator<Item = &'w PublishedSegment> {
        rows.iter().filter(|row| self.is_found_in(row.segment.as_ref()))
    }
}

/// All facts of a company.
pub fn facts(company: &Company) -> Vec<Fact> {
    let mut all = Facts { company, told: Vec::new(), story: 0 };
    all.of_habits();
    for (place, planted) in company.story.planted.iter().enumerate() {
        all.story = place;
        all.of(planted);
    }
    all.carry_over();
    all.told
}

/// Where a habit goes, in its parts.
struct Ways {
    elsewhere: f64,
    ours: f64,
    /// Three services elsewhere, none of which has half.
    is_scattered: bool,
}

impl Ways {
    fn of(company: &Company, habit: &Habit) -> Self {
        let status = |service: &str| company.story.status(service, company.story.weeks);
        let is_elsewhere = |(service, _): &&(&'static str, f64)| {
            !matches!(status(service), Some(Status::Sanctioned | Status::Tolerated))
        };
        let parts: Vec<f64> = habit.services.iter().filter(is_elsewhere).map(|(_, part)| *part).collect();
        let is_ours = |(service, _): &&(&'static str, f64)| status(service) == Some(Status::Sanctioned);
        let elsewhere: f64 = parts.iter().sum();
        Self {
            elsewhere,
            ours: habit.services.iter().filter(is_ours).map(|(_, part)| part).sum(),
            is_scattered: parts.len() >= 3 && parts.iter().all(|part| part * 2.0 < elsewhere),
        }
    }
}

struct Facts<'c> {
    company: &'c Company,
    told: Vec<Fact>,
    story: usize,
}

impl Facts<'_> {
    fn need(&self, service: &str) -> &'static str {
        self.company.catalog.service(service).map_or("", |service| service.need())
    }

    /// Something that only makes statements true.
    fn cause(&mut self, kind: Kind, departments: &[String], need: &'static str, from: u32, until: u32) {
        let segments = departments.iter().filter_map(|name| Segment::new("department", name).ok()).collect();
        self.told.push(Fact {
            kind,
            segments,
            need,
            service: None,
            weeks: from..=until.min(self.company.story.weeks),
            truth: None,
            story: self.story,
            is_to_be_found: false,
        });
    }

    /// Something that is to be found.
    fn find(&mut self, kind: Kind, departments: &[String], need: &'static str, from: u32, until: u32) {
        self.cause(kind, departments, need, from, until);
        self.last().is_to_be_found = true;
    }

    fn last(&mut self) -> &mut Fact {
        self.told.last_mut().expect("one was pushed before")
    }

    /// What a department does by habit is so, planted or not.
    fn of_habits(&mut self) {
        let (story, end) = (&self.company.story, self.company.story.weeks);
        for department in &story.departments {
            let who = std::slice::from_ref(&department.name);
            for habit in story.habits_of(department) {
                let Ways { elsewhere, ours, is_scattered } = Ways::of(self.company, habit);
                if elsewhere > 0.0 && elsewhere >= MOSTLY * (elsewhere + ours) {
                    self.cause(Kind::LongElsewhere, who, habit.need, 1, end);
                }
                if ours <= 0.0 && elsewhere > 0.0 {
                    self.cause(Kind::Unserved, &[], habit.need, 1, end);
                }
                if is_scattered {
                    self.cause(Kind::Guide, who, habit.need, 1, end);
                }
            }
        }
    }

    fn of(&mut self, planted: &Planted) {
        let end = self.company.story.weeks;
        match planted {
            Planted::Leaves { department, from, to, week, over_weeks, customers, slower, spills } => {
                let (who, need) = (std::slice::from_ref(department), self.need(from));
                if *slower > 1.0 {
                    self.find(Kind::Slower, who, need, *week, end);
                    self.last().truth = Some(*slower);
                    self.last().is_to_be_found = *slower >= SLOWER;
                }
                if *spills > 0.0 {
                    self.find(Kind::CameToUsFirst, who, need, *week, end);
                }
                if *customers > 0.0 {
                    let news = week + over_weeks + NEWS_WEEKS;
                    self.find(Kind::Leaves, who, need, *week, news);
                    self.grows(who, need, to, *week, news);
                    self.relies(who, need, week + RELYING_WEEKS - 1);
                } else {
                    self.grows(who, need, to, *week, week + NEWS_WEEKS);
                }
            }
            Planted::ComesBack { department, to, week, over_weeks, .. } => {
                let (who, need) = (std::slice::from_ref(department), self.need(to));
                self.find(Kind::ComesBack, who, need, *week, week + over_weeks + 2);
            }
            Planted::Decision { department, to, week, over_weeks, customers, .. } if *customers > 0.0 => {
                let (who, need) = (std::slice::from_ref(department), self.need(to));
                self.cause(Kind::ComesBack, who, need, *week, week + over_weeks + 2);
                self.find(Kind::Worked, who, need, week + 1, end);
                self.last().truth = effect::truth(self.company, planted);
            }
            Planted::Unserved { need, departments, services, week, over_weeks, .. } => {
                self.find(Kind::Unserved, &[], need, *week, end);
                if *week > 1 || *over_weeks > 1 {
                    let news = week + over_weeks + NEWS_WEEKS;
                    self.find(Kind::UnservedGrows, departments, need, *week, news);
                    for (service, _) in services {
                        self.grows(departments, need, service, *week, news);
                    }
                }
                self.relies(departments, need, if *week > 1 { week + RELYING_WEEKS - 1 } else { 1 });
                if services.len() >= 3 {
                    self.cause(Kind::Guide, departments, need, *week, end);
                }
            }
            Planted::Spreads { service, departments, week, every_weeks, over_weeks, .. } => {
                for (turn, department) in (0_u32..).zip(departments) {
                    let (who, begin) = (std::slice::from_ref(department), week + turn * every_weeks);
                    self.spreads(who, service, begin, begin + over_weeks + NEWS_WEEKS);
                }
            }
            _ => self.of_more(planted),
        }
    }

    fn of_more(&mut self, planted: &Planted) {
        let end = self.company.story.weeks;
        match planted {
            Planted::Fails { service, departments, week, until_week, .. } => {
                let need = self.need(service);
                self.cause(Kind::Failing, departments, need, *week, *until_week);
                self.last().is_to_be_found = until_week - week + 1 >= FAILING_WEEKS;
            }
            Planted::FrontDoor { service, departments, steps } => {
                self.find(Kind::FrontDoor, departments, self.need(service), 1, end);
                self.last().truth = Some(f64::from(*steps) - 1.0);
            }
            Planted::Reach { department, from, .. } => {
                self.find(Kind::Reach, std::slice::from_ref(department), self.need(from), 1, end);
            }
            Planted::TurnedAway { services, departments, customers } => {
                let needs: std::collections::BTreeSet<_> =
                    services.iter().map(|service| self.need(service)).collect();
                for need in needs {
                    self.find(Kind::TurnedAway, departments, need, 1, end);
                    self.last().truth = Some(*customers);
                }
            }
            Planted::Fling { department, service, week, weeks, .. } => {
                let (who, need) = (std::slice::from_ref(department), self.need(service));
                self.find(Kind::Fling, who, need, *week, week + weeks + 8);
                self.last().service = Some(service);
                self.cause(Kind::Leaves, who, need, *week, week + weeks);
                // Who is done with it is with us again.
                self.cause(Kind::ComesBack, who, need, *week, week + weeks + 2);
                self.grows(who, need, service, *week, week + weeks);
            }
            Planted::Relies { department, from, to, .. } => {
                let (who, need) = (std::slice::from_ref(department), self.need(from));
                self.find(Kind::LongElsewhere, who, need, 1, end);
                self.last().service = Some(to);
            }
            Planted::Scattered { department, need, .. } => {
                let who = std::slice::from_ref(department);
                self.find(Kind::Guide, who, need, 1, end);
                self.relies(who, need, 1);
            }
            Planted::IdleClient { service, .. } if self.is_ours(service) => {
                let need = self.need(service);
                self.find(Kind::Retire, &[], need, 1, end);
                self.relies(&[], need, 1);
            }
            _ => {}
        }
    }

    /// A service grows in departments, so that its need does elsewhere.
    fn grows(&mut self, who: &[String], need: &'static str, service: &'static str, from: u32, until: u32) {
        self.cause(Kind::Spreads, who, need, from, until);
        self.last().service = Some(service);
    }

    fn relies(&mut self, who: &[String], need: &'static str, from: u32) {
        self.cause(Kind::LongElsewhere, who, need, from, self.company.story.weeks);
    }

    fn spreads(&mut self, who: &[String], service: &'static str, from: u32, until: u32) {
        let need = self.need(service);
        self.find(Kind::Spreads, who, need, from, until);
        self.last().service = Some(service);
        self.cause(Kind::Leaves, who, need, from, until);
        self.cause(Kind::UnservedGrows, who, need, from, until);
        self.cause(Kind::Unserved, &[], need, from, self.company.story.weeks);
        self.relies(who, need, from + RELYING_WEEKS - 1);
    }

    /// Who comes to another department brings along what is so for them.
    fn carry_over(&mut self) {
        for planted in &self.company.story.planted {
            let Planted::Reorganisation { from, to, week, .. } = planted else { continue };
            let [from, to] = [from, to].map(|name| Segment::new("department", name).ok());
            let (Some(from), Some(to)) = (from, to) else { continue };
            let moved = self.told.iter().filter(|fact| fact.segments.contains(&from)).map(|fact| Fact {
                segments: vec![to.clone()],
                weeks: *fact.weeks.start().max(week)..=*fact.weeks.end(),
                is_to_be_found: false,
                ..fact.clone()
            });
            let moved: Vec<Fact> = moved.collect();
            self.told.extend(moved);
        }
    }

    fn is_ours(&self, service: &str) -> bool {
        let weeks = self.company.story.weeks;
        self.company.story.status(service, weeks) == Some(Status::Sanctioned)
    }
}
