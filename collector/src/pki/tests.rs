use super::*;

fn now() -> Timestamp {
    "2026-11-16T08:00:00Z".parse().unwrap()
}

fn request(key: &KeyPair) -> Vec<u8> {
    let mut params = CertificateParams::new(["impostor.example".to_owned()]).unwrap();
    params.distinguished_name = named("admin");
    params.serialize_request(key).unwrap().der().to_vec()
}

#[test]
fn the_authority_is_made_once_and_its_key_is_the_owners() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("ca.key"), "left by a start that was cut off").unwrap();
    let made = Authority::create_or_open(dir.path(), now()).unwrap();
    let read = Authority::create_or_open(dir.path(), now()).unwrap();
    assert_eq!(made.fingerprint(), read.fingerprint());
    let mode = fs::metadata(dir.path().join("ca.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn an_authority_without_its_key_is_an_error_and_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    Authority::create_or_open(dir.path(), now()).unwrap();
    fs::write(dir.path().join("ca.key"), "").unwrap();
    let error = Authority::create_or_open(dir.path(), now()).err().unwrap().to_string();
    assert!(error.starts_with("ca.key in the data directory holds no private key"), "{error}");
}

#[test]
fn a_device_certificate_names_the_device_and_nothing_the_request_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::create_or_open(dir.path(), now()).unwrap();
    let request = DeviceRequest::read(&request(&KeyPair::generate().unwrap())).unwrap();
    let certificate = authority.device(&request, DeviceId::from_bits(7), 3, now()).unwrap();
    let expected = DeviceCertificate {
        device: DeviceId::from_bits(7),
        epoch: 3,
        not_after: "2026-12-16T08:00:00Z".parse().unwrap(),
    };
    assert_eq!(DeviceCertificate::read(&certificate), Some(expected));
    assert!(!certificate.windows(8).any(|bytes| bytes == b"impostor"));
    assert_eq!(DeviceCertificate::read(authority.certificate()), None);
    assert_eq!(DeviceCertificate::read(b"no certificate"), None);
}

#[test]
fn a_request_without_proof_of_its_key_is_refused() {
    let mut bytes = request(&KeyPair::generate().unwrap());
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert!(DeviceRequest::read(&bytes).is_err());
    assert!(DeviceRequest::read(b"").is_err());
}
