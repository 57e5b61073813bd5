//! What becomes of a connection.

use super::*;

#[test]
fn outcome_tells_what_went_wrong() {
    type Case = (&'static str, fn(&mut Wire), Option<Outcome>);
    let failed = |failure| Some(Outcome::Failed(failure));
    let cases: &[Case] = &[
        (
            "established",
            |wire| {
                wire.establish("slack.com");
            },
            Some(Outcome::Established),
        ),
        (
            "refused",
            |wire| {
                wire.segment(UP, SYN, 0).segment(DOWN, RST | ACK, 0);
            },
            failed(Failure::Refused),
        ),
        (
            "refused after the SYN was sent again",
            |wire| {
                wire.segment(UP, SYN, 0);
                wire.seq[1] -= 1;
                wire.segment(UP, SYN, 0).segment(DOWN, RST | ACK, 0);
            },
            failed(Failure::Refused),
        ),
        (
            "reset in answer to the SYN where every server is next door",
            |wire| {
                wire.ttl = 63;
                wire.segment(UP, SYN, 0).segment(DOWN, RST | ACK, 0);
            },
            failed(Failure::Refused),
        ),
        (
            "reset in answer to the SYN from next door",
            |wire| {
                wire.flows.sees_afar = true;
                wire.ttl = 63;
                wire.segment(UP, SYN, 0).segment(DOWN, RST | ACK, 0);
            },
            failed(Failure::ResetNearBy),
        ),
        (
            "reset after the hello from next door",
            |wire| {
                wire.connect().hello("slack.com", false).ttl = 63;
                wire.segment(DOWN, RST, 0);
            },
            failed(Failure::ResetNearBy),
        ),
        (
            "reset of an established connection from next door",
            |wire| {
                wire.establish("slack.com").ttl = 63;
                wire.segment(DOWN, RST, 0);
            },
            Some(Outcome::Established),
        ),
        (
            "client ends in answer to the certificate",
            |wire| {
                wire.connect().hello("slack.com", false).server_hello();
                wire.segment(UP, ACK, 30).segment(UP, FIN | ACK, 0).segment(DOWN, FIN | ACK, 0);
            },
            failed(Failure::Reset),
        ),
        (
            "silent",
            |wire| {
                wire.segment(UP, SYN, 0).wait(31_000);
            },
            failed(Failure::Silent),
        ),
        (
            "reset after the hello",
            |wire| {
                wire.connect().hello("slack.com", false).segment(DOWN, RST, 0);
            },
            failed(Failure::Reset),
        ),
        (
            "alert in answer to the hello",
            |wire| {
                wire.connect().hello("slack.com", false).segment(DOWN, ACK, 7);
                wire.tell(DOWN, FactKind::TlsAlert { description: 40 });
            },
            failed(Failure::TlsAlert(40)),
        ),
        (
            "alert in answer to the certificate",
            |wire| {
                wire.connect().hello("slack.com", false).server_hello().segment(UP, ACK, 7);
                wire.tell(UP, FactKind::TlsAlert { description: 48 });
            },
            failed(Failure::TlsAlert(48)),
        ),
        (
            "unreachable",
            |wire| {
                wire.segment(UP, SYN, 0).tell(UP, FactKind::Unreachable);
            },
            failed(Failure::Unreachable),
        ),
        (
            "opened ahead and not used",
            |wire| {
                wire.connect().segment(UP, FIN | ACK, 0).segment(DOWN, FIN | ACK, 0);
            },
            Some(Outcome::Unused),
        ),
        (
            "server speaks first",
            |wire| {
                wire.connect().segment(DOWN, ACK, 90);
            },
            Some(Outcome::Established),
        ),
        (
            "no such name",
            |wire| {
                wire.dns("slack.com", 3, vec![]);
            },
            failed(Failure::NoSuchName),
        ),
        (
            "resolver failed",
            |wire| {
                wire.dns("slack.com", 2, vec![]);
            },
            failed(Failure::ResolverFailed),
        ),
        (
            "resolver refused",
            |wire| {
                wire.dns("slack.com", 5, vec![]);
            },
            failed(Failure::ResolverRefused),
        ),
        (
            "resolver silent",
            |wire| {
                wire.query("slack.com").sleep(5_000).query("slack.com").wait(10_000);
            },
            failed(Failure::ResolverSilent),
        ),
        (
            "resolver fails a name that nobody asked for",
            |wire| {
                wire.response(DnsResponse { rcode: 3, ..empty("slack.com") });
            },
            None,
        ),
        (
            "sinkhole",
            |wire| {
                let data = DnsData::Address("0.0.0.0".parse().unwrap());
                wire.dns("slack.com", 0, vec![DnsAnswer { name: domain("slack.com"), ttl: 1, data }]);
            },
            failed(Failure::TurnedAway),
        ),
        (
            "extended error of a filter",
            |wire| {
                let blocked = DnsResponse { rcode: 3, extended_error: Some(15), ..empty("slack.com") };
                wire.query("slack.com").response(blocked);
            },
            failed(Failure::TurnedAway),
        ),
        (
            "name found",
            |wire| {
                wire.asked_dns("slack.com");
            },
            None,
        ),
    ];
    for (case, play, expected) in cases {
        let mut wire = Wire::tcp();
        play(&mut wire);
        assert_eq!(wire.end().map(|flow| flow.outcome), *expected, "{case}");
    }
}

#[test]
fn quic_without_any_answer_is_silent() {
    let mut wire = Wire::new(Transport::Udp, "198.51.100.1:443");
    let hello = ClientHello { server_name: Some(domain("miro.com")), ..ClientHello::default() };
    for _ in 0..3 {
        wire.datagram(UP, 1_200);
    }
    wire.tell(UP, FactKind::QuicClientHello { version: 1, hello }).wait(31_000);
    assert_eq!(wire.reports()[0].outcome, Outcome::Failed(Failure::Silent));
    assert!(wire.flows.is_empty());
}

#[test]
fn quic_is_established_by_a_full_flight() {
    for (down, expected) in [(1_200, Outcome::Established), (60, Outcome::Failed(Failure::Refused))] {
        let mut wire = Wire::new(Transport::Udp, "198.51.100.1:8443");
        let hello = ClientHello { server_name: Some(domain("miro.com")), ..ClientHello::default() };
        wire.datagram(UP, 1_200);
        wire.tell(UP, FactKind::QuicClientHello { version: 1, hello });
        wire.datagram(DOWN, down);
        wire.tell(DOWN, FactKind::QuicServerPacket);
        let flow = wire.end().unwrap();
        assert_eq!((flow.outcome, flow.bytes_up, flow.bytes_down), (expected, 1_200, u64::from(down)));
    }
}

#[test]
fn server_from_afar_shows_how_far_servers_are() {
    for (ttl, afar) in [(63, false), (52, true)] {
        let mut wire = Wire::tcp();
        wire.ttl = ttl;
        wire.connect();
        assert_eq!(wire.flows.sees_afar, afar, "{ttl}");
    }
}

#[test]
fn datagrams_without_a_name_are_reported_once_they_may_be_a_call() {
    for (rounds, expected) in [(90, 0), (110, 1)] {
        let mut wire = Wire::new(Transport::Udp, "198.51.100.1:19305");
        for _ in 0..rounds {
            wire.datagram(UP, 1_000).datagram(DOWN, 1_000);
        }
        wire.flows.finish();
        let told = wire.reports();
        assert_eq!(told.len(), expected, "{rounds}");
        assert!(told.iter().all(|flow| flow.may_be_a_call() && flow.bytes_up == rounds * 1_000));
    }
}
