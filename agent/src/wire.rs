//! From a day to the record that leaves the device.
//!
//! The one place where it is decided what goes: rows from `present` up, services that were tried and left where another
//! one for the same need was used, names outside the catalog as keyed hashes and only with use-like evidence, counts.
//! Refuses everything else: what was only reached or looked at, any name, any address, any moment finer than a quarter
//! of the day. Private life never came this far.

use elsewhere_catalog::layer::Tenancy;
use elsewhere_proto::v1;
use hmac::{Hmac, KeyInit, Mac};
use jiff::civil::Date;
use sha2::Sha256;

use crate::{
    app_class::AppClass,
    evidence::Evidence,
    summarize::{BlindSpots, Day, Degraded, Histogram, Place, Spill, Usage, Used},
};

/// Names outside the catalog that one record reports; a device uses a handful. Past it those with the fewest bytes
/// stay here.
pub const MAX_UNKNOWN_SERVICES: usize = 100;
/// Rows that one record carries; a heavy day has 60. Past it those with the fewest bytes stay here.
pub const MAX_USAGES: usize = 500;
/// Quantiles of fewer tries would tell of single ones.
const TRIES_FOR_QUANTILES: u32 = 5;

/// The collector's key for hashes of names outside the catalog.
#[derive(Clone)]
pub struct UnknownNameKey([u8; 32]);

impl UnknownNameKey {
    /// The key as the collector handed it out.
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// First 8 bytes of HMAC-SHA256 (RFC 2104) of a registrable domain, big-endian.
    pub fn hash(&self, registrable_domain: &str) -> u64 {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(registrable_domain.as_bytes());
        let digest = mac.finalize().into_bytes();
        digest.iter().take(8).fold(0, |hash, &byte| hash << 8 | u64::from(byte))
    }
}

/// What the record says about the agent beside the day itself.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// Version of the agent.
    pub agent_version: &'a str,
    /// Version of the catalog.
    pub catalog_version: &'a str,
}

/// The record of a day. Without a key, names outside the catalog stay here.
pub fn device_day(
    day: &Day,
    revision: u64,
    key: Option<&UnknownNameKey>,
    sender: Sender<'_>,
) -> v1::DeviceDay {
    v1::DeviceDay {
        day: days_since_1970(day.date),
        revision,
        usages: usages(day),
        spills: day.spills_told().iter().map(|spill| wire_spill(day, spill)).collect(),
        unknown_services: key.map(|key| unknown_services(day, key)).unwrap_or_default(),
        blind_spots: Some((&day.blind_spots).into()),
        agent: Some(v1::AgentState {
            version: sender.agent_version.to_owned(),
            catalog_version: sender.catalog_version.to_owned(),
            down_seconds: day.down_seconds,
            paused_seconds: day.paused_seconds,
            degraded: day.degraded.iter().map(|&reason| v1::Degraded::from(reason).into()).collect(),
        }),
        shared_device: day.shared_device,
    }
}

/// The domain of that day whose hash the collector asks the name for.
pub fn revealed_name<'d>(day: &'d Day, key: &UnknownNameKey, hash: u64) -> Option<&'d str> {
    sent_domains(day).map(|(domain, _)| domain).find(|domain| key.hash(domain) == hash)
}

fn usages(day: &Day) -> Vec<v1::Usage> {
    let mut rows: Vec<_> = day
        .usages
        .iter()
        .filter_map(|usage| match &usage.key.used {
            Used::Service(id) if usage.evidence() >= Evidence::Present => Some((id, usage)),
            _ => None,
        })
        .collect();
    if rows.len() > MAX_USAGES {
        rows.sort_by_key(|(_, usage)| std::cmp::Reverse(usage.bytes_up + usage.bytes_down));
        rows.truncate(MAX_USAGES);
        rows.sort_by_key(|(_, usage)| &usage.key);
    }
    rows.into_iter().map(|(id, usage)| wire_usage(id, usage)).collect()
}

fn wire_usage(service_id: &str, usage: &Usage) -> v1::Usage {
    let enough = usage.tries >= TRIES_FOR_QUANTILES;
    let transfer_times = (0..).zip(&usage.transfer_times).filter_map(|(size_class, times)| {
        Some(v1::TransferTime { size_class, duration: Some(quantiles(times).filter(|_| enough)?) })
    });
    v1::Usage {
        service_id: service_id.to_owned(),
        app_class: v1::AppClass::from(usage.key.app_class).into(),
        place: v1::Place::from(usage.key.place).into(),
        evidence: v1::Evidence::from(usage.evidence()).into(),
        parts_of_day: usage.active.parts_of_day(),
        active_minutes: usage.active_minutes(),
        tries: usage.tries,
        failed: usage.failed,
        given_up: usage.given_up,
        turned_away: usage.turned_away,
        bytes_up: usage.bytes_up,
        bytes_down: usage.bytes_down,
        tenant: wire_tenant(usage.tenants.tenancy()).into(),
        sign_in_hops: usage.sign_in_hops,
        server_wait: quantiles(&usage.server_wait).filter(|_| enough),
        transfer_times: transfer_times.collect(),
    }
}

fn wire_tenant(tenancy: Tenancy) -> v1::Tenant {
    match tenancy {
        Tenancy::NotKnown => v1::Tenant::Unspecified,
        Tenancy::Ours => v1::Tenant::Ours,
        Tenancy::Guest => v1::Tenant::Guest,
    }
}

fn quantiles(times: &Histogram) -> Option<v1::Quantiles> {
    Some(v1::Quantiles { median: times.quantile(50)?.into(), p90: times.quantile(90)?.into() })
}

fn wire_spill(day: &Day, spill: &Spill) -> v1::Spill {
    v1::Spill {
        from_service_id: spill.from.clone(),
        to_service_id: spill.to.clone(),
        count: spill.count,
        tries: day.tries_at(&spill.from),
        expected_hundredths: day.expected_spill_hundredths(spill),
    }
}

fn unknown_services(day: &Day, key: &UnknownNameKey) -> Vec<v1::UnknownService> {
    let mut rows: Vec<_> = sent_domains(day).collect();
    rows.sort_by_key(|(_, usage)| std::cmp::Reverse(usage.bytes_up + usage.bytes_down));
    rows.truncate(MAX_UNKNOWN_SERVICES);
    let mut sent: Vec<_> =
        rows.into_iter().map(|(domain, usage)| wire_unknown(key.hash(domain), usage)).collect();
    // The order of the names would tell something about them.
    sent.sort_by_key(|unknown| (unknown.name_hash, unknown.app_class));
    sent
}

fn wire_unknown(name_hash: u64, usage: &Usage) -> v1::UnknownService {
    v1::UnknownService {
        name_hash,
        app_class: v1::AppClass::from(usage.key.app_class).into(),
        bytes_up: usage.bytes_up,
        bytes_down: usage.bytes_down,
        active_minutes: usage.active_minutes(),
    }
}

fn sent_domains(day: &Day) -> impl Iterator<Item = (&str, &Usage)> {
    day.usages.iter().filter_map(|usage| match &usage.key.used {
        Used::Domain(domain) if usage.evidence() >= Evidence::Use => Some((domain.as_str(), usage)),
        _ => None,
    })
}

/// A civil date as the contract counts it; before 1970 there were no agents.
pub fn days_since_1970(date: Date) -> u32 {
    let days = date.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24;
    u32::try_from(days).unwrap_or(0)
}

impl From<&BlindSpots> for v1::BlindSpots {
    fn from(spots: &BlindSpots) -> Self {
        Self {
            connections: spots.connections,
            encrypted_hello: spots.encrypted_hello,
            encrypted_dns: spots.encrypted_dns,
            unnamed: spots.unnamed,
            tunnels: spots.tunnels,
            plumbing: spots.plumbing,
            reused: spots.reused,
            dropped_packets: spots.dropped_packets,
        }
    }
}

impl From<Evidence> for v1::Evidence {
    fn from(evidence: Evidence) -> Self {
        match evidence {
            Evidence::Contact => Self::Contact,
            Evidence::Visit => Self::Visit,
            Evidence::Present => Self::Present,
            Evidence::Use => Self::Use,
        }
    }
}

impl From<AppClass> for v1::AppClass {
    fn from(class: AppClass) -> Self {
        match class {
            AppClass::Unknown => Self::Unspecified,
            AppClass::Browser => Self::Browser,
            AppClass::VendorClient => Self::VendorClient,
            AppClass::DeveloperTool => Self::DeveloperTool,
            AppClass::System => Self::System,
            AppClass::Other => Self::Other,
        }
    }
}

impl From<Place> for v1::Place {
    fn from(place: Place) -> Self {
        match place {
            Place::Unknown => Self::Unspecified,
            Place::Office => Self::Office,
            Place::Away => Self::Away,
        }
    }
}

impl From<v1::Place> for Place {
    fn from(place: v1::Place) -> Self {
        match place {
            v1::Place::Unspecified => Self::Unknown,
            v1::Place::Office => Self::Office,
            v1::Place::Away => Self::Away,
        }
    }
}

impl From<Degraded> for v1::Degraded {
    fn from(reason: Degraded) -> Self {
        match reason {
            Degraded::NoKernelFilter => Self::NoKernelFilter,
            Degraded::Killed => Self::Killed,
            Degraded::Spool => Self::Spool,
            Degraded::TableFull => Self::TableFull,
        }
    }
}

#[cfg(test)]
mod tests;
