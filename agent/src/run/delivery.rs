//! What goes into a visit and what comes out of it: days that wait, names that are asked for, answers for the spool.

use std::path::PathBuf;

use elsewhere_proto::v1;
use jiff::civil::Date;
use prost::Message;

use crate::{
    config::{Membership, Segment},
    spool::{Delivered, Shelf, Spool, SpoolError},
    summarize::Day,
    uplink::{
        reveal,
        visit::{Heard, Luggage},
        welcome::Welcome,
    },
    wire::{self, Sender, UnknownNameKey},
};

/// What the record says about the agent beside the day itself.
pub fn sender() -> Sender<'static> {
    Sender {
        agent_version: env!("CARGO_PKG_VERSION"),
        catalog_version: elsewhere_catalog::builtin().version(),
        // Accounts are not counted yet: a device is its customer's own.
        shared_device: false,
    }
}

/// The spool at the beginning of a visit.
pub(super) struct Packer {
    /// The records.
    pub(super) shelf: Shelf<Day>,
    /// Where it is noted which names were told.
    pub(super) data: PathBuf,
}

impl Packer {
    /// All that this collector does not have yet, and the names it asks for.
    pub(super) fn pack(&self, welcome: &Welcome, reveal: &[u64]) -> Luggage {
        let key = UnknownNameKey::new(welcome.unknown_name_key);
        let waiting = self.shelf.entries().filter(|(_, entry)| entry.waits_for(&welcome.store_id));
        let days = waiting.filter_map(|(date, _)| self.encoded(date, &key)).collect();
        Luggage { days, names: self.names(&key, reveal) }
    }

    fn encoded(&self, date: Date, key: &UnknownNameKey) -> Option<v1::DeviceDay> {
        match self.shelf.record(date) {
            Ok(record) => {
                record.map(|record| wire::device_day(&record.state, record.revision, Some(key), sender()))
            }
            Err(error) => {
                tracing::warn!(error = %error, "a day could not be read and waits");
                None
            }
        }
    }

    /// Names that stand in a day that is kept; each is noted before it is told.
    fn names(&self, key: &UnknownNameKey, hashes: &[u64]) -> Vec<v1::RevealedName> {
        if hashes.is_empty() {
            return Vec::new();
        }
        let mut names = Vec::new();
        for record in self.shelf.records().flatten() {
            for &hash in hashes {
                let Some(domain) = wire::revealed_name(&record.state, key, hash) else { continue };
                if names.iter().any(|name: &v1::RevealedName| name.name_hash == hash) {
                    continue;
                }
                names.push(v1::RevealedName { name_hash: hash, registrable_domain: domain.to_owned() });
            }
        }
        let told: Vec<&str> = names.iter().map(|name| name.registrable_domain.as_str()).collect();
        match reveal::note(&self.data, &told) {
            Ok(()) => names,
            Err(error) => {
                tracing::warn!(error = %error, "names that can't be noted are not told");
                Vec::new()
            }
        }
    }
}

/// Notes every answer; what became of a visit that broke off in the middle counts too.
pub(super) fn unpack(spool: &mut Spool<Day>, heard: &Heard) -> Result<(), SpoolError> {
    let Some(welcome) = &heard.welcome else { return Ok(()) };
    for (day, ack) in &heard.answers {
        let Some(date) = date_of(day.day) else { continue };
        let refused = match ack.outcome() {
            v1::device_day_ack::Outcome::Unspecified => continue,
            v1::device_day_ack::Outcome::Refused => Some(ack.problem.clone()),
            v1::device_day_ack::Outcome::Stored | v1::device_day_ack::Outcome::AlreadyStored => None,
        };
        if let Some(problem) = &refused {
            tracing::warn!(device_day.date = %date, device_day.rev = ack.revision, problem, "the collector refused a day");
        }
        spool.acknowledge(
            date,
            Delivered {
                revision: ack.revision,
                store_id: welcome.store_id.clone(),
                fingerprint: ack.fingerprint.clone(),
                sent: day.encode_to_vec(),
                refused,
            },
        )?;
    }
    Ok(())
}

fn date_of(days_since_1970: u32) -> Option<Date> {
    let span = jiff::Span::new().try_days(days_since_1970).ok()?;
    Date::constant(1970, 1, 1).checked_add(span).ok()
}

/// Days and bytes that were taken.
pub(super) fn taken(heard: &Heard) -> (usize, usize) {
    let refused = i32::from(v1::device_day_ack::Outcome::Refused);
    let taken: Vec<usize> = heard
        .answers
        .iter()
        .filter(|(_, ack)| ack.outcome != refused)
        .map(|(day, _)| day.encoded_len())
        .collect();
    (taken.len(), taken.iter().sum())
}

/// Groups and pseudonym as the hello gives them: those of device management, else those of the token.
pub(super) fn hello(
    store_id: String,
    membership: Option<&Membership>,
    token_segments: &[Segment],
) -> v1::VisitHello {
    let own = membership.map(|membership| &membership.segments[..]).filter(|segments| !segments.is_empty());
    let segments = own.unwrap_or(token_segments);
    v1::VisitHello {
        agent_version: sender().agent_version.to_owned(),
        catalog_version: sender().catalog_version.to_owned(),
        store_id,
        segments: segments
            .iter()
            .map(|segment| v1::Segment { dimension: segment.dimension.clone(), path: segment.path.clone() })
            .collect(),
        customer_pseudonym: membership.map(|membership| membership.customer.clone()).unwrap_or_default(),
    }
}
