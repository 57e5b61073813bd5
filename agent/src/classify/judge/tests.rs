use std::sync::Arc;

use elsewhere_catalog::{PlumbingKind, Verdict, layer::Tenancy};

use super::*;
use crate::{
    decode::{FlowKey, Transport},
    flows::{FlowId, Hello, Naming, Outcome, Timings, WhyOpen},
};

const CHROMIUM: &str = "t13d1516h2_8daaf6152771_d8a2da3f94cd";
const FIREFOX: &str = "t13d1617h2_86a278354501_3cbfd9057e0d";
const PYTHON: &str = "t13d1812h1_85036bcba153_b26ce05bbdd6";
const CURL: &str = "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn flow(ja4: &str, owner: Option<(Quality, AppClass)>) -> Flow {
    let alpn = vec!["h2".into(), "http/1.1".into()];
    Flow {
        id: FlowId(1),
        key: FlowKey {
            transport: Transport::Tcp,
            src: "192.0.2.9:40000".parse().unwrap(),
            dst: "198.51.100.1:443".parse().unwrap(),
        },
        started: at(0),
        from: at(0),
        until: at(0),
        naming: Naming::Open(WhyOpen::NeverResolved),
        hello: (!ja4.is_empty()).then(|| Arc::new(Hello { ja4: ja4.into(), alpn, encrypted: false })),
        encrypted_dns: None,
        owner: owner.map(|(quality, class)| AppMatch { quality, class }),
        bytes_up: 0,
        bytes_down: 0,
        resent_up: 0,
        resent_down: 0,
        outcome: Outcome::Established,
        timings: Timings::default(),
        exchanges: Vec::new(),
        is_first: true,
        is_last: true,
    }
}

fn at_host(name: &'static str) -> Subject<'static> {
    match elsewhere_catalog::builtin().classify(name) {
        Verdict::Service { service, role, often_embedded } => {
            Subject::Service { service, role, often_embedded, tenancy: Tenancy::NotKnown }
        }
        Verdict::Unknown => Subject::Unlisted(name),
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn the_best_witness_is_believed() {
    use AppClass::{Browser, DeveloperTool, Other, System, VendorClient};
    use Quality::{Cgroup, Engine, Library, Owner, Started};
    for (case, ja4, owner, host, expected) in [
        (
            "the group's word holds",
            CURL,
            Some((Cgroup, VendorClient)),
            "slack.com",
            Some((Cgroup, VendorClient)),
        ),
        (
            "also against an engine",
            CHROMIUM,
            Some((Cgroup, VendorClient)),
            "wetransfer.com",
            Some((Cgroup, VendorClient)),
        ),
        (
            "a tool in a terminal",
            CURL,
            Some((Started, DeveloperTool)),
            "api.openai.com",
            Some((Started, DeveloperTool)),
        ),
        (
            "a browser started from one",
            FIREFOX,
            Some((Started, DeveloperTool)),
            "slack.com",
            Some((Engine, Browser)),
        ),
        (
            "Chromium started from one",
            CHROMIUM,
            Some((Started, DeveloperTool)),
            "wetransfer.com",
            Some((Engine, Browser)),
        ),
        ("or a client", CHROMIUM, Some((Started, DeveloperTool)), "slack.com", None),
        ("a desktop program in no table", CURL, Some((Started, Other)), "slack.com", Some((Started, Other))),
        ("a daemon in Python", PYTHON, Some((Owner, System)), "api.openai.com", Some((Owner, System))),
        ("a script in Python", PYTHON, None, "api.openai.com", Some((Library, DeveloperTool))),
        ("a sync client in Python", PYTHON, None, "dropbox.com", None),
        ("an agent in Python", PYTHON, None, "freightdesk.example", None),
        ("Firefox anywhere", FIREFOX, None, "freightdesk.example", Some((Engine, Browser))),
        ("Firefox of the root account", FIREFOX, Some((Owner, System)), "slack.com", Some((Engine, Browser))),
        ("Chromium where nobody has a client", CHROMIUM, None, "wetransfer.com", Some((Engine, Browser))),
        ("Chromium where somebody has", CHROMIUM, None, "slack.com", None),
        ("Chromium outside the catalog", CHROMIUM, None, "freightdesk.example", None),
        ("curl says nothing", CURL, None, "api.openai.com", None),
        ("nor does silence", "", None, "api.openai.com", None),
        ("no hello, but an owner", "", Some((Cgroup, System)), "api.openai.com", Some((Cgroup, System))),
    ] {
        let told = Judge::default().judge(at(0), &flow(ja4, owner), &at_host(host));
        assert_eq!(told.map(|app| (app.quality, app.class)), expected, "{case}");
    }
}

#[test]
fn what_is_gone_is_judged_by_what_was_there() {
    let mut judge = Judge::default();
    let slack = at_host("slack.com");
    judge.judge(at(0), &flow(CHROMIUM, Some((Quality::Cgroup, AppClass::VendorClient))), &slack);
    let told = judge.judge(at(60), &flow(CHROMIUM, None), &slack).unwrap();
    assert_eq!((told.class, told.quality), (AppClass::VendorClient, Quality::Alike));
    assert_eq!(judge.judge(at(60), &flow(CHROMIUM, None), &at_host("notion.so")), None, "another service");
    assert_eq!(judge.judge(at(60), &flow(CURL, None), &slack), None, "another hello");
}

#[test]
fn breadth_tells_a_browser_outside_the_catalog_only() {
    let mut judge = Judge::default();
    let sites: Vec<String> = (0..12).map(|number| format!("site{number}.example")).collect();
    let told: Vec<_> = sites
        .iter()
        .map(|site| judge.judge(at(1), &flow(CHROMIUM, None), &Subject::Unlisted(site)))
        .collect();
    let browser = Some(AppMatch { quality: Quality::Shape, class: AppClass::Browser });
    assert_eq!((told[0], told[11]), (None, browser));
    assert_eq!(judge.judge(at(2), &flow(CHROMIUM, None), &at_host("slack.com")), None);
    assert_eq!(judge.judge(at(2), &flow(CURL, None), &Subject::Unlisted(&sites[0])), None);
}

#[test]
fn nothing_is_remembered_of_private_life_and_plumbing() {
    let mut judge = Judge::default();
    let owner = Some((Quality::Cgroup, AppClass::Browser));
    for subject in
        [Subject::Personal, Subject::Plumbing(PlumbingKind::Cdn), Subject::Unnamed, Subject::Tunnel]
    {
        let told = judge.judge(at(0), &flow(CHROMIUM, owner), &subject);
        assert_eq!(told.map(|app| app.class), Some(AppClass::Browser));
    }
    assert_eq!((judge.recall.len(), judge.breadth.len()), (0, 0));
}
