//! Encrypted hellos: what the name on show is, and what it hides.

use super::*;

const FRONT: &str = "front.example";

#[test]
fn public_name_is_known_from_the_list_and_from_records() {
    type Case = (&'static str, fn(&mut Names), &'static str, bool);
    let cases: &[Case] = &[
        ("short list", |_| {}, "cloudflare-ech.com", true),
        ("never heard of", |_| {}, FRONT, false),
        (
            "HTTPS record",
            |names| {
                ask(names, at(0), 40_000, question(7, "hidden.example", 65));
                let record = vec![https("hidden.example", "h2", Some(FRONT))];
                answer(names, at(0), 40_000, question(7, "hidden.example", 65), record);
            },
            FRONT,
            true,
        ),
        (
            "SVCB record",
            |names| {
                ask(names, at(0), 40_000, question(7, "_dns.hidden.example", 64));
                let record = vec![https("_dns.hidden.example", "h2", Some(FRONT))];
                answer(names, at(0), 40_000, question(7, "_dns.hidden.example", 64), record);
            },
            FRONT,
            true,
        ),
        (
            "HTTPS record behind an alias",
            |names| {
                let answers =
                    vec![https("edge.example", "h2", Some(FRONT)), cname("hidden.example", "edge.example")];
                learn(names, at(0), "hidden.example", answers);
            },
            FRONT,
            true,
        ),
        (
            "HTTPS record before the capture's first question",
            |names| forge(names, at(0), "hidden.example", vec![https("hidden.example", "h2", Some(FRONT))]),
            FRONT,
            true,
        ),
        (
            "the name behind it",
            |names| learn(names, at(0), "hidden.example", vec![https("hidden.example", "h2", Some(FRONT))]),
            "hidden.example",
            false,
        ),
        (
            "somebody else's claim on a name that was asked for by itself",
            |names| {
                learn(names, at(0), FRONT, vec![a(FRONT, 1, 60)]);
                learn(names, at(0), "evil.example", vec![https("evil.example", "h2", Some(FRONT))]);
            },
            FRONT,
            false,
        ),
    ];
    for (case, play, shown, expected) in cases {
        let mut names = Names::default();
        play(&mut names);
        assert_eq!(names.is_ech_front(at(1), &name(shown), ip(1)), *expected, "{case}");
    }
}

#[test]
fn hidden_name_is_the_one_whose_record_has_that_front() {
    let mut names = Names::default();
    for (qname, front) in
        [("slack.com", Some(FRONT)), ("miro.com", None), ("asana.com", Some("other.example"))]
    {
        learn(&mut names, at(0), qname, vec![a(qname, 1, 60), https(qname, "h2", front)]);
    }
    assert_eq!(names.resolve(at(1), &to(1), Some(&name(FRONT))), Ok(name("slack.com")));
    assert_eq!(names.resolve(at(1), &to(1), Some(&name("other.example"))), Ok(name("asana.com")));
    assert_eq!(names.resolve(at(1), &to(1), Some(&name("cloudflare-ech.com"))), Err(WhyOpen::SeveralFit));
    assert_eq!(names.resolve(at(1), &to(1), None), Err(WhyOpen::SeveralFit));
}

#[test]
fn public_name_is_never_what_is_hidden() {
    for front in [FRONT, "cloudflare-ech.com"] {
        let mut names = Names::default();
        learn(&mut names, at(0), front, vec![a(front, 1, 60)]);
        assert_eq!(names.resolve(at(1), &to(1), None), Ok(name(front)), "{front} is its own name");
        assert_eq!(names.resolve(at(1), &to(1), Some(&name(front))), Err(WhyOpen::NeverResolved), "{front}");
        learn(&mut names, at(0), "slack.com", vec![a("slack.com", 1, 60)]);
        assert_eq!(names.resolve(at(1), &to(1), Some(&name(front))), Ok(name("slack.com")), "{front}");
    }
}
