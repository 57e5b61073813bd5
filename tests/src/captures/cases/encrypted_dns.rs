//! Lookups that nobody sees, and what only looks like one.

use super::{
    super::{
        Built, Tape,
        hello::{Hello, noise},
        quic::{Initial, V1, crypto},
        tape::Tcp,
        wire::Ends,
    },
    on_ethernet,
};

pub(super) const CASES: &[Built] = &[on_ethernet(
    "encrypted-dns",
    "DNS over TLS on port 853, over QUIC by its ALPN on another port, over HTTPS by a resolver's name and by its address \
     without a name; and an ordinary site whose name begins with dns.",
    make,
)];

fn make(tape: &mut Tape) {
    let ends = tape.ends(853);
    say(tape, ends, &Hello { alpn: vec![b"dot".to_vec()], ..Hello::to("resolver.example.net") });
    tape.expect(ends, "encrypted-dns tls");

    let ends = tape.ends(8853);
    let hello = Hello { alpn: vec![b"doq".to_vec()], ..Hello::quic("resolver.example.net") };
    let (id, message) = (noise(&mut tape.rng, 8), hello.message(&mut tape.rng));
    tape.udp(ends, &Initial::first(V1, &id).seal(&crypto(0, &message), 1200));
    tape.expect(ends, hello.fact("quic 0x00000001"));
    tape.expect(ends, "encrypted-dns quic");

    let ends = tape.ends(443);
    say(tape, ends, &Hello::large("chrome.cloudflare-dns.com"));
    tape.expect(ends, "encrypted-dns https");

    let ends = Ends { server: ([9, 9, 9, 9], 443).into(), ..tape.ends(443) };
    say(tape, ends, &Hello { name: None, ..Hello::large("") });
    tape.expect(ends, "encrypted-dns https");

    let ends = tape.ends(443);
    say(tape, ends, &Hello::large("dns.example.com"));
}

fn say(tape: &mut Tape, ends: Ends, hello: &Hello) {
    let stream = hello.records(&mut tape.rng);
    Tcp::open(tape, ends).up(tape, &stream);
    tape.expect(ends, hello.fact("tls"));
}
