//! One day of the receipt: a row for each row that is sent, with every figure of it in words.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

use elsewhere_proto::v1;
use jiff::civil::Date;

use super::{PARTS_OF_DAY, Receipt, table};

/// Size classes of transfers, as the contract numbers them.
const SIZES: [&str; 5] = ["under 1 MB", "1 to 10 MB", "10 to 50 MB", "50 to 500 MB", "over 500 MB"];

/// A date as people say it.
pub(super) fn date(day: Date) -> String {
    day.strftime("%a %-d %b").to_string()
}

/// A code as it is compared by eye.
pub(super) fn code(hash: u64) -> String {
    let digits = format!("{hash:016x}");
    [&digits[..4], &digits[4..8], &digits[8..12], &digits[12..]].join(" ")
}

/// Every row and every figure.
pub(super) fn in_full(
    receipt: &Receipt<'_>,
    page: &mut String,
    day: Date,
    record: &v1::DeviceDay,
) -> fmt::Result {
    if record.usages.is_empty() && record.unknown_services.is_empty() {
        return writeln!(page, "{:<12}no service", date(day));
    }
    let head = ["for", "evidence", "part of day", "active", "tries", "failed", "up / down", "place", "by"];
    let mut rows = vec![std::iter::once(date(day)).chain(head.map(String::from)).collect::<Vec<_>>()];
    rows.extend(record.usages.iter().map(|usage| cells(receipt, usage)));
    let mut lines = table::lines(&rows).into_iter();
    writeln!(page, "{}", lines.next().unwrap_or_default())?;
    for (usage, line) in record.usages.iter().zip(lines) {
        writeln!(page, "{line}")?;
        for note in notes(usage) {
            writeln!(page, "    {note}")?;
        }
    }
    for spill in record.spills.iter().filter(|spill| spill.count > 0) {
        writeln!(page, "    {}", spilled(receipt, spill))?;
    }
    for (service_id, tries) in only_left(record) {
        let tries = plural_tries(tries);
        writeln!(page, "    tried and left: {}, {tries} that day", name(receipt, service_id))?;
    }
    match record.unknown_services.len() {
        0 => Ok(()),
        names => writeln!(page, "  {} outside the catalog, as a code: see below", plural(names, "name")),
    }
}

/// A line for a day that is not shown in full.
pub(super) fn in_short(record: &v1::DeviceDay) -> String {
    let mut services: Vec<&str> = record.usages.iter().map(|usage| usage.service_id.as_str()).collect();
    services.sort_unstable();
    services.dedup();
    match (services.len(), record.unknown_services.len()) {
        (0, 0) => "no service".to_owned(),
        (services, 0) => plural(services, "service"),
        (services, names) => format!("{}, {}", plural(services, "service"), plural(names, "unknown name")),
    }
}

/// What the record says about the agent, not about the customer.
pub(super) fn about_the_agent(page: &mut String, day: Date, record: &v1::DeviceDay) -> fmt::Result {
    let agent = record.agent.clone().unwrap_or_default();
    let spots = record.blind_spots.unwrap_or_default();
    writeln!(page, "  version {}, catalog {}; on {}:", agent.version, agent.catalog_version, date(day))?;
    writeln!(
        page,
        "  {} connections, of them without a name {}, with a hidden hello {}, to encrypted DNS {}, tunnels {}",
        spots.connections, spots.unnamed, spots.encrypted_hello, spots.encrypted_dns, spots.tunnels
    )?;
    writeln!(
        page,
        "  packets missed {}, down {} min, paused {} min",
        spots.dropped_packets,
        agent.down_seconds.div_ceil(60),
        agent.paused_seconds.div_ceil(60)
    )?;
    agent.degraded().try_for_each(|reason| writeln!(page, "  {}", degraded(reason)))
}

fn degraded(reason: v1::Degraded) -> &'static str {
    match reason {
        v1::Degraded::NoKernelFilter => "saw less than it could: the kernel does not filter for it",
        v1::Degraded::Killed => "was killed and lost up to 10 s of counting",
        v1::Degraded::Spool => "could not write its spool",
        v1::Degraded::TableFull => "met more than it has room for and did not follow some of it",
        v1::Degraded::Unspecified => "saw less than it could",
    }
}

fn cells(receipt: &Receipt<'_>, usage: &v1::Usage) -> Vec<String> {
    let service = receipt.service(&usage.service_id);
    let need = service.and_then(|service| receipt.catalog.need(service.need()));
    let star = if receipt.is_offered(&usage.service_id) { " *" } else { "" };
    vec![
        format!("  {}{star}", name(receipt, &usage.service_id)),
        need.map(|need| need.name.to_lowercase()).unwrap_or_default(),
        evidence(usage.evidence()).to_owned(),
        parts_of_day(usage.parts_of_day),
        if usage.active_minutes == 0 { "-".to_owned() } else { format!("{} min", usage.active_minutes) },
        usage.tries.to_string(),
        usage.failed.to_string(),
        up_down(usage.bytes_up, usage.bytes_down),
        place(usage.place()).to_owned(),
        app_class(usage.app_class()).to_owned(),
    ]
}

/// Figures that most rows don't have.
fn notes(usage: &v1::Usage) -> Vec<String> {
    let mut notes = Vec::new();
    if usage.evidence() == v1::Evidence::Present {
        notes.push("runs by itself: counted as present, not as use".to_owned());
    }
    for (count, what) in [
        (usage.given_up, "left at once"),
        (usage.turned_away, "turned away by the company's own filter"),
        (usage.sign_in_hops, "sign-in steps"),
    ] {
        if count > 0 {
            notes.push(format!("{what}: {count}"));
        }
    }
    match usage.tenant() {
        v1::Tenant::Ours => notes.push("in the organisation's own tenant".to_owned()),
        v1::Tenant::Guest => notes.push("as a guest in another organisation's tenant".to_owned()),
        v1::Tenant::Unspecified => {}
    }
    if let Some(wait) = &usage.server_wait {
        notes.push(format!("answered in {}", quantiles(*wait)));
    }
    for time in &usage.transfer_times {
        let size = usize::try_from(time.size_class).ok().and_then(|class| SIZES.get(class)).unwrap_or(&"");
        notes.push(format!("moved {size} in {}", quantiles(time.duration.unwrap_or_default())));
    }
    notes
}

fn spilled(receipt: &Receipt<'_>, spill: &v1::Spill) -> String {
    format!(
        "spill: {} of {} at {} did not do and {} followed within 10 minutes",
        spill.count,
        plural_tries(spill.tries),
        name(receipt, &spill.from_service_id),
        name(receipt, &spill.to_service_id)
    )
}

/// Services that only a pair without a spill tells of, and their tries.
fn only_left(record: &v1::DeviceDay) -> BTreeMap<&str, u32> {
    let has_row = |id: &str| record.usages.iter().any(|usage| usage.service_id == id);
    let is_said = |id: &str| record.spills.iter().any(|spill| spill.count > 0 && spill.from_service_id == id);
    let left = record.spills.iter().map(|spill| (spill.from_service_id.as_str(), spill.tries));
    left.filter(|(id, _)| !has_row(id) && !is_said(id)).collect()
}

fn plural_tries(count: u32) -> String {
    format!("{count} {}", if count == 1 { "try" } else { "tries" })
}

/// The service's name; a record may be older or newer than this catalog.
fn name<'a>(receipt: &'a Receipt<'_>, service_id: &'a str) -> &'a str {
    receipt.service(service_id).map_or(service_id, |service| service.name())
}

fn evidence(evidence: v1::Evidence) -> &'static str {
    match evidence {
        v1::Evidence::Unspecified => "unknown",
        v1::Evidence::Contact => "contact",
        v1::Evidence::Visit => "visit",
        v1::Evidence::Present => "present",
        v1::Evidence::Use => "use",
    }
}

fn place(place: v1::Place) -> &'static str {
    match place {
        v1::Place::Office => "office",
        v1::Place::Away => "away",
        v1::Place::Unspecified => "unknown",
    }
}

fn app_class(class: v1::AppClass) -> &'static str {
    match class {
        v1::AppClass::Browser => "browser",
        v1::AppClass::VendorClient => "its own program",
        v1::AppClass::DeveloperTool => "developer's tool",
        v1::AppClass::System => "system",
        v1::AppClass::Other => "other",
        v1::AppClass::Unspecified => "unknown",
    }
}

fn parts_of_day(bits: u32) -> String {
    let parts: Vec<&str> =
        PARTS_OF_DAY.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, part)| *part).collect();
    match parts[..] {
        [] => "-".to_owned(),
        [_, _, _, _] => "day and night".to_owned(),
        ["morning", "afternoon", "evening"] => "all day".to_owned(),
        _ => parts.join(", "),
    }
}

/// Both figures in the unit of the larger one.
fn up_down(up: u64, down: u64) -> String {
    let (unit, name) = match up.max(down) {
        0..1_000 => return format!("{up} / {down} B"),
        1_000..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    format!("{} / {} {name}", in_unit(up, unit), in_unit(down, unit))
}

/// One digit behind the point under 10; what is not nothing is not written as 0.
fn in_unit(bytes: u64, unit: u64) -> String {
    let tenths = bytes.saturating_mul(10) / unit;
    match (tenths, bytes) {
        (0, 0) => "0".to_owned(),
        (0, _) => "<0.1".to_owned(),
        (1..100, _) if !tenths.is_multiple_of(10) => format!("{}.{}", tenths / 10, tenths % 10),
        _ => (tenths / 10).to_string(),
    }
}

/// Codes of the contract: milliseconds are 2^(code/12).
fn quantiles(quantiles: v1::Quantiles) -> String {
    format!("{} in the middle, {} at most in 90 of 100", duration(quantiles.median), duration(quantiles.p90))
}

fn duration(code: u32) -> String {
    let milliseconds = (f64::from(code.min(255)) / 12.0).exp2();
    if milliseconds < 1000.0 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{:.1} s", milliseconds / 1000.0)
    }
}

fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_like_figures() {
        for (up, down, text) in [
            (0, 0, "0 / 0 B"),
            (180_000_000, 2_100_000, "180 / 2.1 MB"),
            (400_000, 2_000_000, "0.4 / 2 MB"),
            (3, 5_000_000_000, "<0.1 / 5 GB"),
            (999, 12, "999 / 12 B"),
            (1_500, 0, "1.5 / 0 kB"),
        ] {
            assert_eq!(up_down(up, down), text);
        }
        for (bits, text) in
            [(0, "-"), (4, "afternoon"), (6, "morning, afternoon"), (14, "all day"), (15, "day and night")]
        {
            assert_eq!(parts_of_day(bits), text);
        }
        assert_eq!(
            (duration(0), duration(120), duration(255)),
            ("1 ms".into(), "1.0 s".into(), "2493.9 s".into())
        );
        assert_eq!(code(0x9b1f_20c7_0000_0001), "9b1f 20c7 0000 0001");
    }
}
