//! A real HTTP/3 client (quinn and h3): it can't fall back to TCP, so what it fetched came over QUIC.

use std::{net::SocketAddr, path::Path, sync::Arc};

use anyhow::Context;
use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::Namespace;

/// What the client counted.
pub struct Fetched {
    /// Bytes of the body.
    pub body_bytes: u64,
    /// Bytes in UDP payloads received.
    pub udp_received: u64,
    /// Bytes in UDP payloads sent.
    pub udp_sent: u64,
}

/// Looks the name up with the namespace's resolver and fetches `https://name/path` over HTTP/3.
pub fn fetch(from: &Namespace, ca: &Path, name: &str, path: &str) -> anyhow::Result<Fetched> {
    let found = from.run("getent", &["ahostsv4", name])?;
    let address = found.split_whitespace().next().context("name lookup gave no address")?;
    let server = SocketAddr::new(address.parse()?, 443);
    let uri: http::Uri = format!("https://{name}{path}").parse()?;
    let config = client_config(ca)?;
    from.inside(async move || fetch_here(server, name, uri, config).await)
}

fn client_config(ca: &Path) -> anyhow::Result<quinn::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let tls = quinn::crypto::rustls::QuicClientConfig::try_from(tls)?;
    Ok(quinn::ClientConfig::new(Arc::new(tls)))
}

async fn fetch_here(
    server: SocketAddr,
    name: &str,
    uri: http::Uri,
    config: quinn::ClientConfig,
) -> anyhow::Result<Fetched> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
    // A small buffer loses datagrams after the link counted them, and the two counts drift apart.
    socket.set_recv_buffer_size(8 << 20)?;
    socket.bind(&SocketAddr::from(([0, 0, 0, 0], 0)).into())?;
    let runtime = Arc::new(quinn::TokioRuntime);
    let mut endpoint = quinn::Endpoint::new(quinn::EndpointConfig::default(), None, socket.into(), runtime)?;
    endpoint.set_default_client_config(config);
    let connection = endpoint.connect(server, name)?.await?;
    let counted = connection.clone();
    let (mut driver, mut requests) = h3::client::new(h3_quinn::Connection::new(connection)).await?;
    let drive = tokio::spawn(async move { std::future::poll_fn(|cx| driver.poll_close(cx)).await });

    let mut stream = requests.send_request(http::Request::get(uri).body(())?).await?;
    stream.finish().await?;
    let response = stream.recv_response().await?;
    anyhow::ensure!(response.status().is_success(), "HTTP/3 answered {}", response.status());
    let mut body_bytes = 0;
    while let Some(chunk) = stream.recv_data().await? {
        body_bytes += u64::try_from(bytes::Buf::remaining(&chunk))?;
    }

    drop(stream);
    drop(requests);
    // The driver ends because the last request handle is gone; its "error" is that orderly close.
    let _closed = drive.await?;
    endpoint.wait_idle().await;
    let stats = counted.stats();
    Ok(Fetched { body_bytes, udp_received: stats.udp_rx.bytes, udp_sent: stats.udp_tx.bytes })
}
