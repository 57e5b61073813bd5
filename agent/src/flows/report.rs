//! What the flow table says about a connection.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{exchanges::Exchange, is_tunnel, pace::Transfer};
pub use crate::names::WhyOpen;
use crate::{
    app_class::AppMatch,
    decode::{EncryptedDns, FlowKey, Transport},
    domain::Domain,
};

/// Number of a connection, rising in the order in which they were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(pub u64);

/// A report on one connection: what happened since the last report on it. Reports of one connection add up.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Which connection.
    pub id: FlowId,
    /// Its 5-tuple, from the device to the server.
    pub key: FlowKey,
    /// When its first packet was seen.
    pub started: Timestamp,
    /// First packet that this report covers.
    pub from: Timestamp,
    /// Last packet that this report covers.
    pub until: Timestamp,
    /// Whom it is to.
    pub naming: Naming,
    /// What its hello said beside the name; `None` where none was seen.
    pub hello: Option<Arc<Hello>>,
    /// Whose it is, as far as the kernel was asked and knew.
    pub owner: Option<AppMatch>,
    /// Lookups go through it.
    pub encrypted_dns: Option<EncryptedDns>,
    /// Transport payload sent since the last report, in bytes; each byte of a TCP stream once.
    pub bytes_up: u64,
    /// Transport payload received since the last report, in bytes; each byte of a TCP stream once.
    pub bytes_down: u64,
    /// Payload sent that had been sent before, of the segments that were shown. Together with `bytes_up` that of all
    /// segments, where all were.
    pub resent_up: u64,
    /// The same of payload received.
    pub resent_down: u64,
    /// What has become of it.
    pub outcome: Outcome,
    /// How long things took since the last report.
    pub timings: Timings,
    /// What was said since the last report and what came back, in order; at most 32 and one.
    pub exchanges: Vec<Exchange>,
    /// The first report on this connection.
    pub is_first: bool,
    /// The last report on this connection.
    pub is_last: bool,
}

impl Flow {
    /// Datagrams to an address that nobody asked a name for and that is not QUIC's: perhaps sound and picture.
    pub fn may_be_a_call(&self) -> bool {
        let is_unnamed = matches!(self.naming, Naming::Open(_)) && self.hello.is_none();
        self.key.transport == Transport::Udp
            && is_unnamed
            && self.key.dst.port() != 443
            && !is_tunnel(&self.key)
    }
}

/// Whom a connection is to, and how we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// To this name.
    Known(Domain, NameSource),
    /// To nobody that we could name, and why.
    Open(WhyOpen),
}

/// How a name is known, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameSource {
    /// The device asked DNS for it before.
    Dns,
    /// `Host` of an HTTP/1 request.
    HttpHost,
    /// Asked for at an HTTP or SOCKS proxy.
    ProxyTarget,
    /// Server name of the hello.
    ServerName,
}

/// The hints of a hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// JA4 fingerprint; may be empty.
    pub ja4: String,
    /// ALPN protocols.
    pub alpn: Vec<String>,
    /// Its ECH extension is a real one.
    pub encrypted: bool,
}

/// What has become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its handshake completed.
    Established,
    /// It never came to a handshake.
    Failed(Failure),
    /// DNS: the name was looked up and must have been reached over another name's connection, if at all.
    Reused,
    /// Opened ahead of need and closed without a byte: no try and no failure.
    Unused,
}

impl Outcome {
    /// There was a connection that somebody wanted, whatever became of it; a lookup alone is none.
    pub fn is_of_a_connection(self) -> bool {
        match self {
            Self::Established => true,
            Self::Failed(failure) => !failure.is_of_a_lookup(),
            Self::Reused | Self::Unused => false,
        }
    }
}

/// Why a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A reset in answer to the SYN; of QUIC, an answer that is no handshake, such as a version negotiation or a close.
    Refused,
    /// A reset, or an end, before the handshake completed.
    Reset,
    /// A reset before the handshake completed, from a machine nearer than the server: a filter's.
    ResetNearBy,
    /// No answer.
    Silent,
    /// A fatal TLS alert with this description, RFC 8446 §6.
    TlsAlert(u8),
    /// A router or the host said that nobody is there.
    Unreachable,
    /// DNS: there is no such name. There was no connection.
    NoSuchName,
    /// DNS: the resolver failed. There was no connection.
    ResolverFailed,
    /// DNS: the resolver would not answer. There was no connection.
    ResolverRefused,
    /// DNS: the resolver never answered. There was no connection.
    ResolverSilent,
    /// DNS: a filter answered. There was no connection.
    TurnedAway,
}

impl Failure {
    /// A filter did it, not the service.
    pub fn is_by_a_filter(self) -> bool {
        matches!(self, Self::TurnedAway | Self::ResetNearBy)
    }

    /// The name could not be looked up.
    pub fn is_of_a_lookup(self) -> bool {
        match self {
            Self::NoSuchName
            | Self::ResolverFailed
            | Self::ResolverRefused
            | Self::ResolverSilent
            | Self::TurnedAway => true,
            Self::Refused
            | Self::Reset
            | Self::ResetNearBy
            | Self::Silent
            | Self::TlsAlert(_)
            | Self::Unreachable => false,
        }
    }
}

/// How long things took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// First question to the resolver to its answer, of the name's last lookup; in the first report of the first
    /// connection made after it. Of a failed lookup as well.
    pub lookup: Option<SignedDuration>,
    /// SYN to the device's answer to the SYN-ACK, a round trip wherever the capture was made; in the first report.
    /// Of a SYN sent more than once the last counts, as in Wireshark's initial round trip; the answer may be to an
    /// earlier one, and the time too short, never too long.
    pub connect: Option<SignedDuration>,
    /// First packet to completed handshake; in the first report. With it counts what had to be sent again.
    pub handshake: Option<SignedDuration>,
    /// Request sent to first byte back; at most 8.
    pub server_waits: Vec<SignedDuration>,
    /// Transfers of 100 KB and more; at most 8.
    pub transfers: Vec<Transfer>,
}
