//! The organisation's own layer over the catalog, from the portfolio to a device's receipt: while both programs run.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use elsewhere_tests::lab::{
    Lab,
    programs::{Agent, Collector},
    servers::Web,
    wait_for,
};
use serde_json::Value;

const OUTBOX: &str = "outbox.northmoor.example";
const INTRANET: &str = "intranet.northmoor.example";
const PRIVATE: &str = "www.tinder.com";
const BODY_BYTES: usize = 2_000_000;

const BEFORE: &str = "organisation = \"Northmoor\"\n";
const AFTER: &str = r#"organisation = "Northmoor"
own_domains = ["northmoor.example"]

[[own_service]]
id = "own:outbox"
name = "Outbox"
need = "send-once"
hosts = ["outbox.northmoor.example"]

[[service]]
id = "own:outbox"
status = "sanctioned"
"#;

fn load(lab: &Lab, web: &Web, name: &str) {
    let ca = web.ca.display().to_string();
    let url = format!("https://{name}/body");
    lab.devices()[0].run("curl", &["-sSf", "--cacert", &ca, "-o", "/dev/null", &url]).unwrap();
}

fn usages(agent: &Agent) -> Vec<Value> {
    let days = agent.raw().unwrap();
    days.iter().filter_map(|day| day["record"]["usages"].as_array()).flatten().cloned().collect()
}

/// A portfolio in which one tenant of a service is ours.
const OUR_TENANT: &str = r#"organisation = "Northmoor"
own_domains = ["northmoor.example"]

[[service]]
id = "slack"
status = "sanctioned"
tenants = ["northmoor.slack.com"]
"#;

#[test]
fn device_tells_our_tenant_from_a_guests() {
    let mut lab = Lab::new(1).unwrap();
    let (ours, theirs) = ("northmoor.slack.com", "kestrel.slack.com");
    lab.serve_dns(&[ours, theirs]).unwrap();
    let web = lab.serve_web(&[ours, theirs]).unwrap();
    fs::write(web.root.join("body"), vec![b'e'; BODY_BYTES]).unwrap();
    let collector = Collector::start(&lab, OUR_TENANT).unwrap();
    let token = collector.command(&["enroll-token", "create", "--segment", "department=Marketing"]).unwrap();
    let agent = Agent::start(&lab, 0, &token).unwrap();
    let is_known = || Ok(agent.command(&["show"])?.contains("northmoor.example").then_some(()));
    wait_for("the layer to come down", is_known).unwrap();

    for (name, tenant, loads) in [(theirs, "guest", 1), (ours, "ours", 2), (theirs, "ours", 3)] {
        load(&lab, &web, name);
        let counted = || {
            let row = usages(&agent).into_iter().find(|usage| usage["service_id"] == "slack");
            let is_all = |row: &Value| row["bytes_down"].as_u64() >= Some(loads * BODY_BYTES as u64);
            Ok(row.filter(is_all))
        };
        let row = wait_for("the load to be counted", counted).unwrap();
        assert_eq!(row["tenant"], tenant, "after {loads} loads");
    }
}

#[test]
fn service_of_the_organisations_own_is_known_to_a_running_device() {
    let mut lab = Lab::new(1).unwrap();
    let names = [OUTBOX, INTRANET, PRIVATE];
    lab.serve_dns(&names).unwrap();
    let web = lab.serve_web(&names).unwrap();
    fs::write(web.root.join("body"), vec![b'e'; BODY_BYTES]).unwrap();
    let collector = Collector::start(&lab, BEFORE).unwrap();
    let token = collector.command(&["enroll-token", "create", "--segment", "department=Marketing"]).unwrap();
    let mut agent = Agent::start(&lab, 0, &token).unwrap();
    let shown = || agent.command(&["show"]);
    assert!(!shown().unwrap().contains("Own domains"));

    // A mistake changes nothing and is told; the file is read again without a restart.
    let portfolio = collector.data.join("portfolio.toml");
    fs::write(&portfolio, AFTER.replace("outbox.northmoor.example", PRIVATE)).unwrap();
    let refusal = collector.command(&["check-config"]).unwrap_err().to_string();
    assert!(refusal.contains("line 8: 'www.tinder.com' belongs to private life"), "{refusal}");
    fs::write(&portfolio, AFTER).unwrap();
    collector.command(&["check-config"]).unwrap();
    wait_for("the layer to come down", || Ok(shown()?.contains("northmoor.example").then_some(()))).unwrap();

    for name in names {
        load(&lab, &web, name);
    }
    let counted = || {
        let usages = usages(&agent);
        let mut ours = usages.iter().filter(|usage| usage["service_id"] == "own:outbox");
        let is_all = |usage: &&Value| usage["bytes_down"].as_u64() >= Some(BODY_BYTES as u64);
        Ok(ours.find(is_all).cloned())
    };
    let usage = wait_for("the own service to be counted", counted).unwrap();
    assert_eq!(usage["evidence"], "use");
    assert_eq!(usages(&agent).len(), 1, "neither the intranet nor private life is a row");
    let delivered = || Ok(shown()?.contains("Outbox *").then_some(()));
    wait_for("the own service to be delivered under its name", delivered).unwrap();

    // What was taken outlives a power cut.
    agent.kill().unwrap();
    agent.resume(&lab, 0).unwrap();
    load(&lab, &web, OUTBOX);
    let twice = || {
        let bytes: u64 = usages(&agent).iter().filter_map(|usage| usage["bytes_down"].as_u64()).sum();
        Ok((bytes >= 2 * BODY_BYTES as u64).then_some(()))
    };
    wait_for("the second load to be counted", twice).unwrap();
}
