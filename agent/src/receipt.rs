//! The receipt: all that was sent and will be sent, in words, for the person at the device.
//!
//! Pure: it is made of what stands in the data directory and says nothing that does not follow from it. What was sent
//! is read from the records as they were sent, not from what is counted now.

mod day;
mod never;
pub mod raw;
mod table;
pub mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use elsewhere_catalog::{Catalog, Service, Verdict, layer::Layer};
use elsewhere_proto::v1;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use prost::Message;

use crate::{
    spool::{Delivered, Record},
    state::State,
    summarize::{Day, Used},
    uplink::welcome::Welcome,
    wire::{self, Sender, UnknownNameKey},
};

/// Width of the page.
const COLUMNS: usize = 104;
/// Days that are shown in full where not all are asked for.
const DAYS_IN_FULL: usize = 1;
/// Codes that are shown where not all are asked for.
const CODES: usize = 10;
/// Bits of `parts_of_day` and their words.
const PARTS_OF_DAY: [(u32, &str); 4] = [(1, "night"), (2, "morning"), (4, "afternoon"), (8, "evening")];

/// Everything the receipt is made of.
pub struct Receipt<'a> {
    /// Names of services and needs.
    pub catalog: &'a Catalog,
    /// What the organisation adds to it.
    pub layer: &'a Layer,
    /// The device's name at the collector; none where it is not enrolled.
    pub device_id: Option<&'a str>,
    /// Groups it is counted with.
    pub groups: &'a [String],
    /// Random name that joins two devices of one customer; may be empty.
    pub pseudonym: &'a str,
    /// The agent's own state; none where it never ran.
    pub state: Option<&'a State>,
    /// The collector's last welcome; none before the first visit.
    pub welcome: Option<&'a Welcome>,
    /// The spool, oldest day first.
    pub records: &'a [Record<Day>],
    /// Names outside the catalog that were told.
    pub told: &'a BTreeSet<String>,
    /// What a record says about the agent.
    pub sender: Sender<'a>,
    /// The moment of reading.
    pub now: Timestamp,
    /// The device's zone.
    pub zone: &'a TimeZone,
    /// Every day in full.
    pub all: bool,
}

/// What the collector said to a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Revision that it took.
    confirmed_revision: Option<u64>,
    /// SHA-256 of the record, in hex.
    fingerprint: Option<String>,
    /// Why it refused the day, if it did.
    refused: Option<String>,
}

impl Standing {
    /// From the last answer.
    pub fn of(delivered: Option<&Delivered>) -> Self {
        let Some(delivered) = delivered else { return Self::default() };
        if delivered.refused.is_some() {
            return Self { refused: delivered.refused.clone(), ..Self::default() };
        }
        let hex = delivered.fingerprint.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        Self { confirmed_revision: Some(delivered.revision), fingerprint: Some(hex), refused: None }
    }

    fn is_confirmed(&self, revision: u64) -> bool {
        self.confirmed_revision == Some(revision)
    }
}

/// The record as the collector took it, if it took one.
pub fn sent(record: &Record<Day>) -> Option<v1::DeviceDay> {
    let delivered = record.delivered.as_ref().filter(|delivered| delivered.refused.is_none())?;
    v1::DeviceDay::decode(&delivered.sent[..]).ok()
}

/// The record as it goes with the next visit, if the newest revision was not answered yet.
pub fn waiting(
    record: &Record<Day>,
    key: Option<&UnknownNameKey>,
    sender: Sender<'_>,
) -> Option<v1::DeviceDay> {
    let answered = record.delivered.as_ref().is_some_and(|delivered| delivered.revision >= record.revision);
    (!answered).then(|| wire::device_day(&record.state, record.revision, key, sender))
}

impl Receipt<'_> {
    /// The page.
    pub fn page(&self) -> String {
        let mut page = String::new();
        self.write(&mut page).expect("a String takes everything");
        page
    }

    fn write(&self, page: &mut String) -> std::fmt::Result {
        self.head(page)?;
        self.sent_days(page)?;
        self.refused_days(page)?;
        self.waiting_days(page)?;
        self.codes(page)?;
        self.about_the_agent(page)?;
        never::write(self, page)?;
        self.promises(page)
    }

    fn head(&self, page: &mut String) -> std::fmt::Result {
        let title = "What this laptop tells IT, in full";
        let date = self.local(self.now, "%a %-d %b %Y, %H:%M");
        writeln!(page, "{title}{date:>width$}", width = COLUMNS - title.len())?;
        match self.device_id {
            Some(id) => {
                writeln!(page, "Known there as   device {id}, a random name.{}", self.counted_with())?;
            }
            None => {
                writeln!(page, "Known there as   nobody: this device is not enrolled, so nothing is sent.")?;
            }
        }
        if !self.pseudonym.is_empty() {
            writeln!(
                page,
                "                 {}, a random name for all your devices (set by your IT).",
                self.pseudonym
            )?;
        }
        self.own_domains(page)?;
        let Some(state) = self.state else {
            return writeln!(page, "Last visit       never: the agent has not run yet.");
        };
        match state.last_visit {
            Some(visit) if visit.days == 0 => {
                write!(page, "Last visit       {}, nothing new.", self.local(visit.at, "%a %-d %b %H:%M"))?;
            }
            Some(visit) => write!(
                page,
                "Last visit       {}, {} bytes taken and confirmed.",
                self.local(visit.at, "%a %-d %b %H:%M"),
                visit.bytes
            )?,
            None => write!(page, "Last visit       never.")?,
        }
        if let (Some(next), false) = (state.next_visit, state.stopped) {
            write!(page, " Next: about {}.", self.local(next, "%H:%M"))?;
        }
        writeln!(page)?;
        match self.welcome.and_then(|welcome| welcome.paused_until) {
            Some(until) if self.now < until => {
                writeln!(page, "Paused           until {}, by your IT.", self.local(until, "%a %-d %b %H:%M"))
            }
            _ => Ok(()),
        }
    }

    /// What the organisation calls its own: pages there are no service, and their names are never asked for.
    fn own_domains(&self, page: &mut String) -> std::fmt::Result {
        let mut domains: Vec<&str> = self.layer.own_domains().collect();
        domains.sort_unstable();
        let Some((first, others)) = domains.split_first() else { return Ok(()) };
        writeln!(
            page,
            "Own domains      {first}: pages there are counted together, like the local network."
        )?;
        others.iter().try_for_each(|domain| writeln!(page, "                 {domain}"))
    }

    /// A service of the catalog or of the organisation's own.
    fn service(&self, id: &str) -> Option<Service<'_>> {
        self.catalog.service(id).or_else(|| self.layer.service(id))
    }

    fn counted_with(&self) -> String {
        match self.groups {
            [] => String::new(),
            groups => format!(" Counted with: {} (set by your IT).", groups.join(", ")),
        }
    }

    fn sent_days(&self, page: &mut String) -> std::fmt::Result {
        let more =
            if self.all { "" } else { "   newest day in full; all of them: elsewhere-agent show --all" };
        writeln!(page, "\nSENT{more}")?;
        let days: Vec<(Date, v1::DeviceDay)> =
            self.records.iter().rev().filter_map(|record| Some((record.day, sent(record)?))).collect();
        self.days(page, &days, "nothing yet")
    }

    fn refused_days(&self, page: &mut String) -> std::fmt::Result {
        let mut refused = self
            .records
            .iter()
            .rev()
            .filter_map(|record| Some((record.day, Standing::of(record.delivered.as_ref()).refused?)));
        let Some(first) = refused.next() else { return Ok(()) };
        writeln!(page, "\nNOT TAKEN   sent, and not kept there")?;
        for (day, problem) in std::iter::once(first).chain(refused) {
            writeln!(page, "  {:<12}{problem}", day::date(day))?;
        }
        Ok(())
    }

    fn waiting_days(&self, page: &mut String) -> std::fmt::Result {
        let when = if self.device_id.is_some() {
            "goes with the next visit"
        } else {
            "stays here until this device is enrolled"
        };
        writeln!(page, "\nNOT YET SENT   {when}; a day replaces what was sent of it before")?;
        let key = self.key();
        let days: Vec<(Date, v1::DeviceDay)> = self
            .records
            .iter()
            .rev()
            .filter_map(|record| Some((record.day, waiting(record, key.as_ref(), self.sender)?)))
            .collect();
        self.days(page, &days, "nothing")?;
        match self.welcome {
            Some(welcome) if !welcome.sanctioned_service_ids.is_empty() => writeln!(page, "* offered by IT"),
            _ => Ok(()),
        }
    }

    /// The newest day in full and the others in a line each; all in full where that is asked for.
    fn days(&self, page: &mut String, days: &[(Date, v1::DeviceDay)], none: &str) -> std::fmt::Result {
        if days.is_empty() {
            return writeln!(page, "  {none}");
        }
        let in_full = if self.all { days.len() } else { DAYS_IN_FULL };
        for (index, (day, record)) in days.iter().enumerate() {
            if index < in_full {
                day::in_full(self, page, *day, record)?;
            } else {
                writeln!(page, "{:<12}{}", day::date(*day), day::in_short(record))?;
            }
        }
        Ok(())
    }

    fn codes(&self, page: &mut String) -> std::fmt::Result {
        let asked = match self.welcome {
            Some(welcome) => format!("{} customers report the same", welcome.minimum_group),
            None => "enough customers report the same".to_owned(),
        };
        writeln!(page, "\nSENT AS A CODE   names outside the catalog; IT learns the name only when {asked}")?;
        let codes = self.key().map(|key| self.known_codes(&key)).unwrap_or_default();
        if codes.is_empty() {
            return writeln!(page, "  none");
        }
        let shown = if self.all { codes.len() } else { CODES };
        let rows = codes.iter().take(shown).map(|((day, domain), hash)| {
            let fate = match self.named(domain) {
                Some(service) => format!("named {service}"),
                None if self.told.contains(*domain) => "revealed".to_owned(),
                None => "not revealed".to_owned(),
            };
            vec![format!("  {domain}"), format!("as {}", day::code(*hash)), day::date(*day), fate]
        });
        page.push_str(&table::lines(&rows.collect::<Vec<_>>()).join("\n"));
        writeln!(page)?;
        if codes.len() > shown {
            writeln!(page, "  {} more: elsewhere-agent show --all", codes.len() - shown)?;
        }
        if codes.iter().any(|((_, domain), _)| self.named(domain).is_some()) {
            writeln!(
                page,
                "  named: IT knows it as this service, and may count the days sent as a code for it too"
            )?;
        }
        Ok(())
    }

    /// The service that IT has given a name outside the catalog.
    fn named(&self, domain: &str) -> Option<&str> {
        match (self.catalog.classify(domain), self.catalog.classify_with(self.layer, domain)) {
            (Verdict::Unknown, Verdict::Service { service, .. }) => Some(service.name()),
            _ => None,
        }
    }

    /// Names behind the codes that were sent, the newest day first.
    fn known_codes(&self, key: &UnknownNameKey) -> Vec<((Date, &str), u64)> {
        let mut codes = BTreeMap::new();
        for record in self.records {
            let Some(sent) = sent(record) else { continue };
            for usage in &record.state.usages {
                let Used::Domain(domain) = &usage.key.used else { continue };
                let hash = key.hash(domain);
                if sent.unknown_services.iter().any(|unknown| unknown.name_hash == hash) {
                    codes.insert((record.day, domain.as_str()), hash);
                }
            }
        }
        codes.into_iter().rev().collect()
    }

    fn about_the_agent(&self, page: &mut String) -> std::fmt::Result {
        writeln!(page, "\nSENT ABOUT THE AGENT ITSELF")?;
        let Some((day, record)) =
            self.records.iter().rev().find_map(|record| Some((record.day, sent(record)?)))
        else {
            return writeln!(page, "  nothing yet");
        };
        day::about_the_agent(page, day, &record)?;
        writeln!(
            page,
            "  The collector sees the time and address of each visit; it keeps the date, nothing else."
        )
    }

    fn promises(&self, page: &mut String) -> std::fmt::Result {
        if let Some(welcome) = self.welcome {
            writeln!(
                page,
                "\nWHO SEES IT      groups of {} or more, by week. No page or API shows one device.",
                welcome.minimum_group
            )?;
            writeln!(
                page,
                "HOW LONG         {} weeks, then erased there and here. Group figures stay.",
                welcome.kept_weeks
            )?;
        }
        writeln!(page, "\nCHECK THAT THIS IS ALL")?;
        writeln!(
            page,
            "  elsewhere-agent show --raw      the exact records, with the fingerprint the collector confirmed"
        )?;
        writeln!(page, "  elsewhere-agent show --words    what each field says about you")
    }

    fn key(&self) -> Option<UnknownNameKey> {
        self.welcome.map(|welcome| UnknownNameKey::new(welcome.unknown_name_key))
    }

    fn is_offered(&self, service_id: &str) -> bool {
        self.welcome.is_some_and(|welcome| welcome.sanctioned_service_ids.iter().any(|id| id == service_id))
    }

    fn local(&self, time: Timestamp, format: &str) -> String {
        time.to_zoned(self.zone.clone()).strftime(format).to_string()
    }
}

#[cfg(test)]
mod tests;
