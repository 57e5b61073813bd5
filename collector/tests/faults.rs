//! What the store makes of a world that fails: full disks, flipped bits, clocks that are wrong. Always afterwards: every
//! acknowledged state or a newer one is stored, nothing that was not sent, recomputation gives what is published, and all
//! files are right.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    thread,
};

use elsewhere_collector::{
    config::Config,
    device::{DeviceId, Groups},
    device_day::DeviceDay,
    installation::{DeliverError, Delivery, Installation, utc_date},
    jobs::{self, Unfinished},
    published::WeekState,
    store::{
        StoreError,
        sqlite::{SqliteStore, backup, integrity},
    },
    week::Week,
    wire::days_of,
};
use elsewhere_proto::v1::{self, device_day_ack::Outcome};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const PORTFOLIO: &str =
    "organisation = \"Northmoor\"\n[[service]]\nid = \"sharepoint-online\"\nstatus = \"sanctioned\"\n";
/// More than the floor asks for, so that there is something to publish.
const DEVICES: u64 = 8;

/// A collector directory, and all that was ever said to it and answered.
struct World {
    dir: PathBuf,
    installation: Installation,
    /// What was sent, by device, date and revision.
    sent: BTreeMap<(u64, Date, u64), v1::DeviceDay>,
    /// The highest revision that was acknowledged.
    acknowledged: BTreeMap<(u64, Date), u64>,
    revision: u64,
    /// When all devices were enrolled.
    enrolled: Date,
}

impl World {
    fn begin(dir: &Path, config: &str, now: Timestamp) -> Self {
        fs::write(dir.join("portfolio.toml"), PORTFOLIO).unwrap();
        let config = Config::parse("test", config, std::iter::empty(), &[]).unwrap();
        let installation = Installation::with_config(dir, config).unwrap();
        let groups = Groups { segments: "department:Marketing".parse().unwrap(), pseudonym: None };
        for bits in 1..=DEVICES {
            installation.register_device(DeviceId::from_bits(bits), &groups, false, now).unwrap();
        }
        let (sent, acknowledged) = (BTreeMap::new(), BTreeMap::new());
        let enrolled = utc_date(now);
        Self { dir: dir.to_owned(), installation, sent, acknowledged, revision: 0, enrolled }
    }

    /// Opens the directory anew, as after a restart.
    fn restart(self) -> Self {
        let config = self.installation.config().clone();
        drop(self.installation);
        let installation = Installation::with_config(&self.dir, config).unwrap();
        Self { installation, ..self }
    }

    /// Every device sends these days anew; gives the number of days that were stored.
    fn deliver(&mut self, dates: &[Date], now: Timestamp) -> Result<usize, DeliverError> {
        self.revision += 1;
        let mut deliveries = Vec::new();
        for bits in 1..=DEVICES {
            let days: Vec<_> = dates.iter().map(|date| day(bits, *date, self.revision)).collect();
            for (date, day) in dates.iter().zip(&days) {
                self.sent.insert((bits, *date, self.revision), day.clone());
            }
            deliveries.push(Delivery { device: DeviceId::from_bits(bits), epoch: 1, days });
        }
        let acks = self.installation.deliver_all(deliveries, now)?;
        let mut stored = 0;
        let keys = (1..=DEVICES).flat_map(|bits| dates.iter().map(move |date| (bits, *date)));
        for (key, ack) in keys.zip(acks) {
            if ack.outcome() == Outcome::Stored {
                self.acknowledged.insert(key, self.revision);
                stored += 1;
            }
        }
        Ok(stored)
    }

    /// All that must always hold, of all but these weeks.
    fn ensure_right_but(&self, left_out: &[Week]) {
        let store = self.installation.store();
        let mut stored = BTreeMap::new();
        for week in store.weeks().unwrap().into_iter().filter(|week| !left_out.contains(week)) {
            let mut hear = |member: &elsewhere_collector::store::Member, day: DeviceDay| {
                assert_eq!(member.segments.to_string(), "department:Marketing");
                assert_eq!((member.enrolled, member.group_token), (self.enrolled, false));
                let key = (member.device.bits(), day.day);
                let sent = self.sent.get(&(key.0, key.1, day.revision)).expect("nothing that was not sent");
                assert_eq!(DeviceDay::try_from(sent).unwrap(), day);
                assert_eq!(stored.insert(key, day.revision), None, "each day once");
            };
            store.scan_week(week, &mut hear).unwrap();
        }
        for (key, revision) in &self.acknowledged {
            if !left_out.contains(&Week::of(key.1)) {
                assert!(stored.get(key).is_some_and(|stored| stored >= revision), "{key:?} was acknowledged");
            }
        }
        for checked in integrity::check(&self.dir, Date::MIN, &mut |_| ()).unwrap() {
            let is_left_out = left_out.iter().any(|week| checked.what == integrity::Subject::Week(*week));
            assert_eq!(checked.problem.is_some(), is_left_out, "{checked:?}");
        }
    }

    fn ensure_right(&self) {
        self.ensure_right_but(&[]);
    }

    /// The night's work is done, and what is not frozen is what its days give.
    fn ensure_right_after_night(&self, now: Timestamp) {
        jobs::nightly(&self.installation, now).unwrap();
        self.ensure_right();
        let store = self.installation.store();
        for (week, state) in store.published_weeks().unwrap() {
            let published = store.published(week).unwrap().unwrap().0;
            if state == WeekState::Running {
                let computed = jobs::rows(&self.installation, week, state).unwrap();
                assert!(computed == published, "{week} is not what its days give");
            }
        }
    }

    fn frozen(&self) -> Vec<String> {
        let weeks = self.installation.store().published_weeks().unwrap().into_iter();
        weeks
            .filter(|(_, state)| matches!(state, WeekState::Frozen { .. }))
            .map(|(week, _)| week.to_string())
            .collect()
    }
}

fn day(bits: u64, date: Date, revision: u64) -> v1::DeviceDay {
    let usage = v1::Usage {
        service_id: "dropbox".into(),
        evidence: v1::Evidence::Use.into(),
        parts_of_day: 2,
        active_minutes: 5,
        tries: 1,
        bytes_up: bits * 1_000 + revision,
        ..v1::Usage::default()
    };
    v1::DeviceDay { day: days_of(date), revision, usages: vec![usage; 1], ..v1::DeviceDay::default() }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn week(text: &str) -> Week {
    text.parse().unwrap()
}

/// Runs with a disk of its own of so many bytes, which nobody else sees and which goes with the thread. Needs root.
fn with_disk(bytes: u64, work: impl FnOnce(&Path) + Send) {
    use nix::{
        mount::{MsFlags, mount},
        sched::{CloneFlags, unshare},
    };
    let dir = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            if unshare(CloneFlags::CLONE_NEWNS).is_err() {
                eprintln!("not run: a disk of one's own needs root");
                return;
            }
            let none = None::<&str>;
            mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
            let size = format!("size={bytes},mode=0700");
            mount(Some("none"), dir.path(), Some("tmpfs"), MsFlags::empty(), Some(size.as_str())).unwrap();
            work(dir.path());
        });
    });
}

/// Takes all room but so many bytes.
fn fill(path: &Path, but: u64) {
    let free = rustix::fs::statvfs(path.parent().unwrap()).unwrap();
    let free = free.f_bavail * free.f_frsize;
    fs::write(path, vec![0; usize::try_from(free.saturating_sub(but)).unwrap()]).unwrap();
}

#[test]
fn a_full_disk_takes_nothing_and_loses_nothing() {
    let outside = tempfile::tempdir().unwrap();
    with_disk(24 << 20, |dir| {
        let now = at("2026-11-18T08:00:00Z");
        let dates: Vec<Date> = (0..14).map(|days| date("2026-11-05").saturating_add(days.days())).collect();
        let mut world = World::begin(dir, "", now);
        assert_eq!(world.deliver(&dates, now).unwrap(), dates.len() * 8);
        let ballast = dir.join("ballast");
        for but in [0, 20_000, 100_000] {
            fill(&ballast, but);
            let mut failed = 0;
            for _ in 0..60 {
                match world.deliver(&dates, now) {
                    Ok(_) => {}
                    Err(DeliverError::Store(StoreError::Database { .. } | StoreError::Files { .. })) => {
                        failed += 1;
                    }
                    Err(error) => panic!("a full disk is no damage and no business: {error:?}"),
                }
            }
            assert!(failed > 0, "the disk was not full with {but} bytes");
            // A backup fits as little, and leaves nothing; the night's work may fail and is done later.
            if let Ok(store) = SqliteStore::create_or_open(dir) {
                let made = backup::back_up(&store, outside.path(), now, &mut |_| ());
                assert!(made.is_err(), "a copy of the weeks needs room");
                let names = fs::read_dir(outside.path()).unwrap().map(|entry| entry.unwrap().file_name());
                assert!(names.into_iter().all(|name| name == "week-keys"));
            }
            jobs::nightly(&world.installation, now).ok();
            fs::remove_file(&ballast).unwrap();
            world.ensure_right();
            assert_eq!(world.deliver(&dates, now).unwrap(), dates.len() * 8, "there is room again");
            world = world.restart();
            world.ensure_right();
        }
        world.ensure_right_after_night(now);
    });
}

#[test]
fn no_flipped_bit_goes_unnoticed_or_harms_another_week() {
    let seed = 11;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let dir = tempfile::tempdir().unwrap();
    let now = at("2026-11-18T08:00:00Z");
    let dates = ["2026-11-05", "2026-11-10", "2026-11-11", "2026-11-17"].map(date);
    let bad = week("2026-W46");
    let mut world = World::begin(dir.path(), "", now);
    world.deliver(&dates, now).unwrap();
    world = world.restart();
    let path = dir.path().join(format!("weeks/{bad}.db"));
    let whole = fs::read(&path).unwrap();
    // Most of a small file is empty.
    let used: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    let mut noticed = 0;
    for _ in 0..150 {
        let mut bytes = whole.clone();
        bytes[used[random.random_range(0..used.len())]] ^= 1 << random.random_range(0..8);
        fs::write(&path, &bytes).unwrap();
        let problem = integrity::week(dir.path(), bad).err();
        if problem.is_some() {
            noticed += 1;
        }
        // What is not noticed is in no row: all that is read is what was sent.
        let left_out = if problem.is_some() { vec![bad] } else { vec![] };
        world.ensure_right_but(&left_out);
        world = world.restart();
        world.deliver(&dates, now).unwrap();
        world.acknowledged.retain(|(_, date), _| Week::of(*date) != bad);
        world = world.restart();
        fs::remove_file(&path).unwrap();
        for suffix in ["-wal", "-shm"] {
            fs::remove_file(dir.path().join(format!("weeks/{bad}.db{suffix}"))).ok();
        }
        fs::write(&path, &whole).unwrap();
    }
    assert!(noticed > 75, "only {noticed} flipped bits were noticed");
    world.ensure_right();
}

/// Turns the first byte of such a text into another letter, in a week's file that nobody has open.
fn misspell(dir: &Path, of: Week, text: &str) {
    let path = dir.join(format!("weeks/{of}.db"));
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(text.len()).position(|window| window == text.as_bytes()).expect("it stands there");
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_day_is_healed_when_it_is_sent_again_but_not_by_an_older_revision() {
    let dir = tempfile::tempdir().unwrap();
    let now = at("2026-11-18T08:00:00Z");
    let (bad, dates) = (week("2026-W46"), ["2026-11-10", "2026-11-17"].map(date));
    let mut world = World::begin(dir.path(), "", now);
    world.deliver(&dates, now).unwrap();
    world.deliver(&dates, now).unwrap();
    world = world.restart();
    misspell(dir.path(), bad, "dropbox");
    world = world.restart();
    world.ensure_right_but(&[bad]);

    let again = |revision| {
        let days = (1..=DEVICES).map(|bits| Delivery {
            device: DeviceId::from_bits(bits),
            epoch: 1,
            days: vec![day(bits, dates[0], revision)],
        });
        let acks = world.installation.deliver_all(days.collect(), now).unwrap();
        let count = |outcome| acks.iter().filter(|ack| ack.outcome() == outcome).count();
        (count(Outcome::Unspecified), count(Outcome::AlreadyStored), count(Outcome::Stored))
    };
    assert_eq!(again(1), (8, 0, 0), "nothing of the week is taken");
    world.ensure_right_but(&[bad]);
    assert_eq!(again(2), (0, 7, 1));
    world.ensure_right();
    assert_eq!(again(2), (0, 8, 0));
    world.ensure_right_after_night(now);
}

#[test]
fn a_flipped_membership_is_noticed_and_healed_only_in_a_week_that_takes_groups() {
    for (name, dates, is_healed) in
        [("2026-W46", ["2026-11-10", "2026-11-17"], false), ("2026-W47", ["2026-11-17", "2026-11-10"], true)]
    {
        let dir = tempfile::tempdir().unwrap();
        let now = at("2026-11-18T08:00:00Z");
        let (bad, dates) = (week(name), dates.map(date));
        let mut world = World::begin(dir.path(), "", now);
        world.deliver(&dates, now).unwrap();
        world = world.restart();
        // Another department, which is as good a name.
        misspell(dir.path(), bad, "Marketing");
        world = world.restart();
        world.ensure_right_but(&[bad]);
        assert!(
            integrity::week(dir.path(), bad)
                .unwrap_err()
                .to_string()
                .contains("a membership is not what was written")
        );
        jobs::nightly(&world.installation, now).unwrap();
        let published = world.installation.store().published_weeks().unwrap();
        assert_eq!(
            published.iter().map(|(week, _)| *week).collect::<Vec<_>>(),
            [Week::of(dates[1])],
            "the other is served"
        );
        world.deliver(&dates, now).unwrap();
        if is_healed {
            world.ensure_right_after_night(now);
        } else {
            world.ensure_right_but(&[bad]);
        }
    }
}

#[test]
fn a_clock_that_is_wrong_and_goes_back_changes_no_day() {
    let dir = tempfile::tempdir().unwrap();
    let now = at("2026-11-18T08:00:00Z");
    let dates = ["2026-11-09", "2026-11-16", "2026-11-17"].map(date);
    let mut world = World::begin(dir.path(), "", now);
    for hours in [0, 5, -30, 2, -1, -200, 26, 0] {
        let wrong = now + SignedDuration::from_hours(hours);
        world.deliver(&dates, wrong).unwrap();
        world.ensure_right();
        jobs::retire(&world.installation, wrong).unwrap();
    }
    world.ensure_right_after_night(now);
}

/// What devices would never send again is lost, so that a clock that is wrong refuses nothing.
#[test]
fn a_clock_years_behind_or_ahead_takes_no_day_and_has_all_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let now = at("2026-11-18T08:00:00Z");
    let dates = ["2026-11-09", "2026-11-16", "2026-11-17"].map(date);
    let world = World::begin(dir.path(), "", now);
    jobs::nightly(&world.installation, now).unwrap();
    let deliver = |now| {
        let days = dates.map(|date| day(1, date, 1)).to_vec();
        let acks = world.installation.deliver(DeviceId::from_bits(1), 1, days, now).unwrap();
        acks.into_iter().map(|ack| (ack.outcome(), ack.problem)).collect::<Vec<_>>()
    };
    for (wrong, words) in [
        ("2019-01-01T00:00:00Z", "by the collector's clock"),
        ("2027-12-23T08:00:00Z", "older than the 13 weeks"),
    ] {
        let answers = deliver(at(wrong));
        let later = |(outcome, problem): &(Outcome, String)| {
            *outcome == Outcome::Unspecified && problem.contains(words)
        };
        assert!(answers.iter().all(later), "{wrong}: {answers:?}");
    }
    assert!(deliver(now).iter().all(|(outcome, _)| *outcome == Outcome::Stored));

    // A clock that is right refuses what no collector keeps, or no device would ever forget it.
    let old = vec![day(1, date("2026-08-09"), 1)];
    let acks = world.installation.deliver(DeviceId::from_bits(1), 1, old, now).unwrap();
    assert_eq!(acks[0].outcome(), Outcome::Refused);
}

#[test]
fn a_clock_that_is_ahead_for_hours_freezes_and_forgets_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let now = at("2026-11-18T02:30:00Z");
    let dates = ["2026-11-05", "2026-11-10", "2026-11-17"].map(date);
    let mut world = World::begin(dir.path(), "", now);
    world.deliver(&dates, now).unwrap();
    jobs::nightly(&world.installation, now).unwrap();
    let published = |world: &World| world.installation.store().published_weeks().unwrap();
    let (before, name) = (published(&world), world.installation.store().identity().unwrap().store_id);
    assert_eq!(world.frozen(), ["2026-W45", "2026-W46"]);

    let ahead = now + SignedDuration::from_hours(400 * 24);
    for hours in [0, 1, 10, 19] {
        jobs::nightly(&world.installation, ahead + SignedDuration::from_hours(hours)).unwrap();
        world = world.restart();
        world.ensure_right();
        assert_eq!(world.installation.store().weeks().unwrap().len(), 3);
        assert_eq!(published(&world), before);
    }
    let right = at("2026-11-19T02:30:00Z");
    world.ensure_right_after_night(right);
    assert_eq!(published(&world), before);
    assert_eq!(world.installation.store().identity().unwrap().store_id, name, "nothing is to be sent again");
    let monday = at("2026-11-23T12:00:00Z");
    world.ensure_right_after_night(monday);
    assert_eq!(world.frozen(), ["2026-W45", "2026-W46", "2026-W47"], "it goes on as ever");
}

#[test]
fn a_collector_that_was_off_for_a_month_does_its_work_in_the_second_night() {
    let dir = tempfile::tempdir().unwrap();
    let now = at("2026-11-18T02:30:00Z");
    let mut world = World::begin(dir.path(), "", now);
    world.deliver(&["2026-09-21", "2026-11-17"].map(date), now).unwrap();
    jobs::nightly(&world.installation, now).unwrap();
    world = world.restart();
    let store = |world: &World| world.installation.store().weeks().unwrap().len();
    for started in ["2026-12-21T09:00:00Z", "2026-12-21T12:00:00Z", "2026-12-22T02:30:00Z"] {
        jobs::nightly(&world.installation, at(started)).unwrap();
        assert_eq!((world.frozen(), store(&world)), (vec!["2026-W39".to_owned()], 2), "{started}");
    }
    world.acknowledged.retain(|(_, date), _| Week::of(*date) != week("2026-W39"));
    world.ensure_right_after_night(at("2026-12-23T02:30:00Z"));
    assert_eq!((world.frozen(), store(&world)), (vec!["2026-W39".to_owned(), "2026-W47".to_owned()], 1));
}

/// The clock of a machine without a battery: years ahead for a night, which forgets everything, and then right again.
#[test]
fn what_a_clock_years_ahead_forgot_is_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let now = at("2026-11-18T08:00:00Z");
    let dates = ["2026-11-09", "2026-11-16", "2026-11-17"].map(date);
    let mut world = World::begin(dir.path(), "", now);
    world.deliver(&dates, now).unwrap();
    let name = || world.installation.store().identity().unwrap().store_id;
    let before = name();
    jobs::retire(&world.installation, now).unwrap();
    assert_eq!(name(), before);
    jobs::retire(&world.installation, at("2036-01-01T00:00:00Z")).unwrap();
    assert_eq!(world.installation.store().weeks().unwrap(), []);
    assert_eq!(name(), before);
    jobs::retire(&world.installation, now).unwrap();
    let after = name();
    assert_ne!(after, before, "devices send again what another store had acknowledged");
    jobs::retire(&world.installation, now).unwrap();
    assert_eq!(name(), after, "once");
    world.acknowledged.clear();
    assert_eq!(world.deliver(&dates, now).unwrap(), dates.len() * 8);
    world.ensure_right_after_night(now);
}

/// Week 53 spans the years, and the week after the clocks changed is frozen at noon on the wall.
#[test]
fn week_53_and_changed_clocks_are_weeks_like_others() {
    let cases = [
        ("2026-W53", ["2026-12-28", "2026-12-31", "2027-01-01", "2027-01-03"], "2027-01-04T11:00:00Z"),
        ("2027-W12", ["2027-03-22", "2027-03-27", "2027-03-28", "2027-03-28"], "2027-03-29T10:00:00Z"),
        ("2027-W43", ["2027-10-25", "2027-10-29", "2027-10-30", "2027-10-31"], "2027-11-01T11:00:00Z"),
    ];
    for (name, dates, freeze) in cases {
        let dir = tempfile::tempdir().unwrap();
        let mut dates: Vec<Date> = dates.map(date).to_vec();
        dates.dedup();
        let freeze = at(freeze);
        let before = freeze - SignedDuration::from_secs(1);
        let mut world = World::begin(dir.path(), "zone = \"Europe/Berlin\"", at("2026-09-01T08:00:00Z"));
        assert_eq!(world.deliver(&dates, before).unwrap(), dates.len() * 8, "{name}");
        assert_eq!(
            world.installation.store().weeks().unwrap(),
            [week(name)],
            "all days of {name} are one week's"
        );
        jobs::nightly(&world.installation, before).unwrap();
        assert_eq!(world.frozen(), [] as [&str; 0], "{name}");
        world.ensure_right_after_night(before);
        jobs::nightly(&world.installation, freeze).unwrap();
        assert_eq!(world.frozen(), [name]);
        world.ensure_right();
        let again = jobs::freeze(&world.installation, week(name), Unfinished::Refused, before).unwrap();
        assert_eq!(again, jobs::Freeze::Already, "a clock that goes back thaws nothing");
    }
}

#[test]
fn a_newer_schema_of_any_file_is_refused_clearly() {
    for file in ["control.db", "rollup.db", "weeks/2026-W47.db"] {
        let dir = tempfile::tempdir().unwrap();
        let now = at("2026-11-18T08:00:00Z");
        let mut world = World::begin(dir.path(), "", now);
        world.deliver(&[date("2026-11-17")], now).unwrap();
        let config = world.installation.config().clone();
        drop(world);
        let database = rusqlite::Connection::open(dir.path().join(file)).unwrap();
        let schema: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        database.pragma_update(None, "user_version", schema + 1).unwrap();
        drop(database);
        let before = fs::read(dir.path().join(file)).unwrap();
        let opened = Installation::with_config(dir.path(), config);
        let error = match opened {
            Err(error) => error,
            Ok(installation) => {
                assert!(file.starts_with("weeks"), "{file} is opened at the start");
                let days = vec![day(1, date("2026-11-17"), 9)];
                let delivered = installation.deliver(DeviceId::from_bits(1), 1, days, now);
                assert!(matches!(delivered, Err(DeliverError::Store(StoreError::NewerSchema { .. }))));
                jobs::nightly(&installation, now).unwrap_err()
            }
        };
        let known = format!(
            "has schema {}, this program knows {schema}; run the newer elsewhere-collector",
            schema + 1
        );
        assert!(format!("{error:#}").contains(&known), "{error:#}");
        assert_eq!(fs::read(dir.path().join(file)).unwrap(), before, "an older program changes nothing");
    }
}
