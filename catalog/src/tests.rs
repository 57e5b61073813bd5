//! The catalog as it is built in.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// `service:role`, `plumbing:kind`, `personal` or `unknown`.
fn verdict(name: &str) -> String {
    match builtin().classify(name) {
        Verdict::Service { service, role, .. } => format!("{}:{}", service.id(), role.as_str()),
        Verdict::Plumbing(kind) => format!("plumbing:{}", kind.as_str()),
        other => other.as_str().to_owned(),
    }
}

#[test]
fn names_are_told_apart() {
    let cases = [
        // Case, final dot, and names that only look alike.
        ("wetransfer.com", "wetransfer:app"),
        ("WWW.WeTransfer.COM", "wetransfer:app"),
        ("wetransfer.com.", "wetransfer:app"),
        ("dropbox.com", "dropbox:app"),
        ("evil-dropbox.com", "unknown"),
        ("dropbox.com.example", "unknown"),
        ("notdocs.google.com", "plumbing:vendor"),
        ("docs.google.com", "google-docs:app"),
        ("docs.google.com.evil.example", "unknown"),
        // A suite is split by host.
        ("outlook.office.com", "outlook:app"),
        ("OUTLOOK.office365.com", "outlook:app"),
        ("acme.sharepoint.com", "sharepoint-online:tenant"),
        ("onedrive.live.com", "onedrive:app"),
        ("teams.microsoft.com", "microsoft-teams:app"),
        ("login.microsoftonline.com", "microsoft-sign-in:login"),
        ("portal.azure.com", "azure:console"),
        ("drive.google.com", "google-drive:app"),
        ("mail.google.com", "gmail:app"),
        ("meet.google.com", "google-meet:app"),
        ("calendar.google.com", "google-calendar:app"),
        ("accounts.google.com", "google-sign-in:login"),
        ("acme.atlassian.net", "confluence-and-jira:tenant"),
        // The roles of one service.
        ("api.github.com", "github:api"),
        ("raw.githubusercontent.com", "github:content"),
        ("somebody.github.io", "github-pages:hosted"),
        ("acme.slack.com", "slack:site"),
        ("wss-primary.slack.com", "slack:api"),
        ("js.stripe.com", "stripe:embed"),
        ("dashboard.stripe.com", "stripe:console"),
        ("api.openai.com", "openai-api:api"),
        ("chatgpt.com", "chatgpt:app"),
        ("claude.ai", "claude:app"),
        // Exact goes before suffix: the maker's page is not what its customers publish.
        ("ghost.io", "ghost:site"),
        ("somebody.ghost.io", "ghost:hosted"),
        ("gchq.github.io", "cyberchef:app"),
        // The longest rule decides, whatever its kind.
        ("www.amazon.com", "personal"),
        ("console.aws.amazon.com", "amazon-web-services:console"),
        ("www.facebook.com", "facebook:site"),
        ("pixel.facebook.com", "plumbing:ad-tracker"),
        ("safebrowsing.googleapis.com", "plumbing:safe-browsing"),
        // Called by pages, programs and operating systems of the vendor by themselves.
        ("play.google.com", "plumbing:vendor"),
        ("oauth2.googleapis.com", "plumbing:vendor"),
        ("edgeservices.bing.com", "plumbing:vendor"),
        ("enterpriseregistration.windows.net", "plumbing:vendor"),
        ("eur.loki.delve.office.com", "plumbing:vendor"),
        ("ctldl.windowsupdate.com", "plumbing:certificates"),
        ("au.download.windowsupdate.com", "plumbing:update"),
        ("www.google-analytics.com", "google-analytics:embed"),
        ("ocsp.digicert.com", "plumbing:certificates"),
        ("flo.health", "personal"),
        ("www.doctolib.de", "personal"),
        ("de.wikipedia.org", "wikipedia:site"),
        ("fritz.box", "plumbing:local-network"),
        ("printer.local", "plumbing:local-network"),
        ("1.0.168.192.in-addr.arpa", "plumbing:local-network"),
        ("localhost", "plumbing:local-network"),
        ("example.org", "unknown"),
    ];
    for (name, expected) in cases {
        assert_eq!(verdict(name), expected, "for {name}");
    }
}

#[test]
fn a_service_that_pages_embed_says_so() {
    let often_embedded = |name| match builtin().classify(name) {
        Verdict::Service { often_embedded, .. } => often_embedded,
        _ => panic!("{name} is no service"),
    };
    assert!(often_embedded("calendly.com"));
    assert!(often_embedded("www.youtube.com"));
    assert!(often_embedded("app-sj01.marketo.com"));
    assert!(often_embedded("heapanalytics.com"));
    assert!(often_embedded("login.live.com"));
    assert!(!often_embedded("wetransfer.com"));
}

#[test]
fn webmail_messengers_and_social_networks_are_as_often_private() {
    let is_private = |id| builtin().service(id).unwrap().as_often_private();
    for id in
        ["gmail", "whatsapp", "telegram", "signal", "facebook", "linkedin", "instagram", "proton-mail", "gmx"]
    {
        assert!(is_private(id), "{id}");
    }
    for id in ["outlook", "slack", "microsoft-teams", "wetransfer"] {
        assert!(!is_private(id), "{id}");
    }
}

#[test]
fn what_is_no_name_is_unknown() {
    let long_label = format!("{}.dropbox.com", "a".repeat(64));
    let long_name = format!("{}dropbox.com", "a.".repeat(130));
    let no_names = [
        "",
        ".",
        "..",
        "com",
        "intranet-7",
        ".dropbox.com",
        "a..dropbox.com",
        "dropbox.com..",
        "*.dropbox.com",
        "dropbox.com:443",
        "https://dropbox.com",
        "a b.dropbox.com",
        "\0.dropbox.com",
        "192.0.2.1",
        "2001:db8::1",
        "[2001:db8::1]",
        &long_label,
        &long_name,
        &"ü".repeat(5000),
    ];
    for name in no_names {
        assert_eq!(verdict(name), "unknown", "for {name:?}");
    }
}

#[test]
fn the_longest_name_is_still_a_name() {
    let name = format!("{}dropbox.com", "a.".repeat((table::MAX_NAME_BYTES - 11) / 2));
    assert_eq!(name.len(), table::MAX_NAME_BYTES);
    assert_eq!(verdict(&name), verdict("x.dropbox.com"));
}

#[test]
fn an_internationalised_name_matches_its_ascii_form() {
    assert_eq!(verdict("WETRANSFER。com"), "wetransfer:app");
    assert_eq!(verdict("dröpbox.com"), "unknown");
}

#[test]
fn every_need_has_services() {
    assert_eq!(builtin().needs().len(), 45);
    for need in builtin().needs() {
        let services = builtin().services().filter(|service| service.need() == need.id).count();
        assert!(services >= 3, "{} has {services}", need.id);
        assert_eq!(builtin().need(need.id), Some(need));
    }
    assert!(builtin().services().len() >= 3_000);
}

#[test]
fn what_is_known_about_a_service_is_told_in_order_and_can_be_read() {
    let known = |id| builtin().attributes(id).map(|one| (one.name, one.value)).collect::<Vec<_>>();
    assert_eq!(
        known("nextcloud"),
        [(AttributeName::SelfHostable, "yes")],
        "and nothing of its neighbours in the list"
    );
    let mut with_some = 0;
    for service in builtin().services() {
        let attributes: Vec<_> = builtin().attributes(service.id()).collect();
        with_some += usize::from(!attributes.is_empty());
        assert!(attributes.is_sorted_by(|a, b| a.name < b.name), "{}", service.id());
        for one in attributes {
            assert!(one.name.read(one.value).is_ok(), "{}: {one:?}", service.id());
            assert!(one.source.starts_with("https://") && !one.month.is_empty(), "{}: {one:?}", service.id());
        }
    }
    assert!(with_some >= 300, "{with_some}");
}

#[test]
fn every_service_is_found_by_its_id_and_serves_a_known_need() {
    for service in builtin().services() {
        assert_eq!(builtin().service(service.id()), Some(service));
        assert!(builtin().need(service.need()).is_some(), "{}", service.id());
    }
    assert_eq!(builtin().service("no-such-service"), None);
    assert_eq!(builtin().attributes("no-such-service").count(), 0);
}

#[test]
fn a_home_page_belongs_to_its_service_or_its_vendor() {
    for service in builtin().services() {
        if let Verdict::Service { service: found, .. } = builtin().classify(service.home()) {
            assert_eq!(found.vendor(), service.vendor(), "home {} of {}", service.home(), service.id());
        }
    }
}

#[test]
fn the_catalog_stays_small() {
    let memory = builtin().memory();
    assert!(memory.bytes() <= 2 << 20, "{memory:?}");
}

#[test]
fn every_rule_decides_on_its_own_name() {
    let exact: HashSet<_> = builtin().rules().filter(|rule| rule.exact).map(|rule| rule.name).collect();
    for rule in builtin().rules() {
        if rule.exact || !exact.contains(rule.name) {
            assert_eq!(builtin().classify(rule.name), rule.verdict, "{}", rule.name);
        }
    }
}

proptest! {
    #[test]
    fn no_string_makes_classify_panic(name in "\\PC*") {
        builtin().classify(&name);
    }

    #[test]
    fn case_and_final_dot_do_not_matter(name in "[a-zA-Z0-9_-]{1,9}\\.(dropbox|Google|gov|doctolib)\\.(com|de)") {
        let verdict = builtin().classify(&name);
        prop_assert_eq!(verdict, builtin().classify(&name.to_uppercase()));
        let dotted = format!("{name}.");
        prop_assert_eq!(verdict, builtin().classify(&dotted));
    }
}
