use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{Day, MAX_DAYS, Place, Summarize, Usage, Used, day::MAX_ROWS, tries::MAX_TRIES};
use crate::{
    app_class::{AppClass, AppMatch, Quality},
    classify::Subject,
    decode::{FlowKey, Transport},
    evidence::Evidence,
    flows::{Exchange, Failure, Flow, FlowId, Naming, Outcome, Timings, Transfer, WhyOpen},
};

mod beside;
mod chance;

/// 2026-11-13, 09:00 in Berlin.
const NINE: i64 = 1_794_556_800;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NINE + seconds).unwrap()
}

/// A page and what it loads, or something sent.
fn exchanges(from: i64, up: u64, down: u64) -> Vec<Exchange> {
    let one = |later: i64, bytes_up: u64, bytes_down: u64| Exchange {
        at: at(from + later),
        bytes_up,
        bytes_down,
        answer: jiff::SignedDuration::ZERO,
    };
    vec![one(0, up / 2, down / 2), one(1, up - up / 2, down - down / 2)]
}

/// A whole connection in one report.
fn flow(from: i64, seconds: i64, up: u64, down: u64) -> Flow {
    let key = FlowKey {
        transport: Transport::Tcp,
        src: "192.0.2.9:40000".parse().unwrap(),
        dst: "198.51.100.1:443".parse().unwrap(),
    };
    Flow {
        id: FlowId(1),
        key,
        started: at(from),
        from: at(from),
        until: at(from + seconds),
        naming: Naming::Open(WhyOpen::NeverResolved),
        hello: None,
        owner: None,
        encrypted_dns: None,
        bytes_up: up,
        bytes_down: down,
        resent_up: 0,
        resent_down: 0,
        outcome: Outcome::Established,
        timings: Timings::default(),
        exchanges: exchanges(from, up, down),
        is_first: true,
        is_last: true,
    }
}

fn failed(from: i64) -> Flow {
    Flow { outcome: Outcome::Failed(Failure::Silent), ..flow(from, 0, 0, 0) }
}

fn host(name: &str) -> Subject<'_> {
    use elsewhere_catalog::{Verdict, layer::Tenancy};
    match elsewhere_catalog::builtin().classify(name) {
        Verdict::Service { service, role, often_embedded } => {
            Subject::Service { service, role, often_embedded, tenancy: Tenancy::NotKnown }
        }
        other => panic!("{name} is {other:?}"),
    }
}

fn berlin() -> Summarize {
    Summarize::new(TimeZone::get("Europe/Berlin").unwrap())
}

fn see(summarize: &mut Summarize, flow: &Flow, subject: &Subject<'_>) {
    summarize.handle_timeout(flow.from);
    summarize.handle(flow, subject, None);
}

fn only_day(summarize: &Summarize) -> &Day {
    assert_eq!(summarize.days().count(), 1);
    summarize.days().next().unwrap()
}

fn row<'d>(day: &'d Day, id: &str) -> &'d Usage {
    day.rows_of(id).next().unwrap()
}

#[test]
fn connections_without_a_long_gap_are_one_try() {
    let (wetransfer, mut days) = (host("wetransfer.com"), berlin());
    for from in [0, 300, 1_200, 1_801, 4_000] {
        see(&mut days, &flow(from, 10, 5_000, 50_000), &wetransfer);
    }
    let usage = row(only_day(&days), "wetransfer");
    assert_eq!((usage.tries, usage.bytes_up, usage.bytes_down), (3, 25_000, 250_000));
    assert_eq!(usage.active_minutes(), 25);
}

#[test]
fn connection_that_stays_open_is_one_try() {
    let (wetransfer, mut days) = (host("wetransfer.com"), berlin());
    see(&mut days, &flow(0, 60, 50_000, 50_000), &wetransfer);
    for minutes in [20, 40, 95] {
        let later = Flow { started: at(0), is_first: false, ..flow(minutes * 60, 1, 900, 900) };
        see(&mut days, &later, &wetransfer);
    }
    days.handle_timeout(Timestamp::MAX);
    let usage = row(only_day(&days), "wetransfer");
    assert_eq!((usage.tries, usage.given_up, usage.bytes_up), (1, 0, 52_700));
    assert_eq!(usage.seen.held_open_minutes, 95);
}

#[test]
fn try_that_a_filter_ended_is_turned_away() {
    let with = |failure, from| Flow { outcome: Outcome::Failed(failure), ..flow(from, 0, 0, 0) };
    let cases: &[(&str, &[Flow], (u32, u32))] = &[
        ("silent", &[with(Failure::Silent, 0)], (1, 0)),
        ("sinkhole", &[with(Failure::TurnedAway, 0)], (1, 1)),
        ("reset from near by", &[with(Failure::ResetNearBy, 0)], (1, 1)),
        ("resolver silent", &[with(Failure::ResolverSilent, 0)], (1, 0)),
        ("resolver refused", &[with(Failure::ResolverRefused, 0)], (1, 0)),
        (
            "turned away first, then let through",
            &[with(Failure::ResetNearBy, 0), flow(5, 60, 9_000, 9_000)],
            (0, 0),
        ),
    ];
    for (case, flows, expected) in cases {
        let mut days = berlin();
        flows.iter().for_each(|flow| see(&mut days, flow, &host("wetransfer.com")));
        days.handle_timeout(Timestamp::MAX);
        let usage = row(only_day(&days), "wetransfer");
        assert_eq!((usage.failed, usage.turned_away), *expected, "{case}");
    }
}

#[test]
fn try_ends_failed_or_given_up_or_neither() {
    let cases: &[(&str, &[Flow], (u32, u32))] = &[
        ("no handshake", &[failed(0)], (1, 0)),
        ("failed first, then worked", &[failed(0), flow(30, 60, 9_000, 90_000)], (0, 0)),
        ("left at once", &[flow(0, 5, 3_000, 6_000)], (0, 1)),
        ("short but much", &[flow(0, 5, 3_000, 60_000)], (0, 0)),
        ("little but long", &[flow(0, 25, 3_000, 6_000)], (0, 0)),
        ("just under both bounds", &[flow(0, 19, 9_999, 9_999)], (0, 1)),
        ("20 s", &[flow(0, 20, 9_999, 9_999)], (0, 0)),
        ("10 KB up", &[flow(0, 19, 10_000, 0)], (0, 0)),
        ("10 KB down", &[flow(0, 19, 0, 10_000)], (0, 0)),
    ];
    for (case, flows, expected) in cases {
        let mut days = berlin();
        for flow in *flows {
            see(&mut days, flow, &host("wetransfer.com"));
        }
        let due = days.poll_timeout().unwrap();
        days.handle_timeout(Timestamp::from_second(due.as_second() - 1).unwrap());
        let usage = row(only_day(&days), "wetransfer");
        assert_eq!((usage.failed, usage.given_up), (0, 0), "{case}: before its time");
        days.handle_timeout(Timestamp::MAX);
        let usage = row(only_day(&days), "wetransfer");
        assert_eq!((usage.tries, (usage.failed, usage.given_up)), (1, *expected), "{case}");
        assert!(days.poll_timeout().is_none() && only_day(&days).tries.is_empty());
    }
}

#[test]
fn failed_try_followed_by_use_for_the_same_need_is_a_spill() {
    type Case<'c> = (&'c str, &'c [(Flow, Subject<'c>)], u32);
    let (wetransfer, smash) = (host("wetransfer.com"), host("fromsmash.com"));
    let slack = host("app.slack.com");
    let use_of = |from| flow(from, 60, 2_000_000, 50_000);
    let cases: &[Case<'_>] = &[
        ("followed", &[(failed(0), wetransfer), (use_of(300), smash)], 1),
        (
            "followed while still trying",
            &[(failed(0), wetransfer), (use_of(20), smash), (failed(30), wetransfer)],
            1,
        ),
        ("given up, then followed", &[(flow(0, 5, 900, 900), wetransfer), (use_of(300), smash)], 1),
        ("too late", &[(failed(0), wetransfer), (use_of(700), smash)], 0),
        ("only looked at", &[(failed(0), wetransfer), (flow(300, 60, 900, 60_000), smash)], 0),
        ("another need", &[(failed(0), wetransfer), (use_of(300), slack)], 0),
        ("the first worked", &[(use_of(0), wetransfer), (use_of(300), smash)], 0),
    ];
    for (case, flows, expected) in cases {
        let mut days = berlin();
        for (flow, subject) in *flows {
            see(&mut days, flow, subject);
        }
        days.handle_timeout(Timestamp::MAX);
        let day = only_day(&days);
        let count: u32 = day.spills.iter().map(|spill| spill.count).sum();
        assert_eq!(count, *expected, "{case}");
        for spill in &day.spills {
            assert_eq!((spill.from.as_str(), spill.to.as_str()), ("wetransfer", "smash"), "{case}");
            assert!((1..=100).contains(&day.expected_spill_hundredths(spill)), "{case}");
        }
    }
}

#[test]
fn head_of_a_burst_opens_and_what_follows_does_not() {
    let mut days = berlin();
    see(&mut days, &flow(0, 30, 5_000, 90_000), &Subject::Unlisted("news.example"));
    see(&mut days, &flow(1, 30, 5_000, 90_000), &host("wetransfer.com"));
    assert_eq!(row(only_day(&days), "wetransfer").evidence(), Evidence::Contact);
    see(&mut days, &flow(60, 30, 5_000, 90_000), &host("wetransfer.com"));
    assert_eq!(row(only_day(&days), "wetransfer").evidence(), Evidence::Visit);
}

#[test]
fn embeds_of_a_personal_page_are_not_opened_on_purpose_and_the_page_is_nowhere() {
    let mut days = berlin();
    see(&mut days, &flow(0, 30, 5_000_000, 90_000), &Subject::Personal);
    assert_eq!(days.days().count(), 0);
    see(&mut days, &flow(1, 30, 5_000, 90_000), &host("wetransfer.com"));
    assert_eq!(row(only_day(&days), "wetransfer").evidence(), Evidence::Contact);
    assert_eq!(only_day(&days).blind_spots.connections, 1);
}

#[test]
fn rows_stand_for_date_place_and_class() {
    let (wetransfer, mut days) = (host("wetransfer.com"), berlin());
    let browser = Some(AppMatch { quality: Quality::Engine, class: AppClass::Browser });
    // 23:59 and 00:01 in Berlin.
    see(&mut days, &flow(14 * 3_600 + 3_540, 10, 1, 5_000), &wetransfer);
    see(&mut days, &flow(15 * 3_600 + 60, 10, 2, 5_000), &wetransfer);
    days.set_place(Place::Office);
    let tool = Some(AppMatch { quality: Quality::Engine, class: AppClass::DeveloperTool });
    days.handle(&flow(15 * 3_600 + 120, 10, 4, 5_000), &wetransfer, tool);
    days.handle(&flow(15 * 3_600 + 180, 10, 8, 5_000), &wetransfer, browser);
    let told: Vec<_> = days
        .days()
        .flat_map(|day| &day.usages)
        .map(|usage| (usage.key.place.as_str(), usage.key.app_class.as_str(), usage.bytes_up, usage.tries))
        .collect();
    // One try, begun before midnight.
    assert_eq!(
        told,
        [
            ("unknown", "unknown", 1, 1),
            ("unknown", "unknown", 2, 0),
            ("office", "browser", 8, 0),
            ("office", "developer-tool", 4, 0)
        ]
    );
    let parts: Vec<_> = days.days().map(|day| day.active.parts_of_day()).collect();
    assert_eq!(parts, [8, 1]);
    assert_eq!(days.next_midnight(at(0)), at(15 * 3_600));
}

#[test]
fn connections_of_nobody_count_with_the_only_program_that_is_known() {
    let known = |class| Some(AppMatch { class, quality: Quality::Owner });
    let (tool, browser) = (known(AppClass::DeveloperTool), known(AppClass::Browser));
    let cases: [(&[_], &[_]); 3] = [
        (&[None, None], &[(AppClass::Unknown, 2)]),
        (&[None, tool, None], &[(AppClass::DeveloperTool, 3)]),
        (
            &[tool, None, browser, None],
            &[(AppClass::Unknown, 1), (AppClass::Browser, 1), (AppClass::DeveloperTool, 2)],
        ),
    ];
    for (apps, expected) in cases {
        let mut days = berlin();
        for (from, app) in (0..).zip(apps) {
            days.handle(&flow(from, 1, 1, 0), &host("api.openai.com"), *app);
        }
        let day = only_day(&days);
        let rows: Vec<_> = day.usages.iter().map(|usage| (usage.key.app_class, usage.bytes_up)).collect();
        assert_eq!(rows, expected, "{apps:?}");
        assert!(day.tries.iter().all(|one| day.usages.iter().any(|usage| usage.key == one.key)));
    }
}

#[test]
fn day_of_25_hours_has_one_midnight() {
    let days = berlin();
    let before = "2026-10-25T00:00:00+02:00".parse().unwrap();
    assert_eq!(days.next_midnight(before), "2026-10-26T00:00:00+01:00".parse::<Timestamp>().unwrap());
}

#[test]
fn keeping_alive_is_no_activity() {
    let mut days = berlin();
    see(&mut days, &flow(0, 1, 500, 500), &host("wetransfer.com"));
    assert_eq!(row(only_day(&days), "wetransfer").active_minutes(), 0);
}

#[test]
fn what_has_no_row_is_counted() {
    let mut days = berlin();
    let plumbing = Subject::Plumbing(elsewhere_catalog::PlumbingKind::Update);
    let dns = Subject::Plumbing(elsewhere_catalog::PlumbingKind::Dns);
    let unused = Flow { outcome: Outcome::Unused, ..flow(0, 0, 0, 0) };
    let no_such_name = Flow { outcome: Outcome::Failed(Failure::NoSuchName), ..flow(0, 0, 0, 0) };
    see(&mut days, &no_such_name, &Subject::Unnamed);
    for subject in [plumbing, dns, Subject::Unnamed, Subject::Tunnel] {
        see(&mut days, &flow(0, 10, 9_000, 9_000), &subject);
    }
    see(&mut days, &unused, &host("wetransfer.com"));
    let day = only_day(&days);
    let spots = &day.blind_spots;
    assert_eq!(
        (spots.connections, spots.plumbing, spots.encrypted_dns, spots.unnamed, spots.tunnels),
        (4, 2, 1, 1, 1)
    );
    assert!(day.usages.is_empty());
}

#[test]
fn reused_name_is_a_contact_and_a_blind_spot() {
    let mut days = berlin();
    let reused = Flow { outcome: Outcome::Reused, ..flow(0, 0, 0, 0) };
    see(&mut days, &reused, &host("wetransfer.com"));
    see(&mut days, &reused, &Subject::Plumbing(elsewhere_catalog::PlumbingKind::Cdn));
    let usage = row(only_day(&days), "wetransfer");
    assert_eq!((usage.evidence(), usage.tries), (Evidence::Contact, 0));
    let spots = &only_day(&days).blind_spots;
    assert_eq!((spots.reused, spots.connections, spots.plumbing), (2, 0, 0));
}

#[test]
fn times_and_transfers_go_into_the_row() {
    let mut days = berlin();
    let millis = jiff::SignedDuration::from_millis;
    let mut report = flow(0, 60, 5_000, 20_000_000);
    report.timings.server_waits = vec![millis(16), millis(64)];
    report.timings.transfers = vec![
        Transfer { bytes: 999_999, duration: millis(100) },
        Transfer { bytes: 20_000_000, duration: millis(2_000) },
        Transfer { bytes: 500_000_000, duration: millis(60_000) },
    ];
    see(&mut days, &report, &host("wetransfer.com"));
    let usage = row(only_day(&days), "wetransfer");
    assert_eq!(usage.server_wait.quantile(50), Some(48));
    let filled: Vec<_> = usage.transfer_times.iter().map(|times| times.quantile(50).is_some()).collect();
    assert_eq!(filled, [true, false, true, false, true]);
}

#[test]
fn day_put_away_and_taken_up_goes_on_as_if_nothing_was() {
    let flows = [
        failed(0),
        flow(200, 60, 2_000_000, 9_000),
        flow(400, 10, 700, 900),
        flow(5_000, 60, 300_000, 9_000),
    ];
    let subjects = [
        host("wetransfer.com"),
        host("fromsmash.com"),
        host("app.slack.com"),
        Subject::Unlisted("x.example"),
    ];
    let mut straight = berlin();
    let mut broken = berlin();
    for (flow, subject) in flows.iter().zip(&subjects) {
        see(&mut straight, flow, subject);
        see(&mut broken, flow, subject);
        let kept = serde_json::to_string(only_day(&broken)).unwrap();
        let beginnings = std::mem::take(&mut broken.beginnings);
        broken = berlin();
        broken.beginnings = beginnings;
        broken.restore(serde_json::from_str(&kept).unwrap());
    }
    straight.handle_timeout(Timestamp::MAX);
    broken.handle_timeout(Timestamp::MAX);
    assert_eq!(only_day(&straight), only_day(&broken));
    assert_eq!(only_day(&straight).spills.len(), 1);
}

#[test]
fn names_only_looked_at_are_not_written_down() {
    let mut days = berlin();
    see(&mut days, &flow(0, 10, 3_000, 90_000), &Subject::Unlisted("read.example"));
    see(&mut days, &flow(60, 10, 3_000_000, 90_000), &Subject::Unlisted("used.example"));
    see(&mut days, &flow(120, 10, 3_000, 900), &host("wetransfer.com"));
    let kept = only_day(&days).to_keep();
    assert_eq!((kept.usages.len(), kept.tries.len(), kept.names_left_out), (2, 2, 1));
    assert!(!serde_json::to_string(&kept).unwrap().contains("read.example"));
    assert_eq!(kept.to_keep(), kept);
}

/// A day as the first release kept it.
const KEPT_DAY: &str = include_str!("kept_day.json");

#[test]
fn what_an_earlier_or_later_agent_kept_is_read() {
    let day: Day = serde_json::from_str(KEPT_DAY).unwrap();
    let used: Vec<_> =
        day.usages.iter().map(|usage| (usage.evidence(), usage.failed, usage.bytes_up)).collect();
    assert_eq!(used, [(Evidence::Use, 0, 2_000_000), (Evidence::Contact, 1, 0)]);
    assert_eq!((day.spills.len(), day.tries.len(), day.active.minutes()), (1, 2, 5));

    let mut later: Value = serde_json::from_str(KEPT_DAY).unwrap();
    for object in [
        "",
        "/blind_spots",
        "/spills/0",
        "/tries/0",
        "/usages/0",
        "/usages/0/key",
        "/usages/0/seen",
        "/usages/0/seen/front",
        "/usages/0/seen/front/sent",
    ] {
        later.pointer_mut(object).unwrap()["added_later"] = Value::from(1);
    }
    assert_eq!(serde_json::from_value::<Day>(later).unwrap(), day);
}

#[test]
fn every_change_moves_the_counter() {
    let mut days = berlin();
    see(&mut days, &failed(0), &host("wetransfer.com"));
    let seen = only_day(&days).changes;
    days.handle_timeout(at(1));
    assert_eq!(only_day(&days).changes, seen, "nothing happened");
    days.handle_timeout(Timestamp::MAX);
    assert!(only_day(&days).changes > seen, "the try ended");
}

#[test]
fn flood_of_names_keeps_the_caps_and_what_was_used() {
    let mut days = berlin();
    see(&mut days, &flow(0, 60, 3_000_000, 9_000), &Subject::Unlisted("used.example"));
    for number in 0..i64::try_from(MAX_ROWS).unwrap() + 300 {
        let name = format!("n{number}.example");
        see(&mut days, &flow(number, 1, 3_000, 3_000), &Subject::Unlisted(&name));
        assert!(only_day(&days).tries.len() <= MAX_TRIES);
    }
    see(&mut days, &flow(9_000, 60, 300_000, 9_000), &host("wetransfer.com"));
    let day = only_day(&days);
    let unlisted = day.usages.iter().filter(|usage| matches!(usage.key.used, Used::Domain(_))).count();
    assert_eq!((unlisted, day.usages.len()), (MAX_ROWS, MAX_ROWS + 1));
    let used = Used::Domain("used.example".into());
    assert!(day.usages.iter().any(|usage| usage.key.used == used));
    assert!(day.usages.is_sorted_by_key(|usage| &usage.key));
    assert_eq!(day.degraded, []);
}

#[test]
fn table_full_of_used_names_takes_no_more_and_says_so() {
    let mut days = berlin();
    for number in 0..i64::try_from(MAX_ROWS).unwrap() + 5 {
        let name = format!("n{number}.example");
        see(&mut days, &flow(number, 1, 3_000_000, 3_000), &Subject::Unlisted(&name));
    }
    assert_eq!(only_day(&days).usages.len(), MAX_ROWS);
    assert_eq!(only_day(&days).degraded, [super::Degraded::TableFull]);
}

#[test]
fn days_are_capped_and_the_earliest_goes() {
    let mut days = berlin();
    for number in 0..100 {
        see(&mut days, &flow(number * 86_400, 1, 3_000, 3_000), &host("wetransfer.com"));
    }
    assert_eq!(days.days().count(), MAX_DAYS);
    let first = days.days().next().unwrap().date;
    days.forget_before(first.tomorrow().unwrap());
    assert_eq!(days.days().count(), MAX_DAYS - 1);
}
