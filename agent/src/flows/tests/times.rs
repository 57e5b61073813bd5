//! How long things took.

use jiff::SignedDuration;

use super::*;

fn millis(millis: i64) -> SignedDuration {
    SignedDuration::from_millis(millis)
}

#[test]
fn times_are_those_of_the_frames() {
    let mut wire = Wire::tcp();
    wire.establish("slack.com").segment(UP, ACK, 400).wait(90).segment(DOWN, ACK, 1_800);
    let first = wire.reports().remove(0);
    assert_eq!(first.timings.connect, Some(SignedDuration::from_millis(20)));
    // SYN, SYN-ACK, ACK, hello, its fact, server's flight, its fact, the client's answer: 10 ms each.
    assert_eq!(first.timings.handshake, Some(SignedDuration::from_millis(70)));
    let rest = wire.end().unwrap();
    assert_eq!(rest.timings.server_waits, [SignedDuration::from_millis(100)]);
}

#[test]
fn connect_is_one_round_trip_or_not_known() {
    type Case = (&'static str, fn(&mut Wire), Option<SignedDuration>);
    let cases: &[Case] = &[
        (
            "plain",
            |wire| {
                wire.connect();
            },
            Some(millis(20)),
        ),
        (
            "SYN sent again",
            |wire| {
                wire.segment(UP, SYN, 0).sleep(1_000).seq[1] -= 1;
                wire.connect();
            },
            Some(millis(20)),
        ),
        (
            "SYN-ACK sent again",
            |wire| {
                wire.segment(UP, SYN, 0).segment(DOWN, SYN | ACK, 0).sleep(1_000).seq[0] -= 1;
                wire.segment(DOWN, SYN | ACK, 0).segment(UP, ACK, 0);
            },
            Some(millis(1_030)),
        ),
        (
            "answer to the SYN-ACK not seen",
            |wire| {
                wire.segment(UP, SYN, 0).segment(DOWN, SYN | ACK, 0).sleep(5_000).seq[1] += 400;
                wire.segment(UP, ACK, 300);
            },
            None,
        ),
        (
            "hello travels with it, seen on the device",
            |wire| {
                wire.segment(UP, SYN, 0).segment(DOWN, SYN | ACK, 0).segment(UP, ACK, 300);
            },
            Some(millis(10)),
        ),
        (
            "slept in between",
            |wire| {
                wire.segment(UP, SYN, 0).sleep(3_600_000).segment(DOWN, SYN | ACK, 0).segment(UP, ACK, 0);
            },
            None,
        ),
    ];
    for (case, play, expected) in cases {
        let mut wire = Wire::tcp();
        wire.seq = [7, 7];
        play(&mut wire);
        // The server speaks, so that there is something to report.
        wire.segment(UP, ACK, 100).segment(DOWN, ACK, 100);
        assert_eq!(wire.end().unwrap().timings.connect, *expected, "{case}");
    }
}

#[test]
fn lookup_goes_to_the_first_connection_to_its_name() {
    let mut wire = Wire::tcp();
    wire.asked_dns("a.example").sleep(200);
    let mut lookups = vec![];
    for port in 1..=3 {
        wire.key.src.set_port(40_000 + port);
        wire.establish("a.example");
        lookups.extend(wire.reports().into_iter().map(|flow| flow.timings.lookup));
    }
    assert_eq!(lookups, [Some(millis(10)), None, None]);
}

#[test]
fn lookup_is_not_that_of_another_name_at_the_address() {
    let mut wire = Wire::tcp();
    // Two names at one address, b's connection opened first: DNS alone would say a.
    let data = DnsData::Address(wire.key.dst.ip());
    let answers = vec![DnsAnswer { name: domain("b.example"), ttl: 60, data }];
    wire.query("b.example").sleep(500).response(DnsResponse { answers, ..empty("b.example") });
    wire.sleep(20_000).asked_dns("a.example").establish("b.example");
    wire.key.src.set_port(40_001);
    wire.establish("a.example");
    let lookups: Vec<_> = wire.reports().into_iter().map(|flow| flow.timings.lookup).collect();
    assert_eq!(lookups, [Some(millis(510)), Some(millis(10))]);
}

#[test]
fn failed_lookup_says_how_long_it_took() {
    let mut wire = Wire::tcp();
    wire.query("a.example").sleep(90).response(DnsResponse { rcode: 3, ..empty("a.example") });
    wire.query("b.example").wait(10_000);
    let took: Vec<_> = wire.reports().into_iter().map(|flow| flow.timings.lookup).collect();
    assert_eq!(took, [Some(millis(100)), Some(millis(10_000))]);
}

#[test]
fn request_that_travels_with_the_finished_is_waited_for() {
    let mut wire = Wire::tcp();
    wire.connect().hello("slack.com", false).server_hello();
    // Finished and request in one segment; two tickets, then the answer.
    wire.segment(UP, ACK, 480).sleep(20).segment(DOWN, ACK, 540).sleep(100).segment(DOWN, ACK, 3_000);
    let flow = wire.end().unwrap();
    assert_eq!(flow.timings.server_waits, [SignedDuration::from_millis(140)]);
}

#[test]
fn plain_request_is_waited_for_from_the_first_on() {
    let mut wire = Wire::new(Transport::Tcp, "198.51.100.1:80");
    wire.connect().segment(UP, ACK, 300).sleep(70).segment(DOWN, ACK, 900);
    assert_eq!(wire.end().unwrap().timings.server_waits, [SignedDuration::from_millis(80)]);
}

#[test]
fn handshake_ends_with_whoever_has_the_last_word() {
    /// The server's hellos, all payload, and when the last word is said: 10 ms for each segment, from the SYN on.
    type Case = (&'static str, &'static [ServerHello], &'static [(bool, u32)], i64);
    use ServerHello::{Older, Retry, Tls13};
    let cases: &[Case] = &[
        ("1.3", &[Tls13], &[(UP, 500), (DOWN, 3_000), (UP, 80), (DOWN, 540), (UP, 300)], 60),
        (
            "1.3 after a retry",
            &[Retry, Tls13],
            &[(UP, 500), (DOWN, 90), (UP, 600), (DOWN, 3_000), (UP, 80)],
            80,
        ),
        ("1.2", &[Older], &[(UP, 500), (DOWN, 3_000), (UP, 126), (DOWN, 51), (UP, 300)], 70),
        ("1.2 resumed", &[Older], &[(UP, 500), (DOWN, 150), (UP, 51), (UP, 300), (DOWN, 900)], 60),
    ];
    for (case, hellos, payload, expected) in cases {
        let mut wire = Wire::tcp();
        wire.connect();
        let mut hellos = hellos.iter().peekable();
        for (at, &(up, bytes)) in payload.iter().enumerate() {
            wire.segment(up, ACK, bytes);
            // The facts that come with a segment have its time.
            wire.millis -= 10;
            if at == 0 {
                let hello = ClientHello { server_name: Some(domain("slack.com")), ..ClientHello::default() };
                wire.tell(UP, FactKind::TlsClientHello(hello));
            } else if let Some(hello) = hellos.next_if(|_| !up) {
                wire.tell(DOWN, FactKind::TlsServerHello(*hello));
            } else {
                wire.millis += 10;
            }
        }
        let handshake = wire.reports().remove(0).timings.handshake;
        assert_eq!(handshake, Some(millis(*expected - 10)), "{case}");
    }
}
