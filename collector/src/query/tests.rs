use super::*;
use crate::jobs::{
    self, Unfinished,
    tests::{at, story, week},
};

#[test]
fn without_a_week_the_newest_frozen_one_is_meant() {
    let dir = tempfile::tempdir().unwrap();
    let installation = story(&dir, &["2026-W45", "2026-W46"]);
    let reader = Reader::local();
    let query = Query::new(&installation, &reader);
    assert!(matches!(query.needs(None, None), Err(QueryError::NothingPublished)));

    jobs::nightly(&installation, at("2026-11-15T12:00:00Z")).unwrap();
    assert_eq!(query.needs(None, None).unwrap().head.week.week, week("2026-W45"), "W46 still runs");
    assert_eq!(query.needs(Some(week("2026-W46")), None).unwrap().head.week.state, WeekState::Running);
    let listed: Vec<_> = query.weeks().unwrap().weeks.iter().map(|answer| answer.week).collect();
    assert_eq!(listed, [week("2026-W46"), week("2026-W45")]);
}

#[test]
fn all_readers_get_the_same_number() {
    let dir = tempfile::tempdir().unwrap();
    let installation = story(&dir, &["2026-W46"]);
    jobs::freeze(&installation, week("2026-W46"), Unfinished::Refused, at("2026-11-16T12:00:00Z")).unwrap();
    let reader = Reader::local();
    let query = Query::new(&installation, &reader);
    let marketing: Segment = "department:Marketing".parse().unwrap();
    let digest = query.digest(None, Some(&marketing)).unwrap();
    let needs = query.needs(None, Some(&marketing)).unwrap();
    let services = query.services(None, Some(&marketing)).unwrap();
    let of_digest = digest.figures[0].need("store-files").unwrap();
    assert_eq!(of_digest.customers, needs.needs[0].customers.value);
    assert_eq!(of_digest.services[0].customers, services.services[0].customers.value);
}

#[test]
fn a_damaged_portfolio_is_an_error_and_no_wrong_name() {
    let dir = tempfile::tempdir().unwrap();
    let installation = story(&dir, &["2026-W46"]);
    jobs::freeze(&installation, week("2026-W46"), Unfinished::Refused, at("2026-11-16T12:00:00Z")).unwrap();
    std::fs::write(dir.path().join("portfolio.toml"), "organisation =").unwrap();
    let reader = Reader::local();
    assert!(matches!(Query::new(&installation, &reader).needs(None, None), Err(QueryError::Portfolio(_))));
}
