//! Looks at everything that is stored and says what is wrong with it. Works beside a running server, and changes nothing but
//! an older schema, which it brings up first.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::{Span, civil::Date};

use super::{
    backup,
    control::{self, week_keys},
    file::{self, File, Thoroughness},
    published, weeks,
};
use crate::{
    store::{Member, StoreError, UnreachedBackups, body::PackedDay},
    week::Week,
    wire::days_of,
};

/// One file, or the keys beside backups, looked at.
#[derive(Debug)]
pub struct Checked {
    /// What was looked at.
    pub what: Subject,
    /// Its size.
    pub bytes: u64,
    /// What is wrong with it.
    pub problem: Option<Problem>,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The control file.
    Control,
    /// The file of published weeks.
    Rollup,
    /// The device-days of a week.
    Week(Week),
    /// The keys beside backups.
    Keys(PathBuf),
}

/// What is wrong.
#[derive(Debug)]
pub enum Problem {
    /// It is not what was written.
    Damaged(String),
    /// It can't be looked at, or the program is too old for it.
    NotRead(String),
    /// Keys of expired weeks may stand there.
    Unreached(String),
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged { problem, .. } => Self::Damaged(problem),
            other => {
                let cause = std::error::Error::source(&other).map(|cause| format!(": {cause}"));
                Self::NotRead(format!("{other}{}", cause.unwrap_or_default()))
            }
        }
    }
}

/// How many bytes there are to look at.
pub fn size(dir: &Path) -> Result<u64, StoreError> {
    let weeks = weeks::list(&weeks_of(dir))?.into_iter().map(Subject::Week);
    Ok([Subject::Control, Subject::Rollup].into_iter().chain(weeks).map(|what| bytes_of(dir, &what)).sum())
}

/// Looks at every file of a data directory. `moved` hears of bytes as they have been looked at.
pub fn check(dir: &Path, today: Date, moved: &mut dyn FnMut(u64)) -> Result<Vec<Checked>, StoreError> {
    let mut checked = Vec::new();
    let mut look = |what: Subject, look: &mut dyn FnMut() -> Result<(), StoreError>| {
        let bytes = bytes_of(dir, &what);
        let problem = look().err().map(Problem::from);
        moved(bytes);
        checked.push(Checked { what, bytes, problem });
    };
    let mut known = Vec::new();
    let mut unreached = Vec::new();
    look(Subject::Control, &mut || {
        (known, unreached) = control(dir, today)?;
        Ok(())
    });
    look(Subject::Rollup, &mut || rollup(dir));
    known.extend(weeks::list(&weeks_of(dir))?);
    known.sort_unstable();
    known.dedup();
    for of in known {
        look(Subject::Week(of), &mut || week(dir, of));
    }
    let keys = unreached.into_iter().map(|UnreachedBackups { directory, problem }| Checked {
        what: Subject::Keys(directory),
        bytes: 0,
        problem: Some(Problem::Unreached(problem)),
    });
    checked.extend(keys);
    Ok(checked)
}

/// Looks at one week.
pub fn week(dir: &Path, week: Week) -> Result<(), StoreError> {
    let dir = weeks_of(dir);
    weeks::ensure_there(&dir, week)?;
    let kind = &weeks::FILE;
    let database = sound(&weeks::path_of(&dir, week), kind)?;
    let (first, after) = (days_of(week.monday()), days_of(week.sunday().saturating_add(Span::new().days(1))));
    let strange: bool = database
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM device_days WHERE day < ?1 OR day >= ?2)",
            (first, after),
            |row| row.get(0),
        )
        .map_err(kind.error("look for days of another week"))?;
    if strange {
        return Err(kind.damaged(&"it has days of another week"));
    }
    // Every row is held against its checksum on the way, and every body is read.
    let mut unread = None;
    let read = |_: &Member, day: &PackedDay<'_>| {
        unread = day.unpack().err().map(|error| kind.damaged(&format!("a body: {error}"))).or(unread.take());
    };
    weeks::visit(&dir, week, &mut [Box::new(read)])?;
    unread.map_or(Ok(()), Err)
}

fn weeks_of(dir: &Path) -> PathBuf {
    dir.join("weeks")
}

fn bytes_of(dir: &Path, what: &Subject) -> u64 {
    let path = match what {
        Subject::Control => dir.join("control.db"),
        Subject::Rollup => dir.join("rollup.db"),
        Subject::Week(week) => weeks::path_of(&weeks_of(dir), *week),
        Subject::Keys(directory) => directory.clone(),
    };
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Brings a file's schema up; a lost file is not made anew.
fn brought_up(path: PathBuf, kind: &'static File) -> Result<PathBuf, StoreError> {
    if !super::is_there(&path) {
        return Err(kind.damaged(&super::LOST));
    }
    file::open(&path, kind)?;
    Ok(path)
}

fn sound(path: &Path, kind: &'static File) -> Result<rusqlite::Connection, StoreError> {
    let database = file::open_to_read(path, kind)?;
    file::check(&database, kind, Thoroughness::Everything)?;
    Ok(database)
}

/// Gives the weeks whose files were made, and the backups that were not reached.
fn control(dir: &Path, today: Date) -> Result<(Vec<Week>, Vec<UnreachedBackups>), StoreError> {
    let control = sound(&brought_up(dir.join("control.db"), &control::FILE)?, &control::FILE)?;
    control::identity(&control)?;
    control::devices::all(&control)?;
    control::tokens::all(&control)?;
    control::unknown_names::revealed(&control)?;
    Ok((week_keys::made(&control)?, backup::look(&control, today)?))
}

fn rollup(dir: &Path) -> Result<(), StoreError> {
    let rollup = sound(&brought_up(dir.join("rollup.db"), &published::FILE)?, &published::FILE)?;
    for (week, _) in published::weeks(&rollup)? {
        published::read(&rollup, week)?;
    }
    published::signals::all(&rollup)?;
    published::signals::judged_until(&rollup)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        jobs::{
            self,
            tests::{at, page_bytes, story},
        },
        published::Signal,
        store::sqlite::SqliteStore,
    };

    const TODAY: Date = date(2026, 11, 18);

    fn problems(dir: &tempfile::TempDir) -> Vec<String> {
        let checked = check(dir.path(), TODAY, &mut |_| ()).unwrap();
        let wrong = checked.into_iter().filter_map(|one| Some((one.what, one.problem?)));
        wrong.map(|(what, problem)| format!("{what:?} {problem:?}")).collect()
    }

    /// A store with three weeks, closed.
    fn stored() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let installation = story(&dir, &["2026-W44", "2026-W45", "2026-W46"]);
        jobs::nightly(&installation, at("2026-11-10T02:00:00Z")).unwrap();
        let signal = Signal {
            segment: None,
            need: "send-once".into(),
            service: "wetransfer".into(),
            released: TODAY,
            minimum_group: 5,
        };
        installation.store().release_signals(date(2026, 11, 10), &[signal]).unwrap();
        dir
    }

    fn change(dir: &tempfile::TempDir, file: &str, statement: &str) {
        let database = rusqlite::Connection::open(dir.path().join(file)).unwrap();
        database.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        database.execute_batch(statement).unwrap();
    }

    #[test]
    fn what_is_sound_is_found_so_beside_a_server_too() {
        let dir = stored();
        assert_eq!(problems(&dir), [] as [&str; 0]);
        let _server = SqliteStore::create_or_open(dir.path()).unwrap();
        assert_eq!(problems(&dir), [] as [&str; 0]);
        let mut bytes = 0;
        check(dir.path(), TODAY, &mut |more| bytes += more).unwrap();
        assert_eq!(bytes, size(dir.path()).unwrap());
    }

    /// A statement that spoils a file, and what is said of it.
    const CASES: [(&str, &str, &str); 14] = [
        (
            "weeks/2026-W45.db",
            "UPDATE device_days SET body = x'01ff' WHERE device = 3",
            "not what was written",
        ),
        ("weeks/2026-W45.db", "UPDATE device_days SET body = x'01ff', checksum = NULL", "a body"),
        ("weeks/2026-W45.db", "DELETE FROM members WHERE device = 3", "a device-day of nobody"),
        (
            "weeks/2026-W45.db",
            "UPDATE members SET segments = 'department:Sales' WHERE device = 3",
            "not what was written",
        ),
        (
            "weeks/2026-W45.db",
            "UPDATE members SET enrolled = enrolled - 64 WHERE device = 3",
            "not what was written",
        ),
        ("weeks/2026-W45.db", "UPDATE members SET segments = 'no segment'", "not what was written"),
        ("weeks/2026-W45.db", "UPDATE members SET segments = 'no segment', checksum = NULL", "segment"),
        (
            "weeks/2026-W45.db",
            "UPDATE device_days SET day = day + 7 WHERE device = 3",
            "days of another week",
        ),
        ("weeks/2026-W45.db", "DROP TABLE members", "no such table"),
        ("rollup.db", "UPDATE published_needs SET customers = customers + 5", "is not what was released"),
        ("rollup.db", "UPDATE signals SET released = 'soon'", "Conversion error"),
        ("rollup.db", "UPDATE signals_judged SET last_day = 'never'", "Conversion error"),
        ("control.db", "DELETE FROM installation", "the store has no name"),
        ("control.db", "UPDATE devices SET segments = 'no segment' WHERE id = 3", "segment"),
    ];

    #[test]
    fn every_kind_of_damage_is_named_and_the_rest_is_sound() {
        for (file, statement, words) in CASES {
            let dir = stored();
            change(&dir, file, statement);
            let problems = problems(&dir);
            assert!(problems.len() == 1 && problems[0].contains(words), "{statement}: {problems:?}");
            assert!(problems[0].contains("Damaged"), "{problems:?}");
        }
    }

    #[test]
    fn every_flipped_byte_of_a_head_a_lost_and_a_cut_file_are_noticed() {
        let dir = stored();
        let path = dir.path().join("weeks/2026-W45.db");
        let whole = fs::read(&path).unwrap();
        // The magic, and the kinds of the pages.
        let page = page_bytes(&whole);
        for at in [0, 7, 100, page, 2 * page] {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            fs::write(&path, bytes).unwrap();
            assert_eq!(problems(&dir).len(), 1, "byte {at}");
        }
        for length in [0, 1, 100, page, whole.len() - page, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(problems(&dir).len(), 1, "cut off at {length}");
        }
        fs::remove_file(&path).unwrap();
        let lost = problems(&dir);
        assert!(lost.len() == 1 && lost[0].contains("it is missing"), "{lost:?}");
    }
}
