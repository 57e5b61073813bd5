use proptest::prelude::*;

use super::*;

const FEWEST: u32 = 5;

/// Arrivals in the seven days and in the eight weeks before, on as many days each week.
fn arrived(now: u32, before: u32) -> Arrived {
    Arrived { now, before, days_now: 100, days_before: 800, without: 50 }
}

fn are_surprising(services: &[Arrived]) -> Vec<bool> {
    let name = |place: usize| format!("service-{place:03}");
    let of_all = services.iter().enumerate().map(|(place, arrived)| (name(place), *arrived)).collect();
    let arrivals = Arrivals::from([(None, of_all)]);
    let surprising = &surprising(&arrivals, FEWEST)[&None];
    (0..services.len()).map(|place| surprising.contains_key(&name(place))).collect()
}

fn is_alone_surprising(now: u32, before: u32) -> bool {
    are_surprising(&[arrived(now, before)]) == [true]
}

fn is_about(value: f64, expected: f64) -> bool {
    (value / expected - 1.0).abs() < 1e-4
}

#[test]
fn chances_are_those_of_the_two_distributions() {
    assert!(is_about(arrived(5, 0).binomial(5), 9_f64.powi(-5)));
    assert!(is_about(arrived(12, 16).binomial(12), 1.925_995e-5), "{}", arrived(12, 16).binomial(12));
    assert!(is_about(arrived(5, 0).predictive(5), 4.523_244e-7), "{}", arrived(5, 0).predictive(5));
    let twelve = arrived(12, 16).predictive(12);
    assert!(is_about(twelve, 1.283_049e-5), "{twelve}");
}

#[test]
fn the_more_there_were_before_the_more_it_takes() {
    for (before, least) in [(0, 5), (1, 5), (2, 6), (3, 6), (4, 7), (8, 8), (16, 11), (32, 15)] {
        let first = (FEWEST..99).find(|now| is_alone_surprising(*now, before));
        assert_eq!(first, Some(least), "after {before}");
    }
}

#[test]
fn without_a_past_of_some_weeks_five_are_no_surprise() {
    for (weeks, surprises) in [(0, false), (1, false), (4, false), (5, true), (8, true)] {
        let five = Arrived { days_before: 100 * weeks, ..arrived(5, 0) };
        assert_eq!(are_surprising(&[five]), [surprises], "{weeks} weeks");
    }
    let twenty = Arrived { days_before: 100, ..arrived(20, 0) };
    assert_eq!(are_surprising(&[twenty]), [true]);
}

#[test]
fn what_could_not_be_told_takes_nothing_from_the_others() {
    let mut services = vec![arrived(5, 0)];
    services.extend(vec![arrived(1, 3); 500]);
    assert!(are_surprising(&services)[0]);
}

#[test]
fn what_could_surprise_as_much_by_chance_does() {
    // Seven more of which five came, at any time: 8 times 9^-5 is below 1/7000, and 9 times is not.
    for (others, surprises) in [(7, true), (8, false)] {
        let mut services = vec![arrived(5, 0)];
        services.extend(vec![arrived(0, 5); others]);
        assert_eq!(are_surprising(&services)[0], surprises, "{others}");
    }
    // Of services that are always begun with, few could ever surprise so.
    let mut services = vec![arrived(5, 0)];
    services.extend(vec![arrived(2, 16); 40]);
    assert!(are_surprising(&services)[0]);
}

#[test]
fn fewer_than_may_be_told_are_no_surprise() {
    assert!(is_alone_surprising(5, 0) && !is_alone_surprising(4, 0));
    let arrivals = Arrivals::from([(None, BTreeMap::from([("one".to_owned(), arrived(9, 0))]))]);
    assert_eq!(surprising(&arrivals, 10)[&None].len(), 0);
    assert_eq!(surprising(&arrivals, 9)[&None].len(), 1);
}

/// Exact: over all ways in which n arrivals fall.
#[test]
fn one_service_is_told_falsely_in_at_most_a_thousandth_of_weeks() {
    for all in FEWEST..60 {
        let surprises = |now: &u32| is_alone_surprising(*now, all - now);
        let least = (FEWEST..=all).find(surprises);
        let chance = least.map_or(0.0, |least| arrived(least, all - least).binomial(least));
        assert!(chance * 7.0 <= 0.001, "{all}: {chance}");
    }
}

proptest! {
    #[test]
    fn more_arrivals_never_surprise_less_and_more_before_never_more(
        counts in prop::collection::vec((0..15_u32, 0..30_u32), 1..12),
    ) {
        let services: Vec<Arrived> = counts.iter().map(|(now, before)| arrived(*now, *before)).collect();
        let is_surprising = are_surprising(&services);
        for place in 0..services.len() {
            let mut more = services.clone();
            more[place].now += 1;
            prop_assert!(!is_surprising[place] || are_surprising(&more)[place]);
            let mut before = services.clone();
            before[place].before += 1;
            prop_assert!(is_surprising[place] || !are_surprising(&before)[place]);
        }
    }
}
