//! quinn and rustls on both sides of QUIC.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use rustls::pki_types::PrivateKeyDer;

use super::{HUB, Recorded, Recorder, ensure_some};

pub(super) const CASES: &[Recorded] = &[Recorded {
    name: "recorded-quinn",
    about: "quinn connects to quinn on port 8443: once straight, once with a Retry. The hello offers so many protocols that \
            it takes two Initials, and after the Retry the client sends it again to the id that the server chose.",
    filter: "udp port 8443",
    // Both datagrams of a hello may come in one super-frame.
    snap_bytes: 9_000,
    versions: &[&["cargo", "tree", "--offline", "--depth", "0", "-p", "quinn"]],
    make: record,
}];

const PORT: u16 = 8443;
const NAMES: [&str; 2] = ["straight.example.com", "retried.example.com"];

fn record(recorder: &mut Recorder) -> anyhow::Result<()> {
    let pair = rcgen::generate_simple_self_signed(NAMES.map(String::from))?;
    let certificate = pair.cert.der().clone();
    let key = PrivateKeyDer::try_from(pair.signing_key.serialize_der()).map_err(anyhow::Error::msg)?;
    let protocols: Vec<Vec<u8>> =
        (0..80).map(|number| format!("protocol-{number:02}").into_bytes()).collect();

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)?;
    tls.alpn_protocols.clone_from(&protocols);
    let tls = quinn::crypto::rustls::QuicServerConfig::try_from(tls)?;
    let server = quinn::ServerConfig::with_crypto(Arc::new(tls));

    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate)?;
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols.clone_from(&protocols);
    let tls = quinn::crypto::rustls::QuicClientConfig::try_from(tls)?;
    let client = quinn::ClientConfig::new(Arc::new(tls));

    let socket = recorder.lab.hub().inside(async || Ok(std::net::UdpSocket::bind((HUB, PORT))?))?;
    recorder.lab.runtime().spawn(serve(socket, server));
    recorder.start()?;
    for (at, name) in NAMES.into_iter().enumerate() {
        let local = 40_031 + u16::try_from(at)?;
        let client = client.clone();
        recorder.device().inside(async move || {
            let mut endpoint = quinn::Endpoint::client(SocketAddr::from(([0, 0, 0, 0], local)))?;
            endpoint.set_default_client_config(client);
            let connection = endpoint.connect((HUB, PORT).into(), name)?.await?;
            connection.close(0_u32.into(), b"done");
            endpoint.wait_idle().await;
            Ok(())
        })?;
        // The decoder keeps 8 protocols of a hello.
        let kept: Vec<_> = (0..8).map(|number| format!("protocol-{number:02}")).collect();
        let fact = format!("quic 0x00000001 {name} alpn={} ech=no", kept.join(","));
        recorder.expect(local, PORT, &fact);
        if at == 1 {
            // The hello before the Retry is whole as well.
            recorder.expect(local, PORT, fact);
        }
        recorder.expect_back(PORT, local, "quic-server");
    }
    recorder.stop_and_look()?;
    ensure_some("Retry", &recorder.tshark("quic.long.packet_type == 3", "frame.number")?)
}

/// Takes every second connection only after a Retry.
async fn serve(socket: std::net::UdpSocket, config: quinn::ServerConfig) -> anyhow::Result<()> {
    let runtime = Arc::new(quinn::TokioRuntime);
    let endpoint = quinn::Endpoint::new(quinn::EndpointConfig::default(), Some(config), socket, runtime)?;
    let straight = endpoint.accept().await.context("a client comes")?;
    straight.await?.closed().await;
    let unproven = endpoint.accept().await.context("a second client comes")?;
    unproven.retry().map_err(|_| anyhow::anyhow!("no Retry was possible"))?;
    let proven = endpoint.accept().await.context("the client comes back")?;
    proven.await?.closed().await;
    Ok(())
}
