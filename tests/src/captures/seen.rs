//! What the agent's own stages see in a capture, in lines as `expect.snap` has them.

use std::{collections::BTreeMap, fmt, path::Path};

use elsewhere_agent::{
    capture::{Frame, file},
    decode::{ClientHello, Decoder, DnsData, Fact, FactKind, FlowKey, Target},
    domain::Domain,
    flows::{Failure, Flow, FlowId, Flows, Naming, Outcome},
    names::{Names, WhyOpen},
};

/// The lines of one capture.
#[derive(Default)]
pub struct Seen {
    pub(super) lines: Vec<Line>,
}

/// One fact, or one connection's sums.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    text: String,
    /// Fingerprint, which an expectation may name.
    ja4: Option<String>,
}

impl Line {
    pub(super) fn is_flow(&self) -> bool {
        self.text.contains(" flow ")
    }

    pub(super) fn matches(&self, expected: &str) -> bool {
        match expected.split_once(" ja4=") {
            Some((text, ja4)) => self.is(text) && self.ja4.as_deref() == Some(ja4),
            None => self.is(expected),
        }
    }

    /// Whether it is this text, in which an address may have any port.
    fn is(&self, expected: &str) -> bool {
        let mut words = self.text.split(' ');
        expected.split(' ').all(|expected| {
            words.next().is_some_and(|word| match expected.strip_suffix(":*") {
                Some(address) => word.rsplit_once(':').is_some_and(|(seen, _)| seen == address),
                None => word == expected,
            })
        }) && words.next().is_none()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Seen {
    /// Reads a capture file to its end.
    pub fn in_file(path: &Path) -> anyhow::Result<Self> {
        let mut reader = file::open(path)?;
        let mut stages = Stages::default();
        while let Some(frame) = reader.next_frame()? {
            stages.handle(&frame);
        }
        Ok(stages.finish())
    }

    /// Reads frames that lie in memory.
    pub fn in_frames<'a>(frames: impl IntoIterator<Item = Frame<'a>>) -> Self {
        let mut stages = Stages::default();
        frames.into_iter().for_each(|frame| stages.handle(&frame));
        stages.finish()
    }

    /// The facts alone, sorted, for comparing two orders of the same frames.
    pub fn facts(&self) -> Vec<String> {
        let mut facts: Vec<_> =
            self.lines.iter().filter(|line| !line.is_flow()).map(ToString::to_string).collect();
        facts.sort();
        facts
    }
}

#[derive(Default)]
struct Stages {
    decoder: Decoder,
    names: Names,
    flows: Flows,
    lines: Vec<Line>,
    sums: BTreeMap<FlowId, Flow>,
}

impl Stages {
    fn handle(&mut self, frame: &Frame<'_>) {
        self.decoder.handle(frame);
        self.pump();
    }

    fn finish(mut self) -> Seen {
        self.decoder.finish();
        self.pump();
        self.flows.finish();
        self.sum_up();
        self.lines.extend(self.sums.values().map(|flow| Line { text: describe_flow(flow), ja4: None }));
        Seen { lines: self.lines }
    }

    fn pump(&mut self) {
        while let Some(fact) = self.decoder.poll() {
            self.flows.handle_timeout(fact.time, &mut self.names);
            self.names.handle(fact.time, &fact);
            self.flows.handle(fact.time, &fact, &mut self.names);
            self.lines.extend(describe(&fact));
            self.sum_up();
        }
    }

    fn sum_up(&mut self) {
        while let Some(report) = self.flows.poll() {
            match self.sums.get_mut(&report.id) {
                None => drop(self.sums.insert(report.id, report)),
                Some(sum) => {
                    let (up, down) = (sum.bytes_up + report.bytes_up, sum.bytes_down + report.bytes_down);
                    *sum = Flow { bytes_up: up, bytes_down: down, ..report };
                }
            }
        }
    }
}

fn describe_flow(flow: &Flow) -> String {
    let name = match &flow.naming {
        Naming::Known(name, _) => name.as_str(),
        Naming::Open(WhyOpen::HiddenByEch) => "hidden",
        Naming::Open(WhyOpen::SeveralFit) => "ambiguous",
        Naming::Open(_) => "nameless",
    };
    let outcome = match flow.outcome {
        Outcome::Established => "established".into(),
        Outcome::Failed(Failure::TlsAlert(description)) => format!("alert-{description}"),
        Outcome::Failed(failure) => format!("{failure:?}").to_lowercase(),
        Outcome::Reused => "reused".into(),
        Outcome::Unused => "unused".into(),
    };
    let what = format!("flow {name} up={} down={} {outcome}", flow.bytes_up, flow.bytes_down);
    at(&flow.key, &what)
}

fn at(key: &FlowKey, what: &str) -> String {
    format!("{} > {} {what}", key.src, key.dst)
}

fn describe(fact: &Fact) -> Vec<Line> {
    let mut ja4 = None;
    let texts = match &fact.kind {
        FactKind::TcpSegment(_) | FactKind::UdpDatagram { .. } => vec![],
        FactKind::Unreachable => vec!["unreachable".into()],
        FactKind::TlsServerHello(_) => vec!["tls-server-hello".into()],
        FactKind::QuicServerPacket => vec!["quic-server".into()],
        FactKind::TlsAlert { description } => vec![format!("tls-alert {description}")],
        FactKind::DnsQuery(question) => vec![format!("dns-query {} {}", question.qname, question.qtype)],
        FactKind::EncryptedDns(how) => vec![format!("encrypted-dns {how:?}").to_lowercase()],
        FactKind::DnsOddName(odd) => {
            vec![format!(
                "dns-odd-name{} {} {}",
                if odd.is_response { "-again" } else { "" },
                odd.text,
                odd.qtype
            )]
        }
        FactKind::DnsResponse(response) => {
            let question = response
                .question
                .as_ref()
                .map_or("-".into(), |question| format!("{} {}", question.qname, question.qtype));
            let mut texts = vec![format!("dns-response {question} rcode={}", response.rcode)];
            texts.extend(response.answers.iter().map(|answer| {
                let data = match &answer.data {
                    DnsData::Address(address) => format!("address {address}"),
                    DnsData::Alias(target) => format!("alias {target}"),
                    DnsData::Service { alpn, ech_public_name } => {
                        format!("service alpn={} ech={}", list(alpn), name(ech_public_name.as_ref()))
                    }
                    DnsData::Other(number) => format!("type {number}"),
                };
                format!("dns-answer {} ttl={} {data}", answer.name, answer.ttl)
            }));
            texts
        }
        FactKind::TlsClientHello(hello) => {
            ja4 = Some(hello.ja4.clone());
            vec![format!("tls {}", describe_hello(hello))]
        }
        FactKind::QuicClientHello { version, hello } => {
            ja4 = Some(hello.ja4.clone());
            vec![format!("quic {version:#010x} {}", describe_hello(hello))]
        }
        FactKind::HttpHost(host) => vec![format!("http-host {host}")],
        FactKind::HttpConnect(target) => vec![format!("http-connect {}", describe_target(target))],
        FactKind::SocksConnect(target) => vec![format!("socks-connect {}", describe_target(target))],
    };
    texts.into_iter().map(|text| Line { text: at(&fact.flow, &text), ja4: ja4.clone() }).collect()
}

fn name(name: Option<&Domain>) -> &str {
    name.map_or("-", Domain::as_str)
}

fn list(protocols: &[String]) -> String {
    if protocols.is_empty() { "-".into() } else { protocols.join(",") }
}

fn describe_hello(hello: &ClientHello) -> String {
    let alpn = list(&hello.alpn);
    let ech = if hello.ech { "yes" } else { "no" };
    let part = if hello.ja4.is_empty() { " part" } else { "" };
    format!("{} alpn={alpn} ech={ech}{part}", name(hello.server_name.as_ref()))
}

fn describe_target(target: &Target) -> String {
    let host = target.name.as_ref().map(ToString::to_string).or(target.address.map(|it| it.to_string()));
    format!("{} {}", host.unwrap_or_default(), target.port)
}
