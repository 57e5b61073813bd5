//! Hellos and requests inside what was asked of a proxy.

use super::{
    super::{
        Built, Tape,
        hello::{Hello, vector8},
        tape::Tcp,
    },
    on_ethernet,
};

pub(super) const CASES: &[Built] = &[
    on_ethernet(
        "proxy-connect",
        "CONNECT to a name, an IPv4 and an IPv6 address, with credentials and many headers; the hello behind it in order, \
         in reverse, and in one segment with the request.",
        connect,
    ),
    on_ethernet(
        "proxy-socks",
        "SOCKS 5 without and with a password, to a name and to addresses; SOCKS 4 and 4a; the hello or the HTTP request \
         behind it, in order, in reverse, byte by byte and in one segment.",
        socks,
    ),
];

fn connect(tape: &mut Tape) {
    let head = |target: &str| {
        format!(
            "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: test\r\nProxy-Authorization: Basic bWU6a2V5\r\n\
             Proxy-Connection: Keep-Alive\r\n\r\n"
        )
        .into_bytes()
    };
    let targets = [
        ("app.example.com:443", "app.example.com 443"),
        ("192.0.2.200:8443", "192.0.2.200 8443"),
        ("[2001:db8::7]:443", "2001:db8::7 443"),
    ];
    for (target, fact) in targets {
        for (at, order) in [[0..1400, 1400..2000], [1400..2000, 0..1400]].into_iter().enumerate() {
            let ends = tape.ends(3128);
            let hello = Hello::large(&format!("inner{at}.example.com"));
            let stream = hello.records(&mut tape.rng);
            let head = head(target);
            let mut tcp = Tcp::open(tape, ends);
            tcp.up(tape, &head[..30]);
            tcp.up(tape, &head[30..]);
            tape.expect(ends, format_args!("http-connect {fact}"));
            tcp.down(tape, b"HTTP/1.1 200 Connection established\r\n\r\n");
            for piece in order {
                tcp.up_at(tape, head.len() + piece.start, &stream[piece.start..piece.end.min(stream.len())]);
            }
            tape.expect(ends, hello.fact("tls"));
            tcp.close(tape);
        }
    }
    let ends = tape.ends(8080);
    let hello = Hello::large("eager.example.com");
    let stream = [head("eager.example.com:443"), hello.records(&mut tape.rng)].concat();
    Tcp::open(tape, ends).up(tape, &stream);
    tape.expect(ends, "http-connect eager.example.com 443");
    tape.expect(ends, hello.fact("tls"));
}

fn socks(tape: &mut Tape) {
    let name = [&[5, 1, 0, 3][..], &vector8(b"app.example.com"), &[1, 0xbb]].concat();
    let open = [&[5, 1, 0][..], &name].concat();
    let password = [&[5, 2, 0, 2, 1][..], &vector8(b"me"), &vector8(b"secret"), &name].concat();
    let address4 = [&[5, 1, 0, 5, 1, 0, 1, 192, 0, 2, 200, 1, 0xbb][..]].concat();
    let address6 = [&[5, 1, 0, 5, 1, 0, 4, 0x20, 1, 0xd, 0xb8][..], &[0; 11], &[7, 1, 0xbb]].concat();
    let version4 = [&[4, 1, 1, 0xbb, 192, 0, 2, 200][..], b"me\0"].concat();
    let version4a = [&[4, 1, 1, 0xbb, 0, 0, 0, 1][..], b"me\0app.example.com\0"].concat();
    let asked = [
        (open, "app.example.com 443"),
        (password, "app.example.com 443"),
        (address4, "192.0.2.200 443"),
        (address6, "2001:db8::7 443"),
        (version4, "192.0.2.200 443"),
        (version4a, "app.example.com 443"),
    ];
    for (request, fact) in asked {
        for (at, step) in [1, 5, 2000].into_iter().enumerate() {
            let ends = tape.ends(1080);
            let hello = Hello::large(&format!("inner{at}.example.com"));
            let stream = hello.records(&mut tape.rng);
            let mut tcp = Tcp::open(tape, ends);
            for part in request.chunks(step) {
                tcp.up(tape, part);
            }
            tape.expect(ends, format_args!("socks-connect {fact}"));
            tcp.down(tape, &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
            let pieces = if at == 2 { [1400..2000, 0..1400] } else { [0..1400, 1400..2000] };
            for piece in pieces {
                tcp.up_at(
                    tape,
                    request.len() + piece.start,
                    &stream[piece.start..piece.end.min(stream.len())],
                );
            }
            tape.expect(ends, hello.fact("tls"));
            tcp.close(tape);
        }
    }
    let ends = tape.ends(1080);
    let request = [&[5, 1, 0, 5, 1, 0, 3][..], &vector8(b"plain.example.com"), &[0, 80]].concat();
    Tcp::open(tape, ends)
        .up(tape, &[&request[..], b"GET / HTTP/1.1\r\nHost: plain.example.com\r\n\r\n"].concat());
    tape.expect(ends, "socks-connect plain.example.com 80");
    tape.expect(ends, "http-host plain.example.com");
}
