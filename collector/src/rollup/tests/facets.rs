//! What customers elsewhere have in common, and ours beside elsewhere.

use super::*;
use crate::device_day::{Quantiles, Spill, TransferTime};

/// Everybody's counts of `send-once`.
fn counts(rollup: &Rollup) -> &FacetCounts {
    node(rollup, "all").needs["send-once"].facets.as_deref().unwrap()
}

fn customers(rollup: &Rollup, facet: Facet) -> u32 {
    counts(rollup).customers(facet)
}

/// The same day, each row changed.
fn with(mut day: DeviceDay, change: impl Fn(&mut Usage)) -> DeviceDay {
    day.usages.iter_mut().for_each(change);
    day
}

fn is_close(value: Option<f64>, to: f64) -> bool {
    value.is_some_and(|value| (value - to).abs() < 0.5)
}

#[test]
fn never_ours_is_not_with_us_in_eight_weeks() {
    let mut story = Story::new();
    story.day(1, "a", "", &day(9, &["wetransfer"]));
    story.day(2, "b", "", &day(9, &["wetransfer"])).day(2, "b", "", &day(13, &["outbox"]));
    let mut long_ago = day(1, &["outbox"]);
    long_ago.day = date(2026, 9, 15);
    story.day(3, "c", "", &day(9, &["wetransfer"])).day(3, "c", "", &long_ago);
    let mut before_that = day(1, &["outbox"]);
    before_that.day = date(2026, 9, 13);
    story.day(4, "d", "", &day(9, &["wetransfer"])).day(4, "d", "", &before_that);
    story.day(5, "e", "", &day(9, &["tolerated"]));
    assert_eq!(customers(&story.end(), Facet::NeverOurs), 2);
}

#[test]
fn how_long_already_is_told_by_weeks() {
    let firsts =
        [(1, date(2026, 11, 10)), (2, date(2026, 11, 8)), (3, date(2026, 11, 1)), (4, date(2026, 10, 18))];
    let mut story = Story::new();
    for (device, first) in firsts {
        let name = format!("c{device}");
        let mut earlier = day(1, &["wetransfer"]);
        earlier.day = first;
        story.day(device, &name, "", &earlier).day(device, &name, "", &day(12, &["smash"]));
    }
    let rollup = story.end();
    let told = [Facet::Before, Facet::BeforeTwoWeeks, Facet::BeforeFourWeeks];
    assert_eq!(told.map(|facet| customers(&rollup, facet)), [3, 2, 1]);
}

#[test]
fn reliance_is_three_days_in_fourteen() {
    let mut story = Story::new();
    let told = [(1, "a", [2, 8, 9]), (2, "b", [1, 8, 9]), (3, "c", [9, 10, 11]), (4, "d", [2, 3, 4])];
    for (device, name, dates) in told {
        for on in dates {
            story.day(device, name, "", &day(on, &["wetransfer"]));
        }
    }
    assert_eq!(
        customers(&story.end(), Facet::Reliant),
        2,
        "b's first is too old, d was not elsewhere this week"
    );
}

#[test]
fn places_and_parts_of_day_are_those_of_use_elsewhere() {
    let away = |day| with(day, |row| (row.place, row.parts_of_day) = (Place::Away, 9));
    let mut story = Story::new();
    story.day(1, "a", "", &away(day(9, &["wetransfer"]))).day(1, "a", "", &day(10, &["outbox"]));
    story.day(2, "b", "", &away(day(9, &["wetransfer"]))).day(2, "b", "", &day(14, &["wetransfer"]));
    let rollup = story.end();
    assert_eq!(customers(&rollup, Facet::OnlyAway), 1);
    let parts = [Facet::Night, Facet::Morning, Facet::Afternoon, Facet::Evening, Facet::Weekend];
    assert_eq!(parts.map(|facet| customers(&rollup, facet)), [2, 1, 0, 2, 1]);
}

#[test]
fn use_away_from_the_office_is_compared() {
    let at = |day, place| with(day, |row| row.place = place);
    let mut story = Story::new();
    // A half of ours and all of elsewhere is away.
    story.day(1, "a", "", &at(day(9, &["outbox"]), Place::Office));
    story.day(1, "a", "", &at(day(10, &["outbox", "wetransfer"]), Place::Away));
    // Unknown places, and one side only, say nothing.
    story.day(2, "b", "", &at(day(9, &["outbox"]), Place::Office));
    story.day(2, "b", "", &at(day(10, &["wetransfer"]), Place::Unknown));
    story.day(3, "c", "", &at(day(10, &["wetransfer"]), Place::Away));
    let rollup = story.end();
    assert_eq!(customers(&rollup, Facet::Reach), 1);
    assert!(is_close(counts(&rollup).effect(Facet::Reach).unwrap().mean(), 500.0));
}

#[test]
fn who_was_turned_away_and_went_elsewhere_counts() {
    let turned_away = |day| with(day, |row| row.turned_away = 1);
    let mut story = Story::new();
    story.day(1, "a", "", &turned_away(day(9, &["smash"]))).day(1, "a", "", &day(10, &["wetransfer"]));
    story.day(2, "b", "", &turned_away(day(9, &["outbox"])));
    let rollup = story.end();
    assert_eq!(customers(&rollup, Facet::TurnedAway), 1, "b went nowhere");
}

#[test]
fn moves_over_count_beyond_chance() {
    let spill = |from: &str, to: &str, count, expected_hundredths| Spill {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        count,
        tries: 9,
        expected_hundredths,
    };
    let mut story = Story::new();
    let mut told = day(9, &["outbox", "wetransfer"]);
    told.spills = vec![
        spill("outbox", "wetransfer", 3, 50),
        spill("wetransfer", "outbox", 7, 0),
        spill("wetransfer", "smash", 7, 0),
    ];
    story.day(1, "a", "", &told);
    let mut by_chance = day(9, &["outbox", "wetransfer"]);
    by_chance.spills = vec![spill("outbox", "wetransfer", 0, 50)];
    story.day(2, "b", "", &by_chance);
    let rollup = story.end();
    assert_eq!(customers(&rollup, Facet::CameToUsFirst), 1);
    let effect = counts(&rollup).effect(Facet::CameToUsFirst).unwrap();
    assert!(is_close(effect.mean(), 1000.0), "2.5 and -0.5: {effect:?}");
    assert!(is_close(effect.standard_error(), 1500.0), "{effect:?}");
}

#[test]
fn ours_is_compared_with_elsewhere_within_one_day_and_place() {
    let waits = |day: DeviceDay, ours: u8, elsewhere: u8| {
        with(day, |row| {
            let median = if row.service.as_str() == "outbox" { ours } else { elsewhere };
            row.server_wait = Some(Quantiles { median, p90: 200 });
        })
    };
    let both = ["outbox", "wetransfer"];
    let mut story = Story::new();
    // One doubling is 12 codes.
    story.day(1, "a", "", &waits(day(9, &both), 84, 72)).day(1, "a", "", &waits(day(10, &both), 72, 72));
    story.day(2, "b", "", &waits(day(9, &both), 90, 72));
    // Another day, another place, a history: nothing to compare.
    story.day(3, "c", "", &waits(day(9, &["outbox"]), 200, 0)).day(
        3,
        "c",
        "",
        &waits(day(10, &["smash"]), 200, 0),
    );
    let mut apart = waits(day(9, &both), 200, 0);
    apart.usages[0].place = Place::Away;
    story.day(4, "d", "", &apart).day(4, "d", "", &waits(day(2, &both), 200, 0));
    let rollup = story.end();
    assert_eq!(customers(&rollup, Facet::ServerWait), 2);
    let effect = counts(&rollup).effect(Facet::ServerWait).unwrap();
    assert!(is_close(effect.mean(), 1000.0), "half a doubling, and one and a half: {effect:?}");
    assert!(is_close(effect.standard_error(), 500.0), "{effect:?}");
}

#[test]
fn transfers_are_compared_in_one_size_class() {
    let transfer = |size_class, median| TransferTime { size_class, duration: Quantiles { median, p90: 255 } };
    let mut told = day(9, &["outbox", "wetransfer"]);
    told.usages[0].transfer_times = vec![transfer(0, 96), transfer(3, 240)];
    told.usages[1].transfer_times = vec![transfer(0, 72), transfer(4, 12)];
    let mut unlike = day(9, &["outbox", "wetransfer"]);
    unlike.usages[0].transfer_times = vec![transfer(1, 96)];
    unlike.usages[1].transfer_times = vec![transfer(2, 72)];
    let mut story = Story::new();
    story.day(1, "a", "", &told).day(2, "b", "", &unlike);
    let rollup = story.end();
    assert_eq!(customers(&rollup, Facet::Transfer), 1);
    assert!(is_close(counts(&rollup).effect(Facet::Transfer).unwrap().mean(), 2000.0));
}

#[test]
fn failing_tries_and_sign_ins_are_compared() {
    let mut told = day(9, &["outbox", "wetransfer"]);
    (told.usages[0].tries, told.usages[0].failed, told.usages[0].sign_in_hops) = (8, 2, 5);
    (told.usages[1].tries, told.usages[1].failed, told.usages[1].sign_in_hops) = (10, 0, 2);
    let mut story = Story::new();
    story.day(1, "a", "", &told);
    let rollup = story.end();
    assert!(is_close(counts(&rollup).effect(Facet::Failing).unwrap().mean(), 250.0));
    assert!(is_close(counts(&rollup).effect(Facet::SignIn).unwrap().mean(), 3000.0));
    assert_eq!(
        counts(&rollup).effect(Facet::SignIn).unwrap().standard_error(),
        None,
        "one customer has none"
    );
}

#[test]
fn nobody_elsewhere_is_in_no_facet_and_segments_add_up() {
    let mut story = Story::new();
    story.day(1, "a", "department:Sales", &day(9, &["outbox"]));
    story.day(2, "b", "department:Sales", &day(14, &["wetransfer"]));
    story.day(3, "c", "department:Ops", &day(14, &["wetransfer"]));
    let rollup = story.end();
    assert_eq!(customers(&rollup, Facet::Weekend), 2);
    let sales = &node(&rollup, "department:Sales").needs["send-once"];
    assert_eq!(sales.facets.as_ref().unwrap().customers(Facet::Weekend), 1);
    assert!(rollup.atoms.values().all(|atom| atom.needs.values().all(|need| need.facets.is_none())));
}

#[test]
fn ours_is_idle_where_a_program_of_it_ran_and_nobody_worked_with_it() {
    let present = |day| with(day, |row| row.evidence = Evidence::Present);
    let mut story = Story::new();
    story.day(1, "a", "", &present(day(9, &["outbox", "smash"])));
    story.day(2, "b", "", &present(day(9, &["outbox"]))).day(2, "b", "", &day(13, &["outbox"]));
    story.day(3, "c", "", &present(day(2, &["outbox"]))).day(3, "c", "", &day(13, &["smash"]));
    let rollup = story.end();
    let services = &node(&rollup, "all").needs["send-once"].services;
    assert_eq!((services["outbox"].customers, services["outbox"].idle), (1, 1));
    assert_eq!(services["smash"].idle, 0, "only of ours");
}

#[test]
fn who_left_us_this_week_may_not_be_never_ours() {
    let mut story = Story::new();
    story.day(1, "a", "", &day(2, &["outbox"])).day(1, "a", "", &day(3, &["outbox"]));
    story.day(1, "a", "", &day(9, &["smash"])).day(1, "a", "", &day(10, &["smash"]));
    story.day(2, "b", "", &day(9, &["smash"])).day(2, "b", "", &day(10, &["outbox"]));
    story.day(3, "c", "", &day(9, &["smash"])).day(4, "d", "", &day(2, &["outbox"])).day(
        4,
        "d",
        "",
        &day(9, &["smash"]),
    );
    let rollup = story.end();
    assert_eq!((counts(&rollup).not_with_us(), customers(&rollup, Facet::NeverOurs)), (2, 1));
}
