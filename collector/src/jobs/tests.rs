use elsewhere_proto::v1::{self, device_day_ack::Outcome};

use super::*;
use crate::{
    config::Config,
    device::{DeviceId, Groups},
    published::Figure,
    wire::days_of,
};

pub(super) const PORTFOLIO: &str = r#"
organisation = "Northmoor"
[[service]]
id = "sharepoint-online"
status = "sanctioned"
"#;

/// An installation with eight customers in Marketing who used Dropbox on the first day of each of these weeks, and six
/// who used what we offer.
pub(crate) fn story(dir: &tempfile::TempDir, weeks: &[&str]) -> Installation {
    std::fs::write(dir.path().join("portfolio.toml"), PORTFOLIO).unwrap();
    let config = Config::parse("test", "", std::iter::empty(), &[]).unwrap();
    let installation = Installation::with_config(dir.path(), config).unwrap();
    let groups = Groups { segments: "department:Marketing".parse().unwrap(), pseudonym: None };
    for bits in 1..=14 {
        let service = if bits <= 8 { "dropbox" } else { "sharepoint-online" };
        let id = DeviceId::from_bits(bits);
        let device = installation.register_device(id, &groups, false, at("2026-09-01T08:00:00Z")).unwrap();
        for week in weeks {
            let monday = week.parse::<Week>().unwrap().monday();
            let now = at(&format!("{monday}T20:00:00Z"));
            let acks =
                installation.deliver(id, device.epoch, vec![day(days_of(monday), 1, service)], now).unwrap();
            assert_eq!(acks[0].problem, "");
        }
    }
    installation
}

pub(crate) fn day(day: u32, revision: u64, service: &str) -> v1::DeviceDay {
    let usage = v1::Usage {
        service_id: service.into(),
        evidence: v1::Evidence::Use.into(),
        parts_of_day: 2,
        active_minutes: 5,
        tries: 1,
        bytes_up: 10,
        ..v1::Usage::default()
    };
    v1::DeviceDay { day, revision, usages: vec![usage], ..v1::DeviceDay::default() }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn week(text: &str) -> Week {
    text.parse().unwrap()
}

fn states(installation: &Installation) -> Vec<(String, bool)> {
    let weeks = installation.store().published_weeks().unwrap();
    let frozen = |state| matches!(state, WeekState::Frozen { .. });
    weeks.into_iter().map(|(week, state)| (week.to_string(), frozen(state))).collect()
}

#[test]
fn a_frozen_week_never_changes() {
    let dir = tempfile::tempdir().unwrap();
    let installation = story(&dir, &["2026-W46"]);
    let now = at("2026-11-16T12:00:00Z");
    assert_eq!(freeze(&installation, week("2026-W46"), Unfinished::Refused, now).unwrap(), Freeze::Done);
    let (frozen, _) = installation.store().published(week("2026-W46")).unwrap().unwrap();
    let files = frozen.segments[0].need("store-files").unwrap();
    assert_eq!((files.customers, files.elsewhere), (Figure::Shown(10), Figure::Shown(10)));
    assert!(files.served);

    let late = day(days_of(week("2026-W46").monday().tomorrow().unwrap()), 1, "dropbox");
    installation.deliver(DeviceId::from_bits(1), 1, vec![late], now).unwrap();
    assert_eq!(freeze(&installation, week("2026-W46"), Unfinished::Refused, now).unwrap(), Freeze::Already);
    nightly(&installation, at("2026-11-17T01:00:00Z")).unwrap();
    assert_eq!(installation.store().published(week("2026-W46")).unwrap().unwrap().0, frozen);
    assert_ne!(compute(&installation, week("2026-W46")).unwrap(), frozen, "late days are kept and counted");
}

/// With us in the first week and at a name outside the catalog in the next two, of which one is frozen before the name
/// is given a service.
#[test]
fn devices_of_a_groups_token_count_once_they_told_of_five_days() {
    for (days, customers) in [(4, Figure::Hidden(crate::published::Reason::K)), (5, Figure::Shown(5))] {
        let dir = tempfile::tempdir().unwrap();
        let installation = story(&dir, &[]);
        let groups = Groups { segments: "department:Sales".parse().unwrap(), pseudonym: None };
        let monday = week("2026-W46").monday();
        for bits in 21..=26 {
            let id = DeviceId::from_bits(bits);
            let device = installation.register_device(id, &groups, true, at("2026-09-01T08:00:00Z")).unwrap();
            for date in monday.series(jiff::Span::new().days(1)).take(days) {
                let now = at(&format!("{date}T20:00:00Z"));
                installation.deliver(id, device.epoch, vec![day(days_of(date), 1, "dropbox")], now).unwrap();
            }
        }
        let published = compute(&installation, week("2026-W46")).unwrap();
        assert_eq!(published.segments[0].customers, customers, "{days} days");
    }
}

#[test]
fn a_name_that_gets_a_service_counts_back_but_in_no_frozen_week() {
    let dir = tempfile::tempdir().unwrap();
    let weeks = ["2026-W44", "2026-W45", "2026-W46"];
    let installation = story(&dir, &weeks);
    let store = installation.store().as_ref();
    let name = "freightdesk.example";
    let name_hash = unknown_names::hash(&store.identity().unwrap().unknown_name_key, name);
    for text in weeks {
        let monday = week(text).monday();
        for date in [monday, monday.tomorrow().unwrap()] {
            let mut day = day(days_of(date), 2, "dropbox");
            if text == weeks[0] {
                day.usages[0].service_id = "sharepoint-online".into();
            } else {
                day.usages.clear();
                day.unknown_services =
                    vec![v1::UnknownService { name_hash, ..v1::UnknownService::default() }];
            }
            let now = at(&format!("{date}T20:00:00Z"));
            for bits in 1..=8 {
                installation.deliver(DeviceId::from_bits(bits), 1, vec![day.clone()], now).unwrap();
            }
        }
    }
    freeze(&installation, week(weeks[1]), Unfinished::Refused, at("2026-11-09T12:00:00Z")).unwrap();
    let frozen = store.published(week(weeks[1])).unwrap();
    store.ask_for_names(&[name_hash]).unwrap();
    unknown_names::hear(store, name_hash, name).unwrap();
    nightly(&installation, at("2026-11-11T01:00:00Z")).unwrap();
    let files = || {
        let (week, _) = store.published(week(weeks[2])).unwrap().unwrap();
        let need = week.segments[0].need("store-files").unwrap();
        need.elsewhere
    };
    let nothing = Figure::Hidden(crate::published::Reason::K);
    assert_eq!(files(), nothing);

    unknown_names::name(&installation, name, unknown_names::Chosen::Known("dropbox".into())).unwrap();
    nightly(&installation, at("2026-11-12T01:00:00Z")).unwrap();
    assert_eq!(files(), Figure::Shown(20), "two days each, of eight customers");
    assert_eq!(store.published(week(weeks[1])).unwrap(), frozen);
    let now = compute(&installation, week(weeks[2])).unwrap();
    assert_eq!(
        now.segments[0].need("store-files").unwrap().left,
        nothing,
        "they had left in the week before, as the days held say by now"
    );
}

#[test]
fn a_week_that_has_not_ended_is_frozen_only_on_demand_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let installation = story(&dir, &["2026-W46"]);
    let now = at("2026-11-12T12:00:00Z");
    let error = freeze(&installation, week("2026-W46"), Unfinished::Refused, now).unwrap_err();
    assert!(error.to_string().contains("has not ended"), "{error}");
    assert_eq!(states(&installation), []);
    freeze(&installation, week("2026-W46"), Unfinished::Allowed, now).unwrap();
    let state = installation.store().published_weeks().unwrap()[0].1;
    assert_eq!(state, WeekState::Frozen { frozen_at: now, before_its_end: true });
}

#[test]
fn a_week_without_device_days_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let installation = story(&dir, &["2026-W46"]);
    let error =
        freeze(&installation, week("2026-W40"), Unfinished::Refused, at("2026-11-16T12:00:00Z")).unwrap_err();
    assert!(error.to_string().contains("no device-days of week 2026-W40"), "{error}");
}

#[test]
fn weeks_are_frozen_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let installation = story(&dir, &["2026-W44", "2026-W45", "2026-W46"]);
    freeze(&installation, week("2026-W45"), Unfinished::Refused, at("2026-11-16T12:00:00Z")).unwrap();
    assert_eq!(states(&installation), [("2026-W44".to_owned(), true), ("2026-W45".to_owned(), true)]);
}

#[test]
fn the_night_freezes_what_is_due_and_publishes_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let installation = story(&dir, &["2026-W45", "2026-W46"]);
    nightly(&installation, at("2026-11-16T11:59:00Z")).unwrap();
    assert_eq!(states(&installation), [("2026-W45".to_owned(), true), ("2026-W46".to_owned(), false)]);
    nightly(&installation, at("2026-11-16T12:00:00Z")).unwrap();
    assert_eq!(states(&installation), [("2026-W45".to_owned(), true), ("2026-W46".to_owned(), true)]);
}

#[test]
fn device_days_are_forgotten_when_their_week_turns_91_days_old() {
    let dir = tempfile::tempdir().unwrap();
    let installation = story(&dir, &["2026-W40", "2026-W46"]);
    let monday = week("2026-W40").expiry();
    nightly(&installation, at(&format!("{}T23:00:00Z", monday.yesterday().unwrap()))).unwrap();
    assert_eq!(installation.store().weeks().unwrap().len(), 2);
    nightly(&installation, at(&format!("{monday}T00:00:00Z"))).unwrap();
    assert_eq!(installation.store().weeks().unwrap(), [week("2026-W46")]);
    assert!(installation.store().published(week("2026-W40")).unwrap().is_some(), "what was released stays");
}

#[test]
fn a_portfolio_with_mistakes_stops_the_job_before_anything_is_published() {
    let dir = tempfile::tempdir().unwrap();
    let installation = story(&dir, &["2026-W46"]);
    std::fs::write(dir.path().join("portfolio.toml"), "organisation = 1\n").unwrap();
    let error =
        freeze(&installation, week("2026-W46"), Unfinished::Refused, at("2026-11-16T12:00:00Z")).unwrap_err();
    let words = format!("{error:#}");
    assert!(
        words.ends_with("has mistakes (1); `elsewhere-collector check-config` names each with its line"),
        "{words}"
    );
    assert_eq!(states(&installation), []);

    nightly(&installation, at("2027-03-01T01:00:00Z")).unwrap_err();
    assert_eq!(installation.store().weeks().unwrap(), [], "what is due is forgotten all the same");
}

/// Turns one byte of a week's newest page round, as a bad disk would.
pub(crate) fn flip(dir: &tempfile::TempDir, week: &str) {
    let path = dir.path().join(format!("weeks/{week}.db"));
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    // The kind of the page on which the days stand.
    let second_page = page_bytes(&bytes);
    bytes[second_page] ^= 0xff;
    std::fs::write(&path, bytes).unwrap();
}

/// The size of its pages, as the head of a database tells it.
pub(crate) fn page_bytes(database: &[u8]) -> usize {
    u16::from_be_bytes([database[16], database[17]]).into()
}

#[test]
fn a_damaged_week_is_left_out_and_the_others_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let weeks = ["2026-W44", "2026-W45", "2026-W46"];
    drop(story(&dir, &weeks));
    flip(&dir, "2026-W45");
    let config = Config::parse("test", "", std::iter::empty(), &[]).unwrap();
    let installation = Installation::with_config(dir.path(), config).unwrap();
    let now = at("2026-11-16T12:00:00Z");
    nightly(&installation, now).unwrap();
    assert_eq!(states(&installation), [("2026-W44".to_owned(), true), ("2026-W46".to_owned(), true)]);
    let error = freeze(&installation, week("2026-W45"), Unfinished::Refused, now).unwrap_err();
    assert!(format!("{error:#}").contains("read week 2026-W45"), "{error:#}");
    assert_eq!(installation.store().weeks().unwrap().len(), 3, "nothing is deleted because it is damaged");

    let monday = |text: &str| day(days_of(week(text).monday()), 2, "dropbox");
    let sent = vec![monday("2026-W45"), monday("2026-W46")];
    let acks = installation.deliver(DeviceId::from_bits(1), 1, sent, now).unwrap();
    let outcomes: Vec<_> = acks.iter().map(v1::DeviceDayAck::outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::Unspecified, Outcome::Stored],
        "the device keeps the one and sends it again"
    );
}
