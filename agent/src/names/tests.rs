//! Answers led back to their questions; which name fits; who may be believed.

mod caps;
mod ech;

use std::net::{IpAddr, SocketAddr};

use jiff::{SignedDuration, Timestamp};

use super::{Lookup, LookupOutcome, Names, WhyOpen, pending::SILENT_AFTER};
use crate::{
    capture::Direction,
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

fn https(owner: &str, alpn: &str, front: Option<&str>) -> DnsAnswer {
    let data = DnsData::Service { alpn: vec![alpn.into()], ech_public_name: front.map(name) };
    DnsAnswer { name: name(owner), ttl: 60, data }
}

/// From the device's port to its resolver.
fn to_resolver(port: u16) -> FlowKey {
    let src = SocketAddr::new([192, 0, 2, 9].into(), port);
    FlowKey { transport: Transport::Udp, src, dst: "192.0.2.53:53".parse().unwrap() }
}

fn to(last: u32) -> FlowKey {
    FlowKey {
        transport: Transport::Tcp,
        src: "192.0.2.9:50000".parse().unwrap(),
        dst: SocketAddr::new(ip(last), 443),
    }
}

fn tell(names: &mut Names, now: Timestamp, flow: FlowKey, kind: FactKind) {
    names.handle(now, &Fact { time: now, flow, direction: None, interface: 0, kind });
}

fn question(id: u16, qname: &str, qtype: u16) -> DnsQuestion {
    DnsQuestion { id, qname: name(qname), qtype }
}

fn ask(names: &mut Names, now: Timestamp, port: u16, question: DnsQuestion) {
    tell(names, now, to_resolver(port), FactKind::DnsQuery(question));
}

fn response(question: DnsQuestion, answers: Vec<DnsAnswer>) -> DnsResponse {
    let question = Some(question);
    DnsResponse { question, rcode: 0, truncated: false, extended_error: None, answers }
}

fn answer(names: &mut Names, now: Timestamp, port: u16, question: DnsQuestion, answers: Vec<DnsAnswer>) {
    let kind = FactKind::DnsResponse(response(question, answers));
    tell(names, now, to_resolver(port).reversed(), kind);
}

/// A question and its answer.
fn learn(names: &mut Names, now: Timestamp, qname: &str, answers: Vec<DnsAnswer>) {
    ask(names, now, 40_000, question(7, qname, 1));
    answer(names, now, 40_000, question(7, qname, 1), answers);
}

/// An answer without a question.
fn forge(names: &mut Names, now: Timestamp, qname: &str, answers: Vec<DnsAnswer>) {
    answer(names, now, 40_001, question(8, qname, 1), answers);
}

fn lookups(names: &mut Names) -> Vec<Lookup> {
    std::iter::from_fn(|| names.poll()).collect()
}

#[test]
fn address_leads_to_the_name_that_was_asked() {
    let short = vec![cname("www.slack.com", "slack.cdn.example"), cname("slack.cdn.example", "edge.example")];
    let long: Vec<_> =
        (0..60).map(|at| cname(&format!("n{at}.example"), &format!("n{}.example", at + 1))).collect();
    let looped =
        vec![cname("a.example", "b.example"), cname("b.example", "a.example"), a("b.example", 1, 60)];
    let with = |chain: &[DnsAnswer], owner: &str| {
        let mut answers = chain.to_vec();
        answers.push(a(owner, 1, 60));
        answers
    };
    let turned = |mut answers: Vec<DnsAnswer>| {
        answers.reverse();
        answers
    };
    let cases = [
        ("plain", "slack.com", vec![a("slack.com", 1, 60)], true),
        ("chain in order", "www.slack.com", with(&short, "edge.example"), true),
        ("chain turned round", "www.slack.com", turned(with(&short, "edge.example")), true),
        ("long chain", "n0.example", with(&long, "n60.example"), true),
        ("long chain turned round", "n0.example", turned(with(&long, "n60.example")), true),
        (
            "long chain with a hole",
            "n0.example",
            with(&[&long[..30], &long[31..]].concat(), "n60.example"),
            false,
        ),
        ("not asked for", "www.slack.com", vec![a("bank.example", 1, 60)], false),
        ("loop", "a.example", looped.clone(), true),
        ("loop without the question", "c.example", looped, false),
    ];
    for (case, qname, answers, leads) in cases {
        let mut names = Names::default();
        learn(&mut names, at(0), qname, answers);
        let expected = if leads { Ok(name(qname)) } else { Err(WhyOpen::NeverResolved) };
        assert_eq!(names.resolve(at(1), &to(1), None), expected, "{case}");
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
    for (ttl, later, lives) in cases {
        let mut names = Names::default();
        learn(&mut names, at(0), "slack.com", vec![a("slack.com", 1, ttl)]);
        let expected = if lives { Ok(name("slack.com")) } else { Err(WhyOpen::AnswerExpired) };
        assert_eq!(names.resolve(at(later), &to(1), None), expected, "ttl {ttl}, {later} s later");
    }
    let mut names = Names::default();
    let by_alias = vec![cname("slack.com", "edge.example"), a("edge.example", 1, 7_200)];
    learn(&mut names, at(0), "slack.com", by_alias);
    assert_eq!(names.resolve(at(601), &to(1), None), Err(WhyOpen::AnswerExpired), "the alias goes first");
}

#[test]
fn answer_is_solicited_only_by_its_own_question() {
    type Case = (&'static str, u16, DnsQuestion, i64, bool);
    let cases: [Case; 6] = [
        ("its own", 40_000, question(7, "Slack.COM", 1), 9, true),
        ("too late", 40_000, question(7, "slack.com", 1), 10, false),
        ("another port", 40_001, question(7, "slack.com", 1), 1, false),
        ("another id", 40_000, question(8, "slack.com", 1), 1, false),
        ("another type", 40_000, question(7, "slack.com", 28), 1, false),
        ("another name", 40_000, question(7, "miro.com", 1), 1, false),
    ];
    for (case, port, answered, later, is_solicited) in cases {
        let mut names = Names::default();
        let qname = answered.qname.as_str().to_owned();
        ask(&mut names, at(0), 40_000, question(7, "slack.com", 1));
        answer(&mut names, at(later), port, answered, vec![a(&qname, 1, 60)]);
        let [solicited, unsolicited, ..] = names.addresses.sizes();
        assert_eq!((solicited, unsolicited), if is_solicited { (1, 0) } else { (0, 1) }, "{case}");
    }
}

#[test]
fn question_that_comes_in_is_not_this_devices() {
    for (direction, dst, solicited) in [
        (Direction::Outgoing, "192.0.2.53:53", 1),
        (Direction::Incoming, "192.0.2.53:53", 0),
        (Direction::Incoming, "127.0.0.53:53", 1),
    ] {
        let mut names = Names::default();
        let flow = FlowKey { dst: dst.parse().unwrap(), ..to_resolver(40_000) };
        let kind = FactKind::DnsQuery(question(7, "slack.com", 1));
        names.handle(at(0), &Fact { time: at(0), flow, direction: Some(direction), interface: 0, kind });
        let kind = FactKind::DnsResponse(response(question(7, "slack.com", 1), vec![a("slack.com", 1, 60)]));
        tell(&mut names, at(1), flow.reversed(), kind);
        assert_eq!(names.addresses.sizes()[0], solicited, "{direction:?} {dst}");
    }
}

#[test]
fn wrong_guess_leaves_the_connection_that_really_is_to_the_name() {
    let mut names = Names::default();
    for asked in ["slack.com", "miro.com"] {
        learn(&mut names, at(0), asked, vec![a(asked, 1, 60)]);
    }
    // One connection to slack.com, and one that was taken for such and was to miro.com.
    names.connected(&name("slack.com"));
    names.connected(&name("slack.com"));
    names.not_connected(&name("slack.com"), None);
    names.connected(&name("miro.com"));
    assert_eq!(
        names.resolve(at(30), &to(1), None),
        Err(WhyOpen::SeveralFit),
        "nobody waits for a connection"
    );
}

#[test]
fn lookup_takes_from_the_first_question_to_the_first_answer_and_goes_to_the_first_connection() {
    let mut names = Names::default();
    let slack = || question(7, "slack.com", 1);
    ask(&mut names, at(0), 40_000, slack());
    ask(&mut names, at(5), 40_001, slack());
    answer(&mut names, at(6), 40_001, slack(), vec![a("slack.com", 1, 60)]);
    answer(&mut names, at(7), 40_000, slack(), vec![a("slack.com", 2, 60)]);
    assert_eq!(names.addresses.sizes()[..2], [2, 0], "the late answer was asked for as well");
    assert_eq!(names.connected(&name("slack.com")), Some(SignedDuration::from_secs(6)));
    assert_eq!(names.connected(&name("slack.com")), None);

    let took = Some(SignedDuration::from_secs(6));
    names.not_connected(&name("slack.com"), took);
    assert_eq!(names.connected(&name("slack.com")), took, "it was another connection's");

    // Both types at once: the longer one held the connection up. One that comes after the connection did not.
    ask(&mut names, at(100), 40_002, slack());
    ask(&mut names, at(100), 40_002, question(9, "slack.com", 28));
    answer(&mut names, at(101), 40_002, question(9, "slack.com", 28), vec![a("slack.com", 3, 60)]);
    answer(&mut names, at(103), 40_002, slack(), vec![a("slack.com", 1, 60)]);
    assert_eq!(names.connected(&name("slack.com")), Some(SignedDuration::from_secs(3)));
    learn(&mut names, at(104), "slack.com", vec![a("slack.com", 4, 60)]);
    assert_eq!(names.connected(&name("slack.com")), None);
}

#[test]
fn lookup_ends_in_one_of_these_ways() {
    use LookupOutcome::{Found, NoSuchName, ResolverFailed, ResolverRefused, TurnedAway};
    let plain = || response(question(7, "slack.com", 1), vec![]);
    let with = |address: &str| {
        let data = DnsData::Address(address.parse().unwrap());
        DnsResponse { answers: vec![DnsAnswer { name: name("slack.com"), ttl: 5, data }], ..plain() }
    };
    let error = |rcode| DnsResponse { rcode, ..plain() };
    let extended = |rcode, code| DnsResponse { rcode, extended_error: Some(code), ..plain() };
    let cases = [
        ("found", with("198.51.100.1"), Some(Found(vec![ip(1)]))),
        ("nothing of that type", plain(), Some(Found(vec![]))),
        ("no such name", error(3), Some(NoSuchName)),
        ("resolver failed", error(2), Some(ResolverFailed)),
        ("refused", error(5), Some(ResolverRefused)),
        ("not understood", error(1), None),
        ("sinkhole", with("0.0.0.0"), Some(TurnedAway)),
        ("sinkhole, version 6", with("::"), Some(TurnedAway)),
        ("loopback", with("127.0.0.1"), Some(TurnedAway)),
        ("loopback, version 6", with("::1"), Some(TurnedAway)),
        ("a block list's yes", with("127.0.0.2"), Some(Found(vec![[127, 0, 0, 2].into()]))),
        ("blocked", extended(3, 15), Some(TurnedAway)),
        ("censored", extended(0, 16), Some(TurnedAway)),
        ("filtered", extended(2, 17), Some(TurnedAway)),
        ("prohibited", extended(5, 18), Some(TurnedAway)),
        ("forged", DnsResponse { extended_error: Some(4), ..with("198.51.100.1") }, Some(TurnedAway)),
        ("stale", DnsResponse { extended_error: Some(3), ..with("198.51.100.1") }, Some(Found(vec![ip(1)]))),
        ("did not fit", DnsResponse { truncated: true, ..plain() }, None),
    ];
    for (case, response, expected) in cases {
        let mut names = Names::default();
        ask(&mut names, at(0), 40_000, question(7, "slack.com", 1));
        tell(&mut names, at(1), to_resolver(40_000).reversed(), FactKind::DnsResponse(response.clone()));
        let ended: Vec<_> =
            lookups(&mut names).into_iter().map(|lookup| (lookup.began, lookup.outcome)).collect();
        assert_eq!(ended, expected.map(|outcome| (at(0), outcome)).into_iter().collect::<Vec<_>>(), "{case}");
        if case == "forged" {
            assert_eq!(names.resolve(at(1), &to(1), None), Err(WhyOpen::NeverResolved), "{case}");
        }

        let mut names = Names::default();
        tell(&mut names, at(1), to_resolver(40_000).reversed(), FactKind::DnsResponse(response));
        assert_eq!(lookups(&mut names), [], "{case}: nobody asked");
    }
}

#[test]
fn local_names_may_be_at_home() {
    let mut names = Names::default();
    let data = DnsData::Address([127, 0, 0, 1].into());
    learn(&mut names, at(0), "app.localhost", vec![DnsAnswer { name: name("app.localhost"), ttl: 5, data }]);
    assert_eq!(lookups(&mut names)[0].outcome, LookupOutcome::Found(vec![[127, 0, 0, 1].into()]));
}

#[test]
fn resolver_that_never_answers_is_silent_once_after_the_last_question() {
    let mut names = Names::default();
    for (second, port) in [(0, 40_000), (5, 40_001)] {
        ask(&mut names, at(second), port, question(7, "slack.com", 1));
        ask(&mut names, at(second), port, question(8, "slack.com", 65));
    }
    let due = names.poll_timeout().unwrap();
    assert_eq!(due, at(5) + SILENT_AFTER);
    names.handle_timeout(due - SignedDuration::from_nanos(1));
    assert_eq!(lookups(&mut names), []);
    names.handle_timeout(due + SignedDuration::from_hours(8));
    let (name, flow, began) = (name("slack.com"), to_resolver(40_001), at(0));
    let outcome = LookupOutcome::ResolverSilent;
    assert_eq!(
        lookups(&mut names),
        [Lookup { name, flow, began, ended: due, outcome }],
        "HTTPS records may go unanswered"
    );
    assert_eq!((names.poll_timeout(), names.pending.len()), (None, 0));
}

#[test]
fn answer_that_did_not_fit_is_waited_for_over_tcp() {
    let mut names = Names::default();
    ask(&mut names, at(0), 40_000, question(7, "slack.com", 1));
    let cut = DnsResponse { truncated: true, ..response(question(7, "slack.com", 1), vec![]) };
    tell(&mut names, at(1), to_resolver(40_000).reversed(), FactKind::DnsResponse(cut));
    ask(&mut names, at(2), 40_001, question(8, "slack.com", 1));
    answer(&mut names, at(3), 40_001, question(8, "slack.com", 1), vec![a("slack.com", 1, 60)]);
    assert_eq!(names.connected(&name("slack.com")), Some(SignedDuration::from_secs(3)));
}

#[test]
fn several_names_at_one_address_are_told_apart_by_what_fits() {
    /// Seconds before the connection, name, and whether it has had a connection of its own.
    type Asked = (i64, &'static str, bool);
    type Case = (&'static str, &'static [Asked], Result<&'static str, WhyOpen>);
    let cases: &[Case] = &[
        (
            "one owner, asked last",
            &[(900, "a.slack.com", true), (800, "b.slack.com", true)],
            Ok("b.slack.com"),
        ),
        (
            "one owner, just asked and waits",
            &[(5, "a.slack.com", false), (4, "b.slack.com", true)],
            Ok("a.slack.com"),
        ),
        ("just asked", &[(500, "a.slack.com", true), (5, "miro.com", false)], Ok("miro.com")),
        (
            "just asked, connected again",
            &[(500, "a.slack.com", false), (5, "miro.com", true)],
            Ok("miro.com"),
        ),
        (
            "both just asked, one has its own",
            &[(6, "a.slack.com", false), (5, "miro.com", true)],
            Ok("a.slack.com"),
        ),
        (
            "both just asked, both wait",
            &[(6, "a.slack.com", false), (5, "miro.com", false)],
            Err(WhyOpen::SeveralFit),
        ),
        (
            "both just asked, both have their own",
            &[(6, "a.slack.com", true), (5, "miro.com", true)],
            Err(WhyOpen::SeveralFit),
        ),
        ("asked ahead of need", &[(50, "a.slack.com", false), (40, "miro.com", true)], Ok("a.slack.com")),
        (
            "asked a while ago",
            &[(300, "a.slack.com", false), (200, "miro.com", true)],
            Err(WhyOpen::SeveralFit),
        ),
        (
            "owner of two, both wait",
            &[(300, "miro.com", true), (6, "a.slack.com", false), (5, "b.slack.com", false)],
            Ok("b.slack.com"),
        ),
    ];
    for (case, asked, expected) in cases {
        let mut names = Names::default();
        for &(before, qname, connected) in *asked {
            learn(&mut names, at(-before), qname, vec![a(qname, 1, 3_600)]);
            if connected {
                names.connected(&name(qname));
            }
        }
        assert_eq!(names.resolve(at(0), &to(1), None), expected.map(name), "{case}");
    }
}

#[test]
fn quic_goes_to_a_name_that_offers_it() {
    let udp = FlowKey { transport: Transport::Udp, ..to(1) };
    for (case, records, expected) in [
        ("no record", vec![], Err(WhyOpen::SeveralFit)),
        ("one offers h2 only", vec![("miro.com", "h2")], Ok("slack.com")),
        ("one offers h3, one h2", vec![("miro.com", "h3"), ("slack.com", "h2")], Ok("miro.com")),
        ("both offer h2 only", vec![("miro.com", "h2"), ("slack.com", "h2")], Err(WhyOpen::SeveralFit)),
    ] {
        let mut names = Names::default();
        for qname in ["slack.com", "miro.com"] {
            learn(&mut names, at(0), qname, vec![a(qname, 1, 60)]);
        }
        for (qname, alpn) in records {
            learn(&mut names, at(0), qname, vec![https(qname, alpn, None)]);
        }
        assert_eq!(names.resolve(at(1), &udp, None), expected.map(name), "{case}");
        assert_eq!(names.resolve(at(1), &to(1), None), Err(WhyOpen::SeveralFit), "{case}: over TCP");
    }
}

#[test]
fn solicited_answer_wins_over_an_unsolicited_one() {
    let mut names = Names::default();
    forge(&mut names, at(0), "early.example", vec![a("early.example", 1, 60)]);
    assert_eq!(names.resolve(at(1), &to(1), None), Ok(name("early.example")), "asked before the capture");
    learn(&mut names, at(2), "slack.com", vec![a("slack.com", 1, 60)]);
    forge(&mut names, at(3), "forged.example", vec![a("forged.example", 1, 60)]);
    assert_eq!(names.resolve(at(4), &to(1), None), Ok(name("slack.com")));
    assert_eq!(names.addresses.sizes()[..2], [1, 0]);
}

#[test]
fn clock_set_back_forgets_questions_but_no_names() {
    let mut names = Names::default();
    learn(&mut names, at(0), "slack.com", vec![a("slack.com", 1, 60)]);
    ask(&mut names, at(1), 40_000, question(7, "miro.com", 1));
    ask(&mut names, at(-86_400), 40_000, question(7, "asana.com", 1));
    assert_eq!(names.pending.len(), 1);
    assert_eq!(names.poll_timeout(), Some(at(-86_400) + SILENT_AFTER));
    assert_eq!(names.resolve(at(-86_400), &to(1), None), Ok(name("slack.com")));
}
