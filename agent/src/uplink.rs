//! The agent visits the collector: the way there, the papers shown, what is said. Speaks gRPC; nothing else does.
//!
//! Never gives up and never enrols again by itself: a certificate is renewed at half of its life, or when the collector
//! says that it has expired; a device that was turned away goes on asking, rarely, and says so in its state.

pub mod backoff;
pub mod connection;
pub mod proxy;
pub mod reveal;
pub mod tls;
pub mod visit;
pub mod welcome;

use elsewhere_proto::v1::{self, enroll_client::EnrollClient};
use jiff::Timestamp;
use tonic::{Code, Status, transport::Channel};

use self::{
    connection::ConnectError,
    visit::{Heard, Luggage, VisitError},
    welcome::Welcome,
};
use crate::{
    config::Config,
    identity::{Identity, IdentityError, NewKey},
};

/// Why a visit did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum UplinkError {
    /// The device is not enrolled, or its papers are damaged.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The papers are there and TLS can't use them.
    #[error("set up TLS")]
    Tls(#[from] rustls::Error),
    /// The collector was not reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The visit broke off.
    #[error(transparent)]
    Visit(#[from] VisitError),
    /// No new certificate.
    #[error("renew the certificate: {} ({})", .0.message(), .0.code())]
    Renew(Box<Status>),
}

impl UplinkError {
    /// Only somebody at the collector can change this: the device is revoked, quarantined or of an old enrolment.
    pub fn is_refusal(&self) -> bool {
        self.code() == Some(Code::PermissionDenied)
    }

    fn says_expired(&self) -> bool {
        self.code() == Some(Code::Unauthenticated)
    }

    fn code(&self) -> Option<Code> {
        match self {
            Self::Visit(VisitError::Status(status)) | Self::Renew(status) => Some(status.code()),
            _ => None,
        }
    }
}

/// One visit with all that belongs to it: renewal when it is due, and again when the collector asks for it.
pub async fn visit(
    config: &Config,
    identity: &mut Identity,
    now: Timestamp,
    hello: v1::VisitHello,
    pack: impl Fn(&Welcome, &[u64]) -> Luggage,
    heard: &mut Heard,
) -> Result<(), UplinkError> {
    if identity.papers.is_due_for_renewal(now)
        && let Err(error) = renew(config, identity).await
    {
        tracing::warn!(error = %error, "certificate not renewed, the old one is used");
    }
    match visit_once(config, identity, hello.clone(), &pack, heard).await {
        Err(error) if error.says_expired() => {
            renew(config, identity).await?;
            visit_once(config, identity, hello, &pack, heard).await
        }
        result => result,
    }
}

async fn visit_once(
    config: &Config,
    identity: &Identity,
    hello: v1::VisitHello,
    pack: impl FnOnce(&Welcome, &[u64]) -> Luggage,
    heard: &mut Heard,
) -> Result<(), UplinkError> {
    let channel = connect(config, identity).await?;
    Ok(visit::visit(channel, hello, pack, heard).await?)
}

async fn renew(config: &Config, identity: &mut Identity) -> Result<(), UplinkError> {
    let key = NewKey::generate()?;
    let request = v1::RenewRequest { csr: key.request()? };
    let channel = connect(config, identity).await?;
    let answer = EnrollClient::new(channel)
        .renew(request)
        .await
        .map_err(|status| UplinkError::Renew(Box::new(status)))?
        .into_inner();
    let papers = identity.papers.renew(&config.data, &key, &answer)?;
    tracing::info!(device.id = papers.device_id, "certificate renewed");
    *identity = Identity::load(&config.data)?.ok_or(IdentityError::Answer("no papers"))?;
    Ok(())
}

async fn connect(config: &Config, identity: &Identity) -> Result<Channel, UplinkError> {
    let tls = tls::device_config(identity)?;
    Ok(connection::open(&identity.papers.address, tls, config.proxy.as_ref()).await?)
}
