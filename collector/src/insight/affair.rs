//! Affairs: a segment meeting a need at a service that is neither ours nor tolerated, and how far gone each is.
//!
//! A [`Stage`] and a [`Trend`] are read off the published weeks by ten rules, the first that holds decides. A week in which
//! the service is not shown is one with fewer customers than may be shown, never none. *Relying* is use on three days in
//! fourteen; of one service it is known by its days for each customer, of the need by its published figure.

use super::{
    History, LINE_WEEKS, Line,
    activity::{self, Activity},
    change::Samples,
    movement,
};
use crate::{
    portfolio::SanctionStatus,
    published::{Figure, PublishedNeed, PublishedSegment, PublishedService, PublishedWeek, customers_step},
    rollup::Facet,
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
        let is_habit = |end: &usize| is_relied_on(&customers[..*end], &days[..*end], self.step, 4, 5);
        let first = (1..=customers.len()).find(is_habit)?;
        i64::try_from(customers.len() - first).ok()
    }
}

/// The course of one affair over the published weeks, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Course {
    customers: Line,
    days: Line,
    /// How busy they were with other needs, from this week backward.
    exposures: Vec<Option<f64>>,
    /// The need's customers elsewhere, whatever they use there.
    elsewhere: Line,
    /// The need's days there.
    days_elsewhere: Line,
    /// No row of anybody shows the service, from this week backward; told of everybody only.
    is_nowhere: Vec<bool>,
    /// How busy they are beside four weeks ago.
    activity: Activity,
    /// Weeks since the first on the line that was published, this one included.
    weeks: usize,
    /// What a shown figure may leave out of its customers at most.
    step: u32,
    /// At least half of the need's customers elsewhere rely on what they use there.
    half_rely: bool,
    /// More days of the need are elsewhere alone than with us alone.
    mostly_elsewhere: bool,
    served: bool,
}

/// A stage, the rule for it in words, and the rule.
type Rule = (Stage, &'static str, fn(&Course) -> bool);

/// Days of a customer in a week that make three in fourteen.
const RELYING_DAYS: f64 = 1.5;

const RULES: [Rule; 8] = [
    (Stage::Fling, "first shown within eight weeks, and half of its most customers gone for two", |course| {
        let is_young = course.has_begun() && (3..=8).contains(&course.age());
        is_young && course.most() >= 3 * course.step && course.is_half_gone(0) && course.is_half_gone(1)
    }),
    (Stage::Over, "shown before, and not in the last two weeks", |course| {
        let is_shown = course.customers.now().or(course.customers.last_week()).is_some();
        !is_shown && course.is_half_gone(0) && course.is_half_gone(1)
    }),
    (Stage::Over, "at most a quarter of its most customers in the last two weeks", |course| {
        let few = |customers: Option<u32>| customers.is_none_or(|customers| customers * 4 <= course.most());
        course.shown_in(LINE_WEEKS) >= 4 && few(course.customers.now()) && few(course.customers.last_week())
    }),
    (
        Stage::Dependency,
        "relied on for eight weeks, and more days elsewhere alone than with us alone",
        |course| course.served && course.mostly_elsewhere && course.is_relied_on_for_long(),
    ),
    (Stage::Dependency, "relied on for eight weeks, and we offer nothing for it", |course| {
        !course.served && course.is_relied_on_for_long()
    }),
    (Stage::Habit, "shown in four of five weeks, on three days in fourteen for each customer", |course| {
        course.is_relied_on(4, 5)
    }),
    (
        Stage::Habit,
        "shown in four of five weeks, and half of the customers elsewhere rely on what they use there",
        |course| course.half_rely && course.shown_in(5) >= 4,
    ),
    (Stage::Trial, "shown, and none of the other rules holds", |_| true),
];

impl Course {
    pub(super) fn stage(&self) -> (Stage, &'static str) {
        let holds = RULES.iter().find(|(_, _, holds)| holds(self)).expect("the last one holds always");
        (holds.0, holds.1)
    }

    /// Of a service that the catalogs learnt of so many weeks ago: it may have been there before.
    fn known_for(mut self, weeks: usize) -> Self {
        self.exposures.truncate(weeks);
        self.weeks = self.weeks.min(weeks);
        self
    }

    /// The two other rules.
    pub(super) fn trend(&self) -> Trend {
        let (Some(now), Some(before)) = (self.days.now(), self.days_four_weeks_ago()) else {
            let is_gone = self.days.now().is_none() && self.customers.last_week().is_some();
            return if is_gone { Trend::Fading } else { Trend::Steady };
        };
        let moved = |more: u32, fewer: u32| {
            let by = more.saturating_sub(fewer);
            by >= movement::LEAST_DAYS && by * 10 >= fewer
        };
        let activity = self.activity;
        let unseen = vec![self.unseen(); self.days.0.len()];
        let samples = || Samples::of(&self.days, 2 * self.step, &self.exposures, &unseen);
        let rose = |samples: Samples| samples.rose() && (!samples.seems_new() || self.has_added());
        if moved(now, activity.grown(before)) && rose(samples()) {
            Trend::Growing
        } else if moved(activity.shrunk(before), now) && samples().fell() {
            Trend::Fading
        } else {
            Trend::Steady
        }
    }

    /// The need has more customers elsewhere than before, or more days there, by half of what the service has now: it was
    /// not there, withheld for others' sake.
    fn has_added(&self) -> bool {
        let has_added = |all: &Line, here: &Line| {
            let before = (4..LINE_WEEKS).filter_map(|weeks| all.weeks_ago(weeks)).max();
            let gained = all.now().zip(before).map(|(now, before)| now.saturating_sub(before));
            gained.zip(here.now()).is_some_and(|(gained, here)| gained * 2 >= here)
        };
        has_added(&self.elsewhere, &self.customers) || has_added(&self.days_elsewhere, &self.days)
    }

    /// Of what began since then, the most that may have been there unseen.
    fn days_four_weeks_ago(&self) -> Option<u32> {
        let is_new = self.has_begun() && (2..=4).contains(&self.age());
        self.days.weeks_ago(4).or_else(|| self.unseen().filter(|_| is_new))
    }

    /// The days of as many of its customers as are too few to be shown.
    fn unseen(&self) -> Option<u32> {
        let (now, customers) = (self.days.now()?, self.customers.now()?);
        now.saturating_mul(self.step.saturating_sub(1)).checked_div(customers)
    }

    /// Weeks since the first that shows it, this one included.
    fn age(&self) -> usize {
        let weeks = &self.customers.0;
        weeks.iter().position(Option::is_some).map_or(0, |first| weeks.len() - first)
    }

    /// A week before the first that shows it was published: what the first one shows may be of any age.
    fn has_begun(&self) -> bool {
        self.age() < self.weeks
    }

    fn most(&self) -> u32 {
        self.customers.0.iter().flatten().copied().max().unwrap_or(0)
    }

    /// So many weeks ago at most half of its most customers were there. Where it is not shown it may be withheld for
    /// others' sake: no other row shows it either, or the need has lost half as many of its customers elsewhere.
    fn is_half_gone(&self, weeks_ago: usize) -> bool {
        let most = self.most();
        if let Some(customers) = self.customers.weeks_ago(weeks_ago) {
            return customers * 2 + self.step <= most;
        }
        if self.is_nowhere.get(weeks_ago).copied().unwrap_or(false) {
            return true;
        }
        let peak = self.customers.0.iter().zip(&self.elsewhere.0).filter(|(some, _)| **some == Some(most));
        let peak = peak.filter_map(|(_, elsewhere)| *elsewhere).max();
        let now = self.elsewhere.weeks_ago(weeks_ago);
        peak.zip(now).is_some_and(|(peak, now)| now * 2 + most <= peak * 2)
    }

    /// In how many of the last weeks it is shown.
    fn shown_in(&self, weeks: usize) -> usize {
        self.customers.0.iter().rev().take(weeks).flatten().count()
    }

    /// For eight weeks, of which two may be withheld.
    fn is_relied_on_for_long(&self) -> bool {
        self.age() >= 8 && self.is_relied_on(6, 8)
    }

    fn is_relied_on(&self, shown: usize, weeks: usize) -> bool {
        is_relied_on(&self.customers.0, &self.days.0, self.step, shown, weeks)
    }
}

/// Shown in so many of the last weeks, and on three days in fourteen for each customer in these.
fn is_relied_on(
    customers: &[Option<u32>],
    days: &[Option<u32>],
    step: u32,
    shown: usize,
    weeks: usize,
) -> bool {
    let both = customers.iter().zip(days).rev().take(weeks);
    let (mut weeks_shown, mut all_customers, mut all_days) = (0, 0.0, 0.0);
    for (in_week, on_days) in both.filter_map(|(customers, days)| Some(((*customers)?, (*days)?))) {
        weeks_shown += 1;
        // Customers are rounded down: they are half a step more on average.
        all_customers += f64::from(in_week) + f64::from(step) / 2.0;
        all_days += f64::from(on_days);
    }
    weeks_shown >= shown && all_days >= all_customers * RELYING_DAYS
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
        let mut course = course(need, &beside, &rows).known_for(known);
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

/// What all services of one need in one segment are judged beside.
struct Beside {
    /// How busy they were with the rest, from this week backward.
    exposures: Vec<Option<f64>>,
    /// The need's customers elsewhere, and their days there.
    elsewhere: Line,
    days_elsewhere: Line,
    /// The same beside four weeks ago.
    activity: Activity,
    /// Weeks since the first on the line that was published, this one included.
    weeks: usize,
    /// What a shown figure may leave out of its customers at most.
    step: u32,
}

/// More of its days are elsewhere alone than with us alone; where these are withheld, two thirds of all are elsewhere, with
/// or without us, so that fewer than half as many are not.
fn is_mostly_elsewhere(need: &PublishedNeed) -> bool {
    if let (Some(alone), Some(ours)) = (need.elsewhere_alone.shown(), need.ours_alone.shown()) {
        return alone > ours;
    }
    let days = need.elsewhere.shown().zip(need.customer_days.shown());
    days.is_some_and(|(elsewhere, all)| elsewhere * 3 >= all * 2)
}

/// `rows` are the service's, oldest first.
fn course(need: &PublishedNeed, beside: &Beside, rows: &[Option<&PublishedService>]) -> Course {
    let line =
        |of: fn(&PublishedService) -> Option<u32>| Line(rows.iter().map(|row| row.and_then(of)).collect());
    let (customers, days) = (line(|row| row.customers.shown()), line(|row| row.customer_days.shown()));
    let relying = need.facet(Facet::Reliant).map_or(0, |facet| facet.customers);
    let elsewhere = need.customers_elsewhere.shown();
    Course {
        exposures: beside.exposures.clone(),
        elsewhere: beside.elsewhere.clone(),
        days_elsewhere: beside.days_elsewhere.clone(),
        is_nowhere: Vec::new(),
        customers,
        days,
        activity: beside.activity,
        weeks: beside.weeks,
        step: beside.step,
        half_rely: elsewhere.is_some_and(|elsewhere| relying * 2 >= elsewhere && relying > 0),
        mostly_elsewhere: is_mostly_elsewhere(need),
        served: need.served,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thirteen weeks that end with these customers, each on so many days.
    fn course(customers: &[u32], days_each: u32) -> Course {
        let shown = |customers: &u32| (*customers > 0).then_some(*customers);
        let mut weeks = vec![None; LINE_WEEKS - customers.len()];
        weeks.extend(customers.iter().map(shown));
        let days = weeks.iter().map(|week| week.map(|customers| customers * days_each)).collect();
        // Nobody uses anything else.
        let elsewhere = weeks.iter().map(|week| Some(week.unwrap_or(0))).collect();
        let customers = Line(weeks);
        Course {
            customers,
            days: Line(days),
            exposures: vec![Some(1.0); LINE_WEEKS],
            elsewhere: Line(elsewhere),
            days_elsewhere: Line(Vec::new()),
            is_nowhere: Vec::new(),
            activity: Activity::default(),
            weeks: LINE_WEEKS,
            step: 5,
            half_rely: false,
            mostly_elsewhere: false,
            served: true,
        }
    }

    #[test]
    fn stages_are_read_off_the_weeks() {
        let cases: [(&[u32], u32, Stage); 12] = [
            (&[20], 1, Stage::Trial),
            (&[5, 10, 20], 3, Stage::Trial),
            (&[20, 20, 20, 20, 20], 1, Stage::Trial),
            (&[20, 20, 20, 20, 20], 3, Stage::Habit),
            (&[20, 20, 0, 20, 20], 3, Stage::Habit),
            (&[5, 10, 20, 20, 5, 5], 2, Stage::Fling),
            (&[40, 40, 40, 40, 40, 40, 40, 10, 10], 2, Stage::Over),
            (&[20, 20, 20, 0, 0], 3, Stage::Fling),
            (&[20, 20, 20, 20, 20, 20, 20, 0, 0], 3, Stage::Over),
            (&[20, 20, 20, 5, 0], 3, Stage::Fling),
            (&[20, 20, 20, 20, 0], 3, Stage::Habit),
            (&[20; 13], 3, Stage::Habit),
        ];
        for (customers, days_each, stage) in cases {
            assert_eq!(course(customers, days_each).stage().0, stage, "{customers:?}");
        }
    }

    #[test]
    fn what_the_first_published_week_shows_has_no_beginning() {
        let gone = course(&[20, 20, 20, 5, 5], 2);
        assert_eq!(gone.stage().0, Stage::Fling);
        assert_eq!(Course { weeks: 5, ..gone }.stage().0, Stage::Over, "it may have been there for years");
        let begun = course(&[10, 20], 2);
        assert_eq!(begun.trend(), Trend::Growing);
        assert_eq!(Course { weeks: 2, ..begun }.trend(), Trend::Steady);
    }

    #[test]
    fn their_work_hangs_on_it_where_we_have_less_of_it_or_nothing() {
        let relied_on = course(&[20; 9], 3);
        assert_eq!(relied_on.stage().0, Stage::Habit);
        assert_eq!(Course { mostly_elsewhere: true, ..relied_on.clone() }.stage().0, Stage::Dependency);
        assert_eq!(Course { served: false, ..relied_on }.stage().0, Stage::Dependency);
        let now_and_then = Course { half_rely: true, ..course(&[20; 5], 1) };
        assert_eq!(now_and_then.stage().0, Stage::Habit, "by the need's own figure");
    }

    #[test]
    fn a_trend_is_beyond_the_usual_swing() {
        let cases: [(&[u32], Trend); 7] = [
            (&[20, 20, 20, 20, 20, 20, 20, 20, 40], Trend::Growing),
            (&[40, 40, 40, 40, 40, 40, 40, 40, 20], Trend::Fading),
            (&[20, 40, 20, 40, 20, 40, 20, 20, 40], Trend::Steady),
            (&[10, 20], Trend::Growing),
            (&[5, 5], Trend::Steady),
            (&[10], Trend::Steady),
            (&[20, 20, 20, 20, 20, 20, 0], Trend::Fading),
        ];
        for (customers, trend) in cases {
            assert_eq!(course(customers, 2).trend(), trend, "{customers:?}");
        }
    }
}
