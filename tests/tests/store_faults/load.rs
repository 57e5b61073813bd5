//! Devices that deliver without end, and remember what they sent and what was acknowledged.
//!
//! Each has its own days, sends them again and again with the next revision, and goes on whatever becomes of its visits,
//! as agents do.

use std::{
    collections::BTreeMap,
    ops::Range,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use elsewhere_agent::{
    config::Config,
    enroll::{self, Token},
    identity::Identity,
    uplink::{
        self,
        visit::{Heard, Luggage},
    },
};
use elsewhere_collector::{device_day::DeviceDay, installation::Installation, wire::days_of};
use elsewhere_proto::v1::{self, device_day_ack::Outcome};
use elsewhere_tests::clock;
use jiff::{ToSpan, civil::Date};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use tokio::{runtime::Runtime, task::JoinSet};

/// Days that each device keeps sending: three or four weeks.
const DAYS: i64 = 20;
/// How long a device waits after a visit that failed.
const REST: Duration = Duration::from_millis(20);

/// Devices under way.
pub(crate) struct Load {
    numbers: Range<u64>,
    runtime: Runtime,
    devices: JoinSet<()>,
    told: Arc<Told>,
}

/// What was said between devices and collector.
#[derive(Default)]
struct Told {
    stop: AtomicBool,
    acknowledgements: AtomicU64,
    /// By device, date and revision, before it goes out.
    sent: Mutex<BTreeMap<(u64, Date, u64), v1::DeviceDay>>,
    /// The highest acknowledged revision by device and date.
    acknowledged: Mutex<BTreeMap<(u64, Date), u64>>,
}

impl Load {
    /// Enrols devices with these numbers and lets them deliver. Their days end with `last`.
    pub(crate) fn start(numbers: Range<u64>, token: &Token, dir: &Path, last: Date) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (told, mut tasks) = (Arc::new(Told::default()), JoinSet::new());
        for index in numbers.clone() {
            let (told, token, data) = (told.clone(), token.clone(), dir.join(index.to_string()));
            tasks.spawn_on(Device::live(index, token, data, last, told), runtime.handle());
        }
        Self { numbers, runtime, devices: tasks, told }
    }

    /// Acknowledgements heard so far.
    pub(crate) fn acknowledgements(&self) -> u64 {
        self.told.acknowledgements.load(Ordering::SeqCst)
    }

    /// Every acknowledged state or a newer one is stored, and nothing that was not sent.
    pub(crate) fn ensure_stored(&self, installation: &Installation) {
        // What is acknowledged now is stored in what is read after.
        let acknowledged = self.told.acknowledged.lock().unwrap().clone();
        let mut stored = BTreeMap::new();
        for week in installation.store().weeks().unwrap() {
            let mut hear = |_: &_, day: DeviceDay| {
                let device = day.usages[0].bytes_down;
                if !self.numbers.contains(&device) {
                    return;
                }
                let key = (device, day.day);
                let sent = self.told.sent.lock().unwrap()[&(device, day.day, day.revision)].clone();
                assert_eq!(DeviceDay::try_from(&sent).unwrap(), day, "what is stored was sent");
                assert_eq!(stored.insert(key, day.revision), None, "each day once");
            };
            installation.store().scan_week(week, &mut hear).unwrap();
        }
        for (key, revision) in acknowledged {
            let kept = stored.get(&key).copied().unwrap_or_default();
            assert!(kept >= revision, "{key:?}: revision {kept} is stored, {revision} was acknowledged");
        }
    }

    /// Lets the devices end their visits, which must then succeed, and gives what was told.
    pub(crate) fn stop(mut self) -> Self {
        self.told.stop.store(true, Ordering::SeqCst);
        while let Some(ended) = self.runtime.block_on(self.devices.join_next()) {
            ended.unwrap();
        }
        self
    }
}

struct Device {
    index: u64,
    config: Config,
    identity: Identity,
    random: ChaCha8Rng,
    revisions: BTreeMap<Date, u64>,
    told: Arc<Told>,
}

impl Device {
    async fn live(index: u64, token: Token, data: std::path::PathBuf, last: Date, told: Arc<Told>) {
        let segments_file = data.join("segments.toml");
        let config = Config { data, interfaces: Vec::new(), segments_file, proxy: None, zone: None };
        while let Err(error) = enroll::enroll(&config, token.clone(), true).await {
            assert!(!told.stop.load(Ordering::SeqCst), "device {index} could not enrol: {error}");
            tokio::time::sleep(REST).await;
        }
        let identity = Identity::load(&config.data).unwrap().unwrap();
        let days = (0..DAYS).map(|days| (last.saturating_sub(days.days()), 0)).collect();
        let random = ChaCha8Rng::seed_from_u64(index);
        let mut device = Self { index, config, identity, random, revisions: days, told };
        while !device.told.stop.load(Ordering::SeqCst) {
            if !device.visit().await {
                tokio::time::sleep(REST).await;
            }
        }
        // The collector is there again by now: a device's last word gets through.
        while !device.visit().await {
            tokio::time::sleep(REST).await;
        }
    }

    /// Brings some days along; false if the visit failed, whatever was heard of it.
    async fn visit(&mut self) -> bool {
        let dates: Vec<Date> = self.revisions.keys().copied().collect();
        let many = self.random.random_range(1..=8);
        let chosen: Vec<Date> = dates.sample(&mut self.random, many).copied().collect();
        let days: Vec<v1::DeviceDay> = chosen.into_iter().map(|date| self.next(date)).collect();
        let hello = v1::VisitHello { agent_version: "0.1.0".to_owned(), ..v1::VisitHello::default() };
        let pack = |_: &_, _: &[u64]| Luggage { days: days.clone(), names: Vec::new() };
        let mut heard = Heard::default();
        let visit =
            uplink::visit(&self.config, &mut self.identity, clock::now(), hello, pack, &mut heard).await;
        for (day, ack) in &heard.answers {
            assert_ne!(ack.outcome(), Outcome::Refused, "{}", ack.problem);
            if ack.outcome() == Outcome::Stored {
                let date = Date::constant(1970, 1, 1).saturating_add(i64::from(day.day).days());
                self.told.acknowledged.lock().unwrap().insert((self.index, date), day.revision);
                self.told.acknowledgements.fetch_add(1, Ordering::SeqCst);
            }
        }
        visit.is_ok()
    }

    /// The next revision of a day, of 1 to 40 rows. Each row says whose it is.
    fn next(&mut self, date: Date) -> v1::DeviceDay {
        let revision = self.revisions.entry(date).or_default();
        *revision += 1;
        let usage = |row: u32| v1::Usage {
            service_id: "wetransfer".to_owned(),
            evidence: v1::Evidence::Use.into(),
            parts_of_day: 1 + row % 15,
            tries: 1 + row / 15,
            bytes_up: *revision,
            bytes_down: self.index,
            ..v1::Usage::default()
        };
        let rows = self.random.random_range(1..=40);
        let usages = (0..rows).map(usage).collect();
        let day =
            v1::DeviceDay { day: days_of(date), revision: *revision, usages, ..v1::DeviceDay::default() };
        self.told.sent.lock().unwrap().insert((self.index, date, *revision), day.clone());
        day
    }
}
