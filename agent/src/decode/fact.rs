//! What decoding gives: facts, in the words of the protocols they were said in.

use std::{
    hash::{Hash, Hasher},
    net::{IpAddr, SocketAddr},
};

use jiff::Timestamp;

use crate::{capture::Direction, domain::Domain};

/// TCP or UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// The 5-tuple of a packet, in the direction the packet went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowKey {
    /// TCP or UDP.
    pub transport: Transport,
    /// Who sent the packet.
    pub src: SocketAddr,
    /// Who it went to.
    pub dst: SocketAddr,
}

impl FlowKey {
    /// The same flow as packets of the other side carry it.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { transport: self.transport, src: self.dst, dst: self.src }
    }
}

/// In three steps: every packet is looked up by its key, and the derived way takes one for each byte of an address.
impl Hash for FlowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let ports = u64::from(self.src.port()) << 16 | u64::from(self.dst.port());
        state.write_u128(address_bits(self.src.ip()));
        state.write_u128(address_bits(self.dst.ip()));
        state.write_u64(ports << 1 | u64::from(self.transport == Transport::Tcp));
    }
}

fn address_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// One thing decoded off the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// Time of the frame that completed it.
    pub time: Timestamp,
    /// The packet's 5-tuple.
    pub flow: FlowKey,
    /// Which way the packet went, where the capture knows.
    pub direction: Option<Direction>,
    /// Index of the interface it passed; 0 where it is not known, or where no packet but time brought the fact.
    pub interface: u32,
    /// What it is.
    pub kind: FactKind,
}

/// What a fact says.
#[derive(Clone, Debug, PartialEq)]
pub enum FactKind {
    /// One TCP segment, or several in a row; every one of them, so that flows count bytes exactly.
    TcpSegment(TcpSegment),
    /// One UDP datagram, or several in a row; every one of them.
    UdpDatagram {
        /// Payload bytes by the headers' lengths, not by what was captured.
        payload_bytes: u32,
        /// When the last of them passed; the fact's own time is the first's.
        until: Timestamp,
    },
    /// An ICMP error says that the flow (turned round: `flow` is the refused packet's) found nobody.
    Unreachable,
    /// A DNS question.
    DnsQuery(DnsQuestion),
    /// A DNS response with its answers.
    DnsResponse(DnsResponse),
    /// A DNS question, asked or repeated in a response, for something that is no host name and so never a service.
    DnsOddName(OddName),
    /// A whole or sufficiently whole TLS `ClientHello` over TCP.
    TlsClientHello(ClientHello),
    /// The server's first handshake record: the other side speaks TLS.
    TlsServerHello(ServerHello),
    /// A fatal TLS alert, sent in the clear.
    TlsAlert {
        /// RFC 8446 §6 description.
        description: u8,
    },
    /// A `ClientHello` in QUIC Initial packets.
    QuicClientHello {
        /// QUIC version, 1 is RFC 9000.
        version: u32,
        /// The hello.
        hello: ClientHello,
    },
    /// The server's first QUIC long-header packet on a flow.
    QuicServerPacket,
    /// `Host` (or an absolute URI) of an HTTP/1 request.
    HttpHost(Domain),
    /// Target of an HTTP/1 `CONNECT`.
    HttpConnect(Target),
    /// Target of a SOCKS4a or SOCKS5 connect request.
    SocksConnect(Target),
    /// The hello just told goes to a resolver: lookups are made there that nobody sees.
    EncryptedDns(EncryptedDns),
}

/// Who has the last word of the handshake, by the server's hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerHello {
    /// The server asks for another hello, RFC 8446 §4.1.4.
    Retry,
    /// TLS 1.3: the client.
    Tls13,
    /// TLS 1.2 and older, RFC 5246 §7.3: the server, unless a session is resumed.
    Older,
}

/// How lookups are hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptedDns {
    /// DNS over TLS, RFC 7858.
    Tls,
    /// DNS over QUIC, RFC 9250.
    Quic,
    /// DNS over HTTPS, RFC 8484, whatever carries it.
    Https,
}

/// Header fields of a TCP segment, or of several that follow one another without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpSegment {
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// Flag bits as in the header's byte 13: FIN 1, SYN 2, RST 4, PSH 8, ACK 16; of several, what any of them has.
    pub flags: u8,
    /// Payload bytes by the IP headers' lengths, not by what was captured.
    pub payload_bytes: u32,
    /// When the last of them passed; the fact's own time is the first's.
    pub until: Timestamp,
    /// As the frame's: a gap shorter than this before it is none.
    pub stride: u32,
    /// IP time to live or hop limit: a reset from near by gives itself away.
    pub ttl: u8,
}

/// A host and port that a proxy was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A name, or nothing where an address was asked for.
    pub name: Option<Domain>,
    /// The address, where one was asked for.
    pub address: Option<IpAddr>,
    /// The port.
    pub port: u16,
}

/// A DNS question. RFC 1035 §4.1.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsQuestion {
    /// Message id.
    pub id: u16,
    /// Name asked for.
    pub qname: Domain,
    /// Type asked for: 1 A, 28 AAAA, 5 CNAME, 65 HTTPS.
    pub qtype: u16,
}

/// What was asked for in the place of a host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OddName {
    /// Its labels with dots between them, in lower case, as Wireshark shows them: control bytes as in C (`\r`, `\032`),
    /// bytes that are no UTF-8 as U+FFFD.
    pub text: String,
    /// Type asked for.
    pub qtype: u16,
    /// A response repeats it.
    pub is_response: bool,
}

/// A DNS response. RFC 1035 §4.1.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsResponse {
    /// The question it answers, where it repeats one.
    pub question: Option<DnsQuestion>,
    /// Response code: 0 no error, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED.
    pub rcode: u8,
    /// It did not fit and is asked for again over TCP.
    pub truncated: bool,
    /// Extended error, RFC 8914; of several the one that speaks of a filter.
    pub extended_error: Option<u16>,
    /// Answers in the order of the message; at most `dns::MAX_ANSWERS`.
    pub answers: Vec<DnsAnswer>,
}

/// One answer record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsAnswer {
    /// Owner name.
    pub name: Domain,
    /// Seconds it may be kept.
    pub ttl: u32,
    /// What it says.
    pub data: DnsData,
}

/// The record types that names are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsData {
    /// A or AAAA.
    Address(IpAddr),
    /// CNAME.
    Alias(Domain),
    /// HTTPS or SVCB, RFC 9460.
    Service {
        /// Protocols it offers beside the default one; at most 8.
        alpn: Vec<String>,
        /// Public name of its `ECHConfig`, where it has one.
        ech_public_name: Option<Domain>,
    },
    /// Any other type, by number.
    Other(u16),
}

/// What a TLS `ClientHello` says. RFC 8446 §4.1.2.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ClientHello {
    /// Server name indication, RFC 6066 §3.
    pub server_name: Option<Domain>,
    /// ALPN protocols, RFC 7301, as text; at most 8.
    pub alpn: Vec<String>,
    /// An `encrypted_client_hello` extension is there, GREASE or real.
    pub ech: bool,
    /// JA4 fingerprint of the hello; empty where the hello was not whole.
    pub ja4: String,
}
