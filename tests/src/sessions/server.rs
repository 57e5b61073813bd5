//! One HTTPS server that plays every host: over TLS 1.3, HTTP/2 and HTTP/1.1, with a certificate for each name, and
//! over HTTP/3 (`quic.rs`).
//!
//! What it answers stands in the request, so that a scenario says it where it asks: `?bytes=` of the body, `&wait=` so
//! many milliseconds first, `&hold=1` an event stream that stays open, `&chunks=` pieces of `bytes` each and `&every=`
//! so many milliseconds, `&to=` a redirect, `&as=` the kind of file, by its ending. Bodies sent to it are read to their end. Pages and files with a content of
//! their own are put in place beforehand; for repositories of code git answers (`repositories.rs`). A connection that asks for HTTP/1.1 alone may become a web socket
//! (`socket.rs`).

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    net::Ipv4Addr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    response::Response,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::TcpStream,
    sync::{broadcast, mpsc, watch},
};
use tokio_stream::wrappers::ReceiverStream;

use super::{certificates::Certificates, quic, repositories, socket};
use crate::lab::Lab;

/// Longest head of a request that may become a web socket.
const MAX_HEAD_BYTES: usize = 16_384;
/// A body where the request names no size: a short JSON answer.
const SHORT_BYTES: usize = 600;

/// The server, running in the hub until the lab is gone.
pub(super) struct Server {
    shared: Arc<Shared>,
}

/// What its connections share.
pub(super) struct Shared {
    certificates: Arc<Certificates>,
    placed: Mutex<HashMap<String, Bytes>>,
    uploaded: Mutex<HashMap<String, u64>>,
    pushes: broadcast::Sender<Push>,
    /// Seconds that have passed in the session's own time.
    told_seconds: watch::Sender<u64>,
    keep_alive_seconds: u64,
    /// Repositories of code, in a folder a host.
    repositories: PathBuf,
}

/// One connection's requests: how many are under way, and when the last one was answered.
#[derive(Debug, Default)]
pub(super) struct Activity {
    under_way: AtomicUsize,
    last_seconds: AtomicU64,
}

/// A request that is under way until this is dropped.
struct UnderWay(Arc<Shared>, Arc<Activity>);

impl UnderWay {
    fn new(shared: &Arc<Shared>, activity: &Arc<Activity>) -> Self {
        activity.under_way.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(shared), Arc::clone(activity))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.1.last_seconds.store(*self.0.told_seconds.borrow(), Ordering::Relaxed);
        self.1.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Something that a host sends by itself to who holds a connection open.
#[derive(Debug, Clone)]
pub(super) struct Push {
    pub(super) host: String,
    pub(super) bytes: usize,
}

impl Server {
    /// Starts it on port 443 of every address of the hub. It hangs up connections that rest for so many seconds of the
    /// session's time.
    pub(super) fn start(lab: &Lab, keep_alive_seconds: u64) -> anyhow::Result<Self> {
        let certificates = Arc::new(Certificates::new()?);
        let shared = Arc::new(Shared {
            certificates: Arc::clone(&certificates),
            placed: Mutex::default(),
            uploaded: Mutex::default(),
            pushes: broadcast::channel(64).0,
            told_seconds: watch::channel(0).0,
            keep_alive_seconds,
            repositories: lab.path("repositories"),
        });
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(certificates);
        quic::serve(lab, &shared, tls.clone())?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
        let listener =
            lab.hub().inside(async || Ok(std::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, 443))?))?;
        listener.set_nonblocking(true)?;
        let listener = lab.runtime().block_on(async { tokio::net::TcpListener::from_std(listener) })?;
        let accepting = Arc::clone(&shared);
        lab.runtime().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, shared) = (acceptor.clone(), Arc::clone(&accepting));
                // A client that goes away in the middle is its own matter.
                tokio::spawn(async move { drop(serve(stream, acceptor, shared).await) });
            }
        });
        Ok(Self { shared })
    }

    /// The fingerprint by which a browser may know the server's key: SHA-256 of it, in base64.
    pub(super) fn key_fingerprint(&self) -> String {
        self.shared.certificates.key_fingerprint()
    }

    /// The certificate that clients must trust, PEM.
    pub(super) fn root_pem(&self) -> &str {
        self.shared.certificates.root_pem()
    }

    /// The names for which clients opened connections so far.
    pub(super) fn asked(&self) -> BTreeSet<String> {
        self.shared.certificates.asked()
    }

    /// This content lies at this host and path from now on.
    pub(super) fn place(&self, host: &str, path: &str, content: impl Into<Bytes>) {
        let mut placed = self.shared.placed.lock().expect("nobody panicked with it");
        placed.insert(format!("{host}{path}"), content.into());
    }

    /// The folder of a host's repositories.
    pub(super) fn repositories(&self, host: &str) -> PathBuf {
        self.shared.repositories.join(host)
    }

    /// Bytes in bodies that a host has read so far.
    pub(super) fn uploaded(&self, host: &str) -> u64 {
        let uploaded = self.shared.uploaded.lock().expect("nobody panicked with it");
        uploaded.get(host).copied().unwrap_or_default()
    }

    /// A host sends so many bytes to everybody who holds a connection to it open.
    pub(super) fn push(&self, host: &str, bytes: usize) -> anyhow::Result<()> {
        let heard = self.shared.pushes.send(Push { host: host.to_owned(), bytes });
        heard.with_context(|| format!("nobody holds a connection to {host} open")).map(drop)
    }

    /// So many seconds have passed in the session's time: connections that rested too long are ended, as servers do.
    /// What is under way or held open stays.
    pub(super) fn time_is(&self, told_seconds: u64) {
        self.shared.told_seconds.send_replace(told_seconds);
    }
}

impl Shared {
    /// Waits until a connection has rested for so many seconds of the session's time.
    pub(super) async fn rested(&self, activity: &Activity, seconds: u64) -> anyhow::Result<()> {
        let mut told_seconds = self.told_seconds.subscribe();
        activity.last_seconds.store(*told_seconds.borrow(), Ordering::Relaxed);
        let has_rested = |now: &u64| {
            let last = activity.last_seconds.load(Ordering::Relaxed);
            activity.under_way.load(Ordering::Relaxed) == 0 && *now >= last + seconds
        };
        Ok(told_seconds.wait_for(has_rested).await.map(drop)?)
    }

    /// What hosts send by themselves from now on.
    pub(super) fn pushes(&self) -> broadcast::Receiver<Push> {
        self.pushes.subscribe()
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: tokio_rustls::TlsAcceptor,
    shared: Arc<Shared>,
) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = acceptor.accept(stream).await?;
    let host = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
    if stream.get_ref().1.alpn_protocol() != Some(b"http/1.1") {
        return serve_http(stream, shared).await;
    }
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") && head.len() < MAX_HEAD_BYTES {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    if let Some(key) = socket::wanted_key(&head) {
        return socket::serve(stream, &key, &host, &shared).await;
    }
    let (read, write) = tokio::io::split(stream);
    serve_http(tokio::io::join(std::io::Cursor::new(head).chain(read), write), shared).await
}

async fn serve_http<S>(stream: S, shared: Arc<Shared>) -> anyhow::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Arc::new(Activity::default());
    let state = (Arc::clone(&shared), Arc::clone(&activity));
    let service = TowerToHyperService::new(Router::new().fallback(answer).with_state(state));
    let builder = Builder::new(TokioExecutor::new());
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        served = connection.as_mut() => return served.map_err(anyhow::Error::msg),
        rested = shared.rested(&activity, shared.keep_alive_seconds) => rested?,
    }
    connection.as_mut().graceful_shutdown();
    connection.await.map_err(anyhow::Error::msg)
}

async fn answer(
    State((shared, activity)): State<(Arc<Shared>, Arc<Activity>)>,
    request: Request,
) -> Response {
    respond(shared, activity, request).await
}

/// Does what a request asks for, over whichever protocol it came.
pub(super) async fn respond(shared: Arc<Shared>, activity: Arc<Activity>, request: Request) -> Response {
    let under_way = UnderWay::new(&shared, &activity);
    let (head, body) = request.into_parts();
    let named = head.headers.get("host").and_then(|host| host.to_str().ok());
    let host = head.uri.host().or(named).unwrap_or_default().to_owned();
    let asked = Asked::from_query(head.uri.query().unwrap_or_default());
    let mut response = Response::builder()
        .header("access-control-allow-credentials", "true")
        .header("access-control-allow-headers", "content-type, authorization")
        .header("access-control-allow-methods", "GET, POST, PUT")
        .header("cache-control", if asked.changes { "no-store" } else { "max-age=86400" });
    if let Some(origin) = head.headers.get("origin") {
        response = response.header("access-control-allow-origin", origin);
    }
    if head.headers.get("cookie").is_none() {
        response = response.header("set-cookie", cookie(&host));
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    *shared.uploaded.lock().expect("nobody panicked with it").entry(host.clone()).or_default() +=
        body.len() as u64;
    if repositories::is_asked_for(head.uri.path()) {
        let answered = repositories::answer(&shared.repositories.join(&host), &head, body).await;
        return answered.unwrap_or_else(|error| failed(&error));
    }
    tokio::time::sleep(Duration::from_millis(asked.wait_ms)).await;
    let place = format!("{host}{}", head.uri.path());
    let placed = shared.placed.lock().expect("nobody panicked with it").get(&place).cloned();
    let kind = kind_of(asked.like.as_deref().unwrap_or(head.uri.path()));
    let response = if let Some(to) = asked.redirect {
        response.status(302).header("location", to).body(Body::empty())
    } else if asked.hold || asked.chunks > 0 {
        response.header("content-type", "text/event-stream").body(stream(&shared, host, &asked, under_way))
    } else {
        let content = placed.unwrap_or_else(|| filler(kind, asked.bytes.unwrap_or(SHORT_BYTES)));
        response.header("content-type", kind).body(Body::from(content))
    };
    response.unwrap_or_default()
}

fn failed(error: &anyhow::Error) -> Response {
    let mut response = Response::new(Body::from(format!("{error:#}")));
    *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// What a request asks for.
#[derive(Default)]
struct Asked {
    bytes: Option<usize>,
    wait_ms: u64,
    chunks: usize,
    every_ms: u64,
    hold: bool,
    changes: bool,
    redirect: Option<String>,
    like: Option<String>,
}

impl Asked {
    fn from_query(query: &str) -> Self {
        let mut asked = Self { every_ms: 20, ..Self::default() };
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "bytes" => asked.bytes = value.parse().ok(),
                "wait" => asked.wait_ms = value.parse().unwrap_or_default(),
                "chunks" => asked.chunks = value.parse().unwrap_or_default(),
                "every" => asked.every_ms = value.parse().unwrap_or(20),
                "hold" => asked.hold = true,
                "n" => asked.changes = true,
                "as" => asked.like = Some(value.to_owned()),
                "to" => asked.redirect = Some(format!("https://{value}")),
                _ => {}
            }
        }
        asked
    }
}

fn stream(shared: &Arc<Shared>, host: String, asked: &Asked, under_way: UnderWay) -> Body {
    let (send, receive) = mpsc::channel::<Result<Bytes, Infallible>>(4);
    let (bytes, chunks, every_ms, hold) =
        (asked.bytes.unwrap_or(80), asked.chunks, asked.every_ms, asked.hold);
    let mut pushes = shared.pushes();
    tokio::spawn(async move {
        let _under_way = under_way;
        for _ in 0..chunks.max(1) {
            if send.send(Ok(event(bytes))).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(every_ms)).await;
        }
        if !hold {
            return;
        }
        loop {
            let Ok(push) = pushes.recv().await else { return };
            if push.host == host && send.send(Ok(event(push.bytes))).await.is_err() {
                return;
            }
        }
    });
    Body::from_stream(ReceiverStream::new(receive))
}

fn event(bytes: usize) -> Bytes {
    format!("data: {}\n\n", "e".repeat(bytes.saturating_sub(8))).into()
}

/// A cookie as long as this host's always are.
fn cookie(host: &str) -> String {
    let length = 40 + host.bytes().map(usize::from).sum::<usize>() * 7 % 400;
    format!("id={}; Path=/; Secure; SameSite=None", "c".repeat(length))
}

fn kind_of(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "js" => "text/javascript",
        "css" => "text/css",
        "html" => "text/html",
        "gif" => "image/gif",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "woff2" => "font/woff2",
        "whl" | "tgz" | "mp4" => "application/octet-stream",
        // The index of Python's packages.
        _ if path.starts_with("/simple/") => "text/html",
        _ => "application/json",
    }
}

/// So many bytes that do nothing where they are run.
fn filler(kind: &str, bytes: usize) -> Bytes {
    let (before, after) = match kind {
        "text/javascript" | "text/css" => ("/*", "*/"),
        "text/html" => ("<!doctype html><!--", "-->"),
        "application/json" => ("{\"a\":\"", "\"}"),
        _ => ("", ""),
    };
    let middle = "a".repeat(bytes.saturating_sub(before.len() + after.len()));
    [before, &middle, after].concat().into()
}
