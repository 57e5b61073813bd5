//! What a connection was to: a service and the role of its host, plumbing, or a name outside the catalog.
//!
//! Owns the verdict on a flow and the class of program behind it. Refuses private life: a personal name becomes
//! [`Subject::Personal`], which holds nothing, and no later stage learns more. Always holds: the public name of a
//! real Encrypted Client Hello is no subject, because `flows` does not hand it on.

use elsewhere_catalog::{Catalog, PlumbingKind, Role, Service, Verdict};
use serde::{Deserialize, Serialize};

use crate::{
    decode::Transport,
    flows::{Flow, Hello, Naming, is_tunnel},
};

/// Port of DNS over TLS (RFC 7858) and over QUIC (RFC 9250).
const ENCRYPTED_DNS_PORT: u16 = 853;
/// JA4's hash of the ciphers that Firefox offers. Chromium's is left out, because every Electron client of a vendor
/// sends the same, and so is Safari's, which belongs to whatever loads its pages through Apple's libraries.
const FIREFOX_CIPHERS: &str = "5b57614c22b0";
/// What a browser offers to speak. Android's own services have Firefox's ciphers, but not both of these.
const BROWSER_ALPN: [&str; 2] = ["h2", "http/1.1"];

/// What a connection was to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'f> {
    /// A host of a service in the catalog.
    Service {
        /// The service.
        service: &'static Service,
        /// What the host does for it.
        role: Role,
        /// Pages of others load from this host too.
        often_embedded: bool,
    },
    /// A name outside the catalog, by its registrable domain.
    Unlisted(&'f str),
    /// What machines contact for themselves.
    Plumbing(PlumbingKind),
    /// A tunnel of some network: what goes through it is not seen, or seen on the interface inside.
    Tunnel,
    /// Private life. Which kind is not said, to nobody.
    Personal,
    /// Nobody knows: no name, several, a hidden one, or one without a registrable domain.
    Unnamed,
}

/// The kind of program behind a connection, never its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppClass {
    /// Nothing tells.
    #[default]
    Unknown,
    /// A web browser.
    Browser,
    /// The service vendor's own client.
    VendorClient,
    /// A developer's tool.
    DeveloperTool,
    /// The operating system.
    System,
    /// Anything else.
    Other,
}

impl AppClass {
    /// The word for it in what the programs print.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Browser => "browser",
            Self::VendorClient => "vendor-client",
            Self::DeveloperTool => "developer-tool",
            Self::System => "system",
            Self::Other => "other",
        }
    }
}

/// What the flow was to, by the catalog.
pub fn subject<'f>(catalog: &'static Catalog, flow: &'f Flow) -> Subject<'f> {
    if flow.key.dst.port() == ENCRYPTED_DNS_PORT {
        return Subject::Plumbing(PlumbingKind::Dns);
    }
    if is_tunnel(&flow.key) {
        return Subject::Tunnel;
    }
    let Naming::Known(name, _) = &flow.naming else { return Subject::Unnamed };
    match catalog.classify(name.as_str()) {
        Verdict::Service { service, role, often_embedded } => {
            Subject::Service { service, role, often_embedded }
        }
        Verdict::Plumbing(kind) => Subject::Plumbing(kind),
        Verdict::Personal => Subject::Personal,
        Verdict::Unknown => name.registrable().map_or(Subject::Unnamed, Subject::Unlisted),
    }
}

/// The class of program, as far as its hello gives it away.
pub fn app_class(flow: &Flow) -> AppClass {
    match &flow.hello {
        Some(hello) if flow.key.transport == Transport::Tcp && is_browser(hello) => AppClass::Browser,
        _ => AppClass::Unknown,
    }
}

/// By the middle part of JA4, the hash of the ciphers, which stays the same over versions of one browser.
fn is_browser(hello: &Hello) -> bool {
    hello.ja4.split('_').nth(1) == Some(FIREFOX_CIPHERS) && hello.alpn == BROWSER_ALPN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_told_only_where_its_hello_is_its_own() {
        let both: &[&str] = &BROWSER_ALPN;
        for (whose, ja4, alpn, expected) in [
            ("Firefox 99", "t13d1715h2_5b57614c22b0_3d5424432f57", both, true),
            ("Firefox 120", "t13d1715h2_5b57614c22b0_5c2c66f702b0", both, true),
            ("Firefox 132", "t13d1716h2_5b57614c22b0_bdfeeec9ffef", both, true),
            ("Chromium or Electron", "t13d1516h2_8daaf6152771_02713d6af862", both, false),
            ("Safari or a client on macOS", "t13d2014h2_a09f3c656075_14788d8d241b", both, false),
            ("a game on Android", "t13d1713h1_5b57614c22b0_eca864cca44a", &["http/1.1"], false),
            ("a service of Android", "t13d1712h2_5b57614c22b0_3f5d972527c0", &["h2"], false),
            ("a hello that was not whole", "", both, false),
        ] {
            let alpn = alpn.iter().map(|&protocol| protocol.into()).collect();
            let hello = Hello { ja4: ja4.into(), alpn, encrypted: false };
            assert_eq!(is_browser(&hello), expected, "{whose}");
        }
    }
}
