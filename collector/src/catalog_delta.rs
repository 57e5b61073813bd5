//! The organisation's layer over the catalog on its way to devices: signed, with a version that grows.
//!
//! The version of the last one and the hash of its facts stand in `catalog-delta.json` in the data directory. The same
//! facts keep their version; others get a larger one, by the clock, so that also a collector restored from a backup, or
//! begun anew beside its CA, goes on above what devices hold.

use std::{fs, io, path::Path};

use elsewhere_catalog::layer::LayerFacts;
use elsewhere_proto::v1;
use jiff::Timestamp;
use prost::Message;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    pki::{Authority, PkiError},
    wire,
};

/// What is signed begins with this, so that a signature is good for nothing else.
pub const CONTEXT: &[u8] = b"elsewhere catalog delta 1\n";

/// Where the last version stands.
const FILE: &str = "catalog-delta.json";

/// The last one that devices got.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    version: u64,
    /// SHA-256 of the facts without their version.
    digest: Vec<u8>,
}

/// Why there is no delta.
#[derive(Debug, thiserror::Error)]
pub enum DeltaError {
    /// The version could not be read or written.
    #[error("use {FILE} in the data directory")]
    File(#[from] io::Error),
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] PkiError),
}

/// The delta for these facts; none where there never were any. `dir` is the data directory.
pub fn make(
    dir: &Path,
    authority: &Authority,
    facts: &LayerFacts,
    now: Timestamp,
) -> Result<Option<(u64, v1::CatalogDelta)>, DeltaError> {
    let mut said = wire::catalog_facts(facts);
    let last = last(dir)?;
    if last.is_none() && *facts == LayerFacts::default() {
        return Ok(None);
    }
    let digest = Sha256::digest(said.encode_to_vec()).to_vec();
    let last = match last {
        Some(last) if last.digest == digest => last,
        before => {
            let version = before.map_or(0, |last| last.version).saturating_add(1);
            let seconds = u64::try_from(now.as_second()).unwrap_or(0);
            let next = Last { version: version.max(seconds), digest };
            keep(dir, &next)?;
            next
        }
    };
    said.version = last.version;
    let facts = said.encode_to_vec();
    let signature = authority.sign(&[CONTEXT, &facts].concat())?;
    Ok(Some((last.version, v1::CatalogDelta { facts, signature })))
}

fn last(dir: &Path) -> io::Result<Option<Last>> {
    match fs::read(dir.join(FILE)) {
        // One that is damaged is begun anew, above what devices hold.
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Written whole or not at all, and before any device gets it.
fn keep(dir: &Path, last: &Last) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    serde_json::to_writer(&mut file, last)?;
    file.as_file().sync_all()?;
    file.persist(dir.join(FILE)).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use elsewhere_catalog::layer::OwnService;

    use super::*;

    fn facts(name: &str) -> LayerFacts {
        let (id, need) = ("own:outbox".into(), "send-once".into());
        LayerFacts { services: vec![OwnService { id, name: name.into(), need }], ..LayerFacts::default() }
    }

    #[test]
    fn version_grows_with_the_facts_and_only_with_them() {
        let dir = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        let authority = Authority::create_or_open(dir.path(), now).unwrap();
        let version = |facts: &LayerFacts, now| {
            make(dir.path(), &authority, facts, now).unwrap().map(|(version, _)| version)
        };
        assert_eq!(version(&LayerFacts::default(), now), None, "nothing was ever said");
        let first = version(&facts("Outbox"), now).unwrap();
        assert_eq!(version(&facts("Outbox"), now + jiff::SignedDuration::from_hours(1)), Some(first));
        let second = version(&facts("Post"), now).unwrap();
        assert!(second > first);
        assert!(version(&LayerFacts::default(), now).unwrap() > second, "nothing any more is a fact too");

        // Begun anew a minute later.
        fs::write(dir.path().join(FILE), "{").unwrap();
        assert!(version(&facts("Outbox"), now + jiff::SignedDuration::from_mins(1)).unwrap() > second);
    }
}
