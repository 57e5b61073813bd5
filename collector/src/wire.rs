//! Where the wire's device-days stop and our own begin, and back again for storage.
//!
//! Everything that can be wrong with one is found here and named by its field; what depends on the date is judged by
//! `installation`. Services that this catalog does not have pass, since agents may be newer; enum numbers that
//! this contract does not have are refused, since their meaning would be lost.

use std::str::FromStr;

use elsewhere_proto::v1;
use jiff::civil::{Date, date};
use prost::Message;

use crate::{
    device_day::{
        AgentState, AppClass, BlindSpots, Degraded, DeviceDay, Evidence, Place, Quantiles, ServiceId, Spill,
        Tenant, TransferTime, UnknownService, Usage,
    },
    segment::{Segment, Segments},
};

mod outward;

pub use outward::catalog_facts;

/// Most rows of all kinds in one device-day: forty times a busy day's, so only a broken agent meets it; refused past it.
pub const MAX_ROWS: usize = 2_000;
/// Longest encoding of one device-day in bytes: 2,000 rows of 128 bytes; refused past it.
pub const MAX_BYTES: usize = 256 * 1024;
/// Longest version text in bytes; refused past it.
const MAX_VERSION: usize = 64;
/// Most bytes of one row: 17 TB, a whole day at 1.6 Gbit/s, so that a lying device can't drown a group's figures; refused past it.
const MAX_COUNT: u64 = 1 << 44;
/// Minutes and seconds of the longest civil date, when clocks go back.
const MAX_MINUTES: u32 = 25 * 60;
const MAX_SECONDS: u32 = MAX_MINUTES * 60;
const EPOCH: Date = date(1970, 1, 1);

/// What is wrong with a record, by its field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct WireError {
    field: String,
    problem: String,
}

fn wrong(field: &str, problem: impl Into<String>) -> WireError {
    WireError { field: field.to_owned(), problem: problem.into() }
}

impl WireError {
    /// The same mistake, seen from the record around it.
    fn inside(self, list: &str, index: usize) -> Self {
        Self { field: format!("{list}[{index}].{}", self.field), problem: self.problem }
    }
}

/// A civil date from days since 1970; `None` past what a calendar holds.
pub fn date_of(days: u32) -> Option<Date> {
    let span = jiff::Span::new().try_days(days).ok()?;
    EPOCH.checked_add(span).ok()
}

/// Days since 1970 of a date; dates before are 0, and no record has one.
pub fn days_of(date: Date) -> u32 {
    u32::try_from(date.duration_since(EPOCH).as_hours() / 24).unwrap_or(0)
}

/// Segments as an agent gives them.
pub fn segments(list: &[v1::Segment]) -> Result<Segments, WireError> {
    let mut segments = Vec::new();
    for (index, segment) in list.iter().enumerate() {
        let segment = Segment::new(&segment.dimension, &segment.path)
            .map_err(|error| wrong("segment", error.to_string()).inside("segments", index))?;
        segments.push(segment);
    }
    Segments::try_from(segments).map_err(|error| wrong("segments", error.to_string()))
}

impl From<&Segment> for v1::Segment {
    fn from(segment: &Segment) -> Self {
        Self { dimension: segment.dimension().to_owned(), path: segment.path().to_owned() }
    }
}

impl TryFrom<&v1::DeviceDay> for DeviceDay {
    type Error = WireError;

    fn try_from(wire: &v1::DeviceDay) -> Result<Self, WireError> {
        let rows = wire.usages.len() + wire.spills.len() + wire.unknown_services.len();
        if rows > MAX_ROWS {
            return Err(wrong("usages", format!("{rows} rows; at most {MAX_ROWS} are taken")));
        }
        let bytes = wire.encoded_len();
        if bytes > MAX_BYTES {
            return Err(wrong("device_day", format!("{bytes} bytes; at most {MAX_BYTES} are taken")));
        }
        if wire.revision == 0 || i64::try_from(wire.revision).is_err() {
            return Err(wrong("revision", format!("{} is no revision; they count from 1", wire.revision)));
        }
        Ok(Self {
            day: date_of(wire.day).ok_or_else(|| wrong("day", format!("{} is no date", wire.day)))?,
            revision: wire.revision,
            usages: each("usages", &wire.usages)?,
            spills: each("spills", &wire.spills)?,
            unknown_services: each("unknown_services", &wire.unknown_services)?,
            blind_spots: wire.blind_spots.as_ref().map(BlindSpots::from).unwrap_or_default(),
            agent: wire.agent.as_ref().map(AgentState::try_from).transpose()?.unwrap_or_default(),
            shared_device: wire.shared_device,
        })
    }
}

fn each<'w, W, T: TryFrom<&'w W, Error = WireError>>(name: &str, list: &'w [W]) -> Result<Vec<T>, WireError> {
    let mut own = Vec::with_capacity(list.len());
    for (index, item) in list.iter().enumerate() {
        own.push(T::try_from(item).map_err(|error| error.inside(name, index))?);
    }
    Ok(own)
}

impl TryFrom<&v1::Usage> for Usage {
    type Error = WireError;

    fn try_from(wire: &v1::Usage) -> Result<Self, WireError> {
        Ok(Self {
            service: service("service_id", &wire.service_id)?,
            app_class: app_class(wire.app_class)?,
            place: place(wire.place)?,
            evidence: evidence(wire.evidence)?,
            parts_of_day: u8::try_from(wire.parts_of_day)
                .ok()
                .filter(|parts| *parts < 16)
                .ok_or_else(|| wrong("parts_of_day", format!("{} has unknown bits", wire.parts_of_day)))?,
            active_minutes: at_most("active_minutes", wire.active_minutes, MAX_MINUTES)?,
            tries: wire.tries,
            failed: at_most("failed", wire.failed, wire.tries)?,
            given_up: at_most("given_up", wire.given_up, wire.tries)?,
            turned_away: at_most("turned_away", wire.turned_away, wire.tries)?,
            bytes_up: count("bytes_up", wire.bytes_up)?,
            bytes_down: count("bytes_down", wire.bytes_down)?,
            tenant: tenant(wire.tenant)?,
            sign_in_hops: wire.sign_in_hops,
            server_wait: wire.server_wait.map(quantiles).transpose()?,
            transfer_times: each("transfer_times", &wire.transfer_times)?,
        })
    }
}

impl TryFrom<&v1::TransferTime> for TransferTime {
    type Error = WireError;

    fn try_from(wire: &v1::TransferTime) -> Result<Self, WireError> {
        let size_class = u8::try_from(at_most("size_class", wire.size_class, 4)?).unwrap_or(4);
        let duration = wire.duration.ok_or_else(|| wrong("duration", "it is missing"))?;
        Ok(Self { size_class, duration: quantiles(duration)? })
    }
}

impl TryFrom<&v1::Spill> for Spill {
    type Error = WireError;

    fn try_from(wire: &v1::Spill) -> Result<Self, WireError> {
        Ok(Self {
            from: service("from_service_id", &wire.from_service_id)?,
            to: service("to_service_id", &wire.to_service_id)?,
            count: at_most("count", wire.count, wire.tries)?,
            tries: wire.tries,
            expected_hundredths: wire.expected_hundredths,
        })
    }
}

impl TryFrom<&v1::UnknownService> for UnknownService {
    type Error = WireError;

    fn try_from(wire: &v1::UnknownService) -> Result<Self, WireError> {
        Ok(Self {
            name_hash: wire.name_hash,
            app_class: app_class(wire.app_class)?,
            bytes_up: count("bytes_up", wire.bytes_up)?,
            bytes_down: count("bytes_down", wire.bytes_down)?,
            active_minutes: at_most("active_minutes", wire.active_minutes, MAX_MINUTES)?,
        })
    }
}

impl From<&v1::BlindSpots> for BlindSpots {
    fn from(wire: &v1::BlindSpots) -> Self {
        Self {
            connections: wire.connections,
            encrypted_hello: wire.encrypted_hello,
            encrypted_dns: wire.encrypted_dns,
            unnamed: wire.unnamed,
            tunnels: wire.tunnels,
            plumbing: wire.plumbing,
            reused: wire.reused,
            dropped_packets: wire.dropped_packets,
        }
    }
}

impl TryFrom<&v1::AgentState> for AgentState {
    type Error = WireError;

    fn try_from(wire: &v1::AgentState) -> Result<Self, WireError> {
        let mut degraded = Vec::new();
        for number in &wire.degraded {
            degraded.push(match v1::Degraded::try_from(*number) {
                Ok(v1::Degraded::NoKernelFilter) => Degraded::NoKernelFilter,
                Ok(v1::Degraded::Killed) => Degraded::Killed,
                Ok(v1::Degraded::Spool) => Degraded::Spool,
                Ok(v1::Degraded::TableFull) => Degraded::TableFull,
                Ok(v1::Degraded::Unspecified) | Err(_) => return Err(unknown("agent.degraded", *number)),
            });
        }
        degraded.sort_unstable();
        degraded.dedup();
        Ok(Self {
            version: version("agent.version", &wire.version)?,
            catalog_version: version("agent.catalog_version", &wire.catalog_version)?,
            down_seconds: at_most("agent.down_seconds", wire.down_seconds, MAX_SECONDS)?,
            paused_seconds: at_most("agent.paused_seconds", wire.paused_seconds, MAX_SECONDS)?,
            degraded,
        })
    }
}

/// A version as agents give it: short, printable ASCII.
pub fn version(field: &str, text: &str) -> Result<String, WireError> {
    if text.len() <= MAX_VERSION && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err(wrong(field, format!("it is not a version of at most {MAX_VERSION} plain characters")))
}

fn service(field: &str, text: &str) -> Result<ServiceId, WireError> {
    ServiceId::from_str(text).map_err(|error| wrong(field, error.to_string()))
}

fn at_most(field: &str, value: u32, limit: u32) -> Result<u32, WireError> {
    if value <= limit { Ok(value) } else { Err(wrong(field, format!("{value} is more than {limit}"))) }
}

fn count(field: &str, value: u64) -> Result<u64, WireError> {
    if value <= MAX_COUNT {
        Ok(value)
    } else {
        Err(wrong(field, format!("{value} is more than {MAX_COUNT}")))
    }
}

fn unknown(field: &str, number: i32) -> WireError {
    wrong(field, format!("{number} is not known to this collector; upgrade it before its agents"))
}

fn evidence(number: i32) -> Result<Evidence, WireError> {
    match v1::Evidence::try_from(number) {
        Ok(v1::Evidence::Present) => Ok(Evidence::Present),
        Ok(v1::Evidence::Use) => Ok(Evidence::Use),
        Ok(v1::Evidence::Unspecified) => Err(wrong("evidence", "it is not said")),
        Ok(v1::Evidence::Contact | v1::Evidence::Visit) => {
            Err(wrong("evidence", "contact and visit must not leave the device"))
        }
        Err(_) => Err(unknown("evidence", number)),
    }
}

fn app_class(number: i32) -> Result<AppClass, WireError> {
    Ok(match v1::AppClass::try_from(number).map_err(|_| unknown("app_class", number))? {
        v1::AppClass::Unspecified => AppClass::Unknown,
        v1::AppClass::Browser => AppClass::Browser,
        v1::AppClass::VendorClient => AppClass::VendorClient,
        v1::AppClass::DeveloperTool => AppClass::DeveloperTool,
        v1::AppClass::System => AppClass::System,
        v1::AppClass::Other => AppClass::Other,
    })
}

fn place(number: i32) -> Result<Place, WireError> {
    Ok(match v1::Place::try_from(number).map_err(|_| unknown("place", number))? {
        v1::Place::Unspecified => Place::Unknown,
        v1::Place::Office => Place::Office,
        v1::Place::Away => Place::Away,
    })
}

fn tenant(number: i32) -> Result<Tenant, WireError> {
    Ok(match v1::Tenant::try_from(number).map_err(|_| unknown("tenant", number))? {
        v1::Tenant::Unspecified => Tenant::Unknown,
        v1::Tenant::Ours => Tenant::Ours,
        v1::Tenant::Guest => Tenant::Guest,
    })
}

fn quantiles(wire: v1::Quantiles) -> Result<Quantiles, WireError> {
    let code = |field, value: u32| {
        u8::try_from(value).map_err(|_| wrong(field, format!("{value} is more than 255")))
    };
    Ok(Quantiles { median: code("median", wire.median)?, p90: code("p90", wire.p90)? })
}

#[cfg(test)]
pub(crate) mod tests;
