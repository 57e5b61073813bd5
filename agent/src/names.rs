//! Which name the device asked for before it called an address, and how asking went.
//!
//! Owns what DNS said: questions that wait for their answer, address → names, and the public names of ECH
//! configurations. Refuses what nobody asked for: such answers, forged or older than the capture, are kept small and
//! apart and used only where nothing else is known; they are no failure of anybody. Precedent: passive DNS attribution
//! in flow monitors; the constraint is that one address serves many names (a CDN), so several are kept, what fits is
//! chosen (`names/addresses.rs` says how), and a connection stays open with its reason where nothing fits.
//! Always holds: every table keeps its cap, whatever is answered, and no unsolicited answer pushes out a solicited one.

mod addresses;
mod fronts;
mod pending;
mod recent;

use std::{
    collections::{HashSet, VecDeque},
    net::IpAddr,
};

use addresses::{Addresses, Wanted};
use fronts::Fronts;
use jiff::{SignedDuration, Timestamp};
use pending::{Answer, Pending, Unanswered};
use recent::Recent;

use crate::{
    capture::Direction,
    decode::{
        DnsAnswer, DnsData, DnsQuestion, DnsResponse, Fact, FactKind, FlowKey, Transport, tells_of_a_filter,
    },
    domain::Domain,
};

/// A question this much older than the last one means that the clock was set back.
const CLOCK_STEP: SignedDuration = SignedDuration::from_mins(1);

const A: u16 = 1;
const AAAA: u16 = 28;

/// Why a connection has no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyOpen {
    /// No answer that was seen led to its address.
    NeverResolved,
    /// One did, longer ago than it may be kept.
    AnswerExpired,
    /// Names of several owners stand for its address, and none fits better.
    SeveralFit,
    /// A real Encrypted Client Hello hides it and DNS did not tell.
    HiddenByEch,
    /// It was asked for by its address, which is nobody's name.
    ShownAsAddress,
}

/// How a lookup of a name's addresses went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The name asked for.
    pub name: Domain,
    /// From the device to the resolver.
    pub flow: FlowKey,
    /// When it was first asked for.
    pub began: Timestamp,
    /// When the answer came, or was not waited for any more.
    pub ended: Timestamp,
    /// What came of it.
    pub outcome: LookupOutcome,
}

/// What came of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupOutcome {
    /// These addresses; none where the name has none of that type.
    Found(Vec<IpAddr>),
    /// There is no such name.
    NoSuchName,
    /// The resolver failed.
    ResolverFailed,
    /// The resolver would not answer.
    ResolverRefused,
    /// The resolver never answered, however often it was asked.
    ResolverSilent,
    /// A filter answered: a sinkhole address, or an extended error that says so.
    TurnedAway,
}

/// What DNS said.
#[derive(Debug, Default)]
pub struct Names {
    pending: Pending,
    addresses: Addresses,
    fronts: Fronts,
    lookups: VecDeque<Lookup>,
    latest: Option<Timestamp>,
}

impl Names {
    /// Learns from DNS; any other fact says nothing about names.
    pub fn handle(&mut self, now: Timestamp, fact: &Fact) {
        match &fact.kind {
            // A question that comes in is for a resolver on this device; on loopback each one does.
            FactKind::DnsQuery(_)
                if fact.direction == Some(Direction::Incoming) && !fact.flow.dst.ip().is_loopback() => {}
            FactKind::DnsQuery(question) => {
                self.notice_time(now);
                self.pending.asked(now, fact.flow, question);
            }
            FactKind::DnsResponse(response) => {
                self.notice_time(now);
                self.on_response(now, fact.flow, response);
            }
            _ => {}
        }
    }

    /// The next lookup of addresses that came to an end.
    pub fn poll(&mut self) -> Option<Lookup> {
        self.lookups.pop_front()
    }

    /// When `handle_timeout` has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.pending.poll_timeout()
    }

    /// Time passed: lookups without an answer come to their end.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        while let Some(Unanswered { name, qtype, flow, began, ended }) = self.pending.next_unanswered(now) {
            if matches!(qtype, A | AAAA) {
                let outcome = LookupOutcome::ResolverSilent;
                self.lookups.push_back(Lookup { name, flow, began, ended, outcome });
            }
        }
    }

    /// The name that a connection opened at `now` was meant for. Of one whose hello is encrypted, `front` is the name
    /// on show, which is never what it was meant for.
    pub fn resolve(&self, now: Timestamp, key: &FlowKey, front: Option<&Domain>) -> Result<Domain, WhyOpen> {
        let is_quic = key.transport == Transport::Udp;
        let wanted = Wanted { at: now, address: key.dst.ip(), is_quic, front };
        let is_front = |name: &Domain| Some(name) == front || fronts::is_well_known(name);
        self.addresses.fitting(wanted, is_front).cloned()
    }

    /// A connection has this name. Says how long its lookup took, to the first connection after it.
    pub fn connected(&mut self, name: &Domain) -> Option<SignedDuration> {
        self.addresses.connected(name)
    }

    /// The connection that took the name over turned out to be to another one.
    pub fn not_connected(&mut self, name: &Domain, lookup: Option<SignedDuration>) {
        self.addresses.not_connected(name, lookup);
    }

    /// Whether `shown` is what a hello with an ECH extension shows in place of a hidden name (RFC 9849 §4); else the
    /// extension is GREASE and the name is the real one.
    ///
    /// Hidden names are looked up, public names are not: one whose own lookup led to this address is its own name,
    /// whoever calls it his public name.
    pub fn is_ech_front(&self, now: Timestamp, shown: &Domain, address: IpAddr) -> bool {
        fronts::is_well_known(shown)
            || self.fronts.contains(shown) && !self.addresses.leads_to(now, shown, address)
    }

    fn on_response(&mut self, now: Timestamp, flow: FlowKey, response: &DnsResponse) {
        let Some(question) = &response.question else { return };
        let answer = self.pending.answered(flow, question, response);
        let outcome = outcome(response);
        if let Some(LookupOutcome::Found(_)) = outcome {
            self.learn(now, question, response, answer);
        }
        let Answer::First(began) = answer else { return };
        if !matches!(question.qtype, A | AAAA) {
            return;
        }
        let name = question.qname.clone();
        if matches!(&outcome, Some(LookupOutcome::Found(addresses)) if !addresses.is_empty()) {
            let took = now.duration_since(began).max(SignedDuration::ZERO);
            self.addresses.found(now, &name, took);
        }
        if let Some(outcome) = outcome {
            self.lookups.push_back(Lookup { name, flow: flow.reversed(), began, ended: now, outcome });
        }
    }

    fn learn(&mut self, now: Timestamp, question: &DnsQuestion, response: &DnsResponse, answer: Answer) {
        let asked = &question.qname;
        let (chain, ttl) = chain(asked, &response.answers);
        for answer_record in response.answers.iter().filter(|it| chain.contains(&it.name)) {
            let ttl = ttl.min(answer_record.ttl);
            let is_solicited = answer != Answer::Unsolicited;
            match &answer_record.data {
                DnsData::Address(address) if is_solicited => self.addresses.learn(now, *address, asked, ttl),
                DnsData::Address(address) => self.addresses.overhear(now, *address, asked, ttl),
                DnsData::Service { alpn, ech_public_name } => {
                    if let Some(front) = ech_public_name {
                        self.fronts.learn(front, is_solicited);
                    }
                    if is_solicited {
                        let h3 = alpn.iter().any(|protocol| protocol == "h3");
                        self.addresses.offered(asked, h3, ech_public_name.as_ref());
                    }
                }
                DnsData::Alias(_) | DnsData::Other(_) => {}
            }
        }
    }

    fn notice_time(&mut self, now: Timestamp) {
        let latest = self.latest.unwrap_or(now);
        if latest.duration_since(now) > CLOCK_STEP {
            self.pending.clear();
            self.latest = Some(now);
        } else {
            self.latest = Some(latest.max(now));
        }
        self.handle_timeout(now);
    }
}

/// What a response came to; nothing where it says that the question was not understood.
fn outcome(response: &DnsResponse) -> Option<LookupOutcome> {
    if response.extended_error.is_some_and(tells_of_a_filter) {
        return Some(LookupOutcome::TurnedAway);
    }
    let addresses = response.answers.iter().filter_map(|answer| match answer.data {
        DnsData::Address(address) => Some(address),
        _ => None,
    });
    Some(match response.rcode {
        0 if response.question.as_ref().is_some_and(|question| !is_local(&question.qname))
            && addresses.clone().any(is_sinkhole) =>
        {
            LookupOutcome::TurnedAway
        }
        0 => LookupOutcome::Found(addresses.collect()),
        2 => LookupOutcome::ResolverFailed,
        3 => LookupOutcome::NoSuchName,
        5 => LookupOutcome::ResolverRefused,
        _ => return None,
    })
}

/// An answer that leads nowhere on purpose: a resolver's filter. The other addresses of 127/8 are what block lists for
/// mail answer (RFC 5782 §2.1), never the first one.
fn is_sinkhole(address: IpAddr) -> bool {
    address.is_unspecified() || [[127, 0, 0, 1].into(), IpAddr::from(1_u128.to_be_bytes())].contains(&address)
}

/// A name of this machine: RFC 6761 §6.3, and those without a dot.
fn is_local(name: &Domain) -> bool {
    !name.as_str().contains('.') || name.as_str().ends_with(".localhost")
}

/// The names that a question leads to over aliases, in whatever order they stand, and the shortest time that one of
/// these may be kept. An answer whose owner is not among them was not asked for. Ends with the answers, loops or not.
fn chain<'r>(asked: &'r Domain, answers: &'r [DnsAnswer]) -> (HashSet<&'r Domain>, u32) {
    let mut chain = HashSet::from([asked]);
    let mut ttl = u32::MAX;
    let mut before = 0;
    while chain.len() > before {
        before = chain.len();
        for answer in answers {
            if let DnsData::Alias(target) = &answer.data
                && chain.contains(&answer.name)
                && chain.insert(target)
            {
                ttl = ttl.min(answer.ttl);
            }
        }
    }
    (chain, ttl)
}

fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
