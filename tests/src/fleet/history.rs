//! Plays a company's weeks into a collector directory, on a virtual clock: the collector's own library does what the
//! collector would have done then.
//!
//! Each date is delivered the next morning, before that day's jobs. A directory that has devices already is refused
//! before anything is written: history is played once.

use std::{fs, mem, path::Path};

use anyhow::{Context as _, bail};
use elsewhere_collector::{
    device::{DeviceId, Groups},
    installation::{Delivery, Installation},
    jobs,
    week::Week,
};
use elsewhere_proto::v1::{self, device_day_ack::Outcome};
use jiff::{
    Timestamp,
    civil::{Date, Time, time},
    tz::TimeZone,
};

use serde::Serialize;

use super::{
    Company, Truth,
    company::Device,
    story::{Department, Offer},
    truth::Counting,
};

/// When agents deliver the day before.
const DELIVERY: Time = time(8, 0, 0, 0);
/// Device-days handed over in one commit: large enough that commits don't count, small enough to stay in memory.
const BATCH: usize = 500;

/// A collector directory into which history is played.
pub struct History<'c> {
    company: &'c Company,
    installation: &'c Installation,
    /// The enrolment of each device.
    epochs: Vec<u32>,
}

impl<'c> History<'c> {
    /// Takes a directory without devices: writes the portfolio, unless there is one, and enrols the company's devices.
    pub fn begin(company: &'c Company, installation: &'c Installation) -> anyhow::Result<Self> {
        let known = installation.store().devices()?.len();
        if known > 0 {
            let dir = installation.dir().display();
            bail!("{dir} has {known} devices already; play history into a new directory, or delete this one");
        }
        write_portfolio(company, installation.dir())?;
        let now = moment(company.first.monday(), time(6, 0, 0, 0))?;
        let mut epochs = Vec::with_capacity(company.devices.len());
        for device in &company.devices {
            let device = installation.register_device(id(device), &groups(company, device), false, now)?;
            epochs.push(device.epoch);
        }
        Ok(Self { company, installation, epochs })
    }

    /// Plays all weeks and says what is true of them. `told` hears of each date that is delivered.
    pub fn play(&self, told: impl Fn(Date)) -> anyhow::Result<Truth> {
        let mut counting = Counting::new(self.company);
        let mut due = self.company.first;
        for date in self.company.dates() {
            let now = moment(date.tomorrow()?, DELIVERY)?;
            while self.freeze_time(due) <= now {
                jobs::nightly(self.installation, self.freeze_time(due))?;
                due = due.plus(1);
            }
            self.tell(date, now, &mut counting)?;
            told(date);
        }
        while due <= self.company.iso_week(self.company.story.weeks) {
            jobs::nightly(self.installation, self.freeze_time(due))?;
            due = due.plus(1);
        }
        Ok(counting.finish())
    }

    /// When the collector's configuration freezes a week.
    fn freeze_time(&self, week: Week) -> Timestamp {
        let config = self.installation.config();
        config.freeze.after(week, &config.zone)
    }

    /// Delivers all device-days of one date, and counts them.
    fn tell(&self, date: Date, now: Timestamp, counting: &mut Counting<'_>) -> anyhow::Result<()> {
        let mut batch = Vec::with_capacity(BATCH);
        for customer in &self.company.customers {
            let days = self.company.device_days_of(customer, date);
            counting.add(customer, date, &days);
            batch.extend(days);
            if batch.len() >= BATCH {
                self.deliver(mem::take(&mut batch), now)?;
            }
        }
        self.deliver(batch, now)
    }

    fn deliver(&self, batch: Vec<(&Device, v1::DeviceDay)>, now: Timestamp) -> anyhow::Result<()> {
        let delivery = |(device, day): (&Device, v1::DeviceDay)| {
            let epoch = self.epochs[device.index as usize];
            Delivery { device: id(device), epoch, days: vec![day] }
        };
        let deliveries = batch.into_iter().map(delivery).collect();
        let acks = self.installation.deliver_all(deliveries, now)?;
        let refused = acks.iter().find(|ack| ack.outcome() != Outcome::Stored);
        if let Some(ack) = refused {
            bail!("the collector did not store a simulated device-day: {}", ack.problem);
        }
        Ok(())
    }
}

fn id(device: &Device) -> DeviceId {
    DeviceId::from_bits(device.name)
}

fn groups(company: &Company, device: &Device) -> Groups {
    let customer = &company.customers[device.customer as usize];
    let pseudonym = (!customer.shared).then(|| customer.pseudonym.clone());
    Groups { segments: customer.segments.clone(), pseudonym }
}

fn moment(date: Date, time: Time) -> anyhow::Result<Timestamp> {
    let zoned = date.to_datetime(time).to_zoned(TimeZone::UTC);
    Ok(zoned.context("the calendar ends")?.timestamp())
}

/// Beside the databases, unless there is one.
fn write_portfolio(company: &Company, dir: &Path) -> anyhow::Result<()> {
    let file = dir.join("portfolio.toml");
    if file.exists() {
        return Ok(());
    }
    fs::write(&file, portfolio(company)).with_context(|| format!("write '{}'", file.display()))
}

#[derive(Serialize)]
struct File<'f> {
    organisation: &'f str,
    simulated: bool,
    /// Without any there is no key, so that blocks can be added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    service: Vec<Service<'f>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    segment: Vec<Segment>,
}

#[derive(Serialize)]
struct Segment {
    id: String,
    head: String,
    customer_facing: bool,
}

impl Segment {
    fn of(department: &Department) -> Self {
        let name = department.name.rsplit('/').next().unwrap_or_default();
        let (id, head) = (format!("department:{}", department.name), format!("Head of {name}"));
        Self { id, head, customer_facing: department.customer_facing }
    }
}

#[derive(Serialize)]
struct Service<'f> {
    id: &'f str,
    status: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Week>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    offered_not_visible: &'f [&'f str],
}

impl<'f> Service<'f> {
    fn of(company: &Company, offer: &'f Offer) -> Self {
        Self {
            id: offer.service,
            status: offer.status.as_str(),
            since: (offer.since_week > 1).then(|| company.iso_week(offer.since_week)),
            offered_not_visible: &offer.offered_not_visible,
        }
    }
}

/// The company's portfolio as the collector reads it.
pub fn portfolio(company: &Company) -> String {
    let file = File {
        organisation: &company.story.organisation,
        simulated: true,
        service: company.story.portfolio.iter().map(|offer| Service::of(company, offer)).collect(),
        segment: company.story.departments.iter().map(Segment::of).collect(),
    };
    let text = toml::to_string(&file).expect("texts and lists are TOML");
    format!("# Made by elsewhere-fleet: nobody of flesh and blood works here.\n{text}")
}

#[cfg(test)]
mod tests {
    use elsewhere_collector::published::WeekState;

    use super::*;
    use crate::fleet::company::tests::company;

    #[test]
    fn history_is_played_once_and_whole() {
        let company = company("customers = 30\nweeks = 3\nuntil = \"2026-W46\"");
        let dir = tempfile::tempdir().unwrap();
        let installation = Installation::create_or_open(dir.path()).unwrap();
        let truth = History::begin(&company, &installation).unwrap().play(|_| ()).unwrap();
        let weeks = installation.store().published_weeks().unwrap();
        assert_eq!(
            weeks.iter().map(|(week, _)| week.to_string()).collect::<Vec<_>>(),
            ["2026-W44", "2026-W45", "2026-W46"]
        );
        assert!(
            weeks.iter().all(|(_, state)| matches!(state, WeekState::Frozen { before_its_end: false, .. }))
        );
        let mut stored = 0;
        for (week, _) in weeks {
            installation.store().scan_week(week, &mut |_, _| stored += 1).unwrap();
        }
        assert_eq!(stored, truth.device_days);
        let again = History::begin(&company, &installation).err().unwrap().to_string();
        assert!(again.contains("devices already"), "{again}");
    }

    #[test]
    fn a_portfolio_that_is_there_is_kept() {
        let company = company("");
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("portfolio.toml"), "organisation = \"Ours\"").unwrap();
        let installation = Installation::create_or_open(dir.path()).unwrap();
        History::begin(&company, &installation).unwrap();
        assert_eq!(installation.portfolio().unwrap().organisation, "Ours");
    }
}
