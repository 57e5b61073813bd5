//! The running agent, in order: open capture, give up rights, take up today's counting, watch, keep, visit.
//!
//! Two threads: `watch` owns capture and the stages by value; `keeper` owns the spool, the state and the visits. Days go
//! from one to the other as absolute state over a short queue; where it is full, the next report says the same and more.

mod delivery;
mod keeper;
mod watch;

use std::{path::PathBuf, sync::mpsc as orders, thread};

use anyhow::Context;
use tokio::sync::mpsc;

pub use self::delivery::sender;
use self::{
    keeper::Keeper,
    watch::{Order, Source, Watch},
};
use crate::{
    clock,
    config::Config,
    disk,
    pipeline::Pipeline,
    rights,
    spool::Spool,
    state::{Gap, State},
    summarize::{Day, Degraded},
};

/// Reports that wait to be kept. Two: one being written, one behind it.
const QUEUE: usize = 2;

/// What to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// The interfaces of the settings.
    Interfaces,
    /// A capture file, whose days replace what was kept of them.
    File {
        /// The file.
        path: PathBuf,
        /// End when all of it is delivered, or kept where there is nobody to deliver to.
        once: bool,
    },
}

/// Runs until a signal, or with `once` until all is delivered.
pub fn run(config: Config, watched: &Watched) -> anyhow::Result<()> {
    let source = match watched {
        Watched::Interfaces => Source::live(&config.interfaces)?,
        Watched::File { path, .. } => Source::file(path)?,
    };
    disk::create_directory(&config.data).with_context(|| format!("make {}", config.data.display()))?;
    let data = config.data.display();
    let _alone = disk::lock(&config.data).with_context(|| format!("lock {data}"))?.with_context(|| {
        format!("another agent runs with {data}; stop it, or give this one its own: --data DIR")
    })?;
    rights::keep_capture_only(&config.data).context("give up rights")?;

    let now = clock::now();
    let mut spool = Spool::open(&config.data)?;
    if spool.shelf().damaged() > 0 {
        tracing::warn!(records = spool.shelf().damaged(), "damaged records found; their days begin anew");
    }
    let pipeline = Pipeline::new(elsewhere_catalog::builtin(), config.zone());
    if *watched == Watched::Interfaces {
        let last_run = State::load(&config.data);
        if let Some(gap) = last_run.and_then(|state| state.gap_until(now, clock::up_since())) {
            note_gap(&mut spool, gap, &config)?;
        }
    }
    let (order, ordered) = orders::channel();
    let keeper = Keeper::new(config, spool, order, source.described(), now);
    keeper.announce()?;
    serve(keeper, source, pipeline, ordered, watched)
}

fn serve(
    keeper: Keeper,
    source: Source,
    pipeline: Pipeline,
    ordered: orders::Receiver<Order>,
    watched: &Watched,
) -> anyhow::Result<()> {
    let (reports, reported) = mpsc::channel(QUEUE);
    let mut watch = Watch::new(pipeline, keeper.zone(), keeper.shelf(), reports, ordered);
    if let Some(welcome) = keeper.welcome() {
        watch.hear(welcome);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let watching = thread::Builder::new().name("watch".into()).spawn(move || watch.run(source))?;
    let (is_live, once) = match watched {
        Watched::Interfaces => (true, false),
        Watched::File { once, .. } => (false, *once),
    };
    let kept = runtime.block_on(keeper.keep(reported, is_live, once));
    let watched = watching.join().map_err(|_| anyhow::anyhow!("the watching thread panicked"))?;
    kept.and(watched)
}

/// Says on each day how long the agent was not there, and on the last one that it was killed.
fn note_gap(spool: &mut Spool<Day>, gap: Gap, config: &Config) -> anyhow::Result<()> {
    let days = gap.seconds_by_day(&config.zone());
    let last = days.last().map(|(date, _)| *date);
    for (date, seconds) in days {
        let kept = spool.shelf().record(date)?;
        let mut day = kept.map_or_else(|| Day::new(date), |record| record.state);
        day.down_seconds = day.down_seconds.saturating_add(seconds);
        if gap.killed && last == Some(date) {
            day.degrade(Degraded::Killed);
        }
        spool.write(date, day)?;
    }
    tracing::info!(killed = gap.killed, "the agent was down");
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::config::Flags;

    #[test]
    fn a_killed_agent_says_so_on_the_days_it_missed() {
        let data = tempfile::tempdir().unwrap();
        let flags = Flags { data: Some(data.path().to_owned()), config: None };
        let config = Config { zone: Some(TimeZone::UTC), ..Config::load(&flags).unwrap() };
        let mut spool = Spool::open(data.path()).unwrap();
        let mut friday = Day::new("2026-11-13".parse().unwrap());
        friday.down_seconds = 5;
        spool.write(friday.date, friday.clone()).unwrap();

        let state = State {
            version: String::new(),
            catalog_version: String::new(),
            started: "2026-11-13T08:00:00Z".parse().unwrap(),
            alive: "2026-11-13T23:59:00Z".parse().unwrap(),
            stopped: false,
            watching: String::new(),
            missed: crate::state::Missed::default(),
            last_visit: None,
            next_visit: None,
            problem: None,
            spool_failing: false,
        };
        let gap = state.gap_until("2026-11-14T00:00:10Z".parse().unwrap(), None).unwrap();
        note_gap(&mut spool, gap, &config).unwrap();

        let days: Vec<Day> = spool.shelf().records().map(|record| record.unwrap().state).collect();
        let told: Vec<(u32, &[Degraded])> =
            days.iter().map(|day| (day.down_seconds, &day.degraded[..])).collect();
        assert_eq!(told, [(65, &[][..]), (10, &[Degraded::Killed][..])]);
    }
}
