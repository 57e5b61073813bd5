use super::*;
use elsewhere_proto::v1;

use crate::{
    config::Config,
    device::{DeviceId, Groups},
    jobs::{
        self, Unfinished,
        tests::{at, day, story, week},
    },
    wire::days_of,
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

#[test]
fn our_own_tenant_is_told_from_the_device_to_the_proposal() {
    let dir = tempfile::tempdir().unwrap();
    let portfolio = "organisation = \"N\"\n[[service]]\nid = \"slack\"\nstatus = \"unreviewed\"\ntenants = \
                     [\"northmoor.slack.com\"]\n";
    std::fs::write(dir.path().join("portfolio.toml"), portfolio).unwrap();
    let config = Config::parse("test", "", std::iter::empty(), &[]).unwrap();
    let installation = Installation::with_config(dir.path(), config).unwrap();
    let groups = Groups { segments: "department:Marketing".parse().unwrap(), pseudonym: None };
    let monday = week("2026-W46").monday();
    for bits in 1..=22 {
        let mut day = day(days_of(monday), 1, "slack");
        let tenant = if bits <= 12 { v1::Tenant::Ours } else { v1::Tenant::Unspecified };
        day.usages[0].tenant = tenant.into();
        let id = DeviceId::from_bits(bits);
        let device = installation.register_device(id, &groups, false, at("2026-09-01T08:00:00Z")).unwrap();
        installation.deliver(id, device.epoch, vec![day], at("2026-11-09T20:00:00Z")).unwrap();
    }
    jobs::freeze(&installation, week("2026-W46"), Unfinished::Refused, at("2026-11-16T12:00:00Z")).unwrap();
    let reader = Reader::local();
    let proposed = Query::new(&installation, &reader).proposals(None).unwrap().proposals;
    assert_eq!(proposed.len(), 1);
    assert_eq!((proposed[0].service.as_str(), proposed[0].looks_like), ("slack", "ours"));
    assert_eq!((proposed[0].customers, proposed[0].customers_in_our_tenant), (20, Some(10)));
    assert_eq!(
        proposed[0].why,
        "20 of the 20 customers with this need use it, in the one segment that shows any service for it, 10 or more of them in our own tenant."
    );
}

#[test]
fn who_sees_one_segment_is_proposed_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let installation = story(&dir, &["2026-W46"]);
    jobs::freeze(&installation, week("2026-W46"), Unfinished::Refused, at("2026-11-16T12:00:00Z")).unwrap();
    let reader = Reader { segments: vec!["department:Marketing".parse().unwrap()], ..Reader::local() };
    let refused = Query::new(&installation, &reader).proposals(None);
    assert!(matches!(refused, Err(QueryError::OutOfScope(_))), "{refused:?}");
}
