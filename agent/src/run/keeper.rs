//! Keeps what is watched, and takes it to the collector: owns the spool, the state and the visits.
//!
//! Files are written here between two waits: they are small, and nothing else waits on this thread. A day that can't be
//! written is held and tried again; there are as many as the spool has records, no more.

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc as orders},
    time::Duration,
};

use elsewhere_catalog::builtin;
use elsewhere_proto::v1;
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};

use super::{
    delivery::{self, Packer},
    watch::{Order, Report},
};
use crate::{
    clock,
    config::{Config, Membership},
    identity::{Identity, IdentityError, Papers},
    own_catalog::{self, OwnCatalog},
    spool::{Shelf, Spool},
    state::{LastVisit, Missed, State},
    summarize::Day,
    uplink::{self, UplinkError, backoff::Backoff, visit::Heard, welcome::Welcome},
};

/// How often the agent says that it is alive; what a killed agent reports as its gap is right to this.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long a watch that was told to stop may take for its last report.
const LAST_REPORT: Duration = Duration::from_secs(5);

/// The keeping half of a running agent.
pub(super) struct Keeper {
    config: Config,
    spool: Spool<Day>,
    /// Days that the disk did not take.
    unwritten: BTreeMap<Date, Day>,
    membership: Option<Membership>,
    welcome: Option<Welcome>,
    /// The organisation's layer over the catalog.
    own_catalog: OwnCatalog,
    state: State,
    backoff: Backoff,
    order: orders::Sender<Order>,
}

/// A visit that is over.
struct Returned {
    heard: Heard,
    result: Result<(), UplinkError>,
}

/// Until when the agent stays at home, and whether there is any use in going again.
struct Rest {
    wait: Duration,
    refused: bool,
}

impl Keeper {
    /// A keeper of this spool, which knows what the collector said last.
    pub(super) fn new(
        config: Config,
        spool: Spool<Day>,
        order: orders::Sender<Order>,
        watching: String,
        now: Timestamp,
    ) -> Self {
        let last_run = State::load(&config.data);
        let state = State {
            version: delivery::sender().agent_version.to_owned(),
            catalog_version: delivery::sender().catalog_version.to_owned(),
            started: now,
            alive: now,
            stopped: false,
            watching,
            missed: Missed::default(),
            last_visit: last_run.and_then(|state| state.last_visit),
            next_visit: None,
            problem: None,
            spool_failing: false,
        };
        let welcome = Welcome::load(&config.data);
        let ca = Papers::load(&config.data).ok().flatten().and_then(|papers| papers.ca());
        let own_catalog = OwnCatalog::load(&config.data, ca.as_deref().unwrap_or_default(), builtin());
        let _ = order.send(Order::Layer(Arc::clone(&own_catalog.layer)));
        let (unwritten, backoff) = (BTreeMap::new(), Backoff::default());
        Self { config, spool, unwritten, membership: None, welcome, own_catalog, state, backoff, order }
    }

    /// Says at the start what the agent does and what it can't do.
    pub(super) fn announce(&self) -> Result<(), IdentityError> {
        let watching = &self.state.watching;
        if let Some(papers) = Papers::load(&self.config.data)? {
            tracing::info!(device.id = papers.device_id, watching, "the agent runs");
        } else {
            let remedy = "to enrol: elsewhere-agent enroll TOKEN";
            tracing::warn!(watching, remedy, "not enrolled: the agent watches and keeps, and visits nobody");
        }
        Ok(())
    }

    /// The spool, to read.
    pub(super) fn shelf(&self) -> Shelf<Day> {
        self.spool.shelf().clone()
    }

    /// The zone of the device's dates.
    pub(super) fn zone(&self) -> TimeZone {
        self.config.zone()
    }

    /// What the collector said at the last visit.
    pub(super) fn welcome(&self) -> Option<&Welcome> {
        self.welcome.as_ref()
    }

    /// Keeps and visits until a signal; with `once` until all is delivered. A file is read before the first visit.
    pub(super) async fn keep(
        mut self,
        mut reports: mpsc::Receiver<Report>,
        is_live: bool,
        once: bool,
    ) -> anyhow::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut visit_at = Instant::now();
        let mut visit: Option<JoinHandle<Returned>> = None;
        let mut is_watching = true;
        loop {
            let may_visit = visit.is_none() && (is_live || !is_watching);
            tokio::select! {
                report = reports.recv(), if is_watching => match report {
                    Some(report) => self.take(report),
                    None if is_live => break,
                    None => is_watching = false,
                },
                _ = heartbeat.tick() => self.beat(),
                () = sleep_until(visit_at), if may_visit => match self.set_out() {
                    Ok(set_out) => visit = Some(set_out),
                    Err(rest) => visit_at = Instant::now() + rest,
                },
                returned = ended(&mut visit), if visit.is_some() => {
                    visit = None;
                    let rest = self.come_back(returned?);
                    if once && rest.refused {
                        anyhow::bail!("{}", self.state.problem.take().unwrap_or_default());
                    }
                    visit_at = Instant::now() + rest.wait;
                }
                () = asked_to_stop(&mut terminate, &mut interrupt) => break,
            }
            if once && !is_watching && visit.is_none() && self.is_done()? {
                break;
            }
        }
        let _ = self.order.send(Order::Stop);
        while let Ok(Some(report)) = timeout(LAST_REPORT, reports.recv()).await {
            self.take(report);
        }
        self.state.stopped = self.unwritten.is_empty();
        self.beat();
        Ok(())
    }

    /// Takes the days of a report over and puts them on disk.
    fn take(&mut self, report: Report) {
        (self.state.watching, self.state.missed) = (report.watching, report.missed);
        self.unwritten.extend(report.days.into_iter().map(|day| (day.date, day)));
        self.put_away();
    }

    fn put_away(&mut self) {
        while let Some((date, day)) = self.unwritten.pop_first() {
            if let Err(error) = self.spool.write(date, day.clone()) {
                tracing::error!(error = %error, "the spool could not be written; the days are held and tried again");
                self.state.spool_failing = true;
                self.unwritten.insert(date, day);
                let _ = self.order.send(Order::SpoolFailed);
                return;
            }
        }
        self.state.spool_failing = false;
    }

    /// Says that the agent is alive, and tries again what the disk did not take.
    fn beat(&mut self) {
        self.put_away();
        self.state.alive = clock::now();
        if let Err(error) = self.state.store(&self.config.data) {
            tracing::error!(error = %error, "state.json could not be written");
        }
    }

    /// Begins a visit with the papers and groups as they stand on disk now; or says when to look again.
    fn set_out(&mut self) -> Result<JoinHandle<Returned>, Duration> {
        let mut identity = match Identity::load(&self.config.data) {
            Ok(Some(identity)) => identity,
            Ok(None) => return Err(HEARTBEAT),
            Err(error) => return Err(self.fail(&error)),
        };
        match Membership::load(&self.config.segments_file) {
            Ok(membership) => self.membership = membership,
            Err(error) => tracing::warn!(error = %error, "segments stay as they were"),
        }
        let store_id = self.welcome.as_ref().map(|welcome| welcome.store_id.clone()).unwrap_or_default();
        let hello = delivery::hello(
            store_id,
            self.membership.as_ref(),
            &identity.papers.segments,
            self.own_catalog.version,
        );
        let packer = Packer { shelf: self.spool.shelf().clone(), data: self.config.data.clone() };
        let config = self.config.clone();
        Ok(tokio::spawn(async move {
            let mut heard = Heard::default();
            let pack = |welcome: &Welcome, reveal: &[u64]| packer.pack(welcome, reveal);
            let result = uplink::visit(&config, &mut identity, clock::now(), hello, pack, &mut heard).await;
            Returned { heard, result }
        }))
    }

    /// Keeps what was heard and says when to go again.
    fn come_back(&mut self, returned: Returned) -> Rest {
        let Returned { heard, result } = returned;
        if let Some(welcome) = &heard.welcome {
            self.hear(welcome);
        }
        if let Some(delta) = &heard.catalog_delta {
            self.take_layer(delta);
        }
        if let Err(error) = delivery::unpack(&mut self.spool, &heard) {
            tracing::error!(error = %error, "answers could not be kept; the days will be sent again");
        }
        let rest = match result {
            Ok(()) => Rest { wait: self.rest_well(&heard), refused: false },
            Err(error) if error.is_refusal() => {
                self.fail(&error);
                Rest { wait: Backoff::after_refusal(rand::random()), refused: true }
            }
            Err(error) => Rest { wait: self.fail(&error), refused: false },
        };
        self.state.next_visit = clock::now().checked_add(rest.wait).ok();
        self.beat();
        rest
    }

    fn rest_well(&mut self, heard: &Heard) -> Duration {
        let (days, bytes) = delivery::taken(heard);
        tracing::info!(days, bytes, "visited the collector");
        self.backoff.reset();
        self.state.problem = None;
        self.state.last_visit = Some(LastVisit { at: clock::now(), days, bytes });
        let interval = self.welcome.as_ref().map(|welcome| welcome.visit_interval);
        heard.next_visit.or(interval).unwrap_or(HEARTBEAT)
    }

    fn fail(&mut self, error: &(dyn std::error::Error + 'static)) -> Duration {
        let problem = causes(error);
        tracing::warn!(problem, "the visit failed");
        self.state.problem = Some(problem);
        self.backoff.after_failure(rand::random())
    }

    /// Takes over what the collector set, and passes on what concerns the watching.
    fn hear(&mut self, welcome: &Welcome) {
        let _ = self.order.send(Order::Welcome(welcome.clone()));
        self.expire(welcome.kept_weeks);
        if self.welcome.as_ref() == Some(welcome) {
            return;
        }
        if let Err(error) = welcome.store(&self.config.data) {
            tracing::error!(error = %error, "collector.json could not be written");
        }
        self.welcome = Some(welcome.clone());
    }

    /// Takes over the organisation's layer over the catalog; what was held goes on where it may not be taken.
    fn take_layer(&mut self, delta: &v1::CatalogDelta) {
        let ca = Papers::load(&self.config.data).ok().flatten().and_then(|papers| papers.ca());
        let taken = self.own_catalog.replaced_by(delta, ca.as_deref().unwrap_or_default(), builtin());
        match taken {
            Ok(own_catalog) => {
                if let Err(error) = own_catalog::keep(&self.config.data, delta) {
                    tracing::error!(error = %error, "the catalog's layer could not be kept");
                }
                tracing::info!(
                    catalog.layer = own_catalog.version,
                    "the organisation's catalog layer was taken"
                );
                let _ = self.order.send(Order::Layer(Arc::clone(&own_catalog.layer)));
                self.own_catalog = own_catalog;
            }
            Err(error) => {
                tracing::warn!(error = %error, "the organisation's catalog layer was refused; the one before goes on");
            }
        }
    }

    /// Removes what the collector has erased: weeks end also while its settings stay the same.
    fn expire(&mut self, kept_weeks: u32) {
        let today = self.config.zone().to_datetime(clock::now()).date();
        if let Ok(first) = today.checked_sub(i64::from(kept_weeks).weeks())
            && let Err(error) = self.spool.expire_before(first)
        {
            tracing::error!(error = %error, "old days could not be removed");
        }
    }

    /// Everything is where it should go.
    fn is_done(&self) -> anyhow::Result<bool> {
        if Papers::load(&self.config.data)?.is_none() {
            return Ok(self.unwritten.is_empty());
        }
        let Some(welcome) = &self.welcome else { return Ok(false) };
        let waits = self.spool.shelf().entries().any(|(_, entry)| entry.waits_for(&welcome.store_id));
        Ok(self.unwritten.is_empty() && !waits)
    }
}

async fn ended(visit: &mut Option<JoinHandle<Returned>>) -> Result<Returned, tokio::task::JoinError> {
    match visit {
        Some(visit) => visit.await,
        None => std::future::pending().await,
    }
}

async fn asked_to_stop(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// An error with its causes, on one line.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Flags, spool::Delivered, summarize::Place};

    #[test]
    fn days_that_the_collector_erased_go_at_every_visit() {
        let data = tempfile::tempdir().unwrap();
        let flags = Flags { data: Some(data.path().to_owned()), config: None };
        let welcome = Welcome {
            store_id: "one".into(),
            place: Place::Unknown,
            unknown_name_key: [1; 32],
            visit_interval: Duration::from_mins(15),
            paused_until: None,
            minimum_group: 5,
            kept_weeks: 13,
            sanctioned_service_ids: Vec::new(),
        };
        welcome.store(data.path()).unwrap();
        let mut spool = Spool::open(data.path()).unwrap();
        let [told, waiting] = ["2001-01-01", "2001-01-02"].map(|date| Day::new(date.parse().unwrap()));
        for day in [&told, &waiting] {
            spool.write(day.date, day.clone()).unwrap();
        }
        let (store_id, fingerprint, sent) = ("one".into(), vec![1; 32], Vec::new());
        spool
            .acknowledge(told.date, Delivered { revision: 1, store_id, fingerprint, sent, refused: None })
            .unwrap();

        let (order, _ordered) = orders::channel();
        let config = Config::load(&flags).unwrap();
        let mut keeper = Keeper::new(config, spool, order, String::new(), Timestamp::UNIX_EPOCH);
        keeper.hear(&welcome);
        let left: Vec<Date> = keeper.shelf().entries().map(|(date, _)| date).collect();
        assert_eq!(left, [waiting.date], "the settings are those of the last visit, and the day is old");
    }
}
