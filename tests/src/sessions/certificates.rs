//! A certificate for whatever name a client asks for, of an authority of the session's own.
//!
//! It also keeps the names that were asked for: they are the names on the wire.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex},
};

use anyhow::Context;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData,
};
use rustls::{
    pki_types::PrivateKeyDer,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

/// Other names in each certificate, so that a chain has the 2 to 4 KB of the public ones.
const OTHER_NAMES: usize = 40;

/// The authority and what it signed.
pub(super) struct Certificates {
    authority: Issuer<'static, KeyPair>,
    /// One for all names, so that a browser can be told to trust it.
    key: KeyPair,
    root_pem: String,
    made: Mutex<HashMap<String, Arc<CertifiedKey>>>,
    asked: Mutex<BTreeSet<String>>,
}

impl Certificates {
    pub(super) fn new() -> anyhow::Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "Session Root");
        let key = KeyPair::generate()?;
        let root_pem = params.self_signed(&key)?.pem();
        let authority = Issuer::new(params, key);
        let key = KeyPair::generate()?;
        Ok(Self { authority, key, root_pem, made: Mutex::default(), asked: Mutex::default() })
    }

    /// The root certificate that clients must trust.
    pub(super) fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// SHA-256 of the servers' public key, in base64.
    pub(super) fn key_fingerprint(&self) -> String {
        let key = self.key.subject_public_key_info();
        STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, &key))
    }

    /// The names that clients asked for so far.
    pub(super) fn asked(&self) -> BTreeSet<String> {
        self.asked.lock().expect("nobody panicked with it").clone()
    }

    fn make(&self, name: &str) -> anyhow::Result<CertifiedKey> {
        let mut names = vec![name.to_owned()];
        names.extend((0..OTHER_NAMES).map(|number| format!("edge-{number}.pop.{name}")));
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, name);
        // Strict clients want to be told whose it is.
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = params.signed_by(&self.key, &self.authority)?;
        let der = PrivateKeyDer::try_from(self.key.serialize_der()).map_err(anyhow::Error::msg)?;
        let signing = rustls::crypto::ring::sign::any_supported_type(&der).context("a key of our own")?;
        Ok(CertifiedKey::new(vec![leaf.der().clone()], signing))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?;
        self.asked.lock().ok()?.insert(name.to_owned());
        let mut made = self.made.lock().ok()?;
        if let Some(key) = made.get(name) {
            return Some(Arc::clone(key));
        }
        let key = Arc::new(self.make(name).ok()?);
        made.insert(name.to_owned(), Arc::clone(&key));
        Some(key)
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").finish_non_exhaustive()
    }
}
