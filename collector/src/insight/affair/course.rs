//! The course of one affair, and the rules that read stage and trend off it.

use super::{Stage, Trend};
use crate::{
    insight::{LINE_WEEKS, Line, activity::Activity, change::Samples, movement},
    published::{PublishedNeed, PublishedService},
    rollup::Facet,
};

/// The course of one affair over the published weeks, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Course {
    pub(super) customers: Line,
    pub(super) days: Line,
    /// How busy they were with other needs, from this week backward.
    pub(super) exposures: Vec<Option<f64>>,
    /// The need's customers elsewhere, whatever they use there.
    pub(super) elsewhere: Line,
    /// The need's days there.
    pub(super) days_elsewhere: Line,
    /// No row of anybody shows the service, from this week backward; told of everybody only.
    pub(super) is_nowhere: Vec<bool>,
    /// How busy they are beside four weeks ago.
    pub(super) activity: Activity,
    /// Weeks since the first on the line that was published, this one included.
    pub(super) weeks: usize,
    /// What a shown figure may leave out of its customers at most.
    pub(super) step: u32,
    /// At least half of the need's customers elsewhere rely on what they use there.
    pub(super) half_rely: bool,
    /// More days of the need are elsewhere alone than with us alone.
    pub(super) mostly_elsewhere: bool,
    pub(super) served: bool,
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
    /// `rows` are the service's, oldest first.
    pub(super) fn of(need: &PublishedNeed, beside: &Beside, rows: &[Option<&PublishedService>]) -> Self {
        let line = |of: fn(&PublishedService) -> Option<u32>| {
            Line(rows.iter().map(|row| row.and_then(of)).collect())
        };
        let (customers, days) = (line(|row| row.customers.shown()), line(|row| row.customer_days.shown()));
        let relying = need.facet(Facet::Reliant).map_or(0, |facet| facet.customers);
        let elsewhere = need.customers_elsewhere.shown();
        Self {
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

    pub(super) fn stage(&self) -> (Stage, &'static str) {
        let holds = RULES.iter().find(|(_, _, holds)| holds(self)).expect("the last one holds always");
        (holds.0, holds.1)
    }

    /// Of a service that the catalogs learnt of so many weeks ago: it may have been there before.
    pub(super) fn known_for(mut self, weeks: usize) -> Self {
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
pub(super) fn is_relied_on(
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

/// What all services of one need in one segment are judged beside.
pub(super) struct Beside {
    /// How busy they were with the rest, from this week backward.
    pub(super) exposures: Vec<Option<f64>>,
    /// The need's customers elsewhere, and their days there.
    pub(super) elsewhere: Line,
    pub(super) days_elsewhere: Line,
    /// The same beside four weeks ago.
    pub(super) activity: Activity,
    /// Weeks since the first on the line that was published, this one included.
    pub(super) weeks: usize,
    /// What a shown figure may leave out of its customers at most.
    pub(super) step: u32,
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
