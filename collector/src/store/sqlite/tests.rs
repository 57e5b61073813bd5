//! The delivery rule against its model, and what a store says of files that are not its own.

use std::collections::BTreeMap;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{device_day::DeviceDay, store::DeviceDays, wire::tests::good_day};

fn day(date: Date, revision: u64) -> DeviceDay {
    (&good_day(date, revision)).try_into().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the order, the batches, the repeats and the restarts: the highest revision of each key stands.
    #[test]
    fn deliveries_converge_to_the_highest_revision(
        sent in prop::collection::vec((0..3_u64, 9..=17_i8, 1..5_u64, any::<bool>()), 1..60),
        batch in 1..7_usize,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::create_or_open(dir.path()).unwrap();
        let today = date(2026, 11, 17);
        let mut model: BTreeMap<(u64, Date), u64> = BTreeMap::new();
        for chunk in sent.chunks(batch) {
            let mut deliveries = Vec::new();
            let mut expected = Vec::new();
            for &(bits, on, revision, restart) in chunk {
                let id = DeviceId::from_bits(bits);
                let device = match store.device(id).unwrap() {
                    Some(device) => device,
                    None => store.register_device(id, &Groups::default(), false, today).unwrap(),
                };
                let on = date(2026, 11, on);
                deliveries.push(DeviceDays { device, days: vec![day(on, revision)] });
                let known = model.entry((bits, on)).or_default();
                expected.push(revision > *known);
                *known = revision.max(*known);
                if restart {
                    drop(store);
                    store = SqliteStore::create_or_open(dir.path()).unwrap();
                }
            }
            let applied = store.put_device_days(deliveries, today).unwrap();
            prop_assert_eq!(applied.iter().map(|one| one.unwrap().stored).collect::<Vec<_>>(), expected);
        }
        let mut stored = BTreeMap::new();
        for week in store.weeks().unwrap() {
            store
                .scan_week(week, &mut |member, day| {
                    stored.insert((member.device.bits(), day.day), day.revision);
                })
                .unwrap();
        }
        prop_assert_eq!(stored, model);
    }
}

/// The files as they are at the moment of the answer are what a killed process leaves behind.
#[test]
fn what_was_answered_survives_a_kill_right_after() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::create_or_open(dir.path()).unwrap();
    let today = date(2026, 11, 17);
    let device = store.register_device(DeviceId::from_bits(1), &Groups::default(), false, today).unwrap();
    for revision in 1..=5 {
        let days = vec![day(today, revision), day(date(2026, 11, 13), revision)];
        store.put_device_days(vec![DeviceDays { device: device.clone(), days }], today).unwrap();

        let killed = tempfile::tempdir().unwrap();
        fs::create_dir(killed.path().join("weeks")).unwrap();
        for folder in ["", "weeks"] {
            for file in fs::read_dir(dir.path().join(folder)).unwrap().map(Result::unwrap) {
                if file.file_type().unwrap().is_file() {
                    fs::copy(file.path(), killed.path().join(folder).join(file.file_name())).unwrap();
                }
            }
        }
        let left = SqliteStore::create_or_open(killed.path()).unwrap();
        assert_eq!(left.device(device.id).unwrap().as_ref(), Some(&device));
        let mut revisions = Vec::new();
        for week in left.weeks().unwrap() {
            left.scan_week(week, &mut |_, day| revisions.push(day.revision)).unwrap();
        }
        assert_eq!(revisions, [revision, revision]);
    }
}

#[test]
fn a_week_that_is_damaged_is_told_and_harms_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::create_or_open(dir.path()).unwrap();
    let (bad, good) = (date(2026, 11, 13), date(2026, 11, 17));
    fs::write(dir.path().join("weeks/2026-W46.db"), "no database, but of some length".repeat(99)).unwrap();
    let device = store.register_device(DeviceId::from_bits(1), &Groups::default(), false, good).unwrap();
    let put =
        |on| store.put_device_days(vec![DeviceDays { device: device.clone(), days: vec![day(on, 1)] }], good);
    assert_eq!(put(bad).unwrap(), [None]);
    assert!(put(good).unwrap()[0].unwrap().stored);
    let both = DeviceDays { device: device.clone(), days: vec![day(good, 2), day(bad, 1), day(good, 3)] };
    let applied = store.put_device_days(vec![both], good).unwrap();
    assert_eq!(
        applied.iter().map(|one| one.map(|one| one.stored)).collect::<Vec<_>>(),
        [Some(true), None, Some(true)]
    );
    let mut seen = 0;
    assert!(store.scan_week(Week::of(bad), &mut |_, _| seen += 1).is_err());
    store.scan_week(Week::of(good), &mut |_, _| seen += 1).unwrap();
    assert_eq!(seen, 1);
}

#[test]
fn a_week_that_was_set_aside_is_stored_anew_and_its_file_kept_until_it_expires() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::create_or_open(dir.path()).unwrap();
    let (on, today) = (date(2026, 11, 13), date(2026, 11, 17));
    let device = store.register_device(DeviceId::from_bits(1), &Groups::default(), false, today).unwrap();
    let put = |store: &SqliteStore| {
        let days = vec![day(on, 1)];
        store.put_device_days(vec![DeviceDays { device: device.clone(), days }], today).unwrap()[0]
    };
    assert!(put(&store).unwrap().stored);
    let name = store.identity().unwrap().store_id;
    drop(store);
    for round in 1..=2 {
        fs::write(dir.path().join("weeks/2026-W46.db"), "").unwrap();
        let store = SqliteStore::create_or_open(dir.path()).unwrap();
        assert_eq!(put(&store), None, "an emptied file is not taken for a new one");
        drop(store);

        let store = SqliteStore::create_or_open(dir.path()).unwrap();
        store.set_aside(Week::of(on)).unwrap();
        assert_ne!(store.identity().unwrap().store_id, name, "devices send again what they keep");
        assert!(put(&store).unwrap().stored);
        assert!(dir.path().join(format!("weeks/2026-W46.db.damaged-{round}")).exists());
        assert_eq!(store.weeks().unwrap(), [Week::of(on)]);
    }
    let store = SqliteStore::create_or_open(dir.path()).unwrap();
    store.forget_week(Week::of(on)).unwrap();
    assert_eq!(fs::read_dir(dir.path().join("weeks")).unwrap().count(), 0);
}

#[test]
fn a_token_enrols_as_many_devices_as_it_was_made_for_until_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::create_or_open(dir.path()).unwrap();
    let now: Timestamp = "2026-11-16T08:00:00Z".parse().unwrap();
    let token = |id: &str, uses| Token {
        id: id.to_owned(),
        segments: "department:Marketing".parse().unwrap(),
        uses,
        uses_left: uses,
        expires: now + jiff::SignedDuration::from_hours(1),
    };
    store.add_token(&token("a", 2), [1; 32]).unwrap();
    store.add_token(&token("b", 1), [2; 32]).unwrap();
    let redeem = |hash, bits, now| store.redeem_token([hash; 32], DeviceId::from_bits(bits), now).unwrap();

    let device = redeem(1, 1, now).unwrap();
    assert!(device.group_token && device.groups.segments == token("a", 2).segments && device.epoch == 1);
    assert!(redeem(1, 2, now).is_some());
    assert!(redeem(1, 3, now).is_none(), "used up");
    assert!(redeem(9, 3, now).is_none(), "wrong");
    assert!(redeem(2, 3, now + jiff::SignedDuration::from_hours(1)).is_none(), "expired");
    assert!(store.revoke_token("b").unwrap());
    assert!(redeem(2, 3, now).is_none(), "revoked");
    assert!(!store.revoke_token("c").unwrap());
    assert_eq!(store.devices().unwrap().len(), 2);
    assert_eq!(store.tokens().unwrap().iter().map(|token| token.uses_left).collect::<Vec<_>>(), [0, 0]);
}

#[test]
fn the_store_keeps_its_name_and_key_over_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let first = SqliteStore::create_or_open(dir.path()).unwrap().identity().unwrap();
    let again = SqliteStore::create_or_open(dir.path()).unwrap().identity().unwrap();
    assert!(first == again && first.unknown_name_key != [0; 32]);
}

#[test]
fn a_lost_file_is_not_begun_anew() {
    for (file, length) in
        [("control.db", None), ("control.db", Some(0)), ("rollup.db", None), ("rollup.db", Some(0))]
    {
        let dir = tempfile::tempdir().unwrap();
        drop(SqliteStore::create_or_open(dir.path()).unwrap());
        let path = dir.path().join(file);
        match length {
            None => fs::remove_file(&path).unwrap(),
            Some(length) => fs::File::options().write(true).open(&path).unwrap().set_len(length).unwrap(),
        }
        let error = SqliteStore::create_or_open(dir.path()).map(drop).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{file} is damaged: it is missing or empty")), "{error}");
        assert_eq!(fs::metadata(&path).map_or(0, |metadata| metadata.len()), 0);
    }
}

#[test]
fn a_name_is_kept_only_where_it_was_asked_for_and_the_first_answer_stands() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::create_or_open(dir.path()).unwrap();
    store.ask_for_names(&[u64::MAX, 3]).unwrap();
    store.ask_for_names(&[3]).unwrap();
    assert_eq!(store.names_to_reveal().unwrap().len(), 2);
    store.reveal_name(u64::MAX, "freightdesk.example").unwrap();
    store.reveal_name(u64::MAX, "other.example").unwrap();
    store.reveal_name(4, "unasked.example").unwrap();
    assert_eq!(store.names_to_reveal().unwrap(), [3]);
    let known = |ignored| RevealedName {
        hash: u64::MAX,
        registrable_domain: "freightdesk.example".to_owned(),
        ignored,
    };
    assert_eq!(store.revealed_names().unwrap(), [known(false)]);
    store.ignore_name(u64::MAX).unwrap();
    assert_eq!(store.revealed_names().unwrap(), [known(true)]);
}

#[test]
fn a_name_that_was_erased_is_never_asked_for_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::create_or_open(dir.path()).unwrap();
    store.ask_for_names(&[1, 2]).unwrap();
    store.reveal_name(2, "freightdesk.example").unwrap();
    store.erase_name(1).unwrap();
    store.erase_name(2).unwrap();
    store.ask_for_names(&[1, 2]).unwrap();
    store.reveal_name(2, "freightdesk.example").unwrap();
    assert!(store.names_to_reveal().unwrap().is_empty() && store.revealed_names().unwrap().is_empty());
}

#[test]
fn a_full_queue_is_busy_and_loses_nothing_that_was_taken() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::create_or_open(dir.path()).unwrap();
    let today = date(2026, 11, 17);
    // Another process holds the week's write lock, so the writer waits and the queue fills.
    let path = dir.path().join("weeks/2026-W47.db");
    let known = store.register_device(DeviceId::from_bits(0), &Groups::default(), false, today).unwrap();
    let deliver = |bits| {
        let device = Device { id: DeviceId::from_bits(bits), ..known.clone() };
        store.put_device_days(vec![DeviceDays { device, days: vec![day(today, 1)] }], today)
    };
    deliver(0).unwrap();
    let other = rusqlite::Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=300)
            .map(|bits| {
                let deliver = &deliver;
                scope.spawn(move || deliver(bits))
            })
            .collect();
        let mut busy = 0;
        while busy == 0 {
            busy = threads.iter().filter(|thread| thread.is_finished()).count();
            std::thread::yield_now();
        }
        other.execute_batch("ROLLBACK").unwrap();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let taken = results.iter().filter(|result| result.is_ok()).count();
    assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(StoreError::Busy))));
    assert!((1..300).contains(&taken), "{taken}");
    let mut stored = 0;
    store.scan_week("2026-W47".parse().unwrap(), &mut |_, _| stored += 1).unwrap();
    assert_eq!(stored, taken + 1);
}
