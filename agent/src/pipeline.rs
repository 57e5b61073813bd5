//! The one place that knows every stage: frame → fact → names and flows → subject → day.
//!
//! Owns the stages by value, on one thread, and moves each one's product to the next. Time is that of the frames, so
//! a capture replayed gives the same days; between frames a live agent calls [`Pipeline::handle_timeout`]. Always
//! holds: what was counted before a midnight or a change of place stands under that day and place.

use std::sync::Arc;

use elsewhere_catalog::{Catalog, layer::Layer};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    app_class::AppMatch,
    capture::Frame,
    classify::{self, judge::Judge},
    decode::{self, Decoder, Fact, FlowKey},
    flows::{self, Flows},
    names::Names,
    summarize::{Day, Degraded, Place, Summarize, Usage},
};

/// All stages from the frame to the day.
pub struct Pipeline {
    catalog: &'static Catalog,
    /// What the organisation adds to it.
    layer: Arc<Layer>,
    decoder: Decoder,
    names: Names,
    flows: Flows,
    apps: Judge,
    summarize: Summarize,
    /// When the days have to be split; nothing was seen before the first fact.
    midnight: Option<Timestamp>,
    flow_counts: flows::Counts,
}

impl Pipeline {
    /// Empty stages; dates are those of `zone`.
    pub fn new(catalog: &'static Catalog, zone: TimeZone) -> Self {
        Self {
            catalog,
            layer: Arc::default(),
            decoder: Decoder::new(),
            names: Names::default(),
            flows: Flows::default(),
            apps: Judge::default(),
            summarize: Summarize::new(zone),
            midnight: None,
            flow_counts: flows::Counts::default(),
        }
    }

    /// Takes in one frame.
    pub fn handle(&mut self, frame: &Frame<'_>) {
        self.decoder.handle(frame);
        self.pump();
    }

    /// Takes in one fact, as the decoder or a test makes it.
    pub fn handle_fact(&mut self, fact: &Fact) {
        self.advance(fact.time);
        self.names.handle(fact.time, fact);
        self.flows.handle(fact.time, fact, &mut self.names);
        self.drain();
    }

    /// The next new connection, for who can ask whose it is; a capture file has nobody to ask.
    pub fn poll_newcomer(&mut self) -> Option<FlowKey> {
        self.flows.poll_newcomer()
    }

    /// The connection is this program's.
    pub fn owned_by(&mut self, key: FlowKey, owner: AppMatch) {
        self.flows.owned_by(key, owner);
    }

    /// When `handle_timeout` has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let stages = [
            self.decoder.poll_timeout(),
            self.names.poll_timeout(),
            self.flows.poll_timeout(),
            self.summarize.poll_timeout(),
        ];
        stages.into_iter().chain([self.midnight]).flatten().min()
    }

    /// Time passed: reports what is due, ends tries, begins days. Live, to be called every few minutes, due or not:
    /// where nobody did, the device slept.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.decoder.handle_timeout(now);
        self.pump();
        self.advance(now);
        self.flows.handle_timeout(now, &mut self.names);
        self.drain();
    }

    /// Brings the days up to date with all that is under way, for who wants to put them away or show them.
    pub fn report(&mut self) {
        self.decoder.tell_runs();
        self.pump();
        self.report_flows();
    }

    /// Nothing more will come: ends all connections and tries as they stand.
    pub fn finish(&mut self) {
        self.decoder.finish();
        self.pump();
        self.flows.finish();
        self.drain();
        self.summarize.handle_timeout(Timestamp::MAX);
    }

    /// What the decoder saw and could not read.
    pub fn decode_counts(&self) -> decode::Counts {
        self.decoder.counts()
    }

    /// The days held, the earliest first. `Day::changes` tells whether one changed.
    pub fn days(&self) -> impl Iterator<Item = &Day> {
        self.summarize.days()
    }

    /// All rows of all days, from `contact` up.
    pub fn usages(&self) -> impl Iterator<Item = (Date, &Usage)> {
        self.days().flat_map(|day| day.usages.iter().map(|usage| (day.date, usage)))
    }

    /// Goes on counting a day that was put away.
    pub fn restore(&mut self, day: Day) {
        self.summarize.restore(day);
    }

    /// Lets go of the days before a date, which were put away.
    pub fn forget_before(&mut self, date: Date) {
        self.summarize.forget_before(date);
    }

    /// From now on the device is there; what was counted until now stands under the place before.
    pub fn set_place(&mut self, place: Place) {
        self.report();
        self.summarize.set_place(place);
    }

    /// From now on names are what this layer says too.
    pub fn set_layer(&mut self, layer: Arc<Layer>) {
        self.layer = layer;
    }

    /// The agent was paused until now.
    pub fn note_paused(&mut self, now: Timestamp, seconds: u32) {
        let day = self.summarize.day_mut(now);
        day.paused_seconds = day.paused_seconds.saturating_add(seconds);
    }

    /// The kernel dropped packets since the last time.
    pub fn note_dropped(&mut self, now: Timestamp, packets: u64) {
        let day = self.summarize.day_mut(now);
        day.blind_spots.dropped_packets = day.blind_spots.dropped_packets.saturating_add(packets);
    }

    /// Accounts of several people were in use on the device today.
    pub fn note_shared(&mut self, now: Timestamp) {
        self.summarize.day_mut(now).shared_device = true;
    }

    /// The agent sees less than it could.
    pub fn note_degraded(&mut self, now: Timestamp, reason: Degraded) {
        self.summarize.day_mut(now).degrade(reason);
    }

    fn pump(&mut self) {
        while let Some(fact) = self.decoder.poll() {
            self.handle_fact(&fact);
        }
    }

    fn advance(&mut self, now: Timestamp) {
        let midnight = *self.midnight.get_or_insert_with(|| self.summarize.next_midnight(now));
        if now >= midnight {
            self.report_flows();
            self.midnight = Some(self.summarize.next_midnight(now));
        }
        let due = self.flows.poll_timeout().into_iter().chain(self.names.poll_timeout()).min();
        if due.is_some_and(|due| due <= now) {
            self.flows.handle_timeout(now, &mut self.names);
            self.drain();
        }
        if self.summarize.poll_timeout().is_some_and(|due| due <= now) {
            self.summarize.handle_timeout(now);
        }
        self.note_full_table(now);
    }

    fn report_flows(&mut self) {
        self.flows.report_all();
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(flow) = self.flows.poll() {
            let subject = classify::subject(self.catalog, &self.layer, &flow);
            let app = self.apps.judge(flow.until, &flow, &subject);
            self.summarize.handle(&flow, &subject, app);
        }
    }

    fn note_full_table(&mut self, now: Timestamp) {
        let counts = self.flows.counts();
        if counts != self.flow_counts {
            self.flow_counts = counts;
            self.note_degraded(now, Degraded::TableFull);
        }
    }
}

#[cfg(test)]
mod tests;
