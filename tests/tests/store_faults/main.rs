//! The real collector under real faults, while devices deliver: killed at any moment, short of descriptors and memory, its
//! directory turned read-only, its jobs and backups cut off. Always afterwards: every acknowledged state or a newer one
//! is stored, nothing that was not sent, recomputation gives what is published, and all files are right.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use elsewhere_collector::{
    installation::{Installation, utc_date},
    jobs,
    published::{PublishedWeek, WeekState},
    store::sqlite::backup,
    week::Week,
};
use elsewhere_tests::{
    clock,
    fleet::{Company, History, Story},
    lab::{pause, wait_for},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use self::{
    collector::{Collector, command, command_to_kill, words},
    load::Load,
};

mod collector;
mod load;

/// How often each thing is killed; the soak says more.
fn rounds() -> u64 {
    std::env::var("ELSEWHERE_STORE_KILL_ROUNDS").map_or(10, |rounds| rounds.parse().unwrap())
}

/// Waits until so many more acknowledgements came.
fn hear(load: &Load, more: u64) {
    let before = load.acknowledgements();
    wait_for("acknowledgements", || Ok((load.acknowledgements() >= before + more).then_some(()))).unwrap();
}

/// The night's work is done, and weeks that are not frozen are what their days give.
fn ensure_recomputation_agrees(installation: &Installation) {
    jobs::nightly(installation, clock::now()).unwrap();
    let store = installation.store();
    let weeks = store.published_weeks().unwrap();
    assert!(weeks.len() > 2);
    for (week, state) in weeks {
        let published = store.published(week).unwrap().unwrap().0;
        if state == WeekState::Running {
            let computed = jobs::rows(installation, week, state).unwrap();
            assert!(computed == published, "{week} is not what its days give");
        }
    }
}

/// Each round a backup is under way too, and may die with the rest.
#[test]
fn killed_at_random_moments_under_load_it_loses_nothing_that_was_acknowledged() {
    let mut moments = ChaCha8Rng::seed_from_u64(rounds());
    let dir = tempfile::tempdir().unwrap();
    let mut collector = Collector::begin(&dir.path().join("collector"), &[]);
    collector.start();
    let token = collector.token(12);
    let load = Load::start(0..12, &token, &dir.path().join("agents"), utc_date(clock::now()));
    let backups = dir.path().join("backups");
    for _ in 0..rounds() {
        hear(&load, 30);
        let to = ["backup", "--to", backups.to_str().unwrap()];
        let mut backing_up = quiet(&mut command_to_kill(&to, &collector.data)).spawn().unwrap();
        pause(Duration::from_millis(moments.random_range(0..400)));
        collector.kill();
        backing_up.kill().unwrap();
        backing_up.wait().unwrap();
        load.ensure_stored(&collector.installation());
        collector.start();
    }
    hear(&load, 30);
    let load = load.stop();
    collector.stop();
    load.ensure_stored(&collector.installation());
    ensure_recomputation_agrees(&collector.installation());
    collector.ensure_files_are_right();
    for backup in whole_backups(&backups) {
        let restored = dir.path().join("restored");
        backup::restore(&backup, None, &restored, clock::now(), &mut |_, _| ()).unwrap();
        fs::remove_dir_all(&restored).unwrap();
    }
}

fn whole_backups(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("elsewhere-")).collect()
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

/// A company of 20 customers and three weeks, played into a directory.
fn company(dir: &Path) -> Week {
    let until = Week::of(utc_date(clock::now())).plus(-1);
    let catalog = elsewhere_catalog::builtin();
    let company = Company::new(Story::made(20, 3, 1, catalog), catalog, until);
    let installation = Installation::create_or_open(dir).unwrap();
    History::begin(&company, &installation).unwrap().play(|_| ()).unwrap();
    until
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Lets a command run for a random part of the time that it took before, and kills it.
fn cut_off(command: &mut Command, whole: Duration, moments: &mut ChaCha8Rng) {
    let mut running = quiet(command).spawn().unwrap();
    pause(whole.mul_f64(moments.random_range(0.0..1.1)));
    running.kill().unwrap();
    running.wait().unwrap();
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = clock::now();
    let done = work();
    (done, clock::now().duration_since(begun).unsigned_abs())
}

fn published(installation: &Installation) -> Vec<PublishedWeek> {
    let store = installation.store();
    let weeks = store.published_weeks().unwrap().into_iter();
    weeks.map(|(week, _)| store.published(week).unwrap().unwrap().0).collect()
}

/// Backup, restore and freeze, each cut off at random moments and then done again.
#[test]
fn jobs_that_are_cut_off_at_any_step_are_done_by_the_next_run() {
    let mut moments = ChaCha8Rng::seed_from_u64(rounds());
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("collector");
    let last = company(&data).to_string();
    // Published anew from the days alone, so that there are several weeks to freeze.
    for file in ["rollup.db", "rollup.db-wal", "rollup.db-shm"] {
        fs::remove_file(data.join(file)).ok();
    }
    let empty = tempfile::tempdir().unwrap();
    drop(Installation::create_or_open(empty.path()).unwrap());
    fs::copy(empty.path().join("rollup.db"), data.join("rollup.db")).unwrap();

    let freeze = ["freeze", "--week", &last];
    let reference = dir.path().join("reference");
    copy(&data, &reference);
    let (frozen, freezing) = timed(|| command(&freeze, &reference));
    assert!(frozen.status.success(), "{}", words(&frozen));
    let expected = published(&Installation::open(&reference).unwrap());
    assert_eq!(expected.len(), 3);

    let backups = dir.path().join("backups");
    let to = ["backup", "--to", backups.to_str().unwrap()];
    let (made, backing_up) = timed(|| command(&to, &reference));
    assert!(made.status.success(), "{}", words(&made));
    let made = whole_backups(&backups).pop().unwrap();
    let from = ["restore", "--from", made.to_str().unwrap()];
    let restored = dir.path().join("restored");
    let (done, restoring) = timed(|| command(&from, &restored));
    assert!(done.status.success(), "{}", words(&done));

    for round in 0..rounds() {
        let again = dir.path().join(format!("again-{round}"));
        copy(&data, &again);
        cut_off(&mut command_to_kill(&freeze, &again), freezing, &mut moments);
        let frozen = command(&freeze, &again);
        assert!(frozen.status.success(), "{}", words(&frozen));
        assert_eq!(published(&Installation::open(&again).unwrap()), expected);
        let right = command(&["integrity"], &again);
        assert!(right.status.success(), "{}", words(&right));

        let elsewhere = dir.path().join("cut-off-backups");
        let to = ["backup", "--to", elsewhere.to_str().unwrap()];
        cut_off(&mut command_to_kill(&to, &again), backing_up, &mut moments);
        for backup in whole_backups(&elsewhere) {
            let restored = dir.path().join("restored-of-cut-off");
            backup::restore(&backup, None, &restored, clock::now(), &mut |_, _| ()).unwrap();
            fs::remove_dir_all(restored).unwrap();
        }
        let made = command(&to, &again);
        assert!(made.status.success(), "{}", words(&made));
        assert!(
            fs::read_dir(&elsewhere)
                .unwrap()
                .all(|entry| { !entry.unwrap().file_name().to_string_lossy().starts_with(".elsewhere-") })
        );
        fs::remove_dir_all(&elsewhere).unwrap();
        fs::remove_dir_all(&again).unwrap();

        fs::remove_dir_all(&restored).unwrap();
        cut_off(&mut command_to_kill(&from, &restored), restoring, &mut moments);
        // It is whole, or no collector takes it for one.
        if Installation::open(&restored).is_err() {
            fs::remove_dir_all(&restored).ok();
            let done = command(&from, &restored);
            assert!(done.status.success(), "{}", words(&done));
        }
        assert_eq!(published(&Installation::open(&restored).unwrap()), expected);
    }
}

/// 256 descriptors and 512 MB, three hundred connections that say nothing, and devices that still deliver all they have.
#[test]
fn few_descriptors_and_little_memory_are_enough() {
    let dir = tempfile::tempdir().unwrap();
    let limits = ["prlimit", "--nofile=256:256", "--data=512000000:512000000", "--"];
    let mut collector = Collector::begin(&dir.path().join("collector"), &limits);
    collector.start();
    let token = collector.token(60);
    let load = Load::start(0..60, &token, &dir.path().join("agents"), utc_date(clock::now()));
    hear(&load, 500);
    let silent: Vec<TcpStream> =
        (0..300).filter_map(|_| TcpStream::connect(collector.devices()).ok()).collect();
    assert_eq!(silent.len(), 300);
    assert!(collector.process().is_alive().unwrap());
    load.ensure_stored(&collector.installation());
    drop(silent);
    hear(&load, 500);
    let load = load.stop();
    let peak = collector.process().peak_memory_mb().unwrap();
    assert!(peak < 512.0, "{peak} MB");
    assert!(collector.process().is_alive().unwrap());
    collector.stop();
    load.ensure_stored(&collector.installation());
    ensure_recomputation_agrees(&collector.installation());
    collector.ensure_files_are_right();
}

/// The weeks' directory loses its write bit while the collector works as somebody else than root, and gets it back.
#[test]
fn a_directory_that_turned_read_only_takes_no_new_week_until_it_is_writable_again() {
    const NOBODY: u32 = 65_534;
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let data = dir.path().join("collector");
    let as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let mut collector = Collector::begin(&data, &as_nobody);
    if std::os::unix::fs::chown(&data, Some(NOBODY), Some(NOBODY)).is_err() {
        eprintln!("not run: giving a directory away needs root");
        return;
    }
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    collector.start();
    let token = collector.token(4);
    let today = utc_date(clock::now());
    let load = Load::start(0..4, &token, &dir.path().join("agents"), today);
    hear(&load, 50);
    let weeks = data.join("weeks");
    fs::set_permissions(&weeks, fs::Permissions::from_mode(0o500)).unwrap();
    // Other devices bring weeks that have no file yet; the first ones go on with theirs.
    let earlier = Week::of(today).plus(-6).sunday();
    let newcomers = collector.token(4);
    let new_weeks = Load::start(4..8, &newcomers, &dir.path().join("newcomers"), earlier);
    hear(&load, 50);
    wait_for("the collector to say that it can't", || {
        Ok(fs::read_to_string(collector.log())?.contains("the store failed").then_some(()))
    })
    .unwrap();
    assert_eq!(new_weeks.acknowledgements(), 0, "nothing is acknowledged that is not stored");
    assert!(collector.process().is_alive().unwrap());
    fs::set_permissions(&weeks, fs::Permissions::from_mode(0o700)).unwrap();
    hear(&new_weeks, 50);
    let (load, new_weeks) = (load.stop(), new_weeks.stop());
    collector.stop();
    load.ensure_stored(&collector.installation());
    new_weeks.ensure_stored(&collector.installation());
    collector.ensure_files_are_right();
}

/// An older program says what to do and touches nothing.
#[test]
fn the_server_refuses_a_newer_schema_with_its_remedy() {
    let dir = tempfile::tempdir().unwrap();
    drop(Installation::create_or_open(dir.path()).unwrap());
    let control = dir.path().join("control.db");
    // The schema's number stands at this place of the head.
    let mut bytes = fs::read(&control).unwrap();
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&control, &bytes).unwrap();
    for args in [&["serve"][..], &["integrity", "--set-aside", "2026-W46"], &["devices"]] {
        let refused = command(args, dir.path());
        assert_eq!(refused.status.code(), Some(1));
        let words = words(&refused);
        assert!(words.contains("control.db has schema 99, this program knows"), "{words}");
        assert!(words.contains("run the newer elsewhere-collector"), "{words}");
    }
    assert_eq!(fs::read(&control).unwrap(), bytes);
}
