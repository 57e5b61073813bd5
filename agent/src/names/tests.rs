use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::{MAX_ADDRESSES, MAX_ECH_PUBLIC_NAMES, MAX_NAMES, Names, Resolved};
use crate::{
    decode::{DnsAnswer, DnsData, DnsQuestion, DnsResponse, Fact, FactKind, FlowKey, Transport},
    domain::Domain,
};

fn name(text: &str) -> Domain {
    Domain::from_wire(text.as_bytes()).unwrap()
}

fn ip(last: u32) -> IpAddr {
    IpAddr::from((0xc633_6400 + last).to_be_bytes())
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

fn a(owner: &str, last: u32, ttl: u32) -> DnsAnswer {
    DnsAnswer { name: name(owner), ttl, data: DnsData::Address(ip(last)) }
}

fn cname(owner: &str, target: &str) -> DnsAnswer {
    DnsAnswer { name: name(owner), ttl: 60, data: DnsData::Alias(name(target)) }
}

fn learn(names: &mut Names, now: Timestamp, qname: Option<&str>, answers: Vec<DnsAnswer>) {
    let question = qname.map(|qname| DnsQuestion { id: 7, qname: name(qname), qtype: 1 });
    let flow = FlowKey {
        transport: Transport::Udp,
        src: "192.0.2.53:53".parse().unwrap(),
        dst: "192.0.2.9:40000".parse().unwrap(),
    };
    let kind = FactKind::DnsResponse(DnsResponse {
        question,
        rcode: 0,
        truncated: false,
        extended_error: None,
        answers,
    });
    names.handle(now, &Fact { time: now, flow, direction: None, interface: 0, kind });
}

#[test]
fn address_leads_to_the_name_that_was_asked() {
    let chain =
        || vec![cname("www.slack.com", "slack.cdn.example"), cname("slack.cdn.example", "edge.example")];
    let with = |mut chain: Vec<DnsAnswer>, answer, first| {
        chain.insert(if first { 0 } else { chain.len() }, answer);
        chain
    };
    let looped =
        vec![cname("a.example", "b.example"), cname("b.example", "a.example"), a("b.example", 1, 60)];
    let cases = [
        ("plain", Some("slack.com"), vec![a("slack.com", 1, 60)], Some("slack.com")),
        (
            "chain in order",
            Some("www.slack.com"),
            with(chain(), a("edge.example", 1, 60), false),
            Some("www.slack.com"),
        ),
        (
            "address first",
            Some("www.slack.com"),
            with(chain(), a("edge.example", 1, 60), true),
            Some("www.slack.com"),
        ),
        ("no question repeated", None, with(chain(), a("edge.example", 1, 60), true), Some("www.slack.com")),
        ("not asked for", Some("www.slack.com"), vec![a("bank.example", 1, 60)], None),
        ("loop without the question", Some("c.example"), looped, None),
    ];
    for (case, qname, answers, expected) in cases {
        let mut names = Names::default();
        learn(&mut names, at(0), qname, answers);
        let expected = expected.map_or(Resolved::Nothing, |it| Resolved::Name(name(it)));
        assert_eq!(names.resolve(at(1), ip(1)), expected, "{case}");
    }
}

#[test]
fn answer_lives_as_long_as_its_ttl_between_floor_and_ceiling() {
    let cases = [
        (0, 600, true),
        (0, 601, false),
        (3_600, 3_600, true),
        (3_600, 3_601, false),
        (u32::MAX, 86_401, false),
    ];
    for (ttl, later, known) in cases {
        let mut names = Names::default();
        learn(&mut names, at(0), Some("slack.com"), vec![a("slack.com", 1, ttl)]);
        assert_eq!(names.resolve(at(later), ip(1)) != Resolved::Nothing, known, "ttl {ttl}, {later} s later");
    }
}

#[test]
fn several_names_at_one_address_are_told_apart_by_what_was_just_asked() {
    let mut names = Names::default();
    learn(&mut names, at(0), Some("a.slack.com"), vec![a("a.slack.com", 1, 300)]);
    learn(&mut names, at(100), Some("b.slack.com"), vec![a("b.slack.com", 1, 300)]);
    assert_eq!(names.resolve(at(200), ip(1)), Resolved::Name(name("b.slack.com")), "one owner, last asked");

    learn(&mut names, at(300), Some("miro.com"), vec![a("miro.com", 1, 300)]);
    assert_eq!(names.resolve(at(305), ip(1)), Resolved::Name(name("miro.com")), "just asked");
    assert_eq!(names.resolve(at(400), ip(1)), Resolved::Ambiguous, "asked a while ago");

    learn(&mut names, at(400), Some("a.slack.com"), vec![a("a.slack.com", 1, 300)]);
    learn(&mut names, at(402), Some("miro.com"), vec![a("miro.com", 1, 300)]);
    assert_eq!(names.resolve(at(403), ip(1)), Resolved::Ambiguous, "both just asked");
}

#[test]
fn ech_public_name_is_known_from_the_list_and_from_https_records() {
    let mut names = Names::default();
    assert!(names.is_ech_public_name(&name("cloudflare-ech.com")));
    assert!(!names.is_ech_public_name(&name("front.example")));
    let data = DnsData::Service { alpn: vec![], ech_public_name: Some(name("front.example")) };
    let answer = DnsAnswer { name: name("hidden.example"), ttl: 60, data };
    learn(&mut names, at(0), Some("hidden.example"), vec![answer]);
    assert!(names.is_ech_public_name(&name("front.example")));
    assert!(!names.is_ech_public_name(&name("hidden.example")));
}

#[test]
fn flood_of_answers_keeps_the_caps_and_the_latest() {
    let mut names = Names::default();
    let flood = u32::try_from(MAX_ADDRESSES).unwrap() + 100;
    for last in 0..flood {
        learn(&mut names, at(0), Some("slack.com"), vec![a("slack.com", last, 60)]);
    }
    assert_eq!((names.addresses.len(), names.order.len()), (MAX_ADDRESSES, MAX_ADDRESSES));
    assert_eq!(names.resolve(at(1), ip(0)), Resolved::Nothing);
    assert_ne!(names.resolve(at(1), ip(flood - 1)), Resolved::Nothing);

    for number in 0..100 {
        let asked = format!("n{number}.example");
        learn(&mut names, at(0), Some(&asked), vec![a(&asked, flood, 60)]);
        let data =
            DnsData::Service { alpn: vec![], ech_public_name: Some(name(&format!("front{number}.example"))) };
        learn(&mut names, at(0), Some(&asked), vec![DnsAnswer { name: name(&asked), ttl: 1, data }]);
    }
    assert_eq!(names.addresses[&ip(flood)].names.len(), MAX_NAMES);
    assert_eq!(names.ech_fronts.len(), MAX_ECH_PUBLIC_NAMES);
    assert!(names.addresses.values().all(|address| address.names.capacity() <= 2 * MAX_NAMES));

    let again = SignedDuration::from_secs(1);
    for _ in 0..10_000 {
        learn(&mut names, at(0) + again, Some("slack.com"), vec![a("slack.com", 0, 60)]);
    }
    assert_eq!(names.order.len(), MAX_ADDRESSES);
}
