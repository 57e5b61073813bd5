//! From what a customer did to the device-days that agents would deliver.
//!
//! Owns the numbers beside the services: bytes, tries, times. Refuses what never leaves a device: evidence below
//! `present` only makes the count of connections grow.

mod chance;

use std::collections::BTreeMap;

use elsewhere_proto::v1;
use jiff::civil::Date;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{
    Company,
    behaviour::{Occasion, Workday, day_number, workday},
    company::{Customer, Device},
};

/// Where in a customer's streams the numbers of a date lie, away from what the customer does on it.
const NUMBERS: u32 = 16_000_000;
/// From so many tries on, times are worth telling.
const TRIES_FOR_TIMES: u32 = 5;
const MINUTES_OF_A_DAY: u32 = 24 * 60;
/// Needs whose work is moving files.
const FILE_NEEDS: [&str; 3] = ["store-files", "send-once", "video-host"];

impl Company {
    /// Every device-day told, by date, then by device.
    pub fn device_days(&self) -> impl Iterator<Item = (&Device, v1::DeviceDay)> {
        self.dates().flat_map(move |date| {
            self.customers.iter().flat_map(move |customer| self.device_days_of(customer, date))
        })
    }

    /// What one customer's devices tell about one date; nothing where the customer did not work.
    pub fn device_days_of(&self, customer: &Customer, date: Date) -> Vec<(&Device, v1::DeviceDay)> {
        let Some(day) = workday(self, customer, date) else { return Vec::new() };
        let mut rng = self.stream(customer.index, NUMBERS + day_number(date));
        let on = |n: &u32| *n == 0 || day.occasions.iter().any(|occasion| occasion.device == *n);
        let devices = (0..customer.devices).filter(on);
        let tell = |n: u32| {
            let device = &self.devices[(customer.first_device + n) as usize];
            (device, device_day(self, customer, n, date, &day, &mut rng))
        };
        devices.map(tell).collect()
    }
}

fn device_day(
    company: &Company,
    customer: &Customer,
    device: u32,
    date: Date,
    day: &Workday,
    rng: &mut ChaCha8Rng,
) -> v1::DeviceDay {
    let mut rows: BTreeMap<(&str, i32, bool), v1::Usage> = BTreeMap::new();
    let mut spills: BTreeMap<(&str, &str), v1::Spill> = BTreeMap::new();
    let mut embedded = 0;
    for occasion in day.occasions.iter().filter(|occasion| occasion.device == device) {
        if occasion.evidence < v1::Evidence::Present || !company.is_known(occasion.service, date) {
            embedded += 1;
            continue;
        }
        let usage = usage(company, customer, day, occasion, rng);
        if let Some(to) = occasion.spilled_to {
            let spill = spills.entry((occasion.service, to)).or_insert_with(|| v1::Spill {
                from_service_id: occasion.service.to_owned(),
                to_service_id: to.to_owned(),
                expected_hundredths: rng.random_range(1..6),
                ..v1::Spill::default()
            });
            spill.count += 1;
            spill.tries += usage.tries;
        }
        let kind = (occasion.service, usage.app_class, occasion.guest);
        match rows.get_mut(&kind) {
            Some(row) => join(row, &usage),
            None => _ = rows.insert(kind, usage),
        }
    }
    let usages: Vec<_> = rows.into_values().collect();
    let happened =
        |one: &v1::Spill| spills.contains_key(&(one.from_service_id.as_str(), one.to_service_id.as_str()));
    let mut by_chance = chance::pairs(company.catalog, &usages);
    by_chance.retain(|pair| !happened(pair));
    let blind_spots = blind_spots(company, customer, &usages, embedded, rng);
    v1::DeviceDay {
        day: day_number(date),
        revision: rng.random_range(20..90),
        usages,
        spills: spills.into_values().chain(by_chance).collect(),
        unknown_services: Vec::new(),
        blind_spots: Some(blind_spots),
        agent: Some(agent(company, date, rng)),
        shared_device: customer.shared,
    }
}

fn usage(
    company: &Company,
    customer: &Customer,
    day: &Workday,
    occasion: &Occasion,
    rng: &mut ChaCha8Rng,
) -> v1::Usage {
    let idle = occasion.evidence == v1::Evidence::Present;
    let need = company.catalog.service(occasion.service).map_or("", |service| service.need());
    let active_minutes = if idle { 0 } else { occasion.minutes.div_ceil(5).max(1) * 5 };
    let tries =
        if idle { rng.random_range(40..120) } else { 1 + rng.random_range(0..=2 + active_minutes / 10) };
    let failed: u32 = match company.failing(customer.department, occasion.service, day.week) {
        Some(share) if !idle => (0..tries).map(|_| u32::from(rng.random_bool(share))).sum(),
        _ => u32::from(rng.random_bool(0.02)),
    };
    let tenant = if occasion.guest { v1::Tenant::Guest } else { v1::Tenant::Unspecified };
    let turned_away = !idle && company.turns_away(customer, occasion.service, day.week);
    let per_minute: u64 = if FILE_NEEDS.contains(&need) { 1_200_000 } else { 150_000 };
    let bytes = u64::from(active_minutes) * per_minute + u64::from(tries) * 20_000;
    // Now and then a step more, wherever it is.
    let again = u32::from((tries + active_minutes / 5).is_multiple_of(5));
    let hops = company.sign_in_hops(customer.department, occasion.service) + again;
    let mut usage = v1::Usage {
        service_id: occasion.service.to_owned(),
        app_class: occasion.app_class.into(),
        place: day.place.into(),
        evidence: occasion.evidence.into(),
        parts_of_day: parts_of_day(day, idle, rng),
        active_minutes,
        tries,
        failed,
        given_up: u32::from(occasion.spilled_to.is_some()),
        turned_away: u32::from(turned_away),
        bytes_up: bytes * rng.random_range(10..60) / 100,
        bytes_down: bytes * rng.random_range(50..150) / 100,
        tenant: tenant.into(),
        sign_in_hops: if idle { 0 } else { hops },
        server_wait: None,
        transfer_times: Vec::new(),
    };
    if tries >= TRIES_FOR_TIMES && !idle {
        let wait = rng.random_range(70.0..160.0) * occasion.slower;
        usage.server_wait = Some(quantiles(wait, rng));
        if FILE_NEEDS.contains(&need) {
            let one_size = |size_class: u32, seconds: f64, rng: &mut ChaCha8Rng| v1::TransferTime {
                size_class,
                duration: Some(quantiles(
                    seconds * 1000.0 * occasion.slower * rng.random_range(0.7..1.3),
                    rng,
                )),
            };
            usage.transfer_times = vec![one_size(1, 2.5, rng), one_size(2, 14.0, rng)];
        }
    }
    usage
}

/// Two stretches with the same service and program are one row.
fn join(row: &mut v1::Usage, more: &v1::Usage) {
    row.evidence = row.evidence.max(more.evidence);
    row.parts_of_day |= more.parts_of_day;
    row.active_minutes = (row.active_minutes + more.active_minutes).min(MINUTES_OF_A_DAY);
    row.tries += more.tries;
    row.failed += more.failed;
    row.given_up += more.given_up;
    row.turned_away += more.turned_away;
    row.bytes_up += more.bytes_up;
    row.bytes_down += more.bytes_down;
    row.server_wait = row.server_wait.or(more.server_wait);
    if row.transfer_times.is_empty() {
        row.transfer_times.clone_from(&more.transfer_times);
    }
}

/// Bits: 1 night, 2 morning, 4 afternoon, 8 evening.
fn parts_of_day(day: &Workday, idle: bool, rng: &mut ChaCha8Rng) -> u32 {
    const PARTS: [u32; 8] = [2, 2, 2, 4, 4, 4, 6, 12];
    if idle {
        return 6;
    }
    if day.off_hours { 8 } else { PARTS[rng.random_range(0..PARTS.len())] }
}

/// The wire's log scale: milliseconds = 2^(code/12); the slow tenth takes up to three times the middle.
fn quantiles(milliseconds: f64, rng: &mut ChaCha8Rng) -> v1::Quantiles {
    let slow = milliseconds * rng.random_range(1.3..3.0);
    v1::Quantiles { median: log_code(milliseconds), p90: log_code(slow) }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=255 beside the cast"
)]
fn log_code(milliseconds: f64) -> u32 {
    (milliseconds.max(1.0).log2() * 12.0).round().clamp(0.0, 255.0) as u32
}

fn blind_spots(
    company: &Company,
    customer: &Customer,
    usages: &[v1::Usage],
    embedded: u32,
    rng: &mut ChaCha8Rng,
) -> v1::BlindSpots {
    let tries: u32 = usages.iter().map(|usage| usage.tries).sum();
    let plumbing = rng.random_range(150..900);
    let connections = plumbing + tries * 3 + embedded + rng.random_range(20..200);
    let unnamed = company.story.departments[customer.department].unnamed;
    let mut part = |share: f64| {
        let share = share * rng.random_range(0.5..1.5);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a u32, above 0"
        )]
        let part = (f64::from(connections) * share.min(1.0)) as u32;
        part
    };
    v1::BlindSpots {
        connections,
        encrypted_hello: part(unnamed * 0.3),
        encrypted_dns: part(unnamed * 0.2),
        unnamed: part(unnamed),
        tunnels: part(unnamed * 0.02),
        plumbing,
        reused: part(0.01),
        dropped_packets: 0,
    }
}

fn agent(company: &Company, date: Date, rng: &mut ChaCha8Rng) -> v1::AgentState {
    let killed = rng.random_bool(0.01);
    v1::AgentState {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        catalog_version: company.catalog_version(date),
        down_seconds: if killed { rng.random_range(1..=10) } else { 0 },
        paused_seconds: 0,
        degraded: if killed { vec![v1::Degraded::Killed.into()] } else { Vec::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::company::tests::company;

    #[test]
    fn contacts_and_visits_never_leave_a_device() {
        let company = company(
            "customers = 60\nweeks = 1\n[[planted]]\nkind = \"embedded_noise\"\nservices = [\"typeform\"]\nper_workday = 1.0",
        );
        let mut touched = 0;
        for (customer, date) in
            company.customers.iter().flat_map(|customer| company.dates().map(move |date| (customer, date)))
        {
            let Some(day) = workday(&company, customer, date) else { continue };
            touched += day.occasions.iter().filter(|occasion| occasion.service == "typeform").count();
        }
        assert!(touched > 200, "{touched}");
        for (_, day) in company.device_days() {
            for usage in &day.usages {
                assert!(usage.evidence() >= v1::Evidence::Present);
                assert_ne!(usage.service_id, "typeform");
            }
        }
    }

    #[test]
    fn a_collector_takes_every_device_day() {
        let text = include_str!("../../stories/northmoor.toml");
        let mut story = crate::fleet::Story::read(text, elsewhere_catalog::builtin()).unwrap();
        (story.customers, story.weeks) = (100, 2);
        let company = Company::new(story, elsewhere_catalog::builtin(), "2026-W46".parse().unwrap());
        let mut count = 0;
        for (_, day) in company.device_days() {
            elsewhere_collector::device_day::DeviceDay::try_from(&day).unwrap();
            count += 1;
        }
        assert!(count > 700, "{count}");
    }

    #[test]
    fn a_slow_service_of_ours_shows_in_times_and_spills() {
        let company = company(
            "customers = 200\nweeks = 6\n[[planted]]\nkind = \"leaves\"\ndepartment = \"Marketing\"\n\
             from = \"sharepoint-online\"\nto = \"dropbox\"\nweek = 4\ncustomers = 0.0\nslower = 3.0\nspills = 0.5",
        );
        let mut waits = [Vec::new(), Vec::new()];
        for (device, day) in company.device_days() {
            let late = day.day >= day_number(company.iso_week(4).monday());
            let marketing = company.customers[device.customer as usize].department == 0;
            let mut spills = day.spills.iter().filter(|spill| spill.count > 0);
            assert!(spills.next().is_none() || (late && marketing));
            let ours = day.usages.iter().filter(|usage| usage.service_id == "sharepoint-online" && marketing);
            waits[usize::from(late)]
                .extend(ours.filter_map(|usage| usage.server_wait).map(|wait| wait.median));
        }
        let middle = waits.map(|mut codes| {
            codes.sort_unstable();
            codes[codes.len() / 2]
        });
        // Three times as long is 12 * log2(3) = 19 steps of the wire's scale.
        assert!((17..=21).contains(&(middle[1] - middle[0])), "{middle:?}");
    }
}
