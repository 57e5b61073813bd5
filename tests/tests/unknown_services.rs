//! A service that no catalog has: five customers report a hash, the collector asks, somebody says once what it is, and from
//! then on devices know it and the days before count too.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use elsewhere_tests::lab::{
    Lab,
    programs::{Agent, Collector},
    servers::Web,
    wait_for,
};
use serde_json::{Value, json};

const HOST: &str = "app.freightdesk.example";
const NAME: &str = "freightdesk.example";
const ID: &str = "own:freightdesk";
/// More than a page sends by itself.
const BODY_BYTES: usize = 900_000;

fn send(lab: &Lab, web: &Web, device: usize) {
    let ca = web.ca.display().to_string();
    let body = format!("@{}", web.root.join("body").display());
    let url = format!("https://{HOST}/upload");
    let args = ["-sSf", "--cacert", &ca, "--data-binary", &body, "-o", "/dev/null", &url];
    lab.devices()[device].run("curl", &args).unwrap();
}

/// Waits until the device's day was taken with what is looked for in the record.
fn delivered(agent: &Agent, what: &str, is_there: impl Fn(&Value) -> bool) -> Value {
    let acknowledged = || {
        let days = agent.raw()?;
        Ok(days.into_iter().find(|day| day["acknowledged"] == true && is_there(&day["record"])))
    };
    wait_for(what, acknowledged).unwrap()
}

fn reports_a_name(record: &Value) -> bool {
    record["unknown_services"].as_array().is_some_and(|names| !names.is_empty())
}

fn uses_the_service(record: &Value) -> bool {
    let rows = record["usages"].as_array().into_iter().flatten();
    rows.filter(|row| row["service_id"] == ID).any(|row| row["evidence"] == "use")
}

fn list(collector: &Collector) -> anyhow::Result<String> {
    collector.command(&["unknown", "list", "--format", "json"])
}

/// What is done at night is done at a start too.
fn night(lab: &Lab, collector: &mut Collector) {
    collector.kill().unwrap();
    collector.resume(lab).unwrap();
}

#[test]
fn a_service_of_no_catalog_is_asked_for_named_once_and_counted_back() {
    let mut lab = Lab::new(5).unwrap();
    lab.serve_dns(&[HOST]).unwrap();
    let web = lab.serve_web(&[HOST]).unwrap();
    fs::write(web.root.join("body"), vec![b'e'; BODY_BYTES]).unwrap();
    let mut collector = Collector::start(&lab, "organisation = \"Northmoor\"\n").unwrap();
    let start = |device| {
        let token = ["enroll-token", "create", "--segment", "department=Marketing"];
        Agent::start(&lab, device, &collector.command(&token).unwrap()).unwrap()
    };
    let agents: Vec<Agent> = (0..5).map(start).collect();

    // Four are too few to be asked for the name.
    for devices in [0..4, 4..5] {
        devices.clone().for_each(|device| send(&lab, &web, device));
        agents[devices]
            .iter()
            .for_each(|agent| drop(delivered(agent, "the hash to be delivered", reports_a_name)));
        assert_eq!(list(&collector).unwrap(), "");
        night(&lab, &mut collector);
    }
    let line = || Ok(Some(list(&collector)?).filter(|list| !list.is_empty()));
    let line: Value = serde_json::from_str(&wait_for("the name to be revealed", line).unwrap()).unwrap();
    let date = agents[0].raw().unwrap()[0]["day"].as_str().unwrap().parse::<jiff::civil::Date>().unwrap();
    let week = date.iso_week_date();
    let week = format!("{}-W{:02}", week.year(), week.week());
    let waiting = json!({"name": NAME, "customers_at_least": 5, "since": week, "weeks": 0, "ignored": false});
    assert_eq!(line, waiting);

    let refusal = collector.command(&["unknown", "name", HOST, "--service", "box"]).unwrap_err();
    assert!(refusal.to_string().contains("they report freightdesk.example"), "{refusal}");
    let naming = ["unknown", "name", NAME, "--new-service", "Freightdesk", "--need", "erp-operations"];
    collector.command(&naming).unwrap();
    assert_eq!(list(&collector).unwrap(), "");

    // Every device hears it, whether it told the name or not; the collector has not been started again.
    for agent in &agents {
        let named = || Ok(agent.command(&["show"])?.contains("named Freightdesk").then_some(()));
        wait_for("the service to come down", named).unwrap();
    }
    send(&lab, &web, 0);
    let day = delivered(&agents[0], "the service to be delivered", uses_the_service);
    assert!(reports_a_name(&day["record"]), "what was counted before stays a hash");

    collector.command(&["freeze", "--week", &week]).unwrap();
    let (status, answer) = collector.get(lab.hub(), &format!("services?week={week}")).unwrap();
    assert_eq!(status, 200, "{answer}");
    let service = answer["services"].as_array().unwrap().iter().find(|service| service["id"] == ID);
    let service = service.unwrap_or_else(|| panic!("{ID} is not in {answer}"));
    assert_eq!((&service["customers"]["value"], &service["customer_days"]["value"]), (&json!(5), &json!(10)));
}
