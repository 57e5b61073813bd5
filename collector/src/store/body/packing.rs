//! Writing version 2, in the order in which `packed` reads it.

use std::collections::HashMap;

use super::{PACKED, cursor::push_varint};
use crate::{
    device_day::{
        AgentState, AppClass, BlindSpots, Degraded, DeviceDay, Evidence, Place, Quantiles, ServiceId, Tenant,
        Usage,
    },
    wire::days_of,
};

/// Packs a device-day.
pub(super) fn pack(day: &DeviceDay) -> Vec<u8> {
    let services = Services::of(day);
    let mut body = Vec::with_capacity(256 + 24 * day.usages.len());
    body.push(PACKED);
    head(&mut body, day, &services);
    blind_spots(&mut body, &day.blind_spots);
    agent(&mut body, &day.agent);
    day.usages.iter().for_each(|usage| figures(&mut body, usage));
    push_length(&mut body, day.spills.len());
    for spill in &day.spills {
        push_varint(&mut body, services.place(&spill.from).into());
        push_varint(&mut body, services.place(&spill.to).into());
        for figure in [spill.count, spill.tries, spill.expected_hundredths] {
            push_varint(&mut body, figure.into());
        }
    }
    for unknown in &day.unknown_services {
        body.push(app_class(unknown.app_class));
        push_varint(&mut body, unknown.bytes_up);
        push_varint(&mut body, unknown.bytes_down);
        push_varint(&mut body, unknown.active_minutes.into());
    }
    body
}

/// Every service of a device-day once, in the order in which it is first named.
struct Services<'d> {
    names: Vec<&'d str>,
    places: HashMap<&'d str, u16, foldhash::fast::RandomState>,
}

impl<'d> Services<'d> {
    fn of(day: &'d DeviceDay) -> Self {
        let mut services = Self { names: Vec::with_capacity(day.usages.len()), places: HashMap::default() };
        let used = day.usages.iter().map(|usage| &usage.service);
        for service in used.chain(day.spills.iter().flat_map(|spill| [&spill.from, &spill.to])) {
            services.note(service.as_str());
        }
        services
    }

    fn note(&mut self, service: &'d str) {
        // Rows of one service mostly stand together.
        if self.names.last() == Some(&service) || self.places.contains_key(service) {
            return;
        }
        let place = u16::try_from(self.names.len()).expect("at most two for each of 2,000 rows");
        self.places.insert(service, place);
        self.names.push(service);
    }

    fn place(&self, service: &ServiceId) -> u16 {
        self.places[service.as_str()]
    }
}

fn head(body: &mut Vec<u8>, day: &DeviceDay, services: &Services<'_>) {
    body.push(u8::from(day.shared_device));
    push_varint(body, days_of(day.day).into());
    push_varint(body, day.revision);
    push_length(body, services.names.len());
    push_length(body, day.usages.len());
    push_length(body, day.unknown_services.len());
    body.extend(
        services.names.iter().map(|name| u8::try_from(name.len()).expect("an id has 64 bytes at most")),
    );
    services.names.iter().for_each(|name| body.extend(name.as_bytes()));
    body.extend(day.usages.iter().map(kind));
    for usage in &day.usages {
        let [low, high] = services.place(&usage.service).to_le_bytes();
        body.push(low);
        if super::is_wide(services.names.len()) {
            body.push(high);
        }
    }
    day.unknown_services.iter().for_each(|unknown| body.extend(unknown.name_hash.to_le_bytes()));
}

/// What history and rollup ask of a row, in one byte.
fn kind(usage: &Usage) -> u8 {
    let evidence = match usage.evidence {
        Evidence::Present => 0,
        Evidence::Use => 1,
    };
    let tenant = match usage.tenant {
        Tenant::Unknown => 0,
        Tenant::Ours => 1,
        Tenant::Guest => 2,
    };
    let place = match usage.place {
        Place::Unknown => 0,
        Place::Office => 1,
        Place::Away => 2,
    };
    evidence | tenant << 1 | place << 3 | app_class(usage.app_class) << 5
}

fn app_class(app_class: AppClass) -> u8 {
    match app_class {
        AppClass::Unknown => 0,
        AppClass::Browser => 1,
        AppClass::VendorClient => 2,
        AppClass::DeveloperTool => 3,
        AppClass::System => 4,
        AppClass::Other => 5,
    }
}

fn blind_spots(body: &mut Vec<u8>, spots: &BlindSpots) {
    let counts = [
        spots.connections,
        spots.encrypted_hello,
        spots.encrypted_dns,
        spots.unnamed,
        spots.tunnels,
        spots.plumbing,
        spots.reused,
    ];
    for count in counts {
        push_varint(body, count.into());
    }
    push_varint(body, spots.dropped_packets);
}

fn agent(body: &mut Vec<u8>, agent: &AgentState) {
    for text in [&agent.version, &agent.catalog_version] {
        push_length(body, text.len());
        body.extend(text.as_bytes());
    }
    push_varint(body, agent.down_seconds.into());
    push_varint(body, agent.paused_seconds.into());
    let bit = |reason: &Degraded| match reason {
        Degraded::NoKernelFilter => 1,
        Degraded::Killed => 2,
        Degraded::Spool => 4,
        Degraded::TableFull => 8,
    };
    body.push(agent.degraded.iter().map(bit).fold(0, |bits, bit| bits | bit));
}

/// The parts of the day and which of the rarer figures follow, then the figures.
fn figures(body: &mut Vec<u8>, usage: &Usage) {
    let troubles = [usage.failed, usage.given_up, usage.turned_away];
    let present = [
        (super::HAS_WAIT, usage.server_wait.is_some()),
        (super::HAS_TRANSFERS, !usage.transfer_times.is_empty()),
        (super::HAS_TROUBLES, troubles != [0; 3]),
        (super::HAS_HOPS, usage.sign_in_hops > 0),
    ];
    body.push(
        present.iter().filter(|(_, is)| *is).fold(usage.parts_of_day & 15, |bits, (bit, _)| bits | bit),
    );
    push_varint(body, minutes(usage.active_minutes).into());
    push_varint(body, usage.tries.into());
    push_varint(body, usage.bytes_up);
    push_varint(body, usage.bytes_down);
    if troubles != [0; 3] {
        for count in troubles {
            push_varint(body, count.into());
        }
    }
    if usage.sign_in_hops > 0 {
        push_varint(body, usage.sign_in_hops.into());
    }
    if let Some(Quantiles { median, p90 }) = usage.server_wait {
        body.extend([median, p90]);
    }
    if !usage.transfer_times.is_empty() {
        push_length(body, usage.transfer_times.len());
        for transfer in &usage.transfer_times {
            body.extend([transfer.size_class, transfer.duration.median, transfer.duration.p90]);
        }
    }
}

/// Steps of 5 where it is that, which it is from agents as they should be; else, marked, the minutes.
fn minutes(active: u32) -> u32 {
    if active.is_multiple_of(5) { active / 5 * 2 } else { active * 2 + 1 }
}

fn push_length(body: &mut Vec<u8>, length: usize) {
    push_varint(body, u64::try_from(length).expect("a length has 64 bits at most"));
}
