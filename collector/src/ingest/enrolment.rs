//! Papers: a token for a first certificate, an old certificate for a new one.

use elsewhere_proto::v1::{
    EnrollRequest, EnrollResponse, RenewRequest, RenewResponse, enroll_server::Enroll,
};
use tonic::{Request, Response, Status};

use super::{Desk, Peer, deliver_status, store_status};
use crate::{
    device::{DeviceId, DeviceState},
    pki::{DeviceCertificate, DeviceRequest, PkiError},
    token, wire,
};

/// Longest platform name in bytes; refused past it.
const MAX_PLATFORM: usize = 32;

#[tonic::async_trait]
impl Enroll for Desk {
    async fn enroll(&self, request: Request<EnrollRequest>) -> Result<Response<EnrollResponse>, Status> {
        let peer = Peer::of(&request)?;
        let _place = self.lanes.enroll.enter().await?;
        let request = request.into_inner();
        let response = self.blocking(move |desk| desk.enrol(&peer, &request)).await?;
        Ok(Response::new(response))
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        let certificate = Peer::of(&request)?.device()?;
        let _place = self.lanes.renew.enter().await?;
        let request = request.into_inner();
        let response = self.blocking(move |desk| desk.renew_for(certificate, &request)).await?;
        Ok(Response::new(response))
    }
}

impl Desk {
    fn enrol(&self, peer: &Peer, request: &EnrollRequest) -> Result<EnrollResponse, Status> {
        // All that can be wrong is found before the token loses a use.
        let csr = device_request(&request.csr)?;
        wire::version("agent_version", &request.agent_version)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        if request.platform.len() > MAX_PLATFORM {
            return Err(Status::invalid_argument("platform: it is longer than 32 bytes"));
        }
        let now = (self.clock)();
        let id = match peer.certificate {
            Some(certificate) => self.known(certificate)?,
            None => None,
        };
        let device = self
            .installation
            .store()
            .redeem_token(token::hash(&request.token_secret), id.unwrap_or_else(DeviceId::random), now)
            .map_err(|error| store_status(&error))?
            .ok_or_else(|| Status::unauthenticated("the token is wrong, used up or expired"))?;
        let certificate =
            self.authority.device(&csr, device.id, device.epoch, now).map_err(|error| unsigned(&error))?;
        tracing::info!(device.id = %device.id, device.epoch, "enrolled a device");
        Ok(EnrollResponse {
            certificate: certificate.to_vec(),
            ca_certificate: self.authority.certificate().to_vec(),
            device_id: device.id.to_string(),
            epoch: device.epoch,
            segments: device.groups.segments.iter().map(Into::into).collect(),
        })
    }

    /// The device that enrols again with its old certificate keeps its name, unless it may not deliver under it.
    fn known(&self, certificate: DeviceCertificate) -> Result<Option<DeviceId>, Status> {
        let device = self
            .installation
            .store()
            .device(certificate.device)
            .map_err(|error| store_status(&error))?
            .filter(|device| device.state == DeviceState::Active && device.epoch == certificate.epoch);
        Ok(device.map(|device| device.id))
    }

    fn renew_for(
        &self,
        certificate: DeviceCertificate,
        request: &RenewRequest,
    ) -> Result<RenewResponse, Status> {
        let csr = device_request(&request.csr)?;
        let device = self
            .installation
            .admit(certificate.device, certificate.epoch)
            .map_err(|error| deliver_status(&error))?;
        let certificate = self
            .authority
            .device(&csr, device.id, device.epoch, (self.clock)())
            .map_err(|error| unsigned(&error))?;
        Ok(RenewResponse {
            certificate: certificate.to_vec(),
            ca_certificate: self.authority.certificate().to_vec(),
        })
    }
}

fn device_request(csr: &[u8]) -> Result<DeviceRequest, Status> {
    DeviceRequest::read(csr).map_err(|error| Status::invalid_argument(error.to_string()))
}

fn unsigned(error: &PkiError) -> Status {
    tracing::error!(%error, "could not sign a device certificate");
    Status::internal("the collector could not sign the certificate; its log says why")
}
