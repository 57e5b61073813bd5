//! Chromium, without a screen, loads a page from Caddy.

use std::{fs, process::Command};

use anyhow::Context;

use super::{HUB, Recorded, Recorder, ensure_some};
use crate::lab::run;

pub(super) const CASES: &[Recorded] = &[
    Recorded {
        name: "recorded-chromium-tls",
        about: "Chromium loads a page over TLS: a hello of 1.8 KB with a post-quantum key share, shuffled extensions and \
                an ECH extension that means nothing.",
        filter: "tcp port 443",
        snap_bytes: 9_000,
        versions: &[&["chromium", "--version"], &["caddy", "version"]],
        make: over_tls,
    },
    Recorded {
        name: "recorded-chromium-quic",
        about: "Chromium, told to use QUIC for that name, loads a page over HTTP/3: a hello with a post-quantum key share \
                in small CRYPTO frames, shuffled over several Initials.",
        filter: "port 443",
        snap_bytes: 9_000,
        versions: &[&["chromium", "--version"], &["caddy", "version"]],
        make: over_quic,
    },
];

const NAME: &str = "page.example.com";
/// What the page says; in no error page of a browser.
const TEXT: &str = "Elsewhere's own page";

fn over_tls(recorder: &mut Recorder) -> anyhow::Result<()> {
    browse(recorder, &["--disable-quic"])?;
    let ports = recorder.tshark("tls.handshake.type == 1", "tcp.srcport")?;
    ensure_some("hello over TLS", &ports)?;
    for port in ports {
        recorder.expect(&port, 443, format_args!("tls {NAME} alpn=h2,http/1.1 ech=yes"));
        recorder.expect_back(443, &port, "tls-server-hello");
    }
    Ok(())
}

fn over_quic(recorder: &mut Recorder) -> anyhow::Result<()> {
    browse(recorder, &[&format!("--origin-to-force-quic-on={NAME}:443")])?;
    let ports = recorder.tshark("quic && tls.handshake.type == 1", "udp.srcport")?;
    ensure_some("hello over QUIC", &ports)?;
    for port in ports {
        recorder.expect(&port, 443, format_args!("quic 0x00000001 {NAME} alpn=h3 ech=yes"));
        recorder.expect_back(443, &port, "quic-server");
    }
    Ok(())
}

fn browse(recorder: &mut Recorder, more: &[&str]) -> anyhow::Result<()> {
    recorder.lab.serve_dns(&[NAME])?;
    let web = recorder.lab.serve_web(&[NAME])?;
    let authority = web.ca.parent().context("it lies in a folder")?.join("intermediate.crt");
    let script = "openssl x509 -in \"$1\" -noout -pubkey | openssl pkey -pubin -outform der | \
                  openssl dgst -sha256 -binary | openssl base64";
    let key = run(Command::new("sh").args(["-c", script, "sh"]).arg(authority))?;
    let key = String::from_utf8(key.stdout)?;
    fs::write(web.root.join("page.html"), format!("<p>{TEXT}</p>"))?;
    recorder.start()?;
    let trust = format!("--ignore-certificate-errors-spki-list={}", key.trim());
    let profile = format!("--user-data-dir={}", recorder.lab.path("chromium").display());
    let rules = format!("--host-resolver-rules=MAP {NAME} {HUB}, MAP * ~NOTFOUND");
    let mut args = vec![
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--dump-dom",
        &trust,
        &profile,
        &rules,
    ];
    args.extend(more);
    let page = format!("https://{NAME}/page.html");
    args.push(&page);
    let shown = recorder.device().run("chromium", &args)?;
    anyhow::ensure!(shown.contains(TEXT), "Chromium did not show the page: {shown}");
    recorder.stop_and_look()
}
