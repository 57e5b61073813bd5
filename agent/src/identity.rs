//! Who this device is for the collector: papers that anybody may read, and a key that stays the agent's own.
//!
//! `identity/papers.json` is the one commit point: it names the file of its key, which was written before it, so that
//! certificate and key fit at every moment, also when a renewal is cut off between two lines.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use elsewhere_proto::v1;
use jiff::Timestamp;
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    config::Segment,
    disk::{self, Readable},
};

/// What the collector gave this device; holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Papers {
    /// Random name of the device, 16 hex digits in groups of four.
    pub device_id: String,
    /// Number of the enrolment.
    pub epoch: u32,
    /// The collector's listener for devices, host:port.
    pub address: String,
    /// Groups that the token stood for.
    pub segments: Vec<Segment>,
    /// Device certificate, PEM.
    certificate: String,
    /// The collector's CA certificate, PEM.
    ca: String,
    /// Name of the key's file beside this one.
    key_file: String,
}

/// Papers and key: what a visit needs.
#[derive(Debug)]
pub struct Identity {
    /// What the collector gave this device.
    pub papers: Papers,
    key: PrivateKeyDer<'static>,
}

/// A key made here, whose certificate is still to come.
pub struct NewKey(KeyPair);

/// Why the papers can't be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file could not be read or written.
    #[error("{}", path.display())]
    Disk {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is there and makes no sense.
    #[error("{}: {problem}; enrol again with: elsewhere-agent enroll --again TOKEN", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The collector answered with papers that don't fit.
    #[error("the collector's answer holds {0}")]
    Answer(&'static str),
    /// The key could not be made or used.
    #[error("make a key")]
    Key(#[source] rcgen::Error),
}

impl NewKey {
    /// Makes a P-256 key.
    pub fn generate() -> Result<Self, IdentityError> {
        KeyPair::generate().map(Self).map_err(IdentityError::Key)
    }

    /// Request for a certificate (PKCS #10, DER) with an empty subject: the collector gives the name.
    pub fn request(&self) -> Result<Vec<u8>, IdentityError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let request = params.serialize_request(&self.0).map_err(IdentityError::Key)?;
        Ok(request.der().to_vec())
    }

    fn file_name(&self) -> String {
        let digest: [u8; 32] = Sha256::digest(self.0.public_key_raw()).into();
        let name = digest.first_chunk().map_or(0, |start| u64::from_be_bytes(*start));
        format!("key-{name:016x}.pem")
    }
}

impl Papers {
    /// Reads the papers; `None` where the device is not enrolled. Needs no rights.
    pub fn load(data: &Path) -> Result<Option<Self>, IdentityError> {
        let path = papers_file(data);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| IdentityError::Unreadable { path, problem: error.to_string() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(IdentityError::Disk { path, source }),
        }
    }

    /// First enrolment: checks the answer against itself and the key, then writes papers, key and the device id.
    pub fn enrol(
        data: &Path,
        address: &str,
        ca_fingerprint: [u8; 32],
        key: &NewKey,
        answer: v1::EnrollResponse,
    ) -> Result<Self, IdentityError> {
        if Sha256::digest(&answer.ca_certificate)[..] != ca_fingerprint {
            return Err(IdentityError::Answer("another CA than the token's"));
        }
        check_device_id(&answer.device_id)?;
        let papers = Self {
            device_id: answer.device_id,
            epoch: answer.epoch,
            address: address.to_owned(),
            segments: answer.segments.into_iter().map(Segment::from).collect(),
            certificate: pem("CERTIFICATE", &answer.certificate),
            ca: pem("CERTIFICATE", &answer.ca_certificate),
            key_file: key.file_name(),
        };
        papers.commit(data, key, &answer.certificate)?;
        let path = data.join("device-id");
        disk::replace(&path, format!("{}\n", papers.device_id).as_bytes(), Readable::ByAll)
            .map_err(|source| IdentityError::Disk { path, source })?;
        Ok(papers)
    }

    /// Renewal: the same device and epoch with a new key and certificate.
    pub fn renew(
        &self,
        data: &Path,
        key: &NewKey,
        answer: &v1::RenewResponse,
    ) -> Result<Self, IdentityError> {
        let papers = Self {
            certificate: pem("CERTIFICATE", &answer.certificate),
            ca: pem("CERTIFICATE", &answer.ca_certificate),
            key_file: key.file_name(),
            ..self.clone()
        };
        papers.commit(data, key, &answer.certificate)?;
        Ok(papers)
    }

    fn commit(&self, data: &Path, key: &NewKey, certificate: &[u8]) -> Result<(), IdentityError> {
        if public_key(certificate).as_deref() != Some(key.0.public_key_raw()) {
            return Err(IdentityError::Answer("a certificate for another key"));
        }
        let directory = data.join("identity");
        let write = |path: PathBuf, bytes: &[u8], readable| {
            disk::replace(&path, bytes, readable).map_err(|source| IdentityError::Disk { path, source })
        };
        disk::create_directory(&directory)
            .map_err(|source| IdentityError::Disk { path: directory.clone(), source })?;
        let text = serde_json::to_vec_pretty(self).map_err(|error| IdentityError::Unreadable {
            path: papers_file(data),
            problem: error.to_string(),
        })?;
        write(directory.join(&self.key_file), key.0.serialize_pem().as_bytes(), Readable::ByAgent)?;
        write(papers_file(data), &text, Readable::ByAll)?;
        self.remove_other_keys(&directory);
        Ok(())
    }

    /// An old key is of no use to anybody; one that can't be removed now goes with the next renewal.
    fn remove_other_keys(&self, directory: &Path) {
        let Ok(entries) = fs::read_dir(directory) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with("key-") && name != self.key_file {
                let _ = disk::remove(&path);
            }
        }
    }

    /// The collector's CA certificate.
    pub fn ca(&self) -> Option<CertificateDer<'static>> {
        CertificateDer::from_pem_slice(self.ca.as_bytes()).ok()
    }

    /// The device certificate.
    pub fn certificate(&self) -> Option<CertificateDer<'static>> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).ok()
    }

    /// From when to when the certificate is good.
    pub fn validity(&self) -> Option<(Timestamp, Timestamp)> {
        let der = self.certificate()?;
        let (_, certificate) = x509_parser::parse_x509_certificate(&der).ok()?;
        let validity = certificate.validity();
        let from = Timestamp::from_second(validity.not_before.timestamp()).ok()?;
        Some((from, Timestamp::from_second(validity.not_after.timestamp()).ok()?))
    }

    /// Half of the certificate's life is over (or its dates make no sense): time for a new one.
    pub fn is_due_for_renewal(&self, now: Timestamp) -> bool {
        let Some((from, until)) = self.validity() else { return true };
        now.as_second() >= i64::midpoint(from.as_second(), until.as_second())
    }
}

impl Identity {
    /// Reads papers and key; `None` where the device is not enrolled.
    pub fn load(data: &Path) -> Result<Option<Self>, IdentityError> {
        let Some(papers) = Papers::load(data)? else { return Ok(None) };
        let path = data.join("identity").join(&papers.key_file);
        let unreadable = |problem| IdentityError::Unreadable { path: path.clone(), problem };
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(unreadable("key is gone".to_owned()));
            }
            Err(source) => return Err(IdentityError::Disk { path, source }),
        };
        let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| unreadable(error.to_string()))?;
        Ok(Some(Self { papers, key }))
    }

    /// The device's private key.
    pub fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }
}

impl From<v1::Segment> for Segment {
    fn from(segment: v1::Segment) -> Self {
        Self { dimension: segment.dimension, path: segment.path }
    }
}

fn papers_file(data: &Path) -> PathBuf {
    data.join("identity").join("papers.json")
}

/// It names a file's content and a line of the receipt: nothing but hex digits and hyphens comes in.
fn check_device_id(id: &str) -> Result<(), IdentityError> {
    let groups: Vec<&str> = id.split('-').collect();
    let is_group = |group: &&str| group.len() == 4 && group.bytes().all(|byte| byte.is_ascii_hexdigit());
    if groups.len() != 4 || !groups.iter().all(is_group) {
        return Err(IdentityError::Answer("a device id that is none"));
    }
    Ok(())
}

/// The bits of a certificate's (DER) public key.
pub fn public_key(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(certificate.public_key().subject_public_key.data.to_vec())
}

/// RFC 7468, lines of 64 characters.
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for start in (0..text.len()).step_by(64) {
        pem += &text[start..text.len().min(start + 64)];
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateSigningRequestParams, Issuer};

    use super::*;

    fn enrol(data: &Path, key: &NewKey, answer: v1::EnrollResponse) -> Result<Papers, IdentityError> {
        let ca_fingerprint = Sha256::digest(&answer.ca_certificate).into();
        Papers::enrol(data, "c.example:1", ca_fingerprint, key, answer)
    }

    fn answer(key: &NewKey, from: &str, until: &str) -> v1::EnrollResponse {
        let ca_key = KeyPair::generate().unwrap();
        let ca_params = CertificateParams::default();
        let ca = ca_params.self_signed(&ca_key).unwrap();
        let request = key.request().unwrap().into();
        let mut request = CertificateSigningRequestParams::from_der(&request).unwrap();
        let time = |text: &str| {
            let date: jiff::civil::Date = text.parse().unwrap();
            rcgen::date_time_ymd(
                i32::from(date.year()),
                date.month().unsigned_abs(),
                date.day().unsigned_abs(),
            )
        };
        request.params.not_before = time(from);
        request.params.not_after = time(until);
        let certificate = request.signed_by(&Issuer::new(ca_params, ca_key)).unwrap();
        v1::EnrollResponse {
            certificate: certificate.der().to_vec(),
            ca_certificate: ca.der().to_vec(),
            device_id: "7f3a-c21e-0000-beef".into(),
            epoch: 1,
            segments: vec![v1::Segment { dimension: "site".into(), path: "Leeds".into() }],
        }
    }

    #[test]
    fn an_enrolment_is_kept_and_found_again() {
        let data = tempfile::tempdir().unwrap();
        assert!(Identity::load(data.path()).unwrap().is_none());
        let key = NewKey::generate().unwrap();
        let papers = enrol(data.path(), &key, answer(&key, "2026-11-01", "2026-12-01")).unwrap();
        assert_eq!(Papers::load(data.path()).unwrap().unwrap(), papers);
        assert!(Identity::load(data.path()).unwrap().is_some());
        let id = fs::read_to_string(data.path().join("device-id")).unwrap();
        assert_eq!(id, "7f3a-c21e-0000-beef\n");
        assert!(!papers.is_due_for_renewal("2026-11-15T00:00:00Z".parse().unwrap()));
        assert!(papers.is_due_for_renewal("2026-11-16T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_renewal_leaves_one_key() {
        let data = tempfile::tempdir().unwrap();
        let key = NewKey::generate().unwrap();
        let first = enrol(data.path(), &key, answer(&key, "2026-11-01", "2026-12-01")).unwrap();
        let key = NewKey::generate().unwrap();
        let renewed = answer(&key, "2026-11-16", "2026-12-16");
        let renewed =
            v1::RenewResponse { certificate: renewed.certificate, ca_certificate: renewed.ca_certificate };
        let second = first.renew(data.path(), &key, &renewed).unwrap();
        assert_eq!(second.device_id, first.device_id);
        assert_eq!(fs::read_dir(data.path().join("identity")).unwrap().count(), 2);
        assert!(Identity::load(data.path()).unwrap().is_some());
    }

    #[test]
    fn papers_that_do_not_fit_leave_nothing_behind() {
        let data = tempfile::tempdir().unwrap();
        let (key, other) = (NewKey::generate().unwrap(), NewKey::generate().unwrap());
        let good = answer(&key, "2026-11-01", "2026-12-01");
        let id = |device_id: &str| v1::EnrollResponse { device_id: device_id.into(), ..good.clone() };
        for (key, answer) in [
            (&other, good.clone()),
            (&key, id("7f3a")),
            (&key, id("7f3a-c21e-0000-zzzz")),
            (&key, v1::EnrollResponse { certificate: vec![1, 2, 3], ..good.clone() }),
        ] {
            assert!(enrol(data.path(), key, answer).is_err());
            assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0);
        }
        assert!(Papers::enrol(data.path(), "c.example:1", [0; 32], &key, good).is_err());
        assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0);
    }

    #[test]
    fn damaged_papers_say_so() {
        let data = tempfile::tempdir().unwrap();
        fs::create_dir(data.path().join("identity")).unwrap();
        fs::write(papers_file(data.path()), "{").unwrap();
        assert!(matches!(Papers::load(data.path()), Err(IdentityError::Unreadable { .. })));
    }
}
