//! The real thing, on loopback, over each path. Needs the right to capture, as `./tests/run` has it.

use std::net::UdpSocket;

use super::*;
use crate::capture::{Direction, Link};

fn loopback(path: Path) -> Live {
    let interface = interfaces().into_iter().find(Interface::is_loopback).expect("loopback is there");
    Live::open_as(path, vec![interface]).expect("the tests need the right to capture: run them as root")
}

/// Sends a mark twice to port 53 and once elsewhere, and gives what was seen of it.
fn seen_of_a_question(live: &mut Live) -> Vec<(Link, Option<Direction>, usize)> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mark = format!("elsewhere test {}", socket.local_addr().unwrap());
    let holds_mark = |bytes: &[u8]| bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
    for (text, port) in [(&mark, 5353), (&mark, 53), (&format!("end of {mark}"), 53)] {
        socket.send_to(text.as_bytes(), ("127.0.0.1", port)).unwrap();
    }
    let mut seen = Vec::new();
    for _ in 0..100 {
        live.wait(Duration::from_secs(5));
        live.read(|frame| {
            let ip = if frame.link == Link::Ethernet { 14 } else { 0 };
            // The refusals that come back quote the question: they are no UDP.
            if frame.bytes.get(ip + 9) == Some(&17) && holds_mark(frame.bytes) {
                seen.push((frame.link, frame.direction, frame.bytes.len() - ip - 28 - mark.len()));
            }
        });
        if seen.iter().any(|frame| frame.2 == "end of ".len()) {
            break;
        }
    }
    seen
}

#[test]
fn question_on_loopback_is_seen_once_and_nothing_else_of_loopback() {
    for (path, link) in [(Path::Ring, Link::RawIp), (Path::Datalink, Link::Ethernet)] {
        let mut live = loopback(path);
        assert_eq!((live.path(), live.is_filtered(), live.watched().count()), (path, true, 1));
        assert_eq!(seen_of_a_question(&mut live), [(link, None, 0), (link, None, 7)], "{path}");
        assert_eq!(live.dropped(), Dropped::default());
    }
}

#[test]
fn interfaces_are_exchanged_while_frames_are_read() {
    for path in [Path::Ring, Path::Datalink] {
        let mut live = loopback(path);
        let lo = live.watched().next().unwrap().clone();
        live.watch(Vec::new()).unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(b"unseen", "127.0.0.1:53").unwrap();
        live.wait(Duration::from_millis(200));
        assert_eq!((live.read(|_| ()), live.watched().count()), (0, 0), "{path}");
        live.watch(vec![lo]).unwrap();
        assert_eq!(seen_of_a_question(&mut live).len(), 2, "{path}");
    }
}

#[test]
fn capture_of_nothing_is_refused() {
    assert!(matches!(Live::open(Vec::new()).err(), Some(LiveError::NoInterface)));
}

#[test]
fn want_of_right_is_told_apart() {
    let error = opening("eth0", io::ErrorKind::PermissionDenied.into());
    assert!(matches!(error, LiveError::NoRight));
    let error = opening("eth0", io::ErrorKind::NotFound.into());
    assert_eq!(error.to_string(), "cannot watch interface eth0");
}
