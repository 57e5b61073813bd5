//! What a hello says about the program that sent it.
//!
//! Owns the table of engines: JA4's middle part, the hash of the ciphers, stays the same over the versions of one
//! program; its third part over some. Refuses what a hello can't tell. OpenSSL's own list (curl, but also sync
//! clients), `GnuTLS`'s (git on Debian, but also `WebKitGTK`, a browser), rustls's and Apple's (whatever loads its
//! pages through the system) stand in no row: all kinds of programs send them.

use super::{AppClass, AppMatch, Quality};
use crate::{classify::Subject, flows::Hello};

/// What a program is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// Mozilla's: a browser, or the mail program that shows pages with it.
    Firefox,
    /// Google's: browsers, and all that is built with Electron or CEF.
    Chromium,
    /// The library of a language; not that of an engine that shows pages.
    Library,
}

/// JA4's hash of the ciphers, whose it is, and why it is believed.
const CIPHERS: &[(&str, Engine)] = &[
    // Firefox to 150: NSS's list in Mozilla's selection, the same since version 94. Published.
    ("5b57614c22b0", Engine::Firefox),
    // Firefox from 151, without one of the CBC suites. Published.
    ("86a278354501", Engine::Firefox),
    // Chromium since version 83: BoringSSL's list in Chromium's selection. Published; measured with 156.
    ("8daaf6152771", Engine::Chromium),
    // CPython from 3.10 sets a list of its own. Published; measured with urllib3 and urllib.
    ("85036bcba153", Engine::Library),
    // Node.js 18 to 22 sets a list of its own; Electron's BoringSSL can't. Published; measured with 20.
    ("a33745022dd6", Engine::Library),
    // Go from 1.22. Published.
    ("f57a46bbacb6", Engine::Library),
    // Go to 1.21. Published.
    ("9dc949149365", Engine::Library),
    // Java 17. Measured with `HttpsURLConnection` and `HttpClient`.
    ("db35923f8641", Engine::Library),
];
/// In QUIC all offer the same three ciphers: JA4's last two parts, where they are an engine's own.
const QUIC: &[(&str, Engine)] = &[
    // Published as Chromium's, versions 114 to 133.
    ("55b375c5d22e_06cda9e17597", Engine::Chromium),
    // Measured with Chromium 156.
    ("55b375c5d22e_178839b6cec1", Engine::Chromium),
];
/// JA4's last two parts in QUIC of libraries that show no pages. Measured with curl 8 and with quinn on rustls 0.23.
const LIBRARIES_IN_QUIC: [&str; 2] = ["55b375c5d22e_f5ac3e2d82fc", "55b375c5d22e_387675cfb458"];
/// Apple's list, of Safari and of all that loads through the system. Published.
const APPLE: &str = "a09f3c656075";
/// What a browser offers to speak. Android's own services have Firefox's ciphers, but not both of these.
const PAGES: [&str; 2] = ["h2", "http/1.1"];

/// Services whose vendor ships a client for the desktop that is built on Chromium, by id in the catalog: there its
/// hello says neither one nor the other. Missing one counts its client as a browser.
const BUILT_ON_CHROMIUM: &[&str] = &[
    "1password",
    "adobe-creative-cloud",
    "airtable",
    "akiflow",
    "amazon-chime",
    "anytype",
    "asana",
    "basecamp",
    "beekeeper",
    "bitwarden",
    "canva",
    "chatgpt",
    "chatwork",
    "claude",
    "clickup",
    "clockify",
    "coda",
    "craft",
    "cursor",
    "dashlane",
    "descript",
    "dialpad",
    "discord",
    "docker-hub",
    "element",
    "element-matrix-services",
    "evernote",
    "facebook",
    "figma",
    "fathom",
    "front",
    "github",
    "github-copilot",
    "gitkraken",
    "gitter",
    "goto-meeting",
    "grammarly",
    "granola",
    "harvest",
    "heptabase",
    "insomnia",
    "joplin",
    "keeper",
    "krisp",
    "lark",
    "linear",
    "logseq",
    "loom",
    "lucidchart-lucidspark",
    "mailspring",
    "mattermost",
    "messenger",
    "microsoft-teams",
    "microsoft-to-do",
    "mindmeister",
    "miro",
    "missive",
    "monday-com",
    "mural",
    "notion",
    "obsidian",
    "pcloud",
    "postman",
    "proton-mail",
    "proton-pass",
    "pumble",
    "remnote",
    "ringcentral",
    "rocket-chat",
    "session",
    "shortwave",
    "signal",
    "simplenote",
    "slack",
    "standard-notes",
    "sunsama",
    "superhuman",
    "telegram",
    "threema",
    "ticktick",
    "todoist",
    "toggl",
    "trello",
    "tuta",
    "twist",
    "visual-studio-marketplace",
    "webex",
    "whatsapp",
    "whimsical",
    "windsurf",
    "wire",
    "workplace-by-meta",
    "wrike",
    "xmind",
    "zeplin",
    "zoho-cliq",
    "zoho-mail",
    "zoom",
    "zulip",
];

/// Needs whose vendors run programs in the background that are written with the same libraries as scripts are.
const RUN_IN_THE_BACKGROUND: &[&str] = &[
    "identity",
    "it-management",
    "monitoring",
    "password-manager",
    "remote-control",
    "security",
    "store-files",
    "tunnel-vpn",
];

impl Engine {
    /// By JA4; `None` where the hello was not whole or is nobody's own.
    pub(super) fn of(hello: &Hello) -> Option<Self> {
        let (head, ciphers) = hello.ja4.split_once('_')?;
        let find = |table: &[(&str, Self)], own: &str| {
            table.iter().find(|(listed, _)| *listed == own).map(|(_, engine)| *engine)
        };
        if head.starts_with('q') {
            return find(QUIC, ciphers);
        }
        let engine = find(CIPHERS, ciphers.split('_').next()?)?;
        (engine == Self::Library || hello.alpn == PAGES).then_some(engine)
    }
}

/// The hello may be that of a program that shows pages: a browser, or a client that is built on one. Engines leave HTTP/2
/// out where they open a socket; in QUIC all is theirs that is not known to be a library's.
pub(super) fn may_show_pages(hello: &Hello) -> bool {
    let Some((head, own)) = hello.ja4.split_once('_') else { return true };
    if head.starts_with('q') {
        return !LIBRARIES_IN_QUIC.contains(&own);
    }
    let ciphers = own.split('_').next().unwrap_or_default();
    let shows = |(listed, engine): &(&str, Engine)| *listed == ciphers && *engine != Engine::Library;
    ciphers == APPLE || CIPHERS.iter().any(shows)
}

/// What an engine says about the program at this place. Outside the catalog Chromium's may be anybody's client, and a
/// library's anybody's agent.
pub(super) fn told(engine: Engine, subject: &Subject<'_>) -> Option<AppMatch> {
    let (class, quality) = match (engine, subject) {
        (Engine::Firefox, _) => (AppClass::Browser, Quality::Engine),
        (Engine::Chromium, Subject::Service { service, .. })
            if !BUILT_ON_CHROMIUM.contains(&service.id()) =>
        {
            (AppClass::Browser, Quality::Engine)
        }
        (Engine::Library, Subject::Service { service, .. })
            if !RUN_IN_THE_BACKGROUND.contains(&service.need()) =>
        {
            (AppClass::DeveloperTool, Quality::Library)
        }
        _ => return None,
    };
    Some(AppMatch { quality, class })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_show_pages_is_told_by_the_ciphers_alone() {
        let cases = [
            ("t13d1516h2_8daaf6152771_02713d6af862", true),
            ("t13d1515h1_8daaf6152771_de4a06bb82e3", true),
            ("t13d2014h2_a09f3c656075_14788d8d241b", true),
            ("q13d0312h3_55b375c5d22e_ffffffffffff", true),
            ("q13d0312h3_55b375c5d22e_f5ac3e2d82fc", false),
            ("", true),
            ("t13d3112h2_e8f1e7e78f70_375ca2c5e164", false),
            ("t13d1812h1_85036bcba153_375ca2c5e164", false),
        ];
        for (ja4, expected) in cases {
            let hello = Hello { ja4: ja4.into(), alpn: Vec::new(), encrypted: false };
            assert_eq!(may_show_pages(&hello), expected, "{ja4}");
        }
    }

    fn engine(ja4: &str, alpn: &[&str]) -> Option<Engine> {
        let alpn = alpn.iter().map(|&protocol| protocol.into()).collect();
        Engine::of(&Hello { ja4: ja4.into(), alpn, encrypted: false })
    }

    #[test]
    fn an_engine_is_told_only_where_its_hello_is_its_own() {
        use Engine::{Chromium, Firefox, Library};
        let pages: &[&str] = &PAGES;
        for (whose, ja4, alpn, expected) in [
            ("Firefox 99", "t13d1715h2_5b57614c22b0_3d5424432f57", pages, Some(Firefox)),
            ("Firefox 120", "t13d1715h2_5b57614c22b0_5c2c66f702b0", pages, Some(Firefox)),
            ("Firefox 132", "t13d1716h2_5b57614c22b0_bdfeeec9ffef", pages, Some(Firefox)),
            ("Firefox 153", "t13d1617h2_86a278354501_3cbfd9057e0d", pages, Some(Firefox)),
            ("Chromium or Electron", "t13d1516h2_8daaf6152771_02713d6af862", pages, Some(Chromium)),
            ("Chromium 156", "t13d1517h2_8daaf6152771_cb7bf5808d99", pages, Some(Chromium)),
            ("Chromium 156 in QUIC", "q13d0312h3_55b375c5d22e_178839b6cec1", &["h3"], Some(Chromium)),
            ("curl in QUIC", "q13d0312h3_55b375c5d22e_f5ac3e2d82fc", &["h3"], None),
            ("Safari or a client on macOS", "t13d2014h2_a09f3c656075_14788d8d241b", pages, None),
            ("a game on Android", "t13d1713h1_5b57614c22b0_eca864cca44a", &["http/1.1"], None),
            ("a service of Android", "t13d1712h2_5b57614c22b0_3f5d972527c0", &["h2"], None),
            ("curl on Debian 12", "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6", pages, None),
            ("OpenSSL's s_client", "t13d311000_e8f1e7e78f70_1f22a2ca17c4", &[], None),
            ("Python as Debian builds it", "t13d3113h1_e8f1e7e78f70_d339722ba4af", &["http/1.1"], None),
            ("git on Debian 12", "t13d2912h2_723694b0fccc_288f874c93d6", pages, None),
            ("Python, urllib3", "t13d1812h1_85036bcba153_b26ce05bbdd6", &["http/1.1"], Some(Library)),
            ("Python, urllib", "t13d1813h1_85036bcba153_d339722ba4af", &["http/1.1"], Some(Library)),
            ("Node.js 20, https", "t13d591000_a33745022dd6_1f22a2ca17c4", &[], Some(Library)),
            ("Node.js 20, fetch", "t13d5911h1_a33745022dd6_1f22a2ca17c4", &["http/1.1"], Some(Library)),
            ("Go 1.22", "t13d1312h2_f57a46bbacb6_ab7e3b40a677", pages, Some(Library)),
            ("Go 1.20", "t13d190900_9dc949149365_97f8aa674fd9", &[], Some(Library)),
            ("Java 17", "t13d3713h2_db35923f8641_7c76daad20ec", pages, Some(Library)),
            ("rustls", "t13d1011h2_61a7ad8aa9b6_3fcd1a44f3e3", pages, None),
            ("a hello that was not whole", "", pages, None),
            ("no fingerprint", "8daaf6152771", pages, None),
        ] {
            assert_eq!(engine(ja4, alpn), expected, "{whose}");
        }
    }

    #[test]
    fn what_the_tables_name_stands_in_the_catalog() {
        let catalog = elsewhere_catalog::builtin();
        for id in BUILT_ON_CHROMIUM {
            assert!(catalog.service(id).is_some(), "no service {id}");
        }
        for need in RUN_IN_THE_BACKGROUND {
            assert!(catalog.need(need).is_some(), "no need {need}");
        }
    }
}
