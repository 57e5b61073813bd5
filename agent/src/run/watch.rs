//! The watching thread: owns capture and the stages, and hands the days over as they change.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::mpsc::{self as orders, RecvTimeoutError},
    time::{Duration, Instant},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use tokio::sync::mpsc::{self, error::TrySendError};

use crate::{
    capture::{
        file::{self, ReadError},
        live::{self, Live},
    },
    clock,
    pipeline::Pipeline,
    summarize::{Day, Degraded, Place},
    uplink::welcome::Welcome,
};

/// How often changed days are handed over. With the time to write them, a killed agent loses less than 10 s.
const REPORT_EVERY: Duration = Duration::from_secs(8);
/// Longest wait for frames before orders and timeouts are looked at.
const LOOK_UP: Duration = Duration::from_millis(250);

/// Where frames come from.
pub(super) enum Source {
    /// The interfaces of these names; all that matter where there are none.
    Live {
        /// The open capture.
        live: Live,
        /// As the settings name them.
        names: Vec<String>,
    },
    /// A capture file.
    File(file::Reader),
}

/// What the keeper tells the watch.
pub(super) enum Order {
    /// The collector said where the device is, and whether to watch.
    Welcome(Welcome),
    /// The spool could not be written: the day says so.
    SpoolFailed,
    /// Report a last time and end.
    Stop,
}

/// Days that changed, and what is being watched.
pub(super) struct Report {
    /// Absolute state: a later report of the same day replaces it.
    pub(super) days: Vec<Day>,
    /// In words, for the state.
    pub(super) watching: String,
}

/// The stages, and the ways in and out of their thread.
pub(super) struct Watch {
    pipeline: Pipeline,
    zone: TimeZone,
    reports: mpsc::Sender<Report>,
    orders: orders::Receiver<Order>,
    /// Change count of each day as it was last handed over.
    reported: BTreeMap<Date, u64>,
    place: Place,
    paused_until: Option<Timestamp>,
    is_told_to_stop: bool,
}

/// What a live watch measures itself against.
struct Round {
    began: Instant,
    dropped: u64,
    /// The last date that was told that the kernel does not filter.
    unfiltered_on: Option<Date>,
}

impl Source {
    /// Opens the interfaces; needs the right to capture.
    pub(super) fn live(names: &[String]) -> anyhow::Result<Self> {
        Ok(Self::Live { live: Live::open(&live::select(names)?)?, names: names.to_vec() })
    }

    /// Opens a capture file; one that is none is refused before anything begins.
    pub(super) fn file(path: &Path) -> Result<Self, ReadError> {
        Ok(Self::File(file::open(path)?))
    }

    /// What it watches, in words.
    pub(super) fn described(&self) -> String {
        match self {
            Self::Live { live, .. } => watched(live),
            Self::File(_) => "a capture file".to_owned(),
        }
    }
}

impl Watch {
    /// A watch that has not begun.
    pub(super) fn new(
        pipeline: Pipeline,
        zone: TimeZone,
        reports: mpsc::Sender<Report>,
        orders: orders::Receiver<Order>,
    ) -> Self {
        Self {
            pipeline,
            zone,
            reports,
            orders,
            reported: BTreeMap::new(),
            place: Place::Unknown,
            paused_until: None,
            is_told_to_stop: false,
        }
    }

    /// Watches until the source ends or the keeper says so. What was seen is handed over in any case.
    pub(super) fn run(mut self, source: Source) -> anyhow::Result<()> {
        match source {
            Source::File(reader) => self.read(reader)?,
            Source::Live { live, names } => self.listen(live, &names),
        }
        Ok(())
    }

    /// Reads a file to its end or to its first damage.
    fn read(&mut self, mut reader: file::Reader) -> Result<(), ReadError> {
        let end = loop {
            match reader.next_frame() {
                Ok(Some(frame)) => self.pipeline.handle(&frame),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
            self.take_orders();
            if self.is_told_to_stop {
                break Ok(());
            }
        };
        self.pipeline.finish();
        self.hand_over_last("a capture file, read to its end".to_owned());
        end
    }

    /// Watches interfaces until it is told to stop.
    fn listen(&mut self, mut live: Live, names: &[String]) {
        let mut round = Round { began: clock::monotonic(), dropped: 0, unfiltered_on: None };
        while !self.is_told_to_stop {
            self.take_frames(&live);
            self.take_orders();
            let now = clock::now();
            if self.pipeline.poll_timeout().is_some_and(|due| due <= now) {
                self.pipeline.handle_timeout(now);
            }
            if clock::monotonic().duration_since(round.began) >= REPORT_EVERY {
                self.end_round(&mut live, &mut round, now);
                self.hand_over(now, watched(&live));
                if let Some(other) = changed_interfaces(&live, names) {
                    live = other;
                    round.dropped = 0;
                }
            }
        }
        self.pipeline.report();
        self.hand_over_last("nothing: stopped".to_owned());
    }

    /// One batch of frames, if one comes soon; while paused it is thrown away unread.
    fn take_frames(&mut self, live: &Live) {
        if live.watched().next().is_none() {
            // Nothing to wait for but orders.
            match self.orders.recv_timeout(LOOK_UP) {
                Ok(order) => self.obey(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.is_told_to_stop = true,
            }
            return;
        }
        let Some(batch) = live.next_batch(LOOK_UP) else { return };
        if !self.is_paused(clock::now()) {
            batch.frames().for_each(|frame| self.pipeline.handle(&frame));
        }
    }

    /// Notes what the round has cost: pause, lost packets, a missing filter.
    fn end_round(&mut self, live: &mut Live, round: &mut Round, now: Timestamp) {
        let elapsed = clock::monotonic().duration_since(round.began);
        round.began = clock::monotonic();
        if self.is_paused(now) {
            self.pipeline.note_paused(now, u32::try_from(elapsed.as_secs()).unwrap_or(u32::MAX));
        }
        let lost = live.dropped();
        let dropped = lost.by_kernel + lost.by_queue;
        if dropped > round.dropped {
            self.pipeline.note_dropped(now, dropped - round.dropped);
            round.dropped = dropped;
        }
        let today = self.zone.to_datetime(now).date();
        if !live.is_filtered() && round.unfiltered_on != Some(today) {
            self.pipeline.note_degraded(now, Degraded::NoKernelFilter);
            round.unfiltered_on = Some(today);
        }
    }

    /// Hands changed days over if there is room; else the next time, when they say the same and more.
    fn hand_over(&mut self, now: Timestamp, watching: String) {
        self.pipeline.report();
        let days = self.changed_days();
        let changes: Vec<(Date, u64)> = days.iter().map(|day| (day.date, day.changes)).collect();
        match self.reports.try_send(Report { days, watching }) {
            Ok(()) => self.forget_what_is_kept(now, changes),
            Err(TrySendError::Full(_)) => tracing::debug!("days wait: the keeper is busy"),
            Err(TrySendError::Closed(_)) => self.is_told_to_stop = true,
        }
    }

    /// Yesterday may still change; what is before it is the spool's alone.
    fn forget_what_is_kept(&mut self, now: Timestamp, changes: Vec<(Date, u64)>) {
        self.reported.extend(changes);
        if let Ok(yesterday) = self.zone.to_datetime(now).date().yesterday() {
            self.reported.retain(|date, _| *date >= yesterday);
            self.pipeline.forget_before(yesterday);
        }
    }

    fn hand_over_last(&mut self, watching: String) {
        // The keeper is gone only where the process ends anyway.
        let _ = self.reports.blocking_send(Report { days: self.changed_days(), watching });
    }

    fn take_orders(&mut self) {
        while let Ok(order) = self.orders.try_recv() {
            self.obey(order);
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Welcome(welcome) => self.hear(&welcome),
            Order::SpoolFailed => self.pipeline.note_degraded(clock::now(), Degraded::Spool),
            Order::Stop => self.is_told_to_stop = true,
        }
    }

    /// Takes over what the collector said about place and pause.
    pub(super) fn hear(&mut self, welcome: &Welcome) {
        self.paused_until = welcome.paused_until;
        if self.place != welcome.place {
            self.place = welcome.place;
            self.pipeline.set_place(welcome.place);
        }
    }

    fn is_paused(&self, now: Timestamp) -> bool {
        self.paused_until.is_some_and(|until| now < until)
    }

    fn changed_days(&self) -> Vec<Day> {
        let is_new = |day: &&Day| self.reported.get(&day.date) != Some(&day.changes);
        self.pipeline.days().filter(is_new).map(Day::to_keep).collect()
    }
}

/// The names of the interfaces, in words.
fn watched(live: &Live) -> String {
    let names: Vec<&str> = live.watched().collect();
    if names.is_empty() { "nothing: no interface is up".to_owned() } else { names.join(", ") }
}

/// Opens the interfaces anew where some came or went; the old capture goes on where that fails.
fn changed_interfaces(live: &Live, names: &[String]) -> Option<Live> {
    let wanted = live::select(names).ok()?;
    let same = wanted.len() == live.watched().count()
        && wanted.iter().all(|interface| live.watched().any(|name| name == interface.name()));
    if same {
        return None;
    }
    match Live::open(&wanted) {
        Ok(live) => {
            tracing::info!(watching = watched(&live), "interfaces changed");
            Some(live)
        }
        Err(error) => {
            tracing::debug!(error = %error, "interfaces changed and could not be opened; tried again");
            None
        }
    }
}
