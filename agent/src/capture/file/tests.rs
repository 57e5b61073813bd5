//! Files built byte by byte: every variant gives the same frame, and no damage is more than an error.

use std::{io::Cursor, path::Path};

use jiff::Timestamp;
use proptest::prelude::*;

use super::{Direction, Link, ReadError, Reader};

const FRAME: &[u8] = &[1, 2, 3, 4, 5, 6, 7];
const LENGTH: u32 = 7;

fn reader(bytes: Vec<u8>) -> Result<Reader, ReadError> {
    let total = bytes.len() as u64;
    Reader::new(Path::new("x.pcap"), Box::new(Cursor::new(bytes)), Some(total))
}

/// Frames as (nanoseconds, link, interface, direction, wire bytes, bytes), and the error that ended them.
type Seen = (i128, Link, u32, Option<Direction>, u32, Vec<u8>);

fn read_all(bytes: Vec<u8>) -> (Vec<Seen>, Option<String>) {
    let mut seen = Vec::new();
    let mut reader = match reader(bytes) {
        Ok(reader) => reader,
        Err(error) => return (seen, Some(error.to_string())),
    };
    loop {
        match reader.next_frame() {
            Ok(Some(f)) => {
                let time = f.time.as_nanosecond();
                seen.push((time, f.link, f.interface, f.direction, f.wire_bytes, f.bytes.to_vec()));
            }
            Ok(None) => return (seen, None),
            Err(error) => return (seen, Some(error.to_string())),
        }
    }
}

fn pcap(big: bool, nanoseconds: bool, link: u32) -> Vec<u8> {
    let magic = if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    let fraction = if nanoseconds { 250_000_000 } else { 250_000 };
    let fields = [magic, 0x0004_0002, 0, 0, 4, link, 1_700_000_000, fraction, LENGTH, 1500_u32];
    let mut bytes: Vec<u8> = fields
        .into_iter()
        .flat_map(|field: u32| if big { field.to_be_bytes() } else { field.to_le_bytes() })
        .collect();
    bytes.extend(FRAME);
    bytes
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let size = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
    [&kind.to_le_bytes()[..], &size, &body, &size].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn section() -> Vec<u8> {
    block(super::pcapng::SECTION_HEADER, &words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]))
}

fn interface(link: u32, options: &[u8]) -> Vec<u8> {
    block(1, &[words(&[link, 0]), options.to_vec()].concat())
}

fn enhanced(id: u32, ticks: u64, options: &[u8]) -> Vec<u8> {
    let ticks = ticks.to_le_bytes();
    let (low, high) = (ticks[..4].to_vec(), ticks[4..].to_vec());
    let mut body = [words(&[id]), high, low, words(&[LENGTH, 1500])].concat();
    body.extend(FRAME);
    body.push(0);
    body.extend(options);
    block(6, &body)
}

#[test]
fn pcap_of_either_order_and_resolution_gives_the_same_frame() {
    for (big, nanoseconds) in [(false, false), (false, true), (true, false), (true, true)] {
        let (frames, error) = read_all(pcap(big, nanoseconds, 1));
        assert_eq!(error, None);
        let time = 1_700_000_000_250_000_000;
        assert_eq!(frames, [(time, Link::Ethernet, 0, None, 1500, FRAME.to_vec())]);
    }
}

#[test]
fn pcapng_keeps_resolution_offset_link_and_direction_of_each_interface() {
    let nanoseconds = [&[9_u8, 0, 1, 0, 9, 0, 0, 0][..], &[0, 0, 0, 0]].concat();
    let offset = [&[14_u8, 0, 8, 0][..], &1_700_000_000_u64.to_le_bytes(), &[0, 0, 0, 0]].concat();
    let binary = [9_u8, 0, 1, 0, 0x81, 0, 0, 0];
    let outbound = [2_u8, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0];
    let file = [
        section(),
        interface(1, &nanoseconds),
        interface(101, &offset),
        interface(113, &binary),
        block(0x0000_0bad, &[7; 5]),
        enhanced(0, 1_700_000_000_000_000_005, &[]),
        enhanced(1, 500_000, &outbound),
        enhanced(2, 3, &[]),
    ]
    .concat();
    let (frames, error) = read_all(file);
    assert_eq!(error, None);
    let frame = FRAME.to_vec();
    assert_eq!(
        frames,
        [
            (1_700_000_000_000_000_005, Link::Ethernet, 1, None, 1500, frame.clone()),
            (1_700_000_000_500_000_000, Link::RawIp, 2, Some(Direction::Outgoing), 1500, frame.clone()),
            (1_500_000_000, Link::LinuxCooked, 3, None, 1500, frame),
        ]
    );
}

#[test]
fn simple_and_obsolete_packet_blocks_are_frames_too() {
    let simple = block(3, &[words(&[LENGTH]), FRAME.to_vec()].concat());
    let obsolete = block(2, &[words(&[0, 0, 1_000_000, 7, 7]), FRAME.to_vec()].concat());
    let (frames, error) = read_all([section(), interface(1, &[]), simple, obsolete].concat());
    assert_eq!(error, None);
    assert_eq!(frames.iter().map(|frame| frame.0).collect::<Vec<_>>(), [0, 1_000_000_000]);
    assert!(frames.iter().all(|frame| frame.5 == FRAME));
}

#[test]
fn each_bad_file_is_one_clear_error() {
    let cases: &[(Vec<u8>, usize, &str)] = &[
        (vec![], 0, "x.pcap is no pcap or pcapng capture: it is empty"),
        (b"hello".to_vec(), 0, "x.pcap is no pcap or pcapng capture; write one with tcpdump -w or Wireshark"),
        (
            vec![0x1f, 0x8b, 8, 0],
            0,
            "x.pcap is no pcap or pcapng capture: it is compressed; unpack it with gunzip first",
        ),
        (pcap(false, false, 105), 0, "x.pcap holds link type 105, which is not read here"),
        (
            [section(), interface(189, &[]), enhanced(0, 1, &[])].concat(),
            0,
            "x.pcap holds link type 189, which is not read here",
        ),
        ([section(), enhanced(0, 1, &[])].concat(), 0, "a packet of an interface never described"),
        ([section(), words(&[6, 13, 0])].concat(), 0, "a block with an impossible length"),
        (
            [pcap(false, false, 1), words(&[1, 1, 1 << 20, 1 << 20])].concat(),
            1,
            "x.pcap is damaged at byte 47, after frame 1: a frame over 256 KiB",
        ),
    ];
    for (file, frames, message) in cases {
        let (seen, error) = read_all(file.clone());
        let error = error.unwrap();
        assert!(error.contains(message), "{error} is not {message}");
        assert_eq!(seen.len(), *frames);
    }
}

#[test]
fn everything_before_a_cut_is_read_and_the_cut_is_named() {
    let whole = [pcap(false, false, 1), pcap(false, false, 1).split_off(24)].concat();
    for length in 48..whole.len() {
        let (frames, error) = read_all(whole[..length].to_vec());
        assert_eq!(frames.len(), 1);
        assert!(error.unwrap().starts_with("x.pcap is cut off at byte 47, after frame 1;"));
    }
}

#[test]
fn block_larger_than_the_window_is_passed_over() {
    let file = [section(), interface(1, &[]), block(5, &vec![1; 3 << 20]), enhanced(0, 1, &[])].concat();
    assert_eq!(read_all(file).0.len(), 1);
}

#[test]
fn time_beyond_every_calendar_is_damage() {
    let file = [section(), interface(1, &[]), enhanced(0, u64::MAX, &[])].concat();
    assert!(read_all(file).1.unwrap().contains("a time out of all range"));
    assert!(Timestamp::MAX.as_nanosecond() < i128::from(u64::MAX) * 1000);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        read_all(bytes.clone());
        read_all([pcap(true, false, 1), bytes.clone()].concat());
        read_all([section(), interface(1, &[]), bytes].concat());
    }

    #[test]
    fn no_altered_file_makes_it_panic(at in 0_usize..200, to in any::<u8>()) {
        let mut file = [section(), interface(1, &[9, 0, 1, 0, 9, 0, 0, 0]), enhanced(0, 1, &[2, 0, 4, 0, 1, 0, 0, 0]), section()].concat();
        let at = at % file.len();
        file[at] = to;
        read_all(file);
    }
}
