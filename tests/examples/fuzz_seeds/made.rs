//! Seeds that are committed: built here, byte by byte or by real programs on loopback.

use elsewhere_tests::fuzz::{frame, hello::records, quic::crypto, stream, wire};

use super::{Seed, bodies, hellos};

/// All of them.
pub(crate) fn seeds() -> anyhow::Result<Vec<Seed>> {
    let mut seeds = Vec::new();
    let mut add = |target, name: &str, parts: &[&[u8]]| seeds.push((target, name.to_owned(), parts.concat()));
    dns(&mut add);
    let hello = hellos::rustls()?;
    hellos_over_tcp(&mut add, &hello)?;
    http(&mut add, &hello);
    socks(&mut add, &hello);
    quic(&mut add, &hellos::quic()?);
    frames(&mut add, &hello);
    capture_files(&mut add);
    bodies::seeds(&mut add)?;
    Ok(seeds)
}

/// Puts one seed away: target, name, and the parts that it is made of.
pub(crate) type Add<'a> = &'a mut dyn FnMut(&'static str, &str, &[&[u8]]);

const QUERY: &[u8] =
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03com\x00\x00\x01\x00\x01";

/// A response to `QUERY` with answers, whose owner is the name at 12 unless they say so.
fn response(rcode: u8, count: u8, answers: &[u8]) -> Vec<u8> {
    let header = [0x12, 0x34, 0x81, 0x80 | rcode, 0, 1, 0, count, 0, 0, 0, 0];
    [&header, &QUERY[12..], answers].concat()
}

fn answer(owner: u8, kind: u8, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).expect("short data");
    [&[0xc0, owner, 0, kind, 0, 1, 0, 0, 0, 60, 0, length], data].concat()
}

/// A chain that ends in addresses, in the order of servers.
fn chain() -> Vec<u8> {
    let alias = answer(12, 5, b"\x04edge\x03cdn\x07example\x03net\x00");
    // The alias stands behind the question (33 bytes) and its own record's head.
    let edge = u8::try_from(33 + 12).expect("near the start");
    let addresses = [answer(edge, 1, &[198, 51, 100, 1]), answer(edge, 28, &[0x20; 16])].concat();
    response(0, 3, &[alias, addresses].concat())
}

/// An HTTPS record (RFC 9460) with an `ECHConfig` whose public name is cover.example.
fn https() -> Vec<u8> {
    let name = b"cover.example";
    let mut config = vec![7, 0, 0x20, 0, 4, 1, 2, 3, 4, 0, 4, 0, 1, 0, 1, 32, 13];
    config.extend(name);
    config.extend([0, 0]);
    let length = u8::try_from(config.len()).expect("short config");
    let list = [&[0, length + 4, 0xfe, 0x0d, 0, length][..], &config].concat();
    let data = [&[0, 1, 0, 0, 1, 0, 3, 2, b'h', b'2', 0, 5, 0, length + 6][..], &list].concat();
    response(0, 1, &answer(12, 65, &data))
}

/// A message as TCP carries it.
fn counted(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).expect("short message").to_be_bytes();
    [&length, message].concat()
}

fn dns(add: Add<'_>) {
    let edns = [&QUERY[..11], &[1], &QUERY[12..], &[0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0]].concat();
    let messages: &[(&str, u8, Vec<u8>)] = &[
        ("query", 0, QUERY.to_vec()),
        ("query-edns", 0, edns),
        ("query-root", 0, b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\0\0\x02\0\x01".to_vec()),
        ("query-four", 0, [&QUERY[..5], &[4], &QUERY[6..], &[0xc0, 12, 0, 28, 0, 1].repeat(3)].concat()),
        ("chain", 1, chain()),
        ("https", 1, https()),
        ("nxdomain", 1, response(3, 0, &[])),
        ("loop", 1, response(0, 1, &answer(33, 5, &[0xc0, 33]))),
        ("long-name", 1, response(0, 1, &answer(12, 5, &[&b"\x3f"[..], &[b'a'; 63], b"\0"].concat()))),
        ("many", 1, response(0, 70, &answer(12, 1, &[203, 0, 113, 9]).repeat(70))),
        ("malformed", 0, b"no dns at all".to_vec()),
    ];
    for (name, side, message) in messages {
        add("dns", name, &[&[*side, 0, 0], &counted(message)]);
        add("dns", &format!("{name}-cut"), &[&[*side, 1, 7], &counted(message)]);
    }
    let two = [counted(&chain()), counted(&https()), counted(QUERY)].concat();
    add("dns", "three-in-a-stream", &[&[1, 60, 0], &two]);
    add("dns", "malformed-between", &[&[0, 9, 30], &counted(QUERY), &counted(b"none"), &counted(QUERY)]);
    add("dns", "multicast", &[&[3, 0, 0], &counted(&chain())]);
}

fn hellos_over_tcp(add: Add<'_>, hello: &[u8]) -> anyhow::Result<()> {
    let url = |port: u16| format!("https://www.example.com:{port}/");
    let openssl = hellos::of("openssl", |port| {
        let connect = format!("127.0.0.1:{port}");
        ["s_client", "-connect", &connect, "-servername", "mail.example.com", "-alpn", "h2"]
            .map(str::to_owned)
            .to_vec()
    })?;
    let curl = hellos::of("curl", |port| {
        let resolve = format!("www.example.com:{port}:127.0.0.1");
        ["--noproxy", "*", "--resolve", &resolve, &url(port)].map(str::to_owned).to_vec()
    })?;
    let found =
        [Some(("rustls", hello.to_vec())), openssl.map(|h| ("openssl", h)), curl.map(|h| ("curl", h))];
    for (name, records) in found.into_iter().flatten() {
        // One record: what follows its five bytes is the message.
        let message = &records[5..];
        add("hello", &format!("{name}-records"), &[&[1, 0, 0, 0, 0, 0], &records]);
        add("hello", &format!("{name}-message"), &[&[0, 100, 60, 200, 1, 2], message]);
        add("hello", &format!("{name}-small-records"), &[&[4, 9, 7, 3, 9, 9], message]);
        add(
            "hello",
            &format!("{name}-broken-off"),
            &[&[1, 0, 50, 0, 3, 3], &records[..records.len() * 2 / 3]],
        );
    }
    let ech = [0xfe, 0x0d, 0, 10, 0, 0, 1, 0, 1, 7, 0, 2, 1, 2];
    let built = built_hello("www.example.com", &ech);
    add("hello", "ech", &[&[0, 0, 0, 0, 0, 0], &built]);
    add("hello", "ech-cut", &[&[0, 40, 20, 50, 7, 7], &built]);
    add("hello", "twice", &[&[1, 0, 90, 0, 5, 5], &records(&built, 100), &records(&built, 9000)]);
    add("hello", "bad-name", &[&[0, 0, 0, 0, 0, 0], &built_hello("no name.example", &[])]);
    add(
        "hello",
        "no-extensions",
        &[&[0, 0, 5, 5, 0, 0], b"\x01\0\0\x29\x03\x01", &[7; 32], b"\0\0\x02\0\x2f\x01\0"],
    );
    Ok(())
}

/// A handshake message with a name and more extensions.
fn built_hello(name: &str, more: &[u8]) -> Vec<u8> {
    let byte = |length: usize| u8::try_from(length).expect("short hello");
    let length = byte(name.len());
    let mut extensions = vec![0x0a, 0x0a, 0, 0, 0, 0, 0, length + 5, 0, length + 3, 0, 0, length];
    extensions.extend(name.as_bytes());
    extensions.extend(b"\x00\x10\x00\x0e\x00\x0c\x02h2\x08http/1.1");
    extensions.extend(b"\x00\x0d\x00\x06\x00\x04\x04\x03\x08\x04\x00\x2b\x00\x05\x04\x03\x04\x03\x03");
    extensions.extend(more);
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 4, 0x13, 1, 0x13, 2, 1, 0, 0, byte(extensions.len())]);
    body.extend(extensions);
    [&[1, 0, 0, byte(body.len())], &body[..]].concat()
}

fn http(add: Add<'_>, hello: &[u8]) {
    let heads: &[(&str, &[u8])] = &[
        ("host", b"GET / HTTP/1.1\r\nHost: www.example.com\r\nAccept: */*\r\n\r\n"),
        ("absolute", b"GET http://me:key@proxied.example:81/x HTTP/1.1\r\nHost: other.example\r\n\r\n"),
        ("bare-lines", b"HEAD /a?b=c HTTP/1.0\nhost:example.com:8080\n\n"),
        ("address", b"GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n"),
        ("two", b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\nPOST /b HTTP/1.1\r\nHost: b.example\r\n\r\n"),
        ("post", b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\nbody"),
        ("dav", b"PROPFIND /dav HTTP/1.1\r\nDepth: 0\r\nHost: files.example\r\n\r\n"),
        ("no-head", b"GET / SIP/2.0\r\nHost: a.example\r\n\r\n"),
        ("cut-off", b"GET / HTTP/1.1\r\nHost: www.exam"),
        ("connect-address", b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\n\r\n"),
    ];
    for (name, head) in heads {
        add("http", name, &[&[0, 0, 0, 0, 0], head]);
        add("http", &format!("{name}-cut"), &[&[1, 5, 17, 3, 1], head]);
    }
    let connect: &[u8] = b"CONNECT www.example.com:443 HTTP/1.1\r\nHost: www.example.com:443\r\n\r\n";
    add("http", "connect-then-hello", &[&[2, 0, 0, 0, 0], connect, hello]);
    add("http", "connect-then-hello-cut", &[&[2, 40, 90, 8, 8], connect, hello]);
    add("http", "hello-on-80", &[&[0, 33, 100, 8, 8], hello]);
}

/// A conversation: who speaks (0 the client), and what.
fn said(lines: &[(u8, &[u8])]) -> Vec<u8> {
    // Each side opens its stream first: bits 3 and 4.
    let opened = [stream::encode(0x18, &[]), stream::encode(0x19, &[])].concat();
    let lines = lines.iter().flat_map(|(choice, line)| stream::encode(*choice, line));
    opened.into_iter().chain(lines).collect()
}

fn socks(add: Add<'_>, hello: &[u8]) {
    let request: &[u8] = b"\x05\x01\x00\x03\x0fwww.example.com\x01\xbb";
    let reply: &[u8] = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
    let name: &[(u8, &[u8])] =
        &[(0, b"\x05\x01\x00"), (1, b"\x05\x00"), (0, request), (1, reply), (0, hello)];
    add("socks", "socks5-name", &[&[0], &said(name)]);
    let password: &[(u8, &[u8])] = &[
        (0, b"\x05\x02\x00\x02"),
        (1, b"\x05\x02"),
        (0, b"\x01\x02me\x03key"),
        (1, b"\x01\x00"),
        (0, request),
        (1, reply),
        (0, b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"),
    ];
    add("socks", "socks5-password", &[&[5], &said(password)]);
    let behind_a_gap: &[(u8, &[u8])] =
        &[(0, b"\x05\x01"), (4, &request[2..]), (2, b"\x00\x05\x01"), (32, reply)];
    add("socks", "socks5-gap", &[&[0], &said(behind_a_gap)]);
    add(
        "socks",
        "socks5-v6",
        &[&[0], &said(&[(0, b"\x05\x01\x00"), (0, b"\x05\x01\x00\x04                \x00\x50")])],
    );
    add(
        "socks",
        "socks5-v4",
        &[&[0], &said(&[(0, b"\x05\x01\x00\x05\x01\x00\x01\xc0\x00\x02\x09\x00\x50")])],
    );
    add("socks", "socks4", &[&[0], &said(&[(0, b"\x04\x01\x00\x50\xc0\x00\x02\x09me\x00"), (0x10, b"")])]);
    add(
        "socks",
        "socks4a",
        &[&[0], &said(&[(0, b"\x04\x01\x00\x50\x00\x00\x00\x01\x00example.com\x00"), (8, hello)])],
    );

    let smtp: &[(u8, &[u8])] = &[
        (1, b"220 mail.example ESMTP\r\n"),
        (0, b"EHLO laptop\r\n"),
        (1, b"250-mail.example\r\n250 STARTTLS\r\n"),
        (0, b"STARTTLS\r\n"),
        (1, b"220 go ahead\r\n"),
        (0, hello),
    ];
    let imap: &[(u8, &[u8])] = &[
        (1, b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"),
        (0, b"a1 STARTTLS\r\n"),
        (1, b"a1 OK begin\r\n"),
        (0, hello),
    ];
    let pop3: &[(u8, &[u8])] = &[
        (1, b"+OK ready\r\n"),
        (0, b"CAPA\r\n"),
        (1, b"+OK\r\nSTLS\r\n.\r\n"),
        (0, b"STLS\r\n"),
        (1, b"+OK\r\n"),
        (0, hello),
    ];
    let xmpp: &[(u8, &[u8])] = &[
        (0, b"<?xml version='1.0'?><stream:stream to='chat.example'>"),
        (1, b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"),
        (0, b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        (1, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        (0, hello),
    ];
    for (name, port, lines) in
        [("smtp", 1, smtp), ("submission", 2, smtp), ("imap", 3, imap), ("pop3", 4, pop3), ("xmpp", 7, xmpp)]
    {
        add("socks", &format!("starttls-{name}"), &[&[port], &said(lines)]);
    }
    // At once with the command, without waiting; then all over again.
    add(
        "socks",
        "starttls-impatient",
        &[&[1], &said(&[(0, b"STARTTLS\r\n"), (2, hello), (6, hello), (0x10, b"")])],
    );
}

fn quic(add: Add<'_>, message: &[u8]) {
    let id: &[u8] = &[8, 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
    for (version, name) in [(0, "v1"), (2, "v2"), (4, "draft-29"), (6, "reserved")] {
        add("quic", &format!("message-{name}"), &[&[version], id, &[0, 0, 0, 0], message]);
        add("quic", &format!("message-cut-{name}"), &[&[version], id, &[31, 2, 5, 7], message]);
    }
    let half = message.len() / 2;
    let (first, second) = (crypto(0, &message[..half]), crypto(half, &message[half..]));
    let ack = b"\x02\x00\x00\x01\x00\x00\x00\x01\x03\x05\x00\x00\x00\x01\x02\x03";
    let row = |packets: &[(u8, &[u8])]| -> Vec<u8> {
        packets.iter().flat_map(|(choice, bytes)| frame::encode(*choice, bytes)).collect()
    };
    add("quic", "two-packets", &[&[1], id, &row(&[(0, &second), (0, &first)])]);
    add("quic", "coalesced-late", &[&[1], id, &row(&[(0, &second), (4, ack), (16, &first)])]);
    add("quic", "one-crypto", &[&[3], id, &row(&[(1, message), (1, message)])]);
    add("quic", "new-keys", &[&[1], id, &row(&[(0, &first), (2, message), (1, message)])]);
    let retry = [&[0xf0, 0, 0, 0, 1, 0, 0][..], &[1; 40]].concat();
    let handshake = [&[0xe0, 0, 0, 0, 1, 0, 0, 0x40, 40][..], &[1; 40]].concat();
    let early = [&[0xd0, 0, 0, 0, 1, 0, 0, 0x40, 40][..], &[1; 40]].concat();
    let negotiation = [&[0x80, 0, 0, 0, 0, 0, 0][..], &[0, 0, 0, 1]].concat();
    let server: &[(u8, &[u8])] =
        &[(1, message), (11, &retry), (11, &handshake), (11, &negotiation), (3, &early), (2, message)];
    add("quic", "server-answers", &[&[1], id, &row(server)]);
    add("quic", "broken-off", &[&[1], id, &row(&[(1, &message[..half + 40]), (16, ack), (16, ack)])]);
    add("quic", "far-ahead", &[&[1], id, &row(&[(0, &crypto(16_000, ack)), (0, &crypto(70_000, ack))])]);
}

/// IPv4 around a payload; `fragment` is the field of flags and offset.
fn ipv4(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 20).expect("short packet").to_be_bytes();
    let [high, low] = fragment.to_be_bytes();
    let header = [high, low, 64, protocol, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1];
    [&[0x45, 0][..], &length, &[0, 7], &header, payload].concat()
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("short packet").to_be_bytes();
    [&[0x60, 0, 0, 0][..], &length, &[next, 64], &[0x20; 16], &[0x21; 16], payload].concat()
}

fn frames(add: Add<'_>, hello: &[u8]) {
    let query = wire::udp(wire::From::Client, 53, QUERY);
    let datagram = &query[20..];
    let v6 = ipv6(17, datagram);
    let extended = ipv6(0, &[&[60, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0], datagram].concat());
    let macs: &[u8] = &[2; 12];
    let cooked = [&[0, 4, 0, 1, 0, 6][..], &[0; 8], &[8, 0]].concat();
    let cooked2 = [&[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6][..], &[0; 8]].concat();
    let length = u8::try_from(query.len() + 2).expect("short packet");
    let refused = ipv4(1, 0, &[&[3, 3, 0, 0, 0, 0, 0, 0], &query[..28]].concat());
    let wrapped: &[(&str, u8, Vec<u8>)] = &[
        ("ethernet", 8, [macs, &[8, 0], &query].concat()),
        ("ethernet-v6", 16, [macs, &[0x86, 0xdd], &v6].concat()),
        ("arp", 0, [macs, &[8, 6, 0, 1, 8, 0, 6, 4, 0, 1], &[0; 20]].concat()),
        ("vlan", 0, [macs, &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0], &query].concat()),
        ("pppoe", 0, [macs, &[0x88, 0x64, 0x11, 0, 0, 1, 0, length, 0, 0x21], &query, &[0; 9]].concat()),
        ("mpls", 0, [macs, &[0x88, 0x47, 0, 1, 0, 64, 0, 1, 1, 64], &query].concat()),
        ("raw", 1, query.clone()),
        ("raw-v6-extensions", 1, extended),
        ("cooked", 2, [&cooked, &query[..]].concat()),
        ("cooked2", 3, [&cooked2, &query[..]].concat()),
        ("null", 4, [&[2, 0, 0, 0], &query[..]].concat()),
        ("loop", 5, [&[0, 0, 0, 2], &query[..]].concat()),
        ("ppp", 6, [&[0xff, 3, 0, 0x21], &query[..]].concat()),
        ("ppp-bare", 6, [&[0x57], &v6[..]].concat()),
        ("6in4", 1, ipv4(41, 0, &v6)),
        ("4in4in4", 1, ipv4(4, 0, &ipv4(4, 0, &query))),
        ("refused", 1, refused),
        ("no-length", 1, [&query[..2], &[0, 0], &query[4..]].concat()),
    ];
    for (name, choice, bytes) in wrapped {
        add("frame", name, &[&frame::encode(*choice, bytes)]);
    }
    let pieces = [ipv4(17, 0x2000, &datagram[..16]), ipv4(17, 0x0002, &datagram[16..])];
    add("frame", "fragments", &[&frame::encode(1, &pieces[1]), &frame::encode(0x41, &pieces[0])]);
    let fragment = |offset: u8, more: u8, part: &[u8]| {
        frame::encode(1, &ipv6(44, &[&[17, 0, 0, offset | more, 0, 0, 0, 7], part].concat()))
    };
    add("frame", "fragments-v6", &[&fragment(0, 1, &datagram[..16]), &fragment(16, 0, &datagram[16..])]);
    add("frame", "fragment-lost", &[&fragment(0, 1, &datagram[..16]), &frame::encode(0x81, &query)]);
    let visit = visit(hello);
    add("frame", "visit", &[&visit]);
    add("frame", "visit-to-a-midnight", &[&visit, &frame::encode(0xc1, &query)]);
    add("pipeline", "query", &[&frame::encode(1, &query)]);
    add("pipeline", "visit", &[&visit]);
    add("pipeline", "visit-over-midnight", &[&visit, &frame::encode(0xc9, &query), &visit]);
    let nobody = response(3, 0, &[]);
    let answered = frame::encode(17, &wire::udp(wire::From::Server, 53, &nobody));
    add("pipeline", "no-such-name", &[&frame::encode(9, &query), &answered, &frame::encode(0xa9, &query)]);
}

/// A visit from the DNS answer to the last byte.
fn visit(hello: &[u8]) -> Vec<u8> {
    use wire::{ACK, FIN, From, SYN, tcp, udp};
    let sent = u32::try_from(hello.len()).expect("short hello");
    let answered = response(0, 1, &answer(12, 1, &[198, 51, 100, 1]));
    let server_hello = [&[22, 3, 3, 0, 80, 2, 0, 0, 76, 3, 3][..], &[9; 74]].concat();
    let data = [&[23, 3, 3, 1, 0][..], &[5; 256]].concat();
    let packets: [(u8, Vec<u8>); 10] = [
        (9, udp(From::Client, 53, QUERY)),
        (17, udp(From::Server, 53, &answered)),
        (9, tcp(From::Client, 443, 100, SYN, &[])),
        (17, tcp(From::Server, 443, 900, SYN | ACK, &[])),
        (9, tcp(From::Client, 443, 101, ACK, hello)),
        (17, tcp(From::Server, 443, 901, ACK, &server_hello)),
        (0x49, tcp(From::Client, 443, 101 + sent, ACK, &data)),
        (0x51, tcp(From::Server, 443, 986, ACK, &data)),
        (9, tcp(From::Client, 443, 362 + sent, FIN | ACK, &[])),
        (17, tcp(From::Server, 443, 1247, FIN | ACK, &[])),
    ];
    packets.iter().flat_map(|(choice, packet)| frame::encode(*choice, packet)).collect()
}

fn capture_files(add: Add<'_>) {
    let packet = wire::udp(wire::From::Client, 53, QUERY);
    let length = u32::try_from(packet.len()).expect("short packet");
    let words = |words: &[u32], big: bool| -> Vec<u8> {
        words.iter().flat_map(|word| if big { word.to_be_bytes() } else { word.to_le_bytes() }).collect()
    };
    for (name, magic, big) in [
        ("pcap", 0xa1b2_c3d4, false),
        ("pcap-big", 0xa1b2_c3d4, true),
        ("pcap-nanoseconds", 0xa1b2_3c4d, false),
    ] {
        let header = words(&[magic, if big { 0x0002_0004 } else { 0x0004_0002 }, 0, 0, 65_535, 101], big);
        let record = [words(&[1_700_000_000, 250_000, length, length], big), packet.clone()].concat();
        add("capture_file", name, &[&header, &record, &record]);
        add("capture_file", &format!("{name}-cut"), &[&header, &record, &record[..30]]);
    }
    let foreign = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 105], false);
    add("capture_file", "pcap-foreign-link", &[&foreign]);

    let block = |kind: u32, body: &[u8], big: bool| -> Vec<u8> {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let size = u32::try_from(body.len() + 12).expect("short block");
        [&words(&[kind, size], big)[..], &body, &words(&[size], big)].concat()
    };
    let section = |big| block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 1, 0xffff_ffff, 0xffff_ffff], big), big);
    let (head, fields) = (section(false), |fields: &[u32]| words(fields, false));
    // Options: nanoseconds, an offset, an end.
    let options =
        b"\x09\x00\x01\x00\x09\x00\x00\x00\x0e\x00\x08\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";
    let interface = block(1, &[&fields(&[101, 0])[..], options].concat(), false);
    let plain = block(1, &fields(&[1, 64]), false);
    let enhanced = block(
        6,
        &[&fields(&[0, 0x0005_fb1a, 0, length, length])[..], &packet, b"\0\0\x02\0\x04\0\x02\0\0\0\0\0\0\0"]
            .concat(),
        false,
    );
    let simple = block(3, &[&fields(&[length])[..], &packet].concat(), false);
    let old = block(2, &[&fields(&[0, 0x0005_fb1a, 0, length, length])[..], &packet].concat(), false);
    let names = block(4, b"\x01\x00\x08\x00\xc0\x00\x02\x01a.b\x00\x00\x00\x00\x00", false);
    add("capture_file", "pcapng", &[&head, &interface, &enhanced, &names, &old]);
    add("capture_file", "pcapng-simple", &[&head, &block(1, &fields(&[101, 0]), false), &simple]);
    add("capture_file", "pcapng-snapped", &[&head, &plain, &simple]);
    add(
        "capture_file",
        "pcapng-sections",
        &[
            &head,
            &interface,
            &enhanced,
            &section(true),
            &words(&[1, 20, 0x0065_0000, 0, 20], true),
            &words(&[6, 32, 0, 0, 0, 0, 0, 32], true),
        ],
    );
    add("capture_file", "pcapng-no-interface", &[&head, &enhanced]);
    add("capture_file", "pcapng-cut", &[&head, &interface, &enhanced[..40]]);
    add("capture_file", "pcapng-block-length", &[&head, &words(&[6, 13, 0, 0], false)]);
    add("capture_file", "compressed", &[b"\x1f\x8b\x08\x00"]);
}
