//! Bodies of device-days as the collector stores them.

use elsewhere_collector::{device_day::DeviceDay, store::body};
use elsewhere_proto::v1;
use prost::Message;

use super::made::Add;

/// Puts all of them away.
pub(crate) fn seeds(add: Add<'_>) -> anyhow::Result<()> {
    let empty = v1::DeviceDay { day: 20_770, revision: 1, ..v1::DeviceDay::default() };
    let days = [("empty", empty), ("usual", usual()), ("rare", rare()), ("wide", wide())];
    for (name, day) in &days {
        let packed = body::pack(&DeviceDay::try_from(day)?);
        add("body", name, &[&packed]);
        add("body", &format!("{name}-version-1"), &[&[1], &day.encode_to_vec()]);
    }
    let packed = body::pack(&DeviceDay::try_from(&rare())?);
    add("body", "cut", &[&packed[..packed.len() * 2 / 3]]);
    add("body", "newer", &[&[3], &packed[1..]]);
    Ok(())
}

fn usage(service_id: &str) -> v1::Usage {
    v1::Usage {
        service_id: service_id.to_owned(),
        evidence: v1::Evidence::Use.into(),
        place: v1::Place::Office.into(),
        app_class: v1::AppClass::Browser.into(),
        parts_of_day: 4,
        active_minutes: 10,
        tries: 6,
        bytes_up: 1_000_000,
        bytes_down: 20_000,
        ..v1::Usage::default()
    }
}

fn usual() -> v1::DeviceDay {
    let agent = v1::AgentState {
        version: "0.1.0".to_owned(),
        catalog_version: "2026-11-11".to_owned(),
        ..v1::AgentState::default()
    };
    v1::DeviceDay {
        day: 20_770,
        revision: 7,
        usages: ["wetransfer", "sharepoint-online", "wetransfer"].map(usage).to_vec(),
        blind_spots: Some(v1::BlindSpots { connections: 900, unnamed: 3, ..v1::BlindSpots::default() }),
        agent: Some(agent),
        ..v1::DeviceDay::default()
    }
}

/// Everything that a record can have.
fn rare() -> v1::DeviceDay {
    let quantiles = v1::Quantiles { median: 80, p90: 255 };
    let times = (0..4).map(|size_class| v1::TransferTime { size_class, duration: Some(quantiles) });
    let usage = v1::Usage {
        evidence: v1::Evidence::Present.into(),
        tenant: v1::Tenant::Guest.into(),
        active_minutes: 7,
        failed: 1,
        given_up: 2,
        turned_away: 3,
        sign_in_hops: 300,
        server_wait: Some(quantiles),
        transfer_times: times.collect(),
        ..usage("own:outbox")
    };
    let spill = v1::Spill {
        from_service_id: "own:outbox".to_owned(),
        to_service_id: "dropbox".to_owned(),
        count: 1,
        tries: 2,
        expected_hundredths: 3,
    };
    let agent = v1::AgentState {
        down_seconds: 90_000,
        paused_seconds: 1,
        degraded: vec![v1::Degraded::Killed.into(), v1::Degraded::TableFull.into()],
        ..v1::AgentState::default()
    };
    let mut day = usual();
    day.usages.push(usage);
    day.spills.push(spill);
    day.unknown_services.push(v1::UnknownService { name_hash: u64::MAX, ..v1::UnknownService::default() });
    day.agent = Some(agent);
    day.shared_device = true;
    day
}

/// So many services that a row's place among them takes two bytes.
fn wide() -> v1::DeviceDay {
    let usages = (0..260).map(|number| v1::Usage { bytes_up: 0, ..usage(&format!("s{number}")) });
    v1::DeviceDay { usages: usages.collect(), ..usual() }
}
