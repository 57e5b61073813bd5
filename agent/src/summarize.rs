//! What the device did with each service on each civil date.
//!
//! Owns the days: rows by service, class of program and place, tries, spills and their chances, blind spots. Takes reports on flows,
//! which add up, and turns them into absolute state. Refuses private life: of a personal connection it takes the
//! moment, to tell the head of a burst from what a page loads, and nothing else. Always holds: tables keep their caps
//! ([`day::MAX_ROWS`], [`MAX_DAYS`]) and a day never shrinks in what it says of a service that was used.

mod chance;
pub mod day;
mod histogram;
mod tries;

use std::collections::{BTreeMap, VecDeque};

pub use chance::Left;
pub use day::{BlindSpots, Day, Degraded, Place, Slots, Spill, Tenants, Usage, UsageKey, Used};
use elsewhere_catalog::{PlumbingKind, Role, layer::Tenancy};
pub use histogram::Histogram;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use tries::Try;

use crate::{
    app_class::{AppClass, AppMatch},
    classify::{Subject, judge::may_show_pages},
    evidence::Door,
    flows::{Flow, Outcome},
};

/// Days held at once: as long as they are kept anywhere. A running agent holds two; only a capture file may span more,
/// and past it the earliest goes.
pub const MAX_DAYS: usize = 91;
/// Silence before a connection that makes it the head of a burst: a page loads what it embeds sooner.
const BURST_QUIET: SignedDuration = SignedDuration::from_secs(2);
/// Beginnings that are remembered to find heads; a page begins some 60 in its first two seconds.
const MAX_BEGINNINGS: usize = 64;
/// A minute of a connection with less than this both ways is keeping alive, not activity.
const ACTIVE_BYTES: u64 = 2_000;
/// The need of services that others are let in by: their tenants and apps are doors to sign in at as well.
const IDENTITY: &str = "identity";
/// The needs whose services carry calls.
const CALLS: [&str; 3] = ["video-meeting", "team-chat", "phone-sms"];
/// The need whose services do nothing but hand over.
const SEND_ONCE: &str = "send-once";
/// The needs from whose services tools pull what others published.
const PULLED: [&str; 5] = ["code-hosting", "build-test", "cloud-hosting", "ai-platform", "it-management"];
/// The need whose services keep files, also for others to fetch.
const STORE_FILES: &str = "store-files";
/// Upper bounds of the first four size classes of transfers, in bytes.
const SIZE_CLASSES: [u64; 4] = [1_000_000, 10_000_000, 50_000_000, 500_000_000];

/// The days.
#[derive(Debug)]
pub struct Summarize {
    zone: TimeZone,
    place: Place,
    days: BTreeMap<Date, Day>,
    /// When the latest connections began.
    beginnings: VecDeque<Timestamp>,
    /// When the first try may end; it may have gone on since.
    due: Option<Timestamp>,
}

impl Summarize {
    /// No day yet; dates and slots are those of `zone`.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, place: Place::default(), days: BTreeMap::new(), beginnings: VecDeque::new(), due: None }
    }

    /// Takes in one report on one connection.
    pub fn handle(&mut self, flow: &Flow, subject: &Subject<'_>, app: Option<AppMatch>) {
        let is_connection = flow.outcome.is_of_a_connection();
        let begins = flow.is_first && is_connection && !matches!(subject, Subject::Plumbing(_));
        let is_head = begins && self.begins_burst(flow.started);
        if matches!(subject, Subject::Personal) {
            return;
        }
        let at = self.civil(flow.until);
        if flow.may_be_a_call() && self.count_call(at, flow) {
            return;
        }
        self.count_connection(at.0, flow, subject);
        let (used, need, door, often_embedded) = match *subject {
            Subject::Service { service, role, often_embedded, .. } => {
                let door = if service.need() == IDENTITY && role != Role::Console {
                    Door::Login
                } else {
                    door(role)
                };
                (Used::Service(service.id().to_owned()), Some(service.need()), door, often_embedded)
            }
            Subject::Unlisted(domain) => (Used::Domain(domain.to_owned()), None, Door::Front, false),
            Subject::Plumbing(_) | Subject::Tunnel | Subject::Personal | Subject::Unnamed => return,
        };
        let tenancy = match subject {
            Subject::Service { tenancy, .. } => *tenancy,
            _ => Tenancy::NotKnown,
        };
        let entered = Entered { used, need, door, often_embedded, is_head, tenancy };
        self.count_usage(at, flow, app, &entered);
    }

    /// When `handle_timeout` has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.due
    }

    /// Time passed: tries end.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        for day in self.days.values_mut() {
            day.settle_tries(now);
        }
        self.due = self.days.values().filter_map(Day::tries_due).min();
    }

    /// The days held, the earliest first.
    pub fn days(&self) -> impl Iterator<Item = &Day> {
        self.days.values()
    }

    /// The day at this date, begun if need be, for what the agent has to say about itself.
    pub fn day_mut(&mut self, now: Timestamp) -> &mut Day {
        let (date, _) = self.civil(now);
        let day = self.day(date);
        day.changes += 1;
        day
    }

    /// Goes on counting a day that was put away.
    pub fn restore(&mut self, day: Day) {
        self.due = self.due.into_iter().chain(day.tries_due()).min();
        self.days.insert(day.date, day);
    }

    /// Lets go of the days before a date; they must have been put away.
    pub fn forget_before(&mut self, date: Date) {
        self.days.retain(|&held, _| held >= date);
    }

    /// From now on the device is there.
    pub fn set_place(&mut self, place: Place) {
        self.place = place;
    }

    /// The next midnight after this moment, where reports have to be split.
    pub fn next_midnight(&self, now: Timestamp) -> Timestamp {
        let tomorrow = self.civil(now).0.tomorrow().and_then(|date| date.to_zoned(self.zone.clone()));
        tomorrow.map_or(Timestamp::MAX, |midnight| midnight.timestamp())
    }

    fn day(&mut self, date: Date) -> &mut Day {
        if !self.days.contains_key(&date) && self.days.len() >= MAX_DAYS {
            self.days.pop_first();
        }
        self.days.entry(date).or_insert_with(|| Day::new(date))
    }

    /// The civil date and the stretch of 5 minutes since midnight.
    fn civil(&self, at: Timestamp) -> (Date, u16) {
        let local = self.zone.to_datetime(at);
        let minutes = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        (local.date(), minutes / day::SLOT_MINUTES)
    }

    fn begins_burst(&mut self, started: Timestamp) -> bool {
        let shortly_before =
            |other: &Timestamp| *other <= started && started.duration_since(*other) < BURST_QUIET;
        let is_head = !self.beginnings.iter().any(shortly_before);
        if self.beginnings.len() >= MAX_BEGINNINGS {
            self.beginnings.pop_front();
        }
        self.beginnings.push_back(started);
        is_head
    }

    fn count_connection(&mut self, date: Date, flow: &Flow, subject: &Subject<'_>) {
        if !flow.is_first {
            return;
        }
        let day = self.day(date);
        day.changes += 1;
        let spots = &mut day.blind_spots;
        let is_connection = flow.outcome.is_of_a_connection();
        spots.reused += u32::from(flow.outcome == Outcome::Reused);
        spots.connections += u32::from(is_connection);
        spots.encrypted_hello += u32::from(flow.hello.as_ref().is_some_and(|hello| hello.encrypted));
        spots.encrypted_dns += u32::from(*subject == Subject::Plumbing(PlumbingKind::Dns));
        spots.unnamed += u32::from(is_connection && *subject == Subject::Unnamed);
        spots.tunnels += u32::from(*subject == Subject::Tunnel);
        spots.plumbing += u32::from(is_connection && matches!(subject, Subject::Plumbing(_)));
    }

    fn count_usage(&mut self, at: (Date, u16), flow: &Flow, app: Option<AppMatch>, entered: &Entered<'_>) {
        let app_class = app.map_or(AppClass::Unknown, |app| app.class);
        if flow.outcome == Outcome::Unused {
            return;
        }
        let (date, slot) = at;
        let place = self.place;
        let app_class = self.day(date).class_beside(&entered.used, place, app_class);
        let key = UsageKey { used: entered.used.clone(), app_class, place };
        if flow.outcome == Outcome::Reused {
            // A row that says it was reached, and no more.
            self.day(date).row(&key);
            return;
        }
        let joined = self.join_try(date, &key, flow, entered);
        if joined.door == Door::Login && flow.is_first && flow.outcome == Outcome::Established {
            self.day(date).sign_in(flow.started, &entered.used);
        }
        let is_active = flow.bytes_up + flow.bytes_down >= ACTIVE_BYTES;
        let day = self.day(date);
        day.changes += 1;
        if is_active {
            day.active.mark(slot);
        }
        let Some(row) = day.row(&key) else { return };
        if is_active {
            row.active.mark(slot);
        }
        if row.need.is_none() {
            row.need = entered.need.map(str::to_owned);
        }
        row.app_quality = row.app_quality.max(app.map(|app| app.quality));
        row.tenants.reach(entered.tenancy);
        row.tries += u32::from(joined.begun);
        row.bytes_up += flow.bytes_up;
        row.bytes_down += flow.bytes_down;
        for &wait in &flow.timings.server_waits {
            row.server_wait.add(wait);
        }
        for transfer in &flow.timings.transfers {
            let class = SIZE_CLASSES.iter().filter(|&&bound| transfer.bytes >= bound).count();
            row.transfer_times[class].add(transfer.duration);
        }

        let seen = &mut row.seen;
        seen.listed = matches!(key.used, Used::Service(_));
        seen.sends_once = entered.need == Some(SEND_ONCE);
        seen.hands_out = entered.need.is_some_and(|need| [SEND_ONCE, STORE_FILES].contains(&need));
        seen.developer_tool = app_class == AppClass::DeveloperTool;
        seen.openings += u32::from(joined.opened_now);
        seen.active_slots = row.active.count();
        seen.held_open_minutes = seen.held_open_minutes.max(minutes_between(flow.started, flow.until));
        let by_program = flow.hello.as_deref().is_some_and(|hello| !may_show_pages(hello));
        seen.by_program |= by_program;
        if by_program
            && joined.door == Door::Front
            && !entered.need.is_some_and(|need| PULLED.contains(&need))
        {
            let most = flow.exchanges.iter().map(|exchange| exchange.bytes_down).max();
            seen.program_fetched = seen.program_fetched.max(most.unwrap_or_default());
        }
        seen.own_front |= joined.door == Door::Front && !entered.often_embedded && flow.bytes_down > 0;
        seen.through(joined.door).add(slot, flow.bytes_up, flow.bytes_down);
        seen.hear(joined.door, slot, flow.until, &flow.exchanges);
    }

    /// Datagrams to a nameless address count for the service that calls are made with and that was busy last; false
    /// where none is open.
    fn count_call(&mut self, at: (Date, u16), flow: &Flow) -> bool {
        let (date, slot) = at;
        let day = self.day(date);
        let of_calls = |one: &&Try| one.need.as_deref().is_some_and(|need| CALLS.contains(&need));
        let open = day.tries.iter().filter(of_calls).filter(|one| one.meant && one.goes_on_at(flow.from));
        let Some(key) = open.max_by_key(|one| one.last_at()).map(|one| one.key.clone()) else { return false };
        day.changes += 1;
        day.active.mark(slot);
        let Some(row) = day.row(&key) else { return false };
        row.active.mark(slot);
        row.bytes_up += flow.bytes_up;
        row.bytes_down += flow.bytes_down;
        row.seen.active_slots = row.active.count();
        row.seen.call.add(slot, flow.bytes_up, flow.bytes_down);
        true
    }

    /// Finds the try that a report belongs to, also one from before midnight. Only a connection that begins begins one:
    /// what comes later over one that was open all the time follows no gap between connections.
    fn join_try(&mut self, date: Date, key: &UsageKey, flow: &Flow, entered: &Entered<'_>) -> Joined {
        let goes_on = |one: &Try| one.is_to(&entered.used) && one.goes_on_at(flow.from);
        let may_hold = [date.yesterday().ok(), Some(date)];
        let is_there = |held: &Date| self.days.get(held).is_some_and(|day| day.tries.iter().any(goes_on));
        let holder = may_hold.into_iter().flatten().find(is_there);
        if holder.is_none() && !flow.is_first {
            let door = if entered.often_embedded { Door::Side } else { entered.door };
            return Joined { begun: false, opened_now: false, door };
        }

        let day = self.day(holder.unwrap_or(date));
        day.changes += 1;
        if holder.is_none() {
            day.make_room_for_try();
            day.tries.push(Try::new(key.clone(), entered.need.map(str::to_owned), flow));
        }
        let mut joined = Joined { begun: holder.is_none(), opened_now: false, door: entered.door };
        let Some(one) = day.tries.iter_mut().find(|one| goes_on(one)) else { return joined };
        one.add(flow);
        let due = one.due();
        joined.opened_now = entered.is_head && entered.door == Door::Front && !one.opened;
        one.opened |= joined.opened_now;
        if entered.often_embedded && !one.opened {
            joined.door = Door::Side;
        }
        one.meant |= matches!(joined.door, Door::Front | Door::Api);
        self.due = Some(self.due.map_or(due, |first| first.min(due)));
        joined
    }
}

/// What a connection went into.
struct Entered<'n> {
    used: Used,
    need: Option<&'n str>,
    door: Door,
    /// Pages of others load from this host too: it is the front door only after it was opened on purpose.
    often_embedded: bool,
    /// It began a burst.
    is_head: bool,
    tenancy: Tenancy,
}

/// What became of its try.
struct Joined {
    begun: bool,
    opened_now: bool,
    door: Door,
}

fn door(role: Role) -> Door {
    match role {
        Role::App | Role::Console | Role::Tenant | Role::Site => Door::Front,
        Role::Api => Door::Api,
        Role::Login => Door::Login,
        Role::Content => Door::Content,
        Role::Embed | Role::Hosted => Door::Side,
    }
}

fn minutes_between(from: Timestamp, to: Timestamp) -> u32 {
    u32::try_from(to.duration_since(from).as_mins()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
