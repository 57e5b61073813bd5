//! Small catalogs: what the compiler refuses, in whose words, and that its table answers like a plain walk of labels.

use std::collections::HashMap;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::kind::{PlumbingKind, Role};

const NEEDS: &str = r#"
    version = "2026-11-22"
    [[need]]
    id = "store-files"
    name = "Store and share files"
    job = "keep files"
"#;

/// One service `id`, of the vendor `vendor`, with these rules.
fn service(id: &str, vendor: &str, rules: &str) -> String {
    format!("[[service]]\nid = \"{id}\"\nname = \"Name\"\nvendor = \"{vendor}\"\nrules = [{rules}]\n")
}

fn texts(services: &str, plumbing: &str, personal: &str) -> Texts {
    Texts {
        needs: NEEDS.to_owned(),
        services: vec![("store-files".to_owned(), services.to_owned())],
        plumbing: plumbing.to_owned(),
        personal: personal.to_owned(),
    }
}

/// What the compiler says, all reasons joined; empty if it accepts.
fn refusals(texts: &Texts) -> String {
    let Err(refusals) = compile(texts) else { return String::new() };
    refusals.iter().map(Refusal::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_bad_rule_is_refused_with_its_file_and_entry() {
    let cases = [
        (r#"{ suffix = "Box.com", role = "site" }"#, "rule `Box.com`: write it as `box.com`"),
        (r#"{ suffix = "box.com.", role = "site" }"#, "rule `box.com.`: write it as `box.com`"),
        (r#"{ suffix = "bücher.de", role = "site" }"#, "rule `bücher.de`: write it as `xn--bcher-kva.de`"),
        (r#"{ suffix = "b ox.com", role = "site" }"#, "rule `b ox.com`: is no domain name"),
        (r#"{ suffix = "b..x.com", role = "site" }"#, "rule `b..x.com`: is no domain name"),
        (r#"{ suffix = "", role = "site" }"#, "rule ``: is no domain name"),
        (r#"{ suffix = "10.0.0.1", role = "site" }"#, "rule `10.0.0.1`: is an address, not a name"),
        (
            r#"{ suffix = "box", role = "site" }"#,
            "rule `box`: a single label claims a whole top-level domain",
        ),
        (
            r#"{ suffix = "co.uk", role = "hosted" }"#,
            "rule `co.uk`: is a public suffix, under which anybody can have a name",
        ),
        (
            r#"{ suffix = "github.io", role = "site" }"#,
            "rule `github.io`: is a public suffix: role `hosted`, or `exact`",
        ),
        (
            r#"{ suffix = "box.com", role = "site" }, { suffix = "pages.box.com", role = "hosted" }"#,
            "rule `pages.box.com`: is `hosted` inside `box.com`, the vendor's own domain: `content` is what customers \
             share there",
        ),
        (
            r#"{ suffix = "box.com", role = "main" }"#,
            "rule `box.com`: role `main` is none of app, login, console, tenant, api, content, embed, hosted, site",
        ),
        (
            r#"{ suffix = "box.com", exact = "box.com", role = "site" }"#,
            "rule `box.com`: give either `suffix` or `exact`",
        ),
        (r#"{ role = "site" }"#, "rule ``: give either `suffix` or `exact`"),
        (
            r#"{ suffix = "box.com", role = "site" }, { suffix = "box.com", role = "app" }"#,
            "rule `box.com`: stands in services/store-files.toml, service `box` too",
        ),
    ];
    for (rules, reason) in cases {
        let said = refusals(&texts(&service("box", "Box", rules), "", ""));
        assert_eq!(said, format!("services/store-files.toml: service `box`: {reason}"), "for {rules}");
    }
}

#[test]
fn a_hosted_or_exact_rule_may_name_a_private_public_suffix() {
    let rules = r#"{ suffix = "github.io", role = "hosted" }, { exact = "github.io", role = "site" }"#;
    assert_eq!(refusals(&texts(&service("pages", "GitHub", rules), "", "")), "");
}

#[test]
fn a_bad_service_is_refused() {
    let site = r#"{ suffix = "box.com", role = "site" }"#;
    let with = |line: &str| service("box", "Box", site) + line;
    let cases = [
        (service("Box", "Box", site), "service `Box`: an id is lower-case words joined by `-`"),
        (service("box-", "Box", site), "service `box-`: an id is lower-case words joined by `-`"),
        (service("box", "Box", ""), "service `box`: has no rule"),
        (with("home = \"Box.com\""), "service `box`: home `Box.com`: write it as `box.com`"),
        (with("colour = \"blue\""), "unknown field `colour`"),
        (
            service("box", "Box", site) + &service("box", "Box", r#"{ suffix = "box.net", role = "site" }"#),
            "service `box`: the id is taken in services/store-files.toml",
        ),
        (
            service("box", "Box", site)
                + &service("fox", "Fox", r#"{ suffix = "fox.box.com", role = "app" }"#),
            "service `fox`: rule `fox.box.com`: is inside `box.com` of Box (service `box`): use `exact` if it is right",
        ),
    ];
    for (services, reason) in cases {
        let said = refusals(&texts(&services, "", ""));
        assert!(
            said.starts_with("services/store-files.toml: ") && said.contains(reason),
            "{said}\nlacks {reason}"
        );
    }
}

/// A service with one attribute.
fn known(name: &str, value: &str, source: &str, month: &str) -> Texts {
    let site = service("box", "Box", r#"{ suffix = "box.com", role = "site" }"#);
    let fact = format!("{{ value = \"{value}\", source = \"{source}\", month = \"{month}\" }}");
    texts(&format!("{site}attributes.{name} = {fact}\n"), "", "")
}

#[test]
fn a_bad_attribute_is_refused() {
    let (page, long) = ("https://box.com/pricing", "a".repeat(MAX_WORD_BYTES));
    let cases = [
        (
            known("mascot", "fox", page, "2026-11"),
            "attribute `mascot`: is none of free_tier, size_limit, guests_without_account, list_price, kept_for, mfa, \
             sso_price, self_hostable",
        ),
        (
            known("size_limit", "3GB", page, "2026-11"),
            "attribute `size_limit`: value `3GB` is not `unlimited` or a size like `3 GB`",
        ),
        (
            known("mfa", "yes", &format!("https://box.com/{long}"), "2026-11"),
            "attribute `mfa`: value or source is longer than 200 bytes",
        ),
        (known("mfa", "yes", page, "2026-13"), "attribute `mfa`: month `2026-13` is not like 2026-11"),
        (known("mfa", "yes", page, "11/2026"), "attribute `mfa`: month `11/2026` is not like 2026-11"),
        (
            known("mfa", "yes", page, "2026-12"),
            "attribute `mfa`: month `2026-12` is after the catalog's version, 2026-11",
        ),
    ];
    for (texts, reason) in cases {
        assert_eq!(refusals(&texts), format!("services/store-files.toml: service `box`: {reason}"));
    }
}

#[test]
fn an_attribute_names_the_page_that_says_so() {
    let sources = [
        "",
        "box.com",
        "http://box.com",
        "https://",
        "https://box",
        "https://Box.com/a",
        "https://box.com/a b",
    ];
    for source in sources {
        assert_eq!(
            refusals(&known("mfa", "yes", source, "2026-11")),
            "services/store-files.toml: service `box`: attribute `mfa`: the source is the https address of the page that \
             says so",
            "for {source}"
        );
    }
    assert_eq!(refusals(&known("mfa", "yes", "https://box.com/a?b=c#d", "2026-11")), "");
    let site = service("box", "Box", r#"{ suffix = "box.com", role = "site" }"#);
    let without = |fact: &str| refusals(&texts(&format!("{site}attributes.mfa = {{ {fact} }}\n"), "", ""));
    assert!(without(r#"value = "yes", month = "2026-11""#).contains("missing field `source`"));
    assert!(without(r#"value = "yes", source = "https://box.com""#).contains("missing field `month`"));
}

#[test]
fn a_version_that_is_no_date_is_refused() {
    for version in ["", "2026-11", "2026-11-32", "2026-13-01", "26-11-22", "2026-11-2a"] {
        let mut texts = texts("service = []", "", "");
        texts.needs = NEEDS.replace("2026-11-22", version);
        assert_eq!(
            refusals(&texts),
            format!("needs.toml: version `{version}` is not a date like 2026-11-22")
        );
    }
}

#[test]
fn inside_another_vendors_domain_exact_is_accepted_and_so_is_ones_own() {
    let own = service("box", "Box", r#"{ suffix = "box.com", role = "site" }"#);
    let exact = service("fox", "Fox", r#"{ exact = "fox.box.com", role = "app" }"#);
    let sister = service("box-notes", "Box", r#"{ suffix = "notes.box.com", role = "app" }"#);
    assert_eq!(refusals(&texts(&(own + &exact + &sister), "", "")), "");
}

#[test]
fn plumbing_and_personal_are_checked_beside_the_services() {
    let site = r#"{ suffix = "box.com", role = "site" }"#;
    let login = r#"{ suffix = "id.box.com", role = "login" }"#;
    let cases = [
        (
            site,
            "[cdn]\nsuffix = [\"box.com\"]",
            "",
            "plumbing.toml: `cdn`: rule `box.com`: stands in services",
        ),
        (
            site,
            "",
            "[health]\nexact = [\"box.com\"]",
            "personal.toml: `health`: rule `box.com`: stands in services",
        ),
        (site, "[oil]\nsuffix = []", "", "plumbing.toml: kind `oil` is none of ad-tracker, analytics,"),
        (site, "[cdn]\nhosts = []", "", "plumbing.toml: "),
        (site, "", "[health]\nsuffix = [\"de\"]", "personal.toml: `health`: rule `de`: a single label"),
        (
            login,
            "[cdn]\nsuffix = [\"box.com\"]",
            "",
            "rule `id.box.com`: an app or login is inside plumbing `box.com` (cdn)",
        ),
        (
            site,
            "[cdn]\nsuffix = [\"a.net\"]",
            "[faith]\nsuffix = [\"a.net\"]",
            "stands in plumbing.toml, `cdn` too",
        ),
    ];
    for (rules, plumbing, personal, reason) in cases {
        let said = refusals(&texts(&service("box", "Box", rules), plumbing, personal));
        assert!(said.contains(reason), "{said}\nlacks {reason}");
    }
}

#[test]
fn a_file_for_no_known_need_is_refused() {
    let mut texts = texts("service = []", "", "");
    texts.services.push(("juggling".to_owned(), "service = []".to_owned()));
    assert_eq!(refusals(&texts), "services/juggling.toml: there is no need `juggling` in needs.toml");
}

#[test]
fn every_mistake_is_reported_at_once() {
    let services = service("Box", "Box", r#"{ suffix = "co.uk", role = "site" }"#);
    let said = refusals(&texts(&services, "oops", "[health]\nsuffix = [\"IP\"]"));
    for file in
        ["services/store-files.toml: service `Box`: an id", "`co.uk`", "plumbing.toml", "personal.toml"]
    {
        assert!(said.contains(file), "{said}\nlacks {file}");
    }
}

#[test]
fn version_changes_with_any_fact() {
    let site = service("box", "Box", r#"{ suffix = "box.com", role = "site" }"#);
    let version = |texts: &Texts| compile(texts).unwrap().version;
    let before = version(&texts(&site, "", ""));
    assert!(before.starts_with("2026-11-22-"), "{before}");
    assert_eq!(before, version(&texts(&site, "", "")));
    assert_ne!(before, version(&texts(&site, "", "[health]\nsuffix = [\"a.net\"]")));
}

#[test]
fn more_rules_than_the_table_has_room_for_are_refused() {
    let many = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("\"a{at}.net\"")).collect();
        texts("service = []", "", &format!("[health]\nsuffix = [{}]", names.join(",")))
    };
    assert_eq!(refusals(&many(65_535)), "");
    assert!(refusals(&many(65_536)).contains("65536 rules are more than the table's 65535"));
    let many = |count: usize| {
        let one =
            |at| service(&format!("s{at}"), "S", &format!(r#"{{ suffix = "s{at}.com", role = "app" }}"#));
        texts(&(0..count).map(one).collect::<String>(), "", "")
    };
    assert_eq!(refusals(&many(16_384)), "");
    assert!(refusals(&many(16_385)).contains("16385 services are more than the table's 16384"));
}

/// The compiled catalog of this crate's own files.
fn own() -> Compiled {
    let texts = Texts::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    compile(&texts).unwrap()
}

#[test]
fn the_built_in_catalog_is_what_its_files_say() {
    let (compiled, builtin) = (own(), crate::builtin());
    assert_eq!(compiled.version, builtin.version());
    let needs: Vec<_> = compiled.needs.iter().map(|need| (&*need.id, &*need.name, &*need.job)).collect();
    assert_eq!(needs, builtin.needs().iter().map(|need| (need.id, need.name, need.job)).collect::<Vec<_>>());
    assert_eq!(compiled.services.len(), builtin.services().len());
    let layout = lay_out(&compiled);
    assert_eq!(layout.services.len(), builtin.services().len());
    let attributes = compiled.services.iter().map(|service| service.attributes.len());
    assert_eq!(layout.attributes.len(), attributes.sum());
    for (file, built) in compiled.services.iter().zip(builtin.services()) {
        assert_eq!(
            [&file.id, &file.name, &file.vendor, &file.home, &file.need],
            [built.id(), built.name(), built.vendor(), built.home(), built.need()]
        );
        assert_eq!(file.as_often_private, built.as_often_private(), "{}", file.id);
        let attributes: Vec<_> =
            file.attributes.iter().map(|(name, a)| (*name, &*a.value, &*a.source, &*a.month)).collect();
        let of_built: Vec<_> =
            crate::builtin().attributes(built.id()).map(|a| (a.name, a.value, a.source, a.month)).collect();
        assert_eq!(attributes, of_built, "{}", file.id);
    }
}

/// What a reader of the files would do: from the whole name on, drop a label at a time until a rule fits.
fn walk_labels(rules: &HashMap<(&str, bool), Target>, name: &str) -> Option<Target> {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    if let Some(target) = rules.get(&(name, true)) {
        return Some(*target);
    }
    let mut rest = Some(name);
    while let Some(suffix) = rest {
        if let Some(target) = rules.get(&(suffix, false)) {
            return Some(*target);
        }
        rest = suffix.split_once('.').map(|(_, below)| below);
    }
    None
}

#[test]
fn the_table_answers_like_a_walk_of_labels() {
    let compiled = own();
    let layout = lay_out(&compiled);
    let table = layout.table();
    let rules: HashMap<_, _> =
        compiled.rules.iter().map(|rule| ((rule.name.as_str(), rule.exact), rule.target)).collect();
    let label = prop::sample::select(vec!["a", "www", "x-y", "evil-", "API", "_dmarc", "com"]);
    let rule = 0..compiled.rules.len();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    runner
        .run(
            &(rule, prop::collection::vec(label, 0..3), any::<bool>(), any::<bool>()),
            |(rule, labels, glue, dot)| {
                let name = &compiled.rules[rule].name;
                let mut name =
                    format!("{}{}{name}", labels.join("."), if glue || labels.is_empty() { "" } else { "." });
                if dot {
                    name.push('.');
                }
                prop_assert_eq!(table.find(&name), walk_labels(&rules, &name), "for {}", name);
                Ok(())
            },
        )
        .unwrap();
}

#[test]
fn exact_goes_before_suffix_and_longest_wins_across_kinds() {
    let services = service(
        "box",
        "Box",
        r#"{ exact = "box.com", role = "site" }, { suffix = "box.com", role = "app" },
           { suffix = "work.clinic.org", role = "tenant" }"#,
    );
    let compiled = compile(&texts(
        &services,
        "[telemetry]\nsuffix = [\"t.box.com\"]",
        "[health]\nsuffix = [\"clinic.org\", \"care.box.com\"]",
    ))
    .unwrap();
    let layout = lay_out(&compiled);
    let table = layout.table();
    let service = |role| Some(Target::Service { index: 0, role, often_embedded: false });
    let cases = [
        ("box.com", service(Role::Site)),
        ("a.box.com", service(Role::App)),
        ("t.box.com", Some(Target::Plumbing(PlumbingKind::Telemetry))),
        ("a.t.box.com", Some(Target::Plumbing(PlumbingKind::Telemetry))),
        ("care.box.com", Some(Target::Personal)),
        ("x.clinic.org", Some(Target::Personal)),
        ("acme.work.clinic.org", service(Role::Tenant)),
        ("com", None),
        ("inbox.com", None),
    ];
    for (name, target) in cases {
        assert_eq!(table.find(name), target, "for {name}");
    }
}
