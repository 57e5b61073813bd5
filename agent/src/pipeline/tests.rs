use std::net::SocketAddr;

use elsewhere_catalog::{Verdict, builtin};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use prost::Message;

use super::Pipeline;
use crate::{
    capture::Direction,
    decode::{
        ClientHello, DnsAnswer, DnsData, DnsQuestion, DnsResponse, Fact, FactKind, FlowKey, ServerHello,
        TcpSegment, Transport,
    },
    domain::Domain,
    evidence::Evidence,
    summarize::{Place, Used},
    wire::{self, Sender, UnknownNameKey},
};

const PERSONAL: &[&str] = &["tinder.com", "www.okcupid.com"];

/// A device whose connections come out as facts, on a clock of its own.
struct Device {
    pipeline: Pipeline,
    now: Timestamp,
    connections: u16,
}

impl Device {
    fn new() -> Self {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now = "2026-11-13T09:00:00+01:00".parse().unwrap();
        Self { pipeline: Pipeline::new(builtin(), zone), now, connections: 0 }
    }

    fn wait(&mut self, seconds: i64) -> &mut Self {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        self.pipeline.handle_timeout(self.now);
        self
    }

    fn tell(&mut self, flow: FlowKey, direction: Direction, kind: FactKind) {
        self.now = self.now.checked_add(SignedDuration::from_millis(10)).unwrap();
        self.pipeline.handle_fact(&Fact {
            time: self.now,
            flow,
            direction: Some(direction),
            interface: 0,
            kind,
        });
    }

    /// Looks a name up, connects, shakes hands, moves bodies of this size, and closes.
    fn visit(&mut self, name: &str, up: u32, down: u32) -> &mut Self {
        let (key, mut sent, mut received) = self.open(name, up, down);
        self.segment(key, false, &mut received, 17, 0);
        self.segment(key, true, &mut sent, 17, 0);
        self
    }

    /// The same without closing; with the sequence numbers that come next.
    fn open(&mut self, name: &str, up: u32, down: u32) -> (FlowKey, u32, u32) {
        let host = Domain::from_wire(name.as_bytes()).unwrap();
        self.connections += 1;
        let server =
            SocketAddr::new([198, 51, 100, u8::try_from(self.connections % 250).unwrap()].into(), 443);
        let device = SocketAddr::new([192, 0, 2, 9].into(), 40_000 + self.connections);
        let lookup = FlowKey {
            transport: Transport::Udp,
            src: "192.0.2.53:53".parse().unwrap(),
            dst: SocketAddr::new(device.ip(), 41_000),
        };
        let question = Some(DnsQuestion { id: self.connections, qname: host.clone(), qtype: 1 });
        let answers = vec![DnsAnswer { name: host.clone(), ttl: 60, data: DnsData::Address(server.ip()) }];
        self.tell(
            lookup,
            Direction::Incoming,
            FactKind::DnsResponse(DnsResponse {
                question,
                rcode: 0,
                truncated: false,
                extended_error: None,
                answers,
            }),
        );

        let key = FlowKey { transport: Transport::Tcp, src: device, dst: server };
        let (mut sent, mut received) = (1_000, 5_000);
        self.segment(key, true, &mut sent, 2, 0);
        self.segment(key, false, &mut received, 18, 0);
        self.segment(key, true, &mut sent, 16, 500);
        let hello = ClientHello { server_name: Some(host), ..ClientHello::default() };
        self.tell(key, Direction::Outgoing, FactKind::TlsClientHello(hello));
        self.segment(key, false, &mut received, 16, 3_000);
        self.tell(key.reversed(), Direction::Incoming, FactKind::TlsServerHello(ServerHello::Tls13));
        self.segment(key, true, &mut sent, 16, 80);
        self.segment(key, true, &mut sent, 24, up);
        self.segment(key, false, &mut received, 24, down);
        (key, sent, received)
    }

    fn segment(&mut self, key: FlowKey, up: bool, seq: &mut u32, flags: u8, payload_bytes: u32) {
        let until = self.now.checked_add(SignedDuration::from_millis(10)).unwrap();
        let segment = TcpSegment { seq: *seq, ack: 0, flags, payload_bytes, stride: 0, ttl: 64, until };
        *seq += payload_bytes + u32::from(flags & 3 != 0);
        let (flow, direction) =
            if up { (key, Direction::Outgoing) } else { (key.reversed(), Direction::Incoming) };
        self.tell(flow, direction, FactKind::TcpSegment(segment));
    }

    fn told(&self) -> Vec<(String, Evidence, u64, u64)> {
        let name = |used: &Used| match used {
            Used::Service(id) => id.clone(),
            Used::Domain(domain) => domain.clone(),
        };
        self.pipeline
            .usages()
            .map(|(_, usage)| (name(&usage.key.used), usage.evidence(), usage.bytes_up, usage.bytes_down))
            .collect()
    }
}

/// A working morning: an upload, a read page, a partner's portal, private life, an update.
fn morning() -> Device {
    let mut device = Device::new();
    device.visit("wetransfer.com", 2_000_000, 4_000).wait(120);
    device.visit("miro.com", 4_000, 300_000).wait(120);
    device.visit("portal.freightdesk.example", 900_000, 300_000).wait(120);
    for name in PERSONAL {
        assert_eq!(builtin().classify(name), Verdict::Personal, "{name}");
        device.visit(name, 2_000_000, 2_000_000).wait(120);
    }
    device.visit("update.googleapis.com", 4_000, 9_000_000);
    device
}

#[test]
fn morning_comes_out_as_it_was() {
    let mut device = morning();
    device.pipeline.finish();
    assert_eq!(
        device.told(),
        [
            ("miro".into(), Evidence::Visit, 4_580, 303_000),
            ("wetransfer".into(), Evidence::Use, 2_000_580, 7_000),
            ("freightdesk.example".into(), Evidence::Use, 900_580, 303_000),
        ]
    );
    let day = device.pipeline.days().next().unwrap();
    assert_eq!((day.blind_spots.connections, day.blind_spots.plumbing), (4, 1));
}

#[test]
fn record_holds_no_name_no_address_and_nothing_private() {
    let mut device = morning();
    device.pipeline.finish();
    let day = device.pipeline.days().next().unwrap();
    let key = UnknownNameKey::new([7; 32]);
    let sender = Sender { agent_version: "1", catalog_version: builtin().version() };
    let record = wire::device_day(day, 1, Some(&key), sender);
    assert_eq!((record.usages.len(), record.unknown_services.len()), (1, 1));
    assert_eq!(record.unknown_services[0].name_hash, key.hash("freightdesk.example"));

    let sent = record.encode_to_vec();
    let kept = serde_json::to_vec(&day.to_keep()).unwrap();
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    for word in ["miro", "freightdesk", ".com", ".example", "198.51", "192.0.2", "portal"] {
        assert!(!holds(&sent, word), "{word} is sent");
    }
    for name in PERSONAL {
        let label = name.trim_start_matches("www.").trim_end_matches(".com");
        assert!(!holds(&sent, label) && !holds(&kept, label), "{label} is kept");
    }
    assert!(!holds(&kept, "198.51") && !holds(&kept, "192.0.2"), "an address is kept");
}

#[test]
fn same_facts_give_the_same_days() {
    let days = || {
        let mut device = morning();
        device.pipeline.finish();
        serde_json::to_string(&device.pipeline.days().collect::<Vec<_>>()).unwrap()
    };
    assert_eq!(days(), days());
}

#[test]
fn reports_in_between_change_no_sum() {
    let mut straight = morning();
    straight.pipeline.finish();
    let mut device = Device::new();
    device.visit("wetransfer.com", 2_000_000, 4_000).pipeline.report();
    device.wait(120).visit("miro.com", 4_000, 300_000).pipeline.report();
    device.wait(120).visit("portal.freightdesk.example", 900_000, 300_000).pipeline.report();
    device.pipeline.finish();
    assert_eq!(device.told(), straight.told());
}

#[test]
fn what_was_counted_before_a_change_of_place_stands_there() {
    let mut device = Device::new();
    device.visit("wetransfer.com", 1_000, 1_000);
    device.pipeline.set_place(Place::Office);
    device.visit("wetransfer.com", 2_000, 2_000);
    device.pipeline.finish();
    let told: Vec<_> = device.pipeline.usages().map(|(_, usage)| (usage.key.place, usage.bytes_up)).collect();
    assert_eq!(told, [(Place::Unknown, 1_580), (Place::Office, 2_580)]);
}

#[test]
fn midnight_passes_without_a_frame() {
    let mut device = Device::new();
    device.visit("wetransfer.com", 1_000, 1_000);
    device.wait(20 * 3_600).visit("wetransfer.com", 2_000, 2_000);
    device.pipeline.finish();
    let days: Vec<_> = device.pipeline.usages().map(|(day, usage)| (day.day(), usage.bytes_up)).collect();
    assert_eq!(days, [(13, 1_580), (14, 2_580)]);
    device.pipeline.forget_before(jiff::civil::date(2026, 11, 14));
    assert_eq!(device.pipeline.days().count(), 1);
}

#[test]
fn connection_is_held_open_while_the_device_is_awake() {
    for (is_awake, minutes) in [(true, 60), (false, 0)] {
        let mut device = Device::new();
        let (key, _, mut received) = device.open("app.slack.com", 4_000, 300_000);
        for _ in 0..60 {
            if is_awake {
                device.wait(60);
            } else {
                device.now = device.now.checked_add(SignedDuration::from_mins(1)).unwrap();
            }
        }
        device.segment(key, false, &mut received, 24, 300);
        device.segment(key, false, &mut received, 4, 0);
        device.pipeline.finish();
        let (_, usage) = device.pipeline.usages().next().unwrap();
        assert_eq!(usage.seen.held_open_minutes, minutes);
        assert_eq!((usage.tries, usage.bytes_down), (1, 303_300));
    }
}

#[test]
fn agent_says_of_itself_what_it_missed() {
    let mut device = Device::new();
    let now = device.now;
    device.pipeline.note_paused(now, 600);
    device.pipeline.note_paused(now, 60);
    device.pipeline.note_dropped(now, 12);
    let day = device.pipeline.days().next().unwrap();
    assert_eq!((day.paused_seconds, day.blind_spots.dropped_packets), (660, 12));
    assert_eq!(day.changes, 3);
}
