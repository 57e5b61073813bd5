//! The night's signals: judged once a day, over the seven days that ended yesterday in the organisation's zone.
//!
//! Once a day, so that a start or a freeze at noon does not tell what was delivered since the night. What devices tell late
//! counts in the nights after, as long as these hold the day. Nights on which nothing ran are not made up for: the next
//! one's seven days hold theirs, unless there were more than six of them.
//!
//! Read are the 84 days of [`ArrivalTally`], dates only; where nothing in them surprises, which is so in nearly every night,
//! that is all. Else the seven days are counted as a week is, all of them judged by what was decided by yesterday's week,
//! without history: a device of a group's token counts there once it told of five days of the weeks in which the seven lie,
//! which is later than in the week's figures, never earlier. A damaged week gives no days, and fewer signals.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use jiff::{Span, Timestamp, civil::Date};

use super::{add_week, count, landscape, policy, threads, without_damaged};
use crate::{
    floor,
    installation::Installation,
    portfolio::Landscape,
    published::Signal,
    rollup::{ArrivalTally, Arrivals, Tally, first_arrival_day, surprising},
    unknown_names,
    week::Week,
};

/// Releases what there is to be told. A second time on the same day it does nothing.
pub(super) fn release(installation: &Installation, now: Timestamp) -> anyhow::Result<()> {
    let today = now.to_zoned(installation.config().zone.clone()).date();
    let yesterday = today.saturating_sub(Span::new().days(1));
    let store = installation.store();
    if store.signals_judged_until()? == Some(yesterday) {
        return Ok(());
    }
    let signals = without_damaged(None, |damaged| judge(installation, yesterday, today, damaged));
    let signals = signals.with_context(|| format!("judge the signals of the days until {yesterday}"))?;
    store.release_signals(yesterday, &signals).context("release signals")?;
    Ok(())
}

fn judge(
    installation: &Installation,
    last_day: Date,
    released: Date,
    damaged: &BTreeSet<Week>,
) -> anyhow::Result<Vec<Signal>> {
    let portfolio = installation.portfolio()?;
    let policy = policy(installation, &portfolio);
    let last_week = Week::of(last_day);
    let landscape = landscape(&portfolio, last_week);
    let named = unknown_names::named(installation.store().as_ref(), &portfolio)?;
    let arrivals = ArrivalTally::until(last_day, named.clone(), &policy.main_dimension);
    let arrivals = count_arrivals(installation, arrivals, &landscape, last_day, damaged)?;
    let surprising = surprising(&arrivals, floor::fewest_to_tell(&policy));
    if surprising.values().all(BTreeMap::is_empty) {
        return Ok(Vec::new());
    }
    let mut tally = Tally::until(last_day, named);
    let first_week = Week::of(last_day.saturating_sub(Span::new().days(6)));
    let weeks: BTreeSet<Week> =
        [first_week, last_week].into_iter().filter(|it| !damaged.contains(it)).collect();
    count(installation, &mut tally, last_day, weeks.into_iter().map(|week| (week, landscape.clone())))?;
    let rollup = tally.finish(&landscape, policy.minimum_group);
    Ok(floor::signals(&rollup, &landscape, &policy, &surprising, released))
}

fn count_arrivals(
    installation: &Installation,
    mut tally: ArrivalTally,
    landscape: &Landscape,
    last_day: Date,
    damaged: &BTreeSet<Week>,
) -> anyhow::Result<Arrivals> {
    let mut tallies: Vec<ArrivalTally> = (0..threads()).map(|_| tally.another()).collect();
    let (first, last) = (Week::of(first_arrival_day(last_day)), Week::of(last_day));
    let weeks = std::iter::successors(Some(first), |week| Some(week.plus(1)));
    for week in weeks.take_while(|week| *week <= last).filter(|week| !damaged.contains(week)) {
        add_week(&mut tallies, installation, week, |tally, member, day| {
            tally.add_packed(landscape, member, day);
        })?;
    }
    for counted in tallies {
        tally.join(counted);
    }
    Ok(tally.finish(landscape))
}

#[cfg(test)]
mod tests;
