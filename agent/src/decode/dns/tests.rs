//! Messages built byte by byte.

use proptest::prelude::*;

use super::*;

/// A message with one question for `www.example.com` at offset 12, and the given answers.
fn message(flags: u16, answers: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0, 7];
    bytes.extend(flags.to_be_bytes());
    bytes.extend([0, 1, 0, u8::try_from(answers.len()).unwrap(), 0, 0, 0, 0]);
    bytes.extend(b"\x03WWW\x07example\x03com\x00\x00\x01\x00\x01");
    bytes.extend(answers.concat());
    bytes
}

fn record(owner: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    [owner, &kind.to_be_bytes(), &[0, 1, 0, 0, 0, 60], &length, data].concat()
}

fn facts(message: &[u8]) -> (Vec<FactKind>, bool) {
    let mut facts = Vec::new();
    let read = parse(message, |fact| facts.push(fact)).is_some();
    (facts, read)
}

fn domain(name: &str) -> Domain {
    Domain::from_wire(name.as_bytes()).unwrap()
}

const QNAME: &[u8] = &[0xc0, 12];

#[test]
fn question_becomes_a_query_in_lower_case() {
    let question = DnsQuestion { id: 7, qname: domain("www.example.com"), qtype: 1 };
    assert_eq!(facts(&message(0x0100, &[])), (vec![FactKind::DnsQuery(question)], true));
}

#[test]
fn response_has_aliases_and_addresses_in_order() {
    let answers = [
        record(QNAME, CNAME, b"\x03cdn\xc0\x10"),
        record(b"\x03cdn\xc0\x10", A, &[192, 0, 2, 1]),
        record(b"\x03cdn\xc0\x10", AAAA, &[0; 16]),
        record(QNAME, 16, b"\x02hi"),
    ];
    let (facts, _) = facts(&message(0x8183, &answers));
    let [FactKind::DnsResponse(response)] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!(response.rcode, 3);
    assert_eq!(response.question.as_ref().unwrap().qname, domain("www.example.com"));
    let seen: Vec<_> = response.answers.iter().map(|answer| (answer.name.as_str(), &answer.data)).collect();
    assert_eq!(
        seen,
        [
            ("www.example.com", &DnsData::Alias(domain("cdn.example.com"))),
            ("cdn.example.com", &DnsData::Address([192, 0, 2, 1].into())),
            ("cdn.example.com", &DnsData::Address(Ipv6Addr::UNSPECIFIED.into())),
            ("www.example.com", &DnsData::Other(16)),
        ]
    );
    assert_eq!(response.answers[0].ttl, 60);
}

#[test]
fn https_record_tells_the_public_name_of_its_ech_configuration() {
    let contents = [&[9, 0, 0x20, 0, 2, 1, 1, 0, 4, 0, 1, 0, 1, 64][..], b"\x0apublic.net\x00\x00"].concat();
    let length = u8::try_from(contents.len()).unwrap();
    let config = [&[0xfe, 0x0d, 0, length][..], &contents].concat();
    let list = [&[0, length + 4][..], &config].concat();
    let data = [&[0, 1, 0, 0, 1, 0, 3, 2, b'h', b'2', 0, 5, 0, length + 6][..], &list].concat();
    let (facts, _) = facts(&message(0x8180, &[record(QNAME, HTTPS, &data)]));
    let [FactKind::DnsResponse(response)] = &facts[..] else { panic!("{facts:?}") };
    let ech_public_name = Some(domain("public.net"));
    assert_eq!(response.answers[0].data, DnsData::Service { alpn: vec!["h2".into()], ech_public_name });
}

#[test]
fn extended_error_is_read_behind_all_other_records_and_a_filter_goes_first() {
    let error = |code: u16| [&[0, 15, 0, 4][..], &code.to_be_bytes(), b"no"].concat();
    let opt = |options: &[u8]| {
        let length = u16::try_from(options.len()).unwrap().to_be_bytes();
        [&[0, 0, 41, 4, 0xd0, 0, 0, 0, 0][..], &length, options].concat()
    };
    let cookie = [0, 10, 0, 2, 7, 7];
    for (case, options, expected) in [
        ("none", vec![], None),
        ("another option", cookie.to_vec(), None),
        ("blocked", [&cookie[..], &error(15)].concat(), Some(15)),
        ("stale, then filtered", [error(3), error(17)].concat(), Some(17)),
        ("not a filter", [error(22), error(9)].concat(), Some(22)),
        ("breaks off", error(15)[..5].to_vec(), None),
    ] {
        let mut bytes = message(0x8180, &[record(QNAME, A, &[1; 4])]);
        bytes.extend(record(QNAME, 2, b"\x02ns\xc0\x10"));
        bytes.extend(opt(&options));
        (bytes[9], bytes[11]) = (1, 1);
        let (facts, _) = facts(&bytes);
        let [FactKind::DnsResponse(response)] = &facts[..] else { panic!("{facts:?}") };
        assert_eq!((response.answers.len(), response.extended_error), (1, expected), "{case}");
    }
}

#[test]
fn response_says_that_it_did_not_fit() {
    for (flags, expected) in [(0x8180, false), (0x8380, true)] {
        let (facts, _) = facts(&message(flags, &[]));
        let [FactKind::DnsResponse(response)] = &facts[..] else { panic!("{facts:?}") };
        assert_eq!(response.truncated, expected);
    }
}

#[test]
fn what_stands_before_a_break_is_told() {
    let whole = message(0x8180, &[record(QNAME, A, &[1; 4]), record(QNAME, A, &[2; 4])]);
    let (facts, read) = facts(&whole[..whole.len() - 3]);
    let [FactKind::DnsResponse(response)] = &facts[..] else { panic!("{facts:?}") };
    assert!(read);
    assert_eq!(response.answers.len(), 1);
}

#[test]
fn names_that_are_no_host_names_make_no_fact_and_stop_nothing() {
    let bad = record(b"\x03a.b\x00", A, &[1; 4]);
    let (facts, _) = facts(&message(0x8180, &[bad, record(QNAME, A, &[2; 4])]));
    let [FactKind::DnsResponse(response)] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!(response.answers.len(), 1);
}

#[test]
fn pointers_that_do_not_go_backwards_are_refused() {
    let header = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for name in
        [&[0xc0, 12][..], &[0xc0, 14, 0xc0, 12], &[1, b'a', 0xc0, 12, 0xc0, 14], &[0x40, 1], &[0xff, 0xff]]
    {
        let message = [&header[..], name, &[0, 1, 0, 1]].concat();
        assert_eq!(facts(&message), (vec![], false));
    }
}

#[test]
fn answers_beyond_the_cap_are_not_read() {
    let (facts, _) = facts(&message(0x8180, &vec![record(QNAME, A, &[1; 4]); MAX_ANSWERS + 9]));
    let [FactKind::DnsResponse(response)] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!(response.answers.len(), MAX_ANSWERS);
}

#[test]
fn what_is_no_host_name_is_told_as_it_stands() {
    let escaped = |labels: &[&[u8]]| {
        let mut text = Text::default();
        for label in labels {
            text.push(label);
        }
        assert_eq!(text.domain(), None);
        text.escaped()
    };
    let cases: [(&[&[u8]], Option<&str>); 5] = [
        (&[b"A b", b"Example"], Some("a b.example")),
        (&[b"x\r\x1ay", b"\xff\xfe"], Some("x\\r\\032y.\u{fffd}\u{fffd}")),
        (&["caf\u{e9}".as_bytes(), b"a.b"], Some("caf\u{e9}.a.b")),
        (&[], None),
        (&[&[b'a'; 63][..]; 5], None),
    ];
    for (labels, expected) in cases {
        assert_eq!(escaped(labels).as_deref(), expected);
    }
}

#[test]
fn name_over_253_bytes_is_none() {
    let mut text = Text::default();
    for _ in 0..4 {
        text.push(&[b'a'; 63]);
    }
    assert_eq!(text.domain(), None);
    for _ in 0..4 {
        text.push(&[b'a'; 63]);
    }
    assert_eq!(text.domain(), None);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        facts(&bytes);
    }

    #[test]
    fn no_altered_message_makes_it_panic(at in any::<proptest::sample::Index>(), to in any::<u8>()) {
        let mut bytes = message(0x8180, &[record(QNAME, CNAME, b"\x03cdn\xc0\x10"), record(QNAME, HTTPS, b"\0\x01\0\0\x05\0\x04\0\x02\xfe\x0d")]);
        let at = at.index(bytes.len());
        bytes[at] = to;
        facts(&bytes);
    }
}
