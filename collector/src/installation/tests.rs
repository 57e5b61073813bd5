use jiff::civil::date;

use super::*;
use crate::wire::{days_of, tests::good_day};

const NOW: &str = "2026-11-16T08:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn installation() -> (tempfile::TempDir, Installation, Device) {
    let dir = tempfile::tempdir().unwrap();
    let installation = Installation::create_or_open(dir.path()).unwrap();
    let groups = Groups {
        segments: "department:Marketing\nsite:Leeds".parse().unwrap(),
        pseudonym: Some("c-1".parse().unwrap()),
    };
    let device = installation.register_device(DeviceId::from_bits(7), &groups, false, now()).unwrap();
    (dir, installation, device)
}

fn stored(installation: &Installation, week: &str) -> Vec<(String, DeviceDay)> {
    let mut days = Vec::new();
    installation
        .store()
        .scan_week(week.parse().unwrap(), &mut |member, day| {
            days.push((member.segments.to_string(), day));
        })
        .unwrap();
    days
}

#[test]
fn a_bad_day_is_refused_by_its_field_and_the_rest_goes_on() {
    let (_dir, installation, device) = installation();
    let good = date(2026, 11, 13);
    let cases = [
        (good_day(good, 3), Outcome::Stored, ""),
        (good_day(good, 3), Outcome::AlreadyStored, ""),
        (good_day(good, 2), Outcome::AlreadyStored, ""),
        (good_day(good, 4), Outcome::Stored, ""),
        (good_day(good, 0), Outcome::Refused, "revision: 0"),
        (good_day(date(2026, 11, 17), 1), Outcome::Stored, ""),
        (good_day(date(2026, 11, 18), 1), Outcome::Unspecified, "day: 2026-11-18 is in the future"),
        (good_day(date(2026, 8, 24), 1), Outcome::Stored, ""),
        (good_day(date(2026, 8, 23), 1), Outcome::Refused, "day: 2026-08-23 is older than"),
        (v1::DeviceDay { day: u32::MAX, revision: 1, ..Default::default() }, Outcome::Refused, "day: "),
    ];
    let days = cases.iter().map(|(day, ..)| day.clone()).collect();
    let acks = installation.deliver(device.id, 1, days, now()).unwrap();
    for (ack, (day, outcome, problem)) in acks.iter().zip(&cases) {
        assert_eq!((ack.day, ack.revision, ack.outcome()), (day.day, day.revision, *outcome), "{ack:?}");
        assert!(ack.problem.starts_with(problem) && ack.problem.is_empty() == problem.is_empty(), "{ack:?}");
        assert_eq!(ack.fingerprint.is_empty(), !problem.is_empty());
    }
    assert_eq!(acks.len(), cases.len());
    assert_eq!(stored(&installation, "2026-W46")[0].1.revision, 4);
    let weeks: Vec<String> = installation.store().weeks().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(weeks, ["2026-W35", "2026-W46", "2026-W47"]);
}

#[test]
fn only_an_active_device_of_the_newest_epoch_delivers() {
    let (_dir, installation, device) = installation();
    let deliver = |id, epoch| installation.deliver(id, epoch, vec![good_day(date(2026, 11, 13), 1)], now());
    assert!(matches!(deliver(DeviceId::from_bits(8), 1), Err(DeliverError::Unknown(_))));
    let again = installation.register_device(device.id, &device.groups, false, now()).unwrap();
    assert_eq!((again.id, again.epoch), (device.id, 2));
    assert!(matches!(deliver(device.id, 1), Err(DeliverError::OldEpoch(_))));
    assert!(deliver(device.id, 2).is_ok());
    installation.store().set_device_state(device.id, DeviceState::Revoked).unwrap();
    assert!(matches!(deliver(device.id, 2), Err(DeliverError::Barred(_, DeviceState::Revoked))));
}

#[test]
fn a_device_enrolled_again_is_still_one_device_and_its_newer_days_stand() {
    let (_dir, installation, device) = installation();
    let day = |revision| vec![good_day(date(2026, 11, 13), revision)];
    installation.deliver(device.id, 1, day(9), now()).unwrap();
    installation.deliver(device.id, 1, vec![good_day(date(2026, 11, 12), 9)], now()).unwrap();
    installation.register_device(device.id, &device.groups, false, now()).unwrap();
    let acks = installation.deliver(device.id, 2, day(1), now()).unwrap();
    assert_eq!(acks[0].outcome(), Outcome::Stored);
    let revisions: Vec<u64> = stored(&installation, "2026-W46").iter().map(|(_, day)| day.revision).collect();
    assert_eq!(revisions, [9, 1]);
}

#[test]
fn a_reorganisation_moves_this_week_and_keeps_the_weeks_before() {
    let (_dir, installation, device) = installation();
    let deliver = |day| installation.deliver(device.id, 1, vec![day], now()).unwrap();
    deliver(good_day(date(2026, 11, 13), 1));
    deliver(good_day(date(2026, 11, 16), 1));
    let groups = Groups { segments: "department:Sales".parse().unwrap(), pseudonym: None };
    installation.store().note_visit(device.id, &groups, date(2026, 11, 16)).unwrap();
    deliver(good_day(date(2026, 11, 13), 2));
    deliver(good_day(date(2026, 11, 16), 2));
    assert_eq!(stored(&installation, "2026-W46")[0].0, "department:Marketing\nsite:Leeds");
    assert_eq!(stored(&installation, "2026-W47")[0].0, "department:Sales");
}

#[test]
fn a_new_directory_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("new/collector");
    Installation::create_or_open(&dir).unwrap();
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_second_server_is_refused_until_the_first_ends() {
    let (dir, installation, _) = installation();
    let lock = installation.lock().unwrap();
    let second = Installation::create_or_open(dir.path()).unwrap();
    let message = second.lock().unwrap_err().to_string();
    assert!(message.starts_with("another elsewhere-collector serves "), "{message}");
    drop(lock);
    second.lock().unwrap();
}

#[test]
fn a_forgotten_week_is_gone_and_may_begin_again() {
    let (_dir, installation, device) = installation();
    let week = "2026-W46".parse().unwrap();
    let day = date(2026, 11, 13);
    for _ in 0..2 {
        let acks = installation.deliver(device.id, 1, vec![good_day(day, 1)], now()).unwrap();
        assert_eq!((acks[0].outcome(), acks[0].day), (Outcome::Stored, days_of(day)));
        installation.store().forget_week(week).unwrap();
        assert!(stored(&installation, "2026-W46").is_empty());
        assert!(installation.store().weeks().unwrap().is_empty());
    }
}

#[test]
fn each_mistake_in_the_portfolio_names_the_file_and_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("portfolio.toml");
    std::fs::write(&path, "organisation = \"X\"\nfoo = 1\nbar = 2\n").unwrap();
    let error = read_portfolio(dir.path()).unwrap_err().to_string();
    for (line, mistake) in error.lines().zip(["line 2: unknown key 'foo'", "line 3: unknown key 'bar'"]) {
        assert!(line.starts_with(&format!("{} {mistake}", path.display())), "{line}");
    }
    assert_eq!(error.lines().count(), 2);
}
