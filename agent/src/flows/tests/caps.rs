//! Reused connections, and what a full table does.

use std::net::{IpAddr, SocketAddr};

use super::{
    super::{MAX_NEWCOMERS, reuse::MAX_WAITING},
    *,
};
use crate::app_class::{AppClass, AppMatch, Quality};

#[test]
fn name_looked_up_without_a_connection_of_its_own_reuses_an_open_one() {
    type Case = (&'static str, fn(&mut Wire), usize);
    let cases: &[Case] = &[
        (
            "another name at the address",
            |wire| {
                wire.asked_dns("b.example");
            },
            1,
        ),
        (
            "asked twice",
            |wire| {
                wire.asked_dns("b.example").asked_dns("b.example");
            },
            1,
        ),
        (
            "its own is open",
            |wire| {
                wire.asked_dns("slack.com");
            },
            0,
        ),
        (
            "its own is opened",
            |wire| {
                wire.asked_dns("b.example");
                wire.key.src.set_port(40_001);
                wire.establish("b.example").asked_dns("b.example");
            },
            0,
        ),
        (
            "the open one fails",
            |wire| {
                wire.flows.finish();
                wire.key.src.set_port(40_001);
                wire.segment(UP, SYN, 0).asked_dns("b.example");
            },
            0,
        ),
        (
            "the open one speaks HTTP/1 alone",
            |wire| {
                wire.flows.finish();
                wire.key.src.set_port(40_001);
                let hello = ClientHello { alpn: vec!["http/1.1".into()], ..ClientHello::default() };
                wire.connect().segment(UP, ACK, 500).tell(UP, FactKind::TlsClientHello(hello));
                wire.server_hello().segment(UP, ACK, 200).asked_dns("b.example");
            },
            0,
        ),
        (
            "nobody asked",
            |wire| {
                let data = DnsData::Address(wire.key.dst.ip());
                let answers = vec![DnsAnswer { name: domain("b.example"), ttl: 60, data }];
                wire.response(DnsResponse { answers, ..empty("b.example") });
            },
            0,
        ),
        (
            "another address",
            |wire| {
                wire.key.dst = "198.51.100.2:443".parse().unwrap();
                wire.asked_dns("b.example");
            },
            0,
        ),
    ];
    for (case, play, expected) in cases {
        let mut wire = Wire::tcp();
        wire.establish("slack.com");
        play(&mut wire);
        wire.wait(9_000);
        assert!(wire.reports().iter().all(|flow| flow.outcome != Outcome::Reused), "{case}: before its time");
        wire.wait(2_000);
        let reused = wire.reports().iter().filter(|flow| flow.outcome == Outcome::Reused).count();
        assert_eq!(reused, *expected, "{case}");
    }
}

#[test]
fn flood_of_lookups_waits_for_few() {
    let mut wire = Wire::tcp();
    wire.establish("slack.com").reports();
    for number in 0..1_000 {
        wire.asked_dns(&format!("n{number}.example"));
        wire.millis -= 10;
    }
    wire.wait(11_000);
    assert_eq!(wire.reports().len(), MAX_WAITING);
    assert_eq!(wire.flows.poll_timeout(), wire.flows.wakes.keys().next().map(|&(at, _)| at));
}

#[test]
fn flood_of_half_open_connections_pushes_out_no_established_one() {
    let mut wire = Wire::tcp();
    wire.establish("slack.com").reports();
    let established = wire.key;
    // One that is older than the capture, of which only one side is seen.
    wire.key.src.set_port(40_001);
    let download = wire.key;
    wire.segment(DOWN, ACK, 1_000);
    let flood = MAX_FLOWS + 1_000;
    for number in 0..flood {
        let host = u32::try_from(number).unwrap() + 0xc612_0000;
        wire.key.dst = SocketAddr::new(IpAddr::from(host.to_be_bytes()), 443);
        wire.seq = [5, 5];
        wire.millis -= 10;
        wire.segment(UP, SYN, 0);
    }
    assert_eq!(wire.flows.len(), MAX_FLOWS);
    assert_eq!(wire.flows.wakes.len(), MAX_FLOWS);
    assert_eq!(wire.flows.counts().pushed_out, u64::try_from(flood + 2 - MAX_FLOWS).unwrap());
    assert!(wire.flows.connections.contains_key(&established));
    assert!(wire.flows.connections.contains_key(&download));
    wire.wait(40_000);
    assert_eq!(wire.flows.len(), 2);
    assert_eq!((wire.flows.opening.len(), wire.flows.wakes.len()), (0, 2));
}

#[test]
fn table_full_of_answered_connections_refuses_new_ones() {
    let mut wire = Wire::tcp();
    for number in 0..MAX_FLOWS + 5 {
        let host = u32::try_from(number).unwrap() + 0xc612_0000;
        wire.key.dst = SocketAddr::new(IpAddr::from(host.to_be_bytes()), 443);
        wire.seq = [5, 5];
        wire.millis = 0;
        wire.segment(UP, SYN, 0).segment(DOWN, SYN | ACK, 0);
    }
    assert_eq!(wire.flows.len(), MAX_FLOWS);
    assert!(wire.flows.counts().not_followed >= 5);
    assert_eq!(wire.flows.counts().pushed_out, 0);
}

#[test]
fn flood_of_forged_answers_makes_no_report_and_takes_no_name_away() {
    let mut wire = Wire::tcp();
    wire.asked_dns("slack.com");
    for number in 0..20_000_u32 {
        let name = format!("n{number}.example");
        let data = DnsData::Address(wire.key.dst.ip());
        let answers = vec![DnsAnswer { name: domain(&name), ttl: 60, data }];
        wire.response(DnsResponse { rcode: u8::from(number % 2 == 0) * 3, answers, ..empty(&name) });
        wire.millis -= 10;
    }
    wire.connect();
    let flow = wire.end().unwrap();
    assert_eq!((flow.id.0, flow.naming), (1, Naming::Known(domain("slack.com"), NameSource::Dns)));
}

#[test]
fn owner_known_before_the_first_packet_is_the_connections() {
    let owner = |class| AppMatch { class, quality: Quality::Cgroup };
    let mut wire = Wire::tcp();
    wire.flows.owned_by(wire.key, owner(AppClass::Browser));
    wire.establish("slack.com");
    assert_eq!(wire.end().unwrap().owner, Some(owner(AppClass::Browser)));
    assert_eq!(wire.flows.poll_newcomer(), None, "nobody has to be asked again");

    // Those who never come make room.
    let mut wire = Wire::tcp();
    let mut key = wire.key;
    for port in 0..1_000 {
        key.src.set_port(port);
        wire.flows.owned_by(key, owner(AppClass::System));
    }
    assert_eq!(wire.flows.owned_early.len(), MAX_NEWCOMERS);
    wire.key = key;
    wire.establish("slack.com");
    assert_eq!(wire.end().unwrap().owner, Some(owner(AppClass::System)));
}
