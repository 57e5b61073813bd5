//! `integrity`: whether everything that is stored is what was written, and what to do where it is not.

use std::{fmt::Write, path::Path};

use anyhow::{anyhow, bail};

use super::progress::Progress;
use crate::{
    clock,
    commands::{DataArgs, megabytes, print},
    installation::{Installation, utc_date},
    jobs,
    published::WeekState,
    store::{
        StoreError,
        sqlite::{
            SqliteStore,
            integrity::{self, Checked, Problem, Subject},
        },
    },
    week::Week,
};

/// Look at all that is stored, and say of each file whether it is right and what to do if not. May run beside the server and
/// changes nothing. Exit code 1 if something is wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  elsewhere-collector integrity\n  \
                        elsewhere-collector integrity --set-aside 2026-W45")]
pub struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Put the file of a damaged week aside, where it stays until the week expires; devices then send the days that they
    /// keep again. The server must be stopped.
    #[arg(long, value_name = "WEEK")]
    set_aside: Option<Week>,
}

/// Looks, or puts aside.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let dir = &args.data.data;
    if !dir.is_dir() {
        bail!("there is no directory {}; name a collector's with --data", dir.display());
    }
    match args.set_aside {
        Some(week) => set_aside(dir, week),
        None => look(dir),
    }
}

fn look(dir: &Path) -> anyhow::Result<()> {
    let total = integrity::size(dir)?;
    let mut progress = Progress::begin("looked at");
    let checked = integrity::check(dir, utc_date(clock::now()), &mut |bytes| progress.moved(bytes, total))?;
    drop(progress);
    let wrong = checked.iter().filter(|one| one.problem.is_some()).count();
    print(&table(&checked))?;
    if wrong > 0 {
        bail!("{wrong} of {} are not as they should be", checked.len());
    }
    recompute(dir)
}

/// Weeks that are not frozen are what their device-days give, or will be after the next night.
fn recompute(dir: &Path) -> anyhow::Result<()> {
    let installation = Installation::open(dir)?;
    for (week, state) in installation.store().published_weeks()? {
        let Some((published, WeekState::Running)) = installation.store().published(week)? else { continue };
        if state == WeekState::Running && jobs::rows(&installation, week, state)? != published {
            print(&format!(
                "week {week} is not frozen, and has changed since it was published; the next night publishes it anew\n"
            ))?;
        }
    }
    Ok(())
}

fn set_aside(dir: &Path, week: Week) -> anyhow::Result<()> {
    let _lock = Installation::open(dir)?.lock()?;
    match integrity::week(dir, week) {
        Ok(()) => bail!("week {week} is as it should be; nothing was set aside"),
        Err(StoreError::Damaged { .. }) => {}
        Err(error) => return Err(anyhow!(error).context(format!("look at week {week}"))),
    }
    SqliteStore::create_or_open(dir)?.set_aside(week)?;
    println!("week {week} is set aside; devices send the days that they keep again once the collector runs");
    Ok(())
}

fn table(checked: &[Checked]) -> String {
    let names: Vec<String> = checked.iter().map(|one| name_of(&one.what)).collect();
    let width = names.iter().map(String::len).max().unwrap_or_default();
    let mut table = String::new();
    for (one, name) in checked.iter().zip(names) {
        let size = if matches!(one.what, Subject::Keys(_)) { String::new() } else { megabytes(one.bytes) };
        let state = one.problem.as_ref().map_or("ok".to_owned(), words_for);
        writeln!(table, "{name:width$}  {size:>10}  {state}").expect("a string grows");
        if let Some(problem) = &one.problem {
            writeln!(table, "  {}", remedy(&one.what, problem)).expect("a string grows");
        }
    }
    table
}

fn name_of(what: &Subject) -> String {
    match what {
        Subject::Control => "control.db".to_owned(),
        Subject::Rollup => "rollup.db".to_owned(),
        Subject::Week(week) => format!("weeks/{week}.db"),
        Subject::Keys(directory) => format!("backups in {}", directory.display()),
    }
}

fn words_for(problem: &Problem) -> String {
    match problem {
        Problem::Damaged(problem) => format!("damaged: {problem}"),
        Problem::NotRead(problem) => format!("not looked at: {problem}"),
        Problem::Unreached(problem) => format!("expired weeks may be readable there: {problem}"),
    }
}

fn remedy(what: &Subject, problem: &Problem) -> String {
    match (what, problem) {
        (Subject::Week(week), Problem::Damaged(_)) => format!(
            "stop the server; elsewhere-collector integrity --set-aside {week}; start it: devices send their days again"
        ),
        (_, Problem::Damaged(_)) => {
            "stop the server; elsewhere-collector restore --from BACKUP --data NEWDIR; serve NEWDIR"
                .to_owned()
        }
        (_, Problem::NotRead(_)) => "make it readable for this program, and run this again".to_owned(),
        (Subject::Keys(directory), Problem::Unreached(_)) => format!(
            "mount it: it is tried again every night; or, if it is gone for good: elsewhere-collector backup --forget {}",
            directory.display()
        ),
        (_, Problem::Unreached(_)) => "mount it: it is tried again every night".to_owned(),
    }
}
