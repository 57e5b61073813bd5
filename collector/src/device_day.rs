//! The device-day: all usage of one device on one civil date, checked once at `wire` and valid ever after.
//!
//! It is the unit of delivery, of idempotency and of storage. Only evidence `present` and `use` exists here.

use std::{fmt, str::FromStr};

use jiff::civil::Date;

/// Absolute state of one device on one date; a higher revision replaces a lower one whole.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceDay {
    /// Civil date on the device.
    pub day: Date,
    /// Grows with every change; never 0.
    pub revision: u64,
    /// A row for each service, app class and place.
    pub usages: Vec<Usage>,
    /// Tries that went over to another service.
    pub spills: Vec<Spill>,
    /// Names outside the catalog, hashed.
    pub unknown_services: Vec<UnknownService>,
    /// What the agent could not see.
    pub blind_spots: BlindSpots,
    /// The agent's own state.
    pub agent: AgentState,
    /// The device has several interactive accounts, so it is no customer of its own.
    pub shared_device: bool,
}

/// What a device did with one service, by app class and place.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    /// The service; perhaps one that this collector's catalog does not have.
    pub service: ServiceId,
    /// Kind of program.
    pub app_class: AppClass,
    /// Where.
    pub place: Place,
    /// How sure the device is that a person worked with it.
    pub evidence: Evidence,
    /// Bits: 1 night, 2 morning, 4 afternoon, 8 evening.
    pub parts_of_day: u8,
    /// Minutes with activity, in steps of 5; at most a day's.
    pub active_minutes: u32,
    /// Connections with no gap over 10 minutes.
    pub tries: u32,
    /// Tries in which no handshake completed.
    pub failed: u32,
    /// Tries under 20 s and under 10 KB each way.
    pub given_up: u32,
    /// Tries that the company's own filter turned away.
    pub turned_away: u32,
    /// Transport payload sent.
    pub bytes_up: u64,
    /// Transport payload received.
    pub bytes_down: u64,
    /// Whose tenant of the service.
    pub tenant: Tenant,
    /// Sign-in steps before the service answered.
    pub sign_in_hops: u32,
    /// From a request sent to the first byte back.
    pub server_wait: Option<Quantiles>,
    /// Transfer times by size.
    pub transfer_times: Vec<TransferTime>,
}

/// How sure the device is that a person worked with the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// A program that runs by itself.
    Present,
    /// Work.
    Use,
}

/// The kind of program that held the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AppClass {
    /// Not known.
    Unknown,
    /// A web browser.
    Browser,
    /// The service vendor's own client.
    VendorClient,
    /// A developer's tool.
    DeveloperTool,
    /// The operating system.
    System,
    /// Anything else.
    Other,
}

/// Where the device was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// Not known.
    Unknown,
    /// Behind one of the organisation's own public addresses.
    Office,
    /// Anywhere else.
    Away,
}

/// Whose tenant of the service it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tenant {
    /// Not known, or the service has none.
    Unknown,
    /// The organisation's own.
    Ours,
    /// Another organisation's.
    Guest,
}

/// Two quantiles of a duration, one byte each: milliseconds = 2^(code/12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantiles {
    /// Code of the median.
    pub median: u8,
    /// Code of the 90th percentile.
    pub p90: u8,
}

/// How long transfers of one size class took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferTime {
    /// 0 under 1 MB, 1 to 10 MB, 2 to 50 MB, 3 to 500 MB, 4 above.
    pub size_class: u8,
    /// The time they took.
    pub duration: Quantiles,
}

/// Tries at one service that did not do, and how many were followed by use of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spill {
    /// Tried first.
    pub from: ServiceId,
    /// Used instead.
    pub to: ServiceId,
    /// How often that day; 0 where only chance could have brought it.
    pub count: u32,
    /// Tries at the first service that day.
    pub tries: u32,
    /// What chance alone would give, in hundredths of a spill.
    pub expected_hundredths: u32,
}

/// A registrable domain outside the catalog, as a keyed hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownService {
    /// First 8 bytes of the HMAC under this collector's key.
    pub name_hash: u64,
    /// Kind of program.
    pub app_class: AppClass,
    /// Transport payload sent.
    pub bytes_up: u64,
    /// Transport payload received.
    pub bytes_down: u64,
    /// Minutes with activity, in steps of 5.
    pub active_minutes: u32,
}

/// Counts of connections seen, and of those without a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlindSpots {
    /// All outgoing connections.
    pub connections: u32,
    /// With a real Encrypted Client Hello.
    pub encrypted_hello: u32,
    /// To resolvers over TLS, QUIC or HTTPS.
    pub encrypted_dns: u32,
    /// Without any name.
    pub unnamed: u32,
    /// Tunnels.
    pub tunnels: u32,
    /// To advertising, system and update hosts.
    pub plumbing: u32,
    /// Names resolved to an address with an open connection and no connection of their own.
    pub reused: u32,
    /// Packets the kernel dropped before the agent saw them.
    pub dropped_packets: u64,
}

/// The agent's own state on the day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentState {
    /// Agent version.
    pub version: String,
    /// Catalog version.
    pub catalog_version: String,
    /// Seconds it was not watching although it should have been; at most a day's and an hour (clocks go back).
    pub down_seconds: u32,
    /// Seconds it was paused.
    pub paused_seconds: u32,
    /// Why it saw less than it could.
    pub degraded: Vec<Degraded>,
}

/// Why an agent saw less than it could.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Degraded {
    /// No kernel filter: every frame is copied.
    NoKernelFilter,
    /// Killed; up to 10 s of counting are lost.
    Killed,
    /// The spool could not be written.
    Spool,
    /// A table was full and some connections were not followed.
    TableFull,
}

/// Id of a service: `wetransfer`, or `own:outbox` for one of the organisation's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceId(Box<str>);

/// Why a text is no service id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no service id; they are lower case letters, digits and '-', like wetransfer or own:outbox")]
pub struct ServiceIdError(String);

/// Longest service id in bytes: the catalog's longest is under 40.
const MAX_SERVICE_ID: usize = 64;

impl ServiceId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ServiceId {
    type Err = ServiceIdError;

    fn from_str(text: &str) -> Result<Self, ServiceIdError> {
        let word = text.strip_prefix("own:").unwrap_or(text);
        let plain = word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if plain && !word.is_empty() && text.len() <= MAX_SERVICE_ID {
            return Ok(Self(text.into()));
        }
        Err(ServiceIdError(text.chars().filter(|c| !c.is_control()).take(MAX_SERVICE_ID).collect()))
    }
}
