use jiff::civil::date;

use super::*;
use crate::{
    portfolio::SanctionStatus,
    published::{Figure, Price, Reason, Signal, Trust},
    rollup::Facet,
    store::sqlite::file,
};

fn published(customers: u32) -> PublishedWeek {
    let shown = Figure::Shown(customers);
    let need = PublishedNeed {
        need: "send-once".into(),
        served: true,
        customers: shown,
        customer_days: Figure::Shown(61),
        ours_alone: Figure::Hidden(Reason::OfferedNotVisible),
        both: Figure::Shown(2),
        tolerated: Figure::Shown(3),
        elsewhere: Figure::Shown(20),
        elsewhere_alone: Figure::Hidden(Reason::K),
        customers_elsewhere: Figure::Shown(5),
        customers_ours_or_elsewhere: Figure::Shown(10),
        customers_both: Figure::Shown(15),
        left: Figure::Shown(20),
        came_back: Figure::Shown(25),
        services: vec![PublishedService {
            service: "wetransfer".into(),
            sanction_status: SanctionStatus::Tolerated,
            customers: shown,
            customer_days: Figure::Hidden(Reason::K),
            customers_present: Figure::Shown(35),
            customers_in_our_tenant: Some(15),
        }],
        other_services_customers: Figure::Hidden(Reason::K),
        facets: vec![
            PublishedFacet { facet: Facet::Reliant, customers: 15, effect: None },
            PublishedFacet {
                facet: Facet::ServerWait,
                customers: 10,
                effect: Some(PublishedEffect { mean_hundredths: -35, error_hundredths: 10 }),
            },
        ],
    };
    let trust = Trust {
        devices_reporting: 95,
        unnamed_tenths: 34,
        encrypted_hello_tenths: 11,
        encrypted_dns_tenths: 9,
        tunnels_tenths: 14,
        unwatched_tenths: 15,
        lossy_days_tenths: 16,
    };
    let segment = |segment: Option<&str>, trust, needs| PublishedSegment {
        segment: segment.map(|text| text.parse().unwrap()),
        customers: shown,
        left: Figure::Hidden(Reason::K),
        came_back: shown,
        trust,
        needs,
    };
    PublishedWeek {
        week: "2026-W46".parse().unwrap(),
        minimum_group: 5,
        segments: vec![
            segment(None, Some(trust), vec![need.clone()]),
            segment(Some("department:Sales/North"), None, vec![need.clone(), need]),
        ],
        price: Price { organisation_by_need: Some(93), segment_by_need: None, segment_by_service: Some(52) },
        news: vec![CatalogNews { service: "wetransfer".into(), known: 40 }],
    }
}

fn frozen(second: i64) -> WeekState {
    WeekState::Frozen { frozen_at: Timestamp::from_second(second).unwrap(), before_its_end: false }
}

fn opened(dir: &tempfile::TempDir) -> Connection {
    file::open(&dir.path().join("rollup.db"), &FILE).unwrap()
}

#[test]
fn a_week_is_read_as_it_was_published() {
    let dir = tempfile::tempdir().unwrap();
    let mut rollup = opened(&dir);
    assert!(publish(&mut rollup, &published(20), WeekState::Running).unwrap());
    assert_eq!(read(&rollup, published(20).week).unwrap(), Some((published(20), WeekState::Running)));
    assert_eq!(read(&rollup, published(20).week.plus(1)).unwrap(), None);
}

#[test]
fn what_is_not_told_of_our_tenant_leaves_no_trace_in_the_hash() {
    let dir = tempfile::tempdir().unwrap();
    let mut rollup = opened(&dir);
    let mut week = published(20);
    let services =
        week.segments.iter_mut().flat_map(|row| &mut row.needs).flat_map(|need| &mut need.services);
    services.for_each(|service| service.customers_in_our_tenant = None);
    assert!(!serde_json::to_string(&week).unwrap().contains("our_tenant"), "as a week of before has it");
    publish(&mut rollup, &week, frozen(100)).unwrap();
    assert_eq!(read(&rollup, week.week).unwrap(), Some((week, frozen(100))));
}

#[test]
fn a_running_week_is_replaced_and_a_frozen_one_never() {
    let dir = tempfile::tempdir().unwrap();
    let mut rollup = opened(&dir);
    let week = published(20).week;
    for (customers, state) in [(20, WeekState::Running), (25, WeekState::Running), (30, frozen(100))] {
        assert!(publish(&mut rollup, &published(customers), state).unwrap());
    }
    assert!(!publish(&mut rollup, &published(35), frozen(200)).unwrap());
    assert_eq!(read(&rollup, week).unwrap(), Some((published(30), frozen(100))));
    assert_eq!(weeks(&rollup).unwrap(), [(week, frozen(100))]);
}

#[test]
fn a_figure_changed_behind_our_back_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let mut rollup = opened(&dir);
    publish(&mut rollup, &published(30), frozen(100)).unwrap();
    rollup.execute("UPDATE published_needs SET customers = 35 WHERE segment = 0", []).unwrap();
    let error = read(&rollup, published(30).week).unwrap_err();
    assert_eq!(error.to_string(), "rollup.db is damaged: week 2026-W46 is not what was released");
}

fn signal(segment: Option<&str>, service: &str, of_november: i8) -> Signal {
    Signal {
        segment: segment.map(|text| text.parse().unwrap()),
        need: "send-once".into(),
        service: service.into(),
        released: date(2026, 11, of_november),
        minimum_group: 5,
    }
}

#[test]
fn a_signal_is_kept_once_and_never_changes() {
    let dir = tempfile::tempdir().unwrap();
    let mut rollup = opened(&dir);
    let sales = Some("department:Sales/North");
    assert_eq!(signals::judged_until(&rollup).unwrap(), None);
    let first = [signal(None, "wetransfer", 10), signal(sales, "wetransfer", 10)];
    assert_eq!(signals::release(&mut rollup, date(2026, 11, 9), &first).unwrap(), first);
    let mut other = signal(sales, "wetransfer", 12);
    (other.need, other.minimum_group) = ("store-files".into(), 20);
    let second = [other, signal(sales, "dropbox", 12), signal(None, "wetransfer", 12)];
    assert_eq!(
        signals::release(&mut rollup, date(2026, 11, 11), &second).unwrap(),
        [signal(sales, "dropbox", 12)]
    );
    assert_eq!(signals::release(&mut rollup, date(2026, 11, 11), &second).unwrap(), []);
    drop(rollup);
    let rollup = opened(&dir);
    let all = [signal(sales, "dropbox", 12), signal(None, "wetransfer", 10), signal(sales, "wetransfer", 10)];
    assert_eq!(signals::all(&rollup).unwrap(), all, "newest first");
    assert_eq!(signals::judged_until(&rollup).unwrap(), Some(date(2026, 11, 11)));
}

#[test]
fn signals_are_kept_all_or_none_and_judged_with_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut rollup = opened(&dir);
    let refused = Signal { minimum_group: 4, ..signal(None, "dropbox", 10) };
    let night = [signal(None, "wetransfer", 10), refused];
    assert!(signals::release(&mut rollup, date(2026, 11, 9), &night).is_err());
    assert_eq!(signals::all(&rollup).unwrap(), []);
    assert_eq!(signals::judged_until(&rollup).unwrap(), None);
}
