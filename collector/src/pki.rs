//! The collector's own certificate authority: whom agents trust, and the papers by which devices are known.
//!
//! The CA is made at the first start and its key never leaves the directory. Device keys never come here: a device
//! proves with its request that it holds the key. Who a certificate is for stands in one URI,
//! `urn:elsewhere:device:<id>:<epoch>`; whatever else a request asks for is ignored. Time is passed in.

use std::{fs, io, io::Write, path::Path, time::Duration};

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
    SigningKey,
};
use rustls::pki_types::{
    CertificateDer, CertificateSigningRequestDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject,
};
use sha2::{Digest, Sha256};

use crate::device::DeviceId;

mod device_certificate;

pub use device_certificate::DeviceCertificate;

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Ten years: longer than any laptop is kept, so that nobody has to enrol a fleet anew.
const CA_LIFE: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);
/// Made anew at every start, so it only has to outlast the longest run of one process.
const SERVER_LIFE: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);
/// Agents renew at half of it.
const DEVICE_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The certificate authority of one collector directory.
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    /// The issuer's key, for what is signed beside certificates.
    key: KeyPair,
}

/// What the devices' listener shows: its certificate, then the CA's, by which a new agent finds the token's fingerprint.
pub struct ServerIdentity {
    /// End entity first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its key, which is never written anywhere.
    pub key: PrivateKeyDer<'static>,
}

/// Why there is no certificate authority.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file can't be used.
    #[error("use {file} in the data directory")]
    Files {
        /// Its name.
        file: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error(
        "{file} in the data directory holds no {what}; restore it from a backup, since devices know no other CA"
    )]
    Unreadable {
        /// Its name.
        file: &'static str,
        /// What it should hold.
        what: &'static str,
    },
    /// Certificates can't be made.
    #[error("make a certificate")]
    Make(#[from] rcgen::Error),
}

/// Why a request for a certificate is refused.
#[derive(Debug, thiserror::Error)]
#[error("csr: {0}")]
pub struct CsrError(#[from] rcgen::Error);

/// A request whose sender has proved to hold its key.
pub struct DeviceRequest(CertificateSigningRequestParams);

impl DeviceRequest {
    /// Reads a PKCS #10 request (DER) and checks its signature.
    pub fn read(der: &[u8]) -> Result<Self, CsrError> {
        Ok(Self(CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(der))?))
    }
}

impl Authority {
    /// Reads the authority of a data directory; makes one where there is none.
    pub fn create_or_open(dir: &Path, now: Timestamp) -> Result<Self, PkiError> {
        // Two programs may begin a directory at once, and there must be one authority.
        let lock = fs::File::create(dir.join("ca.lock")).map_err(files("ca.lock"))?;
        lock.lock().map_err(files("ca.lock"))?;
        if !dir.join("ca.pem").exists() {
            make(dir, now)?;
        }
        let unreadable = |file, what| PkiError::Unreadable { file, what };
        let certificate = fs::read(dir.join("ca.pem")).map_err(files("ca.pem"))?;
        let certificate =
            CertificateDer::from_pem_slice(&certificate).map_err(|_| unreadable("ca.pem", "certificate"))?;
        let key = fs::read_to_string(dir.join("ca.key")).map_err(files("ca.key"))?;
        let read_key = || KeyPair::from_pem(&key).map_err(|_| unreadable("ca.key", "private key"));
        let issuer = Issuer::from_ca_cert_der(&certificate, read_key()?)?;
        Ok(Self { certificate, issuer, key: read_key()? })
    }

    /// The CA certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// SHA-256 of the CA certificate (DER), as it stands in tokens.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.certificate).into()
    }

    /// A new key and certificate for the devices' listener under these host names and addresses.
    pub fn server(&self, names: Vec<String>, now: Timestamp) -> Result<ServerIdentity, PkiError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = named("Elsewhere collector");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        live(&mut params, now, SERVER_LIFE);
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(ServerIdentity {
            chain: vec![certificate.der().clone(), self.certificate.clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        })
    }

    /// A signature (ECDSA, P-256, SHA-256, ASN.1) that devices check with the CA certificate.
    pub fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, PkiError> {
        Ok(self.key.sign(bytes)?)
    }

    /// A certificate for the device and epoch, and for nothing else the request may ask.
    pub fn device(
        &self,
        request: &DeviceRequest,
        device: DeviceId,
        epoch: u32,
        now: Timestamp,
    ) -> Result<CertificateDer<'static>, PkiError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let uri = device_certificate::uri(device, epoch).try_into()?;
        params.subject_alt_names = vec![SanType::URI(uri)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        live(&mut params, now, DEVICE_LIFE);
        Ok(params.signed_by(&request.0.public_key, &self.issuer)?.der().clone())
    }
}

/// Makes key and certificate. The certificate is written last: without it, the key of a start that was cut off is
/// nobody's, and is replaced.
fn make(dir: &Path, now: Timestamp) -> Result<(), PkiError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Elsewhere collector CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    live(&mut params, now, CA_LIFE);
    let certificate = params.self_signed(&key)?;
    write(dir, "ca.key", &key.serialize_pem())?;
    write(dir, "ca.pem", &certificate.pem())
}

/// Writes a file whole or not at all, for the owner only.
fn write(dir: &Path, file: &'static str, text: &str) -> Result<(), PkiError> {
    let mut temporary = tempfile::NamedTempFile::new_in(dir).map_err(files(file))?;
    temporary.write_all(text.as_bytes()).map_err(files(file))?;
    temporary.as_file().sync_all().map_err(files(file))?;
    temporary.persist(dir.join(file)).map_err(|error| files(file)(error.error))?;
    Ok(())
}

fn files(file: &'static str) -> impl Fn(io::Error) -> PkiError {
    move |source| PkiError::Files { file, source }
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// Good from a day ago, for devices whose clocks are late, to `life` from now.
fn live(params: &mut CertificateParams, now: Timestamp, life: SignedDuration) {
    let at = |time: Timestamp| {
        let seconds = u64::try_from(time.as_second()).unwrap_or(0);
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    params.not_before = at(now.saturating_sub(DAY).unwrap_or(Timestamp::UNIX_EPOCH));
    params.not_after = at(now.saturating_add(life).unwrap_or(Timestamp::MAX));
    params.use_authority_key_identifier_extension = true;
}

#[cfg(test)]
mod tests;
