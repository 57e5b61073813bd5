//! Why a name may be missed, or be seen by nobody else: rules, never a list of files.
//!
//! A rule looks at what the truth says about the capture and at what the name itself is made of. What no rule covers
//! is unexplained.

use elsewhere_agent::domain::Domain;

use super::{
    seen::Seen,
    truth::{Answer, Capture, Kind, Name},
};

/// QUIC versions that are IETF's and alive: 1 (RFC 9000), 2 (RFC 9369), and the last four drafts.
const IETF_QUIC: [&str; 6] =
    ["0x00000001", "0x6b3343cf", "0xff00001d", "0xff00001e", "0xff00001f", "0xff000020"];

const IMPOSSIBLE: &str = "it holds bytes that no host name holds (a tool printed them as '?' or as text)";
const DAMAGED: &str = "the file is cut or damaged before its end, by our reading";

/// What stands for a name that was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// Not asked for: the bar leaves it out.
    Excepted(&'static str),
    /// Known why, and missed all the same.
    Explained(&'static str),
    /// Nobody knows.
    Unexplained,
}

/// Explains a name of the truth that we did not see.
pub(super) fn miss(capture: &Capture, seen: &Seen, kind: Kind, name: &Name) -> Miss {
    // Of DNS the decoder tells odd names too, as they stand: what a tool put in their place is nobody's name.
    let is_odd = Domain::from_wire(name.name.as_bytes()).is_err();
    if is_odd && (kind != Kind::DnsName || name.name.contains(['?', '<'])) {
        return Miss::Excepted(IMPOSSIBLE);
    }
    let is_another_ones = |other: &Name| is_mangled(&name.name, &other.name);
    if name.seen_by.len() == 1 && capture.names(kind).iter().any(is_another_ones) {
        return Miss::Excepted(
            "listed again as it stands: here a tool printed some of its bytes as '_' or '?'",
        );
    }
    if kind == Kind::QuicSni {
        let versions = || {
            let flows = capture.flows.iter();
            flows
                .filter(|flow| flow.names.iter().any(|(of, other)| of == kind.key() && *other == name.name))
                .flat_map(|flow| &flow.quic_versions)
        };
        if versions().next().is_none() && capture.features.contains_key("gquic") {
            return Miss::Excepted("Google's dead QUIC: no IETF version on any flow with the name");
        }
        let is_draft = versions().next().is_some()
            && versions().all(|version| !IETF_QUIC.contains(&version.to_ascii_lowercase().as_str()));
        if is_draft && name.seen_by.len() == 1 {
            return Miss::Excepted("a QUIC draft or made-up version that a single tool reads");
        }
    }
    if let Some(other) = Kind::ALL.into_iter().find(|other| *other != kind && seen.has(*other, &name.name)) {
        return Miss::Explained(match other {
            Kind::TlsSni => "seen as a TLS name",
            Kind::QuicSni => "seen as a QUIC name",
            Kind::DnsName => "seen as a DNS name",
            Kind::HttpHost => "seen as an HTTP host",
        });
    }
    if seen.damage.is_some() {
        return Miss::Explained(DAMAGED);
    }
    Miss::Unexplained
}

/// Explains a DNS answer of the truth that we did not see.
pub(super) fn missed_answer(capture: &Capture, seen: &Seen, answer: &Answer) -> Miss {
    let is_impossible = |(owner, kind, value): &Answer| {
        let is_name = |name: &str| Domain::from_wire(name.as_bytes()).is_ok();
        !is_name(owner) || (kind == "CNAME" && !is_name(value))
    };
    if is_impossible(answer) {
        return Miss::Excepted(IMPOSSIBLE);
    }
    if capture.answers.iter().any(|other| other.0 == answer.0 && is_impossible(other)) {
        return Miss::Explained(
            "answered together with an impossible name: behind a question that can't be read no answer is",
        );
    }
    if seen.damage.is_some() {
        return Miss::Explained(DAMAGED);
    }
    Miss::Unexplained
}

/// Explains a name that we saw and nobody else.
pub(super) fn extra(capture: &Capture, kind: Kind, name: &str) -> Option<&'static str> {
    let is_listed = |other: Kind| capture.names(other).iter().any(|listed| listed.name == name);
    if kind == Kind::TlsSni && is_listed(Kind::HttpHost) {
        return Some("listed as an HTTP host: tshark gives TLS on the ports 80 and 8080 to HTTP");
    }
    if Kind::ALL.into_iter().any(is_listed) {
        return Some("listed under another kind");
    }
    if kind == Kind::DnsName && capture.answers.iter().any(|(owner, _, _)| owner == name) {
        return Some("the owner of an answer that all tools list");
    }
    if capture.names(kind).iter().any(|listed| is_mangled(&listed.name, name)) {
        return Some("listed with '_' or '?' for some of its bytes");
    }
    None
}

/// The same name but for bytes that a tool does not print and puts a mark for.
fn is_mangled(printed: &str, name: &str) -> bool {
    let is_mark = |(printed, byte): (u8, u8)| {
        printed == byte || (matches!(printed, b'_' | b'?') && !byte.is_ascii_alphanumeric())
    };
    printed != name && printed.len() == name.len() && printed.bytes().zip(name.bytes()).all(is_mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(quic_version: &str, features: &str, names: &str) -> Capture {
        let flow = format!(
            r#"{{"l4":"udp","client":"10.0.0.1:5","server":"192.0.2.1:443","names":[["quic_sni","a.example"]],
            "bytes_c2s":1,"bytes_s2c":1,"rtt_us":null,"alpn":[],"ech":false,"quic_versions":[{quic_version}]}}"#
        );
        let text = format!(
            r#"{{"file":"f","names":{names},"answers":[],"flows":[{flow}],"features":{{{features}}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn name(name: &str, tools: usize) -> Name {
        Name { name: name.into(), seen_by: vec!["tool".into(); tools] }
    }

    #[test]
    fn only_dead_quic_single_tool_drafts_and_impossible_names_are_excepted() {
        let cases = [
            (Kind::QuicSni, r#""0x00000001""#, "", name("a.example", 1), Miss::Unexplained),
            (Kind::QuicSni, r#""0xff00001d""#, "", name("a.example", 1), Miss::Unexplained),
            (Kind::QuicSni, "", r#""gquic":1"#, name("a.example", 2), miss_of("Google")),
            (Kind::QuicSni, "", "", name("a.example", 2), Miss::Unexplained),
            (Kind::QuicSni, r#""0xff000012""#, "", name("a.example", 1), miss_of("single tool")),
            (Kind::TlsSni, r#""0xff000012""#, "", name("a.example", 1), Miss::Unexplained),
            (Kind::DnsName, "", "", name("a?b.example", 4), miss_of("no host name")),
        ];
        for (kind, version, features, name, expected) in cases {
            let found = miss(&capture(version, features, "{}"), &Seen::default(), kind, &name);
            let as_expected = match (found, expected) {
                (Miss::Excepted(why), Miss::Excepted(part)) => why.contains(part),
                (found, expected) => found == expected,
            };
            assert!(as_expected, "{kind:?} {version} {features}: {found:?}");
        }
    }

    #[test]
    fn a_name_listed_twice_is_asked_for_once() {
        let listed = |marked: &str| {
            let names = format!(
                r#"{{"dns_name":[{{"name":"v%s.example","seen_by":[]}},{{"name":"{marked}","seen_by":[]}}]}}"#
            );
            miss(&capture("", "", &names), &Seen::default(), Kind::DnsName, &name(marked, 1))
        };
        assert!(matches!(listed("v_s.example"), Miss::Excepted(_)));
        assert_eq!(listed("vos.example"), Miss::Unexplained);
        assert_eq!(listed("_%s.example"), Miss::Unexplained);
        assert_eq!(listed("v%t.example"), Miss::Unexplained);
        assert_eq!(listed("v%s.ex?mple"), Miss::Excepted(IMPOSSIBLE));
        assert_eq!(listed("_xs.example"), Miss::Unexplained);
    }

    #[test]
    fn an_answer_beside_an_impossible_name_is_explained_and_still_missed() {
        let answer =
            |owner: &str, kind: &str, value: &str| (owner.to_owned(), kind.to_owned(), value.to_owned());
        let mut capture = capture("", "", "{}");
        capture.answers =
            [answer("a.example", "CNAME", "<too long>"), answer("b.example", "A", "192.0.2.1")].into();
        let miss = |owner| missed_answer(&capture, &Seen::default(), &answer(owner, "A", "192.0.2.1"));
        assert!(matches!(miss("a.example"), Miss::Explained(_)));
        assert_eq!(miss("b.example"), Miss::Unexplained);
        assert_eq!(miss("<b>.example"), Miss::Excepted(IMPOSSIBLE));
    }

    fn miss_of(part: &'static str) -> Miss {
        Miss::Excepted(part)
    }

    #[test]
    fn an_extra_name_is_explained_by_what_is_listed() {
        let names =
            r#"{"http_host":[{"name":"a.example","seen_by":[]}],"dns_name":[{"name":"b?c","seen_by":[]}]}"#;
        let capture = capture("", "", names);
        assert!(extra(&capture, Kind::TlsSni, "a.example").unwrap().contains("8080"));
        assert!(extra(&capture, Kind::DnsName, "b_c").unwrap().contains("'?'"));
        assert_eq!(extra(&capture, Kind::DnsName, "bxc"), None);
    }
}
