//! A lane: so many calls of one kind at a time, and a short wait for the others.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tonic::Status;

/// How long a call waits for its turn: shorter than any agent's patience.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Lane(Semaphore);

impl Lane {
    pub(super) const fn new(width: usize) -> Self {
        Self(Semaphore::const_new(width))
    }

    /// A place in the lane until it is dropped; busy after a short wait.
    pub(super) async fn enter(&self) -> Result<SemaphorePermit<'_>, Status> {
        match tokio::time::timeout(PATIENCE, self.0.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(super::busy()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_full_lane_is_unavailable_with_a_time_to_come_again() {
        let lane = Lane::new(1);
        let inside = lane.enter().await.unwrap();
        let status = lane.enter().await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::Unavailable);
        assert_eq!(status.metadata().get("grpc-retry-pushback-ms").unwrap(), "5000");
        drop(inside);
        assert!(lane.enter().await.is_ok());
    }
}
