//! The program run on packets by an interpreter as the kernel would; and the kernel's own check of it.

use std::net::UdpSocket;

use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use socket2::SockRef;

use super::{assembler::op, *};
use crate::{
    capture::{Direction, Frame, Link},
    decode::Decoder,
    flows::Flows,
    names::Names,
};

const INCOMING: u32 = 0;
const ETH0: Watched = Watched { index: 3, is_loopback: false };
const LOOPBACK: Watched = Watched { index: 1, is_loopback: true };

/// Runs a program on a frame; what of the frame is handed over. A load beyond the frame's end gives nothing.
fn run(program: &[Code], frame: &[u8], protocol: u32, packet_type: u32, vlan: u32) -> u32 {
    run_on(3, program, frame, protocol, packet_type, vlan)
}

fn run_on(interface: u32, program: &[Code], frame: &[u8], protocol: u32, packet_type: u32, vlan: u32) -> u32 {
    let load = |at: u32, size: usize| {
        let bytes = frame.get(at as usize..at as usize + size)?;
        Some(bytes.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte)))
    };
    let (mut a, mut x, mut scratch, mut at) = (0_u32, 0_u32, [0_u32; 16], 0);
    loop {
        let code = program[at];
        at += 1;
        let jump = |holds: bool| usize::from(if holds { code.yes } else { code.no });
        let loaded = match u32::from(code.op) {
            op::LOAD_U8 => load(code.value, 1),
            op::LOAD_U16 => load(code.value, 2),
            op::LOAD_U8_X => load(code.value + x, 1),
            op::LOAD_U16_X => load(code.value + x, 2),
            op::LOAD_U32_X => load(code.value + x, 4),
            op::LOAD_U32 => Some(match code.value {
                value if value == Ancillary::PROTOCOL.0 => protocol,
                value if value == Ancillary::PACKET_TYPE.0 => packet_type,
                value if value == Ancillary::VLAN_TAG.0 => vlan,
                value if value == Ancillary::INTERFACE.0 => interface,
                other => panic!("ancillary {other:x}"),
            }),
            op::A_VALUE => Some(code.value),
            op::LOAD_SCRATCH => Some(scratch[code.value as usize]),
            op::ADD => Some(a.wrapping_add(code.value)),
            op::ADD_X => Some(a.wrapping_add(x)),
            op::SUBTRACT_X => Some(a.wrapping_sub(x)),
            op::AND => Some(a & code.value),
            op::SHIFT_RIGHT => Some(a >> code.value),
            op::GIVE => return code.value,
            op::GIVE_A => return a,
            other => {
                match other {
                    op::STORE => scratch[code.value as usize] = a,
                    op::X_VALUE => x = code.value,
                    op::X_A => x = a,
                    op::X_HEADER => x = load(code.value, 1).unwrap() % 16 * 4,
                    op::JUMP => at += code.value as usize,
                    op::IF_EQUAL => at += jump(a == code.value),
                    op::IF_AT_LEAST => at += jump(a >= code.value),
                    op::IF_ANY_BIT => at += jump(a & code.value != 0),
                    _ => panic!("operation {other:x}"),
                }
                continue;
            }
        };
        match loaded {
            Some(value) => a = value,
            None => return 0,
        }
    }
}

/// An Ethernet frame and its `EtherType`: IPv4 with an option, and IPv6.
fn frames(protocol: u8, transport: &[u8]) -> [(u32, Vec<u8>); 2] {
    let length = u16::try_from(transport.len()).unwrap();
    let v4 = [
        &[0; 14][..],
        &[0x46, 0],
        &(length + 24).to_be_bytes(),
        &[0, 1, 0x40, 0, 64, protocol, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0, 0],
        transport,
    ];
    let v6 = [&[0; 14][..], &[0x60, 0, 0, 0], &length.to_be_bytes(), &[protocol, 64], &[1; 32], transport];
    [(0x0800, v4.concat()), (0x86dd, v6.concat())]
}

fn tcp(destination: u16, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut segment = vec![0xc0, 0];
    segment.extend(destination.to_be_bytes());
    segment.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x80, flags, 1, 1, 0, 0, 0, 0]);
    segment.extend([1; 12]);
    segment.extend(payload);
    segment
}

fn udp(destination: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap();
    [&[0xc0, 0][..], &destination.to_be_bytes(), &length.to_be_bytes(), &[0, 0], payload].concat()
}

#[test]
fn names_come_whole_and_the_rest_short() {
    const ACK: u8 = 0x10;
    const PSH: u8 = 0x18;
    /// Stands for as many bytes as the headers have.
    const HEADERS: u32 = u32::MAX;
    let icmp = |kind: u8| [&[kind, 1, 0, 0, 0, 0, 0, 0][..], &[0; 40]].concat();
    let bulk = [0x17, 3, 3, 4, 0, 9, 9, 9].repeat(180);
    let cases: &[(&str, u8, Vec<u8>, u32, u32)] = &[
        ("syn", 6, tcp(443, 2, &[]), OUTGOING, WHOLE_BYTES),
        ("fin", 6, tcp(443, 0x11, &[]), INCOMING, WHOLE_BYTES),
        ("reset", 6, tcp(443, 4, &[]), INCOMING, WHOLE_BYTES),
        ("bare ack", 6, tcp(443, ACK, &[]), INCOMING, 0),
        ("tiny", 6, tcp(443, ACK, &[1, 2, 3]), OUTGOING, WHOLE_BYTES),
        ("tiny answer", 6, tcp(443, ACK, &[1, 2, 3]), INCOMING, HEADERS),
        ("hello", 6, tcp(9999, ACK, &[0x16, 3, 1, 2, 0, 1, 0]), OUTGOING, WHOLE_BYTES),
        ("alert", 6, tcp(443, ACK, &[0x15, 3, 3, 0, 2, 2, 40]), INCOMING, WHOLE_BYTES),
        ("http", 6, tcp(8080, ACK, b"GET / HTTP/1.1"), OUTGOING, WHOLE_BYTES),
        ("connect", 6, tcp(3128, ACK, b"CONNECT a:443 HTTP/1.1"), OUTGOING, WHOLE_BYTES),
        ("socks", 6, tcp(1080, ACK, &[5, 1, 0, 3, 9]), OUTGOING, WHOLE_BYTES),
        ("rest of a hello", 6, tcp(443, PSH, &bulk), OUTGOING, WHOLE_BYTES),
        ("server hello", 6, tcp(9999, ACK, &[0x16, 3, 3, 2, 0, 2, 0]), INCOMING, WHOLE_BYTES),
        ("text like a request", 6, tcp(9999, PSH, b"GET what"), INCOMING, HEADERS),
        ("pushed download", 6, tcp(443, PSH, &bulk), INCOMING, HEADERS),
        ("pushed upload", 6, tcp(443, PSH, &bulk.repeat(3)), OUTGOING, HEADERS),
        ("answer", 6, tcp(443, ACK, &bulk), INCOMING, HEADERS),
        ("answer in the clear", 6, tcp(80, ACK, b"HTTP/1.1 200 OK"), INCOMING, HEADERS),
        ("middle of an upload", 6, tcp(443, ACK, &bulk), OUTGOING, 0),
        ("middle of a download", 6, tcp(443, ACK, &[9; 1_431]), INCOMING, 0),
        ("more than a stride", 6, tcp(443, ACK, &[9; 1 << 14]), OUTGOING, HEADERS),
        ("dns over tcp", 6, tcp(53, ACK, &bulk), OUTGOING, WHOLE_BYTES),
        ("dns", 17, udp(53, &[0; 30]), OUTGOING, WHOLE_BYTES),
        ("quic long", 17, udp(4433, &[0xc3; 1200]), OUTGOING, WHOLE_BYTES),
        ("quic short", 17, udp(443, &[0x43; 1200]), INCOMING, SHORT_BYTES),
        ("rtp", 17, udp(5004, &[0x80; 200]), INCOMING, SHORT_BYTES),
        ("empty", 17, udp(5004, &[]), INCOMING, SHORT_BYTES),
        ("sctp", 132, udp(53, &[]), OUTGOING, 0),
        ("somebody else's", 17, udp(53, &[0; 30]), 3, 0),
    ];
    let program = assemble(14, &[ETH0]);
    for (what, protocol, transport, packet_type, expected) in cases {
        for (ethertype, frame) in frames(*protocol, transport) {
            // IP, and TCP with 12 bytes of options.
            let headers = 32 + if ethertype == 0x0800 { 24_u32 } else { 40 };
            let on = |link_bytes: u32| if *expected == HEADERS { link_bytes + headers } else { *expected };
            let given = run(&program, &frame, ethertype, *packet_type, 0);
            assert_eq!(given, on(14), "{what} {ethertype:x}");
            assert_eq!(run(&program, &frame, ethertype, *packet_type, 7), 0, "{what} of a VLAN");
            let bare = run(&assemble(0, &[ETH0]), &frame[14..], ethertype, *packet_type, 0);
            assert_eq!(bare, on(0), "{what} without link header");
            assert_eq!(run_on(4, &program, &frame, ethertype, *packet_type, 0), 0, "{what} elsewhere");
        }
    }
    let refusals =
        [(1, 3, 0x0800, WHOLE_BYTES), (1, 8, 0x0800, 0), (58, 1, 0x86dd, WHOLE_BYTES), (58, 135, 0x86dd, 0)];
    for (protocol, kind, ethertype, expected) in refusals {
        let [v4, v6] = frames(protocol, &icmp(kind));
        let frame = if ethertype == 0x0800 { v4.1 } else { v6.1 };
        assert_eq!(run(&program, &frame, ethertype, INCOMING, 0), expected, "icmp {kind}");
    }
    assert_eq!(run(&program, &[0; 60], 0x0806, INCOMING, 0), 0, "arp");
}

#[test]
fn pushed_packet_that_fills_its_link_is_no_rest_of_a_hello() {
    let program = assemble(14, &[ETH0]);
    for (which, headers) in [(0, 24 + 32), (1, 40 + 32)] {
        for (bytes, is_full) in [(1500, true), (1499, false), (1420, true)] {
            let payload = vec![9; bytes - headers];
            let [v4, v6] = frames(6, &tcp(443, 0x18, &payload));
            let (ethertype, frame) = if which == 0 { v4 } else { v6 };
            let expected = if is_full { 0 } else { WHOLE_BYTES };
            assert_eq!(run(&program, &frame, ethertype, OUTGOING, 0), expected, "{bytes} bytes");
        }
    }
}

#[test]
fn fragments_and_extensions_come_whole() {
    let program = assemble(14, &[ETH0]);
    let [(_, mut v4), (_, mut v6)] = frames(17, &udp(5004, &[1; 100]));
    v4[14 + 6] = 0x20;
    v6[14 + 6] = 44;
    assert_eq!(run(&program, &v4, 0x0800, INCOMING, 0), WHOLE_BYTES);
    assert_eq!(run(&program, &v6, 0x86dd, INCOMING, 0), WHOLE_BYTES);
}

#[test]
fn of_loopback_only_dns_comes_and_only_once() {
    let program = assemble(14, &[LOOPBACK]);
    let cases: &[(Vec<u8>, u8, u32, u32)] = &[
        (udp(53, &[0; 30]), 17, INCOMING, WHOLE_BYTES),
        (udp(53, &[0; 30]), 17, OUTGOING, 0),
        (udp(54, &[0xc3; 30]), 17, INCOMING, 0),
        (tcp(53, 2, &[]), 6, INCOMING, WHOLE_BYTES),
        (tcp(443, 2, &[]), 6, INCOMING, 0),
    ];
    for (transport, protocol, packet_type, expected) in cases {
        for (ethertype, frame) in frames(*protocol, transport) {
            assert_eq!(run_on(1, &program, &frame, ethertype, *packet_type, 0), *expected);
        }
    }
}

#[test]
fn packet_longer_than_its_length_field_can_say_is_kept() {
    let bulk = tcp(443, 0x10, &[9; 200]);
    for (ethertype, mut frame) in frames(6, &bulk) {
        let headers = 14 + 32 + if ethertype == 0x0800 { 24 } else { 40 };
        let length_at = if ethertype == 0x0800 { 16 } else { 18 };
        frame[length_at..length_at + 2].fill(0);
        assert_eq!(run(&assemble(14, &[ETH0]), &frame, ethertype, INCOMING, 0), headers);
    }
}

#[test]
fn kernel_takes_the_program() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let many: Vec<Watched> = (0..100).map(|index| Watched { index, is_loopback: index == 63 }).collect();
    for (link_bytes, watched) in [(14, &many[3..4]), (14, &many[..]), (0, &many[..]), (0, &[])] {
        SockRef::from(&socket).attach_filter(&program(link_bytes, watched)).unwrap();
        SockRef::from(&socket).attach_filter(&syns(watched)).unwrap();
    }
}

/// What, protocol, packet, interface, packet type, bytes kept.
type Ringing<'a> = (&'a str, u8, Vec<u8>, u32, u32, u32);

#[test]
fn bell_rings_for_syns_that_leave_and_for_nothing_else() {
    let program = assemble_syns(&[LOOPBACK, ETH0]);
    let cases: &[Ringing<'_>] = &[
        ("syn", 6, tcp(443, 2, &[]), 3, OUTGOING, SYN_BYTES),
        ("syn with congestion bits", 6, tcp(443, 0xc2, &[]), 3, OUTGOING, SYN_BYTES),
        ("syn from outside", 6, tcp(443, 2, &[]), 3, INCOMING, 0),
        ("answer to one", 6, tcp(443, 0x12, &[]), 3, OUTGOING, 0),
        ("data", 6, tcp(443, 0x18, &[9; 9]), 3, OUTGOING, 0),
        ("dns", 17, udp(53, &[2; 30]), 3, OUTGOING, 0),
        ("on loopback", 6, tcp(443, 2, &[]), 1, OUTGOING, 0),
        ("elsewhere", 6, tcp(443, 2, &[]), 4, OUTGOING, 0),
    ];
    for (what, protocol, transport, interface, packet_type, expected) in cases {
        for (ethertype, frame) in frames(*protocol, transport) {
            let given = run_on(*interface, &program, &frame[14..], ethertype, *packet_type, 0);
            assert_eq!(given, *expected, "{what} {ethertype:x}");
        }
    }
}

#[test]
fn interfaces_past_the_cap_are_not_watched() {
    let many: Vec<Watched> = (0..100).map(|index| Watched { index, is_loopback: false }).collect();
    let program = assemble(0, &many);
    let [(ethertype, frame), _] = frames(17, &udp(53, &[0; 30]));
    let on = |index| run_on(index, &program, &frame[14..], ethertype, INCOMING, 0);
    assert_eq!((on(0), on(63), on(64), on(100)), (WHOLE_BYTES, WHOLE_BYTES, 0, 0));
}

/// A segment of a download from port 443, as an IPv4 packet.
fn downloaded(seq: u32, flags: u8, payload_bytes: u32) -> Vec<u8> {
    let mut segment = vec![1, 0xbb, 0xc0, 0];
    segment.extend(seq.to_be_bytes());
    segment.extend([0, 0, 0, 9, 0x50, flags, 1, 1, 0, 0, 0, 0]);
    segment.resize(segment.len() + payload_bytes as usize, 0xaa);
    let total = u16::try_from(segment.len() + 20).unwrap().to_be_bytes();
    let header = [&[0x45, 0][..], &total, &[0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1]].concat();
    [header, segment].concat()
}

proptest! {
    /// Through the filter, the decoder and the flow table: the segments that the kernel passes over count.
    #[test]
    fn transfer_that_is_thinned_out_counts_as_if_all_of_it_were_shown(
        begin in prop_oneof![any::<u32>(), u32::MAX - 40_000..u32::MAX],
        segments in proptest::collection::vec((prop_oneof![4 => Just(1_460_u32), 1 => 1..1_460_u32, 1 => 1..60_000_u32],
            prop::bool::weighted(0.1), prop::bool::weighted(0.1), prop_oneof![15 => Just(0_usize), 1 => 1..12_usize]), 1..80),
    ) {
        let program = assemble(0, &[ETH0]);
        let (mut decoder, mut names, mut flows) = (Decoder::new(), Names::default(), Flows::default());
        let (mut millis, mut bytes_down) = (0, 0);
        let mut pass = |direction: Direction, bytes: &[u8]| {
            millis += 1;
            let packet_type = if direction == Direction::Outgoing { OUTGOING } else { INCOMING };
            let kept = run(&program, bytes, 0x0800, packet_type, 0) as usize;
            if kept == 0 {
                return;
            }
            decoder.handle(&Frame {
                time: Timestamp::UNIX_EPOCH + millis.milliseconds(),
                link: Link::RawIp,
                interface: 3,
                direction: Some(direction),
                wire_bytes: u32::try_from(bytes.len()).unwrap(),
                stride: STRIDE,
                bytes: &bytes[..kept.min(bytes.len())],
            });
            while let Some(fact) = decoder.poll() {
                flows.handle(fact.time, &fact, &mut names);
            }
            bytes_down += std::iter::from_fn(|| flows.poll()).map(|flow| flow.bytes_down).sum::<u64>();
        };
        let syn = [&[0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2][..],
            &[0xc0, 0, 1, 0xbb, 0, 0, 0, 8, 0, 0, 0, 0, 0x50, 2, 1, 1, 0, 0, 0, 0]].concat();
        pass(Direction::Outgoing, &syn);
        pass(Direction::Incoming, &downloaded(begin.wrapping_sub(1), 0x12, 0));
        let mut seq = begin;
        let mut packets = Vec::new();
        for (place, &(payload_bytes, is_pushed, is_sent_again, late)) in segments.iter().enumerate() {
            let packet = downloaded(seq, if is_pushed { 0x18 } else { 0x10 }, payload_bytes);
            if is_sent_again {
                packets.push((place, packet.clone()));
            }
            packets.push((place + late, packet));
            seq = seq.wrapping_add(payload_bytes);
        }
        packets.sort_by_key(|(place, _)| *place);
        for (_, packet) in &packets {
            pass(Direction::Incoming, packet);
        }
        pass(Direction::Incoming, &downloaded(seq, 0x11, 0));
        pass(Direction::Incoming, &downloaded(seq.wrapping_add(1), 0x14, 0));
        let total: u32 = segments.iter().map(|(payload_bytes, ..)| payload_bytes).sum();
        decoder.finish();
        while let Some(fact) = decoder.poll() {
            flows.handle(fact.time, &fact, &mut names);
        }
        flows.finish();
        bytes_down += std::iter::from_fn(|| flows.poll()).map(|flow| flow.bytes_down).sum::<u64>();
        prop_assert_eq!(bytes_down, u64::from(total));
    }
}
