//! A vendor's program that is no browser: HTTP/1.1 over rustls on connections that it keeps.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use anyhow::{Context, bail, ensure};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

use super::play::Play;

/// A program with its trust; one connection at a time of each [`Line`].
pub(super) struct Client {
    tls: Arc<ClientConfig>,
}

/// A connection that is kept to one host.
pub(super) struct Line {
    tls: Arc<ClientConfig>,
    host: String,
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Client {
    pub(super) fn new(play: &Play) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(play.server.root_pem().as_bytes())?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: Arc::new(tls) })
    }

    /// Looks a host up and opens a connection to it.
    pub(super) fn open(&self, play: &Play, host: &str) -> anyhow::Result<Line> {
        let stream = connect(&self.tls, play, host)?;
        Ok(Line { tls: Arc::clone(&self.tls), host: host.to_owned(), stream })
    }
}

fn connect(
    tls: &Arc<ClientConfig>,
    play: &Play,
    host: &str,
) -> anyhow::Result<StreamOwned<ClientConnection, TcpStream>> {
    let address = SocketAddr::from((play.look_up(host)?, 443));
    let tcp = play.device().inside(async || Ok(TcpStream::connect(address)?))?;
    tcp.set_nodelay(true)?;
    let tls = ClientConnection::new(Arc::clone(tls), ServerName::try_from(host.to_owned())?)?;
    Ok(StreamOwned::new(tls, tcp))
}

impl Line {
    /// Sends a request with so many bytes of body, and waits for the answer of so many.
    pub(super) fn ask(&mut self, play: &Play, path: &str, up: usize, down: usize) -> anyhow::Result<()> {
        self.begin(play, path, up, down, 8)?;
        self.finish()
    }

    /// Sends a request whose answer will take so many milliseconds, and does not wait for it. Connects anew where the
    /// server has hung up meanwhile.
    pub(super) fn begin(
        &mut self,
        play: &Play,
        path: &str,
        up: usize,
        down: usize,
        wait_ms: u32,
    ) -> anyhow::Result<()> {
        if self.has_hung_up()? {
            self.stream = connect(&self.tls, play, &self.host)?;
        }
        let method = if up > 0 { "POST" } else { "GET" };
        let head = format!(
            "{method} {path}?bytes={down}&wait={wait_ms} HTTP/1.1\r\nHost: {}\r\nUser-Agent: DesktopClient/201.4\r\n\
             Authorization: Bearer {}\r\nContent-Length: {up}\r\n\r\n",
            self.host,
            "k".repeat(120)
        );
        self.stream.write_all(head.as_bytes())?;
        self.stream.write_all(&vec![b'b'; up])?;
        Ok(self.stream.flush()?)
    }

    /// Waits for the answer to what was begun.
    pub(super) fn finish(&mut self) -> anyhow::Result<()> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            self.stream.read_exact(&mut byte).context("the answer's head")?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head)?.to_ascii_lowercase();
        ensure!(head.starts_with("http/1.1 200"), "{}: {head}", self.host);
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.context("an answer says its length")?.parse()?];
        Ok(self.stream.read_exact(&mut body)?)
    }

    /// The server's end of the connection lies waiting to be read.
    fn has_hung_up(&mut self) -> anyhow::Result<bool> {
        self.stream.sock.set_nonblocking(true)?;
        let mut byte = [0];
        let read = self.stream.read(&mut byte);
        self.stream.sock.set_nonblocking(false)?;
        match read {
            Ok(0) => Ok(true),
            Ok(_) => bail!("{} said something that nobody asked for", self.host),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(_) => Ok(true),
        }
    }
}
