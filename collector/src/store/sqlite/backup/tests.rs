//! Backups of a small company: what is in them, what vanishes from them, what is refused, and that a restore ends right.

use std::collections::BTreeMap;

use jiff::civil::date;

use super::*;
use crate::{
    config::Config,
    device::{DeviceId, DeviceState},
    floor,
    installation::{Delivery, Installation},
    jobs::{
        self,
        tests::{at, day, flip, story, week},
    },
    published::{PublishedWeek, Signal, WeekState},
    store::Store,
    wire::{days_of, tests::good_day},
};

const WEEKS: [&str; 3] = ["2026-W44", "2026-W45", "2026-W46"];
/// A company, the place of its backups, and when the first one is made.
struct Company {
    data: tempfile::TempDir,
    outside: tempfile::TempDir,
    installation: Installation,
}

impl Company {
    fn new() -> Self {
        let (data, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let installation = story(&data, &WEEKS);
        Self { data, outside, installation }
    }

    fn backups(&self) -> PathBuf {
        self.outside.path().join("backups")
    }

    fn back_up(&self, now: &str) -> BackedUp {
        let store = SqliteStore::create_or_open(self.data.path()).unwrap();
        back_up(&store, &self.backups(), at(now), &mut |_| ()).unwrap()
    }

    fn restore(&self, from: &Path, now: &str) -> Result<(Installation, Restored), BackupError> {
        let to = self.outside.path().join("restored");
        let restored = restore(from, None, &to, at(now), &mut |_, _| ())?;
        Ok((open_installation(&to), restored))
    }

    /// Nothing of a restore that was refused is there.
    fn nothing_is_left(&self) -> bool {
        !self.outside.path().join("restored").exists()
    }
}

fn open_installation(dir: &Path) -> Installation {
    Installation::with_config(dir, Config::parse("test", "", std::iter::empty(), &[]).unwrap()).unwrap()
}

const NOW: &str = "2026-11-18T02:00:00Z";

type Days = BTreeMap<(DeviceId, Date), u64>;

/// The revision of every device-day that is stored.
fn days(installation: &Installation) -> Days {
    let mut days = Days::new();
    for week in installation.store().weeks().unwrap() {
        let mut keep = |member: &crate::store::Member, day: crate::device_day::DeviceDay| {
            assert_eq!(days.insert((member.device, day.day), day.revision), None, "a day is stored twice");
        };
        installation.store().scan_week(week, &mut keep).unwrap();
    }
    days
}

fn bytes_below(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            bytes.extend(bytes_below(&entry.path()));
        } else {
            bytes.extend(fs::read(entry.path()).unwrap());
        }
    }
    bytes
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn a_restored_store_has_all_that_was_backed_up_and_another_name() {
    let company = Company::new();
    let installation = &company.installation;
    fs::write(company.data.path().join("ca.key"), "the authority's key").unwrap();
    jobs::nightly(installation, at("2026-11-10T02:00:00Z")).unwrap();
    let released = date(2026, 11, 10);
    let signal = Signal {
        segment: None,
        need: "store-files".into(),
        service: "dropbox".into(),
        released,
        minimum_group: 5,
    };
    installation.store().release_signals(released, &[signal]).unwrap();
    installation.store().set_device_state(DeviceId::from_bits(3), DeviceState::Revoked).unwrap();
    let backed_up = company.back_up(NOW);
    assert_eq!(backed_up.path.file_name().unwrap(), "elsewhere-2026-11-18T02-00-00Z");
    assert_eq!(backed_up.weeks, WEEKS.map(week));

    let (again, restored) = company.restore(&backed_up.path, NOW).unwrap();
    assert_eq!((restored.made, restored.weeks), (at(NOW), WEEKS.map(week).to_vec()));
    assert_eq!(days(&again), days(installation));
    assert_eq!(again.store().devices().unwrap(), installation.store().devices().unwrap());
    assert_eq!(again.store().signals().unwrap(), installation.store().signals().unwrap());
    assert_eq!(again.store().signals().unwrap().len(), 1);
    assert_eq!(again.store().device(DeviceId::from_bits(3)).unwrap().unwrap().state, DeviceState::Revoked);
    let (before, after) = (installation.store().identity().unwrap(), again.store().identity().unwrap());
    assert_ne!(before.store_id, after.store_id);
    assert!(before.unknown_name_key == after.unknown_name_key);
    for (week, state) in installation.store().published_weeks().unwrap() {
        assert_eq!(again.store().published(week).unwrap(), installation.store().published(week).unwrap());
        assert!(matches!(state, WeekState::Frozen { .. }) || week == "2026-W46".parse().unwrap());
    }
    assert_eq!(fs::read(again.dir().join("ca.key")).unwrap(), b"the authority's key");
    assert!(again.portfolio().unwrap() == installation.portfolio().unwrap());
}

#[test]
fn a_backup_holds_no_key_and_nothing_that_can_be_read() {
    let company = Company::new();
    let backed_up = company.back_up(NOW);
    let keys = KeyFile::read(&company.backups().join(key_file::NAME)).unwrap();
    assert_eq!(keys.weeks.len(), 3);
    let backup = bytes_below(&backed_up.path);
    assert!(holds(&bytes_below(company.data.path()), b"dropbox"), "the search finds what is readable");
    assert!(!holds(&backup, b"dropbox") && !holds(&backup, b"Marketing") && !holds(&backup, b"SQLite"));

    // Nor is a key in what is sealed.
    let manifest = Manifest::read(&backed_up.path, &keys.backup).unwrap();
    for part in &manifest.parts {
        let name = part.name();
        let sealed = fs::read(path_of(&backed_up.path, &name)).unwrap();
        let mut plain = Vec::new();
        let label = Label { backup: &manifest.backup, name: &name };
        sealed::open(part.key(&keys).unwrap(), label, &mut &sealed[..], &mut plain, &mut |_| ()).unwrap();
        for key in keys.weeks.iter().map(|(_, key)| key).chain([&keys.backup]) {
            assert!(!holds(&plain, key), "{name}");
        }
    }
    let control = fs::read(company.data.path().join("control.db")).unwrap();
    let log = fs::read(company.data.path().join("control.db-wal")).unwrap();
    let stands = |key: &[u8]| holds(&control, key) || holds(&log, key);
    assert!(keys.weeks.iter().all(|(_, key)| stands(key)), "the search finds a key where it is");
}

#[test]
fn an_expired_week_can_be_read_in_no_backup() {
    let company = Company::new();
    let backed_up = company.back_up(NOW);
    let old = KeyFile::read(&company.backups().join(key_file::NAME)).unwrap();
    let key = old.weeks.iter().find(|(of, _)| *of == week("2026-W44")).unwrap().1;
    let expiry = week("2026-W44").expiry();
    jobs::nightly(&company.installation, at(&format!("{}T23:00:00Z", expiry.yesterday().unwrap()))).unwrap();
    assert!(KeyFile::read(&company.backups().join(key_file::NAME)).unwrap() == old, "not a day too early");

    let then = format!("{expiry}T02:00:00Z");
    jobs::nightly(&company.installation, at(&then)).unwrap();
    for place in [company.data.path(), &company.backups()] {
        assert!(!holds(&bytes_below(place), &key), "the key still stands in {}", place.display());
        let digits = key_file::hex(&key);
        assert!(
            !holds(&bytes_below(place), digits.as_bytes()),
            "the key still stands in {}",
            place.display()
        );
    }
    let (again, restored) = company.restore(&backed_up.path, &then).unwrap();
    assert_eq!(restored.expired, [week("2026-W44")]);
    assert_eq!(again.store().weeks().unwrap(), [week("2026-W45"), week("2026-W46")]);

    // Who sets the clock back doesn't get it either.
    drop(again);
    fs::remove_dir_all(company.outside.path().join("restored")).unwrap();
    let error = company.restore(&backed_up.path, NOW).map(drop).unwrap_err();
    assert!(matches!(&error, BackupError::NoKey { part } if part == "2026-W44"), "{error}");
    assert!(company.nothing_is_left());
}

#[test]
fn keys_that_can_not_be_reached_are_told_until_they_are() {
    let company = Company::new();
    company.back_up(NOW);
    let store = company.installation.store();
    let expiry = week("2026-W44").expiry();
    let away = company.outside.path().join("away");
    fs::rename(company.backups(), &away).unwrap();
    // An empty directory, as where a disk is not mounted.
    fs::create_dir(company.backups()).unwrap();
    for _ in 0..2 {
        let unreached = store.expire_backups(expiry).unwrap();
        assert_eq!(unreached.len(), 1);
        assert!(unreached[0].problem.contains("is missing"), "{}", unreached[0].problem);
        assert_eq!(look(&company.control(), expiry).unwrap(), unreached);
    }
    assert_eq!(fs::read_dir(company.backups()).unwrap().count(), 0);
    fs::remove_dir(company.backups()).unwrap();
    fs::rename(&away, company.backups()).unwrap();
    let told = look(&company.control(), expiry).unwrap();
    assert!(told[0].problem.contains("2026-W44"), "{}", told[0].problem);
    assert_eq!(store.expire_backups(expiry).unwrap(), []);
    assert_eq!(look(&company.control(), expiry).unwrap(), []);

    let store = SqliteStore::create_or_open(company.data.path()).unwrap();
    assert!(forget_directory(&store, &company.backups()).unwrap());
    assert!(!forget_directory(&store, &company.backups()).unwrap());
    fs::remove_dir_all(company.backups()).unwrap();
    assert_eq!(store.expire_backups(expiry).unwrap(), []);
}

impl Company {
    fn control(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.data.path().join(CONTROL)).unwrap()
    }
}

#[test]
fn a_damaged_backup_is_refused_whole() {
    let company = Company::new();
    fs::write(company.data.path().join("ca.key"), "the authority's key").unwrap();
    let backed_up = company.back_up(NOW);
    let second = company.back_up("2026-11-18T03:00:00Z");
    let parts: Vec<PathBuf> =
        fs::read_dir(&backed_up.path).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(parts.len(), 8, "{parts:?}");
    for part in parts {
        let whole = fs::read(&part).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        let other = fs::read(second.path.join(part.file_name().unwrap())).unwrap();
        for damaged in [&flipped[..], &whole[..whole.len() - 1], &whole[..40], &[], &other] {
            // The manifest of another backup is a whole one; it is the parts that do not open then.
            fs::write(&part, damaged).unwrap();
            let error = company.restore(&backed_up.path, NOW).map(drop).unwrap_err();
            assert!(matches!(error, BackupError::DoesNotOpen(_)), "{}: {error:?}", part.display());
            assert!(company.nothing_is_left());
        }
        fs::remove_file(&part).unwrap();
        company.restore(&backed_up.path, NOW).map(drop).unwrap_err();
        assert!(company.nothing_is_left());
        fs::write(&part, whole).unwrap();
    }
    company.restore(&backed_up.path, NOW).map(drop).unwrap();
}

#[test]
fn a_restore_takes_only_its_own_keys_and_an_empty_place() {
    let company = Company::new();
    let backed_up = company.back_up(NOW);
    let to = company.outside.path().join("restored");
    let with = |keys: &Path| restore(&backed_up.path, Some(keys), &to, at(NOW), &mut |_, _| ());

    let stranger = Company::new();
    stranger.back_up(NOW);
    let foreign = stranger.backups().join(key_file::NAME);
    assert!(matches!(with(&foreign), Err(BackupError::DoesNotOpen(_))));
    assert!(matches!(with(Path::new("/no/such/file")), Err(BackupError::Keys(_))));
    assert!(company.nothing_is_left());

    fs::create_dir(&to).unwrap();
    fs::write(to.join("mine"), "kept").unwrap();
    let error = company.restore(&backed_up.path, NOW).map(drop).unwrap_err();
    assert!(error.to_string().ends_with("is not empty; restore into a new directory"), "{error}");
    assert_eq!(fs::read_dir(&to).unwrap().count(), 1);
    fs::remove_file(to.join("mine")).unwrap();
    company.restore(&backed_up.path, NOW).map(drop).unwrap();

    let not_one = restore(&company.backups(), Some(&foreign), &to.join("x"), at(NOW), &mut |_, _| ());
    assert!(matches!(not_one, Err(BackupError::NoBackup(_))));
}

#[test]
fn a_restore_that_was_cut_off_is_no_collector() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(crate::store::sqlite::RESTORING)).unwrap();
    let error = Installation::create_or_open(dir.path()).map(drop).unwrap_err();
    assert!(error.to_string().ends_with("was cut off; empty the directory and restore again"), "{error}");
}

#[test]
fn a_backup_has_its_own_place_and_what_failed_or_was_killed_leaves_nothing() {
    let company = Company::new();
    let store = SqliteStore::create_or_open(company.data.path()).unwrap();
    let within = back_up(&store, &company.data.path().join("backups"), at(NOW), &mut |_| ());
    assert!(matches!(within, Err(BackupError::Place(_))));

    let stranger = Company::new();
    stranger.back_up(NOW);
    let before = bytes_below(&stranger.backups());
    let error = back_up(&store, &stranger.backups(), at("2026-11-18T03:00:00Z"), &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("another collector"), "{error}");
    assert_eq!(bytes_below(&stranger.backups()), before);

    // As a killed one leaves it.
    let partial = company.backups().join(".elsewhere-2026-11-17T02-00-00Z.partial");
    fs::create_dir_all(&partial).unwrap();
    fs::write(partial.join("control.db.sealed"), "a beginning").unwrap();
    company.back_up(NOW);
    assert_eq!(fs::read_dir(company.backups()).unwrap().count(), 2, "the backup and its keys");
    let again = company.back_up(NOW);
    assert_eq!(again.path.file_name().unwrap(), "elsewhere-2026-11-18T02-00-00Z-2");
    assert_eq!(fs::read_dir(company.backups()).unwrap().count(), 3);
}

#[test]
fn a_damaged_week_is_not_in_the_backup_and_the_others_are() {
    let company = Company::new();
    drop(company.installation);
    flip(&company.data, "2026-W45");
    let store = SqliteStore::create_or_open(company.data.path()).unwrap();
    let to = company.outside.path().join("backups");
    let backed_up = back_up(&store, &to, at(NOW), &mut |_| ()).unwrap();
    assert_eq!(backed_up.left_out, [week("2026-W45")]);
    let restored = company.outside.path().join("restored");
    let told = restore(&backed_up.path, None, &restored, at(NOW), &mut |_, _| ()).unwrap();
    assert_eq!(
        (told.left_out, told.weeks),
        (vec![week("2026-W45")], vec![week("2026-W44"), week("2026-W46")])
    );
}

/// Devices that keep their days, as agents do, and send what the store they speak to has not answered to.
struct Agents {
    kept: BTreeMap<(u64, Date), (u64, String)>,
}

impl Agents {
    fn work(&mut self, on: Date) {
        for bits in 1..=8 {
            let (revision, _) = self.kept.entry((bits, on)).or_insert((0, String::new()));
            *revision += 1;
        }
    }

    fn visit(&mut self, installation: &Installation, now: Timestamp) {
        let identity = installation.store().identity().unwrap();
        let today = utc_date(now);
        self.kept.retain(|(_, day), _| Week::of(*day).expiry() > today);
        let mut deliveries = Vec::new();
        for ((bits, day), (revision, told)) in &mut self.kept {
            let mark = format!("{} {revision}", identity.store_id);
            if *told != mark {
                let days = vec![good_day(*day, *revision)];
                deliveries.push(Delivery { device: DeviceId::from_bits(*bits), epoch: 1, days });
                *told = mark;
            }
        }
        let acks = installation.deliver_all(deliveries, now).unwrap();
        assert!(acks.iter().all(|ack| !ack.fingerprint.is_empty()), "{acks:?}");
    }

    fn expected(&self) -> Days {
        let days = self.kept.iter();
        days.map(|((bits, day), (revision, _))| ((DeviceId::from_bits(*bits), *day), *revision)).collect()
    }
}

#[test]
fn a_backup_14_days_old_is_healed_by_the_days_that_agents_keep() {
    let (data, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let installation = story(&data, &[]);
    let mut agents = Agents { kept: BTreeMap::new() };
    let live = |agents: &mut Agents, installation: &Installation, from: i64, until: i64| {
        for days in from..until {
            let on = date(2026, 9, 7).saturating_add(jiff::Span::new().days(days));
            let now = at(&format!("{on}T18:00:00Z"));
            agents.work(on);
            // Some of yesterday is corrected today.
            agents.work(on.yesterday().unwrap());
            agents.visit(installation, now);
            jobs::retire(installation, now).unwrap();
        }
    };
    live(&mut agents, &installation, 0, 90);
    assert_eq!(days(&installation), agents.expected());
    let store = SqliteStore::create_or_open(data.path()).unwrap();
    let made = at("2026-12-06T03:00:00Z");
    let backup = back_up(&store, &outside.path().join("backups"), made, &mut |_| ()).unwrap();
    drop(store);
    live(&mut agents, &installation, 90, 104);
    drop(installation);

    let now = at("2026-12-20T03:00:00Z");
    let to = outside.path().join("restored");
    let restored = restore(&backup.path, None, &to, now, &mut |_, _| ()).unwrap();
    assert_eq!(restored.expired, [week("2026-W37"), week("2026-W38")]);
    let again = open_installation(&to);
    assert_ne!(days(&again), agents.expected());
    agents.visit(&again, now);
    assert_eq!(
        days(&again),
        agents.expected(),
        "all days that agents keep, each once, in its newest revision"
    );
    assert!(agents.kept.len() > 8 * 80, "{} days are kept", agents.kept.len());
    live(&mut agents, &again, 104, 106);
    assert_eq!(days(&again), agents.expected());
}

/// What the days that are still to come would change can't be changed any more once a week is frozen.
#[test]
fn a_restored_store_freezes_nothing_before_the_next_freeze_time() {
    let company = Company::new();
    jobs::nightly(&company.installation, at("2026-11-09T12:00:00Z")).unwrap();
    let backed_up = company.back_up("2026-11-14T02:00:00Z");
    let (again, _) = company.restore(&backed_up.path, "2026-11-18T03:00:00Z").unwrap();
    for (now, weeks) in [
        ("2026-11-18T03:00:00Z", &["2026-W44", "2026-W45"][..]),
        ("2026-11-23T11:59:59Z", &["2026-W44", "2026-W45"]),
        ("2026-11-23T12:00:00Z", &["2026-W44", "2026-W45", "2026-W46"]),
    ] {
        jobs::nightly(&again, at(now)).unwrap();
        let weeks: Vec<Week> = weeks.iter().map(|text| week(text)).collect();
        assert_eq!(frozen(&again), weeks, "{now}");
    }
}

/// People have the lost collector's figures of a week, so the restored one says less of it, for ever.
#[test]
fn a_week_that_the_lost_collector_released_is_frozen_coarse_and_later_ones_are_not() {
    let company = Company::new();
    jobs::nightly(&company.installation, at("2026-11-09T12:00:00Z")).unwrap();
    let backed_up = company.back_up("2026-11-14T02:00:00Z");
    jobs::nightly(&company.installation, at("2026-11-16T12:00:00Z")).unwrap();
    let (again, _) = company.restore(&backed_up.path, "2026-11-18T03:00:00Z").unwrap();
    let monday = days_of(week("2026-W47").monday());
    for bits in 1..=14 {
        let day = day(monday, 1, if bits <= 8 { "dropbox" } else { "sharepoint-online" });
        let acks = again.deliver(DeviceId::from_bits(bits), 1, vec![day], at(NOW)).unwrap();
        assert_eq!(acks[0].problem, "");
    }
    jobs::nightly(&again, at("2026-11-23T12:00:00Z")).unwrap();
    assert_eq!(frozen(&again).len(), 4);
    let released = |from: &Installation, name: &str| from.store().published(week(name)).unwrap().unwrap().0;
    let before = |name: &str| released(&company.installation, name);
    assert_eq!(released(&again, "2026-W45"), before("2026-W45"), "frozen before the backup");
    let services =
        |week: &PublishedWeek| week.segments[0].needs.iter().map(|need| need.services.len()).sum::<usize>();
    assert!(services(&before("2026-W46")) > 0);
    assert_eq!(released(&again, "2026-W46"), floor::coarse(before("2026-W46")));
    assert_ne!(released(&again, "2026-W46"), before("2026-W46"));
    assert!(services(&released(&again, "2026-W47")) > 0, "nobody has had it");
}

fn frozen(installation: &Installation) -> Vec<Week> {
    let weeks = installation.store().published_weeks().unwrap().into_iter();
    weeks.filter(|(_, state)| matches!(state, WeekState::Frozen { .. })).map(|(week, _)| week).collect()
}

/// Deliveries go on while a backup is made, and every one that was acknowledged before is in it.
#[test]
fn a_backup_under_load_is_of_one_moment_and_holds_nobody_up() {
    let company = Company::new();
    let installation = &company.installation;
    let on = week("2026-W46").monday();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let acknowledged = std::sync::atomic::AtomicU64::new(1);
    let least = std::thread::scope(|scope| {
        scope.spawn(|| {
            for revision in 2.. {
                let days = (1..=8).map(|bits| Delivery {
                    device: DeviceId::from_bits(bits),
                    epoch: 1,
                    days: vec![good_day(on, revision)],
                });
                let acks = installation.deliver_all(days.collect(), at(NOW)).unwrap();
                assert!(acks.iter().all(|ack| !ack.fingerprint.is_empty()));
                acknowledged.store(revision, std::sync::atomic::Ordering::SeqCst);
                if stop.load(std::sync::atomic::Ordering::SeqCst) {
                    return;
                }
            }
        });
        let mut least = Vec::new();
        for minute in 0..5 {
            let before = acknowledged.load(std::sync::atomic::Ordering::SeqCst);
            let backed_up = company.back_up(&format!("2026-11-18T02:{minute:02}:00Z"));
            least.push((backed_up.path, before));
        }
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        least
    });
    let newest = acknowledged.into_inner();
    assert!(newest > 10, "only {newest} deliveries were made meanwhile");
    for (path, before) in least {
        let (again, _) = company.restore(&path, NOW).unwrap();
        let revisions: Vec<u64> =
            (1..=8).map(|bits| days(&again)[&(DeviceId::from_bits(bits), on)]).collect();
        assert!(revisions.iter().all(|one| *one == revisions[0]), "of one moment: {revisions:?}");
        assert!((before..=newest).contains(&revisions[0]), "{before} {revisions:?} {newest}");
        drop(again);
        fs::remove_dir_all(company.outside.path().join("restored")).unwrap();
    }
}
