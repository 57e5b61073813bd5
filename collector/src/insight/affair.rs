//! Affairs: a segment meeting a need at a service that is neither ours nor tolerated, and how far gone each is.
//!
//! A [`Stage`] and a [`Trend`] are read off the published weeks by ten rules, the first that holds decides. A week in which
//! the service is not shown is one with fewer customers than may be shown, never none, or one that is withheld for others'
//! sake. *Relying* is use on three days in fourteen; of one service it is known by its days for each customer, of the need by its published figure.

mod course;

use self::course::{Beside, Course};
use super::{
    History, Line,
    activity::{self, Activity},
};
use crate::{
    portfolio::SanctionStatus,
    published::{Figure, PublishedNeed, PublishedSegment, PublishedService, PublishedWeek, customers_step},
    segment::Segment,
    week::Week,
};

/// How far gone an affair is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Some try it.
    Trial,
    /// They came and went within weeks.
    Fling,
    /// It is part of their work.
    Habit,
    /// Their work hangs on it.
    Dependency,
    /// They are gone from it.
    Over,
}

/// Where an affair goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// More days than four weeks ago, by more than chance makes of them (`change`) and more than they were busier.
    Growing,
    /// Neither.
    Steady,
    /// Fewer, likewise.
    Fading,
}

/// One affair.
#[derive(Clone, Debug)]
pub struct Affair<'w> {
    /// Who; their row this week.
    pub segment: &'w PublishedSegment,
    /// For what; its row this week.
    pub need: &'w PublishedNeed,
    /// Where; its row in the last week that shows it.
    pub service: &'w PublishedService,
    /// How far gone.
    pub stage: Stage,
    /// The rule that says so, in words.
    pub rule: &'static str,
    /// Where it goes.
    pub trend: Trend,
    /// The first week that shows it, of those looked at.
    pub since: Week,
    /// Its customers, week by week.
    pub customers: Line,
    /// Its customer-days, week by week.
    pub customer_days: Line,
    /// What a shown figure may leave out of its customers at most.
    step: u32,
}

impl Stage {
    /// As API and pages spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Fling => "fling",
            Self::Habit => "habit",
            Self::Dependency => "dependency",
            Self::Over => "over",
        }
    }
}

impl Trend {
    /// As API and pages spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Growing => "growing",
            Self::Steady => "steady",
            Self::Fading => "fading",
        }
    }
}

impl Affair<'_> {
    /// How many weeks ago it first was relied on in four of five weeks; `None` where it never was.
    pub fn habit_since(&self) -> Option<i64> {
        let (customers, days) = (&self.customers.0, &self.customer_days.0);
        let is_habit = |end: &usize| course::is_relied_on(&customers[..*end], &days[..*end], self.step, 4, 5);
        let first = (1..=customers.len()).find(is_habit)?;
        i64::try_from(customers.len() - first).ok()
    }
}

/// All affairs of a segment and those below it, most customer-days first.
pub fn affairs<'w>(history: &History<'w>, root: Option<&Segment>, main_dimension: &str) -> Vec<Affair<'w>> {
    let mut found = Vec::new();
    for segment in history.below(root, main_dimension) {
        let weeks = history.rows(segment.segment.as_ref());
        for need in &segment.needs {
            found.extend(of_rows(history, segment, need, &weeks));
        }
    }
    let days = |affair: &Affair<'_>| affair.customer_days.now().unwrap_or(0);
    found.sort_by_key(|affair| std::cmp::Reverse(days(affair)));
    found
}

/// The affairs of one need in one segment.
pub fn of_need<'w>(
    history: &History<'w>,
    segment: &'w PublishedSegment,
    need: &'w PublishedNeed,
) -> Vec<Affair<'w>> {
    of_rows(history, segment, need, &history.rows(segment.segment.as_ref()))
}

/// `weeks` are the segment's rows, oldest first.
fn of_rows<'w>(
    history: &History<'w>,
    segment: &'w PublishedSegment,
    need: &'w PublishedNeed,
    weeks: &[Option<&'w PublishedSegment>],
) -> Vec<Affair<'w>> {
    let this = history.this();
    let needs: Vec<_> = weeks.iter().map(|row| row.and_then(|row| row.need(&need.need))).collect();
    let mut known: Vec<&PublishedService> = Vec::new();
    // The newest row of a service says what had been decided about it last.
    for service in needs.iter().rev().flatten().flat_map(|need| &need.services) {
        if !known.iter().any(|other| other.service == service.service) {
            known.push(service);
        }
    }
    // What became ours since is none.
    let is_elsewhere = |service: &&PublishedService| {
        matches!(service.sanction_status, SanctionStatus::Unsanctioned | SanctionStatus::Unreviewed)
    };
    let line =
        |of: fn(&PublishedNeed) -> Figure| Line(needs.iter().map(|need| of((*need)?).shown()).collect());
    let beside = Beside {
        exposures: activity::exposures(&need.need, weeks),
        elsewhere: line(|need| need.customers_elsewhere),
        days_elsewhere: line(|need| need.elsewhere),
        activity: Activity::beside(&need.need, segment, weeks.iter().rev().nth(4).copied().flatten()),
        weeks: weeks.iter().position(Option::is_some).map_or(0, |first| weeks.len() - first),
        step: customers_step(this.minimum_group),
    };
    let affair = |service: &'w PublishedService| {
        let rows: Vec<_> =
            needs.iter().map(|row| row.and_then(|row| row.service(&service.service))).collect();
        let known = history.weeks_known(&[service.service.as_str()]);
        let mut course = Course::of(need, &beside, &rows).known_for(known);
        if segment.segment.is_none() {
            let shown = |ago| history.shows(&need.need, &service.service, ago);
            course.is_nowhere = (0..2).map(|ago| shown(ago) == Some(false)).collect();
        }
        one(service, course, (this, segment, need))
    };
    known.into_iter().filter(is_elsewhere).filter_map(affair).collect()
}

fn one<'w>(
    service: &'w PublishedService,
    course: Course,
    (this, segment, need): (&PublishedWeek, &'w PublishedSegment, &'w PublishedNeed),
) -> Option<Affair<'w>> {
    let (stage, rule) = course.stage();
    let first = course.customers.0.iter().position(Option::is_some)?;
    let weeks_ago = i64::try_from(course.customers.0.len() - 1 - first).ok()?;
    Some(Affair {
        segment,
        need,
        service,
        stage,
        rule,
        trend: course.trend(),
        since: this.week.plus(-weeks_ago),
        customers: course.customers,
        customer_days: course.days,
        step: course.step,
    })
}

#[cfg(test)]
mod tests;
