//! curl, OpenSSL and the system's resolver, with dnsmasq, Caddy and small servers of our own behind them.

use std::fs;

use anyhow::ensure;

use super::{HUB, Recorded, Recorder};

pub(super) const CASES: &[Recorded] = &[
    Recorded {
        name: "recorded-curl",
        about: "curl loads 200,000 bytes and sends 60,000 over TLS 1.3, from and to Caddy. Expected bytes: tshark's sum of \
                segment lengths, checked to be more than the body and less than 3 % above it. Of each frame 1,600 bytes \
                are kept; the kernel made super-frames of many segments.",
        filter: "tcp port 443",
        snap_bytes: 1_600,
        versions: &[&["curl", "--version"], &["caddy", "version"]],
        make: curl,
    },
    Recorded {
        name: "recorded-dns",
        about: "The system's resolver asks dnsmasq over UDP and then, told to, over TCP: a name behind two CNAMEs, both \
                families at once, and a name that is not there.",
        filter: "port 53",
        snap_bytes: 1_600,
        versions: &[&["dnsmasq", "--version"]],
        make: dns,
    },
    Recorded {
        name: "recorded-starttls",
        about: "OpenSSL's s_client with -starttls smtp, imap, pop3 and ftp; the servers answer as such servers do and \
                refuse the hello with an alert.",
        filter: "tcp",
        snap_bytes: 4_000,
        versions: &[&["openssl", "version"]],
        make: starttls,
    },
    Recorded {
        name: "recorded-proxies",
        about: "curl through an HTTP proxy, SOCKS 5 with and without a password, SOCKS 4 and 4a; the proxies answer as \
                proxies do and refuse the hello with an alert. A request in the clear through the HTTP proxy.",
        filter: "tcp",
        snap_bytes: 4_000,
        versions: &[&["curl", "--version"]],
        make: proxies,
    },
];

/// Most that TLS adds to a body, in bytes a hundred.
const TLS_PERCENT: u64 = 3;

fn curl(recorder: &mut Recorder) -> anyhow::Result<()> {
    const NAME: &str = "files.example.com";
    recorder.lab.serve_dns(&[NAME])?;
    let web = recorder.lab.serve_web(&[NAME])?;
    fs::write(web.root.join("body"), vec![b'e'; 200_000])?;
    let (ca, upload) = (web.ca.display().to_string(), recorder.lab.path("upload"));
    fs::write(&upload, vec![b'u'; 60_000])?;
    let upload = upload.display().to_string();
    recorder.start()?;
    let common = ["-sSf", "-o", "/dev/null", "--cacert", &ca, "--local-port"];
    let [from, to] = ["body", "upload"].map(|path| format!("https://{NAME}/{path}"));
    let download = [&common[..], &["40001", &from]].concat();
    recorder.device().run("curl", &download)?;
    let send = [&common[..], &["40002", "-T", &upload, &to]].concat();
    recorder.device().run("curl", &send)?;
    recorder.stop_and_look()?;
    for (port, least_up, least_down) in [(40_001, 0, 200_000), (40_002, 60_000, 0)] {
        let (up, down) = recorder.tshark_bytes(port)?;
        let most = |least: u64| least + least * TLS_PERCENT / 100 + 4_000;
        ensure!((least_up..most(least_up)).contains(&up), "{up} bytes up");
        ensure!((least_down..most(least_down)).contains(&down), "{down} bytes down");
        recorder.expect(port, 443, format_args!("tls {NAME} alpn=h2,http/1.1 ech=no"));
        recorder.expect_back(443, port, "tls-server-hello");
        recorder.expect(port, 443, format_args!("flow {NAME} up={up} down={down} established"));
    }
    Ok(())
}

fn dns(recorder: &mut Recorder) -> anyhow::Result<()> {
    recorder.lab.serve_dns_with(&[
        "--host-record=pool.example.net,203.0.113.7,2001:db8::7,60",
        "--cname=middle.example.net,pool.example.net,60",
        "--cname=www.example.com,middle.example.net,60",
        "--local=/example.com/",
        "--local=/example.net/",
    ])?;
    recorder.start()?;
    let look_up = |recorder: &Recorder| {
        recorder.try_on_device("getent", &["ahosts", "www.example.com"])?;
        recorder.try_on_device("getent", &["ahostsv4", "nobody.example.com"])
    };
    look_up(recorder)?;
    recorder.device().set_resolver(&format!("nameserver {HUB}\noptions use-vc\n"))?;
    look_up(recorder)?;
    for _ in ["UDP", "TCP"] {
        for (kind, address) in [(1, "203.0.113.7"), (28, "2001:db8::7")] {
            recorder.expect("*", 53, format_args!("dns-query www.example.com {kind}"));
            recorder.expect_back(53, "*", format_args!("dns-response www.example.com {kind} rcode=0"));
            for (owner, data) in [
                ("www.example.com", "alias middle.example.net".to_owned()),
                ("middle.example.net", "alias pool.example.net".to_owned()),
                ("pool.example.net", format!("address {address}")),
            ] {
                recorder.expect_back(53, "*", format_args!("dns-answer {owner} ttl=60 {data}"));
            }
        }
        recorder.expect("*", 53, "dns-query nobody.example.com 1");
        recorder.expect_back(53, "*", "dns-response nobody.example.com 1 rcode=3");
    }
    Ok(())
}

/// What a server says to one thing after another.
type Answers = &'static [&'static [u8]];

fn starttls(recorder: &mut Recorder) -> anyhow::Result<()> {
    let servers: [(&str, u16, &[u8], Answers); 4] = [
        (
            "smtp",
            587,
            b"220 mail.example.com ESMTP\r\n",
            &[b"250-mail.example.com\r\n250-SIZE 1000000\r\n250 STARTTLS\r\n", b"220 go ahead\r\n"],
        ),
        (
            "imap",
            143,
            b"* OK ready\r\n",
            &[b"* CAPABILITY IMAP4rev1 STARTTLS\r\n. OK done\r\n", b". OK begin\r\n"],
        ),
        ("pop3", 110, b"+OK ready\r\n", &[b"+OK begin\r\n"]),
        ("ftp", 21, b"220 ready\r\n", &[b"234 go\r\n"]),
    ];
    for (_, port, banner, answers) in servers {
        recorder.serve(port, banner, answers)?;
    }
    recorder.start()?;
    for (at, (protocol, port, ..)) in servers.into_iter().enumerate() {
        let (name, local) = (format!("{protocol}.example.com"), 40_011 + at);
        let (server, bind) = (format!("{HUB}:{port}"), format!("{}:{local}", super::DEVICE));
        let args =
            ["s_client", "-starttls", protocol, "-connect", &server, "-servername", &name, "-bind", &bind];
        recorder.try_on_device("openssl", &args)?;
        recorder.expect(local, port, format_args!("tls {name} alpn=- ech=no"));
        recorder.expect_back(port, local, "tls-alert 40");
    }
    Ok(())
}

fn proxies(recorder: &mut Recorder) -> anyhow::Result<()> {
    const DONE5: &[u8] = &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    recorder.serve(3128, b"", &[b"HTTP/1.1 200 Connection established\r\n\r\n"])?;
    recorder.serve(8080, b"", &[b"HTTP/1.1 204 No Content\r\n\r\n"])?;
    recorder.serve(1080, b"", &[&[5, 0], DONE5])?;
    recorder.serve(1081, b"", &[&[5, 2], &[1, 0], DONE5])?;
    recorder.serve(1082, b"", &[&[0, 90, 0, 0, 0, 0, 0, 0]])?;
    recorder.start()?;
    let tunnels = [
        (40_021, 3128, "http", "connect.example.com", "http-connect connect.example.com 443"),
        (40_022, 1080, "socks5h", "socks.example.com", "socks-connect socks.example.com 443"),
        (40_023, 1081, "socks5h", "password.example.com", "socks-connect password.example.com 443"),
        (40_024, 1082, "socks4a", "old.example.com", "socks-connect old.example.com 443"),
    ];
    for (local, port, scheme, name, fact) in tunnels {
        let credentials = if port == 1081 { "me:secret@" } else { "" };
        let proxy = format!("{scheme}://{credentials}{HUB}:{port}");
        let (local_port, url) = (local.to_string(), format!("https://{name}/"));
        recorder
            .try_on_device("curl", &["-sS", "-m", "20", "--local-port", &local_port, "-x", &proxy, &url])?;
        recorder.expect(local, port, fact);
        recorder.expect(local, port, format_args!("tls {name} alpn=h2,http/1.1 ech=no"));
        recorder.expect_back(port, local, "tls-alert 40");
    }
    let proxy = format!("http://{HUB}:8080");
    let args = ["-sS", "-m", "20", "--local-port", "40025", "-x", &proxy, "http://plain.example.com/page"];
    recorder.try_on_device("curl", &args)?;
    recorder.expect(40_025, 8080, "http-host plain.example.com");
    Ok(())
}
