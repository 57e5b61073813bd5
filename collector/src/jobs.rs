//! What a collector does by itself: roll up, freeze, forget. Each job may be killed at any step and run again.
//!
//! A week is published in one transaction, so a job that died has published it whole or not at all. Weeks are frozen
//! in order. Freezing twice, or running any job twice, changes nothing. The time is passed in.

use std::{num::NonZero, thread};

use anyhow::{Context, bail};
use jiff::Timestamp;

use crate::{
    device::DeviceState,
    floor::{self, Policy},
    installation::{Installation, utc_date},
    portfolio::{Landscape, Portfolio},
    published::{PublishedWeek, WeekState},
    rollup::{HISTORY_WEEKS, Tally},
    store::Visitor,
    unknown_names,
    week::Week,
};

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

/// What is done every night: freeze the weeks whose freeze time has come, publish the others anew, forget what is due.
///
/// What is due is forgotten even if the figures can't be made.
pub fn nightly(installation: &Installation, now: Timestamp) -> anyhow::Result<()> {
    let published = publish_all(installation, now);
    retire(installation, now)?;
    published
}

fn publish_all(installation: &Installation, now: Timestamp) -> anyhow::Result<()> {
    let config = installation.config();
    for week in unfrozen(installation)? {
        if config.freeze.after(week, &config.zone) <= now {
            freeze(installation, week, Unfinished::Refused, now)?;
        } else {
            publish(installation, week, WeekState::Running)?;
        }
    }
    Ok(())
}

/// Freezes a week, and before it the earlier ones that are not frozen yet.
///
/// Refuses a week without device-days, and one that has not ended in the organisation's zone unless that is allowed.
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
        publish(installation, due, WeekState::Frozen { frozen_at: now, before_its_end })?;
    }
    Ok(Freeze::Done)
}

/// Forgets the device-days of every week whose first day turns 91 days old. Published rows stay.
pub fn retire(installation: &Installation, now: Timestamp) -> anyhow::Result<()> {
    let store = installation.store();
    for week in store.weeks()?.into_iter().filter(|week| week.expiry() <= utc_date(now)) {
        store.forget_week(week).with_context(|| format!("forget week {week}"))?;
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
    let published = compute(installation, week).with_context(|| format!("roll up week {week}"))?;
    let published = if state == WeekState::Running { floor::coarse(published) } else { published };
    installation.store().publish(&published, state).with_context(|| format!("publish week {week}"))?;
    Ok(())
}

/// The published rows of a week as its device-days, and the names that have a service by now, give them.
pub fn compute(installation: &Installation, week: Week) -> anyhow::Result<PublishedWeek> {
    let portfolio = installation.portfolio()?;
    let policy = Policy {
        minimum_group: installation.config().minimum_group,
        main_dimension: portfolio.main_dimension.clone(),
    };
    let landscape = landscape(&portfolio, week);
    let named = unknown_names::named(installation.store().as_ref(), &portfolio)?;
    let mut tally = Tally::new(week, named);
    for device in installation.store().devices()? {
        if device.state == DeviceState::Active && device.enrolled <= week.sunday() {
            tally.enrolled(device.id, &device.groups.segments);
        }
    }
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut tallies: Vec<Tally> = (0..threads).map(|_| tally.another()).collect();
    for earlier in (-HISTORY_WEEKS..0).map(|weeks| week.plus(weeks)) {
        add_week(&mut tallies, installation, &self::landscape(&portfolio, earlier), earlier)?;
    }
    add_week(&mut tallies, installation, &landscape, week)?;
    for counted in tallies {
        tally.join(counted);
    }
    let rollup = tally.finish(&landscape, policy.minimum_group);
    if rollup.rows_not_in_catalog > 0 {
        tracing::warn!(
            rows = rollup.rows_not_in_catalog,
            "usage of services that this catalog does not have"
        );
    }
    Ok(floor::publish(&rollup, &landscape, &policy))
}

/// Counts a week, a part of its devices in each tally.
fn add_week(
    tallies: &mut [Tally],
    installation: &Installation,
    landscape: &Landscape,
    week: Week,
) -> anyhow::Result<()> {
    let visitor = |tally| -> Visitor<'_> {
        let tally: &mut Tally = tally;
        Box::new(|member, day| {
            tally.add_packed(landscape, member, day);
        })
    };
    let mut visitors: Vec<Visitor<'_>> = tallies.iter_mut().map(visitor).collect();
    installation.store().visit_week(week, &mut visitors)?;
    Ok(())
}

fn landscape(portfolio: &Portfolio, week: Week) -> Landscape {
    portfolio.landscape(elsewhere_catalog::builtin(), week)
}

#[cfg(test)]
pub(crate) mod tests;
