use super::*;
use crate::insight::LINE_WEEKS;

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
