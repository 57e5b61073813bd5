//! Whole frames of every link type, several after another, so that fragments, streams and connections meet.
//!
//! An input is a row of frames: a byte that chooses link type (bits 0 to 2), direction (3 and 4) and the seconds passed
//! (5 to 7), two bytes of length, and the frame.

use elsewhere_agent::capture::{Direction, Frame, Link};
use jiff::{SignedDuration, Timestamp};

use super::{input::Input, watched::Watched};

/// Runs the target.
pub fn run(bytes: &[u8]) -> usize {
    let mut watched = Watched::default();
    each_frame(bytes, |frame| watched.frame(frame));
    watched.finish().len()
}

/// The frames of an input, in order.
pub fn each_frame(bytes: &[u8], mut handle: impl FnMut(&Frame<'_>)) {
    const LINKS: [Link; 8] = [
        Link::Ethernet,
        Link::RawIp,
        Link::LinuxCooked,
        Link::LinuxCooked2,
        Link::Null,
        Link::Loop,
        Link::Ppp,
        Link::Ethernet,
    ];
    /// Time stands still, passes, passes a timeout, passes days, and runs back.
    const SECONDS: [i64; 8] = [0, 0, 1, 2, 11, 130, 90_000, -5];
    let mut input = Input::new(bytes);
    let mut time = Timestamp::UNIX_EPOCH;
    while !input.is_empty() {
        let choice = input.u8();
        let frame = input.counted();
        let passed = SignedDuration::from_secs(SECONDS[usize::from(choice >> 5)]);
        time = time.saturating_add(passed).unwrap_or(time);
        let direction = match choice >> 3 & 3 {
            1 => Some(Direction::Outgoing),
            2 => Some(Direction::Incoming),
            _ => None,
        };
        handle(&Frame {
            time,
            link: LINKS[usize::from(choice & 7)],
            interface: 1,
            direction,
            wire_bytes: u32::try_from(frame.len()).unwrap_or(u32::MAX),
            // As a ring has it, where who captures knows which way a frame went.
            stride: direction.map_or(0, |_| 1 << 14),
            bytes: frame,
        });
    }
}

/// One frame as an input has it.
pub fn encode(choice: u8, frame: &[u8]) -> Vec<u8> {
    let length = u16::try_from(frame.len()).expect("a frame under 64 KiB");
    [&[choice], &length.to_be_bytes()[..], frame].concat()
}
