//! What our eyes see in one capture: the agent's own stages, in this process.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use elsewhere_agent::{
    capture::file,
    decode::{ClientHello, Decoder, DnsData, Fact, FactKind, FlowKey, Target},
    flows::{Flow, Flows},
    names::Names,
};

use super::truth::{Answer, Kind};

/// Names, answers and flows of one capture.
#[derive(Default)]
pub(super) struct Seen {
    /// Names of each kind.
    pub(super) names: BTreeMap<Kind, BTreeSet<String>>,
    /// DNS answer records.
    pub(super) answers: BTreeSet<Answer>,
    /// What the flow table said about each 5-tuple, from the device; several connections on one add up.
    pub(super) flows: HashMap<FlowKey, Totals>,
    /// What the decoder said about each 5-tuple, by direction.
    pub(super) wire: HashMap<FlowKey, Wire>,
    /// Why the file was not read to its end.
    pub(super) damage: Option<String>,
}

/// A connection's reports added up.
#[derive(Default)]
pub(super) struct Totals {
    /// Payload from the device.
    pub(super) bytes_up: u64,
    /// Payload to the device.
    pub(super) bytes_down: u64,
    /// SYN to the device's answer to the SYN-ACK, of each connection on the 5-tuple.
    pub(super) connects_us: Vec<f64>,
}

/// The packets of one direction of a 5-tuple.
#[derive(Default)]
pub(super) struct Wire {
    /// Payload of every segment or datagram.
    pub(super) payload_bytes: u64,
    /// ALPN protocols of all hellos.
    pub(super) alpn: BTreeSet<String>,
    /// A hello had an ECH extension.
    pub(super) ech: bool,
    /// A hello was read.
    pub(super) hello: bool,
    /// QUIC versions of the hellos.
    pub(super) quic_versions: BTreeSet<u32>,
}

impl Seen {
    /// The names of one kind.
    pub(super) fn names(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.names.get(&kind).into_iter().flatten().map(String::as_str)
    }

    /// Whether a name of a kind was seen.
    pub(super) fn has(&self, kind: Kind, name: &str) -> bool {
        self.names.get(&kind).is_some_and(|names| names.contains(name))
    }
}

/// Reads a capture to its end or to its first damage; nothing is seen in what is no capture.
pub(super) fn read(path: &Path) -> Seen {
    let mut reader = match file::open(path) {
        Ok(reader) => reader,
        Err(error) => return Seen { damage: Some(error.to_string()), ..Seen::default() },
    };
    let (mut decoder, mut names, mut flows) = (Decoder::new(), Names::default(), Flows::default());
    let mut seen = Seen::default();
    let mut over = false;
    while !over {
        match reader.next_frame() {
            Ok(Some(frame)) => decoder.handle(&frame),
            Ok(None) => over = true,
            Err(error) => {
                seen.damage = Some(error.to_string());
                over = true;
            }
        }
        if over {
            decoder.finish();
        }
        while let Some(fact) = decoder.poll() {
            if flows.poll_timeout().is_some_and(|due| due <= fact.time) {
                flows.handle_timeout(fact.time, &mut names);
            }
            names.handle(fact.time, &fact);
            flows.handle(fact.time, &fact, &mut names);
            seen.fact(&fact);
        }
        if over {
            flows.finish();
        }
        while let Some(flow) = flows.poll() {
            seen.flow(&flow);
        }
    }
    seen
}

impl Seen {
    fn fact(&mut self, fact: &Fact) {
        match &fact.kind {
            FactKind::TcpSegment(segment) => {
                self.wire(fact.flow).payload_bytes += u64::from(segment.payload_bytes);
            }
            FactKind::UdpDatagram { payload_bytes, .. } => {
                self.wire(fact.flow).payload_bytes += u64::from(*payload_bytes);
            }
            FactKind::DnsQuery(question) => self.name(Kind::DnsName, question.qname.as_str()),
            FactKind::DnsOddName(odd) => self.name(Kind::DnsName, &odd.text),
            FactKind::DnsResponse(response) => {
                if let Some(question) = &response.question {
                    self.name(Kind::DnsName, question.qname.as_str());
                }
                for answer in &response.answers {
                    let (kind, value) = match &answer.data {
                        DnsData::Address(address) if address.is_ipv4() => ("A", address.to_string()),
                        DnsData::Address(address) => ("AAAA", address.to_string()),
                        DnsData::Alias(target) => ("CNAME", target.to_string()),
                        _ => continue,
                    };
                    self.answers.insert((answer.name.to_string(), kind.to_owned(), value));
                }
            }
            FactKind::TlsClientHello(hello) => self.hello(fact.flow, Kind::TlsSni, hello),
            FactKind::QuicClientHello { version, hello } => {
                self.hello(fact.flow, Kind::QuicSni, hello);
                self.wire(fact.flow).quic_versions.insert(*version);
            }
            FactKind::HttpHost(host) => self.name(Kind::HttpHost, host.as_str()),
            FactKind::HttpConnect(Target { name, address, .. }) => {
                let name = name.as_ref().map(ToString::to_string);
                if let Some(name) = name.or_else(|| address.map(|address| address.to_string())) {
                    self.name(Kind::HttpHost, &name);
                }
            }
            _ => {}
        }
    }

    fn flow(&mut self, flow: &Flow) {
        if !flow.outcome.is_of_a_connection() {
            return;
        }
        let totals = self.flows.entry(flow.key).or_default();
        totals.bytes_up += flow.bytes_up + flow.resent_up;
        totals.bytes_down += flow.bytes_down + flow.resent_down;
        totals.connects_us.extend(flow.timings.connect.map(|connect| connect.as_secs_f64() * 1e6));
    }

    fn hello(&mut self, flow: FlowKey, kind: Kind, hello: &ClientHello) {
        if let Some(name) = &hello.server_name {
            self.name(kind, name.as_str());
        }
        let wire = self.wire(flow);
        wire.hello = true;
        wire.ech |= hello.ech;
        wire.alpn.extend(hello.alpn.iter().cloned());
    }

    fn name(&mut self, kind: Kind, name: &str) {
        self.names.entry(kind).or_default().insert(name.to_owned());
    }

    fn wire(&mut self, flow: FlowKey) -> &mut Wire {
        self.wire.entry(flow).or_default()
    }
}
