//! The whole way, for real: devices in namespaces look names up at dnsmasq, load from Caddy over TLS and HTTP/3, real
//! agents watch, the real collector takes their days, and REST answers for the group and never for less.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, time::Duration};

use elsewhere_collector::installation::Installation;
use elsewhere_tests::lab::{
    Lab, ensure_close, h3, pause,
    programs::{Agent, Collector},
    servers::Web,
    wait_for,
};
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

/// Names of services, one of a private matter, one of nobody's catalog.
const WETRANSFER: &str = "wetransfer.com";
const DROPBOX: &str = "www.dropbox.com";
const PRIVATE: &str = "www.tinder.com";
const UNKNOWN: &str = "app.freightdesk.example";

/// Bodies that devices load and send; over 1 MB, so that 2 % is more than handshakes.
const BODY_BYTES: u64 = 3_000_000;
/// How far the agent's count may be from the client's and the link's, in percent.
const TOLERANCE: u64 = 2;

const PORTFOLIO: &str = r#"
organisation = "Northmoor"

[[service]]
id = "dropbox"
status = "sanctioned"
since = "2026-W01"

[[service]]
id = "wetransfer"
status = "unsanctioned"
since = "2026-W01"
"#;

/// A lab with its servers up, a collector, and an agent on each device.
struct Office {
    lab: Lab,
    web: Web,
    collector: Collector,
    agents: Vec<Agent>,
}

impl Office {
    fn open(devices: usize) -> Self {
        let names = [WETRANSFER, DROPBOX, PRIVATE, UNKNOWN];
        let mut lab = Lab::new(devices).unwrap();
        lab.serve_dns(&names).unwrap();
        let web = lab.serve_web(&names).unwrap();
        fs::write(web.root.join("body"), vec![b'e'; usize::try_from(BODY_BYTES).unwrap()]).unwrap();
        let collector = Collector::start(&lab, PORTFOLIO).unwrap();
        let agents = (0..devices)
            .map(|device| {
                let token = collector
                    .command(&["enroll-token", "create", "--segment", "department=Marketing"])
                    .unwrap();
                Agent::start(&lab, device, &token).unwrap()
            })
            .collect();
        Self { lab, web, collector, agents }
    }

    /// Loads the body over TLS; gives the bytes that the client and the link counted, less what was sent again.
    fn load(&self, device: usize, name: &str) -> (u64, u64) {
        let namespace = &self.lab.devices()[device];
        let ca = self.web.ca.display().to_string();
        let before = namespace.link_payload("eth0", TCP_HEADERS).unwrap().0;
        let resent = self.lab.hub().resent_payload().unwrap();
        let url = format!("https://{name}/body");
        let counted = ["-w", "%{size_download} %{size_header} %{http_version}", "-o", "/dev/null"];
        let answer = namespace
            .run("curl", &[&["-sSf", "--tlsv1.3", "--cacert", &ca, &url], &counted[..]].concat())
            .unwrap();
        let mut words = answer.split_whitespace().map(|word| word.parse::<u64>().unwrap());
        let client = words.next().unwrap() + words.next().unwrap();
        let resent = self.lab.hub().resent_payload().unwrap() - resent;
        (client, namespace.link_payload("eth0", TCP_HEADERS).unwrap().0 - before - resent)
    }

    /// Sends the body over TLS; gives the bytes that the client and the link counted, less what was sent again.
    fn send(&self, device: usize, name: &str) -> (u64, u64) {
        let namespace = &self.lab.devices()[device];
        let ca = self.web.ca.display().to_string();
        let before = namespace.link_payload("eth0", TCP_HEADERS).unwrap().1;
        let resent = namespace.resent_payload().unwrap();
        let body = format!("@{}", self.web.root.join("body").display());
        let url = format!("https://{name}/upload");
        let counted = ["-w", "%{size_upload}", "-o", "/dev/null"];
        let answer = namespace
            .run("curl", &[&["-sSf", "--cacert", &ca, "--data-binary", &body, &url], &counted[..]].concat())
            .unwrap();
        let resent = namespace.resent_payload().unwrap() - resent;
        (answer.parse().unwrap(), namespace.link_payload("eth0", TCP_HEADERS).unwrap().1 - before - resent)
    }

    /// Loads the body over HTTP/3; gives the bytes that the client and the link counted.
    fn load_h3(&self, device: usize, name: &str) -> (u64, u64) {
        let namespace = &self.lab.devices()[device];
        let before = namespace.link_payload("eth0", UDP_HEADERS).unwrap().0;
        let fetched = h3::fetch(namespace, &self.web.ca, name, "/body").unwrap();
        assert_eq!(fetched.body_bytes, BODY_BYTES);
        (fetched.udp_received, namespace.link_payload("eth0", UDP_HEADERS).unwrap().0 - before)
    }

    /// Waits until the device's newest record holds these services and is acknowledged as it stands.
    fn delivered(&self, device: usize, services: &[&str]) -> Value {
        wait_for("the day to be acknowledged", || {
            let days = self.agents[device].raw()?;
            let day = days.into_iter().find(|day| {
                day["acknowledged"] == true && services.iter().all(|id| usages(day, id).next().is_some())
            });
            Ok(day)
        })
        .unwrap()
    }

    fn week(&self) -> String {
        let days = self.agents[0].raw().unwrap();
        let day: jiff::civil::Date = days[0]["day"].as_str().unwrap().parse().unwrap();
        let week = day.iso_week_date();
        format!("{}-W{:02}", week.year(), week.week())
    }

    fn freeze(&self) -> String {
        let week = self.week();
        self.collector.command(&["freeze", "--week", &week]).unwrap();
        week
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.collector.get(self.lab.hub(), path).unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        body
    }
}

/// IPv4 20, TCP 20 and its time stamps 12.
const TCP_HEADERS: u64 = 52;
/// IPv4 20, UDP 8.
const UDP_HEADERS: u64 = 28;

/// The rows of a service in a day's record: a connection that is over at once has no owner, and a row of its own.
fn usages<'a>(day: &'a Value, service: &'a str) -> impl Iterator<Item = &'a Value> {
    let rows = day["record"]["usages"].as_array().into_iter().flatten();
    rows.filter(move |usage| usage["service_id"] == service)
}

fn bytes(day: &Value, service: &str, direction: &str) -> u64 {
    let told = |usage: &Value| {
        usage[direction].as_u64().unwrap_or_else(|| panic!("{service} has no {direction}: {day}"))
    };
    usages(day, service).map(told).sum()
}

/// The row of one id in a list that REST gave.
fn row<'a>(list: &'a Value, id: &str) -> Option<&'a Value> {
    list.as_array().unwrap().iter().find(|row| row["id"] == id)
}

/// All bytes of all files below a folder.
fn every_byte(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            bytes.extend(every_byte(&entry.path()));
        } else {
            bytes.extend(fs::read(entry.path()).unwrap());
        }
    }
    bytes
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn six_devices_are_seen_on_the_device_and_by_rest() {
    let office = Office::open(6);
    for device in 0..6 {
        let loaded = office.load(device, WETRANSFER);
        let sent = office.send(device, WETRANSFER);
        let loaded_h3 = office.load_h3(device, DROPBOX);
        office.load(device, PRIVATE);
        office.load(device, UNKNOWN);

        let day = office.delivered(device, &["wetransfer", "dropbox"]);
        assert!(usages(&day, "wetransfer").all(|usage| usage["evidence"] == "use"));
        let (up, down) = (bytes(&day, "wetransfer", "bytes_up"), bytes(&day, "wetransfer", "bytes_down"));
        ensure_close("client, down", down, loaded.0, TOLERANCE).unwrap();
        ensure_close("link, down", down, loaded.1, TOLERANCE).unwrap();
        ensure_close("client, up", up, sent.0, TOLERANCE).unwrap();
        ensure_close("link, up", up, sent.1, TOLERANCE).unwrap();
        let down = bytes(&day, "dropbox", "bytes_down");
        ensure_close("client over HTTP/3", down, loaded_h3.0, TOLERANCE).unwrap();
        ensure_close("link over HTTP/3", down, loaded_h3.1, TOLERANCE).unwrap();
    }
    let access = fs::read_to_string(&office.web.access_log).unwrap();
    let over_quic = access.lines().filter(|line| line.contains("\"proto\":\"HTTP/3.0\"")).count();
    assert_eq!(over_quic, 6, "the server saw HTTP/3 once for each device");

    let week = office.freeze();
    let services = office.get(&format!("services?week={week}"));
    for id in ["wetransfer", "dropbox"] {
        let service = row(&services["services"], id).unwrap_or_else(|| panic!("{id} is not in {services}"));
        assert_eq!(service["customers"]["value"], 5, "six customers are shown as 5: {service}");
    }
    let needs = office.get(&format!("needs?week={week}&segment=department:Marketing"));
    let need = row(&needs["needs"], "send-once").unwrap();
    assert_eq!(need["customer_days"]["value"], 10, "six days are shown as 10: {need}");
    let digest = office.get(&format!("digests/{week}"));
    assert_eq!(digest["week"], week.as_str());

    nothing_private_was_delivered(&office);
}

/// No name of a personal category, no address, and no name outside the catalog in anything that was sent or stored.
fn nothing_private_was_delivered(office: &Office) {
    let mut delivered = every_byte(&office.collector.data.join("weeks"));
    delivered.extend(fs::read(office.collector.data.join("control.db")).unwrap());
    for agent in &office.agents {
        delivered.extend(serde_json::to_vec(&agent.raw().unwrap()).unwrap());
        assert!(!holds(&every_byte(&agent.data), b"tinder"), "a private name was written down on the device");
    }
    assert!(holds(&delivered, b"wetransfer"), "the search finds what was delivered");
    for private in ["tinder", "freightdesk", "10.77.0."] {
        assert!(!holds(&delivered, private.as_bytes()), "'{private}' was delivered");
    }
    assert!(!holds(&delivered, &[10, 77, 0]), "an address was delivered");
}

#[test]
fn four_devices_are_too_few_to_show() {
    let office = Office::open(4);
    for device in 0..4 {
        office.load(device, WETRANSFER);
        office.delivered(device, &["wetransfer"]);
    }
    let week = office.freeze();
    for path in ["services", "needs", "segments"] {
        let answer = office.get(&format!("{path}?week={week}")).to_string();
        assert!(answer.contains(r#"{"reason":"k","suppressed":true}"#), "{path}: {answer}");
        assert!(!answer.contains(r#""value""#), "{path} shows a figure: {answer}");
    }
    let digest = office.collector.command(&["digest", "--week", &week, "--format", "json"]).unwrap();
    assert!(!digest.contains("wetransfer"), "{digest}");
}

/// Kills agent and collector in turn at random moments, `ELSEWHERE_KILL_ROUNDS` times (6 if not said).
#[test]
fn killing_either_program_loses_no_acknowledged_day_and_counts_nothing_twice() {
    let rounds: u64 = std::env::var("ELSEWHERE_KILL_ROUNDS").map_or(6, |rounds| rounds.parse().unwrap());
    let mut moments = rand_chacha::ChaCha8Rng::seed_from_u64(rounds);
    let mut office = Office::open(1);
    let mut kept = 0;
    for round in 0..rounds {
        office.load(0, WETRANSFER);
        let acknowledged = wait_for("the load to be acknowledged", || {
            let down =
                office.agents[0].raw()?.first().filter(|day| day["acknowledged"] == true).map_or(0, seen);
            Ok((down > kept + BODY_BYTES / 2).then_some(down))
        })
        .unwrap();
        assert_one_load(kept, acknowledged);

        office.load(0, WETRANSFER);
        pause(Duration::from_millis(moments.random_range(0..2_000)));
        if round % 2 == 0 {
            office.agents[0].kill().unwrap();
            assert_stored(&office, acknowledged);
            office.agents[0].resume(&office.lab, 0).unwrap();
            kept = seen(&office.agents[0].raw().unwrap()[0]);
            assert!(kept >= acknowledged, "{kept} bytes are left of {acknowledged} acknowledged");
            assert!(kept <= acknowledged + BODY_BYTES + BODY_BYTES / 50, "the restart counted a load twice");
            wait_for("the agent to report that it was killed", || {
                let days = office.agents[0].raw()?;
                let said = |day: &&Value| day["record"]["agent"]["degraded"] == json!(["killed"]);
                Ok(days.first().filter(|day| day["acknowledged"] == true).filter(said).map(drop))
            })
            .unwrap();
        } else {
            office.collector.kill().unwrap();
            assert_stored(&office, acknowledged);
            office.collector.resume(&office.lab).unwrap();
            kept = wait_for("the second load to be acknowledged", || {
                let day =
                    office.agents[0].raw()?.into_iter().next().filter(|day| day["acknowledged"] == true);
                Ok(day.map(|day| seen(&day)).filter(|down| *down > acknowledged + BODY_BYTES / 2))
            })
            .unwrap();
            assert_one_load(acknowledged, kept);
        }
        assert_stored(&office, kept);
    }

    office.load(0, WETRANSFER);
    pause(LONGEST_LOSS);
    office.agents[0].kill().unwrap();
    assert_one_load(kept, seen(&office.agents[0].raw().unwrap()[0]));
}

/// What a killed agent counted longer ago than this is on its disk.
const LONGEST_LOSS: Duration = Duration::from_secs(10);

fn seen(day: &Value) -> u64 {
    bytes(day, "wetransfer", "bytes_down")
}

fn assert_one_load(before: u64, after: u64) {
    ensure_close("one load", after - before, BODY_BYTES, TOLERANCE).unwrap();
}

/// What the collector has of the one device is at least what it acknowledged.
fn assert_stored(office: &Office, acknowledged: u64) {
    let installation = Installation::open(&office.collector.data).unwrap();
    let mut down = 0;
    installation
        .store()
        .scan_week(office.week().parse().unwrap(), &mut |_, day| {
            let usages = day.usages.iter().filter(|usage| usage.service.as_str() == "wetransfer");
            down += usages.map(|usage| usage.bytes_down).sum::<u64>();
        })
        .unwrap();
    assert!(down >= acknowledged, "{down} bytes are stored, {acknowledged} were acknowledged");
}
