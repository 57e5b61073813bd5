//! The way through an HTTP proxy: `CONNECT`, RFC 9110 §9.3.6, without a password.

use std::{fmt, io, str::FromStr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A proxy's answer ends with an empty line; one that is longer than this is no answer we know.
const MAX_ANSWER_BYTES: usize = 8 * 1024;

/// Host and port of an HTTP proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    authority: String,
}

/// Why a text names no proxy.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no proxy to use; write it like http://proxy.example:3128, without a password")]
pub struct ProxyError;

impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let authority = text.strip_prefix("http://").ok_or(ProxyError)?.trim_end_matches('/');
        let (host, port) = authority.rsplit_once(':').ok_or(ProxyError)?;
        if host.is_empty()
            || port.parse::<u16>().is_err()
            || authority.contains(|c: char| c.is_whitespace() || "/@?#".contains(c))
        {
            return Err(ProxyError);
        }
        Ok(Self { authority: authority.to_owned() })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

impl Proxy {
    /// Opens a connection to `address` (host:port) through the proxy.
    pub async fn connect(&self, address: &str) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.authority).await?;
        stream.write_all(format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
        let status = read_status(&mut stream).await?;
        if !(200..300).contains(&status) {
            return Err(io::Error::other(format!("proxy answered {status} to CONNECT")));
        }
        Ok(stream)
    }
}

/// Reads to the end of the answer's head, byte by byte: what follows belongs to TLS.
async fn read_status(stream: &mut TcpStream) -> io::Result<u16> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_ANSWER_BYTES {
            return Err(io::Error::other("proxy's answer to CONNECT is too long"));
        }
        head.push(stream.read_u8().await?);
    }
    status(&head).ok_or_else(|| io::Error::other("proxy did not answer CONNECT in HTTP"))
}

fn status(head: &[u8]) -> Option<u16> {
    let line = str::from_utf8(head.split(|&byte| byte == b'\r').next()?).ok()?;
    line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_plain_host_and_port() {
        assert_eq!("http://p.example:3128/".parse::<Proxy>().unwrap().to_string(), "http://p.example:3128");
        for text in
            ["p:1", "https://p:1", "http://p", "http://p:x", "http://a:b@p:1", "http://p:1/x", "http://:1"]
        {
            assert_eq!(text.parse::<Proxy>(), Err(ProxyError), "{text}");
        }
    }

    #[test]
    fn only_http_answers_have_a_status() {
        assert_eq!(status(b"HTTP/1.1 200 OK\r\n\r\n"), Some(200));
        assert_eq!(status(b"HTTP/1.0 407 Who are you\r\nX: y\r\n\r\n"), Some(407));
        for head in [&b"SSH-2.0\r\n"[..], b"HTTP/1.1\r\n", b"", b"HTTP/1.1 x\r\n", b"\xff\r\n"] {
            assert_eq!(status(head), None);
        }
    }
}
