//! Flows beside the truth: bytes both ways, round trips, ALPN, ECH, QUIC versions.
//!
//! The truth counts the payload of every segment. The decoder must see the same; the flow table counts each byte of
//! a stream once, and tells what came again beside it.

use elsewhere_agent::decode::FlowKey;

use super::{
    seen::{Seen, Wire},
    truth::{Capture, Flow},
};
use crate::{
    figures::percent,
    table::{Goal, Table},
};

/// How far a round trip may be off.
const ROUND_TRIP_PERCENT: f64 = 5.0;

/// So many of so many agree.
#[derive(Default)]
struct Agreement {
    agree: u64,
    of: u64,
}

/// All comparisons so far.
#[derive(Default)]
pub(super) struct Comparison {
    payload: Agreement,
    bytes: Agreement,
    round_trips: Agreement,
    alpn: Agreement,
    ech: Agreement,
    quic_versions: Agreement,
}

impl Agreement {
    /// Counts one and tells of it where it differs.
    fn add(&mut self, agrees: bool, differs: impl FnOnce() -> String) {
        self.of += 1;
        if agrees {
            self.agree += 1;
        } else {
            println!("{}", differs());
        }
    }

    fn row(&self, what: &str, table: &mut Table) {
        let beside = format!("{} of {} flows", self.agree, self.of);
        table.row(what, percent(self.agree, self.of), "%", &beside, Goal::AtLeast(100.0));
    }
}

impl Comparison {
    /// Compares the flows of one capture.
    pub(super) fn add(&mut self, capture: &Capture, seen: &Seen) {
        let nothing = Wire::default();
        for flow in &capture.flows {
            let key = FlowKey { transport: flow.transport(), src: flow.client, dst: flow.server };
            let place = format!("{} {} > {}", capture.file, flow.client, flow.server);
            let up = seen.wire.get(&key).unwrap_or(&nothing);
            let down = seen.wire.get(&key.reversed()).unwrap_or(&nothing);
            let truth = (flow.bytes_c2s, flow.bytes_s2c);
            let ours = (up.payload_bytes, down.payload_bytes);
            self.payload.add(ours == truth, || format!("payload {place}: {ours:?}, truth {truth:?}"));
            self.hello(flow, up, &place);
            let Some(totals) = seen.flows.get(&key) else {
                self.bytes.add(false, || format!("bytes {place}: no flow"));
                continue;
            };
            let ours = (totals.bytes_up, totals.bytes_down);
            self.bytes.add(ours == truth, || format!("bytes {place}: {ours:?}, truth {truth:?}"));
            let Some(rtt) = flow.rtt_us else { continue };
            let is_near = |ours: &f64| (ours - rtt).abs() <= rtt * ROUND_TRIP_PERCENT / 100.0;
            let connects = &totals.connects_us;
            if connects.contains(&0.0) {
                println!("round trip {place}: left out, its handshake has one time stamp in the capture");
                continue;
            }
            self.round_trips.add(connects.iter().any(is_near), || {
                format!("round trip {place}: {connects:?} us, truth {rtt} us")
            });
        }
    }

    /// Compares what the hello said; a hello that was not read is a missed name, and counts there.
    fn hello(&mut self, flow: &Flow, up: &Wire, place: &str) {
        if !up.hello {
            return;
        }
        let ours: Vec<&str> = up.alpn.iter().map(String::as_str).collect();
        let mut theirs: Vec<&str> = flow.alpn.iter().map(String::as_str).collect();
        theirs.sort_unstable();
        theirs.dedup();
        self.alpn.add(ours == theirs, || format!("ALPN {place}: {ours:?}, truth {theirs:?}"));
        self.ech.add(up.ech == flow.ech, || format!("ECH {place}: {}, truth {}", up.ech, flow.ech));
        if flow.quic_versions.is_empty() {
            return;
        }
        let ours: Vec<String> = up.quic_versions.iter().map(|version| format!("{version:#010x}")).collect();
        let mut theirs = flow.quic_versions.clone();
        theirs.sort_unstable();
        let agrees = ours.iter().all(|version| theirs.contains(version));
        self.quic_versions.add(agrees, || {
            format!("QUIC versions {place}: {ours:?} of hellos, truth {theirs:?} of packets")
        });
    }

    /// Adds the rows.
    pub(super) fn rows(&self, table: &mut Table) {
        self.payload.row("flows: payload of every segment as in truth", table);
        self.bytes.row("flows: bytes of the flow table as in truth", table);
        self.round_trips.row("flows: round trip within 5 %", table);
        self.alpn.row("hellos: ALPN as in truth", table);
        self.ech.row("hellos: ECH extension as in truth", table);
        self.quic_versions.row("hellos: QUIC version as in truth", table);
    }
}
