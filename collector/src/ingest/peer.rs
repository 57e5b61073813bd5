//! Who is at the other end of a connection, and what the certificate shown there is good for.

use std::net::IpAddr;

use jiff::Timestamp;
use tonic::{Request, Status};

use crate::pki::DeviceCertificate;

/// The other end of one connection. The address is used to tell office from away and is never kept.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Where the connection came from.
    pub address: IpAddr,
    /// The device certificate shown, if any; its chain is good.
    pub certificate: Option<DeviceCertificate>,
}

impl Peer {
    /// The peer of a call.
    pub(super) fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        let peer = request.extensions().get::<Self>();
        peer.copied().ok_or_else(|| Status::internal("the connection has no peer"))
    }

    /// The device, by its certificate, expired or not.
    pub(super) fn device(&self) -> Result<DeviceCertificate, Status> {
        self.certificate.ok_or_else(|| {
            Status::unauthenticated("no device certificate was shown; enrol this device with a token")
        })
    }

    /// The device, by a certificate that is good now.
    pub(super) fn current_device(&self, now: Timestamp) -> Result<DeviceCertificate, Status> {
        let certificate = self.device()?;
        if certificate.not_after < now {
            return Err(Status::unauthenticated("the device certificate has expired; renew it"));
        }
        Ok(certificate)
    }
}
