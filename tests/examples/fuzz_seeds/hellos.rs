//! Hellos as programs really send them.

use std::{
    io::Read,
    net::TcpListener,
    process::{Command, Stdio},
    sync::Arc,
};

use anyhow::Context;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore,
    crypto::ring,
    pki_types::ServerName,
    quic::{self, Version},
};

const NAME: &str = "www.example.com";

fn config() -> anyhow::Result<Arc<ClientConfig>> {
    let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config.into())
}

/// Records that rustls begins a stream with.
pub(crate) fn rustls() -> anyhow::Result<Vec<u8>> {
    let mut client = ClientConnection::new(config()?, ServerName::try_from(NAME)?)?;
    let mut records = Vec::new();
    client.write_tls(&mut records)?;
    Ok(records)
}

/// The handshake message that rustls begins a QUIC connection with.
pub(crate) fn quic() -> anyhow::Result<Vec<u8>> {
    let parameters = b"\x01\x04\x80\x00\x75\x30\x0f\x00".to_vec();
    let mut client =
        quic::ClientConnection::new(config()?, Version::V1, ServerName::try_from(NAME)?, parameters)?;
    let mut message = Vec::new();
    client.write_hs(&mut message);
    Ok(message)
}

/// What a program sends first to a port of this machine; nothing where it isn't installed.
pub(crate) fn of(program: &str, arguments: impl Fn(u16) -> Vec<String>) -> anyhow::Result<Option<Vec<u8>>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let arguments = arguments(listener.local_addr()?.port());
    let started = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else {
        println!("{program} is not installed: no seed of it");
        return Ok(None);
    };
    let (mut stream, _) = listener.accept()?;
    let mut bytes = vec![0; 4096];
    let count = stream.read(&mut bytes).with_context(|| format!("what {program} sends"))?;
    bytes.truncate(count);
    drop(stream);
    child.kill()?;
    child.wait()?;
    Ok(Some(bytes))
}
