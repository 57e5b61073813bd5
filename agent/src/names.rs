//! Which name the device asked for before it called an address.
//!
//! Owns what DNS answers said: address → names, and the public names of ECH configurations. Refuses answers that do
//! not hang together with their question. Precedent: passive DNS attribution in flow monitors; the constraint is that
//! one address serves many names (a CDN), so several are kept and a caller is told when the answer is not clear.
//! Always holds: at most [`MAX_ADDRESSES`] addresses with at most [`MAX_NAMES`] names each, whatever is answered.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::IpAddr,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    decode::{DnsAnswer, DnsData, DnsResponse, Fact, FactKind},
    domain::Domain,
};

/// Addresses that are remembered. A day of heavy browsing resolves some 5,000; past it, the one whose last answer is
/// oldest goes. A flow that was named keeps its name.
pub const MAX_ADDRESSES: usize = 8_192;
/// Names that are remembered for one address; past it, the one asked for longest ago goes.
pub const MAX_NAMES: usize = 8;
/// Public names of ECH configurations that are remembered. There are a handful of providers; past it, the oldest goes.
pub const MAX_ECH_PUBLIC_NAMES: usize = 64;
/// Aliases that are followed from an address back to the question; resolvers stop at about as many.
const MAX_CHAIN: usize = 16;
/// Programs keep an address longer than a short TTL allows.
const TTL_FLOOR: SignedDuration = SignedDuration::from_mins(10);
/// Nobody keeps an answer longer than a day, whatever its TTL says.
const TTL_CEILING: SignedDuration = SignedDuration::from_hours(24);
/// A name asked for this shortly before the connection is the one it was asked for.
const JUST_ASKED: SignedDuration = SignedDuration::from_secs(10);
/// Public names that are known without an HTTPS record having been seen.
const KNOWN_ECH_PUBLIC_NAMES: &[&str] = &["cloudflare-ech.com", "cover.defo.ie", "public.tls-ech.dev"];

/// What the device may have meant by an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// No name is known for it.
    Nothing,
    /// This name.
    Name(Domain),
    /// One of several names of different owners, and nothing tells which.
    Ambiguous,
}

/// The address map.
#[derive(Debug, Default)]
pub struct Names {
    addresses: HashMap<IpAddr, Address>,
    /// Addresses in the order of their last answer.
    order: BTreeMap<u64, IpAddr>,
    answers: u64,
    /// Public names of ECH configurations.
    ech_fronts: VecDeque<Domain>,
}

#[derive(Debug, Default)]
struct Address {
    answer: u64,
    /// The one asked for last stands last.
    names: Vec<Asked>,
}

#[derive(Debug)]
struct Asked {
    name: Domain,
    at: Timestamp,
    until: Timestamp,
}

impl Names {
    /// Learns from a DNS response; any other fact says nothing about names.
    pub fn handle(&mut self, now: Timestamp, fact: &Fact) {
        let FactKind::DnsResponse(response) = &fact.kind else { return };
        for answer in &response.answers {
            match &answer.data {
                DnsData::Address(address) => {
                    if let Some(name) = name_asked_for(response, &answer.name) {
                        self.learn(now, *address, name.clone(), answer.ttl);
                    }
                }
                DnsData::Service { ech_public_name: Some(name), .. } => self.learn_ech_front(name),
                _ => {}
            }
        }
    }

    /// The name that a connection to `address` opened at `now` was meant for.
    pub fn resolve(&self, now: Timestamp, address: IpAddr) -> Resolved {
        let Some(address) = self.addresses.get(&address) else { return Resolved::Nothing };
        let mut live = address.names.iter().rev().filter(|asked| now <= asked.until);
        let Some(last) = live.next() else { return Resolved::Nothing };
        let clear = live.all(|other| {
            let same_owner = last.name.registrable().is_some_and(|it| other.name.registrable() == Some(it));
            let just_asked = |asked: &Asked| now.duration_since(asked.at) <= JUST_ASKED;
            same_owner || (just_asked(last) && !just_asked(other))
        });
        if clear { Resolved::Name(last.name.clone()) } else { Resolved::Ambiguous }
    }

    /// Whether `name` is what a hello shows in place of a hidden name (RFC 9849 §4): then its ECH extension is real,
    /// else it is GREASE and the name is the real one.
    pub fn is_ech_public_name(&self, name: &Domain) -> bool {
        KNOWN_ECH_PUBLIC_NAMES.contains(&name.as_str()) || self.ech_fronts.contains(name)
    }

    fn learn(&mut self, now: Timestamp, address: IpAddr, name: Domain, ttl: u32) {
        let is_full = !self.addresses.contains_key(&address) && self.addresses.len() >= MAX_ADDRESSES;
        if is_full && let Some((_, oldest)) = self.order.pop_first() {
            self.addresses.remove(&oldest);
        }
        let held = self.addresses.entry(address).or_default();
        self.order.remove(&held.answer);
        self.answers += 1;
        held.answer = self.answers;
        self.order.insert(held.answer, address);

        let life = SignedDuration::from_secs(i64::from(ttl)).clamp(TTL_FLOOR, TTL_CEILING);
        let until = now.saturating_add(life).unwrap_or(Timestamp::MAX);
        held.names.retain(|asked| asked.name != name);
        if held.names.len() >= MAX_NAMES {
            held.names.remove(0);
        }
        held.names.push(Asked { name, at: now, until });
    }

    fn learn_ech_front(&mut self, name: &Domain) {
        if self.ech_fronts.contains(name) {
            return;
        }
        if self.ech_fronts.len() >= MAX_ECH_PUBLIC_NAMES {
            self.ech_fronts.pop_front();
        }
        self.ech_fronts.push_back(name.clone());
    }
}

/// Walks the aliases of a response, in whatever order they stand, from the owner of an address back to the name that
/// was asked for. `None` if the chain ends somewhere else than at the question: such an answer was not asked for.
fn name_asked_for<'r>(response: &'r DnsResponse, owner: &'r Domain) -> Option<&'r Domain> {
    let alias_of = |target: &Domain| {
        response.answers.iter().find_map(|DnsAnswer { name, data, .. }| match data {
            DnsData::Alias(to) if to == target && name != target => Some(name),
            _ => None,
        })
    };
    let asked = response.question.as_ref().map(|question| &question.qname);
    let mut name = owner;
    for _ in 0..MAX_CHAIN {
        if asked == Some(name) {
            return asked;
        }
        match alias_of(name) {
            Some(alias) => name = alias,
            None => return asked.is_none().then_some(name),
        }
    }
    None
}

#[cfg(test)]
mod tests;
