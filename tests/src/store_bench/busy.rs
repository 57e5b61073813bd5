//! A company of devices that are as busy as the limits are written for: 40 rows a day, at some 20 services of the
//! catalog, with one to three rows each by place and program.
//!
//! Always: the same device and date give the same device-day. What a customer turns to changes now and then from one
//! week to the next, so that history has something to tell.

use elsewhere_collector::{
    device::{Customer, Device, DeviceId, DeviceState, Groups},
    device_day::{
        AgentState, AppClass, BlindSpots, DeviceDay, Evidence, Place, Quantiles, ServiceId, Spill, Tenant,
        TransferTime, UnknownService, Usage,
    },
    week::Week,
    wire::days_of,
};
use jiff::civil::Date;
use rand::{Rng, RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

/// Rows of a device-day.
pub const ROWS: usize = 40;
/// Services that one device turns to.
const SERVICES: usize = 21;
/// Customers for whom there is one segment: 8 segments for 600.
const CUSTOMERS_A_SEGMENT: u32 = 75;
const SEGMENTS_A_DIVISION: u32 = 40;
const SITES: u32 = 30;
/// Every so many customers have a second device.
const SECOND_DEVICE: u32 = 10;

/// The company.
pub struct Busy {
    /// Services for work, most popular first.
    services: Vec<ServiceId>,
}

impl Busy {
    /// Its services are those of the catalog.
    pub fn new() -> anyhow::Result<Self> {
        let catalog = elsewhere_catalog::builtin();
        let work = catalog.services().filter(|service| !service.as_often_private());
        let mut services = work.map(|service| service.id().parse()).collect::<Result<Vec<ServiceId>, _>>()?;
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        rand::seq::SliceRandom::shuffle(services.as_mut_slice(), &mut rng);
        Ok(Self { services })
    }

    /// A device as it is registered.
    pub fn device(&self, index: u32) -> Device {
        // Every eleventh device is the second one of the customer before it.
        let customer = index - index / (SECOND_DEVICE + 1);
        let customer = if index % (SECOND_DEVICE + 1) == SECOND_DEVICE { customer - 1 } else { customer };
        let team = customer / CUSTOMERS_A_SEGMENT;
        let segments = format!(
            "department:Division {}/Team {team}\nsite:Site {}",
            team / SEGMENTS_A_DIVISION,
            customer % SITES
        );
        let pseudonym = format!("c-{:012x}", mixed(u64::from(customer)) >> 16);
        Device {
            id: DeviceId::from_bits(mixed(u64::from(index) << 32)),
            epoch: 1,
            enrolled: Date::constant(2026, 1, 5),
            last_visit: None,
            state: DeviceState::Active,
            groups: Groups {
                segments: segments.parse().expect("segments of two dimensions"),
                pseudonym: Some(pseudonym.parse().expect("letters and digits")),
            },
            group_token: false,
        }
    }

    /// The customer behind it.
    pub fn customer(&self, index: u32) -> Customer {
        let device = self.device(index);
        Customer::of(device.id, &device.groups)
    }

    /// What a device tells of a date, with so many rows.
    pub fn day(&self, index: u32, date: Date, rows: usize, revision: u64) -> DeviceDay {
        let mut rng = ChaCha8Rng::seed_from_u64(u64::from(index));
        let services = self.turned_to(index, Week::of(date), &mut rng);
        rng.set_stream(u64::from(days_of(date)));
        let home = if rng.random_bool(0.7) { Place::Office } else { Place::Away };
        let mut usages = Vec::with_capacity(rows);
        for (n, service) in services.iter().cycle().take(rows).enumerate() {
            let again = n / services.len();
            usages.push(usage(service, again, home, &mut rng));
        }
        // As agents send them: rows of one service together.
        usages.sort_by(|a: &Usage, b: &Usage| a.service.cmp(&b.service));
        DeviceDay {
            day: date,
            revision,
            usages,
            spills: spills(&services, &mut rng),
            unknown_services: (0..rng.random_range(0..3)).map(|_| unknown(&mut rng)).collect(),
            blind_spots: blind_spots(&mut rng),
            agent: AgentState {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                catalog_version: elsewhere_catalog::builtin().version().to_owned(),
                ..AgentState::default()
            },
            shared_device: false,
        }
    }

    fn turned_to(&self, index: u32, week: Week, rng: &mut ChaCha8Rng) -> Vec<&ServiceId> {
        let weeks = u64::from(days_of(week.monday()) / 7);
        let mut services: Vec<&ServiceId> = Vec::with_capacity(SERVICES);
        while services.len() < SERVICES {
            let (before, after) = (self.popular(rng), self.popular(rng));
            // Once in eight weeks or so, for good.
            let moved =
                mixed(u64::from(index) << 8 | u64::try_from(services.len()).unwrap_or(0)) % 64 < weeks % 8;
            let service = if moved { after } else { before };
            if !services.contains(&service) {
                services.push(service);
            }
        }
        services
    }

    /// A few are everybody's, most are hardly anybody's.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a length")]
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    fn popular(&self, rng: &mut ChaCha8Rng) -> &ServiceId {
        let place = rng.random::<f64>().powi(5) * self.services.len() as f64;
        &self.services[(place as usize).min(self.services.len() - 1)]
    }
}

/// The same number for the same one, all over the range.
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

fn usage(service: &ServiceId, again: usize, home: Place, rng: &mut ChaCha8Rng) -> Usage {
    let other = if home == Place::Office { Place::Away } else { Place::Office };
    let (app_class, place) =
        [(AppClass::Browser, home), (AppClass::VendorClient, home), (AppClass::Browser, other)][again.min(2)];
    let is_use = rng.random_bool(0.75);
    let tries = if is_use { rng.random_range(1..25) } else { rng.random_range(40..200) };
    let wait = rng.random_range(60..140);
    let files = is_use && rng.random_bool(0.15);
    Usage {
        service: service.clone(),
        app_class,
        place,
        evidence: if is_use { Evidence::Use } else { Evidence::Present },
        parts_of_day: [2, 4, 6, 12][rng.random_range(0..4)],
        active_minutes: if is_use { 5 * rng.random_range(1..20) } else { 0 },
        tries,
        failed: u32::from(rng.random_bool(0.08)),
        given_up: u32::from(rng.random_bool(0.03)),
        turned_away: 0,
        bytes_up: bytes(rng, 22),
        bytes_down: bytes(rng, 26),
        tenant: *[Tenant::Unknown, Tenant::Unknown, Tenant::Ours, Tenant::Guest].choose(rng).expect("four"),
        sign_in_hops: if rng.random_bool(0.2) { rng.random_range(1..4) } else { 0 },
        server_wait: (is_use && tries >= 5).then(|| Quantiles { median: wait, p90: wait + 20 }),
        transfer_times: (0..if files { rng.random_range(1..4) } else { 0 })
            .map(|size_class| TransferTime {
                size_class,
                duration: Quantiles { median: 100 + 12 * size_class, p90: 120 + 12 * size_class },
            })
            .collect(),
    }
}

/// Between a thousand and 2 to this power, all sizes alike.
fn bytes(rng: &mut ChaCha8Rng, power: u32) -> u64 {
    let size = 1_u64 << rng.random_range(10..power);
    rng.random_range(size..2 * size)
}

fn spills(services: &[&ServiceId], rng: &mut ChaCha8Rng) -> Vec<Spill> {
    if rng.random_bool(0.9) {
        return Vec::new();
    }
    let spill = Spill {
        from: services[0].clone(),
        to: services[1].clone(),
        count: 1,
        tries: rng.random_range(2..9),
        expected_hundredths: rng.random_range(1..9),
    };
    vec![spill]
}

fn unknown(rng: &mut ChaCha8Rng) -> UnknownService {
    UnknownService {
        name_hash: rng.next_u64(),
        app_class: AppClass::Browser,
        bytes_up: bytes(rng, 20),
        bytes_down: bytes(rng, 24),
        active_minutes: 5 * rng.random_range(1..9),
    }
}

fn blind_spots(rng: &mut ChaCha8Rng) -> BlindSpots {
    BlindSpots {
        connections: rng.random_range(900..5_000),
        encrypted_hello: rng.random_range(0..40),
        encrypted_dns: rng.random_range(0..9),
        unnamed: rng.random_range(5..90),
        tunnels: rng.random_range(0..2),
        plumbing: rng.random_range(200..900),
        reused: rng.random_range(5..60),
        dropped_packets: 0,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use elsewhere_collector::store::body;

    use super::*;

    #[test]
    fn a_busy_day_has_what_the_limits_speak_of() {
        let (busy, date) = (Busy::new().unwrap(), Date::constant(2026, 11, 11));
        let day = busy.day(7, date, ROWS, 1);
        assert_eq!(day, busy.day(7, date, ROWS, 1));
        let mut rows: Vec<_> =
            day.usages.iter().map(|row| (row.service.clone(), row.app_class, row.place)).collect();
        rows.sort();
        rows.dedup();
        assert_eq!(rows.len(), ROWS, "each row is another service, program or place");
        let services: BTreeSet<_> = day.usages.iter().map(|row| &row.service).collect();
        assert_eq!(services.len(), SERVICES);
        assert!(day.usages.iter().any(|row| row.server_wait.is_some()));
        assert_eq!(body::unpack(&body::pack(&day)).unwrap(), day);
    }

    #[test]
    fn some_customers_have_two_devices_and_every_device_its_own_name() {
        let busy = Busy::new().unwrap();
        let devices: HashSet<_> = (0..1_100).map(|index| busy.device(index).id).collect();
        let customers: HashSet<_> = (0..1_100).map(|index| busy.customer(index)).collect();
        assert_eq!((devices.len(), customers.len()), (1_100, 1_000));
    }
}
