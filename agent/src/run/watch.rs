//! The watching thread: owns capture and the stages, and hands the days over as they change.
//!
//! Always holds: a date that stands in the spool is taken up from there before it is handed over, also where the clock
//! was wrong at the start and jumps to it later; so a day handed over never says less than the one kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc,
        mpsc::{self as orders, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use elsewhere_catalog::layer::Layer;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use tokio::sync::mpsc::{self, error::TrySendError};

use crate::{
    capture::{
        file::{self, ReadError},
        live::{self, Interface, Live},
    },
    clock,
    decode::{self, FlowKey},
    pipeline::Pipeline,
    sockets::Sockets,
    spool::Shelf,
    state::Missed,
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
    /// The organisation's layer over the catalog is another one.
    Layer(Arc<Layer>),
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
    /// Since the watch began.
    pub(super) missed: Missed,
}

/// The stages, and the ways in and out of their thread.
pub(super) struct Watch {
    pipeline: Pipeline,
    /// Who holds a connection; nobody to ask where it could not be opened, and for a capture file.
    sockets: Option<Sockets>,
    zone: TimeZone,
    reports: mpsc::Sender<Report>,
    orders: orders::Receiver<Order>,
    /// The spool, to take up what was counted before.
    shelf: Shelf<Day>,
    /// Dates whose counting goes on from what is kept.
    taken_up: BTreeSet<Date>,
    /// Change count of each day as it was last handed over.
    reported: BTreeMap<Date, u64>,
    place: Place,
    paused_until: Option<Timestamp>,
    /// Packets that found no room since the watch began.
    packets_missed: u64,
    is_told_to_stop: bool,
}

/// What a live watch measures itself against.
struct Round {
    began: Instant,
    /// The last date that was told that the kernel does not filter.
    unfiltered_on: Option<Date>,
    /// The last date that was told that several people's accounts are in use.
    shared_on: Option<Date>,
}

impl Source {
    /// Opens the interfaces; needs the right to capture.
    pub(super) fn live(names: &[String]) -> anyhow::Result<Self> {
        Ok(Self::Live { live: Live::open(live::select(names)?)?, names: names.to_vec() })
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
        shelf: Shelf<Day>,
        reports: mpsc::Sender<Report>,
        orders: orders::Receiver<Order>,
    ) -> Self {
        Self {
            pipeline,
            sockets: None,
            zone,
            reports,
            orders,
            shelf,
            taken_up: BTreeSet::new(),
            reported: BTreeMap::new(),
            place: Place::Unknown,
            paused_until: None,
            packets_missed: 0,
            is_told_to_stop: false,
        }
    }

    /// Watches until the source ends or the keeper says so. What was seen is handed over in any case.
    pub(super) fn run(mut self, source: Source) -> anyhow::Result<()> {
        // What was kept from the last visit counts from the first frame on.
        self.take_orders();
        match source {
            Source::File(reader) => self.read(reader)?,
            Source::Live { live, names } => self.listen(live, &names),
        }
        Ok(())
    }

    /// Reads a file to its end or to its first damage.
    fn read(&mut self, mut reader: file::Reader) -> anyhow::Result<()> {
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
        end?;
        self.pipeline.decode_counts().legible().with_context(|| reader.path().display().to_string())
    }

    /// Watches interfaces until it is told to stop.
    fn listen(&mut self, mut live: Live, names: &[String]) {
        self.take_up(self.zone.to_datetime(clock::now()).date());
        let sockets = Sockets::open(clock::monotonic());
        self.sockets = sockets
            .inspect_err(
                |error| tracing::info!(error = %error, "sockets have no owner: classes by JA4 alone"),
            )
            .ok();
        let mut round = Round { began: clock::monotonic(), unfiltered_on: None, shared_on: None };
        while !self.is_told_to_stop {
            self.take_frames(&mut live);
            self.take_orders();
            let now = clock::now();
            if self.pipeline.poll_timeout().is_some_and(|due| due <= now) {
                self.pipeline.handle_timeout(now);
            }
            let round_is_over = clock::monotonic().duration_since(round.began) >= REPORT_EVERY;
            let is_to_look = round_is_over || live.may_have_changed();
            let changed = is_to_look && follow_interfaces(&mut live, names);
            if round_is_over || changed {
                // Due or not: it shows that the device is awake.
                self.pipeline.handle_timeout(now);
                self.end_round(&mut live, &mut round, now);
                self.hand_over(now, watched(&live));
            }
        }
        self.end_round(&mut live, &mut round, clock::now());
        self.pipeline.report();
        self.take_up_all();
        self.hand_over_last("nothing: stopped".to_owned());
    }

    /// The frames that are there, or that come soon; while paused they are thrown away unread.
    fn take_frames(&mut self, live: &mut Live) {
        if live.watched().next().is_none() {
            // Nothing to wait for but orders.
            match self.orders.recv_timeout(LOOK_UP) {
                Ok(order) => self.obey(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.is_told_to_stop = true,
            }
        } else {
            live.wait(LOOK_UP);
            if self.is_paused(clock::now()) {
                live.read_beginnings(|_| ());
                live.read(|_| ());
            } else {
                live.read_beginnings(|frame| self.ask_for(decode::flow_of(frame)));
                live.read(|frame| self.pipeline.handle(frame));
                while let Some(key) = self.pipeline.poll_newcomer() {
                    self.ask_for(Some(key));
                }
            }
        }
    }

    /// Asks the kernel whose a new connection is: a short one is gone soon.
    fn ask_for(&mut self, key: Option<FlowKey>) {
        if let Some(sockets) = &mut self.sockets
            && let Some(key) = key
            && let Some(owner) = sockets.owner(clock::monotonic(), &key)
        {
            self.pipeline.owned_by(key, owner);
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
        if dropped > self.packets_missed {
            self.pipeline.note_dropped(now, dropped - self.packets_missed);
            self.packets_missed = dropped;
        }
        let today = self.zone.to_datetime(now).date();
        if let Some(sockets) = &mut self.sockets {
            tracing::debug!(counts = ?sockets.counts(), "owners asked for");
            if sockets.is_shared_on(today) && round.shared_on != Some(today) {
                self.pipeline.note_shared(now);
                round.shared_on = Some(today);
            }
        }
        if !live.is_filtered() && round.unfiltered_on != Some(today) {
            self.pipeline.note_degraded(now, Degraded::NoKernelFilter);
            round.unfiltered_on = Some(today);
        }
    }

    /// Hands changed days over if there is room; else the next time, when they say the same and more.
    fn hand_over(&mut self, now: Timestamp, watching: String) {
        self.pipeline.report();
        self.take_up_all();
        let days = self.changed_days();
        let changes: Vec<(Date, u64)> = days.iter().map(|day| (day.date, day.changes)).collect();
        match self.reports.try_send(Report { days, watching, missed: self.missed() }) {
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
            self.taken_up.retain(|date| *date >= yesterday);
            self.pipeline.forget_before(yesterday);
        }
    }

    /// Goes on counting a day where it was left; seconds counted before this is noticed are given up for it.
    fn take_up(&mut self, date: Date) {
        if self.taken_up.contains(&date) {
            return;
        }
        match self.shelf.record(date) {
            Ok(kept) => {
                if let Some(record) = kept {
                    self.pipeline.restore(record.state);
                }
                self.taken_up.insert(date);
            }
            Err(error) => tracing::warn!(error = %error, "a day could not be taken up"),
        }
    }

    fn take_up_all(&mut self) {
        let dates: Vec<Date> = self.pipeline.days().map(|day| day.date).collect();
        for date in dates {
            self.take_up(date);
        }
    }

    fn missed(&self) -> Missed {
        Missed { packets: self.packets_missed, hellos: self.pipeline.decode_counts().hellos_incomplete }
    }

    fn hand_over_last(&mut self, watching: String) {
        // The keeper is gone only where the process ends anyway.
        let _ =
            self.reports.blocking_send(Report { days: self.changed_days(), watching, missed: self.missed() });
    }

    fn take_orders(&mut self) {
        while let Ok(order) = self.orders.try_recv() {
            self.obey(order);
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Welcome(welcome) => self.hear(&welcome),
            Order::Layer(layer) => self.pipeline.set_layer(layer),
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

/// The names of the interfaces and how they are read, in words.
fn watched(live: &Live) -> String {
    let names: Vec<&str> = live.watched().map(Interface::name).collect();
    if names.is_empty() {
        return "nothing: no interface is up".to_owned();
    }
    format!("{} ({})", names.join(", "), live.path())
}

/// Watches what is there now, and says whether that is something else; what was watched goes on where that fails.
fn follow_interfaces(live: &mut Live, names: &[String]) -> bool {
    let Ok(wanted) = live::select(names) else { return false };
    if live.is_watching(&wanted) {
        return false;
    }
    match live.watch(wanted) {
        Ok(()) => tracing::info!(watching = watched(live), "interfaces changed"),
        Err(error) => {
            tracing::debug!(error = %error, "interfaces changed and could not be watched; tried again");
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::Spool;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A watch over a spool that holds ten minutes of pause on the 13th.
    fn watch(data: &Path, room: usize) -> (Watch, mpsc::Receiver<Report>) {
        let mut spool = Spool::open(data).unwrap();
        let mut friday = Day::new("2026-11-13".parse().unwrap());
        friday.paused_seconds = 600;
        spool.write(friday.date, friday).unwrap();
        let pipeline = Pipeline::new(elsewhere_catalog::builtin(), TimeZone::UTC);
        let (reports, reported) = mpsc::channel(room);
        let (_, orders) = orders::channel();
        (Watch::new(pipeline, TimeZone::UTC, spool.shelf().clone(), reports, orders), reported)
    }

    fn told(report: &Report) -> Vec<(String, u32)> {
        report.days.iter().map(|day| (day.date.to_string(), day.paused_seconds)).collect()
    }

    #[test]
    fn a_day_that_is_kept_is_never_replaced_by_less() {
        let data = tempfile::tempdir().unwrap();
        let (mut watch, mut reported) = watch(data.path(), 9);
        // The clock was wrong at the start and jumps to a date that stands in the spool.
        watch.take_up("2001-01-01".parse().unwrap());
        watch.pipeline.note_paused(at("2026-11-13T10:00:00Z"), 1);
        watch.hand_over(at("2026-11-13T10:00:01Z"), String::new());
        assert_eq!(told(&reported.try_recv().unwrap()), [("2026-11-13".into(), 600)]);

        watch.pipeline.note_paused(at("2026-11-13T10:00:09Z"), 2);
        watch.hand_over(at("2026-11-13T10:00:09Z"), String::new());
        assert_eq!(told(&reported.try_recv().unwrap()), [("2026-11-13".into(), 602)]);
    }

    #[test]
    fn a_full_queue_loses_nothing() {
        let data = tempfile::tempdir().unwrap();
        let (mut watch, mut reported) = watch(data.path(), 1);
        for second in 1..4 {
            watch.pipeline.note_paused(at("2026-11-14T10:00:00Z"), second);
            watch.hand_over(at("2026-11-14T10:00:00Z"), String::new());
        }
        assert_eq!(told(&reported.try_recv().unwrap()), [("2026-11-14".into(), 1)]);
        watch.hand_over(at("2026-11-14T10:00:08Z"), String::new());
        assert_eq!(told(&reported.try_recv().unwrap()), [("2026-11-14".into(), 6)]);
        watch.hand_over(at("2026-11-14T10:00:16Z"), String::new());
        assert!(reported.try_recv().unwrap().days.is_empty(), "what did not change is not said again");
    }

    #[test]
    fn days_before_yesterday_are_the_spools_alone() {
        let data = tempfile::tempdir().unwrap();
        let (mut watch, _reported) = watch(data.path(), 9);
        for day in ["2026-11-13T10:00:00Z", "2026-11-14T10:00:00Z", "2026-11-15T10:00:00Z"] {
            watch.pipeline.note_paused(at(day), 1);
        }
        watch.hand_over(at("2026-11-15T10:00:00Z"), String::new());
        let held: Vec<String> = watch.pipeline.days().map(|day| day.date.to_string()).collect();
        assert_eq!(held, ["2026-11-14", "2026-11-15"]);
    }
}
