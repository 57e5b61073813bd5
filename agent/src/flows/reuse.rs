//! Names that were looked up and then reached over a connection that was open already.
//!
//! HTTP/2 and HTTP/3 carry requests to a second name over the first one's connection (RFC 9113 §9.1.1, RFC 9114 §3.3),
//! where nobody outside sees it. What can be seen is a name resolved to an address with an open connection and no connection of its
//! own within [`OWN_CONNECTION_WITHIN`]: a contact at most, and counted as a blind spot.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
};

use jiff::{SignedDuration, Timestamp};

use crate::{decode::FlowKey, domain::Domain};

/// Names that are waited for at once; a page looks up some 60. Past it the oldest is not judged.
pub(super) const MAX_WAITING: usize = 256;
/// A connection of its own begins sooner after the lookup.
const OWN_CONNECTION_WITHIN: SignedDuration = SignedDuration::from_secs(10);

/// Lookups that wait for their connection.
#[derive(Debug, Default)]
pub(super) struct Reuse {
    /// Open connections by address: as many as the flow table holds.
    open: HashMap<IpAddr, Vec<FlowKey>, foldhash::fast::RandomState>,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    since: Timestamp,
    name: Domain,
    /// The connection that may carry it.
    over: FlowKey,
}

impl Reuse {
    pub(super) fn opened(&mut self, key: FlowKey) {
        self.open.entry(key.dst.ip()).or_default().push(key);
    }

    pub(super) fn closed(&mut self, key: FlowKey) {
        let Some(keys) = self.open.get_mut(&key.dst.ip()) else { return };
        keys.retain(|open| *open != key);
        if keys.is_empty() {
            self.open.remove(&key.dst.ip());
        }
    }

    /// A name was resolved to these addresses; `is_its_own` tells a connection that has the name, `may_carry` one that
    /// can carry others.
    pub(super) fn looked_up(
        &mut self,
        now: Timestamp,
        name: &Domain,
        addresses: impl Iterator<Item = IpAddr>,
        is_its_own: impl Fn(&FlowKey) -> bool,
        may_carry: impl Fn(&FlowKey) -> bool,
    ) {
        let open: Vec<_> =
            addresses.filter_map(|address| self.open.get(&address)).flatten().copied().collect();
        let is_waiting = self.waiting.iter().any(|waiting| waiting.name == *name);
        if is_waiting || open.iter().any(is_its_own) {
            return;
        }
        let Some(over) = open.into_iter().find(may_carry) else { return };
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Waiting { since: now, name: name.clone(), over });
    }

    /// A connection has this name, so it has its own.
    pub(super) fn connected(&mut self, name: &Domain) {
        self.waiting.retain(|waiting| waiting.name != *name);
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        let first = self.waiting.front()?;
        Some(first.since.saturating_add(OWN_CONNECTION_WITHIN).unwrap_or(Timestamp::MAX))
    }

    /// The next name that waited in vain, and the connection that may have carried it.
    pub(super) fn next_reused(&mut self, now: Timestamp) -> Option<(Domain, FlowKey)> {
        self.poll_timeout().filter(|&due| due <= now)?;
        self.waiting.pop_front().map(|waiting| (waiting.name, waiting.over))
    }

    /// Forgets what waits: the clock was set back, or nothing more comes.
    pub(super) fn clear_waiting(&mut self) {
        self.waiting.clear();
    }
}
