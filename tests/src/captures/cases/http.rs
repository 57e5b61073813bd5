//! HTTP/1 requests however they are written and cut.

use super::{
    super::{Built, Tape, tape::Tcp},
    on_ethernet,
};

pub(super) const CASES: &[Built] = &[
    on_ethernet(
        "http-heads",
        "Requests with the host in lower and upper case, with a port, with spaces around, in an absolute URI that \
         disagrees with the header, as IPv6 literal and missing; on odd ports; HTTP/2 without TLS, whose host is compressed.",
        heads,
    ),
    on_ethernet(
        "http-split",
        "Heads cut inside the method, the header's name and the host, byte by byte, in reverse; requests pipelined in \
         one segment; requests one after another with bodies between them, whole and in pieces.",
        split,
    ),
];

fn heads(tape: &mut Tape) {
    let all: [(u16, &str, Option<&str>); 11] = [
        (80, "GET / HTTP/1.1\r\nhost: lower.example.com\r\n\r\n", Some("lower.example.com")),
        (80, "GET / HTTP/1.1\r\nAccept: */*\r\nHOST:UPPER.EXAMPLE.COM\r\n\r\n", Some("upper.example.com")),
        (
            8080,
            "POST /x HTTP/1.1\r\nHost: port.example.com:8080\r\nContent-Length: 0\r\n\r\n",
            Some("port.example.com"),
        ),
        (80, "GET / HTTP/1.1\r\nHost: \t spaces.example.com \t\r\n\r\n", Some("spaces.example.com")),
        (
            3128,
            "GET http://absolute.example.com/a?b HTTP/1.1\r\nHost: header.example.com\r\n\r\n",
            Some("absolute.example.com"),
        ),
        (3128, "GET HTTP://user@absolute.example.com:8080 HTTP/1.1\r\n\r\n", Some("absolute.example.com")),
        (80, "GET / HTTP/1.0\nHost: bare-newlines.example.com\n\n", Some("bare-newlines.example.com")),
        (
            80,
            "GET / HTTP/1.1\r\nX-Folded: a\r\n Host: folded.example.com\r\nHost: real.example.com\r\n\r\n",
            Some("real.example.com"),
        ),
        (80, "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", None),
        (80, "GET / HTTP/1.0\r\n\r\n", None),
        // RFC 9113 §3.4: the preface, then frames with a compressed head.
        (80, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", None),
    ];
    for (port, head, host) in all {
        let ends = tape.ends(port);
        let mut tcp = Tcp::open(tape, ends);
        tcp.up(tape, head.as_bytes());
        if let Some(host) = host {
            tape.expect(ends, format_args!("http-host {host}"));
        }
        tcp.down(tape, b"HTTP/1.1 204 No Content\r\n\r\n");
        tcp.close(tape);
    }
}

fn request(host: &str) -> Vec<u8> {
    format!("GET /index.html HTTP/1.1\r\nAccept: text/html\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n")
        .into()
}

fn upload(host: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("PUT /file HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn split(tape: &mut Tape) {
    let orders: [(&str, &[std::ops::Range<usize>]); 4] = [
        ("in-method.example.com", &[0..2, 2..300]),
        ("in-header.example.com", &[0..50, 50..300]),
        ("in-host.example.com", &[0..60, 60..300]),
        ("reversed.example.com", &[60..300, 20..60, 0..20]),
    ];
    for (host, pieces) in orders {
        let ends = tape.ends(80);
        let mut tcp = Tcp::open(tape, ends);
        tcp.up_pieces(tape, &request(host), pieces);
        tape.expect(ends, format_args!("http-host {host}"));
        tcp.close(tape);
    }
    let ends = tape.ends(80);
    let mut tcp = Tcp::open(tape, ends);
    for byte in request("bytewise.example.com") {
        tcp.up(tape, &[byte]);
    }
    tape.expect(ends, "http-host bytewise.example.com");

    let ends = tape.ends(80);
    let hosts = ["one.example.com", "two.example.com", "three.example.com"];
    Tcp::open(tape, ends).up(tape, &hosts.map(request).concat());
    for host in hosts {
        tape.expect(ends, format_args!("http-host {host}"));
    }

    let ends = tape.ends(80);
    let mut tcp = Tcp::open(tape, ends);
    tcp.up(tape, &upload("upload.example.com", &[b'x'; 5000]));
    tape.expect(ends, "http-host upload.example.com");
    tcp.down(tape, b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    tcp.up(tape, &request("after-upload.example.com"));
    tape.expect(ends, "http-host after-upload.example.com");

    // The next request begins in the segment that the body ends in, and is cut itself.
    let ends = tape.ends(80);
    let mut tcp = Tcp::open(tape, ends);
    let stream = [upload("first.example.com", &[b'y'; 1500]), request("second.example.com")].concat();
    let cut = stream.len() - 40;
    tcp.up_pieces(tape, &stream, &[0..900, 900..cut, cut..4000]);
    tape.expect(ends, "http-host first.example.com");
    tape.expect(ends, "http-host second.example.com");

    let ends = tape.ends(80);
    let mut tcp = Tcp::open(tape, ends);
    let chunked = b"POST /c HTTP/1.1\r\nHost: chunked.example.com\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n";
    tcp.up(tape, chunked);
    tape.expect(ends, "http-host chunked.example.com");
    tcp.up(tape, &request("after-chunked.example.com"));
    tape.expect(ends, "http-host after-chunked.example.com");
}
