use elsewhere_proto::v1;
use jiff::civil::date;

use super::{
    MAX_UNKNOWN_SERVICES, MAX_USAGES, Sender, UnknownNameKey, days_since_1970, device_day, revealed_name,
};
use crate::{
    app_class::AppClass,
    evidence::{Door, Evidence, Seen},
    summarize::{Day, Degraded, Histogram, Left, Place, Slots, Spill, Tenants, Usage, UsageKey, Used},
};

const SENDER: Sender<'static> = Sender { agent_version: "1.4.0", catalog_version: "2026-11-11" };

/// A row whose evidence is as asked for.
fn usage(used: Used, evidence: Evidence) -> Usage {
    let listed = matches!(used, Used::Service(_));
    let mut seen = Seen { listed, openings: 1, own_front: true, ..Seen::default() };
    match evidence {
        Evidence::Contact => {}
        Evidence::Visit => {
            seen.through(Door::Front).add(110, 5_000, 50_000);
            seen.front.exchanges = 2;
        }
        Evidence::Present => {
            seen.active_slots = 50;
            seen.through(Door::Front).add(110, 5_000, 50_000);
        }
        Evidence::Use => {
            seen.through(Door::Front).add(110, 2_000_000, 50_000);
            seen.front.sent_at_once = 2_000_000;
        }
    }
    let key = UsageKey { used, app_class: AppClass::Browser, place: Place::Away };
    let usage = Usage {
        key,
        need: None,
        app_quality: None,
        bytes_up: seen.front.bytes_up,
        bytes_down: seen.front.bytes_down,
        seen,
        tenants: Tenants { ours: false, guest: true },
        sign_in_hops: 2,
        active: Slots::default(),
        tries: 1,
        failed: 0,
        given_up: 0,
        left: Left::default(),
        turned_away: 0,
        server_wait: Histogram::default(),
        transfer_times: <[Histogram; 5]>::default(),
    };
    assert_eq!(usage.evidence(), evidence);
    usage
}

fn service(id: &str, evidence: Evidence) -> Usage {
    usage(Used::Service(id.into()), evidence)
}

fn domain(name: &str, evidence: Evidence) -> Usage {
    usage(Used::Domain(name.into()), evidence)
}

fn day(usages: Vec<Usage>) -> Day {
    let mut day = Day::new(date(2026, 11, 13));
    day.usages = usages;
    day
}

fn key() -> UnknownNameKey {
    UnknownNameKey::new([7; 32])
}

#[test]
fn only_present_and_use_leave() {
    let rungs = [Evidence::Contact, Evidence::Visit, Evidence::Present, Evidence::Use];
    let services = rungs.map(|rung| service(rung.as_str(), rung));
    let names = [Evidence::Contact, Evidence::Visit, Evidence::Use].map(|rung| domain(rung.as_str(), rung));
    let record = device_day(&day(services.into_iter().chain(names).collect()), 3, Some(&key()), SENDER);
    let sent: Vec<_> =
        record.usages.iter().map(|usage| (usage.service_id.as_str(), usage.evidence())).collect();
    assert_eq!(sent, [("present", v1::Evidence::Present), ("use", v1::Evidence::Use)]);
    let hashes: Vec<_> = record.unknown_services.iter().map(|unknown| unknown.name_hash).collect();
    assert_eq!(hashes, [key().hash("use")]);
}

#[test]
fn names_outside_the_catalog_stay_without_a_key() {
    let record = device_day(&day(vec![domain("freightdesk.example", Evidence::Use)]), 1, None, SENDER);
    assert_eq!(record.unknown_services, []);
}

#[test]
fn hash_is_the_head_of_hmac_sha256() {
    assert_eq!(key().hash("freightdesk.example"), 0x3bba_913f_6fa3_60bd);
    assert_ne!(key().hash("freightdesk.example"), UnknownNameKey::new([8; 32]).hash("freightdesk.example"));
}

#[test]
fn a_name_is_revealed_only_if_it_was_sent() {
    let day =
        day(vec![domain("freightdesk.example", Evidence::Use), domain("read.example", Evidence::Visit)]);
    assert_eq!(revealed_name(&day, &key(), key().hash("freightdesk.example")), Some("freightdesk.example"));
    assert_eq!(revealed_name(&day, &key(), key().hash("read.example")), None);
    assert_eq!(revealed_name(&day, &key(), 1), None);
}

#[test]
fn quantiles_go_from_five_tries_on() {
    for (tries, sent) in [(4, false), (5, true)] {
        let mut row = service("wetransfer", Evidence::Use);
        row.tries = tries;
        row.server_wait.add(jiff::SignedDuration::from_millis(16));
        row.transfer_times[2].add(jiff::SignedDuration::from_millis(64));
        let record = device_day(&day(vec![row]), 1, None, SENDER);
        let usage = &record.usages[0];
        assert_eq!(usage.server_wait, sent.then_some(v1::Quantiles { median: 48, p90: 48 }), "{tries} tries");
        let sizes: Vec<_> = usage.transfer_times.iter().map(|times| times.size_class).collect();
        assert_eq!(sizes, if sent { vec![2] } else { vec![] }, "{tries} tries");
    }
}

#[test]
fn everything_else_is_carried_over() {
    let mut day = day(vec![service("wetransfer", Evidence::Present)]);
    day.usages[0].failed = 1;
    day.spills = vec![Spill { from: "wetransfer".into(), to: "smash".into(), count: 2 }];
    day.blind_spots.connections = 9;
    day.blind_spots.dropped_packets = 5;
    (day.down_seconds, day.paused_seconds) = (7, 8);
    day.degrade(Degraded::TableFull);
    day.degrade(Degraded::Killed);
    day.degrade(Degraded::Killed);
    day.shared_device = true;
    let record = device_day(&day, 42, None, SENDER);
    assert_eq!((record.day, record.revision, record.shared_device), (20_770, 42, true));
    assert_eq!(
        (record.usages[0].app_class(), record.usages[0].place()),
        (v1::AppClass::Browser, v1::Place::Away)
    );
    assert_eq!((record.usages[0].tenant(), record.usages[0].sign_in_hops), (v1::Tenant::Guest, 2));
    assert_eq!((record.spills[0].count, record.spills[0].tries), (2, 1));
    assert_eq!(record.blind_spots.unwrap().connections, 9);
    let agent = record.agent.unwrap();
    assert_eq!((agent.version.as_str(), agent.down_seconds, agent.paused_seconds), ("1.4.0", 7, 8));
    let degraded: Vec<_> = agent.degraded().collect();
    assert_eq!(degraded, [v1::Degraded::Killed, v1::Degraded::TableFull]);
}

#[test]
fn pair_without_a_spill_goes_with_its_chance() {
    let mut day = day(vec![service("smash", Evidence::Use), service("wetransfer", Evidence::Contact)]);
    for usage in &mut day.usages {
        (usage.need, usage.tries) = (Some("send-once".into()), 3);
    }
    day.usages[1].left = Left { tries: 2, seconds: 1_200 };
    // Three hours and 20 minutes, so that ten minutes are one in twenty.
    (0..40).for_each(|slot| day.active.mark(slot));
    let spill = |count, expected_hundredths| v1::Spill {
        from_service_id: "wetransfer".into(),
        to_service_id: "smash".into(),
        count,
        tries: 3,
        expected_hundredths,
    };
    assert_eq!(device_day(&day, 1, None, SENDER).spills, [spill(0, 30)]);
    day.spills = vec![Spill { from: "wetransfer".into(), to: "smash".into(), count: 1 }];
    assert_eq!(device_day(&day, 1, None, SENDER).spills, [spill(1, 30)]);
}

#[test]
fn record_is_capped_to_what_moved_most() {
    let many = MAX_USAGES.max(MAX_UNKNOWN_SERVICES) + 50;
    let mut usages: Vec<_> =
        (0..many).map(|number| service(&format!("s{number:04}"), Evidence::Use)).collect();
    usages.extend((0..many).map(|number| domain(&format!("n{number:04}.example"), Evidence::Use)));
    for (number, usage) in (0_u64..).zip(&mut usages) {
        usage.bytes_down += number;
    }
    let record = device_day(&day(usages), 1, Some(&key()), SENDER);
    assert_eq!((record.usages.len(), record.unknown_services.len()), (MAX_USAGES, MAX_UNKNOWN_SERVICES));
    assert_eq!(record.usages[0].service_id, "s0050");
    assert!(record.usages.is_sorted_by_key(|usage| usage.service_id.clone()));
    assert!(record.unknown_services.is_sorted_by_key(|unknown| unknown.name_hash));
}

#[test]
fn days_count_from_1970() {
    for (day, number) in [(date(1970, 1, 1), 0), (date(2000, 3, 1), 11_017), (date(1969, 12, 31), 0)] {
        assert_eq!(days_since_1970(day), number);
    }
}
