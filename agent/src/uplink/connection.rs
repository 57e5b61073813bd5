//! One connection to the collector: TCP (through a proxy where there is one), TLS, HTTP/2; a time limit on each.

use std::{io, sync::Arc, time::Duration};

use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

use super::proxy::Proxy;

/// Longest wait for TCP and for TLS each: a laptop behind a captive portal must not hang for minutes.
const STEP_LIMIT: Duration = Duration::from_secs(10);
/// Longest wait for any one answer; a collector commits a group in well under a second.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is no host:port.
    #[error("'{0}' is no address like collector.example:8421")]
    Address(String),
    /// Nobody answers there.
    #[error("no connection to {address}")]
    Tcp {
        /// The collector's address.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Somebody answers there, who is not the collector of this token or identity, or who does not take us.
    #[error("{address} is not trusted or does not trust us")]
    Tls {
        /// The collector's address.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// HTTP/2 did not come about.
    #[error("{address} speaks no HTTP/2")]
    Http {
        /// The collector's address.
        address: String,
        /// Why.
        #[source]
        source: tonic::transport::Error,
    },
}

/// Connects to `address` (host:port). The channel holds this one connection and opens no other.
pub async fn open(address: &str, tls: ClientConfig, proxy: Option<&Proxy>) -> Result<Channel, ConnectError> {
    let name = server_name(address)?;
    let tcp = async {
        match proxy {
            Some(proxy) => proxy.connect(address).await,
            None => TcpStream::connect(address).await,
        }
    };
    let stream = within_limit(tcp)
        .await
        .map_err(|source| ConnectError::Tcp { address: address.to_owned(), source })?;
    let tls = TlsConnector::from(Arc::new(tls)).connect(name, stream);
    let stream = within_limit(tls)
        .await
        .map_err(|source| ConnectError::Tls { address: address.to_owned(), source })?;

    let mut stream = Some(TokioIo::new(stream));
    let once = tower::service_fn(move |_| {
        let stream = stream.take().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected));
        async move { stream }
    });
    // "http": to tonic the stream is plain, TLS is ours.
    Endpoint::from_shared(format!("http://{address}"))
        .map_err(|_| ConnectError::Address(address.to_owned()))?
        .timeout(ANSWER_LIMIT)
        .connect_with_connector(once)
        .await
        .map_err(|source| ConnectError::Http { address: address.to_owned(), source })
}

async fn within_limit<T>(step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match timeout(STEP_LIMIT, step).await {
        Ok(result) => result,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// The name or address that the server's certificate must hold.
fn server_name(address: &str) -> Result<ServerName<'static>, ConnectError> {
    let error = || ConnectError::Address(address.to_owned());
    let (host, port) = address.rsplit_once(':').ok_or_else(error)?;
    port.parse::<u16>().map_err(|_| error())?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(host.to_owned()).map_err(|_| error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_name_or_ip_and_a_port() {
        for (address, host) in [
            ("collector.example:8421", "collector.example"),
            ("127.0.0.1:8421", "127.0.0.1"),
            ("[::1]:8421", "::1"),
        ] {
            assert_eq!(server_name(address).unwrap(), ServerName::try_from(host).unwrap());
        }
        for address in ["", "collector.example", "collector.example:", ":8421", "a b:1", "x:65536"] {
            assert!(server_name(address).is_err(), "{address:?}");
        }
    }
}
