//! The real thing, on loopback. Where there is no right to capture, the tests say so and end.

use std::net::UdpSocket;

use super::*;
use crate::capture::Link;

fn loopback() -> Option<Live> {
    let interface = interfaces().into_iter().find(Interface::is_loopback)?;
    match Live::open(&[interface]) {
        Ok(live) => Some(live),
        Err(LiveError::NoRight) => {
            eprintln!("not run: no right to capture here");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn question_on_loopback_is_seen_once_and_nothing_else_of_loopback() {
    let Some(mut live) = loopback() else { return };
    assert!(live.is_filtered());
    assert_eq!(live.watched().count(), 1);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mark = format!("elsewhere test {}", socket.local_addr().unwrap());
    let holds_mark = |bytes: &[u8]| bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
    socket.send_to(mark.as_bytes(), "127.0.0.1:5353").unwrap();
    socket.send_to(mark.as_bytes(), "127.0.0.1:53").unwrap();
    let end = format!("end of {mark}");
    socket.send_to(end.as_bytes(), "127.0.0.1:53").unwrap();

    let mut seen = Vec::new();
    for _ in 0..100 {
        let Some(batch) = live.next_batch(Duration::from_secs(5)) else { break };
        // The refusals that come back quote the question: they are no UDP.
        let marked =
            batch.frames().filter(|frame| frame.bytes.get(23) == Some(&17) && holds_mark(frame.bytes));
        seen.extend(marked.map(|frame| (frame.link, frame.direction, frame.bytes.len())));
        if seen.iter().any(|frame| frame.2 == 42 + end.len()) {
            break;
        }
    }
    assert_eq!(seen, [(Link::Ethernet, None, 42 + mark.len()), (Link::Ethernet, None, 42 + end.len())]);
    assert_eq!(live.dropped(), Dropped::default());
}

#[test]
fn capture_ends_when_it_is_dropped() {
    let Some(live) = loopback() else { return };
    let stop = Arc::clone(&live.stop);
    drop(live);
    assert!(stop.load(Ordering::Relaxed));
    assert_eq!(Arc::strong_count(&stop), 1, "a thread still runs");
}

#[test]
fn capture_of_nothing_is_refused() {
    assert!(matches!(Live::open(&[]).err(), Some(LiveError::NoInterface)));
}

#[test]
fn want_of_right_is_told_apart() {
    let error = opening("eth0", io::ErrorKind::PermissionDenied.into());
    assert!(matches!(error, LiveError::NoRight));
    let error = opening("eth0", io::ErrorKind::NotFound.into());
    assert_eq!(error.to_string(), "cannot watch interface eth0");
}
