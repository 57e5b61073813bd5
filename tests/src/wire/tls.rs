//! Real TLS between our own ends, with a certificate made for the occasion.

use std::{
    io::{Read, Write},
    sync::Arc,
};

use anyhow::Context;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection,
    pki_types::{PrivateKeyDer, ServerName},
};

/// Protocols of 200 bytes each that make a hello of about 1,700 bytes.
const LONG_PROTOCOLS: u8 = 7;

/// Both ends' settings: TLS 1.3, trusting each other.
pub(super) struct Ends {
    pub(super) client: Arc<ClientConfig>,
    pub(super) server: Arc<ServerConfig>,
}

impl Ends {
    /// A certificate for these names, and who trusts it.
    pub(super) fn new(names: &[&str]) -> anyhow::Result<Self> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(anyhow::Error::msg)?;
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)?;
        // One round trip and nothing after it.
        server.send_tls13_tickets = 0;
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone())?;
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Every handshake whole, as a new visitor's.
        client.resumption = rustls::client::Resumption::disabled();
        Ok(Self { client: Arc::new(client), server: Arc::new(server) })
    }

    /// The same ends with a hello of more than one segment, as post-quantum keys make it.
    pub(super) fn with_long_hello(&self) -> Self {
        let mut client = (*self.client).clone();
        client.alpn_protocols.extend((0..LONG_PROTOCOLS).map(|number| vec![b'a' + number; 200]));
        Self { client: Arc::new(client), server: Arc::clone(&self.server) }
    }
}

/// What goes over the wire in one handshake and one request: flights, with `true` for the client's.
pub(super) fn handshake(ends: &Ends, name: &str, request: &[u8]) -> anyhow::Result<Vec<(bool, Vec<u8>)>> {
    let mut client = ClientConnection::new(Arc::clone(&ends.client), ServerName::try_from(name.to_owned())?)?;
    let mut server = ServerConnection::new(Arc::clone(&ends.server))?;
    let mut flights = Vec::new();
    while client.is_handshaking() || server.is_handshaking() {
        let mut flight = Vec::new();
        client.write_tls(&mut flight)?;
        server.read_tls(&mut flight.as_slice())?;
        server.process_new_packets()?;
        flights.push((true, flight));
        let mut flight = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut flight)?;
        }
        let mut rest = flight.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest)?;
            client.process_new_packets()?;
        }
        flights.push((false, flight));
    }
    client.writer().write_all(request)?;
    let mut flight = Vec::new();
    while client.wants_write() {
        client.write_tls(&mut flight)?;
    }
    flights.push((true, flight.clone()));
    server.read_tls(&mut flight.as_slice())?;
    server.process_new_packets()?;
    let mut heard = vec![0; request.len()];
    server.reader().read_exact(&mut heard).context("the server heard the request")?;
    flights.retain(|(_, flight)| !flight.is_empty());
    Ok(flights)
}

/// Bytes of a record's header, RFC 8446 §5.1.
pub(super) const RECORD_HEADER_BYTES: usize = 5;
/// A full record: 2^14 bytes, their type and an authentication tag of 16.
pub(super) const RECORD_BYTES: usize = RECORD_HEADER_BYTES + 16_384 + 17;

/// A well-formed record of application data whose content nobody can read, this program included.
pub(super) fn opaque_record(random: &mut impl rand::Rng) -> Vec<u8> {
    let mut record = vec![0; RECORD_BYTES];
    random.fill_bytes(&mut record);
    record[..RECORD_HEADER_BYTES].copy_from_slice(&[23, 3, 3, 0x40, 0x11]);
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_begins_with_the_hello_and_ends_with_the_request() {
        let ends = Ends::new(&["a.example"]).unwrap();
        let flights = handshake(&ends, "a.example", b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let (is_client, hello) = &flights[0];
        assert!(*is_client && hello.starts_with(&[22, 3, 1]));
        assert!(hello.windows(9).any(|window| window == b"a.example"));
        let (is_client, request) = flights.last().unwrap();
        assert!(*is_client && request.starts_with(&[23, 3, 3]));
    }

    #[test]
    fn a_long_hello_takes_two_segments() {
        let ends = Ends::new(&["a.example"]).unwrap().with_long_hello();
        let hello = handshake(&ends, "a.example", b"x").unwrap().swap_remove(0).1;
        assert!((1_449..2 * 1_448).contains(&hello.len()), "{}", hello.len());
    }

    #[test]
    fn an_opaque_record_says_its_length() {
        let record = opaque_record(&mut rand::rng());
        let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
        assert_eq!(record.len(), RECORD_HEADER_BYTES + length);
    }
}
