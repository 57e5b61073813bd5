//! `elsewhere-agent flows`: the connections in a capture, one JSON object a line. It never leaves the machine.
//!
//! The flow table reports a long connection piece by piece; here the pieces stand as one line, printed when the
//! connection is over, in the order in which they end. Holds at most what the flow table holds.

use std::{
    collections::HashMap,
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{output::still_read, progress::Progress};
use crate::{
    capture::file,
    decode::{Decoder, Transport},
    flows::{Failure, Flow, FlowId, Flows, NameSource, Naming, Outcome},
    names::{Names, WhyOpen},
};

/// Waits and transfers shown for one connection; a report brings 8 at most, so this is a quarter of an hour or more.
const MAX_SAMPLES: usize = 128;

/// Prints each connection in a capture file as a JSON object on a line of its own.
///
/// Whom it went to and how that is known, bytes of payload each way, what became of it and how long things took.
/// For checking what the agent sees. Nothing of this leaves the device.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  elsewhere-agent flows --read office.pcapng | grep '\"outcome\":\"silent\"'"
)]
pub struct Args {
    /// The capture to read: pcap or pcapng
    #[arg(long, value_name = "FILE")]
    read: PathBuf,
}

/// Runs it.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut reader = file::open(&args.read)?;
    let mut progress = Progress::over(&reader);
    let mut stages = Stages::default();
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let end = loop {
        match reader.next_frame() {
            Ok(Some(frame)) => stages.decoder.handle(&frame),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
        if !still_read(stages.pump(&mut out))? {
            return Ok(());
        }
        progress.frame(&reader);
    };
    still_read(stages.finish(&mut out))?;
    end?;
    stages.decoder.counts().legible().with_context(|| args.read.display().to_string())
}

/// The stages up to the flow table, and the lines of connections that are not over.
#[derive(Default)]
struct Stages {
    decoder: Decoder,
    names: Names,
    flows: Flows,
    open: HashMap<FlowId, Line>,
}

impl Stages {
    fn pump(&mut self, out: &mut impl Write) -> io::Result<()> {
        while let Some(fact) = self.decoder.poll() {
            if self.flows.poll_timeout().is_some_and(|due| due <= fact.time) {
                self.flows.handle_timeout(fact.time, &mut self.names);
            }
            self.names.handle(fact.time, &fact);
            self.flows.handle(fact.time, &fact, &mut self.names);
        }
        self.print(out)
    }

    fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.decoder.finish();
        self.pump(out)?;
        self.flows.finish();
        self.print(out)?;
        out.flush()
    }

    fn print(&mut self, out: &mut impl Write) -> io::Result<()> {
        while let Some(flow) = self.flows.poll() {
            let (id, is_last) = (flow.id, flow.is_last);
            let line = self.open.entry(id).or_insert_with(|| Line::new(&flow));
            line.add(flow);
            if is_last && let Some(line) = self.open.remove(&id) {
                serde_json::to_writer(&mut *out, &line)?;
                out.write_all(b"\n")?;
            }
        }
        Ok(())
    }
}

/// One connection. Times are in microseconds.
#[derive(Serialize)]
struct Line {
    started: Timestamp,
    transport: &'static str,
    /// The device.
    src: String,
    dst: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// How the name is known, or why there is none.
    naming: &'static str,
    outcome: String,
    bytes_up: u64,
    bytes_down: u64,
    /// Payload that came more than once, each further time.
    resent_up: u64,
    resent_down: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    alpn: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ja4: Option<String>,
    /// Its Encrypted Client Hello is a real one.
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted_hello: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lookup_us: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connect_us: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handshake_us: Option<i128>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    server_waits_us: Vec<i128>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    transfers: Vec<TransferLine>,
}

#[derive(Serialize)]
struct TransferLine {
    bytes: u64,
    duration_us: i128,
}

impl Line {
    fn new(flow: &Flow) -> Self {
        Self {
            started: flow.started,
            transport: if flow.key.transport == Transport::Tcp { "tcp" } else { "udp" },
            src: flow.key.src.to_string(),
            dst: flow.key.dst.to_string(),
            name: None,
            naming: "",
            outcome: String::new(),
            bytes_up: 0,
            bytes_down: 0,
            resent_up: 0,
            resent_down: 0,
            alpn: None,
            ja4: None,
            encrypted_hello: None,
            lookup_us: None,
            connect_us: None,
            handshake_us: None,
            server_waits_us: Vec::new(),
            transfers: Vec::new(),
        }
    }

    /// Adds a report: counts add up, and what became known later stands. A connection that was kept open for one
    /// proxied host after another has the last one's name.
    fn add(&mut self, flow: Flow) {
        (self.name, self.naming) = named(flow.naming);
        self.outcome = outcome(flow.outcome);
        self.bytes_up = self.bytes_up.saturating_add(flow.bytes_up);
        self.bytes_down = self.bytes_down.saturating_add(flow.bytes_down);
        self.resent_up = self.resent_up.saturating_add(flow.resent_up);
        self.resent_down = self.resent_down.saturating_add(flow.resent_down);
        if let Some(hello) = flow.hello {
            self.alpn = Some(hello.alpn.clone());
            self.ja4 = Some(hello.ja4.clone()).filter(|ja4| !ja4.is_empty());
            self.encrypted_hello = Some(hello.encrypted);
        }
        self.lookup_us = self.lookup_us.or(flow.timings.lookup.map(micros));
        self.connect_us = self.connect_us.or(flow.timings.connect.map(micros));
        self.handshake_us = self.handshake_us.or(flow.timings.handshake.map(micros));
        self.server_waits_us.extend(flow.timings.server_waits.into_iter().map(micros));
        self.server_waits_us.truncate(MAX_SAMPLES);
        self.transfers.extend(
            flow.timings.transfers.iter().map(|transfer| TransferLine {
                bytes: transfer.bytes,
                duration_us: micros(transfer.duration),
            }),
        );
        self.transfers.truncate(MAX_SAMPLES);
    }
}

fn micros(duration: SignedDuration) -> i128 {
    duration.as_micros()
}

fn named(naming: Naming) -> (Option<String>, &'static str) {
    match naming {
        Naming::Known(name, source) => {
            let source = match source {
                NameSource::Dns => "dns",
                NameSource::HttpHost => "http_host",
                NameSource::ProxyTarget => "proxy_target",
                NameSource::ServerName => "server_name",
            };
            (Some(name.to_string()), source)
        }
        Naming::Open(why) => {
            let why = match why {
                WhyOpen::NeverResolved => "never_resolved",
                WhyOpen::AnswerExpired => "answer_expired",
                WhyOpen::SeveralFit => "several_fit",
                WhyOpen::HiddenByEch => "hidden_by_ech",
                WhyOpen::ShownAsAddress => "shown_as_address",
            };
            (None, why)
        }
    }
}

fn outcome(outcome: Outcome) -> String {
    let word = match outcome {
        Outcome::Established => "established",
        Outcome::Reused => "reused",
        Outcome::Unused => "unused",
        Outcome::Failed(failure) => match failure {
            Failure::Refused => "refused",
            Failure::Reset => "reset",
            Failure::ResetNearBy => "reset_near_by",
            Failure::Silent => "silent",
            Failure::TlsAlert(description) => return format!("tls_alert_{description}"),
            Failure::Unreachable => "unreachable",
            Failure::NoSuchName => "no_such_name",
            Failure::ResolverFailed => "resolver_failed",
            Failure::ResolverRefused => "resolver_refused",
            Failure::ResolverSilent => "resolver_silent",
            Failure::TurnedAway => "turned_away",
        },
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{ClientHello, Fact, FactKind, FlowKey, ServerHello, TcpSegment};

    const SYN: u8 = 2;
    const ACK: u8 = 16;

    /// A connection of three minutes with a name, which the table reports in pieces.
    fn printed() -> String {
        let up = FlowKey {
            transport: Transport::Tcp,
            src: "10.0.0.2:40000".parse().unwrap(),
            dst: "192.0.2.1:443".parse().unwrap(),
        };
        let at = |milliseconds| {
            Timestamp::from_second(1_700_000_000).unwrap() + SignedDuration::from_millis(milliseconds)
        };
        let segment = |flags, seq, payload_bytes| {
            FactKind::TcpSegment(TcpSegment {
                seq,
                ack: 0,
                flags,
                payload_bytes,
                stride: 0,
                until: at(0),
                ttl: 64,
            })
        };
        let hello = ClientHello {
            server_name: Some(crate::domain::Domain::from_wire(b"a.example").unwrap()),
            alpn: vec!["h2".into()],
            ..ClientHello::default()
        };
        let mut stages = Stages::default();
        let mut out = Vec::new();
        let mut tell = |milliseconds: i64, flow, mut kind| {
            let time = at(milliseconds);
            if let FactKind::TcpSegment(segment) = &mut kind {
                segment.until = time;
            }
            let fact = Fact { time, flow, interface: 0, direction: None, kind };
            stages.flows.handle_timeout(time, &mut stages.names);
            stages.names.handle(time, &fact);
            stages.flows.handle(time, &fact, &mut stages.names);
            stages.print(&mut out).unwrap();
        };
        tell(0, up, segment(SYN, 0, 0));
        tell(20, up.reversed(), segment(SYN | ACK, 0, 0));
        tell(21, up, segment(ACK, 1, 500));
        tell(21, up, FactKind::TlsClientHello(hello));
        tell(40, up.reversed(), segment(ACK, 1, 3_000));
        tell(40, up.reversed(), FactKind::TlsServerHello(ServerHello::Tls13));
        tell(42, up, segment(ACK, 501, 80));
        for minute in 1..4 {
            tell(minute * 61_000, up, segment(ACK, 581 + u32::try_from(minute).unwrap() * 100, 100));
        }
        stages.finish(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn reports_of_one_connection_stand_as_one_line() {
        insta::assert_snapshot!(printed(), @r#"
        {"started":"2023-11-14T22:13:20Z","transport":"tcp","src":"10.0.0.2:40000","dst":"192.0.2.1:443","name":"a.example","naming":"server_name","outcome":"established","bytes_up":880,"bytes_down":3000,"resent_up":0,"resent_down":0,"alpn":["h2"],"encrypted_hello":false,"connect_us":21000,"handshake_us":42000}
        "#);
    }

    #[test]
    fn a_word_says_why_there_is_no_name_and_what_failed() {
        assert_eq!(named(Naming::Open(WhyOpen::HiddenByEch)), (None, "hidden_by_ech"));
        assert_eq!(outcome(Outcome::Failed(Failure::TlsAlert(40))), "tls_alert_40");
        assert_eq!(outcome(Outcome::Failed(Failure::TurnedAway)), "turned_away");
    }
}
