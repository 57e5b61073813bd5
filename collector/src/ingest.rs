//! What agents may ask: papers (`Enroll`) and delivery (`Ingest`). The front desk of the collector.
//!
//! Who calls is known from the certificate of the connection only. The TLS handshake has checked its chain; here, call by
//! call, its expiry, epoch and revocation are judged, so that an agent gets a status it can act on. Each kind of
//! call has a lane of its own, so that a crowd at one leaves the others open.

use std::sync::{Arc, PoisonError, RwLock};

use elsewhere_proto::v1;
use jiff::Timestamp;
use tonic::{Code, Status, metadata::MetadataValue};

use self::lane::Lane;
use crate::{
    catalog_delta,
    installation::{DeliverError, Installation, utc_date},
    pki::Authority,
    store::StoreError,
    week::Week,
};

mod enrolment;
mod lane;
mod peer;
mod visit;

pub use peer::Peer;

/// The front desk: one for all connections.
#[derive(Clone)]
pub struct Desk {
    installation: Installation,
    authority: Arc<Authority>,
    clock: fn() -> Timestamp,
    lanes: Arc<Lanes>,
    /// What the portfolio says to devices.
    offer: Arc<RwLock<Offer>>,
}

/// What the portfolio says to devices.
#[derive(Clone, Default)]
struct Offer {
    /// Ids of the services that IT offers, for the receipt.
    sanctioned: Vec<String>,
    /// The organisation's layer over the catalog, and its version.
    delta: Option<(u64, v1::CatalogDelta)>,
    /// Why the portfolio as it stands now can't be used; said once.
    problem: Option<String>,
}

struct Lanes {
    enroll: Lane,
    renew: Lane,
    visit: Lane,
}

/// Enrolments at a time: each makes a signature and a commit, so a few keep both busy; more wait in line.
const ENROLL_LANE: usize = 8;
/// Renewals at a time; as above.
const RENEW_LANE: usize = 8;
/// Visits at a time: as many as the store's queue takes.
const VISIT_LANE: usize = 256;
/// When a busy collector asks agents to come again, in milliseconds; they spread themselves around it.
const COME_AGAIN_MILLISECONDS: u32 = 5_000;

impl Desk {
    /// A desk for this installation; `clock` is the door for time.
    pub fn new(installation: Installation, authority: Authority, clock: fn() -> Timestamp) -> Self {
        let lanes = Lanes {
            enroll: Lane::new(ENROLL_LANE),
            renew: Lane::new(RENEW_LANE),
            visit: Lane::new(VISIT_LANE),
        };
        Self {
            installation,
            authority: Arc::new(authority),
            clock,
            lanes: Arc::new(lanes),
            offer: Arc::default(),
        }
    }

    /// Reads the portfolio anew. One that is not in order is told in the log, and the last good one stands.
    pub async fn refresh_offer(&self) {
        let week = Week::of(utc_date((self.clock)()));
        let read = self.blocking(move |desk| Ok(desk.read_offer(week))).await;
        match read {
            Ok(Ok(offer)) => *self.offer.write().unwrap_or_else(PoisonError::into_inner) = offer,
            Ok(Err(error)) => {
                let problem = format!("{error:#}");
                let mut offer = self.offer.write().unwrap_or_else(PoisonError::into_inner);
                if offer.problem.as_ref() != Some(&problem) {
                    tracing::error!(
                        error = problem,
                        "the portfolio can't be used; what it said before goes on"
                    );
                    offer.problem = Some(problem);
                }
            }
            // The runtime is going down.
            Err(_) => {}
        }
    }

    fn read_offer(&self, week: Week) -> anyhow::Result<Offer> {
        let portfolio = self.installation.portfolio()?;
        let delta =
            catalog_delta::make(self.installation.dir(), &self.authority, &portfolio.layer, (self.clock)())?;
        Ok(Offer {
            sanctioned: portfolio.sanctioned(week).map(str::to_owned).collect(),
            delta,
            problem: None,
        })
    }

    fn offer(&self) -> Offer {
        self.offer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs what blocks on the installation away from the threads that serve.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let desk = self.clone();
        tokio::task::spawn_blocking(move || work(&desk))
            .await
            .map_err(|_| Status::internal("the collector could not do it; its log says why"))?
    }
}

/// Busy: come again later.
fn busy() -> Status {
    let mut status = Status::unavailable("the collector is busy; come again in 5 seconds");
    status.metadata_mut().insert("grpc-retry-pushback-ms", MetadataValue::from(COME_AGAIN_MILLISECONDS));
    status
}

/// The status for a store's mistake, which is logged here and told nobody.
fn store_status(error: &StoreError) -> Status {
    if matches!(error, StoreError::Busy) {
        return busy();
    }
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(error = %error, cause, "the store failed");
    Status::new(Code::Internal, "the collector could not store it; nothing was taken, come again later")
}

fn deliver_status(error: &DeliverError) -> Status {
    match error {
        DeliverError::Store(error) => store_status(error),
        DeliverError::Unknown(_) | DeliverError::OldEpoch(_) | DeliverError::Barred(..) => {
            Status::permission_denied(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests;
