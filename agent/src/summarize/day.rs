//! One civil date of one device, as absolute state that can be put away and taken up again.
//!
//! An upgrade and a step back both find their days: a field that is not known is passed over, and one that was added
//! after the first release carries `#[serde(default)]`. What an earlier agent kept stands in `kept_day.json`, which is
//! never edited; a record whose meaning changes gets a new format in `spool`.

use std::collections::BTreeSet;

use elsewhere_catalog::layer::Tenancy;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{chance::Left, histogram::Histogram, tries::Try};
use crate::{
    app_class::{AppClass, Quality},
    evidence::{self, Evidence, Seen, Signal},
};

/// Rows of one kind (services, names outside the catalog) on one day; a heavy day has 300. Past it the row with the
/// weakest evidence and the fewest bytes makes room, if it is one that never leaves the device; else the new one is
/// not counted and the day says [`Degraded::TableFull`].
pub const MAX_ROWS: usize = 1_000;
/// Pairs of services between which tries went over on one day; past it further pairs are not counted, and those that
/// chance could have brought are not told.
pub const MAX_SPILLS: usize = 100;
/// Minutes in a slot.
pub(super) const SLOT_MINUTES: u16 = 5;
const SLOTS: u16 = 24 * 60 / SLOT_MINUTES;

/// All that is known of one civil date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// The civil date on the device.
    pub date: Date,
    /// Grows with every change.
    pub changes: u64,
    /// Rows, in the order of their keys.
    pub usages: Vec<Usage>,
    /// Tries that went over to another service.
    pub spills: Vec<Spill>,
    /// What could not be seen.
    pub blind_spots: BlindSpots,
    /// Seconds the agent was not watching although it should have been.
    pub down_seconds: u32,
    /// Seconds the agent was paused.
    pub paused_seconds: u32,
    /// Why the agent saw less than it could, each reason once.
    pub degraded: Vec<Degraded>,
    /// Names outside the catalog that were only reached or looked at, and were left out when the day was put away.
    pub names_left_out: u32,
    /// Several people's accounts were in use on the device.
    #[serde(default)]
    pub shared_device: bool,
    /// When the device did anything that counts.
    pub active: Slots,
    /// Tries that may still go on or be followed by a spill.
    pub(super) tries: Vec<Try>,
}

/// What a row counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Used {
    /// A service, by its id in the catalog.
    Service(String),
    /// A registrable domain outside the catalog.
    Domain(String),
}

/// Where the device was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Not known: the network changed since the last visit.
    #[default]
    Unknown,
    /// Behind one of the organisation's own public addresses.
    Office,
    /// Elsewhere.
    Away,
}

impl Place {
    /// The word for it in what the programs print.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Office => "office",
            Self::Away => "away",
        }
    }
}

/// What tells rows apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UsageKey {
    /// What was used.
    pub used: Used,
    /// By which kind of program.
    pub app_class: AppClass,
    /// Where.
    pub place: Place,
}

/// What the device did with one service that day, by app class and place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Which row.
    pub key: UsageKey,
    /// Need of the service, also of the organisation's own; none outside the catalog. Stays on the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<String>,
    /// How the class of program is known, at best; nothing where it is not. Stays on the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_quality: Option<Quality>,
    /// What evidence is judged from.
    pub seen: Seen,
    /// Whose tenants of the service were reached.
    #[serde(default)]
    pub tenants: Tenants,
    /// Most services that were signed in at on the way, of all tries.
    #[serde(default)]
    pub sign_in_hops: u32,
    /// When there was activity.
    pub active: Slots,
    /// Connections with no gap over 10 minutes are one try.
    pub tries: u32,
    /// Tries in which no handshake completed.
    pub failed: u32,
    /// Tries under 20 s and under 10 KB each way.
    pub given_up: u32,
    /// Of the failed and given up ones those that could have gone over to another service. Stays on the device.
    #[serde(default)]
    pub left: Left,
    /// Tries that a filter turned away.
    pub turned_away: u32,
    /// Transport payload sent, in bytes.
    pub bytes_up: u64,
    /// Transport payload received, in bytes.
    pub bytes_down: u64,
    /// Request sent to first byte back.
    pub server_wait: Histogram,
    /// Transfers by size: under 1 MB, to 10, to 50, to 500 MB, above.
    pub transfer_times: [Histogram; 5],
}

/// Whose tenants of a service were reached that day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenants {
    /// The organisation's own.
    pub ours: bool,
    /// Somebody else's.
    pub guest: bool,
}

impl Tenants {
    /// Takes in the tenant of a host.
    pub(super) fn reach(&mut self, tenancy: Tenancy) {
        match tenancy {
            Tenancy::Ours => self.ours = true,
            Tenancy::Guest => self.guest = true,
            Tenancy::NotKnown => {}
        }
    }

    /// Whose tenant the row stands for: who was with us was no mere guest that day.
    pub fn tenancy(self) -> Tenancy {
        match self {
            Self { ours: true, .. } => Tenancy::Ours,
            Self { guest: true, .. } => Tenancy::Guest,
            Self { .. } => Tenancy::NotKnown,
        }
    }
}

/// Tries at one service that did not do and went over to another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spill {
    /// Id of the service tried first.
    pub from: String,
    /// Id of the service used instead.
    pub to: String,
    /// How often.
    pub count: u32,
}

/// Counts of connections, and of those that could not be named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlindSpots {
    /// All outgoing connections but personal ones.
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
    /// Names that had no connection of their own to be seen.
    pub reused: u32,
    /// Packets that the kernel dropped.
    pub dropped_packets: u64,
}

/// Why an agent saw less than it could.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Degraded {
    /// No kernel filter: every frame is copied.
    NoKernelFilter,
    /// The agent was killed and lost up to 10 s of counting.
    Killed,
    /// The spool could not be written.
    Spool,
    /// A table was full and some connections were not followed.
    TableFull,
}

/// The 288 stretches of 5 minutes of a day, each with activity or without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slots([u64; 5]);

impl Day {
    /// A day without anything.
    pub fn new(date: Date) -> Self {
        Self {
            date,
            changes: 0,
            usages: Vec::new(),
            spills: Vec::new(),
            blind_spots: BlindSpots::default(),
            down_seconds: 0,
            paused_seconds: 0,
            degraded: Vec::new(),
            names_left_out: 0,
            shared_device: false,
            active: Slots::default(),
            tries: Vec::new(),
        }
    }

    /// The day as it may be written down: without the names outside the catalog that were only reached or looked at,
    /// which would be a history of browsing, and with their count in their place.
    #[must_use]
    pub fn to_keep(&self) -> Self {
        let mut kept = self.clone();
        let (stay, go): (Vec<_>, Vec<_>) = kept.usages.into_iter().partition(Usage::may_be_written_down);
        let names: BTreeSet<_> = go.iter().map(|usage| &usage.key.used).collect();
        kept.names_left_out = kept.names_left_out.max(u32::try_from(names.len()).unwrap_or(u32::MAX));
        kept.usages = stay;
        kept.tries.retain(|one| kept.usages.iter().any(|usage| usage.key.used == one.key.used));
        kept
    }

    /// Tries at a service that day, over all its rows.
    pub fn tries_at(&self, service_id: &str) -> u32 {
        self.rows_of(service_id).map(|usage| usage.tries).sum()
    }

    /// Notes a reason once.
    pub fn degrade(&mut self, reason: Degraded) {
        if let Err(at) = self.degraded.binary_search(&reason) {
            self.degraded.insert(at, reason);
        }
    }

    pub(crate) fn rows_of<'d>(&'d self, service_id: &str) -> impl Iterator<Item = &'d Usage> {
        self.usages
            .iter()
            .filter(move |usage| matches!(&usage.key.used, Used::Service(id) if id == service_id))
    }

    /// The class of program that a connection counts under. Where nobody knows it, that is the only one known to use the
    /// service there, and what counted for nobody goes to the first that becomes known: one program's work is judged
    /// as a whole, also where the owner of some connections could not be asked in time.
    pub(super) fn class_beside(&mut self, used: &Used, place: Place, class: AppClass) -> AppClass {
        let first = self.usages.partition_point(|usage| usage.key.used < *used);
        let of_service = self.usages.iter().skip(first).map(|usage| &usage.key);
        let here = of_service.take_while(|key| key.used == *used).filter(|key| key.place == place);
        let mut known = here.map(|key| key.app_class).filter(|class| *class != AppClass::Unknown);
        match (class, known.next(), known.next()) {
            (AppClass::Unknown, Some(only), None) => only,
            (AppClass::Unknown, ..) | (_, Some(_), _) => class,
            (_, None, _) => {
                self.make_known(used, place, class);
                class
            }
        }
    }

    /// Gives what counted for nobody to a program.
    fn make_known(&mut self, used: &Used, place: Place, class: AppClass) {
        let unknown = UsageKey { used: used.clone(), app_class: AppClass::Unknown, place };
        let Ok(at) = self.usages.binary_search_by(|usage| usage.key.cmp(&unknown)) else { return };
        let mut row = self.usages.remove(at);
        row.key.app_class = class;
        let at = self.usages.partition_point(|usage| usage.key < row.key);
        self.usages.insert(at, row);
        for one in self.tries.iter_mut().filter(|one| one.key == unknown) {
            one.key.app_class = class;
        }
    }

    /// The row with this key, made if there is room.
    pub(super) fn row(&mut self, key: &UsageKey) -> Option<&mut Usage> {
        let at = match self.usages.binary_search_by(|usage| usage.key.cmp(key)) {
            Ok(at) => return self.usages.get_mut(at),
            Err(at) => at,
        };
        let is_domain = |used: &Used| matches!(used, Used::Domain(_));
        let kind = is_domain(&key.used);
        let at = if self.usages.iter().filter(|usage| is_domain(&usage.key.used) == kind).count() < MAX_ROWS {
            at
        } else {
            self.make_room(|usage| is_domain(&usage.key.used) == kind)?;
            self.usages.partition_point(|usage| usage.key < *key)
        };
        self.usages.insert(at, Usage::new(key.clone()));
        self.usages.get_mut(at)
    }

    fn make_room(&mut self, of_kind: impl Fn(&Usage) -> bool) -> Option<()> {
        let rows = self.usages.iter().enumerate().filter(|(_, usage)| of_kind(usage));
        let weakest = rows.min_by_key(|(_, usage)| (usage.evidence(), usage.bytes_up + usage.bytes_down));
        let gone = weakest.filter(|(_, usage)| usage.evidence() < Evidence::Present).map(|(at, _)| at);
        if gone.is_none() {
            self.degrade(Degraded::TableFull);
        }
        self.usages.remove(gone?);
        Some(())
    }

    pub(super) fn count_spill(&mut self, from: &str, to: &str) {
        if let Some(spill) = self.spills.iter_mut().find(|spill| spill.from == from && spill.to == to) {
            spill.count += 1;
        } else if self.spills.len() < MAX_SPILLS {
            self.spills.push(Spill { from: from.to_owned(), to: to.to_owned(), count: 1 });
        }
    }

    /// When the tries of this day want to be looked at again.
    pub(super) fn tries_due(&self) -> Option<Timestamp> {
        self.tries.iter().map(Try::due).min()
    }
}

impl Usage {
    /// A row without anything.
    pub fn new(key: UsageKey) -> Self {
        Self {
            key,
            need: None,
            app_quality: None,
            seen: Seen::default(),
            tenants: Tenants::default(),
            sign_in_hops: 0,
            active: Slots::default(),
            tries: 0,
            failed: 0,
            given_up: 0,
            left: Left::default(),
            turned_away: 0,
            bytes_up: 0,
            bytes_down: 0,
            server_wait: Histogram::default(),
            transfer_times: <[Histogram; 5]>::default(),
        }
    }

    fn may_be_written_down(&self) -> bool {
        matches!(self.key.used, Used::Service(_)) || self.evidence() >= Evidence::Use
    }

    /// How sure the device is that this was work.
    pub fn evidence(&self) -> Evidence {
        evidence::judge(&self.seen).0
    }

    /// What led to the evidence.
    pub fn signal(&self) -> Signal {
        evidence::judge(&self.seen).1
    }

    /// Minutes with activity, in steps of 5.
    pub fn active_minutes(&self) -> u32 {
        self.active.minutes()
    }
}

impl Slots {
    /// Marks a slot, numbered from midnight; numbers from 288 on are no slots.
    pub fn mark(&mut self, slot: u16) {
        if slot < SLOTS {
            self.0[usize::from(slot / 64)] |= 1 << (slot % 64);
        }
    }

    /// Slots that are marked.
    pub fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Minutes in marked slots.
    pub fn minutes(&self) -> u32 {
        self.count() * u32::from(SLOT_MINUTES)
    }

    /// Bits: 1 night (0-6 h), 2 morning (6-12 h), 4 afternoon (12-18 h), 8 evening (18-24 h).
    pub fn parts_of_day(&self) -> u32 {
        let is_marked = |slot: u16| self.0[usize::from(slot / 64)] & (1 << (slot % 64)) != 0;
        (0..4)
            .filter(|part| (part * SLOTS / 4..(part + 1) * SLOTS / 4).any(is_marked))
            .map(|part| 1 << part)
            .sum()
    }
}
