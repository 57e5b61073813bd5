//! Hellos in QUIC Initial packets.

use super::{
    super::{
        Built, Tape,
        hello::{Hello, noise},
        quic::{self, HANDSHAKE, Initial, V1, V2, ZERO_RTT, crypto},
        wire::Ends,
    },
    on_ethernet,
};

pub(super) const CASES: &[Built] = &[
    on_ethernet(
        "quic-split",
        "A post-quantum hello over two Initials: in order, reversed, doubled, in small CRYPTO frames shuffled over the \
         packets with PING and padding between them, on port 443 and on another.",
        split,
    ),
    on_ethernet(
        "quic-versions",
        "Version 2 and the drafts 29 to 32, each with a hello over two Initials.",
        versions,
    ),
    on_ethernet(
        "quic-retry",
        "A server asks for a Retry; the client begins anew with the token, the server's id and keys from it, and its \
         hello over two Initials, reversed.",
        retry,
    ),
    on_ethernet(
        "quic-negotiation",
        "A client begins with a reserved version, is told the versions there are, and begins anew with version 1 or 2.",
        negotiation,
    ),
    on_ethernet(
        "quic-coalesced",
        "Initials coalesced in one datagram with each other, with 0-RTT, with a Handshake packet and with bytes of no \
         packet at all; the server answers with its own Initial.",
        coalesced,
    ),
    on_ethernet(
        "quic-id-change",
        "The client's second Initial goes to the id that the server chose, with the keys of the first.",
        id_change,
    ),
    on_ethernet(
        "quic-again",
        "Six connections one after another from one port to one server, each with its own id.",
        again,
    ),
    on_ethernet(
        "quic-gap",
        "The Initial with the rest of the hello never comes: a name that was whole is a name.",
        gap,
    ),
];

const SIZE: usize = 1200;

/// A hello, and the fact that it makes.
fn large(tape: &mut Tape, version: u32, name: &str) -> (Vec<u8>, String) {
    let hello = Hello { post_quantum: true, ..Hello::quic(name) };
    (hello.message(&mut tape.rng), hello.fact(&format!("quic {version:#010x}")))
}

/// The two Initials of a hello cut at 1000 bytes.
fn halves(first: Initial<'_>, message: &[u8]) -> [Vec<u8>; 2] {
    let (a, b) = message.split_at(1000);
    [first.seal(&crypto(0, a), SIZE), Initial { number: 1, ..first }.seal(&crypto(1000, b), SIZE)]
}

fn server_answers(tape: &mut Tape, ends: Ends, first: Initial<'_>) {
    let answer = Initial { destination_id: b"client", source_id: b"server-1", by_server: true, ..first };
    tape.udp(ends.turned(), &answer.seal(&crypto(0, &[2, 0, 0, 4, 3, 3, 0, 0]), SIZE));
    tape.expect(ends.turned(), "quic-server");
}

fn split(tape: &mut Tape) {
    for (port, name, order) in [
        (443, "in-order.example.com", &[0, 1][..]),
        (443, "reversed.example.com", &[1, 0]),
        (443, "doubled.example.com", &[1, 1, 0, 0, 1]),
        (4_433, "odd-port.example.com", &[1, 0]),
    ] {
        let ends = tape.ends(port);
        let id = noise(&mut tape.rng, 8);
        let (message, fact) = large(tape, V1, name);
        let halves = halves(Initial::first(V1, &id), &message);
        for at in order {
            tape.udp(ends, &halves[*at]);
        }
        tape.expect(ends, fact);
        server_answers(tape, ends, Initial::first(V1, &id));
    }
    let ends = tape.ends6(443);
    let id = noise(&mut tape.rng, 20);
    let (message, fact) = large(tape, V1, "scrambled.example.com");
    let frames: Vec<_> = message.chunks(97).enumerate().map(|(at, part)| crypto(at * 97, part)).collect();
    let (mut one, mut two) = (vec![1, 0, 0], vec![0, 1]);
    for (at, frame) in frames.iter().enumerate().rev() {
        let packet = if at % 3 == 1 { &mut one } else { &mut two };
        packet.extend(frame);
        packet.extend([0, 1, 0]);
    }
    let first = Initial::first(V1, &id);
    tape.udp(ends, &Initial { number: 7, ..first }.seal(&two, SIZE));
    tape.udp(ends, &Initial { number: 3, ..first }.seal(&one, SIZE));
    tape.expect(ends, fact);
}

fn versions(tape: &mut Tape) {
    for version in [V2, 0xff00_001d, 0xff00_001e, 0xff00_001f, 0xff00_0020] {
        let ends = tape.ends(443);
        let id = noise(&mut tape.rng, 8);
        let (message, fact) = large(tape, version, &format!("version-{version:x}.example.com"));
        let [one, two] = halves(Initial::first(version, &id), &message);
        tape.udp(ends, &two);
        tape.udp(ends, &one);
        tape.expect(ends, fact);
        server_answers(tape, ends, Initial::first(version, &id));
    }
}

fn retry(tape: &mut Tape) {
    let ends = tape.ends(443);
    let id = noise(&mut tape.rng, 8);
    let (message, fact) = large(tape, V1, "after-retry.example.com");
    // The first hello is lost in half: only what comes after the Retry is whole, and tells of the same name.
    tape.udp(ends, &halves(Initial::first(V1, &id), &message)[0]);
    tape.udp(ends.turned(), &quic::retry(b"retry-id", b"a token"));
    let anew = Initial { token: b"a token", number: 2, ..Initial::first(V1, b"retry-id") };
    let (a, b) = message.split_at(1000);
    tape.udp(ends, &Initial { number: 3, ..anew }.seal(&crypto(1000, b), SIZE));
    tape.udp(ends, &anew.seal(&crypto(0, a), SIZE));
    tape.expect(ends, fact);
    server_answers(tape, ends, anew);
}

fn negotiation(tape: &mut Tape) {
    for version in [V1, V2] {
        let ends = tape.ends(443);
        let id = noise(&mut tape.rng, 8);
        let name = format!("negotiated-{version:x}.example.com");
        let (message, fact) = large(tape, version, &name);
        let reserved = Initial { version: 0x1a2a_3a4a, keys_version: V1, ..Initial::first(V1, &id) };
        for half in halves(reserved, &message) {
            tape.udp(ends, &half);
        }
        tape.expect(ends, fact.replace(&format!("{version:#010x}"), "0x1a2a3a4a"));
        tape.udp(ends.turned(), &quic::version_negotiation(&id, &[V1, V2]));
        let [one, two] = halves(Initial::first(version, &id), &message);
        tape.udp(ends, &two);
        tape.udp(ends, &one);
        tape.expect(ends, fact);
    }
}

fn coalesced(tape: &mut Tape) {
    let half = |tape: &mut Tape, name: &str| {
        let (message, fact) = large(tape, V1, name);
        let (a, b) = message.split_at(600);
        (crypto(0, a), crypto(600, b), fact)
    };
    let id = noise(&mut tape.rng, 8);
    let first = Initial::first(V1, &id);

    let ends = tape.ends(443);
    let (a, b, fact) = half(tape, "both-in-one.example.com");
    let one = first.seal(&a, 0);
    let two = Initial { number: 1, ..first }.seal(&b, 0);
    tape.udp(ends, &[two, one].concat());
    tape.expect(ends, fact);
    server_answers(tape, ends, first);

    let ends = tape.ends(443);
    let hello = Hello::quic("early-data.example.com");
    let message = hello.message(&mut tape.rng);
    let early = quic::opaque(ZERO_RTT, &id, &noise(&mut tape.rng, 400));
    tape.udp(ends, &[first.seal(&crypto(0, &message), 0), early.clone()].concat());
    tape.udp(ends, &early);
    tape.expect(ends, hello.fact("quic 0x00000001"));

    let ends = tape.ends(443);
    let (a, b, fact) = half(tape, "early-data-first.example.com");
    tape.udp(ends, &[early, first.seal(&a, 0)].concat());
    let handshake = quic::opaque(HANDSHAKE, &id, &noise(&mut tape.rng, 90));
    tape.udp(ends, &[Initial { number: 1, ..first }.seal(&b, 0), handshake, vec![0; 50]].concat());
    tape.expect(ends, fact);
}

fn id_change(tape: &mut Tape) {
    let ends = tape.ends(443);
    let id = noise(&mut tape.rng, 8);
    let (message, fact) = large(tape, V1, "new-id.example.com");
    let first = Initial::first(V1, &id);
    tape.udp(ends, &first.seal(&crypto(0, &message[..1000]), SIZE));
    server_answers(tape, ends, first);
    let second = Initial { destination_id: b"server-1", number: 1, ..first };
    tape.udp(ends, &second.seal(&[&[2, 0, 0, 0, 0][..], &crypto(1000, &message[1000..])].concat(), SIZE));
    tape.expect(ends, fact);
}

fn again(tape: &mut Tape) {
    let ends = tape.ends(443);
    for number in 1..=6 {
        let id = noise(&mut tape.rng, 8);
        let (message, fact) = large(tape, V1, &format!("connection{number}.example.com"));
        let [one, two] = halves(Initial::first(V1, &id), &message);
        tape.udp(ends, &two);
        tape.udp(ends, &one);
        tape.expect(ends, fact);
        tape.wait(500);
    }
}

fn gap(tape: &mut Tape) {
    let ends = tape.ends(443);
    let id = noise(&mut tape.rng, 8);
    let (message, fact) = large(tape, V1, "before-gap.example.com");
    let [one, _] = halves(Initial::first(V1, &id), &message);
    tape.udp(ends, &one);
    // Of a hello that breaks off inside an extension, only what stands before is known.
    tape.expect(ends, fact + " part");
    let ends = tape.ends(443);
    let hello = Hello { name_last: true, post_quantum: true, ..Hello::quic("behind-gap.example.com") };
    let [one, _] = halves(Initial::first(V1, &id), &hello.message(&mut tape.rng));
    tape.udp(ends, &one);
    tape.wait(60_000);
    let ends = tape.ends(443);
    let hello = Hello::quic("later.example.com");
    let message = hello.message(&mut tape.rng);
    tape.udp(ends, &Initial::first(V1, &id).seal(&crypto(0, &message), SIZE));
    tape.expect(ends, hello.fact("quic 0x00000001"));
}
