use jiff::civil::date;

use super::*;
use crate::{
    insight::{
        conversation::Conversation,
        tests::{history, need, segment, weeks},
    },
    journal::Change,
    published::PublishedWeek,
};

/// Nine weeks up to W46; five departments beside Operations, of which each has its swing.
fn published(operations: impl Fn(u32) -> u32) -> Vec<PublishedWeek> {
    weeks(|ago| {
        let row =
            |name: &str, ours: u32| segment(name, vec![need("store-files", true, [ours, 0, 0, 1000 - ours])]);
        let mut rows = vec![row("all", 700), row("department:Operations", operations(ago))];
        for other in 0..5 {
            let swing = if (ago + other) % 2 == 0 { 10 * other } else { 0 };
            rows.push(row(&format!("department:D{other}"), 700 + swing));
        }
        rows
    })
}

fn decision(date: jiff::civil::Date) -> Decision {
    Decision {
        number: 31,
        date,
        segment: Some("department:Operations".parse().unwrap()),
        need: "store-files".to_owned(),
        service: None,
        conversation: Conversation::Fix,
        what: "sync without VPN".to_owned(),
        owner: "Files team".to_owned(),
        business_owner: None,
        reason: None,
        heard: None,
        review: None,
        closed: None,
        line: 1,
    }
}

fn outcome(published: &[PublishedWeek], journal: &Journal, date: jiff::civil::Date) -> Outcome {
    follow_up(&history(published), journal, &decision(date)).outcome
}

/// Monday of W42: W38 to W41 are before, W43 to W46 after.
const TAKEN: jiff::civil::Date = date(2026, 10, 12);

#[test]
fn what_changed_more_than_the_unchanged_worked() {
    let journal = Journal::default();
    let better = published(|ago| if ago < 4 { 800 } else { 600 });
    let Outcome::Worked(effect) = outcome(&better, &journal, TAKEN) else { panic!() };
    assert!((effect.value - 20.0).abs() < 1.0 && effect.low > 15.0, "{effect:?}");
    let worse = published(|ago| if ago < 4 { 600 } else { 800 });
    assert!(matches!(outcome(&worse, &journal, TAKEN), Outcome::Backfired(_)));
    assert!(matches!(outcome(&published(|_| 700), &journal, TAKEN), Outcome::NoEffect(_)));
}

#[test]
fn three_weeks_have_to_pass() {
    let same = published(|_| 700);
    assert_eq!(outcome(&same, &Journal::default(), date(2026, 10, 26)), Outcome::TooEarly);
    assert_ne!(outcome(&same, &Journal::default(), date(2026, 10, 25)), Outcome::TooEarly);
}

#[test]
fn only_what_was_left_alone_is_compared_with() {
    let change = |department: &str, need: &str| Change {
        date: date(2026, 10, 20),
        segment: Some(format!("department:{department}").parse().unwrap()),
        need: need.to_owned(),
        what: "more room".to_owned(),
        owner: None,
        line: 1,
    };
    let better = published(|ago| if ago < 4 { 800 } else { 600 });
    let one = Journal { changes: vec![change("D0", "store-files")], ..Journal::default() };
    assert!(matches!(outcome(&better, &one, TAKEN), Outcome::Worked(_)), "four are left");
    let two = ["D0", "D1"].map(|department| change(department, "store-files")).to_vec();
    let two = Journal { changes: two, ..Journal::default() };
    assert_eq!(outcome(&better, &two, TAKEN), Outcome::TooFewToTell);
    let other_need = ["D0", "D1"].map(|department| change(department, "email")).to_vec();
    let other_need = Journal { changes: other_need, ..Journal::default() };
    assert!(matches!(outcome(&better, &other_need, TAKEN), Outcome::Worked(_)));
}

#[test]
fn what_is_withheld_is_not_judged() {
    let mut hidden = published(|_| 700);
    for week in &mut hidden {
        week.segments[1].needs[0].both = crate::published::Figure::Hidden(crate::published::Reason::K);
    }
    assert_eq!(outcome(&hidden, &Journal::default(), TAKEN), Outcome::NotShown);
}
