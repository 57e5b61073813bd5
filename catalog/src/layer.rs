//! What one organisation adds to the catalog: services of its own, its word on a name, its domains and its tenants.
//!
//! Owns the check of these facts, which come from the organisation's file or off the wire. Refuses them as a whole: one
//! wrong fact, and none counts. Always holds: the longest rule decides, over catalog and layer together, and at equal
//! length the layer's goes first; no fact makes a service of a personal name, except under the organisation's own
//! domains; a name there is never unknown.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::kind::{PlumbingKind, Role};
use crate::name::{check_name, check_suffix, suffixes};
use crate::service::{Service, Verdict};
use crate::table::Target;
use crate::{Catalog, MAX_INTERNATIONAL_BYTES};

/// Services of its own that an organisation can have; a large one has some hundred. More are refused.
pub const MAX_OWN_SERVICES: usize = 1_000;
/// Rules, tenants and domains that it can have, of each; an import of a proxy's list has some thousand. More are refused.
pub const MAX_OWN_RULES: usize = 20_000;
/// Longest id and name of a service, in bytes.
const MAX_TEXT_BYTES: usize = 200;

/// The facts, as somebody wrote them down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerFacts {
    /// Services that the catalog can't know.
    pub services: Vec<OwnService>,
    /// Names and what they are, of its own services and of the catalog's.
    pub rules: Vec<OwnRule>,
    /// Domains that are its own, each with all below it.
    pub own_domains: Vec<String>,
    /// Hosts that are its own at a service where every organisation has one.
    pub tenants: Vec<Tenant>,
}

/// A service that only this organisation has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnService {
    /// `own:` and a word.
    pub id: String,
    /// What people read.
    pub name: String,
    /// Id of the need it serves.
    pub need: String,
}

/// What a name is to this organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRule {
    /// The name.
    pub name: String,
    /// This very name, and not those below it.
    pub exact: bool,
    /// Id of the service, its own or the catalog's.
    pub service_id: String,
    /// What the host does for it.
    pub role: Role,
}

/// A host of the organisation's own at a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Id of the service.
    pub service_id: String,
    /// The host, with all below it: `acme.sharepoint.com`.
    pub host: String,
}

/// The organisation's tenants of one service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct TenantHosts {
    ours: HashSet<String>,
    /// What ours stand under, as other tenants do.
    parents: HashSet<String>,
}

/// First labels under which vendors keep hosts of their own beside those of tenants.
const VENDORS_OWN: [&str; 20] = [
    "accounts",
    "api",
    "app",
    "auth",
    "blog",
    "cdn",
    "community",
    "developer",
    "developers",
    "docs",
    "email",
    "help",
    "id",
    "login",
    "mail",
    "sso",
    "static",
    "status",
    "support",
    "www",
];

/// Whose tenant a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tenancy {
    /// Nobody said which are ours, or the host is everybody's.
    NotKnown,
    /// The organisation's.
    Ours,
    /// Somebody else's.
    Guest,
}

impl LayerFacts {
    /// Without what leads to services or needs that this catalog does not have: a device may be built with an older one
    /// than the collector.
    #[must_use]
    pub fn known_to(mut self, catalog: &Catalog) -> Self {
        self.services.retain(|own| catalog.need(&own.need).is_some());
        let own: HashSet<String> = self.services.iter().map(|own| own.id.clone()).collect();
        let is_known = |id: &str| own.contains(id) || catalog.service(id).is_some();
        self.rules.retain(|rule| is_known(&rule.service_id));
        self.tenants.retain(|tenant| is_known(&tenant.service_id));
        self
    }
}

/// The facts, checked and ready to be asked.
#[derive(Debug, Default)]
pub struct Layer {
    /// By id.
    services: Vec<OwnService>,
    /// By name, exact ones and suffixes apart.
    exact: HashMap<String, Own>,
    suffix: HashMap<String, Own>,
    own_domains: HashSet<String>,
    /// Hosts by service.
    tenants: HashMap<String, TenantHosts>,
}

/// Where a rule of the layer leads.
#[derive(Clone, Debug)]
struct Own {
    service_id: String,
    role: Role,
}

/// A fact that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerError {
    /// The fact: the service's id, the rule's name.
    pub fact: String,
    /// What is wrong with it, and what to write instead.
    pub why: String,
}

impl fmt::Display for LayerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fact: String = self.fact.chars().filter(|c| !c.is_control()).take(60).collect();
        write!(f, "'{fact}' {}", self.why)
    }
}

impl std::error::Error for LayerError {}

impl Layer {
    /// Checks all facts against the catalog and against each other; all that is wrong is told together.
    pub fn new(catalog: &Catalog, facts: &LayerFacts) -> Result<Self, Vec<LayerError>> {
        let mut check = Check { catalog, layer: Self::default(), errors: Vec::new() };
        check.sizes(facts);
        if check.errors.is_empty() {
            facts.own_domains.iter().for_each(|domain| check.own_domain(domain));
            facts.services.iter().for_each(|service| check.service(service));
            check.layer.services.sort_by(|a, b| a.id.cmp(&b.id));
            facts.rules.iter().for_each(|rule| check.rule(rule));
            facts.tenants.iter().for_each(|tenant| check.tenant(tenant));
        }
        if check.errors.is_empty() { Ok(check.layer) } else { Err(check.errors) }
    }

    /// Nothing is added.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty()
            && self.suffix.is_empty()
            && self.own_domains.is_empty()
            && self.tenants.is_empty()
    }

    /// The organisation's own domains, for who shows them.
    pub fn own_domains(&self) -> impl Iterator<Item = &str> {
        self.own_domains.iter().map(String::as_str)
    }

    /// The organisation's own service with this id.
    pub fn service(&self, id: &str) -> Option<Service<'_>> {
        let at = self.services.binary_search_by(|service| service.id.as_str().cmp(id)).ok()?;
        self.services.get(at).map(Service::own)
    }

    /// The longest rule of the layer that covers a name in its plain form, and its length.
    fn longest(&self, name: &str) -> Option<(&Own, usize)> {
        let exact = self.exact.get(name).map(|own| (own, name.len()));
        exact.or_else(|| suffixes(name).find_map(|suffix| Some((self.suffix.get(suffix)?, suffix.len()))))
    }

    fn is_own(&self, name: &str) -> bool {
        !self.own_domains.is_empty() && suffixes(name).any(|suffix| self.own_domains.contains(suffix))
    }
}

impl Catalog {
    /// What a name is to an organisation with this layer.
    pub fn classify_with<'c>(&'c self, layer: &'c Layer, name: &str) -> Verdict<'c> {
        if layer.is_empty() {
            return self.classify(name);
        }
        let Some(name) = plain(name) else { return Verdict::Unknown };
        let rule = self.table.longest(&name);
        let is_own = layer.is_own(&name);
        if rule.is_some_and(|rule| rule.place.target() == Some(Target::Personal)) && !is_own {
            return Verdict::Personal;
        }
        let length = rule.map_or(0, |rule| rule.length);
        if let Some((own, _)) = layer.longest(&name).filter(|(_, own_length)| *own_length >= length)
            && let Some(service) = layer.service(&own.service_id).or_else(|| self.service(&own.service_id))
        {
            return Verdict::Service { service, role: own.role, often_embedded: false };
        }
        match self.classify(&name) {
            // The organisation's own pages are nobody's service, and nothing to ask about.
            Verdict::Unknown | Verdict::Personal if is_own => Verdict::Plumbing(PlumbingKind::LocalNetwork),
            verdict => verdict,
        }
    }

    /// Whose tenant a host of a service is to an organisation with this layer. Where it named `ours.example.com`, all
    /// other hosts beside that one are somebody else's, but for those with a rule of their own and [`VENDORS_OWN`].
    pub fn tenancy_with(&self, layer: &Layer, service_id: &str, role: Role, host: &str) -> Tenancy {
        let Some(tenants) = layer.tenants.get(service_id) else { return Tenancy::NotKnown };
        let Some(host) = plain(host) else { return Tenancy::NotKnown };
        if suffixes(&host).any(|suffix| tenants.ours.contains(suffix)) {
            return Tenancy::Ours;
        }
        let ruled = self.table.longest(&host).map_or(0, |rule| rule.length);
        let is_beside = |suffix: &str| {
            suffix.split_once('.').is_some_and(|(label, parent)| {
                tenants.parents.contains(parent) && ruled <= parent.len() && !VENDORS_OWN.contains(&label)
            })
        };
        let is_guest = role == Role::Tenant || suffixes(&host).any(is_beside);
        if is_guest { Tenancy::Guest } else { Tenancy::NotKnown }
    }
}

/// The name as rules are written.
fn plain(name: &str) -> Option<Cow<'_, str>> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_ascii() {
        let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        return Some(if is_lower { Cow::Borrowed(name) } else { Cow::Owned(name.to_ascii_lowercase()) });
    }
    let is_short = name.len() <= MAX_INTERNATIONAL_BYTES;
    is_short.then(|| idna::domain_to_ascii(name).ok()).flatten().map(Cow::Owned)
}

/// A layer under construction.
struct Check<'c> {
    catalog: &'c Catalog,
    layer: Layer,
    errors: Vec<LayerError>,
}

impl Check<'_> {
    fn sizes(&mut self, facts: &LayerFacts) {
        let counts = [
            ("own services", facts.services.len(), MAX_OWN_SERVICES),
            ("rules", facts.rules.len(), MAX_OWN_RULES),
            ("own domains", facts.own_domains.len(), MAX_OWN_RULES),
            ("tenants", facts.tenants.len(), MAX_OWN_RULES),
        ];
        for (what, count, most) in counts.into_iter().filter(|(_, count, most)| count > most) {
            self.refuse(what, format!("are {count}; at most {most} are taken"));
        }
    }

    fn own_domain(&mut self, domain: &str) {
        match check_name(domain).and_then(|()| check_suffix(domain, false)) {
            Ok(()) => drop(self.layer.own_domains.insert(domain.to_owned())),
            Err(why) => self.refuse(domain, why),
        }
    }

    fn service(&mut self, own: &OwnService) {
        let is_word = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if own.id.len() > MAX_TEXT_BYTES || !own.id.strip_prefix("own:").is_some_and(is_word) {
            self.refuse(&own.id, "must be called like own:outbox".to_owned());
        }
        if own.name.is_empty() || own.name.len() > MAX_TEXT_BYTES || own.name.chars().any(char::is_control) {
            self.refuse(&own.id, format!("wants a name of 1 to {MAX_TEXT_BYTES} printable characters"));
        }
        if self.catalog.need(&own.need).is_none() {
            self.refuse(&own.id, "serves a need that is not one of the catalog's".to_owned());
        }
        if self.layer.services.iter().any(|other| other.id == own.id) {
            self.refuse(&own.id, "is listed twice".to_owned());
        }
        self.layer.services.push(own.clone());
    }

    fn rule(&mut self, rule: &OwnRule) {
        let name = &rule.name;
        let suffix_is_fine =
            || if rule.exact { Ok(()) } else { check_suffix(name, rule.role == Role::Hosted) };
        if let Err(why) = check_name(name).and_then(|()| suffix_is_fine()) {
            return self.refuse(name, why);
        }
        if self.service_of(&rule.service_id).is_none() {
            let why =
                format!("leads to the service '{}', which is neither own nor the catalog's", rule.service_id);
            return self.refuse(name, why);
        }
        if self.catalog.classify(name) == Verdict::Personal && !self.layer.is_own(name) {
            return self.refuse(name, "belongs to private life and can't be made a service".to_owned());
        }
        let own = Own { service_id: rule.service_id.clone(), role: rule.role };
        let rules = if rule.exact { &mut self.layer.exact } else { &mut self.layer.suffix };
        if rules.insert(name.clone(), own).is_some() {
            self.refuse(name, "has two rules".to_owned());
        }
    }

    fn tenant(&mut self, tenant: &Tenant) {
        let host = &tenant.host;
        if let Err(why) = check_name(host).and_then(|()| check_suffix(host, false)) {
            return self.refuse(host, why);
        }
        match self.catalog.classify_with(&self.layer, host) {
            Verdict::Service { service, .. } if service.id() == tenant.service_id => {
                let hosts = self.layer.tenants.entry(tenant.service_id.clone()).or_default();
                hosts.parents.extend(host.split_once('.').map(|(_, parent)| parent.to_owned()));
                hosts.ours.insert(host.clone());
            }
            _ => self.refuse(host, format!("is no host of the service '{}'", tenant.service_id)),
        }
    }

    fn service_of(&self, id: &str) -> Option<Service<'_>> {
        self.layer.service(id).or_else(|| self.catalog.service(id))
    }

    fn refuse(&mut self, fact: &str, why: String) {
        self.errors.push(LayerError { fact: fact.to_owned(), why });
    }
}

#[cfg(test)]
mod tests;
