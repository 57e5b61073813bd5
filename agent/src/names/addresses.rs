//! Names by address, and the choice among several.
//!
//! Two spaces: what solicited answers taught, and, small and apart, what others said. The second is asked only where
//! the first says nothing, and can never push anything out of it.
//!
//! One address of a CDN serves thousands of names, of which a device uses a few at a time. What fits, from the surest:
//! the names whose HTTPS record carries the very front that an encrypted hello shows; for QUIC, those whose record
//! does not leave `h3` out; then names of one owner (registrable domain), of which the one asked for last is taken;
//! then what was asked for in the last [`JUST_ASKED`] and has no connection of its own since; then what was just asked
//! for at all; then what was asked for in the last [`RECENTLY_ASKED`] and has no connection yet. Where a step leaves
//! names of several owners the connection stays open: a guess between strangers would be wrong about half the time.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::{Recent, WhyOpen, after};
use crate::domain::Domain;

/// Addresses that are remembered. A day of heavy browsing resolves some 5,000; past it, the one whose last answer is
/// oldest goes. A flow that was named keeps its name.
pub(super) const MAX_ADDRESSES: usize = 8_192;
/// Addresses that are remembered from answers nobody asked for: enough for what was asked before the capture began.
/// Past it the oldest of these goes.
pub(super) const MAX_UNSOLICITED: usize = 256;
/// Names that are remembered for one address; past it, the one asked for longest ago goes.
pub(super) const MAX_NAMES: usize = 8;
/// Names whose last lookup, and whose HTTPS record, is remembered; past it the oldest goes and counts as connected.
pub(super) const MAX_ASKS: usize = 4_096;
/// Programs keep an address longer than a short TTL allows.
const TTL_FLOOR: SignedDuration = SignedDuration::from_mins(10);
/// Nobody keeps an answer longer than a day, whatever its TTL says.
const TTL_CEILING: SignedDuration = SignedDuration::from_hours(24);
/// A name asked for this shortly before the connection is the one it was asked for.
const JUST_ASKED: SignedDuration = SignedDuration::from_secs(10);
/// A name asked for this shortly before, without a connection yet, was probably asked for ahead of need.
const RECENTLY_ASKED: SignedDuration = SignedDuration::from_mins(1);

/// What answers said about addresses.
#[derive(Debug)]
pub(super) struct Addresses {
    solicited: Recent<IpAddr, Vec<Held>>,
    unsolicited: Recent<IpAddr, Vec<Held>>,
    asks: Recent<Domain, Ask>,
    offers: Recent<Domain, Offer>,
}

/// One name at an address. The one asked for last stands last.
#[derive(Debug)]
struct Held {
    name: Domain,
    until: Timestamp,
}

/// The last lookup of a name.
#[derive(Debug)]
struct Ask {
    at: Timestamp,
    /// How long it took, until the first connection takes that over.
    took: Option<SignedDuration>,
    /// Connections to it since, less those that turned out to be to others.
    connections: u32,
}

/// What the HTTPS record of a name says.
#[derive(Debug, Default)]
struct Offer {
    h3: bool,
    front: Option<Domain>,
}

/// A connection to be named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'n> {
    pub(super) at: Timestamp,
    pub(super) address: IpAddr,
    pub(super) is_quic: bool,
    /// The public name that its encrypted hello shows.
    pub(super) front: Option<&'n Domain>,
}

struct Candidate<'n> {
    name: &'n Domain,
    ask: Option<&'n Ask>,
    offer: Option<&'n Offer>,
}

impl Default for Addresses {
    fn default() -> Self {
        Self {
            solicited: Recent::new(MAX_ADDRESSES),
            unsolicited: Recent::new(MAX_UNSOLICITED),
            asks: Recent::new(MAX_ASKS),
            offers: Recent::new(MAX_ASKS),
        }
    }
}

impl Addresses {
    /// A solicited answer led from the name to this address.
    pub(super) fn learn(&mut self, now: Timestamp, address: IpAddr, name: &Domain, ttl: u32) {
        self.unsolicited.remove(&address);
        hold(self.solicited.renew(address, Vec::new), now, name, ttl);
    }

    /// An answer that nobody asked for says so too.
    pub(super) fn overhear(&mut self, now: Timestamp, address: IpAddr, name: &Domain, ttl: u32) {
        if !self.solicited.contains(&address) {
            hold(self.unsolicited.renew(address, Vec::new), now, name, ttl);
        }
    }

    /// A lookup of the name found something. Of one asked for A and AAAA at once the longer time counts.
    pub(super) fn found(&mut self, now: Timestamp, name: &Domain, took: SignedDuration) {
        let fresh = || Ask { at: now, took: Some(took), connections: 0 };
        let ask = self.asks.renew(name.clone(), fresh);
        if now.duration_since(ask.at).abs() > JUST_ASKED {
            *ask = fresh();
        } else if ask.connections == 0 {
            (ask.at, ask.took) = (now, ask.took.max(Some(took)));
        }
    }

    /// The name's HTTPS record.
    pub(super) fn offered(&mut self, name: &Domain, h3: bool, front: Option<&Domain>) {
        *self.offers.renew(name.clone(), Offer::default) = Offer { h3, front: front.cloned() };
    }

    /// A connection to the name: its lookup is used up. Gives how long the lookup took, to the first one only.
    pub(super) fn connected(&mut self, name: &Domain) -> Option<SignedDuration> {
        let ask = self.asks.get_mut(name)?;
        ask.connections = ask.connections.saturating_add(1);
        ask.took.take()
    }

    /// The connection turned out to be to another name.
    pub(super) fn not_connected(&mut self, name: &Domain, took: Option<SignedDuration>) {
        if let Some(ask) = self.asks.get_mut(name) {
            ask.connections = ask.connections.saturating_sub(1);
            ask.took = ask.took.or(took);
        }
    }

    /// The device asked for this very name and got this address.
    pub(super) fn leads_to(&self, now: Timestamp, name: &Domain, address: IpAddr) -> bool {
        let held = self.solicited.get(&address);
        held.is_some_and(|held| held.iter().any(|it| it.name == *name && now <= it.until))
    }

    /// The name that fits.
    pub(super) fn fitting(
        &self,
        wanted: Wanted<'_>,
        is_front: impl Fn(&Domain) -> bool,
    ) -> Result<&Domain, WhyOpen> {
        let spaces = [&self.solicited, &self.unsolicited].map(|space| space.get(&wanted.address));
        let may_be =
            |held: &&Held| wanted.at <= held.until && !(wanted.front.is_some() && is_front(&held.name));
        let live = spaces.iter().flatten().map(|held| held.iter().filter(may_be).collect::<Vec<_>>());
        let Some(live) = live.into_iter().find(|live| !live.is_empty()) else {
            let was_known = spaces.iter().flatten().any(|held| held.iter().any(|it| wanted.at > it.until));
            return Err(if was_known { WhyOpen::AnswerExpired } else { WhyOpen::NeverResolved });
        };
        let candidates = live
            .into_iter()
            .map(|Held { name, .. }| Candidate {
                name,
                ask: self.asks.get(name),
                offer: self.offers.get(name),
            })
            .collect();
        choose(candidates, wanted)
    }
}

fn hold(names: &mut Vec<Held>, now: Timestamp, name: &Domain, ttl: u32) {
    let life = SignedDuration::from_secs(i64::from(ttl)).clamp(TTL_FLOOR, TTL_CEILING);
    names.retain(|held| held.name != *name);
    if names.len() >= MAX_NAMES {
        names.remove(0);
    }
    names.push(Held { name: name.clone(), until: after(now, life) });
}

fn choose<'n>(mut candidates: Vec<Candidate<'n>>, wanted: Wanted<'_>) -> Result<&'n Domain, WhyOpen> {
    if wanted.front.is_some() {
        narrow(&mut candidates, |it| it.offer.is_some_and(|offer| offer.front.as_ref() == wanted.front));
    }
    if wanted.is_quic {
        narrow(&mut candidates, |it| it.offer.is_none_or(|offer| offer.h3));
    }
    let within = |it: &Candidate<'_>, time| {
        let ago = it.ask.map(|ask| wanted.at.duration_since(ask.at));
        ago.is_some_and(|ago| (SignedDuration::ZERO..=time).contains(&ago))
    };
    let waits = |it: &Candidate<'_>| it.ask.is_some_and(|ask| ask.connections == 0);
    let just_asked_and_waits = |it: &Candidate<'_>| waits(it) && within(it, JUST_ASKED);
    let just_asked = |it: &Candidate<'_>| within(it, JUST_ASKED);
    let recently_asked_and_waits = |it: &Candidate<'_>| waits(it) && within(it, RECENTLY_ASKED);
    let steps: [&dyn Fn(&Candidate<'_>) -> bool; 3] =
        [&just_asked_and_waits, &just_asked, &recently_asked_and_waits];
    if let Some(fits) = steps.into_iter().find(|fits| candidates.iter().any(fits)) {
        narrow(&mut candidates, fits);
    }
    let last =
        candidates.last().filter(|last| candidates.iter().all(|it| owner(it.name) == owner(last.name)));
    last.map(|it| it.name).ok_or(WhyOpen::SeveralFit)
}

/// Leaves those of which it holds, if there are any.
fn narrow(candidates: &mut Vec<Candidate<'_>>, holds: impl Fn(&Candidate<'_>) -> bool) {
    if candidates.iter().any(&holds) {
        candidates.retain(holds);
    }
}

fn owner(name: &Domain) -> &str {
    name.registrable().unwrap_or(name.as_str())
}

#[cfg(test)]
impl Addresses {
    pub(super) fn sizes(&self) -> [usize; 4] {
        [self.solicited.len(), self.unsolicited.len(), self.asks.len(), self.offers.len()]
    }

    pub(super) fn names_at(&self, address: IpAddr) -> usize {
        self.solicited.get(&address).map_or(0, Vec::len)
    }
}
