//! Takes devices' connections: so many at a time, each with a short time for its handshake.
//!
//! What comes out has finished TLS and knows its peer. A handshake that fails is the other end's matter and is only counted
//! in the debug log, without its address.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use rustls::ServerConfig;
use tokio::{
    io::{self, AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::transport::server::Connected;

use crate::{ingest::Peer, pki::DeviceCertificate};

/// Connections at a time: a visit takes a second, so it is 500 visits a second. Past it, new ones wait in the kernel's
/// backlog.
const MAX_CONNECTIONS: u64 = 512;
/// How long a handshake may take, over the slowest link we know of.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long accepting rests when this machine has no descriptors left.
const REST: Duration = Duration::from_millis(100);

/// One device's connection after its handshake.
pub(super) struct Connection {
    stream: TlsStream<TcpStream>,
    peer: Peer,
    _place: OwnedSemaphorePermit,
}

/// The connections as they are ready, until the server stops.
pub(super) fn connections(
    listener: TcpListener,
    tls: ServerConfig,
    mut stopped: watch::Receiver<bool>,
) -> impl Stream<Item = Result<Connection, Infallible>> {
    let (ready, connections) = mpsc::channel(1);
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let places = Arc::new(Semaphore::new(places()));
    tokio::spawn(async move {
        tokio::select! {
            () = accept(listener, acceptor, places, ready) => {}
            () = super::stopping(&mut stopped) => {}
        }
    });
    ReceiverStream::new(connections)
}

/// Half of this process's descriptors at most: the other half is for files, without which no visit ends well.
fn places() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let places = limit.map_or(MAX_CONNECTIONS, |limit| MAX_CONNECTIONS.min(limit / 2));
    usize::try_from(places).unwrap_or(usize::MAX).max(1)
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    places: Arc<Semaphore>,
    ready: mpsc::Sender<Result<Connection, Infallible>>,
) {
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                // The server is gone if nobody takes it.
                Ok(Ok(stream)) => drop(ready.send(Ok(Connection::new(stream, address, place))).await),
                Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
                Err(_) => tracing::debug!("a handshake took too long"),
            }
        });
    }
}

impl Connection {
    fn new(stream: TlsStream<TcpStream>, address: SocketAddr, place: OwnedSemaphorePermit) -> Self {
        let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let certificate = certificate.and_then(|der| DeviceCertificate::read(der));
        Self { stream, peer: Peer { address: address.ip(), certificate }, _place: place }
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
