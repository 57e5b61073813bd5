//! Pace: how long a service takes to become their habit, and how long we take to decide about it.
//!
//! - **Theirs**: days from an affair's beginning to the end of the week in which it first is a habit (`affair`), the middle
//!   one of those that became habits in the weeks on the line. The beginning is the morning of its signal, or where
//!   there was none by the morning after the first week that shows it, that week's first day.
//! - **Ours**: days from the beginning of an affair of the same need, in the decision's segment or one below it, to the
//!   decision; the middle one of those taken in the weeks on the line.
//! - **Waiting**: affairs that are a habit or more and that no decision is about.
//!
//! An affair that the first published week shows already has no beginning and is in neither. Only the most precise
//! segments speak, so that none counts for its parent too.

use jiff::civil::Date;

use super::{
    History, Known, LINE_WEEKS,
    affair::{Affair, Stage},
    is_ancestor,
};
use crate::{journal::Decision, published::Signal, segment::Segment, week::Week};

/// Their pace and ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Days until a service is their habit; `None` where none became one.
    pub theirs: Option<u32>,
    /// How many habits it is the middle of.
    pub habits: usize,
    /// Days until we decided; `None` where nothing was.
    pub ours: Option<u32>,
    /// How many decisions it is the middle of.
    pub decisions: usize,
    /// Affairs that wait for a decision of ours.
    pub waiting: usize,
}

/// The pace of a week. `affairs` are those of the segment and of all below it.
pub fn pace(history: &History<'_>, affairs: &[Affair<'_>], known: Known<'_>) -> Pace {
    let this = history.this().week;
    let line = this.plus(1 - i64::try_from(LINE_WEEKS).expect("thirteen"));
    let precise: Vec<&Affair<'_>> =
        affairs.iter().filter(|affair| is_most_precise(affair, affairs)).collect();
    let mut theirs = Vec::new();
    for affair in &precise {
        let habit = affair.habit_since().map(|weeks_ago| this.plus(-weeks_ago));
        if let Some((habit, begun)) = habit.zip(begun(history, affair, known.signals)) {
            theirs.push(days_between(begun, habit.sunday()));
        }
    }
    let ours =
        known.journal.decisions.iter().filter(|decision| (line..=this).contains(&Week::of(decision.date)));
    let ours = ours.filter_map(|decision| {
        let about = precise.iter().filter(|affair| is_about(decision, affair));
        let begun = about.filter_map(|affair| begun(history, affair, known.signals)).min()?;
        (begun <= decision.date).then(|| days_between(begun, decision.date))
    });
    let mut ours: Vec<u32> = ours.collect();
    let is_waiting = |affair: &&&Affair<'_>| {
        matches!(affair.stage, Stage::Habit | Stage::Dependency)
            && !known.journal.decisions.iter().any(|decision| is_about(decision, affair))
    };
    Pace {
        theirs: middle(&mut theirs),
        habits: theirs.len(),
        ours: middle(&mut ours),
        decisions: ours.len(),
        waiting: precise.iter().filter(is_waiting).count(),
    }
}

/// `None` where the first published week shows it already.
fn begun(history: &History<'_>, affair: &Affair<'_>, signals: &[Signal]) -> Option<Date> {
    let is_its = |signal: &&Signal| {
        signal.service == affair.service.service && signal.segment == affair.segment.segment
    };
    let shown = affair.since.monday();
    let signal = signals.iter().filter(is_its).map(|signal| signal.released).min();
    // One that comes later tells of more customers, who are not how it began.
    if let Some(signal) = signal.filter(|signal| *signal <= affair.since.plus(1).monday()) {
        return Some(signal.min(affair.since.sunday()));
    }
    history.published(affair.since.plus(-1)).map(|_| shown)
}

fn is_most_precise(affair: &Affair<'_>, all: &[Affair<'_>]) -> bool {
    let same = |other: &&Affair<'_>| other.service.service == affair.service.service;
    let is_below =
        |other: &Affair<'_>| reaches(affair.segment.segment.as_ref(), other.segment.segment.as_ref());
    !all.iter().filter(same).any(|other| other.segment.segment != affair.segment.segment && is_below(other))
}

/// The lower one is the upper one or lies in it; `None` is everybody.
fn reaches(upper: Option<&Segment>, lower: Option<&Segment>) -> bool {
    match (upper, lower) {
        (None, _) => true,
        (Some(upper), Some(lower)) => upper == lower || is_ancestor(upper, lower),
        (Some(_), None) => false,
    }
}

fn is_about(decision: &Decision, affair: &Affair<'_>) -> bool {
    decision.need == affair.need.need
        && decision.service.as_ref().is_none_or(|service| *service == affair.service.service)
        && reaches(decision.segment.as_ref(), affair.segment.segment.as_ref())
}

fn days_between(from: Date, to: Date) -> u32 {
    u32::try_from((to - from).get_days()).unwrap_or(0)
}

fn middle(days: &mut [u32]) -> Option<u32> {
    days.sort_unstable();
    days.get(days.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        insight::{
            affair::affairs,
            conversation::Conversation,
            tests::{history, need, segment, weeks},
        },
        journal::Journal,
        portfolio::{Portfolio, SanctionStatus},
        published::{Figure, PublishedService, PublishedWeek},
    };

    /// A service is shown in Sales from five weeks ago on, in W41.
    fn published() -> Vec<PublishedWeek> {
        weeks(|ago| {
            let mut files = need("send-once", true, [100, 0, 0, 60]);
            if ago <= 5 {
                files.services.push(PublishedService {
                    service: "wetransfer".to_owned(),
                    sanction_status: SanctionStatus::Unsanctioned,
                    customers: Figure::Shown(20),
                    customer_days: Figure::Shown(60),
                    customers_present: Figure::Hidden(crate::published::Reason::K),
                    customers_in_our_tenant: None,
                });
            }
            vec![segment("all", vec![files.clone()]), segment("department:Sales", vec![files])]
        })
    }

    fn decision(segment: &str) -> Decision {
        Decision {
            number: 1,
            date: date(2026, 11, 9),
            segment: Some(segment.parse().unwrap()),
            need: "send-once".to_owned(),
            service: None,
            conversation: Conversation::Fix,
            what: "more room".to_owned(),
            owner: "Files team".to_owned(),
            business_owner: None,
            reason: None,
            heard: None,
            review: None,
            closed: None,
            line: 1,
        }
    }

    fn told(journal: &Journal, signals: &[Signal]) -> Pace {
        let published = published();
        let history = history(&published);
        let known = Known { portfolio: &Portfolio::default(), signals, journal };
        pace(&history, &affairs(&history, None, "department"), known)
    }

    #[test]
    fn their_pace_is_from_the_first_week_to_the_habit() {
        // Four weeks of use make a habit: W44, which ends on 1 November; W41 began on 5 October.
        let pace = told(&Journal::default(), &[]);
        assert_eq!((pace.theirs, pace.habits), (Some(27), 1), "Sales speaks for everybody");
        assert_eq!((pace.ours, pace.waiting), (None, 1));
    }

    #[test]
    fn a_signal_says_when_it_began() {
        let signal = Signal {
            segment: Some("department:Sales".parse().unwrap()),
            need: "send-once".to_owned(),
            service: "wetransfer".to_owned(),
            released: date(2026, 10, 2),
            minimum_group: 5,
        };
        assert_eq!(told(&Journal::default(), std::slice::from_ref(&signal)).theirs, Some(30));
        for (of_october, days) in [(11, 21), (12, 21), (13, 27)] {
            let signal = Signal { released: date(2026, 10, of_october), ..signal.clone() };
            assert_eq!(told(&Journal::default(), &[signal]).theirs, Some(days), "{of_october}");
        }
    }

    #[test]
    fn our_pace_is_from_there_to_the_decision() {
        let journal = |segment| Journal { decisions: vec![decision(segment)], ..Journal::default() };
        let pace = told(&journal("department:Sales"), &[]);
        assert_eq!((pace.ours, pace.decisions, pace.waiting), (Some(35), 1, 0));
        let pace = told(&journal("department:Finance"), &[]);
        assert_eq!((pace.ours, pace.decisions, pace.waiting), (None, 0, 1), "about others");
    }
}
