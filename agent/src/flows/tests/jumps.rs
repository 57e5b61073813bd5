//! Time that jumps, frames out of order, and frames that are seen twice.

use super::{super::FlowId, *};

#[test]
fn clock_set_back_does_not_stop_reports() {
    let mut wire = Wire::tcp();
    wire.establish("slack.com").reports();
    wire.millis -= 24 * 3_600_000;
    wire.segment(UP, ACK, 100).wait(61_000);
    assert_eq!(wire.reports().iter().map(|flow| flow.bytes_up).sum::<u64>(), 100);
    wire.wait(130 * 60_000);
    assert!(wire.flows.is_empty());
}

#[test]
fn clock_set_forward_ends_nothing_that_lives() {
    let mut wire = Wire::tcp();
    wire.establish("slack.com").segment(DOWN, ACK, 5_000).sleep(24 * 3_600_000).segment(DOWN, ACK, 6_000);
    wire.flows.finish();
    let told: Vec<_> = wire
        .reports()
        .into_iter()
        .map(|flow| (flow.id, flow.naming, flow.bytes_down, flow.is_last))
        .collect();
    let (id, naming) = (FlowId(1), Naming::Known(domain("slack.com"), NameSource::ServerName));
    assert_eq!(
        told,
        [(id, naming.clone(), 3_000, false), (id, naming.clone(), 5_000, false), (id, naming, 6_000, true)]
    );
}

#[test]
fn sleep_is_no_time_a_connection_was_held_open() {
    // It dies at once after the device woke up, or is found dead hours later.
    for (case, notices_late) in [("a frame comes first", false), ("a timeout comes first", true)] {
        let mut wire = Wire::tcp();
        wire.establish("slack.com").wait(5 * 60_000).segment(DOWN, ACK, 50).sleep(8 * 3_600_000);
        if notices_late {
            wire.wait(1);
        }
        wire.segment(UP, ACK, 50).segment(DOWN, RST, 0).wait(60_000);
        assert!(wire.flows.is_empty(), "{case}");
        let held =
            wire.reports().into_iter().map(|flow| flow.until.duration_since(flow.started).as_mins()).max();
        assert_eq!(held, Some(5), "{case}");
    }
}

#[test]
fn what_was_silent_before_the_sleep_failed_then() {
    let mut wire = Wire::tcp();
    wire.segment(UP, SYN, 0);
    let sent = wire.now();
    wire.sleep(8 * 3_600_000).asked_dns("a.example");
    let flow = wire.reports().remove(0);
    assert_eq!((flow.outcome, flow.until), (Outcome::Failed(Failure::Silent), sent));
}

#[test]
fn quiet_hour_of_a_device_that_is_awake_is_held_open() {
    // Nobody says anything for an hour, but whoever is to be woken is woken in time.
    let mut wire = Wire::tcp();
    let last = wire.establish("slack.com").wait(60 * 60_000).segment(DOWN, ACK, 50).end().unwrap();
    assert_eq!(last.until.duration_since(last.started).as_mins(), 60);
}

#[test]
fn sleep_shows_although_only_a_lookup_waited() {
    let mut wire = Wire::tcp();
    wire.establish("slack.com").wait(5 * 60_000).query("a.example").sleep(3_600_000).wait(1);
    let last = wire.segment(DOWN, ACK, 50).end().unwrap();
    assert_eq!(last.until.duration_since(last.started).as_mins(), 0);
}

#[test]
fn frames_out_of_order_count_as_in_order() {
    let mut wire = Wire::tcp();
    wire.establish("slack.com");
    let (at, seq) = (wire.millis, wire.seq[0]);
    for (later, offset) in [(30, 2_000), (10, 0), (50, 4_000), (20, 1_000), (40, 3_000)] {
        (wire.millis, wire.seq[0]) = (at + later, seq.wrapping_add(offset));
        wire.segment(DOWN, ACK, 1_000);
    }
    let flow = wire.end().unwrap();
    assert_eq!((flow.bytes_down, flow.resent_down), (3_000 + 5_000, 0));
    assert_eq!(flow.until.as_millisecond() - flow.from.as_millisecond(), 40);
}

#[test]
fn flow_seen_on_two_interfaces_counts_once() {
    let mut wire = Wire::new(Transport::Udp, "198.51.100.1:443");
    let both = |wire: &mut Wire, up, payload_bytes| {
        for interface in [3, 2] {
            wire.interface = interface;
            wire.datagram(up, payload_bytes);
        }
    };
    for _ in 0..10 {
        both(&mut wire, UP, 100);
        both(&mut wire, DOWN, 1_000);
    }
    assert_eq!(wire.flows.len(), 1);
    // The first interface falls silent: the flow goes on where it is seen.
    wire.sleep(11_000).interface = 2;
    wire.datagram(DOWN, 7);
    let flow = wire.end().unwrap();
    assert_eq!((flow.bytes_up, flow.bytes_down), (1_000, 10_007));

    let mut wire = Wire::tcp();
    for (interface, seq) in [(3, [7, 7]), (2, [7, 7])] {
        (wire.interface, wire.seq) = (interface, seq);
        wire.connect().segment(UP, ACK, 300).segment(DOWN, ACK, 900);
    }
    let flow = wire.end().unwrap();
    assert_eq!((flow.bytes_up, flow.bytes_down, flow.resent_up, flow.resent_down), (300, 900, 0, 0));
}
