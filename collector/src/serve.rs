//! Binds, serves and drains: the one place that knows every listener and when the server ends.
//!
//! Two listeners: agents' with TLS of our own authority, people's with plain HTTP on loopback; and the work that is done
//! by the clock. `run` returns when all have drained after `shutdown`; visits under way are finished, and their days are committed or not acknowledged.

use std::{io, net::SocketAddr, time::Duration};

use anyhow::Context;
use elsewhere_proto::v1::{enroll_server::EnrollServer, ingest_server::IngestServer};
use jiff::Timestamp;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tonic::transport::Server;

use crate::{
    api,
    config::{Config, PublicAddress},
    ingest::Desk,
    installation::Installation,
    pki::Authority,
};

mod accept;
mod addresses;
mod schedule;
mod tls;

pub use addresses::Addresses;

/// Both listeners, bound.
pub struct Listeners {
    people: TcpListener,
    devices: TcpListener,
}

/// Longest message on the wire: four times the largest device-day that is taken, so that a too large one is refused
/// by its ack and not by cutting the visit.
const MAX_MESSAGE: usize = 4 * crate::wire::MAX_BYTES;
/// Longest request for papers: a request for a certificate has under 1 KB.
const MAX_ENROLMENT: usize = 16 * 1024;
/// Calls at a time on one connection: an agent makes one, and a bad one must not fill the lanes alone.
const CALLS_PER_CONNECTION: usize = 4;
/// How long a connection is kept: the longest visit healing 13 weeks takes a minute, and nobody may hold a place for ever.
const CONNECTION_AGE: Duration = Duration::from_mins(10);
/// How long a visit may go on after that.
const CONNECTION_GRACE: Duration = Duration::from_mins(1);
/// A silent connection is asked after this long whether it lives, and closed if it does not answer.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long visits under way may take to end once we stop.
const DRAIN: Duration = Duration::from_secs(10);

impl Listeners {
    /// Binds what is configured; port 0 takes any free one.
    pub async fn bind(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            people: bind("people", config.people).await?,
            devices: bind("devices", config.devices).await?,
        })
    }

    /// Where they listen.
    pub fn addresses(&self) -> io::Result<Addresses> {
        Ok(Addresses { people: self.people.local_addr()?, devices: self.devices.local_addr()? })
    }
}

async fn bind(whom: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listen on {address} for {whom}; set another address with --{whom}"))
}

/// Serves until `shutdown`, then drains. `clock` is the door for time.
pub async fn run(
    installation: Installation,
    listeners: Listeners,
    clock: fn() -> Timestamp,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let _lock = installation.lock()?;
    let authority = Authority::create_or_open(installation.dir(), clock())?;
    let addresses = listeners.addresses()?;
    let names = server_names(installation.config().public_address.as_ref(), addresses.devices);
    let tls = tls::server_config(&authority, names, clock())?;
    api::ensure_first_token(&installation)?;
    let written = addresses.write(installation.dir())?;

    let (stop, stopped) = watch::channel(false);
    let desk = Desk::new(installation.clone(), authority, clock);
    let mut tasks = JoinSet::new();
    tasks.spawn(schedule::run(installation.clone(), desk.clone(), clock, stopped.clone()));
    tasks.spawn(serve_devices(desk, listeners.devices, tls, stopped.clone()));
    tasks.spawn(serve_people(installation.clone(), listeners.people, stopped));
    announce(addresses);

    tokio::select! {
        () = shutdown => tracing::info!("stopping"),
        // None ends before it is told to, unless it has failed.
        Some(ended) = tasks.join_next() => ended.context("serve")??,
    }
    stop.send_replace(true);
    let drained = tokio::time::timeout(DRAIN, drain(&mut tasks)).await;
    drop(written);
    drained.unwrap_or_else(|_| {
        tracing::warn!("some work did not end in time; what was not acknowledged will be sent again");
        Ok(())
    })
}

async fn drain(tasks: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(ended) = tasks.join_next().await {
        ended.context("serve")??;
    }
    Ok(())
}

async fn serve_devices(
    desk: Desk,
    listener: TcpListener,
    tls: rustls::ServerConfig,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let connections = accept::connections(listener, tls, stopped.clone());
    Server::builder()
        .concurrency_limit_per_connection(CALLS_PER_CONNECTION)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .max_connection_age(CONNECTION_AGE)
        .max_connection_age_grace(CONNECTION_GRACE)
        .add_service(EnrollServer::new(desk.clone()).max_decoding_message_size(MAX_ENROLMENT))
        .add_service(IngestServer::new(desk).max_decoding_message_size(MAX_MESSAGE))
        .serve_with_incoming_shutdown(connections, async move { stopping(&mut stopped).await })
        .await
        .context("serve devices")
}

async fn serve_people(
    installation: Installation,
    listener: TcpListener,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    axum::serve(listener, api::router(&installation))
        .with_graceful_shutdown(async move { stopping(&mut stopped).await })
        .await
        .context("serve people")
}

/// Returns when the server stops.
async fn stopping(stopped: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Names that agents may dial: the public one, the one listened on, and this machine's own.
fn server_names(public: Option<&PublicAddress>, devices: SocketAddr) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend(public.map(|public| public.host.clone()));
    if !devices.ip().is_unspecified() {
        names.push(devices.ip().to_string());
    }
    names.sort();
    names.dedup();
    names
}

/// Says on standard output that the collector is ready, and where.
fn announce(addresses: Addresses) {
    println!("ready; people {}, devices {}", addresses.people, addresses.devices);
    tracing::info!(people = %addresses.people, devices = %addresses.devices, "ready");
}
