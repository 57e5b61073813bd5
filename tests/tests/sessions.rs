//! Labelled sessions are what their labels say, as far as the wire shows it without asking the agent.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, fs, path::Path};

use elsewhere_agent::{capture::file::Reader, evidence::Evidence};
use elsewhere_tests::sessions::{self, Scenario};
use serde_json::Value;

#[test]
fn one_upload_is_use_of_where_it_went() {
    let folder = tempfile::tempdir().unwrap();
    let made = scenario("upload-once").make(1, folder.path()).unwrap();
    let labels = read_labels(&made.capture);
    let used: Vec<_> = labels.iter().filter(|(_, evidence)| *evidence == "use").collect();
    assert_eq!(used.len(), 1, "{labels:?}");
    let service = elsewhere_catalog::builtin().service(used[0].0).unwrap();
    assert_eq!(service.need(), "send-once");
    let capture = Capture::read(&made.capture);
    assert!(capture.names(service.home()), "no hello names {}", service.home());
    assert!(capture.wire_bytes > 1_500_000, "{} bytes", capture.wire_bytes);
    let about: Value =
        serde_json::from_slice(&fs::read(made.capture.with_extension("about.json")).unwrap()).unwrap();
    let told = about["told_seconds"].as_f64().unwrap();
    assert!((capture.seconds - told).abs() < 1.0, "{} s, and {told} s are told", capture.seconds);
    assert!(about["played_seconds"].as_f64().unwrap() < told);
}

#[test]
fn a_newsletter_is_contact_and_a_held_out_seed_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let made = scenario("newsletter").make(5, folder.path()).unwrap();
    assert_eq!(made.capture, folder.path().join("held-out").join("newsletter-5.pcap"));
    assert!(!made.labels.is_empty());
    let capture = Capture::read(&made.capture);
    for label in &made.labels {
        assert_eq!(label.evidence, Evidence::Contact, "{}", label.service_id);
    }
    let hosts = ["mcusercontent.com", "sendgrid.net", "substackcdn.com", "mailinblue.com", "slack-edge.com"];
    let more =
        ["hubspotusercontent-na1.net", "notion.so", "asana.biz", "dropboxstatic.com", "cloudfront.net"];
    assert!(hosts.iter().chain(&more).any(|host| capture.names(host)), "no sender's images were fetched");
}

#[test]
fn looking_around_is_a_visit_of_what_was_opened_and_a_contact_of_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let made = scenario("look-around").make(2, folder.path()).unwrap();
    let capture = Capture::read(&made.capture);
    let visited: Vec<_> = made.labels.iter().filter(|label| label.evidence == Evidence::Visit).collect();
    assert!((1..=4).contains(&visited.len()), "{:?}", made.labels);
    for label in &visited {
        let home = elsewhere_catalog::builtin().service(label.service_id).unwrap().home();
        let domain = psl::domain_str(home).unwrap();
        assert!(capture.names(domain), "no hello names {domain}");
    }
    assert!(made.labels.iter().all(|label| label.evidence <= Evidence::Visit), "{:?}", made.labels);
    assert!(capture.wire_bytes > 500_000, "{} bytes", capture.wire_bytes);
    assert!(capture.seconds > 20.0, "{} s", capture.seconds);
}

#[test]
fn a_file_that_was_taken_is_use_of_where_it_lay() {
    let folder = tempfile::tempdir().unwrap();
    let made = scenario("shared-file").make(1, folder.path()).unwrap();
    let used: Vec<_> = made.labels.iter().filter(|label| label.evidence == Evidence::Use).collect();
    assert_eq!(used.len(), 1, "{:?}", made.labels);
    let need = elsewhere_catalog::builtin().service(used[0].service_id).unwrap().need();
    assert!(["send-once", "store-files"].contains(&need), "{need}");
    let capture = Capture::read(&made.capture);
    assert!(capture.wire_bytes > 1_500_000, "{} bytes", capture.wire_bytes);
}

fn scenario(name: &str) -> &'static Scenario {
    sessions::all().find(|scenario| scenario.name == name).unwrap()
}

fn read_labels(capture: &Path) -> BTreeMap<String, String> {
    let labels: Vec<BTreeMap<String, String>> =
        serde_json::from_slice(&fs::read(capture.with_extension("labels.json")).unwrap()).unwrap();
    labels.into_iter().map(|label| (label["service_id"].clone(), label["evidence"].clone())).collect()
}

/// What any reader of a capture sees.
struct Capture {
    bytes: Vec<u8>,
    wire_bytes: u64,
    seconds: f64,
}

impl Capture {
    fn read(path: &Path) -> Self {
        let file = Box::new(fs::File::open(path).unwrap());
        let mut reader = Reader::new(path, file, None).unwrap();
        let (mut bytes, mut wire_bytes, mut times) = (Vec::new(), 0, Vec::new());
        while let Some(frame) = reader.next_frame().unwrap() {
            bytes.extend_from_slice(frame.bytes);
            wire_bytes += u64::from(frame.wire_bytes);
            times.push(frame.time);
        }
        assert!(times.is_sorted(), "time runs backwards");
        let seconds = times.last().unwrap().duration_since(times[0]).as_secs_f64();
        Self { bytes, wire_bytes, seconds }
    }

    /// The name stands in it, as hellos write it.
    fn names(&self, name: &str) -> bool {
        self.bytes.windows(name.len()).any(|window| window == name.as_bytes())
    }
}
