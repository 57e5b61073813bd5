//! scratch
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use elsewhere_tests::lab::{Lab, h3};

#[test]
fn lab_serves() {
    let mut lab = Lab::new(2).unwrap();
    lab.serve_dns(&["wetransfer.com", "dropbox.com"]).unwrap();
    let web = lab.serve_web(&["wetransfer.com", "www.dropbox.com"]).unwrap();
    std::fs::write(web.root.join("big"), vec![7_u8; 2_000_000]).unwrap();
    let device = &lab.devices()[0];
    let before = device.link_payload("eth0", 52).unwrap();
    let ca = web.ca.display().to_string();
    println!(
        "{}",
        device
            .run(
                "curl",
                &[
                    "-sSf",
                    "--cacert",
                    &ca,
                    "-o",
                    "/dev/null",
                    "-w",
                    "%{size_download}",
                    "https://wetransfer.com/big"
                ]
            )
            .unwrap()
    );
    let big = web.root.join("big").display().to_string();
    println!(
        "{}",
        device
            .run(
                "curl",
                &[
                    "-sSf",
                    "--cacert",
                    &ca,
                    "--data-binary",
                    &format!("@{big}"),
                    "https://wetransfer.com/upload"
                ]
            )
            .unwrap()
    );
    let after = device.link_payload("eth0", 52).unwrap();
    println!("{before:?} {after:?}");
    let before = device.link_payload("eth0", 28).unwrap();
    let fetched = h3::fetch(device, &web.ca, "www.dropbox.com", "/big").unwrap();
    let after = device.link_payload("eth0", 28).unwrap();
    println!("{} {} {} {before:?} {after:?}", fetched.body_bytes, fetched.udp_received, fetched.udp_sent);
    println!("{}", std::fs::read_to_string(&web.access_log).unwrap().lines().last().unwrap());
}
