use super::*;
use crate::builtin;

fn service(id: &str, need: &str) -> OwnService {
    OwnService { id: id.into(), name: "Outbox".into(), need: need.into() }
}

fn rule(name: &str, service_id: &str, role: Role) -> OwnRule {
    OwnRule { name: name.into(), exact: false, service_id: service_id.into(), role }
}

fn tenant(service_id: &str, host: &str) -> Tenant {
    Tenant { service_id: service_id.into(), host: host.into() }
}

/// Northmoor: a service of its own, a word on one of the catalog's, its domain, its tenant.
fn facts() -> LayerFacts {
    LayerFacts {
        services: vec![service("own:outbox", "send-once")],
        rules: vec![
            rule("outbox.northmoor.example", "own:outbox", Role::App),
            rule("files.partner.example", "box", Role::Tenant),
            OwnRule { exact: true, ..rule("help.dropbox.com", "own:outbox", Role::App) },
        ],
        own_domains: vec!["northmoor.example".into()],
        tenants: vec![tenant("sharepoint-online", "northmoor.sharepoint.com")],
    }
}

fn told<'c>(layer: &'c Layer, name: &str) -> (&'c str, Option<Role>) {
    match builtin().classify_with(layer, name) {
        Verdict::Service { service, role, .. } => (service.id(), Some(role)),
        other => (other.as_str(), None),
    }
}

#[test]
fn longest_rule_decides_over_both() {
    let layer = Layer::new(builtin(), &facts()).unwrap();
    let cases = [
        ("outbox.northmoor.example", "own:outbox", Some(Role::App)),
        ("EU.Outbox.Northmoor.Example.", "own:outbox", Some(Role::App)),
        ("intranet.northmoor.example", "plumbing", None),
        ("northmoor.example", "plumbing", None),
        ("othermoor.example", "unknown", None),
        ("a.files.partner.example", "box", Some(Role::Tenant)),
        ("help.dropbox.com", "own:outbox", Some(Role::App)),
        ("eu.help.dropbox.com", "dropbox", Some(Role::App)),
        ("..", "unknown", None),
        ("", "unknown", None),
    ];
    for (name, id, role) in cases {
        assert_eq!(told(&layer, name), (id, role), "{name}");
    }
    // The catalog's rule for a host below is longer than the layer's for the domain.
    let wide = LayerFacts { rules: vec![rule("box.com", "dropbox", Role::Site)], ..LayerFacts::default() };
    let layer = Layer::new(builtin(), &wide).unwrap();
    assert_eq!((told(&layer, "www.box.com").0, told(&layer, "app.box.com").0), ("dropbox", "box"));
}

#[test]
fn without_a_layer_the_catalog_speaks_alone() {
    let layer = Layer::default();
    assert!(layer.is_empty());
    for name in ["app.box.com", "Ocsp.Digicert.com", "nothing.example", "bücher.example"] {
        assert_eq!(builtin().classify_with(&layer, name), builtin().classify(name), "{name}");
    }
}

#[test]
fn private_life_stays_private_but_under_the_organisations_own_domains() {
    let personal = "sparkasse.de";
    assert_eq!(builtin().classify(personal), Verdict::Personal);
    let service = || vec![service("own:portal", "docs-notes")];
    let rules = || vec![rule("portal.sparkasse.de", "own:portal", Role::App)];
    let facts = LayerFacts { services: service(), rules: rules(), ..LayerFacts::default() };
    let errors = Layer::new(builtin(), &facts).unwrap_err();
    assert_eq!(
        errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["'portal.sparkasse.de' belongs to private life and can't be made a service"]
    );

    // A bank's own people.
    let facts = LayerFacts { own_domains: vec![personal.into()], ..facts };
    let layer = Layer::new(builtin(), &facts).unwrap();
    assert_eq!(told(&layer, "portal.sparkasse.de"), ("own:portal", Some(Role::App)));
    assert_eq!(told(&layer, "www.sparkasse.de").0, "plumbing");
    assert_eq!(told(&layer, "www.commerzbank.de").0, "personal");
}

#[test]
fn tenants_are_ours_a_guests_or_not_known() {
    let layer = Layer::new(builtin(), &facts()).unwrap();
    let of = |host: &str, role| builtin().tenancy_with(&layer, "sharepoint-online", role, host);
    assert_eq!(of("northmoor.sharepoint.com", Role::Tenant), Tenancy::Ours);
    assert_eq!(of("Northmoor.SharePoint.com.", Role::Tenant), Tenancy::Ours);
    assert_eq!(of("contoso.sharepoint.com", Role::Tenant), Tenancy::Guest);
    assert_eq!(of("northmoor.sharepoint.com.evil.example", Role::Tenant), Tenancy::Guest);
    assert_eq!(of("www.sharepoint.com", Role::Site), Tenancy::NotKnown);
    let nobody_said = builtin().tenancy_with(&layer, "slack", Role::Tenant, "northmoor.slack.com");
    assert_eq!(nobody_said, Tenancy::NotKnown);
}

#[test]
fn hosts_beside_our_tenants_are_a_guests_where_they_are_not_the_vendors() {
    let tenants =
        vec![tenant("slack", "northmoor.slack.com"), tenant("slack", "northmoor.enterprise.slack.com")];
    let layer = Layer::new(builtin(), &LayerFacts { tenants, ..LayerFacts::default() }).unwrap();
    for (host, expected) in [
        ("northmoor.slack.com", Tenancy::Ours),
        ("files.northmoor.slack.com", Tenancy::Ours),
        ("kestrel.slack.com", Tenancy::Guest),
        ("Kestrel.Slack.com.", Tenancy::Guest),
        ("files.kestrel.slack.com", Tenancy::Guest),
        ("kestrel.enterprise.slack.com", Tenancy::Guest),
        ("www.slack.com", Tenancy::NotKnown),
        ("slack.com", Tenancy::NotKnown),
        ("app.slack.com", Tenancy::NotKnown),
        ("edgeapi.slack.com", Tenancy::NotKnown),
        ("slack-edge.com", Tenancy::NotKnown),
        ("a.slack-edge.com", Tenancy::NotKnown),
    ] {
        let Verdict::Service { service, role, .. } = builtin().classify_with(&layer, host) else {
            panic!("{host} is no service");
        };
        assert_eq!(builtin().tenancy_with(&layer, service.id(), role, host), expected, "{host}");
    }
}

#[test]
fn all_that_is_wrong_is_told_and_nothing_taken() {
    let twice = rule("a.example", "box", Role::App);
    let wrong = LayerFacts {
        services: vec![service("outbox", "send-once"), service("own:x", "sending")],
        rules: vec![
            rule("Box.com", "box", Role::App),
            rule("co.uk", "box", Role::App),
            rule("com", "box", Role::App),
            rule("10.0.0.1", "box", Role::App),
            rule("b.example", "no-such", Role::App),
            twice.clone(),
            twice,
        ],
        own_domains: vec!["github.io".into()],
        tenants: vec![tenant("box", "acme.sharepoint.com")],
    };
    let errors = Layer::new(builtin(), &wrong).unwrap_err();
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "'github.io' is a public suffix: role `hosted`, or `exact`",
            "'outbox' must be called like own:outbox",
            "'own:x' serves a need that is not one of the catalog's",
            "'Box.com' write it as `box.com`",
            "'co.uk' is a public suffix, under which anybody can have a name",
            "'com' a single label claims a whole top-level domain",
            "'10.0.0.1' is an address, not a name",
            "'b.example' leads to the service 'no-such', which is neither own nor the catalog's",
            "'a.example' has two rules",
            "'acme.sharepoint.com' is no host of the service 'box'",
        ]
    );
}

#[test]
fn layer_keeps_its_caps() {
    let many = vec![rule("a.example", "box", Role::App); MAX_OWN_RULES + 1];
    let errors = Layer::new(builtin(), &LayerFacts { rules: many, ..LayerFacts::default() }).unwrap_err();
    assert_eq!(errors[0].to_string(), "'rules' are 20001; at most 20000 are taken");
    assert_eq!(errors.len(), 1);
}
