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
            v1::device_day_ack::Outcome::Unspecified => {
                tracing::info!(device_day.date = %date, problem = ack.problem, "the collector takes a day later");
                continue;
            }
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
    use v1::device_day_ack::Outcome::{AlreadyStored, Stored};
    let taken: Vec<usize> = heard
        .answers
        .iter()
        .filter(|(_, ack)| matches!(ack.outcome(), Stored | AlreadyStored))
        .map(|(day, _)| day.encoded_len())
        .collect();
    (taken.len(), taken.iter().sum())
}

/// Groups and pseudonym as the hello gives them: those of device management, else those of the token.
pub(super) fn hello(
    store_id: String,
    membership: Option<&Membership>,
    token_segments: &[Segment],
    catalog_delta_version: u64,
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
        catalog_delta_version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app_class::AppClass,
        summarize::{Place, Usage, UsageKey, Used},
        uplink::reveal,
    };

    const KEY: [u8; 32] = [7; 32];

    fn welcome(store_id: &str) -> Welcome {
        Welcome {
            store_id: store_id.into(),
            place: Place::Unknown,
            unknown_name_key: KEY,
            visit_interval: std::time::Duration::from_mins(15),
            paused_until: None,
            minimum_group: 5,
            kept_weeks: 13,
            sanctioned_service_ids: Vec::new(),
        }
    }

    fn used(domain: &str) -> Day {
        let mut day = Day::new("2026-11-13".parse().unwrap());
        let key = UsageKey {
            used: Used::Domain(domain.into()),
            app_class: AppClass::Browser,
            place: Place::Unknown,
        };
        let mut usage = Usage::new(key);
        usage.seen.front.sent_at_once = 900_000;
        usage.seen.own_front = true;
        day.usages.push(usage);
        day
    }

    fn answer(
        day: &v1::DeviceDay,
        outcome: v1::device_day_ack::Outcome,
    ) -> (v1::DeviceDay, v1::DeviceDayAck) {
        let ack = v1::DeviceDayAck {
            day: day.day,
            revision: day.revision,
            outcome: outcome.into(),
            fingerprint: vec![1; 32],
            problem: "day: too old".into(),
        };
        (day.clone(), ack)
    }

    #[test]
    fn only_what_this_store_does_not_have_goes_up() {
        let data = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(data.path()).unwrap();
        let day = used("freightdesk.example");
        spool.write(day.date, day.clone()).unwrap();
        let pack = |spool: &Spool<Day>, store: &str| {
            let packer = Packer { shelf: spool.shelf().clone(), data: data.path().to_owned() };
            packer.pack(&welcome(store), &[]).days
        };
        let days = pack(&spool, "one");
        assert_eq!((days.len(), days[0].revision, days[0].unknown_services.len()), (1, 1, 1));

        let answers = vec![answer(&days[0], v1::device_day_ack::Outcome::Stored)];
        let heard = Heard { welcome: Some(welcome("one")), answers, ..Heard::default() };
        unpack(&mut spool, &heard).unwrap();
        assert_eq!(taken(&heard), (1, days[0].encoded_len()));
        assert!(pack(&spool, "one").is_empty());
        assert_eq!(pack(&spool, "two").len(), 1, "a restored collector is healed");

        let mut more = day;
        more.down_seconds = 1;
        spool.write(more.date, more).unwrap();
        assert_eq!(pack(&spool, "one")[0].revision, 2);
    }

    #[test]
    fn a_refused_day_is_not_sent_again_as_it_is() {
        let data = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(data.path()).unwrap();
        let day = used("freightdesk.example");
        let date = day.date;
        spool.write(date, day).unwrap();
        let packer = Packer { shelf: spool.shelf().clone(), data: data.path().to_owned() };
        let sent = packer.pack(&welcome("one"), &[]).days;
        let heard = |outcome| Heard {
            welcome: Some(welcome("one")),
            answers: vec![answer(&sent[0], outcome)],
            ..Heard::default()
        };
        let later = heard(v1::device_day_ack::Outcome::Unspecified);
        unpack(&mut spool, &later).unwrap();
        assert_eq!(taken(&later), (0, 0));
        assert!(spool.shelf().entry(date).unwrap().waits_for("one"), "an answer that says nothing is none");

        let refused = heard(v1::device_day_ack::Outcome::Refused);
        unpack(&mut spool, &refused).unwrap();
        assert_eq!(taken(&refused), (0, 0));
        assert!(!spool.shelf().entry(date).unwrap().waits_for("one"));
        let delivered = spool.shelf().record(date).unwrap().unwrap().delivered.unwrap();
        assert_eq!(delivered.refused.as_deref(), Some("day: too old"));
    }

    #[test]
    fn a_name_is_told_only_when_its_hash_is_asked_for_and_noted_before() {
        let data = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(data.path()).unwrap();
        let day = used("freightdesk.example");
        spool.write(day.date, day).unwrap();
        let packer = Packer { shelf: spool.shelf().clone(), data: data.path().to_owned() };
        assert!(packer.pack(&welcome("one"), &[1, 2, 3]).names.is_empty());
        assert!(reveal::told(data.path()).unwrap().is_empty());

        let hash = UnknownNameKey::new(KEY).hash("freightdesk.example");
        let names = packer.pack(&welcome("one"), &[hash, hash]).names;
        assert_eq!(
            names,
            [v1::RevealedName { name_hash: hash, registrable_domain: "freightdesk.example".into() }]
        );
        assert!(reveal::told(data.path()).unwrap().contains("freightdesk.example"));
    }

    #[test]
    fn device_management_goes_before_the_token() {
        let token = [Segment { dimension: "department".into(), path: "Sales".into() }];
        let own = Segment { dimension: "site".into(), path: "Leeds".into() };
        let membership = Membership { segments: vec![own], customer: "c-1".into() };
        let only_customer = Membership { segments: vec![], customer: "c-1".into() };
        let paths = |membership: Option<&Membership>| {
            let hello = hello("store".into(), membership, &token, 7);
            (hello.segments[0].path.clone(), hello.customer_pseudonym)
        };
        assert_eq!(paths(None), ("Sales".into(), String::new()));
        assert_eq!(paths(Some(&membership)), ("Leeds".into(), "c-1".into()));
        assert_eq!(paths(Some(&only_customer)), ("Sales".into(), "c-1".into()));
    }
}
