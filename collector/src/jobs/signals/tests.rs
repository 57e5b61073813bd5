use std::ops::RangeInclusive;

use elsewhere_proto::v1;

use super::*;
use crate::{
    config::Config,
    device::{DeviceId, Groups},
    jobs::{
        nightly,
        tests::{PORTFOLIO, at, day, flip, story, week},
    },
    wire::days_of,
};

/// What was told so far: day, segment, service.
fn told(installation: &Installation) -> Vec<String> {
    let line = |Signal { segment, service, released, .. }: Signal| {
        format!("{released} {} {service}", segment.map_or_else(|| "all".to_owned(), |it| it.to_string()))
    };
    installation.store().signals().unwrap().into_iter().map(line).collect()
}

/// The night that ends with this day of November.
fn night(installation: &Installation, of_november: i8) {
    nightly(installation, at(&format!("2026-11-{of_november:02}T02:30:00Z"))).unwrap();
}

/// The first days of the eleven weeks before W46.
fn mondays() -> impl Iterator<Item = jiff::civil::Date> {
    (-11..0).map(|weeks| week("2026-W46").plus(weeks).monday())
}

/// The story, whose customers have long used what we offer.
fn known(dir: &tempfile::TempDir, weeks: &[&str]) -> Installation {
    let installation = story(dir, weeks);
    past(&installation, 1..=14, "department:Marketing");
    installation
}

/// Devices of a segment used what we offer, once a week.
fn past(installation: &Installation, devices: RangeInclusive<u64>, segment: &str) {
    for (bits, on) in devices.flat_map(|bits| mondays().map(move |on| (bits, on))) {
        tell_on(installation, bits, segment, on, |day| {
            (day.revision, day.usages[0].service_id) = (1, "sharepoint-online".into());
        });
    }
}

/// A device of a segment tells that it used a service on a day of November.
fn tell(installation: &Installation, bits: u64, segment: &str, of_november: i8, service: &str) {
    tell_of(installation, bits, segment, of_november, |day| day.usages[0].service_id = service.into());
}

fn tell_of(
    installation: &Installation,
    bits: u64,
    segment: &str,
    of_november: i8,
    change: impl Fn(&mut v1::DeviceDay),
) {
    tell_on(installation, bits, segment, jiff::civil::date(2026, 11, of_november), change);
}

fn tell_on(
    installation: &Installation,
    bits: u64,
    segment: &str,
    on: jiff::civil::Date,
    change: impl Fn(&mut v1::DeviceDay),
) {
    let id = DeviceId::from_bits(bits);
    let now = at(&format!("{on}T20:00:00Z"));
    let known = installation.store().device(id).unwrap();
    let groups = Groups { segments: segment.parse().unwrap(), pseudonym: None };
    let device = known.unwrap_or_else(|| installation.register_device(id, &groups, false, now).unwrap());
    let mut told = day(days_of(on), 9, "");
    change(&mut told);
    let acks = installation.deliver(id, device.epoch, vec![told], now).unwrap();
    assert_eq!(acks[0].problem, "");
}

fn again(dir: &tempfile::TempDir, config: &str) -> Installation {
    Installation::with_config(dir.path(), Config::parse("test", config, std::iter::empty(), &[]).unwrap())
        .unwrap()
}

const DROPBOX: [&str; 2] = ["2026-11-10 all dropbox", "2026-11-10 department:Marketing dropbox"];

#[test]
fn a_signal_is_told_the_morning_after_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let installation = known(&dir, &["2026-W46", "2026-W47"]);
    nightly(&installation, at("2026-11-09T22:00:00Z")).unwrap();
    assert_eq!(told(&installation), [""; 0], "the day is not over");
    for of_november in [10, 11, 17, 18] {
        night(&installation, of_november);
        assert_eq!(told(&installation), DROPBOX, "{of_november}");
    }
}

#[test]
fn the_eighth_day_back_does_not_count() {
    for (morning, signals) in [(16, 2), (17, 0)] {
        let dir = tempfile::tempdir().unwrap();
        let installation = known(&dir, &["2026-W46"]);
        night(&installation, morning);
        assert_eq!(told(&installation).len(), signals, "9 November, on the morning of the {morning}th");
    }
}

#[test]
fn customers_of_seven_days_count_together_across_the_weeks() {
    let dir = tempfile::tempdir().unwrap();
    let installation = known(&dir, &[]);
    for devices in [21..=25, 31..=35] {
        past(&installation, devices, "department:Sales");
    }
    // Saturday to Tuesday.
    for (bits, of_november) in (21..).zip([14, 14, 15, 16, 17]) {
        tell(&installation, bits, "department:Sales", of_november, "wetransfer");
        tell(&installation, bits + 10, "department:Sales", of_november, "sharepoint-online");
    }
    night(&installation, 17);
    assert_eq!(told(&installation), [""; 0], "four of them");
    night(&installation, 18);
    assert_eq!(told(&installation), ["2026-11-18 all wetransfer", "2026-11-18 department:Sales wetransfer"]);
}

#[test]
fn what_was_used_all_along_is_not_told() {
    let dir = tempfile::tempdir().unwrap();
    let weeks: Vec<String> = (36..=46).map(|week| format!("2026-W{week}")).collect();
    let installation = story(&dir, &weeks.iter().map(String::as_str).collect::<Vec<_>>());
    for of_november in 10..=16 {
        night(&installation, of_november);
        assert_eq!(told(&installation), [""; 0], "{of_november}");
    }
}

#[test]
fn in_the_first_weeks_nothing_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let installation = story(&dir, &["2026-W46"]);
    night(&installation, 10);
    assert_eq!(told(&installation), [""; 0], "it may have been used for years");
}

#[test]
fn what_comes_after_the_nights_work_waits_for_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let installation = known(&dir, &["2026-W46"]);
    for bits in 1..=4 {
        tell(&installation, bits, "department:Marketing", 10, "wetransfer");
    }
    night(&installation, 11);
    tell(&installation, 5, "department:Marketing", 10, "wetransfer");
    nightly(&installation, at("2026-11-11T12:00:00Z")).unwrap();
    assert!(!told(&installation).iter().any(|line| line.contains("wetransfer")));
    night(&installation, 12);
    let late = ["2026-11-12 all wetransfer", "2026-11-12 department:Marketing wetransfer"];
    assert_eq!(told(&installation)[..2], late);
}

#[test]
fn ours_tolerated_private_and_guests_services_are_not_told() {
    let dir = tempfile::tempdir().unwrap();
    let installation = known(&dir, &[]);
    let portfolio = format!("{PORTFOLIO}[[service]]\nid = \"wetransfer\"\nstatus = \"tolerated\"\n");
    std::fs::write(dir.path().join("portfolio.toml"), portfolio).unwrap();
    past(&installation, 100..=149, "department:Sales");
    let others = ["sharepoint-online", "wetransfer", "whatsapp", "asana", "dropbox"];
    for (bits, service) in (0..50).zip(others.into_iter().cycle()) {
        tell_of(&installation, 100 + bits, "department:Sales", 10, |day| {
            day.usages[0].service_id = service.into();
            day.usages[0].tenant =
                if service == "asana" { v1::Tenant::Guest } else { v1::Tenant::Unspecified }.into();
        });
    }
    night(&installation, 11);
    assert_eq!(told(&installation), ["2026-11-11 all dropbox", "2026-11-11 department:Sales dropbox"]);
}

#[test]
fn what_was_told_stays_though_it_is_ours_now_or_k_is_raised() {
    let dir = tempfile::tempdir().unwrap();
    let installation = known(&dir, &["2026-W46", "2026-W47"]);
    night(&installation, 10);
    drop(installation);
    let portfolio = format!("{PORTFOLIO}[[service]]\nid = \"dropbox\"\nstatus = \"sanctioned\"\n");
    std::fs::write(dir.path().join("portfolio.toml"), portfolio).unwrap();
    let installation = again(&dir, "minimum_group = 20");
    for of_november in [11, 17, 18] {
        night(&installation, of_november);
    }
    assert_eq!(told(&installation), DROPBOX);
    assert_eq!(installation.store().signals().unwrap()[0].minimum_group, 5, "as it was told");
}

#[test]
fn a_larger_smallest_group_is_kept_to_by_whole_steps_of_the_rounding() {
    for (k, customers, signals) in [(8, 10, 2), (8, 9, 0), (11, 15, 2), (11, 14, 0)] {
        let dir = tempfile::tempdir().unwrap();
        drop(known(&dir, &[]));
        let installation = again(&dir, &format!("minimum_group = {k}"));
        past(&installation, 100..=139, "department:Sales");
        for bits in 100..140 {
            let service = if bits < 100 + customers { "wetransfer" } else { "sharepoint-online" };
            tell(&installation, bits, "department:Sales", 9, service);
        }
        night(&installation, 10);
        assert_eq!(told(&installation).len(), signals, "{customers} of at least {k}");
    }
}

#[test]
fn days_end_in_the_organisations_zone() {
    let dir = tempfile::tempdir().unwrap();
    drop(known(&dir, &["2026-W46"]));
    let installation = again(&dir, "zone = \"America/Los_Angeles\"");
    night(&installation, 10);
    assert_eq!(told(&installation), [""; 0], "there it is still the 9th");
    nightly(&installation, at("2026-11-10T10:30:00Z")).unwrap();
    assert_eq!(told(&installation), DROPBOX);
}

#[test]
fn cut_off_anywhere_and_run_again_it_tells_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let installation = known(&dir, &["2026-W46"]);
    night(&installation, 10);
    // As if it had died before it noted that it was done.
    let rollup = rusqlite::Connection::open(dir.path().join("rollup.db")).unwrap();
    rollup.execute_batch("DELETE FROM signals_judged").unwrap();
    for of_november in [10, 11] {
        night(&installation, of_november);
        assert_eq!(told(&installation), DROPBOX);
    }
    // As if one of the two had never been written.
    rollup.execute_batch("DELETE FROM signals_judged; DELETE FROM signals WHERE segment = ''").unwrap();
    night(&installation, 10);
    assert_eq!(told(&installation), DROPBOX);
}

#[test]
fn a_damaged_week_gives_no_days_and_the_other_is_judged() {
    for (damaged, signals) in [("2026-W45", 2), ("2026-W46", 0)] {
        let dir = tempfile::tempdir().unwrap();
        drop(known(&dir, &["2026-W46"]));
        flip(&dir, damaged);
        let installation = again(&dir, "");
        night(&installation, 10);
        assert_eq!(told(&installation).len(), signals, "{damaged}");
        assert!(installation.store().signals_judged_until().unwrap().is_some());
    }
}
