//! API tokens: `Authorization: Bearer elsewhere_...`. The store keeps hashes; the text is shown once, or stands in
//! the first token's file.

use std::{fs, io::Write, os::unix::fs::PermissionsExt};

use anyhow::Context;
use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{
    installation::Installation,
    reader::Reader,
    store::{Store, StoreError},
};

/// What every token begins with, so that a leaked one is found by those who look for such things.
const PREFIX: &str = "elsewhere_";
/// The file of the first token, in the data directory.
const FILE: &str = "token";
/// Longest token that is looked at; ours have 53 bytes.
const MAX_BYTES: usize = 200;

/// Makes the first token, an admin's, where there is none yet, and writes it to the file `token` that only its owner
/// reads. The file is there before the token counts, so a start that is cut off is made good by the next.
pub fn ensure_first_token(installation: &Installation) -> anyhow::Result<()> {
    if installation.store().has_api_tokens()? {
        return Ok(());
    }
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
    let path = installation.dir().join(FILE);
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(installation.dir())?;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o600))?;
        writeln!(file, "{token}")?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        Ok(())
    };
    write().with_context(|| format!("write {}", path.display()))?;
    installation.store().add_api_token(hash(&token), &Reader::local())?;
    Ok(())
}

/// Who sent these headers; `None` if there is no token or it is not known.
pub(super) fn reader(store: &dyn Store, headers: &HeaderMap) -> Result<Option<Reader>, StoreError> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.split_once(' ')).and_then(|(scheme, token)| {
        (scheme.eq_ignore_ascii_case("bearer") && token.len() <= MAX_BYTES).then_some(token)
    });
    let Some(token) = token else { return Ok(None) };
    store.api_reader(hash(token))
}

/// What the store keeps. A token is random and long, so a plain hash can't be turned back.
pub(super) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}
