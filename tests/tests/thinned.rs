//! A transfer of which the kernel shows one segment in eleven is counted to the byte, as from a capture of all of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use elsewhere_tests::lab::{
    Lab, Running,
    programs::{Agent, binary},
    run,
    servers::Web,
    wait_for,
};
use serde_json::Value;

const NAME: &str = "wetransfer.com";
const DOWN_BYTES: usize = 20_000_000;
/// Caddy reads as much of what it does not want.
const UP_BYTES: usize = 200_000;

#[test]
fn transfer_is_counted_to_the_byte_though_most_of_it_is_passed_over() {
    let mut lab = Lab::new(1).unwrap();
    lab.serve_dns(&[NAME]).unwrap();
    let web = lab.serve_web(&[NAME]).unwrap();
    fs::write(web.root.join("body"), vec![b'e'; DOWN_BYTES]).unwrap();
    // Without offload a packet is a packet.
    for (namespace, interface) in [(lab.hub(), "br0"), (lab.hub(), "p1"), (&lab.devices()[0], "eth0")] {
        namespace.run("ethtool", &["-K", interface, "tso", "off", "gso", "off", "gro", "off"]).unwrap();
    }
    let agent = Agent::start_alone(&lab, 0).unwrap();
    let file = lab.path("all.pcap");
    let tcpdump = record(&lab, &file);

    fetch(&lab, &web, "body", None);
    fetch(&lab, &web, "nowhere", Some(&vec![b'e'; UP_BYTES]));
    let all_of_it = |(up, down): &(u64, u64)| *up >= UP_BYTES as u64 && *down >= DOWN_BYTES as u64;
    let counted = || Ok(bytes(&agent.raw()?).filter(all_of_it));
    let live = wait_for("the transfers to be counted", counted).unwrap();
    tcpdump.stop().unwrap();
    assert_eq!(live, bytes(&days_of(&lab, &file)).unwrap());
    assert_eq!(agent.status().unwrap()["packets_missed"], 0);
}

/// All that passes, whole headers, into a file.
fn record(lab: &Lab, file: &Path) -> Running {
    let log = lab.path("tcpdump.log");
    let mut command = lab.devices()[0].command("tcpdump");
    command.args(["-i", "eth0", "-s", "2048", "-B", "65536", "-w"]).arg(file);
    let recorder = Running::start(&mut command, &log).unwrap();
    let listens = || Ok(fs::read_to_string(&log)?.contains("listening on").then_some(()));
    wait_for("tcpdump to listen", listens).unwrap();
    recorder
}

fn fetch(lab: &Lab, web: &Web, path: &str, body: Option<&[u8]>) {
    let ca = web.ca.display().to_string();
    let url = format!("https://{NAME}/{path}");
    let mut args = vec!["-sS", "--http1.1", "--cacert", &ca, "-o", "/dev/null", &url];
    let posted = lab.path("posted");
    let from = format!("@{}", posted.display());
    if let Some(body) = body {
        fs::write(&posted, body).unwrap();
        args.extend(["-H", "Expect:", "--data-binary", &from]);
    }
    lab.devices()[0].run("curl", &args).unwrap();
}

/// What an agent keeps of a capture file.
fn days_of(lab: &Lab, file: &Path) -> Vec<Value> {
    let agent = |args: &[&str]| {
        let mut command = std::process::Command::new(binary("elsewhere-agent").unwrap());
        let output = run(command.args(args).arg("--data").arg(lab.path("read"))).unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    agent(&["run", "--once", "--read", &file.display().to_string()]);
    agent(&["show", "--raw"]).lines().map(|day| serde_json::from_str(day).unwrap()).collect()
}

/// Payload of the service's usages on the last day, up and down.
fn bytes(days: &[Value]) -> Option<(u64, u64)> {
    let usages = days.last()?["record"]["usages"].as_array()?;
    let ours = usages.iter().filter(|usage| usage["service_id"] == "wetransfer");
    ours.map(|usage| Some((usage["bytes_up"].as_u64()?, usage["bytes_down"].as_u64()?)))
        .reduce(|a, b| Some((a?.0 + b?.0, a?.1 + b?.1)))
        .flatten()
}
