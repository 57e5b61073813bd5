//! A hello that leaves the device in three pieces: whole where the card cuts it, incomplete where the kernel does.
//!
//! The kernel's filter keeps no state from one packet to the next, so that it takes the middle piece for a part of an
//! upload. The agent says how many hellos it saw incomplete; what stands before the gap counts.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use elsewhere_tests::lab::{Lab, programs::Agent, servers::Web, wait_for};

const NAME: &str = "wetransfer.com";
/// Room for 248 bytes of a hello of 517.
const MTU: &str = "300";

fn load(lab: &Lab, web: &Web) {
    let ca = web.ca.display().to_string();
    let url = format!("https://{NAME}/ready");
    lab.devices()[0].run("curl", &["-sSf", "--cacert", &ca, "-o", "/dev/null", &url]).unwrap();
}

fn offload(lab: &Lab, on: &str) {
    lab.devices()[0].run("ethtool", &["-K", "eth0", "tso", on, "gso", on]).unwrap();
}

#[test]
fn hello_in_three_pieces_is_counted_where_its_middle_is_not_kept() {
    let mut lab = Lab::new(1).unwrap();
    lab.serve_dns(&[NAME]).unwrap();
    let web = lab.serve_web(&[NAME]).unwrap();
    lab.devices()[0].ip(&format!("link set eth0 mtu {MTU}")).unwrap();
    let agent = Agent::start_alone(&lab, 0).unwrap();
    let missed = || agent.status().map(|status| status["hellos_missed"].as_u64().unwrap_or_default());

    offload(&lab, "on");
    load(&lab, &web);
    offload(&lab, "off");
    load(&lab, &web);
    let counted = || Ok(Some(missed()?).filter(|missed| *missed > 0));
    assert_eq!(wait_for("the incomplete hello to be counted", counted).unwrap(), 1);
    assert_eq!(agent.status().unwrap()["packets_missed"], 0);
}
