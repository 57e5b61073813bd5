//! Delivers a company's device-days over the network, as its agents would: each device enrols by the token, then
//! visits again and again with the days it has, over mTLS.
//!
//! The agent's own library enrols and visits. Visits under way at a time are bounded. A visit that breaks off is tried
//! again like an agent's, but not for ever. Days that no collector takes any more are not sent.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use elsewhere_agent::{
    config::Config,
    enroll::{self, EnrollError, Token},
    identity::Identity,
    uplink::{
        self,
        backoff::Backoff,
        visit::{Heard, Luggage},
    },
};
use elsewhere_collector::week::Week;
use elsewhere_proto::v1::{self, device_day_ack::Outcome};
use jiff::civil::Date;
use tokio::{sync::Semaphore, task::JoinSet};

use super::{Company, company::Device};
use crate::clock;

/// Enrolments at a time: as many as a collector lets in side by side.
const ENROLMENTS_AT_A_TIME: usize = 8;
/// Tries at one visit before the simulation gives up; waits between them grow to two minutes.
const TRIES: u32 = 6;

/// How a company is delivered.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Only so many of its devices, the first ones.
    pub devices: usize,
    /// Visits under way at a time.
    pub visits_at_a_time: usize,
    /// Days that a device brings along to each visit.
    pub days_a_visit: usize,
}

/// What was delivered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivered {
    /// Devices enrolled.
    pub devices: usize,
    /// Device-days that the collector stored.
    pub stored: usize,
    /// Device-days that it refused, and the first of its reasons.
    pub refused: Option<(usize, String)>,
    /// Visits made.
    pub visits: usize,
    /// Seconds that enrolling took.
    pub enrolling_seconds: f64,
    /// Seconds that delivering took.
    pub delivering_seconds: f64,
}

/// One enrolled device.
struct Agent {
    device: u32,
    config: Config,
    identity: Identity,
}

/// Enrols and delivers. `dir` keeps the devices' papers; `moved` hears of each device enrolled and each delivered.
pub async fn deliver(
    company: Arc<Company>,
    token: Token,
    dir: &Path,
    today: Date,
    pace: Pace,
    moved: impl Fn(Step),
) -> anyhow::Result<Delivered> {
    let begun = clock::now();
    let agents = enrol(&company, &token, dir, pace, || moved(Step::Enrolled)).await?;
    let enrolled = clock::now();
    let mut delivered = Delivered { devices: agents.len(), ..Delivered::default() };
    let places = Arc::new(Semaphore::new(pace.visits_at_a_time));
    let mut visits = JoinSet::new();
    for mut agent in agents {
        let (company, places) = (company.clone(), places.clone());
        visits.spawn(async move {
            let _place = places.acquire_owned().await?;
            agent.tell_all(&company, today, pace.days_a_visit).await
        });
    }
    while let Some(of_one) = visits.join_next().await {
        delivered.add(of_one??);
        moved(Step::Delivered);
    }
    delivered.enrolling_seconds = enrolled.duration_since(begun).as_secs_f64();
    delivered.delivering_seconds = clock::now().duration_since(enrolled).as_secs_f64();
    Ok(delivered)
}

/// What `deliver` tells of on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A device has its papers.
    Enrolled,
    /// A device has delivered all its days.
    Delivered,
}

impl Delivered {
    fn add(&mut self, other: Self) {
        self.stored += other.stored;
        self.visits += other.visits;
        self.refused = match (self.refused.take(), other.refused) {
            (Some((count, problem)), Some((more, _))) => Some((count + more, problem)),
            (one, other) => one.or(other),
        };
    }

    fn hear(&mut self, ack: v1::DeviceDayAck) {
        if matches!(ack.outcome(), Outcome::Stored | Outcome::AlreadyStored) {
            self.stored += 1;
            return;
        }
        let (count, problem) = self.refused.take().unwrap_or((0, ack.problem));
        self.refused = Some((count + 1, problem));
    }
}

async fn enrol(
    company: &Company,
    token: &Token,
    dir: &Path,
    pace: Pace,
    enrolled: impl Fn(),
) -> anyhow::Result<Vec<Agent>> {
    let places = Arc::new(Semaphore::new(ENROLMENTS_AT_A_TIME));
    let mut enrolments = JoinSet::new();
    for device in company.devices.iter().take(pace.devices) {
        let (places, token, index) = (places.clone(), token.clone(), device.index);
        let data = dir.join(index.to_string());
        enrolments.spawn(async move {
            let _place = places.acquire_owned().await?;
            Agent::enrol(index, &data, token).await
        });
    }
    let mut agents = Vec::new();
    while let Some(agent) = enrolments.join_next().await {
        let agent = agent?;
        if let Err(error) = &agent
            && matches!(error.downcast_ref(), Some(EnrollError::Refused { .. }))
        {
            let devices = company.devices.len().min(pace.devices);
            let remedy = format!("elsewhere-collector enroll-token create --uses {devices}");
            return agent
                .map(|_| agents)
                .context(format!("not all {devices} devices enrolled; use: {remedy}"));
        }
        agents.push(agent?);
        enrolled();
    }
    agents.sort_by_key(|agent| agent.device);
    Ok(agents)
}

impl Agent {
    async fn enrol(device: u32, data: &Path, token: Token) -> anyhow::Result<Self> {
        let config = Config {
            data: data.to_owned(),
            interfaces: Vec::new(),
            segments_file: data.join("segments.toml"),
            proxy: None,
            zone: None,
        };
        enroll::enroll(&config, token, false).await?;
        let identity = Identity::load(data)?.context("read the papers just written")?;
        Ok(Self { device, config, identity })
    }

    /// All that this device has to tell, visit by visit.
    async fn tell_all(
        &mut self,
        company: &Company,
        today: Date,
        days_a_visit: usize,
    ) -> anyhow::Result<Delivered> {
        let device = &company.devices[self.device as usize];
        let mut delivered = Delivered::default();
        for days in days_of(company, device, today).chunks(days_a_visit) {
            let heard = self.visit(hello(company, device), days).await?;
            if heard.answers.len() != days.len() {
                bail!("the collector answered {} of {} device-days", heard.answers.len(), days.len());
            }
            delivered.visits += 1;
            heard.answers.into_iter().for_each(|(_, ack)| delivered.hear(ack));
        }
        Ok(delivered)
    }

    async fn visit(&mut self, hello: v1::VisitHello, days: &[v1::DeviceDay]) -> anyhow::Result<Heard> {
        let mut backoff = Backoff::default();
        for tries in 1.. {
            let mut heard = Heard::default();
            let pack = |_: &_, _: &[u64]| Luggage { days: days.to_vec(), names: Vec::new() };
            let visit = uplink::visit(
                &self.config,
                &mut self.identity,
                clock::now(),
                hello.clone(),
                pack,
                &mut heard,
            );
            match visit.await {
                Ok(()) => return Ok(heard),
                Err(error) if error.is_refusal() || tries == TRIES => return Err(error.into()),
                Err(_) => tokio::time::sleep(wait(&mut backoff, self.device)).await,
            }
        }
        unreachable!("the tries end above")
    }
}

/// Spread by device, so that those that broke off together don't come back together.
fn wait(backoff: &mut Backoff, device: u32) -> Duration {
    backoff.after_failure(0.2 + f64::from(device % 9) / 10.0)
}

fn hello(company: &Company, device: &Device) -> v1::VisitHello {
    let customer = &company.customers[device.customer as usize];
    v1::VisitHello {
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        catalog_version: company.catalog.version().to_owned(),
        store_id: String::new(),
        segments: customer.segments.iter().map(v1::Segment::from).collect(),
        customer_pseudonym: if customer.shared {
            String::new()
        } else {
            customer.pseudonym.as_str().to_owned()
        },
        catalog_delta_version: 0,
    }
}

/// A device's days in order, without those that are older than a collector keeps.
fn days_of(company: &Company, device: &Device, today: Date) -> Vec<v1::DeviceDay> {
    let customer = &company.customers[device.customer as usize];
    let kept = company.dates().filter(|date| Week::of(*date).expiry() > today);
    let told = kept.flat_map(|date| company.device_days_of(customer, date));
    told.filter(|(of, _)| of.index == device.index).map(|(_, day)| day).collect()
}
