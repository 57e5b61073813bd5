//! `show --raw`: the exact records, one JSON object a day, with the fingerprint that the collector confirmed.
//!
//! Every field of the contract has its name and is always there, zero or not; enums are words, hashes are hex.

use elsewhere_proto::v1;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{PARTS_OF_DAY, Standing};

/// One day's object.
pub fn raw(day: Date, standing: &Standing, record: &v1::DeviceDay) -> Value {
    json!({
        "day": day.to_string(),
        "revision": record.revision,
        "acknowledged": standing.is_confirmed(record.revision),
        "acknowledged_revision": standing.confirmed_revision,
        "fingerprint": standing.fingerprint.as_deref().filter(|_| standing.is_confirmed(record.revision)),
        "refused": standing.refused,
        "record": device_day(record),
    })
}

fn device_day(record: &v1::DeviceDay) -> Value {
    let blind_spots = record.blind_spots.unwrap_or_default();
    let agent = record.agent.clone().unwrap_or_default();
    json!({
        "day": record.day,
        "revision": record.revision,
        "usages": record.usages.iter().map(usage).collect::<Vec<_>>(),
        "spills": record.spills.iter().map(spill).collect::<Vec<_>>(),
        "unknown_services": record.unknown_services.iter().map(unknown_service).collect::<Vec<_>>(),
        "blind_spots": {
            "connections": blind_spots.connections,
            "encrypted_hello": blind_spots.encrypted_hello,
            "encrypted_dns": blind_spots.encrypted_dns,
            "unnamed": blind_spots.unnamed,
            "tunnels": blind_spots.tunnels,
            "plumbing": blind_spots.plumbing,
            "reused": blind_spots.reused,
            "dropped_packets": blind_spots.dropped_packets,
        },
        "agent": {
            "version": agent.version,
            "catalog_version": agent.catalog_version,
            "down_seconds": agent.down_seconds,
            "paused_seconds": agent.paused_seconds,
            "degraded": agent.degraded().map(|reason| word(reason.as_str_name(), "DEGRADED_")).collect::<Vec<_>>(),
        },
        "shared_device": record.shared_device,
    })
}

fn usage(usage: &v1::Usage) -> Value {
    json!({
        "service_id": usage.service_id,
        "app_class": word(usage.app_class().as_str_name(), "APP_CLASS_"),
        "place": word(usage.place().as_str_name(), "PLACE_"),
        "evidence": word(usage.evidence().as_str_name(), "EVIDENCE_"),
        "parts_of_day": PARTS_OF_DAY
            .iter()
            .filter(|(bit, _)| usage.parts_of_day & bit != 0)
            .map(|(_, part)| *part)
            .collect::<Vec<_>>(),
        "active_minutes": usage.active_minutes,
        "tries": usage.tries,
        "failed": usage.failed,
        "given_up": usage.given_up,
        "turned_away": usage.turned_away,
        "bytes_up": usage.bytes_up,
        "bytes_down": usage.bytes_down,
        "tenant": word(usage.tenant().as_str_name(), "TENANT_"),
        "sign_in_hops": usage.sign_in_hops,
        "server_wait": usage.server_wait.map(quantiles),
        "transfer_times": usage.transfer_times.iter().map(transfer_time).collect::<Vec<_>>(),
    })
}

fn transfer_time(time: &v1::TransferTime) -> Value {
    json!({"size_class": time.size_class, "duration": time.duration.map(quantiles)})
}

fn quantiles(quantiles: v1::Quantiles) -> Value {
    json!({"median": quantiles.median, "p90": quantiles.p90})
}

fn spill(spill: &v1::Spill) -> Value {
    json!({
        "from_service_id": spill.from_service_id,
        "to_service_id": spill.to_service_id,
        "count": spill.count,
        "tries": spill.tries,
        "expected_hundredths": spill.expected_hundredths,
    })
}

fn unknown_service(unknown: &v1::UnknownService) -> Value {
    json!({
        "name_hash": format!("{:016x}", unknown.name_hash),
        "app_class": word(unknown.app_class().as_str_name(), "APP_CLASS_"),
        "bytes_up": unknown.bytes_up,
        "bytes_down": unknown.bytes_down,
        "active_minutes": unknown.active_minutes,
    })
}

/// `PLACE_OFFICE` is "office"; what is not said is "unknown".
fn word(name: &str, prefix: &str) -> String {
    match name.strip_prefix(prefix).unwrap_or(name) {
        "UNSPECIFIED" => "unknown".to_owned(),
        word => word.to_ascii_lowercase().replace('_', "-"),
    }
}
