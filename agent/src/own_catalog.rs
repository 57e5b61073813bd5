//! The organisation's own layer over the catalog, as the collector signed it: checked, kept, taken up at the next start.
//!
//! Refuses as a whole what the collector's certificate authority did not sign, what is older than what is held, and
//! facts that are wrong; what was held before goes on. Facts about services and needs that this agent's catalog does not
//! have yet are left out. A name that gets a service in the middle of a day keeps the row it has until then, which goes as
//! a hash: the collector counts that back. Always holds: nothing in it makes a service of a personal name, but under
//! domains that the receipt shows.

use std::{fs, io, path::Path, sync::Arc};

use elsewhere_catalog::{
    Catalog, Role,
    layer::{Layer, LayerFacts, OwnRule, OwnService, Tenant},
};
use elsewhere_proto::v1;
use prost::Message;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

use crate::{
    disk::{self, Readable},
    identity,
};

/// What is signed begins with this.
const CONTEXT: &[u8] = b"elsewhere catalog delta 1\n";
/// Where it is kept.
const FILE: &str = "catalog-delta.bin";

/// The layer that is held.
#[derive(Clone, Debug, Default)]
pub struct OwnCatalog {
    /// Grows with every change; 0 where there is none.
    pub version: u64,
    /// What it says.
    pub layer: Arc<Layer>,
}

/// Why a delta is not taken. Says no name: it goes into the log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// Somebody else made it, or it was changed.
    #[error("its signature is not by the collector's certificate authority")]
    Signature,
    /// It is signed and makes no sense.
    #[error("it can't be decoded")]
    Encoding,
    /// A copy of an earlier one.
    #[error("it has version {offered}, and {held} is held")]
    Older {
        /// What came.
        offered: u64,
        /// What is there.
        held: u64,
    },
    /// Some of it would break a rule.
    #[error("{0} of its facts are wrong; `elsewhere-collector check-config` names them")]
    Facts(usize),
}

impl OwnCatalog {
    /// What was kept; nothing where there is none, or where it is not by this CA (DER) any more.
    pub fn load(data: &Path, ca: &[u8], catalog: &Catalog) -> Self {
        let kept = fs::read(data.join(FILE)).ok().and_then(|bytes| v1::CatalogDelta::decode(&bytes[..]).ok());
        kept.and_then(|delta| Self::default().replaced_by(&delta, ca, catalog).ok()).unwrap_or_default()
    }

    /// The delta in its place, if it may take it.
    pub fn replaced_by(
        &self,
        delta: &v1::CatalogDelta,
        ca: &[u8],
        catalog: &Catalog,
    ) -> Result<Self, DeltaError> {
        let key = identity::public_key(ca).ok_or(DeltaError::Signature)?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key)
            .verify(&[CONTEXT, &delta.facts].concat(), &delta.signature)
            .map_err(|_| DeltaError::Signature)?;
        let said = v1::CatalogFacts::decode(&delta.facts[..]).map_err(|_| DeltaError::Encoding)?;
        let version = said.version;
        if version <= self.version {
            return Err(DeltaError::Older { offered: version, held: self.version });
        }
        let layer = Layer::new(catalog, &facts(said).known_to(catalog))
            .map_err(|errors| DeltaError::Facts(errors.len()))?;
        Ok(Self { version, layer: Arc::new(layer) })
    }
}

/// Keeps a delta that was taken, as it was signed. Anybody on the device may read it.
pub fn keep(data: &Path, delta: &v1::CatalogDelta) -> io::Result<()> {
    disk::replace(&data.join(FILE), &delta.encode_to_vec(), Readable::ByAll)
}

/// A rule whose role a newer collector knows is left out, like one of a newer catalog.
fn facts(said: v1::CatalogFacts) -> LayerFacts {
    let role = |word: &str| Role::ALL.into_iter().find(|role| role.as_str() == word);
    let service = |v1::OwnService { id, name, need }| OwnService { id, name, need };
    let rule = |v1::OwnRule { name, exact, service_id, role: word }: v1::OwnRule| {
        Some(OwnRule { name, exact, service_id, role: role(&word)? })
    };
    let tenant = |v1::TenantHost { service_id, host }| Tenant { service_id, host };
    LayerFacts {
        services: said.services.into_iter().map(service).collect(),
        rules: said.rules.into_iter().filter_map(rule).collect(),
        own_domains: said.own_domains,
        tenants: said.tenants.into_iter().map(tenant).collect(),
    }
}

#[cfg(test)]
mod tests {
    use elsewhere_catalog::builtin;
    use rcgen::{CertificateParams, KeyPair, SigningKey};

    use super::*;

    /// A certificate authority that signs deltas.
    struct Ca {
        key: KeyPair,
        der: Vec<u8>,
    }

    impl Ca {
        fn new() -> Self {
            let key = KeyPair::generate().unwrap();
            let der = CertificateParams::default().self_signed(&key).unwrap().der().to_vec();
            Self { key, der }
        }

        fn delta(&self, facts: &v1::CatalogFacts) -> v1::CatalogDelta {
            let facts = facts.encode_to_vec();
            let signature = self.key.sign(&[CONTEXT, &facts].concat()).unwrap();
            v1::CatalogDelta { facts, signature }
        }
    }

    fn facts(version: u64, names: &[(&str, &str)]) -> v1::CatalogFacts {
        let rule = |(name, service_id): &(&str, &str)| {
            let (name, service_id, role) = ((*name).into(), (*service_id).into(), "app".into());
            v1::OwnRule { name, exact: false, service_id, role }
        };
        v1::CatalogFacts { version, rules: names.iter().map(rule).collect(), ..v1::CatalogFacts::default() }
    }

    #[test]
    fn newer_signed_facts_take_the_place_of_older_ones_and_are_kept() {
        let (ca, data) = (Ca::new(), tempfile::tempdir().unwrap());
        assert_eq!(OwnCatalog::load(data.path(), &ca.der, builtin()).version, 0);
        let one = ca.delta(&facts(7, &[("box.northmoor.example", "box")]));
        let held = OwnCatalog::default().replaced_by(&one, &ca.der, builtin()).unwrap();
        let verdict = builtin().classify_with(&held.layer, "box.northmoor.example");
        assert!(
            matches!(verdict, elsewhere_catalog::Verdict::Service { service, .. } if service.id() == "box")
        );
        keep(data.path(), &one).unwrap();
        assert_eq!(OwnCatalog::load(data.path(), &ca.der, builtin()).version, 7);
        assert_eq!(OwnCatalog::load(data.path(), &Ca::new().der, builtin()).version, 0, "enrolled elsewhere");

        for version in [6, 7] {
            let older = ca.delta(&facts(version, &[]));
            let error = held.replaced_by(&older, &ca.der, builtin()).unwrap_err();
            assert_eq!(error, DeltaError::Older { offered: version, held: 7 });
        }
        let nothing = held.replaced_by(&ca.delta(&facts(8, &[])), &ca.der, builtin()).unwrap();
        assert!(nothing.layer.is_empty());
    }

    #[test]
    fn what_is_not_the_collectors_or_breaks_a_rule_is_refused_whole() {
        let ca = Ca::new();
        let refused = |delta: &v1::CatalogDelta| {
            OwnCatalog::default().replaced_by(delta, &ca.der, builtin()).unwrap_err()
        };
        let good = ca.delta(&facts(1, &[("box.northmoor.example", "box")]));
        let mut changed = good.clone();
        *changed.facts.last_mut().unwrap() ^= 1;
        assert_eq!(refused(&changed), DeltaError::Signature);
        assert_eq!(refused(&Ca::new().delta(&facts(1, &[]))), DeltaError::Signature);
        assert_eq!(refused(&v1::CatalogDelta::default()), DeltaError::Signature);

        let signature = ca.key.sign(&[CONTEXT, &[0xff]].concat()).unwrap();
        assert_eq!(refused(&v1::CatalogDelta { facts: vec![0xff], signature }), DeltaError::Encoding);
        let personal = facts(1, &[("www.sparkasse.de", "box"), ("fine.example", "box")]);
        assert_eq!(refused(&ca.delta(&personal)), DeltaError::Facts(1));
    }

    #[test]
    fn facts_of_a_newer_catalog_are_left_out() {
        let ca = Ca::new();
        let mut facts = facts(1, &[("a.example", "box"), ("b.example", "not-yet-known")]);
        facts.rules.push(v1::OwnRule { role: "not-yet-known".into(), ..facts.rules[0].clone() });
        facts.services.push(v1::OwnService { id: "own:x".into(), name: "X".into(), need: "later".into() });
        facts.rules.push(v1::OwnRule {
            name: "c.example".into(),
            service_id: "own:x".into(),
            ..facts.rules[0].clone()
        });
        facts.tenants.push(v1::TenantHost { service_id: "not-yet-known".into(), host: "d.example".into() });
        let held = OwnCatalog::default().replaced_by(&ca.delta(&facts), &ca.der, builtin()).unwrap();
        let told = ["a.example", "b.example", "c.example"]
            .map(|name| builtin().classify_with(&held.layer, name).as_str());
        assert_eq!(told, ["service", "unknown", "unknown"]);
    }
}
