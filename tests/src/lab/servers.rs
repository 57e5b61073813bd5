//! Real servers on the hub: dnsmasq answers names, Caddy serves them over TLS 1.3 and HTTP/3.

use std::{fs, net::Ipv4Addr, path::PathBuf};

use anyhow::Context;

use super::{HUB, Lab, Running, wait_for};

/// Where the hub takes uploads, behind Caddy.
const SINK: &str = "127.0.0.1:9000";

/// Caddy on the hub: serves the files of `root`, and takes whatever is sent to `/upload`.
pub struct Web {
    /// The root certificate that clients must trust, PEM.
    pub ca: PathBuf,
    /// Caddy's access log, a JSON object a line.
    pub access_log: PathBuf,
    /// Where files to serve go.
    pub root: PathBuf,
}

impl Lab {
    /// Starts dnsmasq with an address for each of these names (and all below them), and nothing for any other.
    pub fn serve_dns(&mut self, names: &[&str]) -> anyhow::Result<()> {
        let at_hub: Vec<_> = names.iter().map(|name| ((*name).to_owned(), HUB)).collect();
        self.serve_addresses(&at_hub)
    }

    /// The same with an address for each.
    pub fn serve_addresses(&mut self, names: &[(String, Ipv4Addr)]) -> anyhow::Result<()> {
        let records: Vec<_> =
            names.iter().map(|(name, address)| format!("--address=/{name}/{address}")).collect();
        self.serve_dns_with(&records.iter().map(String::as_str).collect::<Vec<_>>())?;
        let (hub, (name, _)) = (self.hub(), names.first().context("no names to serve")?);
        wait_for("dnsmasq", || hub.run("getent", &["ahostsv4", name]).map(Some)).map(drop)
    }

    /// Starts dnsmasq with these options and no other source of names; it may take a moment until it answers.
    pub fn serve_dns_with(&mut self, options: &[&str]) -> anyhow::Result<()> {
        let pid_file = self.path("dnsmasq.pid");
        let mut command = self.hub().command("dnsmasq");
        command
            .args([
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--no-resolv",
                "--no-hosts",
                "--user=root",
            ])
            .arg(format!("--listen-address={HUB}"))
            .arg("--bind-interfaces")
            .arg(format!("--pid-file={}", pid_file.display()))
            .args(options);
        let dnsmasq = Running::start(&mut command, &self.path("dnsmasq.log"))?;
        self.keep(dnsmasq);
        wait_for("dnsmasq to run", || Ok(std::fs::exists(&pid_file)?.then_some(())))
    }

    /// Starts Caddy with a certificate of its own root for each name.
    pub fn serve_web(&mut self, names: &[&str]) -> anyhow::Result<Web> {
        self.take_uploads()?;
        let (home, root, access_log) = (self.path("caddy"), self.path("www"), self.path("access.json"));
        fs::create_dir_all(&home)?;
        fs::create_dir_all(&root)?;
        let config = self.path("Caddyfile");
        fs::write(&config, caddyfile(names, &root.display().to_string(), &access_log.display().to_string()))?;
        let mut command = self.hub().command("caddy");
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(&config)
            .env("XDG_DATA_HOME", &home)
            .env("XDG_CONFIG_HOME", &home)
            .env("HOME", &home);
        let caddy = Running::start(&mut command, &self.path("caddy.log"))?;
        self.keep(caddy);
        let ca = home.join("caddy/pki/authorities/local/root.crt");
        fs::write(root.join("ready"), "ready\n")?;
        let (hub, trust) = (self.hub(), ca.display().to_string());
        for name in names {
            let url = format!("https://{name}/ready");
            wait_for("caddy", || hub.run("curl", &["-sSf", "--cacert", &trust, &url]).map(Some))?;
        }
        Ok(Web { ca, access_log, root })
    }
}

impl Lab {
    /// Reads every request body to its end and answers its length.
    fn take_uploads(&mut self) -> anyhow::Result<()> {
        let sink = axum::Router::new()
            .fallback(async |body: axum::body::Bytes| body.len().to_string())
            .layer(axum::extract::DefaultBodyLimit::disable());
        let listener = self.hub().inside(async || Ok(std::net::TcpListener::bind(SINK)?))?;
        listener.set_nonblocking(true)?;
        let runtime = self.runtime();
        let listener = runtime.block_on(async { tokio::net::TcpListener::from_std(listener) })?;
        runtime.spawn(async move { axum::serve(listener, sink).await });
        Ok(())
    }
}

fn caddyfile(names: &[&str], root: &str, access_log: &str) -> String {
    let sites = names.join(", ");
    format!(
        "{{
    admin off
    skip_install_trust
    auto_https disable_redirects
}}
{sites} {{
    bind {HUB}
    tls internal
    root * {root}
    log {{
        output file {access_log}
        format json
    }}
    handle /upload {{
        reverse_proxy {SINK}
    }}
    handle {{
        file_server
    }}
}}
"
    )
}
