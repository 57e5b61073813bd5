//! What a running collector does by itself, and when: the nightly work, and the freeze as soon as it is due.
//!
//! Due times are compared with the clock every ten seconds, so a laptop's sleep, a clock stepped either way or an edited
//! portfolio is noticed within them. Each piece of work may be cut off at any step and is taken up by the next one.

use std::time::Duration;

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};
use tokio::sync::watch;

use crate::{config::Config, ingest::Desk, installation::Installation, jobs, unknown_names, week::Week};

/// When the night's work begins, in the organisation's zone: after the late shift, before the early one.
const NIGHT: Time = Time::constant(2, 30, 0, 0);
const LOOK: Duration = Duration::from_secs(10);
/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_mins(10);

/// Works until the server stops. What was due while nothing ran is done at once.
pub(super) async fn run(
    installation: Installation,
    desk: Desk,
    clock: fn() -> Timestamp,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let mut due = Timestamp::MIN;
    loop {
        desk.refresh_offer().await;
        let now = clock();
        due = still_due(installation.config(), due, now);
        if now >= due {
            let worked = work(installation.clone(), now).await;
            due = if worked {
                next(installation.config(), now)
            } else {
                now.saturating_add(AGAIN).unwrap_or(now)
            };
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = super::stopping(&mut stopped) => return Ok(()),
        }
    }
}

/// Does all that is due; false if something failed.
async fn work(installation: Installation, now: Timestamp) -> bool {
    let worked = tokio::task::spawn_blocking(move || {
        jobs::nightly(&installation, now)?;
        let week = Week::of(crate::installation::utc_date(now));
        let (store, config) = (installation.store().as_ref(), installation.config());
        unknown_names::erase_private(store)?;
        Ok::<_, anyhow::Error>(unknown_names::ask(store, &[week.plus(-1), week], config.minimum_group)?)
    });
    match worked.await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(
                error = format!("{error:#}"),
                "the nightly work failed; it is tried again in 10 minutes"
            );
            false
        }
        Err(_) => {
            tracing::error!("the nightly work broke off; it is tried again in 10 minutes");
            false
        }
    }
}

/// What was due by a clock that was ahead would be far off once it is right.
fn still_due(config: &Config, due: Timestamp, now: Timestamp) -> Timestamp {
    due.min(next(config, now))
}

/// The first night or freeze after `now`.
fn next(config: &Config, now: Timestamp) -> Timestamp {
    let today = now.to_zoned(config.zone.clone()).date();
    let week = Week::of(today);
    let nights = [0, 1].map(|days| night(today.saturating_add(jiff::Span::new().days(days)), &config.zone));
    let freezes = [-1, 0].map(|weeks| config.freeze.after(week.plus(weeks), &config.zone));
    let due = nights.into_iter().chain(freezes).filter(|due| *due > now).min();
    due.expect("tomorrow's night is to come")
}

fn night(date: Date, zone: &TimeZone) -> Timestamp {
    // A time that clocks skip is taken as the time after the gap; dates at the calendar's end never come.
    zone.to_ambiguous_timestamp(date.to_datetime(NIGHT)).compatible().unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_work_is_the_night_or_the_freeze() {
        let text = "zone = \"Europe/Berlin\"\nfreeze = \"Monday 12:00\"";
        let config = Config::parse("test", text, std::iter::empty(), &[]).unwrap();
        for (now, expected) in [
            ("2026-11-15T12:00:00Z", "2026-11-16T01:30:00Z"),
            ("2026-11-16T01:30:00Z", "2026-11-16T11:00:00Z"),
            ("2026-11-16T11:00:00Z", "2026-11-17T01:30:00Z"),
            ("2026-11-16T23:30:00Z", "2026-11-17T01:30:00Z"),
            // Clocks go forward at 02:00 and leave 02:30 out.
            ("2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"),
        ] {
            assert_eq!(next(&config, now.parse().unwrap()), expected.parse().unwrap(), "{now}");
        }
    }

    #[test]
    fn a_clock_that_goes_back_brings_the_next_work_forward() {
        let config = Config::parse("test", "zone = \"UTC\"", std::iter::empty(), &[]).unwrap();
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let ahead = next(&config, at("2027-12-25T12:00:00Z"));
        assert_eq!(still_due(&config, ahead, at("2027-12-25T12:00:10Z")), ahead);
        assert_eq!(still_due(&config, ahead, at("2026-11-18T12:00:00Z")), at("2026-11-19T02:30:00Z"));
        assert_eq!(still_due(&config, Timestamp::MIN, at("2026-11-18T12:00:00Z")), Timestamp::MIN);
    }
}
