//! The catalog as it is built in.

use proptest::prelude::*;

use super::*;

/// `service:role`, `plumbing:kind`, `personal` or `unknown`.
fn verdict(name: &str) -> String {
    match builtin().classify(name) {
        Verdict::Service { service, role, .. } => format!("{}:{}", service.id, role.as_str()),
        Verdict::Plumbing(kind) => format!("plumbing:{}", kind.as_str()),
        other => other.as_str().to_owned(),
    }
}

#[test]
fn names_are_told_apart() {
    let cases = [
        ("wetransfer.com", "wetransfer:site"),
        ("WWW.WeTransfer.COM", "wetransfer:site"),
        ("wetransfer.com.", "wetransfer:site"),
        ("evil-dropbox.com", "unknown"),
        ("dropbox.com.example", "unknown"),
        ("notdocs.google.com", "unknown"),
        ("fritz.box", "plumbing:local-network"),
        ("printer.local", "plumbing:local-network"),
        ("1.0.168.192.in-addr.arpa", "plumbing:local-network"),
        ("localhost", "plumbing:local-network"),
        ("flo.health", "personal"),
        ("www.doctolib.de", "personal"),
        ("example.org", "unknown"),
    ];
    for (name, expected) in cases {
        assert_eq!(verdict(name), expected, "for {name}");
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
    assert_eq!(verdict("WETRANSFER。com"), "wetransfer:site");
    assert_eq!(verdict("dröpbox.com"), "unknown");
}

#[test]
fn every_need_has_services() {
    assert_eq!(builtin().needs().len(), 45);
    for need in builtin().needs() {
        let services = builtin().services().filter(|service| service.need == need.id).count();
        assert!(services >= 3, "{} has {services}", need.id);
        assert_eq!(builtin().need(need.id), Some(need));
    }
    assert!(builtin().services().len() >= 300);
}

#[test]
fn every_service_is_found_by_its_id_and_serves_a_known_need() {
    for service in builtin().services() {
        assert_eq!(builtin().service(service.id), Some(service));
        assert!(builtin().need(service.need).is_some(), "{}", service.id);
    }
    assert_eq!(builtin().service("no-such-service"), None);
}

#[test]
fn a_home_page_belongs_to_its_service_or_its_vendor() {
    for service in builtin().services() {
        if let Verdict::Service { service: found, .. } = builtin().classify(service.home) {
            assert_eq!(found.vendor, service.vendor, "home {} of {}", service.home, service.id);
        }
    }
}

#[test]
fn the_catalog_stays_small() {
    let catalog = builtin();
    let words = |service: &Service| {
        size_of::<Service>()
            + service.id.len()
            + service.name.len()
            + service.vendor.len()
            + service.home.len()
    };
    let bytes = size_of_val(catalog.table.rules)
        + size_of_val(catalog.table.slots)
        + catalog.table.text.len()
        + catalog.services().map(words).sum::<usize>();
    assert!(bytes <= 2 << 20, "{bytes} bytes");
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
