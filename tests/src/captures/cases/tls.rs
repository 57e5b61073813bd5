//! Hellos over TCP: cut into segments and records, turned round, repeated, contradicted, broken off.

use super::{
    super::{
        Built, Tape,
        hello::{self, Hello, extension, noise, numbers, records, vector8, vector16},
        tape::Tcp,
    },
    on_ethernet,
};

pub(super) const CASES: &[Built] = &[
    on_ethernet(
        "tls-segments",
        "A post-quantum hello of 1.8 KB over two and more segments: in order, in reverse, shuffled, overlapping, doubled, \
         repeated as a whole, with its end byte by byte; sequence numbers wrap around zero in each.",
        segments,
    ),
    on_ethernet(
        "tls-records",
        "A hello over many records, down to one byte a record, with record boundaries inside segments and segment \
         boundaries inside record headers, in order and in reverse.",
        by_records,
    ),
    on_ethernet(
        "tls-first-word",
        "Segments that overlap with different bytes: what came first counts, whether it came in order or ahead of a gap.",
        first_word,
    ),
    on_ethernet(
        "tls-gaps",
        "Hellos of which a piece never comes: after the whole name (a name), inside the name and before it (no name).",
        gaps,
    ),
    on_ethernet("tls-ports", "Hellos on ports that belong to something else, DNS among them.", ports),
    on_ethernet(
        "tls-forms",
        "Old and odd hellos: SSL 3.0 without extensions, TLS 1.0, the SSL 2.0 form (no hello to us), no name, an address \
         for a name, a name in capitals with a final dot, ALPN that is no text, the name behind 1.2 KB of key share.",
        forms,
    ),
    on_ethernet(
        "tls-ja4",
        "The hello of the example in FoxIO's description of JA4, with the fingerprint published there.",
        ja4,
    ),
    on_ethernet(
        "tls-running",
        "Connections whose SYN was not seen, and one port used again for a second connection to the same server.",
        running,
    ),
];

/// A connection that was opened, the client's stream for it, and its fact noted.
fn large(tape: &mut Tape, name: &str) -> (Tcp, Vec<u8>) {
    let ends = tape.ends(443);
    let hello = Hello::large(name);
    let stream = hello.records(&mut tape.rng);
    tape.expect(ends, hello.fact("tls"));
    (Tcp::open(tape, ends), stream)
}

fn segments(tape: &mut Tape) {
    let orders: [(&str, &[std::ops::Range<usize>]); 6] = [
        ("in-order.example.com", &[0..1400, 1400..2000]),
        ("reversed.example.com", &[1400..2000, 0..1400]),
        ("shuffled.example.com", &[1200..1600, 400..800, 1600..2000, 0..400, 800..1200]),
        ("overlapping.example.com", &[600..1500, 0..300, 1100..2000, 200..700]),
        ("doubled.example.com", &[0..1000, 0..1000, 0..1400, 1400..2000, 1000..2000]),
        ("inside-name.example.com", &[90..1300, 1300..2000, 0..90]),
    ];
    for (name, pieces) in orders {
        let (mut tcp, stream) = large(tape, name);
        tcp.up_pieces(tape, &stream, pieces);
        // Acknowledged, and a change of cipher as browsers send it after that.
        tcp.down(tape, &[]);
        tcp.up(tape, &[20, 3, 3, 0, 1, 1]);
        tcp.close(tape);
    }
    let (mut tcp, stream) = large(tape, "bytewise.example.com");
    tcp.up(tape, &stream[..1700]);
    for byte in &stream[1700..] {
        tcp.up(tape, &[*byte]);
    }
    tcp.close(tape);
    let (mut tcp, stream) = large(tape, "again.example.com");
    tcp.up(tape, &stream);
    tape.wait(300);
    tcp.up_pieces(tape, &stream, &[0..1400, 1400..2000]);
    tcp.close(tape);
    // Ends before its last piece came.
    let (mut tcp, stream) = large(tape, "after-fin.example.com");
    tcp.up_piece(tape, &stream, 1400..2000);
    tcp.close(tape);
    tcp.up_piece(tape, &stream, 0..1400);
}

fn by_records(tape: &mut Tape) {
    for (size, name) in [
        (700, "of-700.example.com"),
        (100, "of-100.example.com"),
        (5, "of-5.example.com"),
        (1, "of-1.example.com"),
    ] {
        for (at, prefix) in ["straight-", "reversed-"].into_iter().enumerate() {
            let ends = tape.ends(443);
            // Of one byte a record, a post-quantum hello would have over a thousand records.
            let name = format!("{prefix}{name}");
            let hello = if size < 10 { Hello::to(&name) } else { Hello::large(&name) };
            let hello = Hello { alpn: if size == 1 { vec![] } else { hello.alpn.clone() }, ..hello };
            let message = if size == 1 { small(tape, &name) } else { hello.message(&mut tape.rng) };
            let stream = records(&message, size);
            let mut tcp = Tcp::open(tape, ends);
            let mut parts: Vec<_> = stream.chunks(333).enumerate().collect();
            if at == 1 {
                parts.reverse();
            }
            for (part, bytes) in parts {
                tcp.up_at(tape, part * 333, bytes);
            }
            tape.expect(ends, hello.fact("tls"));
            tcp.close(tape);
        }
    }
}

/// A hello of hardly more than its name.
fn small(tape: &mut Tape, name: &str) -> Vec<u8> {
    let list = vector16(&[&[0], &vector16(name.as_bytes())[..]].concat());
    let body =
        [&[3, 3][..], &noise(&mut tape.rng, 32), &[0, 0, 2, 0x13, 1, 1, 0], &vector16(&extension(0, &list))];
    hello::message(&body.concat())
}

fn first_word(tape: &mut Tape) {
    let two = |tape: &mut Tape| {
        // Of the same length, so that each byte has its like.
        let (true_one, lie) = (Hello::large("first.example.com"), Hello::large("other.example.com"));
        (true_one.records(&mut tape.rng), lie.records(&mut tape.rng))
    };
    let fact = |name: &str| Hello::large(name).fact("tls");

    // The name was said in order; the second word for it comes with the rest.
    let (ends, (first, second)) = (tape.ends(443), two(tape));
    let mut tcp = Tcp::open(tape, ends);
    tcp.up_piece(tape, &first, 0..300);
    tcp.up_pieces(tape, &second, &[0..1300, 1300..2000]);
    tape.expect(ends, fact("first.example.com"));
    tcp.close(tape);

    // The name was said ahead of a gap; the second word for it comes with the gap's filling.
    let (ends, (first, second)) = (tape.ends(443), two(tape));
    let mut tcp = Tcp::open(tape, ends);
    tcp.up_piece(tape, &first, 100..1300);
    tcp.up_pieces(tape, &second, &[0..1400, 1200..2000]);
    tape.expect(ends, fact("first.example.com"));
    tcp.close(tape);

    // Only the bytes after the name were there before.
    let (ends, (first, second)) = (tape.ends(443), two(tape));
    let mut tcp = Tcp::open(tape, ends);
    tcp.up_piece(tape, &first, 400..1800);
    tcp.up_pieces(tape, &second, &[0..1400, 1400..2000]);
    tape.expect(ends, fact("other.example.com"));
    tcp.close(tape);
}

fn gaps(tape: &mut Tape) {
    // The key share is lost, the name and what stands before it is there.
    let ends = tape.ends(443);
    let stream = Hello::large("before-gap.example.com").records(&mut tape.rng);
    let mut tcp = Tcp::open(tape, ends);
    tcp.up_pieces(tape, &stream, &[0..700, 1100..2000]);
    tape.expect(ends, Hello::large("before-gap.example.com").fact("tls") + " part");

    let ends = tape.ends(443);
    let stream = Hello::large("broken-name.example.com").records(&mut tape.rng);
    let mut tcp = Tcp::open(tape, ends);
    let name_at = stream.windows(6).position(|at| at == b"broken").expect("it is there") + 4;
    tcp.up_at(tape, 0, &stream[..name_at]);
    tcp.up_at(tape, name_at + 4, &stream[name_at + 4..1300]);

    let ends = tape.ends(443);
    let hello = Hello { name_last: true, ..Hello::large("behind-gap.example.com") };
    let stream = hello.records(&mut tape.rng);
    let mut tcp = Tcp::open(tape, ends);
    tcp.up_pieces(tape, &stream, &[0..700, 1000..2000]);

    // Cut off by a reset right after the name's segment.
    let ends = tape.ends(443);
    let stream = Hello::large("before-reset.example.com").records(&mut tape.rng);
    let mut tcp = Tcp::open(tape, ends);
    tcp.up_piece(tape, &stream, 0..1400);
    tcp.close(tape);
    tape.expect(ends, Hello::large("before-reset.example.com").fact("tls") + " part");

    // Time enough to give all of them up.
    tape.wait(60_000);
    let ends = tape.ends(443);
    let hello = Hello::to("later.example.com");
    let stream = hello.records(&mut tape.rng);
    Tcp::open(tape, ends).up(tape, &stream);
    tape.expect(ends, hello.fact("tls"));
}

fn ports(tape: &mut Tape) {
    for port in [22, 25, 53, 80, 110, 1080, 3128, 5228, 8080, 8443, 65_535] {
        let ends = tape.ends(port);
        let name = format!("port{port}.example.com");
        let hello = Hello::large(&name);
        let stream = hello.records(&mut tape.rng);
        let mut tcp = Tcp::open(tape, ends);
        tcp.up_pieces(tape, &stream, &[1400..2000, 0..3, 3..1400]);
        tape.expect(ends, hello.fact("tls"));
        tcp.close(tape);
    }
}

fn forms(tape: &mut Tape) {
    let plain = Hello::to("www.example.com");
    let all = [
        Hello { name: None, alpn: vec![], version: 0x0300, ..plain.clone() },
        Hello { version: 0x0301, ..plain.clone() },
        Hello { version: 0x0302, ..plain.clone() },
        Hello { name: None, ..plain.clone() },
        Hello { name: Some(b"192.0.2.80".to_vec()), ..plain.clone() },
        Hello { alpn: vec![vec![0xab, 0xcd], b"h2".to_vec()], ..plain.clone() },
        Hello { alpn: vec![], ..plain.clone() },
        Hello { alpn: vec![b"http/1.0".to_vec()], name_last: true, ..Hello::large("behind.example.com") },
    ];
    for hello in all {
        let ends = tape.ends(443);
        let stream = hello.records(&mut tape.rng);
        let mut tcp = Tcp::open(tape, ends);
        tcp.up(tape, &stream);
        tape.expect(ends, hello.fact("tls"));
        tcp.close(tape);
    }
    let ends = tape.ends(443);
    let stream = Hello { name: Some(b"WWW.Example.COM.".to_vec()), ..plain.clone() }.records(&mut tape.rng);
    Tcp::open(tape, ends).up(tape, &stream);
    tape.expect(ends, plain.fact("tls"));
    // SSL 2.0: 0x80 and a length, then message 1, version 3.1, three suites, a challenge.
    let ends = tape.ends(443);
    let head = [0x80, 0x2e, 1, 3, 1, 0, 9, 0, 0, 0, 0x20, 0, 0, 0x2f, 0, 0, 0x35, 0, 0, 0x0a, 0x13];
    let stream = [&head[..], &noise(&mut tape.rng, 27)].concat();
    Tcp::open(tape, ends).up(tape, &stream);
}

/// The lists of the example at
/// <https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md>.
fn ja4(tape: &mut Tape) {
    let suites = [
        0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
        0x009d, 0x002f, 0x0035,
    ];
    let algorithms = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
    let name = vector16(&[&[0], &vector16(b"ja4.example.com")[..]].concat());
    let extensions = [
        extension(0x2a2a, &[]),
        extension(0x001b, &[2, 0, 2]),
        extension(0x0000, &name),
        extension(0x0033, &vector16(&[&[0, 0x1d][..], &vector16(&noise(&mut tape.rng, 32))].concat())),
        extension(0x0010, &vector16(b"\x02h2\x08http/1.1")),
        extension(0x4469, &vector16(b"\x02h2")),
        extension(0x0017, &[]),
        extension(0x002d, &[1, 1]),
        extension(0x000d, &vector16(&numbers(&algorithms))),
        extension(0x0005, &[1, 0, 0, 0, 0]),
        extension(0x0023, &[]),
        extension(0x0012, &[]),
        extension(0x002b, &vector8(&numbers(&[0x5a5a, 0x0304, 0x0303]))),
        extension(0xff01, &[0]),
        extension(0x000b, &[1, 0]),
        extension(0x000a, &vector16(&numbers(&[0x1a1a, 0x1d, 0x17, 0x18]))),
        extension(0x0015, &[0; 100]),
        extension(0x3a3a, &[0]),
    ]
    .concat();
    let body = [
        &[3, 3][..],
        &noise(&mut tape.rng, 32),
        &[0],
        &vector16(&[&[0x1a, 0x1a][..], &numbers(&suites)].concat()),
        &[1, 0],
        &vector16(&extensions),
    ]
    .concat();
    let ends = tape.ends(443);
    Tcp::open(tape, ends).up(tape, &records(&hello::message(&body), 1 << 14));
    let published = "t13d1516h2_8daaf6152771_e5627efa2ab1";
    tape.expect(ends, format_args!("tls ja4.example.com alpn=h2,http/1.1 ech=no ja4={published}"));
}

fn running(tape: &mut Tape) {
    let hello = Hello::large("running.example.com");
    let ends = tape.ends(443);
    let stream = hello.records(&mut tape.rng);
    Tcp::silent(ends).up(tape, &stream);
    tape.expect(ends, hello.fact("tls"));

    let ends = tape.ends(443);
    for (name, numbers_from) in [("once.example.com", 4_000_000), ("twice.example.com", 9)] {
        let hello = Hello::to(name);
        let stream = hello.records(&mut tape.rng);
        Tcp::open_at(tape, ends, numbers_from).up(tape, &stream);
        tape.expect(ends, hello.fact("tls"));
        tape.wait(2_000);
    }
}
