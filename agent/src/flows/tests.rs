mod caps;
mod ech;
mod jumps;
mod outcomes;
mod times;

use jiff::Timestamp;

use super::{ACK, FIN, Failure, Flow, Flows, MAX_FLOWS, NameSource, Naming, Outcome, RST, SYN, WhyOpen};
use crate::{
    capture::Direction,
    decode::{
        ClientHello, DnsAnswer, DnsData, DnsQuestion, DnsResponse, EncryptedDns, Fact, FactKind, FlowKey,
        ServerHello, Target, TcpSegment, Transport,
    },
    domain::Domain,
    names::Names,
};

const UP: bool = true;
const DOWN: bool = false;

/// A wire between one device port and one server, with its own clock.
struct Wire {
    flows: Flows,
    names: Names,
    key: FlowKey,
    direction: bool,
    interface: u32,
    /// Time to live of what comes down.
    ttl: u8,
    millis: i64,
    seq: [u32; 2],
}

impl Wire {
    fn new(transport: Transport, server: &str) -> Self {
        let src = "192.0.2.9:40000".parse().unwrap();
        let key = FlowKey { transport, src, dst: server.parse().unwrap() };
        let seq = [u32::MAX - 100, 7];
        Self {
            flows: Flows::default(),
            names: Names::default(),
            key,
            direction: true,
            interface: 0,
            ttl: 50,
            millis: 0,
            seq,
        }
    }

    fn tcp() -> Self {
        Self::new(Transport::Tcp, "198.51.100.1:443")
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000 + self.millis).unwrap()
    }

    /// Time passes and is noticed, at the latest every minute.
    fn wait(&mut self, millis: i64) -> &mut Self {
        let until = self.millis + millis;
        while self.millis < until {
            self.millis = until.min(self.millis + 60_000);
            self.flows.handle_timeout(self.now(), &mut self.names);
        }
        self
    }

    /// Time passes and nobody notices.
    fn sleep(&mut self, millis: i64) -> &mut Self {
        self.millis += millis;
        self
    }

    fn tell(&mut self, up: bool, kind: FactKind) -> &mut Self {
        self.millis += 10;
        let flow = if up { self.key } else { self.key.reversed() };
        let direction = if up { Direction::Outgoing } else { Direction::Incoming };
        let direction = self.direction.then_some(direction);
        let interface = self.interface;
        self.fact(&Fact { time: self.now(), flow, direction, interface, kind })
    }

    fn fact(&mut self, fact: &Fact) -> &mut Self {
        self.names.handle(fact.time, fact);
        self.flows.handle(fact.time, fact, &mut self.names);
        self
    }

    fn segment(&mut self, up: bool, flags: u8, payload_bytes: u32) -> &mut Self {
        let seq = self.seq[usize::from(up)];
        let takes_one = u32::from(flags & (SYN | FIN) != 0);
        self.seq[usize::from(up)] = seq.wrapping_add(payload_bytes + takes_one);
        let until = self.next();
        let ttl = if up { 64 } else { self.ttl };
        self.tell(
            up,
            FactKind::TcpSegment(TcpSegment { seq, ack: 0, flags, payload_bytes, stride: 0, ttl, until }),
        )
    }

    fn datagram(&mut self, up: bool, payload_bytes: u32) -> &mut Self {
        let until = self.next();
        self.tell(up, FactKind::UdpDatagram { payload_bytes, until })
    }

    /// When the next fact passes.
    fn next(&self) -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000 + self.millis + 10).unwrap()
    }

    fn connect(&mut self) -> &mut Self {
        self.segment(UP, SYN, 0).segment(DOWN, SYN | ACK, 0).segment(UP, ACK, 0)
    }

    fn hello(&mut self, server_name: &str, ech: bool) -> &mut Self {
        let server_name = Some(domain(server_name));
        let hello = ClientHello { server_name, ech, alpn: vec!["h2".into()], ..ClientHello::default() };
        self.segment(UP, ACK, 500).tell(UP, FactKind::TlsClientHello(hello))
    }

    fn server_hello(&mut self) -> &mut Self {
        self.segment(DOWN, ACK, 3_000).tell(DOWN, FactKind::TlsServerHello(ServerHello::Tls13))
    }

    fn establish(&mut self, server_name: &str) -> &mut Self {
        self.connect().hello(server_name, false).server_hello().segment(UP, ACK, 200)
    }

    fn asked_dns(&mut self, qname: &str) -> &mut Self {
        let data = DnsData::Address(self.key.dst.ip());
        let answers = vec![DnsAnswer { name: domain(qname), ttl: 60, data }];
        self.dns(qname, 0, answers)
    }

    fn dns(&mut self, qname: &str, rcode: u8, answers: Vec<DnsAnswer>) -> &mut Self {
        self.query(qname).response(DnsResponse { rcode, answers, ..empty(qname) })
    }

    fn query(&mut self, qname: &str) -> &mut Self {
        let kind = FactKind::DnsQuery(DnsQuestion { id: 1, qname: domain(qname), qtype: 1 });
        self.fact(&Fact { time: self.now(), flow: lookup(), direction: None, interface: 0, kind })
    }

    fn response(&mut self, response: DnsResponse) -> &mut Self {
        self.millis += 10;
        let (flow, kind) = (lookup().reversed(), FactKind::DnsResponse(response));
        self.fact(&Fact { time: self.now(), flow, direction: None, interface: 0, kind })
    }

    fn reports(&mut self) -> Vec<Flow> {
        std::iter::from_fn(|| self.flows.poll()).collect()
    }

    /// Ends everything and adds the reports up.
    fn end(&mut self) -> Option<Flow> {
        self.flows.finish();
        assert!(self.flows.is_empty() && self.flows.poll_timeout().is_none());
        self.reports().into_iter().reduce(|sum, next| Flow {
            bytes_up: sum.bytes_up + next.bytes_up,
            bytes_down: sum.bytes_down + next.bytes_down,
            resent_up: sum.resent_up + next.resent_up,
            resent_down: sum.resent_down + next.resent_down,
            is_first: sum.is_first,
            ..next
        })
    }
}

/// From the device to its resolver.
fn lookup() -> FlowKey {
    FlowKey {
        transport: Transport::Udp,
        src: "192.0.2.9:41000".parse().unwrap(),
        dst: "192.0.2.53:53".parse().unwrap(),
    }
}

/// A response without answers.
fn empty(qname: &str) -> DnsResponse {
    let question = Some(DnsQuestion { id: 1, qname: domain(qname), qtype: 1 });
    DnsResponse { question, rcode: 0, truncated: false, extended_error: None, answers: vec![] }
}

fn domain(text: &str) -> Domain {
    Domain::from_wire(text.as_bytes()).unwrap()
}

#[test]
fn payload_counts_once_each_way() {
    let mut wire = Wire::tcp();
    wire.establish("slack.com").segment(UP, ACK, 1_000);
    wire.seq[1] = wire.seq[1].wrapping_sub(1_000);
    wire.segment(UP, ACK, 1_000).segment(DOWN, ACK, 40_000).segment(DOWN, FIN | ACK, 0).segment(
        UP,
        FIN | ACK,
        0,
    );
    let flow = wire.end().unwrap();
    assert_eq!((flow.bytes_up, flow.bytes_down), (1_700, 43_000));
    assert_eq!((flow.resent_up, flow.resent_down), (1_000, 0));
    assert_eq!(flow.outcome, Outcome::Established);
    assert!(flow.is_first && flow.is_last);
}

#[test]
fn name_comes_from_the_best_source() {
    type Case = (&'static str, fn(&mut Wire), Naming);
    let known = |name: &str, source| Naming::Known(domain(name), source);
    let cases: &[Case] = &[
        (
            "nothing",
            |wire| {
                wire.connect().segment(DOWN, ACK, 9);
            },
            Naming::Open(WhyOpen::NeverResolved),
        ),
        (
            "dns",
            |wire| {
                wire.asked_dns("miro.com").connect().segment(DOWN, ACK, 9);
            },
            known("miro.com", NameSource::Dns),
        ),
        (
            "hello over dns",
            |wire| {
                wire.asked_dns("cdn.example").establish("miro.com");
            },
            known("miro.com", NameSource::ServerName),
        ),
        (
            "two names at the address",
            |wire| {
                wire.asked_dns("a.example").asked_dns("b.test").connect().segment(DOWN, ACK, 9);
            },
            Naming::Open(WhyOpen::SeveralFit),
        ),
        (
            "proxy target",
            |wire| {
                let target = Target { name: Some(domain("miro.com")), address: None, port: 443 };
                wire.connect()
                    .segment(UP, ACK, 60)
                    .tell(UP, FactKind::HttpConnect(target))
                    .segment(DOWN, ACK, 40);
            },
            known("miro.com", NameSource::ProxyTarget),
        ),
        (
            "proxy target by an address that was looked up",
            |wire| {
                wire.asked_dns("miro.com");
                let target = Target { name: None, address: Some(wire.key.dst.ip()), port: 443 };
                wire.key.dst = "192.0.2.80:1080".parse().unwrap();
                wire.connect().segment(UP, ACK, 60).tell(UP, FactKind::SocksConnect(target));
            },
            known("miro.com", NameSource::ProxyTarget),
        ),
        (
            "proxy target by an address alone",
            |wire| {
                wire.asked_dns("proxy.example").connect().segment(UP, ACK, 60);
                let target = Target { name: None, address: Some("203.0.113.1".parse().unwrap()), port: 443 };
                wire.tell(UP, FactKind::SocksConnect(target));
            },
            Naming::Open(WhyOpen::ShownAsAddress),
        ),
        (
            "host by its address",
            |wire| {
                wire.connect().segment(UP, ACK, 60).tell(UP, FactKind::HttpHost(domain("198.51.100.1")));
            },
            Naming::Open(WhyOpen::ShownAsAddress),
        ),
        (
            "answer expired",
            |wire| {
                wire.asked_dns("miro.com").wait(3_600_000).connect();
            },
            Naming::Open(WhyOpen::AnswerExpired),
        ),
    ];
    for (case, play, expected) in cases {
        let mut wire = Wire::tcp();
        play(&mut wire);
        assert_eq!(&wire.end().unwrap().naming, expected, "{case}");
    }
}

#[test]
fn name_that_turns_out_another_is_reported_as_if_it_began() {
    for (shown, is_first) in [("b.example", true), ("a.example", false)] {
        let mut wire = Wire::new(Transport::Tcp, "198.51.100.1:587");
        wire.asked_dns("a.example").connect().segment(DOWN, ACK, 90).flows.report_all();
        wire.segment(UP, ACK, 10).hello(shown, false).server_hello().segment(UP, ACK, 200).flows.report_all();
        let told: Vec<_> = wire.reports().into_iter().map(|flow| (flow.naming, flow.is_first)).collect();
        let known = |name, source| Naming::Known(domain(name), source);
        assert_eq!(
            told.first_chunk().unwrap(),
            &[(known("a.example", NameSource::Dns), true), (known(shown, NameSource::ServerName), is_first)]
        );
    }
}

#[test]
fn udp_without_hello_counts_where_it_may_be_quic_or_has_a_name() {
    let cases = [
        ("198.51.100.1:443", None, true),
        ("198.51.100.1:3478", None, false),
        ("198.51.100.1:3478", Some("relay.example"), true),
        ("198.51.100.1:123", Some("time.example"), false),
    ];
    for (server, name, counts) in cases {
        let mut wire = Wire::new(Transport::Udp, server);
        if let Some(name) = name {
            wire.asked_dns(name);
        }
        wire.datagram(UP, 80);
        wire.datagram(DOWN, 90).wait(60_000);
        assert_eq!(wire.end().is_some(), counts, "{server} {name:?}");
    }
}

#[test]
fn connection_from_outside_is_no_flow() {
    let mut wire = Wire::new(Transport::Tcp, "198.51.100.1:50000");
    wire.key.src = "192.0.2.9:8080".parse().unwrap();
    wire.segment(UP, SYN | ACK, 0).segment(UP, ACK, 500).segment(DOWN, ACK, 500);
    assert!(wire.end().is_none(), "it runs from the lower port");

    let mut wire = Wire::new(Transport::Tcp, "198.51.100.1:50000");
    wire.segment(DOWN, SYN, 0).segment(UP, SYN | ACK, 0).segment(DOWN, ACK, 500).segment(UP, ACK, 500);
    assert!(wire.end().is_none(), "its SYN came in");

    for server in ["224.0.0.251:443", "[ff02::fb]:443", "198.51.100.1:53"] {
        let mut wire = Wire::new(Transport::Tcp, server);
        wire.connect().segment(UP, ACK, 500).segment(DOWN, ACK, 500);
        assert!(wire.end().is_none(), "{server}");
    }
}

#[test]
fn end_of_a_connection_that_nobody_followed_is_no_connection() {
    for flags in [FIN | ACK, RST, RST | ACK] {
        let mut wire = Wire::tcp();
        wire.segment(UP, flags, 0);
        assert!(wire.flows.is_empty(), "{flags}");
    }
}

#[test]
fn connection_older_than_the_capture_counts_from_then_on() {
    for direction in [true, false] {
        let mut wire = Wire::tcp();
        wire.direction = direction;
        wire.asked_dns("miro.com").segment(DOWN, ACK, 1_000).segment(UP, ACK, 300).segment(DOWN, ACK, 1_000);
        let flow = wire.end().unwrap();
        assert_eq!((flow.bytes_up, flow.bytes_down, flow.outcome), (300, 2_000, Outcome::Established));
        assert_eq!(flow.naming, Naming::Known(domain("miro.com"), NameSource::Dns));
    }
}

#[test]
fn long_connection_is_reported_while_it_lives_and_adds_up() {
    let mut wire = Wire::tcp();
    wire.establish("slack.com");
    let first = wire.reports();
    assert_eq!(first.len(), 1);
    assert!(first[0].is_first && !first[0].is_last);
    let mut up = first[0].bytes_up;
    for minute in 0..30 {
        wire.segment(UP, ACK, 100).wait(30_000).segment(UP, ACK, 100).wait(30_000);
        let reports = wire.reports();
        assert!(reports.len() <= 1 && reports.iter().all(|flow| !flow.is_first), "minute {minute}");
        up += reports.iter().map(|flow| flow.bytes_up).sum::<u64>();
    }
    let last = wire.end().unwrap();
    assert!(last.is_last);
    assert_eq!(up + last.bytes_up, 700 + 6_000);
}

#[test]
fn report_all_leaves_nothing_behind() {
    let mut wire = Wire::tcp();
    wire.establish("slack.com").segment(DOWN, ACK, 5_000).reports();
    wire.segment(DOWN, ACK, 6_000).flows.report_all();
    let reports = wire.reports();
    assert_eq!(reports.iter().map(|flow| flow.bytes_down).collect::<Vec<_>>(), [11_000]);
    wire.flows.report_all();
    assert_eq!(wire.reports(), []);
}

#[test]
fn idle_connections_end_after_their_timeout() {
    let mut wire = Wire::tcp();
    wire.establish("slack.com").wait(123 * 60_000);
    assert_eq!(wire.flows.len(), 1);
    wire.wait(2 * 60_000);
    assert_eq!(wire.flows.len(), 0);

    let mut wire = Wire::new(Transport::Udp, "198.51.100.1:443");
    wire.datagram(UP, 80).datagram(DOWN, 80);
    wire.wait(4 * 60_000);
    assert_eq!(wire.flows.len(), 1);
    wire.wait(2 * 60_000);
    assert_eq!(wire.flows.len(), 0);
}

#[test]
fn same_ports_again_are_another_connection() {
    let mut wire = Wire::tcp();
    wire.establish("slack.com").segment(DOWN, FIN | ACK, 0).segment(UP, FIN | ACK, 0);
    wire.seq = [90_000, 90_000];
    wire.establish("slack.com");
    wire.flows.finish();
    let firsts = wire.reports().iter().filter(|flow| flow.is_first).count();
    assert_eq!(firsts, 2);
}

/// As a live capture on the device shows it.
#[test]
fn connection_is_known_without_its_pure_acknowledgements() {
    let mut wire = Wire::tcp();
    wire.segment(UP, SYN, 0).segment(DOWN, SYN | ACK, 0).wait(500).hello("slack.com", false);
    let used = wire.server_hello().segment(UP, ACK, 200).reports().remove(0);
    assert_eq!(used.timings.connect, Some(jiff::SignedDuration::from_millis(10)));

    let mut wire = Wire::tcp();
    wire.segment(UP, SYN, 0).segment(DOWN, SYN | ACK, 0).segment(UP, FIN | ACK, 0).segment(
        DOWN,
        FIN | ACK,
        0,
    );
    assert_eq!(wire.end().unwrap().outcome, Outcome::Unused);

    let mut wire = Wire::tcp();
    wire.segment(UP, SYN, 0).segment(DOWN, SYN | ACK, 0).hello("slack.com", false).segment(DOWN, RST, 0);
    assert_eq!(wire.end().unwrap().outcome, Outcome::Failed(Failure::Reset));
}

#[test]
fn requests_to_several_hosts_over_one_proxy_connection_are_told_apart() {
    let mut wire = Wire::new(Transport::Tcp, "192.0.2.80:3128");
    wire.connect();
    for (host, up, down) in [("a.example", 300, 1_000), ("b.test", 400, 2_000), ("a.example", 500, 3_000)] {
        wire.tell(UP, FactKind::HttpHost(domain(host))).segment(UP, ACK, up).segment(DOWN, ACK, down);
    }
    wire.flows.finish();
    let mut bytes = std::collections::BTreeMap::new();
    for flow in wire.reports() {
        let Naming::Known(name, NameSource::HttpHost) = flow.naming else { panic!("{:?}", flow.naming) };
        *bytes.entry(name.as_str().to_owned()).or_insert(0) += flow.bytes_up + flow.bytes_down;
    }
    assert_eq!(bytes, [("a.example".to_owned(), 4_800), ("b.test".to_owned(), 2_400)].into());
}

#[test]
fn encrypted_dns_is_told_of_the_whole_connection() {
    let mut wire = Wire::tcp();
    wire.connect().hello("dns.example", false).tell(UP, FactKind::EncryptedDns(EncryptedDns::Https));
    wire.server_hello().segment(UP, ACK, 200).wait(70_000).segment(UP, ACK, 300);
    wire.flows.finish();
    let told: Vec<_> = wire.reports().iter().map(|flow| flow.encrypted_dns).collect();
    assert_eq!(told, [Some(EncryptedDns::Https); 3]);
}
