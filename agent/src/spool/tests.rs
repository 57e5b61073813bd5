//! The spool behaves as its model, whatever is written, answered, killed or damaged in between.

use std::{collections::BTreeMap, fs};

use jiff::{ToSpan, civil::date};
use proptest::prelude::*;

use super::*;

fn day(number: i32) -> Date {
    date(2026, 11, 1).checked_add(number.days()).unwrap()
}

fn delivered(revision: u64) -> Delivered {
    Delivered { revision, store_id: "one".into(), fingerprint: vec![1; 32], sent: vec![2, 3], refused: None }
}

#[derive(Clone, Debug)]
enum Action {
    /// The day's count is this now.
    Write { day: i32, count: u32 },
    /// A visit begins: what is there now goes up.
    Send { day: i32 },
    /// The answer to what was sent comes, perhaps late.
    Answer { day: i32 },
    /// Killed while a file was being written, at any byte of it.
    Crash { day: i32, written: usize },
    /// A broken disk cuts a record short.
    Damage { day: i32, left: usize },
    /// The agent starts again.
    Restart,
}

fn action() -> impl Strategy<Value = Action> {
    let day = 0..6_i32;
    prop_oneof![
        8 => (day.clone(), 0..4_u32).prop_map(|(day, count)| Action::Write { day, count }),
        4 => day.clone().prop_map(|day| Action::Send { day }),
        4 => day.clone().prop_map(|day| Action::Answer { day }),
        2 => (day.clone(), 0..400_usize).prop_map(|(day, written)| Action::Crash { day, written }),
        1 => (day, 0..400_usize).prop_map(|(day, left)| Action::Damage { day, left }),
        2 => Just(Action::Restart),
    ]
}

/// What the spool should hold: revision, count and acknowledged revision of each day.
type Model = BTreeMap<i32, (u64, u32, Option<u64>)>;

fn check(shelf: &Shelf<u32>, model: &Model) {
    let held: Model = shelf
        .records()
        .map(|record| {
            let record = record.unwrap();
            let number = (record.day - day(0)).get_days();
            (
                number,
                (
                    record.revision,
                    record.state,
                    record.delivered.as_ref().map(|delivered| delivered.revision),
                ),
            )
        })
        .collect();
    assert_eq!(&held, model);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn the_spool_behaves_as_its_model(actions in proptest::collection::vec(action(), 1..60)) {
        let data = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(data.path()).unwrap();
        let mut model = Model::new();
        let mut sent: BTreeMap<i32, u64> = BTreeMap::new();
        for action in actions {
            match action {
                Action::Write { day: number, count } => {
                    spool.write(day(number), count).unwrap();
                    let entry = model.entry(number).or_insert((0, u32::MAX, None));
                    if entry.1 != count {
                        *entry = (entry.0 + 1, count, entry.2);
                    }
                }
                Action::Send { day: number } => {
                    if let Some((revision, _, _)) = model.get(&number) {
                        sent.insert(number, *revision);
                    }
                }
                Action::Answer { day: number } => {
                    if let Some(revision) = sent.remove(&number) {
                        spool.acknowledge(day(number), delivered(revision)).unwrap();
                        if let Some(entry) = model.get_mut(&number) {
                            entry.2 = Some(revision);
                        }
                    }
                }
                Action::Crash { day: number, written } => {
                    let whole = Record { day: day(number), revision: 99, state: 99_u32, delivered: None };
                    let bytes = whole.encode().unwrap();
                    let unfinished = format!("{}.json{UNFINISHED}", day(number));
                    let part = &bytes[..written.min(bytes.len())];
                    fs::write(data.path().join("spool").join(unfinished), part).unwrap();
                    spool = Spool::open(data.path()).unwrap();
                    sent.clear();
                }
                Action::Damage { day: number, left } => {
                    let path = data.path().join("spool").join(format!("{}.json", day(number)));
                    let Ok(bytes) = fs::read(&path) else { continue };
                    fs::write(&path, &bytes[..left.min(bytes.len() - 1)]).unwrap();
                    spool = Spool::open(data.path()).unwrap();
                    prop_assert!(spool.shelf().damaged() >= 1);
                    model.remove(&number);
                    sent.clear();
                }
                Action::Restart => spool = Spool::open(data.path()).unwrap(),
            }
            check(spool.shelf(), &model);
            check(&Shelf::open(data.path()).unwrap(), &model);
        }
    }

    #[test]
    fn any_file_is_a_record_or_damaged(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let data = tempfile::tempdir().unwrap();
        let directory = data.path().join("spool");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("2026-11-01.json"), bytes).unwrap();
        fs::write(directory.join("not a day.json"), "x").unwrap();
        let mut spool = Spool::open(data.path()).unwrap();
        prop_assert_eq!((spool.shelf().records().count(), spool.shelf().damaged()), (0, 1));
        spool.write(day(0), 1_u32).unwrap();
        prop_assert!(directory.join("2026-11-01.json.damaged").exists());
        prop_assert_eq!(Shelf::<u32>::open(data.path()).unwrap().damaged(), 0);
    }
}

#[test]
fn a_full_spool_lets_the_oldest_acknowledged_day_go() {
    let data = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(data.path()).unwrap();
    for number in 0..91 {
        spool.write(day(number), 1_u32).unwrap();
    }
    spool.acknowledge(day(5), delivered(1)).unwrap();
    spool.write(day(91), 1).unwrap();
    assert_eq!(spool.shelf().records().count(), MAX_RECORDS);
    assert!(spool.shelf().entry(day(5)).is_none() && spool.shelf().entry(day(0)).is_some());

    spool.write(day(92), 1).unwrap();
    assert!(spool.shelf().entry(day(0)).is_none(), "nothing is acknowledged: the oldest goes");
    assert_eq!(fs::read_dir(data.path().join("spool")).unwrap().count(), MAX_RECORDS);
}

#[test]
fn acknowledged_days_expire_and_waiting_days_do_not() {
    let data = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(data.path()).unwrap();
    for number in 0..4 {
        spool.write(day(number), 1_u32).unwrap();
    }
    spool.acknowledge(day(0), delivered(1)).unwrap();
    spool.acknowledge(day(3), delivered(1)).unwrap();
    spool.expire_before(day(3)).unwrap();
    let left: Vec<Date> = spool.shelf().entries().map(|(day, _)| day).collect();
    assert_eq!(left, [day(1), day(2), day(3)]);
}

#[test]
fn a_record_waits_until_this_store_has_its_newest_revision() {
    let data = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(data.path()).unwrap();
    spool.write(day(0), 1_u32).unwrap();
    spool.write(day(0), 2).unwrap();
    let waits = |spool: &Spool<u32>, store: &str| spool.shelf().entry(day(0)).unwrap().waits_for(store);
    assert!(waits(&spool, "one"));
    spool.acknowledge(day(0), delivered(1)).unwrap();
    assert!(waits(&spool, "one"), "what was counted since still has to go");
    spool.acknowledge(day(0), delivered(2)).unwrap();
    assert!(!waits(&spool, "one"));
    assert!(waits(&spool, "two"), "a restored collector is healed");
}
