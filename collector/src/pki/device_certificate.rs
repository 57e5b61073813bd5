//! What a device certificate says, once its chain has been checked.

use jiff::Timestamp;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::device::DeviceId;

const PREFIX: &str = "urn:elsewhere:device:";

/// Whom a certificate is for and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceCertificate {
    /// The device.
    pub device: DeviceId,
    /// Number of its enrolment.
    pub epoch: u32,
    /// Last moment at which it is good.
    pub not_after: Timestamp,
}

/// The name in a certificate.
pub(super) fn uri(device: DeviceId, epoch: u32) -> String {
    format!("{PREFIX}{device}:{epoch}")
}

impl DeviceCertificate {
    /// Reads a certificate (DER); `None` if it is not one of a device.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = &certificate.subject_alternative_name().ok()??.value.general_names;
        let [GeneralName::URI(uri)] = names.as_slice() else { return None };
        let (device, epoch) = uri.strip_prefix(PREFIX)?.rsplit_once(':')?;
        Some(Self {
            device: device.parse().ok()?,
            epoch: epoch.parse().ok()?,
            not_after: Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?,
        })
    }
}
