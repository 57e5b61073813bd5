use std::sync::Mutex;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use prost::Message;
use rusqlite::Connection;

use super::*;
use crate::{
    device::Device,
    device_day::DeviceDay,
    store::{DeviceDays, Store, body::PackedDay, sqlite::SqliteStore},
    wire::{days_of, tests::good_day},
};

const TODAY: Date = date(2026, 11, 17);

fn week() -> Week {
    "2026-W46".parse().unwrap()
}

fn day(on: i8, revision: u64) -> DeviceDay {
    (&good_day(date(2026, 11, on), revision)).try_into().unwrap()
}

/// A device, each in a segment of its own.
fn device(store: &SqliteStore, bits: u64) -> Device {
    let segments = format!("department:D{bits}").parse().unwrap();
    let groups = Groups { segments, pseudonym: Some(format!("c-{bits}").parse().unwrap()) };
    store.register_device(DeviceId::from_bits(bits), &groups, false, TODAY).unwrap()
}

fn put(store: &SqliteStore, device: Device, days: Vec<DeviceDay>) {
    store.put_device_days(vec![DeviceDays { device, days }], TODAY).unwrap();
}

/// What each of some visitors hears.
type Heard = Vec<Vec<(u64, u32, u64)>>;

fn hear(store: &SqliteStore, visitors: usize) -> Result<Heard, StoreError> {
    let heard = Mutex::new(vec![Vec::new(); visitors]);
    let mut visitors: Vec<Visitor<'_>> = (0..visitors)
        .map(|place| {
            let heard = &heard;
            Box::new(move |member: &Member, day: &PackedDay<'_>| {
                assert_eq!(member.segments.to_string(), format!("department:D{}", member.device.bits()));
                let told = (member.device.bits(), day.day(), day.revision());
                heard.lock().unwrap()[place].push(told);
            }) as Visitor<'_>
        })
        .collect();
    store.visit_week(week(), &mut visitors)?;
    drop(visitors);
    Ok(heard.into_inner().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn every_device_is_heard_whole_by_one_visitor(
        devices in prop::collection::btree_map(any::<u64>(), prop::collection::btree_set(9..=15_i8, 1..7), 0..12),
        visitors in 1..6_usize,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::create_or_open(dir.path()).unwrap();
        let mut told = Vec::new();
        for (bits, days) in &devices {
            put(&store, device(&store, *bits), days.iter().map(|on| day(*on, 1)).collect());
            told.extend(days.iter().map(|on| (*bits, days_of(date(2026, 11, *on)), 1)));
        }
        let heard = hear(&store, visitors).unwrap();
        let mut all = heard.concat();
        for alone in &heard {
            prop_assert!(alone.is_sorted_by_key(|(bits, day, _)| (bits.cast_signed(), *day)));
        }
        for bits in devices.keys() {
            let hearers = heard.iter().filter(|alone| alone.iter().any(|(known, ..)| known == bits));
            prop_assert_eq!(hearers.count(), 1);
        }
        all.sort_unstable();
        prop_assert_eq!(all, told);
    }
}

#[test]
fn many_devices_are_split_about_evenly() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::create_or_open(dir.path()).unwrap();
    for bits in 0..40_u64 {
        put(&store, device(&store, bits.wrapping_mul(0x9e37_79b9_7f4a_7c15)), vec![day(9, 1)]);
    }
    let heard = hear(&store, 4).unwrap();
    assert_eq!(heard.iter().map(Vec::len).collect::<Vec<_>>(), [10; 4]);
    assert!(hear(&store, 0).unwrap().is_empty());
}

#[test]
fn of_several_epochs_the_newest_is_heard() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::create_or_open(dir.path()).unwrap();
    put(&store, device(&store, 1), vec![day(9, 30), day(10, 31)]);
    put(&store, device(&store, 1), vec![day(10, 2)]);
    let [tenth, ninth] = [10, 9].map(|on| days_of(date(2026, 11, on)));
    assert_eq!(hear(&store, 1).unwrap(), [[(1, ninth, 30), (1, tenth, 2)]]);
}

#[test]
fn all_visitors_hear_of_one_moment() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::create_or_open(dir.path()).unwrap();
    let devices = [1, 2].map(|bits| device(&store, bits));
    for device in &devices {
        put(&store, device.clone(), vec![day(9, 1)]);
    }
    let revisions = Mutex::new(Vec::new());
    let visitor = || {
        let (store, devices, revisions) = (&store, &devices, &revisions);
        Box::new(move |_: &Member, day: &PackedDay<'_>| {
            // What comes meanwhile is for the next time.
            for device in devices {
                put(store, device.clone(), vec![self::day(9, 2)]);
            }
            revisions.lock().unwrap().push(day.revision());
        }) as Visitor<'_>
    };
    store.visit_week(week(), &mut [visitor(), visitor()]).unwrap();
    assert_eq!(*revisions.lock().unwrap(), [1, 1]);
    assert_eq!(hear(&store, 2).unwrap().concat().iter().map(|told| told.2).collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn a_bit_that_flipped_is_found() {
    for change in [
        "UPDATE device_days SET body = CAST(substr(body, 1, 20) || x'00' || substr(body, 22) AS BLOB)",
        "UPDATE device_days SET device = 2",
        "UPDATE device_days SET day = day + 1",
        "UPDATE device_days SET epoch = 2",
        "UPDATE device_days SET revision = 2",
        "UPDATE device_days SET received = 2",
        "UPDATE device_days SET checksum = checksum + 1",
        "UPDATE members SET segments = 'department:D2'",
        "UPDATE members SET pseudonym = NULL",
        "UPDATE members SET enrolled = 1",
        "UPDATE members SET group_token = 1",
        "DELETE FROM members",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::create_or_open(dir.path()).unwrap();
        put(&store, device(&store, 1), vec![day(9, 1)]);
        hear(&store, 1).unwrap();
        let file = Connection::open(dir.path().join("weeks/2026-W46.db")).unwrap();
        assert_eq!(file.execute(change, []).unwrap(), 1);
        assert!(matches!(hear(&store, 1), Err(StoreError::Damaged { .. })), "{change}");
    }
}

/// Written before there were checksums, and bodies of version 2.
#[test]
fn a_file_of_the_first_schema_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::create_or_open(dir.path()).unwrap();
    let wire = good_day(date(2026, 11, 9), 7);
    let file = Connection::open(dir.path().join("weeks/2026-W46.db")).unwrap();
    file.execute_batch(FILE.steps[0]).unwrap();
    file.execute_batch(
        "PRAGMA user_version = 1; INSERT INTO members VALUES (1, 20000, NULL, 'department:D1', 0)",
    )
    .unwrap();
    let body = [vec![1], wire.encode_to_vec()].concat();
    file.execute("INSERT INTO device_days VALUES (1, ?1, 1, 7, 20700, ?2)", (wire.day, body)).unwrap();
    drop(file);
    assert_eq!(hear(&store, 2).unwrap().concat(), [(1, wire.day, 7)]);
    let mut days = Vec::new();
    store.scan_week(week(), &mut |_, day| days.push(day)).unwrap();
    assert_eq!(days, [DeviceDay::try_from(&wire).unwrap()]);
}
