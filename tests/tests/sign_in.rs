//! Signing in at one service on the way to another, as a recording of it shows.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, process::Command};

use elsewhere_tests::lab::{Lab, Running, programs::binary, servers::Web, wait_for};
use serde_json::Value;

const APP: &str = "app.slack.com";
const SIGN_IN: [&str; 2] = ["northmoor.okta.com", "login.microsoftonline.com"];
/// Opened after it was signed in, so that nobody signs in on the way.
const LATER: &str = "www.notion.so";

fn load(lab: &Lab, web: &Web, name: &str) {
    let ca = web.ca.display().to_string();
    let url = format!("https://{name}/body");
    lab.devices()[0].run("curl", &["-sSf", "--cacert", &ca, "-o", "/dev/null", &url]).unwrap();
}

#[test]
fn sign_ins_on_the_way_are_counted_where_somebody_was_going() {
    let mut lab = Lab::new(1).unwrap();
    let names = [APP, SIGN_IN[0], SIGN_IN[1], LATER];
    lab.serve_dns(&names).unwrap();
    let web = lab.serve_web(&names).unwrap();
    fs::write(web.root.join("body"), vec![b'e'; 60_000]).unwrap();
    let (capture, log) = (lab.path("sign-in.pcap"), lab.path("tcpdump.log"));
    let mut command = lab.devices()[0].command("tcpdump");
    command.args(["-i", "eth0", "-U", "-w"]).arg(&capture);
    let recorder = Running::start(&mut command, &log).unwrap();
    wait_for("tcpdump to listen", || Ok(fs::read_to_string(&log)?.contains("listening on").then_some(())))
        .unwrap();
    for name in names {
        load(&lab, &web, name);
    }
    // The last answer is in the file once its bytes are.
    wait_for("the recording", || Ok((fs::metadata(&capture)?.len() > 4 * 60_000).then_some(()))).unwrap();
    recorder.stop().unwrap();

    let mut usage = Command::new(binary("elsewhere-agent").unwrap());
    let read = usage.args(["usage", "--format", "json", "--read"]).arg(&capture).output().unwrap();
    let rows: Vec<Value> = String::from_utf8(read.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let hops = |id: &str| rows.iter().find(|row| row["service_id"] == id).map(|row| &row["sign_in_hops"]);
    assert_eq!(hops("slack"), Some(&Value::from(2)), "{rows:#?}");
    assert_eq!(hops("notion"), Some(&Value::from(0)), "{rows:#?}");
}
