//! Whom the agent trusts: at enrolment the one CA whose fingerprint stands in the token, ever after that CA's chain.
//!
//! No verification is written here: rustls' own verifier does it, with that CA as its only root.

use std::sync::{Arc, OnceLock};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sha2::{Digest, Sha256};

use crate::identity::Identity;

/// Config for enrolment: the server must show a chain that holds the CA with this SHA-256, and be certified by it.
pub fn enrolment_config(ca_fingerprint: [u8; 32]) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(PinnedCa { ca_fingerprint, provider: provider.clone(), webpki: OnceLock::new() });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(over_http2(config))
}

/// Config for visits: the CA from enrolment is the only root, and the device shows its certificate.
pub fn device_config(identity: &Identity) -> Result<ClientConfig, Error> {
    let unreadable = || Error::InvalidCertificate(CertificateError::BadEncoding);
    let ca = identity.papers.ca().ok_or_else(unreadable)?;
    let certificate = identity.papers.certificate().ok_or_else(unreadable)?;
    let mut roots = RootCertStore::empty();
    roots.add(ca)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate], identity.key())?;
    Ok(over_http2(config))
}

fn over_http2(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

/// Finds the CA of the token in the chain that the server shows and leaves the rest to rustls.
#[derive(Debug)]
struct PinnedCa {
    ca_fingerprint: [u8; 32],
    provider: Arc<CryptoProvider>,
    /// rustls' verifier with the found CA as its only root; the CA can only be the one of the fingerprint.
    webpki: OnceLock<Arc<WebPkiServerVerifier>>,
}

impl PinnedCa {
    fn webpki(&self, shown: &[CertificateDer<'_>]) -> Result<&WebPkiServerVerifier, Error> {
        if let Some(verifier) = self.webpki.get() {
            return Ok(verifier);
        }
        let ca = shown
            .iter()
            .find(|certificate| Sha256::digest(certificate)[..] == self.ca_fingerprint)
            .ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let mut roots = RootCertStore::empty();
        roots.add(ca.clone().into_owned())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), self.provider.clone())
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        Ok(self.webpki.get_or_init(|| verifier))
    }
}

impl ServerCertVerifier for PinnedCa {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.webpki(intermediates)?.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    use super::*;

    struct Authority {
        issuer: Issuer<'static, KeyPair>,
        certificate: CertificateDer<'static>,
    }

    fn authority() -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "a collector's CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Authority { issuer: Issuer::new(params, key), certificate }
    }

    fn server(authority: &Authority, name: &str) -> CertificateDer<'static> {
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        params.signed_by(&KeyPair::generate().unwrap(), &authority.issuer).unwrap().der().clone()
    }

    /// 2026-11-16, well within the dates of rcgen's certificates.
    const NOW: UnixTime = UnixTime::since_unix_epoch(Duration::from_hours(498_560));

    fn verify(
        pinned: &CertificateDer<'_>,
        end_entity: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &str,
    ) -> bool {
        let verifier = PinnedCa {
            ca_fingerprint: Sha256::digest(pinned).into(),
            provider: Arc::new(ring::default_provider()),
            webpki: OnceLock::new(),
        };
        let name = ServerName::try_from(name).unwrap();
        verifier.verify_server_cert(end_entity, chain, &name, &[], NOW).is_ok()
    }

    #[test]
    fn only_the_ca_of_the_token_opens_the_door() {
        let (ours, theirs) = (authority(), authority());
        let good = server(&ours, "127.0.0.1");
        let forged = server(&theirs, "127.0.0.1");
        let ca = &ours.certificate;
        for (what, end_entity, chain, name, opens) in [
            ("the collector itself", &good, vec![ca.clone()], "127.0.0.1", true),
            ("another order", &good, vec![theirs.certificate.clone(), ca.clone()], "127.0.0.1", true),
            ("another address", &good, vec![ca.clone()], "127.0.0.2", false),
            ("a name instead", &good, vec![ca.clone()], "collector.example", false),
            ("no CA shown", &good, vec![], "127.0.0.1", false),
            ("another CA", &forged, vec![theirs.certificate.clone()], "127.0.0.1", false),
            ("our CA shown beside a forged server", &forged, vec![ca.clone()], "127.0.0.1", false),
            (
                "our CA shown beside a forged chain",
                &forged,
                vec![theirs.certificate.clone(), ca.clone()],
                "127.0.0.1",
                false,
            ),
            ("the CA as the server", ca, vec![ca.clone()], "127.0.0.1", false),
        ] {
            assert_eq!(verify(ca, end_entity, &chain, name), opens, "{what}");
        }
    }

    #[test]
    fn an_expired_server_is_not_trusted() {
        let ours = authority();
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        let expired = params.signed_by(&KeyPair::generate().unwrap(), &ours.issuer).unwrap();
        assert!(!verify(
            &ours.certificate,
            expired.der(),
            std::slice::from_ref(&ours.certificate),
            "127.0.0.1"
        ));
    }
}
