//! Pairs of services without a spill, and what chance brings over many days.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;
use crate::summarize::{Left, Spill, UsageKey, day::MAX_SPILLS};

fn use_of(from: i64) -> Flow {
    flow(from, 60, 2_000_000, 50_000)
}

/// What is told of each pair: first, second, spills, what chance gives.
fn told(day: &Day) -> Vec<(String, String, u32, u32)> {
    let told = day.spills_told();
    let one = |spill: Spill| {
        let hundredths = day.expected_spill_hundredths(&spill);
        (spill.from, spill.to, spill.count, hundredths)
    };
    told.into_iter().map(one).collect()
}

fn after(flows: &[(Flow, Subject<'_>)]) -> Summarize {
    let mut days = berlin();
    // Two hours of activity, whatever happens in them.
    (0..24).for_each(|slot| days.day_mut(at(0)).active.mark(9 * 12 + slot));
    for (flow, subject) in flows {
        see(&mut days, flow, subject);
    }
    days.handle_timeout(Timestamp::MAX);
    days
}

#[test]
fn service_left_and_another_used_that_day_are_told_with_their_chance() {
    type Case<'c> = (&'c str, &'c [(Flow, Subject<'c>)], &'c [(&'c str, &'c str, u32, u32)]);
    let (wetransfer, smash) = (host("wetransfer.com"), host("fromsmash.com"));
    let slack = host("app.slack.com");
    let cases: &[Case<'_>] = &[
        (
            "used long after",
            &[(failed(0), wetransfer), (use_of(3_600), smash)],
            &[("wetransfer", "smash", 0, 8)],
        ),
        ("used before", &[(use_of(0), smash), (failed(3_600), wetransfer)], &[("wetransfer", "smash", 0, 8)]),
        (
            "given up twice, used three times",
            &[
                (use_of(0), smash),
                (flow(1_200, 5, 900, 900), wetransfer),
                (use_of(2_400), smash),
                (flow(3_600, 5, 900, 900), wetransfer),
                (use_of(4_800), smash),
            ],
            &[("wetransfer", "smash", 0, 50)],
        ),
        (
            "tried for ten minutes",
            &[(failed(0), wetransfer), (failed(600), wetransfer), (use_of(3_600), smash)],
            &[("wetransfer", "smash", 0, 17)],
        ),
        ("followed", &[(failed(0), wetransfer), (use_of(300), smash)], &[("wetransfer", "smash", 1, 8)]),
        (
            "followed once, and left again",
            &[(failed(0), wetransfer), (use_of(300), smash), (failed(3_600), wetransfer)],
            &[("wetransfer", "smash", 1, 17)],
        ),
        ("only looked at", &[(failed(0), wetransfer), (flow(3_600, 60, 900, 60_000), smash)], &[]),
        ("another need", &[(failed(0), wetransfer), (use_of(3_600), slack)], &[]),
        ("nothing was left", &[(use_of(0), wetransfer), (use_of(3_600), smash)], &[]),
    ];
    for (case, flows, expected) in cases {
        let days = after(flows);
        let told = told(only_day(&days));
        let told: Vec<_> = told.iter().map(|(from, to, count, by)| (&**from, &**to, *count, *by)).collect();
        assert_eq!(told, *expected, "{case}");
    }
}

#[test]
fn only_tries_that_were_meant_could_have_gone_over() {
    // A frame in somebody else's page did not load.
    let days = after(&[(failed(0), host("embed.app.box.com")), (use_of(3_600), host("dropbox.com"))]);
    let day = only_day(&days);
    let (box_row, dropbox) = (row(day, "box"), row(day, "dropbox"));
    assert_eq!((box_row.failed, box_row.left), (1, Left::default()));
    assert_eq!((&box_row.need, dropbox.evidence()), (&dropbox.need, Evidence::Use));
    assert_eq!(told(day), []);
}

#[test]
fn spills_go_before_chances_and_both_keep_the_cap() {
    let mut days = after(&[]);
    let day = days.day_mut(at(0));
    let mut service = |id: String, left: u32, tries: u32| {
        let key = UsageKey { used: Used::Service(id), app_class: AppClass::Browser, place: Place::Office };
        let row = day.row(&key).unwrap();
        row.need = Some("send-once".into());
        row.left = Left { tries: left, seconds: left * 600 };
        row.tries = tries;
        row.seen.front.sent_at_once = 2_000_000;
        row.seen.own_front = true;
        row.seen.listed = true;
        row.seen.sends_once = true;
    };
    (0..20).for_each(|number| service(format!("s{number:02}"), number, 20 - number));
    day.spills = vec![Spill { from: "s01".into(), to: "s00".into(), count: 1 }];
    let told = told(day);
    assert_eq!(told.len(), MAX_SPILLS);
    assert_eq!(told[0].2, 1);
    assert!(told[1..].iter().all(|(from, to, count, _)| *count == 0 && from != to));
    assert!(told[1..].is_sorted_by_key(|(.., hundredths)| std::cmp::Reverse(*hundredths)));
}

#[test]
fn day_of_an_earlier_agent_gives_its_spills_the_chance_of_as_many_tries() {
    let day: Day = serde_json::from_str(KEPT_DAY).unwrap();
    assert_eq!(told(&day), [("wetransfer".into(), "smash".into(), 1, 100)]);
}

/// How a customer goes about two services that have nothing to do with each other.
#[derive(Clone, Copy, Debug)]
struct Habit {
    /// Tries that fail, and uses of the other, on a day at most.
    failing: usize,
    used: usize,
    /// How often and after how many seconds a failing one is repeated.
    repeated: (i64, i64),
}

/// A workday from nine to six with an hour's pause, each service turned to at random moments of it.
fn workday(habit: Habit, rng: &mut StdRng) -> Summarize {
    let mut moment = || {
        let second = rng.random_range(0..8 * 3_600);
        if second < 4 * 3_600 { second } else { second + 3_600 }
    };
    let mut flows = Vec::new();
    for _ in 0..habit.failing {
        let from = moment();
        let (times, pause) = habit.repeated;
        flows.extend((0..=times).map(|again| (failed(from + again * pause), host("wetransfer.com"))));
    }
    flows.extend((0..habit.used).map(|_| (use_of(moment()), host("fromsmash.com"))));
    flows.sort_by_key(|(flow, _)| flow.from);
    let mut days = berlin();
    for slot in (0..48).chain(60..108) {
        days.day_mut(at(0)).active.mark(108 + slot);
    }
    for (flow, subject) in &flows {
        see(&mut days, flow, subject);
    }
    days.handle_timeout(Timestamp::MAX);
    days
}

#[test]
fn over_many_days_as_much_is_told_as_chance_brings() {
    let habit = |failing, used, repeated| Habit { failing, used, repeated };
    for (seed, habit) in
        (0..).zip([habit(1, 1, (0, 0)), habit(3, 2, (0, 0)), habit(4, 12, (0, 0)), habit(3, 4, (2, 150))])
    {
        let mut rng = StdRng::seed_from_u64(seed);
        let (mut spills, mut expected, mut expected_with_spills) = (0.0, 0.0, 0.0);
        for _ in 0..3_000 {
            let days = workday(habit, &mut rng);
            for (.., count, hundredths) in told(days.days().next().unwrap()) {
                spills += f64::from(count);
                expected += f64::from(hundredths) / 100.0;
                expected_with_spills += if count > 0 { f64::from(hundredths) / 100.0 } else { 0.0 };
            }
        }
        // Over the ends of the day and of the pause no use follows, which is some 3 in 100.
        let error = 3.0 * f64::sqrt(expected);
        assert!(spills < expected + error, "{habit:?}: {spills} spills, {expected} by chance");
        assert!(spills > 0.96 * expected - error, "{habit:?}: {spills} spills, {expected} by chance");
        assert!(spills > expected_with_spills + error, "{habit:?}: days without a spill say nothing");
    }
}
