//! Hellos built byte by byte.

use proptest::prelude::*;

use super::*;

/// A handshake message with the given server name and extensions of its own.
pub(in crate::decode) fn hello_message(name: &str, more: &[u8]) -> Vec<u8> {
    let length = u16::try_from(name.len()).unwrap();
    let mut extensions = vec![0x0a, 0x0a, 0, 0, 0, 0];
    extensions.extend((length + 5).to_be_bytes());
    extensions.extend((length + 3).to_be_bytes());
    extensions.push(0);
    extensions.extend(length.to_be_bytes());
    extensions.extend(name.as_bytes());
    extensions.extend(b"\x00\x10\x00\x0e\x00\x0c\x02h2\x08http/1.1");
    extensions.extend(more);
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 4, 0x13, 1, 0x13, 2, 1, 0]);
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[CLIENT_HELLO], &length[1..], &body].concat()
}

/// The message in records of at most `size` bytes.
pub(in crate::decode) fn records(message: &[u8], size: usize) -> Vec<u8> {
    let record = |part: &[u8]| {
        let length = u16::try_from(part.len()).unwrap().to_be_bytes();
        [&[content_type::HANDSHAKE, 3, 1], &length[..], part].concat()
    };
    message.chunks(size).flat_map(record).collect()
}

fn name_of(hello: &ClientHello) -> Option<&str> {
    hello.server_name.as_ref().map(Domain::as_str)
}

#[test]
fn hello_is_read_from_any_records_and_tells_its_length() {
    let message = hello_message("Www.Example.com", &[0xfe, 0x0d, 0, 0]);
    for size in [3, 5, 40, 100, 4000] {
        let mut stream = records(&message, size);
        let length = stream.len();
        stream.extend(b"next");
        let Hello::Whole(hello, used) = hello_in_records(&stream) else { panic!("records of {size}") };
        assert_eq!((name_of(&hello), used), (Some("www.example.com"), length));
        assert_eq!(hello.alpn, ["h2", "http/1.1"]);
        assert!(hello.ech);
        assert!(hello.ja4.starts_with("t12d0203h2_"), "{}", hello.ja4);
    }
}

#[test]
fn name_complete_before_the_break_is_a_name() {
    let stream = records(&hello_message("www.example.com", &[0x12, 0x34, 0, 200]), 4000);
    let name_end = stream.windows(3).position(|at| at == b"com").unwrap() + 3;
    for end in 1..stream.len() {
        let Hello::Part(known) = hello_in_records(&stream[..end]) else { panic!("cut at {end}") };
        assert_eq!(known.is_some(), end >= name_end, "cut at {end}");
        assert!(known.is_none_or(|hello| hello.ja4.is_empty()));
    }
}

#[test]
fn hello_over_more_records_than_anyone_makes_is_not_followed() {
    let stream = records(&hello_message(&"a".repeat(60), &[0; 0]), 1);
    assert!(matches!(hello_in_records(&stream), Hello::Whole(..)));
    let endless = records(&[&[CLIENT_HELLO, 0, 0xff, 0xff][..], &vec![0; 70_000]].concat(), 1);
    assert!(matches!(hello_in_records(&endless), Hello::No));
    assert!(matches!(hello_in_records(&records(&[CLIENT_HELLO, 1, 0xff, 0xff], 4)), Hello::No));
}

#[test]
fn start_of_a_hello_is_known_by_six_bytes() {
    let stream = records(&hello_message("a.com", &[]), 4000);
    for end in 0..6 {
        assert_eq!(begins_like_hello(&stream[..end]), None);
    }
    assert_eq!(begins_like_hello(&stream), Some(true));
    for start in [&b"GET / "[..], &[0x17, 3, 3], &[0x16, 3, 1, 0, 9, 2], &[0x16, 3, 1, 0x50]] {
        assert_eq!(begins_like_hello(start), Some(false));
    }
}

#[test]
fn server_hello_and_fatal_alert_are_signs() {
    let cases: &[(&[u8], Option<FactKind>)] = &[
        (&[22, 3, 3, 0, 90, 2, 0, 0], Some(FactKind::TlsServerHello(ServerHello::Tls13))),
        (&[21, 3, 3, 0, 2, 2, 40], Some(FactKind::TlsAlert { description: 40 })),
        (&[21, 3, 3, 0, 26, 2, 40], None),
        (&[21, 3, 3, 0, 2, 1, 0], None),
        (&[23, 3, 3], None),
    ];
    for (payload, expected) in cases {
        assert_eq!(sign(payload), *expected);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        hello_in_records(&bytes);
        hello_in_message(&bytes, Carrier::Quic);
        hello_in_records(&records(&[&[CLIENT_HELLO, 0, 1, 0][..], &bytes].concat(), 100));
        sign(&bytes);
    }

    #[test]
    fn no_altered_hello_makes_it_panic(at in any::<proptest::sample::Index>(), to in any::<u8>()) {
        let mut stream = records(&hello_message("www.example.com", &[0, 13, 0, 4, 0, 2, 4, 3, 0, 43, 0, 3, 2, 3, 4]), 90);
        let at = at.index(stream.len());
        stream[at] = to;
        hello_in_records(&stream);
    }
}

#[test]
fn server_hello_tells_who_has_the_last_word() {
    let hello = |random: &[u8], suite: [u8; 2]| {
        let rest = [&[22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3][..], random, &[0; 32][random.len()..]].concat();
        [&rest[..], &[2, 7, 7], &suite, &[0]].concat()
    };
    let retry = [0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11];
    for (case, bytes, expected) in [
        ("1.3", hello(&[], [0x13, 1]), ServerHello::Tls13),
        ("1.2", hello(&[], [0xc0, 0x2f]), ServerHello::Older),
        ("retry", hello(&retry, [0x13, 1]), ServerHello::Retry),
        ("cut off", hello(&[], [0xc0, 0x2f])[..30].to_vec(), ServerHello::Tls13),
    ] {
        assert_eq!(sign(&bytes), Some(FactKind::TlsServerHello(expected)), "{case}");
    }
}
