//! Connections whose sums and ends are known: failures of each kind, and transfers of known size.

use super::{
    super::{
        Built, Tape,
        hello::Hello,
        tape::{MSS, Tcp},
        wire::{self, Ends, Header, protocol},
    },
    on_ethernet,
};

pub(super) const CASES: &[Built] = &[
    on_ethernet(
        "failures",
        "Connections that come to nothing: refused by a reset, reset after the hello, a fatal TLS alert, no answer to the \
         SYN, a host unreachable by ICMP; and one that is closed without a byte.",
        failures,
    ),
    on_ethernet(
        "transfers",
        "Transfers of known size: 100,000 bytes down with every fifth segment sent twice, overlapping; 70,000 up out of \
         order; each byte counts once. 96 bytes are kept of each frame.",
        transfers,
    ),
    on_ethernet(
        "super-frames",
        "Segmentation offload: frames of up to 64 KB, and BIG TCP frames of 150,000 bytes whose IPv4 and IPv6 headers \
         state the length 0. 128 bytes are kept of each frame.",
        super_frames,
    ),
];

fn failures(tape: &mut Tape) {
    let ends = tape.ends(443);
    let tcp = Tcp::silent(ends);
    tcp.syn(tape);
    tcp.reset_by_server(tape);
    tape.expect(ends, "flow nameless up=0 down=0 refused");

    let ends = tape.ends(443);
    let hello = Hello::to("reset.example.com");
    let stream = hello.records(&mut tape.rng);
    let mut tcp = Tcp::open(tape, ends);
    tcp.up(tape, &stream);
    tape.expect(ends, hello.fact("tls"));
    tcp.reset_by_server(tape);
    tape.expect(ends, format_args!("flow reset.example.com up={} down=0 reset", stream.len()));

    let ends = tape.ends(443);
    let hello = Hello::to("alert.example.com");
    let stream = hello.records(&mut tape.rng);
    let mut tcp = Tcp::open(tape, ends);
    tcp.up(tape, &stream);
    tape.expect(ends, hello.fact("tls"));
    tcp.down(tape, &[21, 3, 3, 0, 2, 2, 40]);
    tape.expect(ends.turned(), "tls-alert 40");
    tcp.close(tape);
    tape.expect(ends, format_args!("flow alert.example.com up={} down=7 alert-40", stream.len()));

    let ends = tape.ends(443);
    let tcp = Tcp::silent(ends);
    for pause in [1_000, 2_000, 4_000] {
        tcp.syn(tape);
        tape.wait(pause);
    }
    tape.expect(ends, "flow nameless up=0 down=0 silent");

    let ends = tape.ends(443);
    let header = Header { seq: 5, ack: 0, flags: wire::SYN };
    let packet = wire::ip(ends, protocol::TCP, &wire::tcp(ends, header, &[]));
    tape.packet(&packet);
    let router = Ends { client: (std::net::Ipv4Addr::new(192, 0, 2, 1), 0).into(), server: ends.client };
    tape.packet(&wire::ip(router, protocol::ICMP, &[&[3, 1, 0, 0, 0, 0, 0, 0], &packet[..28]].concat()));
    tape.expect(ends, "unreachable");
    tape.expect(ends, "flow nameless up=0 down=0 unreachable");

    let ends = tape.ends(443);
    Tcp::open(tape, ends).close(tape);
    tape.expect(ends, "flow nameless up=0 down=0 unused");
}

/// A connection with its hello; the bytes of the hello.
fn greeted(tape: &mut Tape, ends: Ends, name: &str) -> (Tcp, usize) {
    let hello = Hello::to(name);
    let stream = hello.records(&mut tape.rng);
    let mut tcp = Tcp::open(tape, ends);
    tcp.up(tape, &stream);
    tape.expect(ends, hello.fact("tls"));
    tcp.down(tape, &SERVER_HELLO);
    tape.expect(ends.turned(), "tls-server-hello");
    (tcp, stream.len())
}

/// The start of a server's answer; what follows is as if encrypted.
const SERVER_HELLO: [u8; 11] = [22, 3, 3, 0, 6, 2, 0, 0, 2, 3, 3];

fn transfers(tape: &mut Tape) {
    let ends = tape.ends(443);
    let (mut tcp, up) = greeted(tape, ends, "download.example.com");
    tape.snap(96);
    let body = vec![0x99; 100_000];
    for (at, part) in body.chunks(MSS).enumerate() {
        let offset = SERVER_HELLO.len() + at * MSS;
        tcp.down_at(tape, offset, part);
        if at % 5 == 0 {
            tcp.down_at(tape, offset + part.len() / 2, &part[part.len() / 2..]);
        }
    }
    tcp.close(tape);
    let down = SERVER_HELLO.len() + 100_000;
    tape.expect(ends, format_args!("flow download.example.com up={up} down={down} established"));

    tape.snap(usize::MAX);
    let ends = tape.ends6(443);
    let (mut tcp, before) = greeted(tape, ends, "upload.example.com");
    tape.snap(96);
    for pair in [0_usize, 2, 1, 4, 3, 6, 5, 8, 7, 9] {
        for half in [1, 0] {
            tcp.up_at(tape, before + pair * 7_000 + half * 3_500, &[0x11; 3_500]);
        }
    }
    tcp.close(tape);
    let down = SERVER_HELLO.len();
    tape.expect(ends, format_args!("flow upload.example.com up={} down={down} established", before + 70_000));
}

fn super_frames(tape: &mut Tape) {
    for (ends, name) in [(tape.ends(443), "four.example.com"), (tape.ends6(443), "six.example.com")] {
        tape.snap(usize::MAX);
        let (mut tcp, up) = greeted(tape, ends, name);
        tape.snap(128);
        for bytes in [20_000, 60_000, 150_000] {
            tcp.down_at_once(tape, &vec![0x33; bytes]);
        }
        tcp.close(tape);
        let down = SERVER_HELLO.len() + 230_000;
        tape.expect(ends, format_args!("flow {name} up={up} down={down} established"));
    }
}
