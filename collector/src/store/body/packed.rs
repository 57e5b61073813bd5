//! Reading version 2 where it lies: what history and rollup ask of a device-day is its head, and nothing is allocated.
//!
//! A head that was read is right in itself: every row has its service, and each of its bits a meaning. What stands behind
//! it is looked at only when it is asked for. Whether the figures are such as `wire` takes is judged by `unpack`.

use elsewhere_proto::v1;

use super::{BodyError, cursor::Cursor};
use crate::{
    device_day::{AppClass, BlindSpots, DeviceDay, Evidence, Place, Quantiles, Tenant},
    wire::MAX_ROWS,
};

/// A device-day as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct PackedDay<'b> {
    day: u32,
    revision: u64,
    shared_device: bool,
    lengths: &'b [u8],
    names: &'b str,
    kinds: &'b [u8],
    places: Places<'b>,
    name_hashes: &'b [u8],
    blind_spots: BlindSpots,
    rest: Cursor<'b>,
}

/// For each row, which of the services it is.
#[derive(Clone, Copy, Debug)]
enum Places<'b> {
    Narrow(&'b [u8]),
    Wide(&'b [u8]),
}

/// The head of a row of usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its service's place in [`PackedDay::services`].
    pub service: usize,
    /// How sure the device is that a person worked with it.
    pub evidence: Evidence,
    /// Whose tenant of the service.
    pub tenant: Tenant,
    /// Where.
    pub place: Place,
    /// Kind of program.
    pub app_class: AppClass,
}

/// A row of usage with all its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedUsage<'b> {
    /// Id of the service.
    pub service: &'b str,
    /// The head.
    pub kind: Kind,
    /// Bits: 1 night, 2 morning, 4 afternoon, 8 evening.
    pub parts_of_day: u8,
    /// Minutes with activity.
    pub active_minutes: u32,
    /// Connections with no gap over 10 minutes.
    pub tries: u32,
    /// Tries in which no handshake completed.
    pub failed: u32,
    /// Tries under 20 s and under 10 KB each way.
    pub given_up: u32,
    /// Tries that the company's own filter turned away.
    pub turned_away: u32,
    /// Transport payload sent.
    pub bytes_up: u64,
    /// Transport payload received.
    pub bytes_down: u64,
    /// Sign-in steps before the service answered.
    pub sign_in_hops: u32,
    /// From a request sent to the first byte back.
    pub server_wait: Option<Quantiles>,
    /// Size class, median and p90 of each transfer time.
    transfer_times: &'b [u8],
}

/// Tries at one service that were followed by use of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedSpill<'b> {
    /// Id of the service tried first.
    pub from: &'b str,
    /// Id of the service used instead.
    pub to: &'b str,
    /// How often that day.
    pub count: u32,
    /// Tries at the first service that day.
    pub tries: u32,
    /// What chance alone would give, in hundredths of a spill.
    pub expected_hundredths: u32,
}

/// A row of a device-day with all its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackedRow<'b> {
    /// Of usage.
    Usage(PackedUsage<'b>),
    /// A spill.
    Spill(PackedSpill<'b>),
}

impl<'b> PackedDay<'b> {
    /// Reads the head of what stands behind the version.
    pub(super) fn read(bytes: &'b [u8]) -> Result<Self, BodyError> {
        let mut cursor = Cursor::new(bytes);
        let shared_device = match cursor.byte()? {
            0 => false,
            1 => true,
            _ => return Err(BodyError::Malformed("marks without a meaning")),
        };
        let (day, revision) = (cursor.varint32()?, cursor.varint()?);
        // A spill names two services.
        let services = cursor.count(2 * MAX_ROWS)?;
        let (rows, unknown) = (cursor.count(MAX_ROWS)?, cursor.count(MAX_ROWS)?);
        let lengths = cursor.take(services)?;
        let names = cursor.take(lengths.iter().map(|length| usize::from(*length)).sum())?;
        let names = std::str::from_utf8(names).ok().filter(|names| names.is_ascii());
        let names = names.ok_or(BodyError::Malformed("services with letters that none has"))?;
        let kinds = cursor.take(rows)?;
        if !kinds.iter().all(|kind| is_kind(*kind)) {
            return Err(BodyError::Malformed("a row with bits without a meaning"));
        }
        let places = if super::is_wide(services) {
            Places::Wide(cursor.take(2 * rows)?)
        } else {
            Places::Narrow(cursor.take(rows)?)
        };
        let name_hashes = cursor.take(8 * unknown)?;
        let blind_spots = blind_spots(&mut cursor)?;
        let head = Self {
            day,
            revision,
            shared_device,
            lengths,
            names,
            kinds,
            places,
            name_hashes,
            blind_spots,
            rest: cursor,
        };
        if head.places().any(|place| place >= services) {
            return Err(BodyError::Malformed("a row of a service that is not named"));
        }
        Ok(head)
    }

    /// Civil date on the device, in days since 1970.
    pub fn day(&self) -> u32 {
        self.day
    }

    /// The revision.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The device has several interactive accounts, so it is no customer of its own.
    pub fn shared_device(&self) -> bool {
        self.shared_device
    }

    /// Ids of the services that are named, each once.
    pub fn services(&self) -> impl ExactSizeIterator<Item = &'b str> + use<'b> {
        let mut names = self.names;
        self.lengths.iter().map(move |length| {
            let (name, rest) = names.split_at_checked(usize::from(*length)).unwrap_or_default();
            names = rest;
            name
        })
    }

    /// The heads of all rows of usage.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + use<'b> {
        self.kinds.iter().zip(self.places()).map(|(bits, service)| Kind::of(*bits, service))
    }

    /// Hashes of the names outside the catalog.
    pub fn name_hashes(&self) -> impl Iterator<Item = u64> + use<'b> {
        let (hashes, _) = self.name_hashes.as_chunks();
        hashes.iter().map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// What the agent could not see.
    pub fn blind_spots(&self) -> &BlindSpots {
        &self.blind_spots
    }

    /// Seconds in which the agent was down or paused; none where that can't be read.
    pub fn unwatched_seconds(&self) -> u32 {
        let state = agent(&mut self.rest.clone());
        state.map_or(0, |state| state.down_seconds.saturating_add(state.paused_seconds))
    }

    /// The catalog that the device told by; empty where that can't be read.
    pub fn catalog_version(&self) -> &'b str {
        let mut cursor = self.rest;
        text(&mut cursor).and_then(|_agent_version| text(&mut cursor)).unwrap_or_default()
    }

    /// All rows, those of usage first. Ends at the first that can't be read.
    pub fn rows(&self, mut each: impl FnMut(PackedRow<'b>)) -> Result<(), BodyError> {
        let services: Vec<&str> = self.services().collect();
        let mut cursor = self.rest;
        agent(&mut cursor)?;
        for kind in self.kinds() {
            let service = services.get(kind.service).copied().unwrap_or_default();
            each(PackedRow::Usage(PackedUsage::read(&mut cursor, kind, service)?));
        }
        for _ in 0..cursor.count(MAX_ROWS)? {
            each(PackedRow::Spill(self.spill(&mut cursor)?));
        }
        Ok(())
    }

    /// The device-day, judged as on its way in.
    pub fn unpack(self) -> Result<DeviceDay, BodyError> {
        Ok(DeviceDay::try_from(&self.to_wire()?)?)
    }

    /// The record on the wire.
    pub(super) fn to_wire(self) -> Result<v1::DeviceDay, BodyError> {
        let mut cursor = self.rest;
        let agent = agent(&mut cursor)?;
        let mut usages = Vec::with_capacity(self.kinds.len());
        for kind in self.kinds() {
            usages.push(PackedUsage::read(&mut cursor, kind, self.service(kind.service))?.into());
        }
        let mut spills = Vec::new();
        for _ in 0..cursor.count(MAX_ROWS)? {
            spills.push(self.spill(&mut cursor)?.into());
        }
        let mut unknown_services = Vec::new();
        for name_hash in self.name_hashes() {
            unknown_services.push(unknown(&mut cursor, name_hash)?);
        }
        if !cursor.is_empty() {
            return Err(BodyError::Malformed("more bytes than it tells of"));
        }
        Ok(v1::DeviceDay {
            day: self.day,
            revision: self.revision,
            usages,
            spills,
            unknown_services,
            blind_spots: Some((&self.blind_spots).into()),
            agent: Some(agent),
            shared_device: self.shared_device,
        })
    }

    fn spill(&self, cursor: &mut Cursor<'b>) -> Result<PackedSpill<'b>, BodyError> {
        let mut service = || {
            let place = cursor.count(self.lengths.len().saturating_sub(1))?;
            Ok::<_, BodyError>(self.service(place))
        };
        Ok(PackedSpill {
            from: service()?,
            to: service()?,
            count: cursor.varint32()?,
            tries: cursor.varint32()?,
            expected_hundredths: cursor.varint32()?,
        })
    }

    fn places(&self) -> impl Iterator<Item = usize> + use<'b> {
        let (narrow, wide): (&[u8], &[u8]) = match self.places {
            Places::Narrow(bytes) => (bytes, &[]),
            Places::Wide(bytes) => (&[], bytes),
        };
        let (wide, _) = wide.as_chunks();
        let wide = wide.iter().map(|bytes| usize::from(u16::from_le_bytes(*bytes)));
        narrow.iter().map(|byte| usize::from(*byte)).chain(wide)
    }

    fn service(&self, place: usize) -> &'b str {
        let Some((before, length)) = self.lengths.get(..place).zip(self.lengths.get(place)) else {
            return "";
        };
        let start: usize = before.iter().map(|length| usize::from(*length)).sum();
        self.names.get(start..start + usize::from(*length)).unwrap_or_default()
    }
}

/// Evidence 1 bit, tenant 2, place 2, app class 3.
fn is_kind(bits: u8) -> bool {
    bits >> 1 & 3 < 3 && bits >> 3 & 3 < 3 && bits >> 5 < 6
}

impl Kind {
    fn of(bits: u8, service: usize) -> Self {
        Self {
            service,
            evidence: if bits & 1 == 1 { Evidence::Use } else { Evidence::Present },
            tenant: [Tenant::Unknown, Tenant::Ours, Tenant::Guest, Tenant::Unknown]
                [usize::from(bits >> 1 & 3)],
            place: [Place::Unknown, Place::Office, Place::Away, Place::Unknown][usize::from(bits >> 3 & 3)],
            app_class: app_class(bits >> 5).unwrap_or(AppClass::Unknown),
        }
    }
}

fn app_class(bits: u8) -> Option<AppClass> {
    Some(match bits {
        0 => AppClass::Unknown,
        1 => AppClass::Browser,
        2 => AppClass::VendorClient,
        3 => AppClass::DeveloperTool,
        4 => AppClass::System,
        5 => AppClass::Other,
        _ => return None,
    })
}

fn blind_spots(cursor: &mut Cursor<'_>) -> Result<BlindSpots, BodyError> {
    Ok(BlindSpots {
        connections: cursor.varint32()?,
        encrypted_hello: cursor.varint32()?,
        encrypted_dns: cursor.varint32()?,
        unnamed: cursor.varint32()?,
        tunnels: cursor.varint32()?,
        plumbing: cursor.varint32()?,
        reused: cursor.varint32()?,
        dropped_packets: cursor.varint()?,
    })
}

fn agent(cursor: &mut Cursor<'_>) -> Result<v1::AgentState, BodyError> {
    Ok(v1::AgentState {
        version: text(cursor)?.to_owned(),
        catalog_version: text(cursor)?.to_owned(),
        down_seconds: cursor.varint32()?,
        paused_seconds: cursor.varint32()?,
        degraded: degraded(cursor.byte()?)?,
    })
}

fn text<'b>(cursor: &mut Cursor<'b>) -> Result<&'b str, BodyError> {
    let length = cursor.count(usize::from(u8::MAX))?;
    let text = std::str::from_utf8(cursor.take(length)?);
    text.map_err(|_| BodyError::Malformed("a version that is no text"))
}

fn degraded(bits: u8) -> Result<Vec<i32>, BodyError> {
    let reasons =
        [v1::Degraded::NoKernelFilter, v1::Degraded::Killed, v1::Degraded::Spool, v1::Degraded::TableFull];
    if bits >> reasons.len() != 0 {
        return Err(BodyError::Malformed("a reason without a meaning"));
    }
    Ok(reasons
        .into_iter()
        .zip(0..)
        .filter(|(_, bit)| bits >> bit & 1 == 1)
        .map(|(reason, _)| reason.into())
        .collect())
}

fn unknown(cursor: &mut Cursor<'_>, name_hash: u64) -> Result<v1::UnknownService, BodyError> {
    let app_class =
        app_class(cursor.byte()?).ok_or(BodyError::Malformed("an app class without a meaning"))?;
    Ok(v1::UnknownService {
        name_hash,
        app_class: v1::AppClass::from(app_class).into(),
        bytes_up: cursor.varint()?,
        bytes_down: cursor.varint()?,
        active_minutes: cursor.varint32()?,
    })
}

impl<'b> PackedUsage<'b> {
    fn read(cursor: &mut Cursor<'b>, kind: Kind, service: &'b str) -> Result<Self, BodyError> {
        let marks = cursor.byte()?;
        let has = |mark: u8| marks & mark != 0;
        let mut usage = Self {
            service,
            kind,
            parts_of_day: marks & 15,
            active_minutes: minutes(cursor.varint32()?),
            tries: cursor.varint32()?,
            bytes_up: cursor.varint()?,
            bytes_down: cursor.varint()?,
            failed: 0,
            given_up: 0,
            turned_away: 0,
            sign_in_hops: 0,
            server_wait: None,
            transfer_times: &[],
        };
        if has(super::HAS_TROUBLES) {
            usage.failed = cursor.varint32()?;
            usage.given_up = cursor.varint32()?;
            usage.turned_away = cursor.varint32()?;
        }
        if has(super::HAS_HOPS) {
            usage.sign_in_hops = cursor.varint32()?;
        }
        if has(super::HAS_WAIT) {
            usage.server_wait = Some(Quantiles { median: cursor.byte()?, p90: cursor.byte()? });
        }
        if has(super::HAS_TRANSFERS) {
            let transfers = cursor.count(crate::wire::MAX_BYTES)?;
            usage.transfer_times = cursor.take(3 * transfers)?;
        }
        Ok(usage)
    }

    /// Size class and duration of each transfer time.
    pub fn transfer_times(&self) -> impl Iterator<Item = (u8, Quantiles)> + use<'b> {
        let (times, _) = self.transfer_times.as_chunks();
        times.iter().map(|[size_class, median, p90]| (*size_class, Quantiles { median: *median, p90: *p90 }))
    }
}

fn minutes(code: u32) -> u32 {
    if code.is_multiple_of(2) { (code / 2).saturating_mul(5) } else { code / 2 }
}

impl From<PackedUsage<'_>> for v1::Usage {
    fn from(packed: PackedUsage<'_>) -> Self {
        let transfer_time = |(size_class, duration): (u8, Quantiles)| v1::TransferTime {
            size_class: size_class.into(),
            duration: Some(duration.into()),
        };
        Self {
            service_id: packed.service.to_owned(),
            app_class: v1::AppClass::from(packed.kind.app_class).into(),
            place: v1::Place::from(packed.kind.place).into(),
            evidence: v1::Evidence::from(packed.kind.evidence).into(),
            parts_of_day: packed.parts_of_day.into(),
            active_minutes: packed.active_minutes,
            tries: packed.tries,
            failed: packed.failed,
            given_up: packed.given_up,
            turned_away: packed.turned_away,
            bytes_up: packed.bytes_up,
            bytes_down: packed.bytes_down,
            tenant: v1::Tenant::from(packed.kind.tenant).into(),
            sign_in_hops: packed.sign_in_hops,
            server_wait: packed.server_wait.map(Into::into),
            transfer_times: packed.transfer_times().map(transfer_time).collect(),
        }
    }
}

impl From<PackedSpill<'_>> for v1::Spill {
    fn from(packed: PackedSpill<'_>) -> Self {
        Self {
            from_service_id: packed.from.to_owned(),
            to_service_id: packed.to.to_owned(),
            count: packed.count,
            tries: packed.tries,
            expected_hundredths: packed.expected_hundredths,
        }
    }
}
