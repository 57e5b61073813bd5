//! Interfaces that come, go and change under a running agent: it follows at once, and counts each connection once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use elsewhere_tests::lab::{Lab, ensure_close, programs::Agent, servers::Web, wait_for};

const BODY_BYTES: u64 = 2_000_000;
const WETRANSFER: &str = "wetransfer.com";
const DROPBOX: &str = "www.dropbox.com";
const NOTION: &str = "www.notion.so";

/// A device on a cable, with an agent that watches it.
struct Desk {
    lab: Lab,
    web: Web,
    agent: Agent,
}

impl Desk {
    fn new() -> Self {
        let names = [WETRANSFER, DROPBOX, NOTION];
        let mut lab = Lab::new(1).unwrap();
        lab.serve_dns(&names).unwrap();
        let web = lab.serve_web(&names).unwrap();
        fs::write(web.root.join("body"), vec![b'e'; usize::try_from(BODY_BYTES).unwrap()]).unwrap();
        let agent = Agent::start_alone(&lab, 0).unwrap();
        Self { lab, web, agent }
    }

    fn device(&self, commands: &[&str]) {
        for command in commands {
            self.lab.devices()[0].ip(command).unwrap();
        }
    }

    /// Waits until just these interfaces are watched, in any order.
    fn watches(&self, names: &[&str]) {
        let is_watched = || {
            let status = self.agent.status()?;
            let watching = status["watching"].as_str().unwrap_or_default();
            let (listed, path) = watching.split_once(" (").unwrap_or_default();
            let mut listed: Vec<&str> = listed.split(", ").collect();
            listed.sort_unstable();
            anyhow::ensure!(listed == names && path == "capture ring)", "watching {watching}");
            Ok(Some(()))
        };
        wait_for(&format!("the agent to watch {names:?}"), is_watched).unwrap();
    }

    /// Loads the body and waits until it is counted, once.
    fn load(&self, name: &str, service: &str) {
        let ca = self.web.ca.display().to_string();
        let url = format!("https://{name}/body");
        self.lab.devices()[0].run("curl", &["-sSf", "--cacert", &ca, "-o", "/dev/null", &url]).unwrap();
        let counted = || {
            let day = self.agent.raw()?.pop();
            let usages =
                day.as_ref().and_then(|day| day["record"]["usages"].as_array()).into_iter().flatten();
            let bytes = usages.filter(|usage| usage["service_id"] == service).map(|usage| {
                (usage["tries"].as_u64().unwrap_or(0), usage["bytes_down"].as_u64().unwrap_or(0))
            });
            Ok(bytes.reduce(|a, b| (a.0 + b.0, a.1 + b.1)).filter(|counted| counted.1 >= BODY_BYTES))
        };
        let (tries, bytes) = wait_for(&format!("{service} to be counted"), counted).unwrap();
        assert_eq!(tries, 1, "{service}");
        ensure_close(service, bytes, BODY_BYTES, 2).unwrap();
    }
}

#[test]
fn interfaces_are_followed_while_they_come_change_and_go() {
    let desk = Desk::new();
    desk.watches(&["eth0", "lo"]);
    desk.load(WETRANSFER, "wetransfer");

    // A second cable, and the way to the servers over it.
    let hub = desk.lab.hub();
    desk.device(&[&format!("link add wlan0 type veth peer name pw netns {}", hub.name())]);
    hub.ip("addr add 10.78.0.1/24 dev pw").unwrap();
    hub.ip("link set pw up").unwrap();
    desk.device(&["addr add 10.78.0.11/24 dev wlan0", "link set wlan0 up"]);
    desk.watches(&["eth0", "lo", "wlan0"]);
    desk.device(&["route add 10.77.0.1/32 dev wlan0 src 10.78.0.11"]);
    desk.load(DROPBOX, "dropbox");

    // A tunnel comes up, the second cable goes down and away.
    desk.device(&["tuntap add tun0 mode tun", "link set tun0 up", "link set wlan0 down"]);
    desk.watches(&["eth0", "lo", "tun0"]);
    desk.device(&["link del wlan0", "link del tun0"]);
    desk.watches(&["eth0", "lo"]);

    // The cable becomes the port of a bridge: what passes both is counted once.
    desk.device(&["link add br0 type bridge", "addr flush dev eth0", "link set eth0 master br0"]);
    desk.device(&["addr add 10.77.0.11/24 dev br0", "link set br0 up", "route add default via 10.77.0.1"]);
    desk.watches(&["br0", "lo"]);
    desk.load(NOTION, "notion");
}
