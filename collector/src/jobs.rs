//! What a collector does by itself: roll up, freeze, tell signals, forget. Each job may be killed at any step and run again.
//!
//! A week is published in one transaction, so a job that died has published it whole or not at all. Weeks are frozen
//! in order. Freezing twice, or running any job twice, changes nothing. The time is passed in. A week whose device-days are
//! damaged is left out and said: it is neither published nor counted in the history of later ones, and all others go on.

use std::{collections::BTreeSet, num::NonZero, thread};

use anyhow::{Context, bail};
use jiff::{Timestamp, civil::Date};

use crate::{
    config::Config,
    device::DeviceState,
    floor::{self, Policy},
    installation::{Installation, utc_date},
    portfolio::{Landscape, Portfolio},
    published::{PublishedWeek, WeekState},
    rollup::{HISTORY_WEEKS, Tally},
    store::{Member, StoreError, Visitor, body::PackedDay},
    unknown_names,
    week::Week,
};

mod signals;

/// What became of a week that was to be frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freeze {
    /// It is frozen now.
    Done,
    /// It was frozen before; nothing changed.
    Already,
}

/// May a week be frozen before it has ended?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// No: it is refused.
    Refused,
    /// Yes, once and for all; the week says so ever after.
    Allowed,
}

/// What is done every night: freeze the weeks whose freeze time has come, publish the others anew, release signals, forget
/// what is due.
///
/// What is due is forgotten even if the figures can't be made. While the clock is in doubt, nothing is done.
pub fn nightly(installation: &Installation, now: Timestamp) -> anyhow::Result<()> {
    if !clock_is_believed(installation, now)? {
        return Ok(());
    }
    let published = publish_all(installation, now).and_then(|()| signals::release(installation, now));
    retire(installation, now)?;
    published
}

/// Notes that there is a night; false if the clock is in doubt, which is said once.
fn clock_is_believed(installation: &Installation, now: Timestamp) -> anyhow::Result<bool> {
    let store = installation.store();
    let before = store.nights()?;
    let nights = before.at(now);
    if nights != before {
        store.note_nights(nights)?;
    }
    let is_believed = nights.last == Some(now);
    if !is_believed && nights != before {
        tracing::warn!(
            last = before.last.map(|last| last.to_string()),
            "the clock is more than 8 days past the last night's work, which is put off to the next night; set the \
             clock before then if it is wrong, or weeks are frozen and forgotten too early; do nothing if it is right"
        );
    }
    Ok(is_believed)
}

fn publish_all(installation: &Installation, now: Timestamp) -> anyhow::Result<()> {
    let config = installation.config();
    let restored = installation.store().identity()?.restored;
    for week in unfrozen(installation)? {
        if freeze_time(config, week, restored) <= now {
            or_left_out(freeze(installation, week, Unfinished::Refused, now).map(drop))?;
        } else {
            or_left_out(publish(installation, week, WeekState::Running))?;
        }
    }
    Ok(())
}

/// When a week is frozen: at the first freeze time after its end, and after a restore, since devices first have to send what
/// the backup did not have. One that the lost collector may have released is then frozen coarse.
fn freeze_time(config: &Config, week: Week, restored: Option<Timestamp>) -> Timestamp {
    let own = config.freeze.after(week, &config.zone);
    let Some(restored) = restored else { return own };
    let last = Week::of(restored.to_zoned(config.zone.clone()).date());
    let times = [-1, 0].map(|weeks| config.freeze.after(last.plus(weeks), &config.zone));
    let first = times.into_iter().find(|time| *time > restored);
    first.map_or(own, |first| first.max(own))
}

/// Passes over a damaged week, and says so.
fn or_left_out(done: anyhow::Result<()>) -> anyhow::Result<()> {
    let Err(error) = done else { return Ok(()) };
    let Some(Unreadable { week, source }) = error.downcast_ref() else { return Err(error) };
    tracing::error!(
        %week,
        error = %source,
        "a damaged week is left out; `elsewhere-collector integrity` says what to do"
    );
    Ok(())
}

/// What is stored of a week is damaged.
#[derive(Debug, thiserror::Error)]
#[error("read week {week}; `elsewhere-collector integrity` says what to do")]
struct Unreadable {
    week: Week,
    #[source]
    source: StoreError,
}

/// Freezes a week, and before it the earlier ones that are not frozen yet.
///
/// Refuses a week without device-days, one that is damaged, and one that has not ended in the organisation's zone unless
/// that is allowed. A damaged earlier week holds up no later one.
pub fn freeze(
    installation: &Installation,
    week: Week,
    unfinished: Unfinished,
    now: Timestamp,
) -> anyhow::Result<Freeze> {
    let published = installation.store().published_weeks()?;
    if published.iter().any(|(known, state)| *known == week && matches!(state, WeekState::Frozen { .. })) {
        return Ok(Freeze::Already);
    }
    let before_its_end = !has_ended(installation, week, now);
    if before_its_end && unfinished == Unfinished::Refused {
        bail!("week {week} has not ended; wait for its end, or freeze it as it stands with --unfinished");
    }
    let due: Vec<Week> = unfrozen(installation)?.into_iter().filter(|due| *due <= week).collect();
    if due.last() != Some(&week) {
        bail!("there are no device-days of week {week}; choose one that devices have reported");
    }
    for due in due {
        let before_its_end = before_its_end && due == week;
        let published = publish(installation, due, WeekState::Frozen { frozen_at: now, before_its_end });
        if due == week { published } else { or_left_out(published) }?;
    }
    Ok(Freeze::Done)
}

/// Forgets the device-days of every week whose first day turns 91 days old, in backups too. Published rows stay.
pub fn retire(installation: &Installation, now: Timestamp) -> anyhow::Result<()> {
    let store = installation.store();
    for week in store.weeks()?.into_iter().filter(|week| week.expiry() <= utc_date(now)) {
        store.forget_week(week).with_context(|| format!("forget week {week}"))?;
    }
    for unreached in
        store.expire_backups(utc_date(now)).context("make expired weeks unreadable in backups")?
    {
        tracing::error!(
            directory = %unreached.directory.display(),
            problem = unreached.problem,
            "expired weeks may still be readable in backups; make their directory reachable, it is tried again every              night, or forget it with `elsewhere-collector backup --forget`"
        );
    }
    Ok(())
}

/// Weeks with device-days that are not frozen, oldest first.
fn unfrozen(installation: &Installation) -> anyhow::Result<Vec<Week>> {
    let mut weeks = installation.store().weeks()?;
    let published = installation.store().published_weeks()?;
    weeks.retain(|week| {
        !published.iter().any(|(known, state)| known == week && matches!(state, WeekState::Frozen { .. }))
    });
    Ok(weeks)
}

/// Whether a week is over in the organisation's zone.
pub fn has_ended(installation: &Installation, week: Week, now: Timestamp) -> bool {
    now.to_zoned(installation.config().zone.clone()).date() > week.sunday()
}

fn publish(installation: &Installation, week: Week, state: WeekState) -> anyhow::Result<()> {
    let published = rows(installation, week, state).with_context(|| format!("roll up week {week}"))?;
    installation.store().publish(&published, state).with_context(|| format!("publish week {week}"))?;
    Ok(())
}

/// What would be published now of a week in this state.
pub fn rows(installation: &Installation, week: Week, state: WeekState) -> anyhow::Result<PublishedWeek> {
    let computed = compute(installation, week)?;
    let is_coarse = state == WeekState::Running || may_be_released(installation, week)?;
    Ok(if is_coarse { floor::coarse(computed) } else { computed })
}

/// Whether another collector may have released a week that is not frozen here: this store was restored from a backup after
/// the week's freeze time. What was released is not in the backup and stays in people's mail, so that the same week in
/// all its figures again, with more days by now, would tell of single customers by the difference.
fn may_be_released(installation: &Installation, week: Week) -> anyhow::Result<bool> {
    let (config, restored) = (installation.config(), installation.store().identity()?.restored);
    Ok(restored.is_some_and(|restored| config.freeze.after(week, &config.zone) <= restored))
}

/// The published rows of a week as its device-days, and the names that have a service by now, give them. History that is
/// damaged is left out.
pub fn compute(installation: &Installation, week: Week) -> anyhow::Result<PublishedWeek> {
    without_damaged(Some(week), |damaged| compute_without(installation, week, damaged))
}

/// Makes something of several weeks, without those that are damaged. Only the one that it is about must not be.
fn without_damaged<T>(
    about: Option<Week>,
    make: impl Fn(&BTreeSet<Week>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut damaged = BTreeSet::new();
    loop {
        // What was damaged half-way has been counted in part, so it is begun anew without that week.
        match make(&damaged) {
            Err(error) => match error.downcast_ref() {
                Some(Unreadable { week, source }) if Some(*week) != about => {
                    let about = about.map_or_else(|| "signals".to_owned(), |week| week.to_string());
                    tracing::error!(%about, %week, error = %source, "a damaged week is not counted");
                    damaged.insert(*week);
                }
                _ => return Err(error),
            },
            made => return made,
        }
    }
}

fn compute_without(
    installation: &Installation,
    week: Week,
    damaged: &BTreeSet<Week>,
) -> anyhow::Result<PublishedWeek> {
    let portfolio = installation.portfolio()?;
    let policy = policy(installation, &portfolio);
    let landscape = landscape(&portfolio, week);
    let named = unknown_names::named(installation.store().as_ref(), &portfolio)?;
    let mut tally = Tally::new(week, named);
    let weeks = (-HISTORY_WEEKS..=0).map(|weeks| week.plus(weeks)).filter(|week| !damaged.contains(week));
    let weeks = weeks.map(|week| (week, self::landscape(&portfolio, week)));
    count(installation, &mut tally, week.sunday(), weeks)?;
    let rollup = tally.finish(&landscape, policy.minimum_group);
    if rollup.rows_not_in_catalog > 0 {
        tracing::warn!(
            rows = rollup.rows_not_in_catalog,
            "usage of services that this catalog does not have"
        );
    }
    Ok(floor::publish(&rollup, &landscape, &policy))
}

/// Counts the devices enrolled by `last_day`, and these weeks' device-days, on all cores.
fn count(
    installation: &Installation,
    tally: &mut Tally,
    last_day: Date,
    weeks: impl Iterator<Item = (Week, Landscape)>,
) -> anyhow::Result<()> {
    for device in installation.store().devices()? {
        if device.state == DeviceState::Active && device.enrolled <= last_day {
            tally.enrolled(device.id, &device.groups.segments);
        }
    }
    let mut tallies: Vec<Tally> = (0..threads()).map(|_| tally.another()).collect();
    for (week, landscape) in weeks {
        add_week(&mut tallies, installation, week, |tally, member, day| {
            tally.add_packed(&landscape, member, day);
        })?;
    }
    for counted in tallies {
        tally.join(counted);
    }
    Ok(())
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Counts a week, a part of its devices in each tally.
fn add_week<T: Send>(
    tallies: &mut [T],
    installation: &Installation,
    week: Week,
    add: impl Fn(&mut T, &Member, &PackedDay<'_>) + Sync,
) -> anyhow::Result<()> {
    let add = &add;
    let visitor = |tally| -> Visitor<'_> {
        let tally: &mut T = tally;
        Box::new(move |member, day| add(tally, member, day))
    };
    let mut visitors: Vec<Visitor<'_>> = tallies.iter_mut().map(visitor).collect();
    match installation.store().visit_week(week, &mut visitors) {
        Err(source @ StoreError::Damaged { .. }) => Err(Unreadable { week, source }.into()),
        visited => Ok(visited?),
    }
}

fn policy(installation: &Installation, portfolio: &Portfolio) -> Policy {
    Policy {
        minimum_group: installation.config().minimum_group,
        main_dimension: portfolio.main_dimension.clone(),
    }
}

fn landscape(portfolio: &Portfolio, week: Week) -> Landscape {
    portfolio.landscape(elsewhere_catalog::builtin(), week)
}

#[cfg(test)]
pub(crate) mod tests;
