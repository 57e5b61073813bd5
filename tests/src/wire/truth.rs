//! What independent tools saw in a set of captures: `truth.jsonl` beside them, one object a file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use elsewhere_agent::decode::Transport;
use serde::{Deserialize, Deserializer, de::Error as _};

/// The kinds of names that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Server name of a hello over TCP.
    TlsSni,
    /// Server name of a hello in QUIC.
    QuicSni,
    /// Name asked for in DNS.
    DnsName,
    /// `Host` of an HTTP/1 request, or the target of a `CONNECT`.
    HttpHost,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::TlsSni, Self::QuicSni, Self::DnsName, Self::HttpHost];

    /// As `truth.jsonl` says it.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::TlsSni => "tls_sni",
            Self::QuicSni => "quic_sni",
            Self::DnsName => "dns_name",
            Self::HttpHost => "http_host",
        }
    }

    /// As the table says it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::TlsSni => "TLS",
            Self::QuicSni => "QUIC",
            Self::DnsName => "DNS",
            Self::HttpHost => "HTTP",
        }
    }
}

/// A DNS answer record: owner, type, value.
pub(super) type Answer = (String, String, String);

/// One capture and what is in it.
#[derive(Debug, Deserialize)]
pub(super) struct Capture {
    /// Path below the captures' folder.
    pub(super) file: String,
    /// Names by [`Kind::key`].
    names: BTreeMap<String, Vec<Name>>,
    /// DNS answer records.
    pub(super) answers: BTreeSet<Answer>,
    /// TCP and UDP flows that have a name.
    pub(super) flows: Vec<Flow>,
    /// What tshark noticed, with packet counts.
    #[serde(default)]
    pub(super) features: BTreeMap<String, u64>,
}

/// A name and who saw it.
#[derive(Debug, Deserialize)]
pub(super) struct Name {
    /// Lower case, no final dot.
    pub(super) name: String,
    /// The tools that found it.
    pub(super) seen_by: Vec<String>,
}

/// A flow with a name.
#[derive(Debug, Deserialize)]
pub(super) struct Flow {
    /// `tcp` or `udp`.
    l4: String,
    /// Who opened it.
    #[serde(deserialize_with = "endpoint")]
    pub(super) client: SocketAddr,
    /// Whom it went to.
    #[serde(deserialize_with = "endpoint")]
    pub(super) server: SocketAddr,
    /// Its names, each with its kind; these kinds are finer than ours.
    pub(super) names: Vec<(String, String)>,
    /// Payload from the client, every segment of it.
    pub(super) bytes_c2s: u64,
    /// Payload from the server, every segment of it.
    pub(super) bytes_s2c: u64,
    /// Handshake round trip.
    pub(super) rtt_us: Option<f64>,
    /// ALPN protocols of its hello.
    pub(super) alpn: Vec<String>,
    /// Its hello has an ECH extension.
    pub(super) ech: bool,
    /// QUIC versions, as `0x00000001`.
    pub(super) quic_versions: Vec<String>,
}

impl Flow {
    /// TCP or UDP.
    pub(super) fn transport(&self) -> Transport {
        if self.l4 == "tcp" { Transport::Tcp } else { Transport::Udp }
    }
}

impl Capture {
    /// The names of one kind.
    pub(super) fn names(&self, kind: Kind) -> &[Name] {
        self.names.get(kind.key()).map_or(&[], Vec::as_slice)
    }
}

/// Reads `truth.jsonl` of a folder, and makes sure that each capture it speaks of is there.
pub(super) fn read(folder: &Path) -> anyhow::Result<Vec<Capture>> {
    ensure!(
        folder.is_dir(),
        "{} is no folder: captures with their truth.jsonl are needed; say where with --captures DIR",
        folder.display()
    );
    let path = folder.join("truth.jsonl");
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let captures = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(|(at, line)| {
        let capture: Capture =
            serde_json::from_str(line).with_context(|| format!("{}:{}", path.display(), at + 1))?;
        let file = path_of(folder, &capture);
        ensure!(file.is_file(), "{} is in truth.jsonl and not in the folder", file.display());
        Ok(capture)
    });
    let captures: Vec<_> = captures.collect::<anyhow::Result<_>>()?;
    ensure!(!captures.is_empty(), "{} is empty", path.display());
    Ok(captures)
}

/// An address and a port behind the last colon; IPv6 stands with or without brackets.
fn endpoint<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let parse = |text: &str| {
        let (address, port) = text.rsplit_once(':')?;
        let address = address.trim_start_matches('[').trim_end_matches(']');
        Some(SocketAddr::new(address.parse().ok()?, port.parse().ok()?))
    };
    parse(&text).ok_or_else(|| D::Error::custom(format!("'{text}' is no address with a port")))
}

/// Where a capture lies.
pub(super) fn path_of(folder: &Path, capture: &Capture) -> PathBuf {
    folder.join(&capture.file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_captures_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let missing = read(&folder.path().join("nowhere")).unwrap_err().to_string();
        assert!(missing.contains("--captures DIR"), "{missing}");
        fs::write(folder.path().join("truth.jsonl"), "").unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("is empty"));
        let line = r#"{"file":"a.pcap","names":{"dns_name":[{"name":"a.example","seen_by":["tshark-4.0"]}]},"answers":[],"flows":[]}"#;
        fs::write(folder.path().join("truth.jsonl"), line).unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("not in the folder"));
        fs::write(folder.path().join("a.pcap"), "").unwrap();
        assert_eq!(read(folder.path()).unwrap()[0].names(Kind::DnsName)[0].name, "a.example");
    }
}
