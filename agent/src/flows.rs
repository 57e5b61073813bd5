//! Connections that this device opened: whom to, how much, how long, how they ended.
//!
//! Owns the flow table. A connection is the device's when the device sent its SYN, or, begun before the capture, when
//! it runs to the lower port; what comes from outside and multicast are no flows, and DNS only names them. Payload is
//! counted from header lengths, each TCP byte once. A long connection is reported while it lives, as deltas that add
//! up. Always holds: at most [`MAX_FLOWS`] connections; a flood of half-open ones neither grows the table nor pushes
//! out an established one.

mod connection;
mod exchanges;
mod jumps;
mod naming;
mod near;
mod pace;
mod report;
mod reuse;
mod stream;
mod three_way;

use std::{
    collections::{BTreeMap, HashMap, VecDeque, hash_map},
    net::{IpAddr, SocketAddr},
};

use connection::{Connection, Wake};
pub use exchanges::Exchange;
use jiff::Timestamp;
pub use pace::Transfer;
pub use report::{Failure, Flow, FlowId, Hello, NameSource, Naming, Outcome, Timings, WhyOpen};
use reuse::Reuse;

use crate::{
    app_class::AppMatch,
    capture::Direction,
    decode::{Fact, FactKind, FlowKey, ServerHello, TcpSegment, Transport},
    domain::Domain,
    names::{Lookup, LookupOutcome, Names},
};

/// Connections followed at once. A busy workstation has under 2,000; past it the oldest one without an answer makes
/// room, and if all are answered the new one is not followed and counts in [`Counts::not_followed`].
pub const MAX_FLOWS: usize = 8_192;
/// New connections that wait for being asked after: a batch of frames begins fewer. Past it, and where nobody asks as with
/// a capture file, their owner stays unknown.
const MAX_NEWCOMERS: usize = 256;

/// UDP ports of tunnels: those of RFC 3948, and what the two most common programs use by default.
const TUNNEL_PORTS: &[u16] = &[500, 1194, 4500, 51820];

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

/// What the table could not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were never followed because all others were established.
    pub not_followed: u64,
    /// Connections without an answer that made room.
    pub pushed_out: u64,
}

/// The flow table.
#[derive(Debug, Default)]
pub struct Flows {
    /// Boxed: the table's spare room then holds pointers and not connections.
    connections: HashMap<FlowKey, Box<Connection>, foldhash::fast::RandomState>,
    /// One wake-up for each connection.
    wakes: BTreeMap<(Timestamp, FlowId), FlowKey>,
    /// Connections without an answer, oldest first.
    opening: BTreeMap<FlowId, FlowKey>,
    reuse: Reuse,
    reports: VecDeque<Flow>,
    /// New connections whose owner may be asked for.
    newcomers: VecDeque<FlowKey>,
    /// A SYN-ACK came from afar.
    sees_afar: bool,
    /// Owners of connections whose first packet is still on its way here.
    owned_early: VecDeque<(FlowKey, AppMatch)>,
    ids: u64,
    /// The latest that anybody knew what time it was.
    latest: Option<Timestamp>,
    counts: Counts,
}

impl Flows {
    /// Something happened on the wire. `names` must have had the fact before.
    pub fn handle(&mut self, now: Timestamp, fact: &Fact, names: &mut Names) {
        self.notice_time(now);
        match &fact.kind {
            FactKind::TcpSegment(segment) => self.on_tcp(now, fact, segment, names),
            FactKind::UdpDatagram { payload_bytes, until } => {
                self.on_udp(now, *until, fact, *payload_bytes, names);
            }
            FactKind::DnsQuery(_) | FactKind::DnsResponse(_) => self.take_lookups(now, names),
            FactKind::TlsClientHello(hello) | FactKind::QuicClientHello { hello, .. } => {
                self.on_hello(now, fact.flow, hello, names);
            }
            FactKind::HttpHost(name) => self.on_http_host(now, fact.flow, name, names),
            FactKind::HttpConnect(target) | FactKind::SocksConnect(target) => {
                self.on_proxy_target(now, fact.flow, target, names);
            }
            // Nobody's name; and a hello that is asked for again.
            FactKind::DnsOddName(_) | FactKind::TlsServerHello(ServerHello::Retry) => {}
            FactKind::TlsServerHello(kind) => {
                let is_old = *kind == ServerHello::Older;
                self.update(now, fact.flow.reversed(), |connection| connection.on_server_hello(is_old));
            }
            FactKind::QuicServerPacket => {
                self.update(now, fact.flow.reversed(), |connection| connection.on_server_hello(false));
            }
            FactKind::TlsAlert { description } => {
                let failure = Failure::TlsAlert(*description);
                let key = self.known_way(fact.flow);
                self.update(now, key, |connection| connection.fail(failure));
            }
            FactKind::EncryptedDns(how) => {
                self.update(now, fact.flow, |connection| connection.encrypted_dns = Some(*how));
            }
            FactKind::Unreachable => {
                self.update(now, fact.flow, |connection| connection.fail(Failure::Unreachable));
            }
        }
    }

    /// The next report, in the order in which they came up.
    pub fn poll(&mut self) -> Option<Flow> {
        self.reports.pop_front()
    }

    /// The next new connection, for who can ask whose it is.
    pub fn poll_newcomer(&mut self) -> Option<FlowKey> {
        self.newcomers.pop_front()
    }

    /// The connection is this program's; it may be one that is only about to be seen.
    pub fn owned_by(&mut self, key: FlowKey, owner: AppMatch) {
        if let Some(connection) = self.connections.get_mut(&key) {
            connection.owner = Some(owner);
            return;
        }
        if self.owned_early.len() >= MAX_NEWCOMERS {
            self.owned_early.pop_front();
        }
        self.owned_early.push_back((key, owner));
    }

    /// When `handle_timeout` has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let wake = self.wakes.first_key_value().map(|(&(at, _), _)| at);
        wake.into_iter().chain(self.reuse.poll_timeout()).min()
    }

    /// Time passed: reports what is due and ends what fell silent. Who calls this every few minutes, due or not, shows
    /// that the device is awake, quiet as it may be.
    pub fn handle_timeout(&mut self, now: Timestamp, names: &mut Names) {
        self.notice_time(now);
        names.handle_timeout(now);
        self.take_lookups(now, names);
        self.wake_due(now);
    }

    fn wake_due(&mut self, now: Timestamp) {
        while let Some((name, over)) = self.reuse.next_reused(now) {
            self.report_name(now, now, over, name, Outcome::Reused);
        }
        while let Some(entry) = self.wakes.first_entry()
            && entry.key().0 <= now
        {
            let key = entry.remove();
            let Some(connection) = self.connections.get_mut(&key) else { continue };
            match connection.wake(now) {
                Wake::Later => {}
                Wake::Report => self.reports.extend(connection.report(false)),
                Wake::End => {
                    self.end(key);
                    continue;
                }
            }
            connection.due = connection.deadline();
            self.wakes.insert((connection.due, connection.id), key);
        }
    }

    /// Reports on all that live, so that what was counted until now stands under the day and place it belongs to.
    pub fn report_all(&mut self) {
        let mut live: Vec<_> = self.connections.values_mut().collect();
        live.sort_unstable_by_key(|connection| connection.id);
        self.reports.extend(live.into_iter().filter_map(|connection| connection.report(false)));
    }

    /// Nothing more will come: ends all connections as they stand.
    pub fn finish(&mut self) {
        let mut live: Vec<_> =
            self.connections.values().map(|connection| (connection.id, connection.key)).collect();
        live.sort_unstable_by_key(|(id, _)| *id);
        for (_, key) in live {
            self.end(key);
        }
        self.wakes.clear();
        self.reuse.clear_waiting();
    }

    /// Connections in the table.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// No connection is open.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// What the table could not hold.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn on_tcp(&mut self, now: Timestamp, fact: &Fact, segment: &TcpSegment, names: &mut Names) {
        let opens = segment.flags & (SYN | ACK) == SYN;
        let (key, up) = if opens { (fact.flow, true) } else { self.orient(fact, segment.flags & SYN != 0) };
        match self.connections.get(&key) {
            Some(old) if opens && old.is_replaced_by(segment.seq) => self.end(key),
            None if segment.flags & (RST | FIN) != 0 && segment.payload_bytes == 0 => return,
            None if segment.flags & RST != 0 || !is_outgoing(&key, up, direction(fact)) => return,
            None if !opens && is_accepted(&key) => return,
            Some(_) | None => {}
        }
        let Some(connection) = self.enter(now, key, names) else { return };
        if !connection.counts_on(now, fact.interface) {
            return;
        }
        connection.on_tcp(now, up, segment);
        if segment.flags & (SYN | ACK) == SYN | ACK && direction(fact) == Some(Direction::Incoming) {
            connection.on_syn_answered_here(now);
            self.sees_afar |= near::is_from_afar(segment.ttl, key.src.ip(), key.dst.ip());
        }
        self.follow_up(key);
    }

    fn on_udp(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        fact: &Fact,
        payload_bytes: u32,
        names: &mut Names,
    ) {
        let (key, up) = self.orient(fact, false);
        let is_known = self.connections.contains_key(&key);
        if !is_known && (!is_outgoing(&key, up, direction(fact)) || is_housekeeping(key.dst.port())) {
            return;
        }
        let Some(connection) = self.enter(now, key, names) else { return };
        if !connection.counts_on(now, fact.interface) {
            return;
        }
        connection.on_udp(now, until, up, u64::from(payload_bytes));
        self.follow_up(key);
    }

    /// Takes over how lookups ended. A name that could not be looked up is a failed connection of its own; one that
    /// could may reuse an open one.
    fn take_lookups(&mut self, now: Timestamp, names: &mut Names) {
        while let Some(Lookup { name, flow, began, ended, outcome }) = names.poll() {
            let failure = match outcome {
                LookupOutcome::Found(addresses) => {
                    let get = |key: &FlowKey| self.connections.get(key);
                    let is_its_own = |key: &FlowKey| get(key).is_some_and(|it| it.is_to(&name));
                    let may_carry = |key: &FlowKey| get(key).is_some_and(|it| it.may_carry_other_names());
                    self.reuse.looked_up(now, &name, addresses.into_iter(), is_its_own, may_carry);
                    continue;
                }
                LookupOutcome::NoSuchName => Failure::NoSuchName,
                LookupOutcome::ResolverFailed => Failure::ResolverFailed,
                LookupOutcome::ResolverRefused => Failure::ResolverRefused,
                LookupOutcome::ResolverSilent => Failure::ResolverSilent,
                LookupOutcome::TurnedAway => Failure::TurnedAway,
            };
            self.report_name(began.min(ended), ended, flow, name, Outcome::Failed(failure));
        }
    }

    /// A report on a name that had no connection of its own.
    fn report_name(
        &mut self,
        began: Timestamp,
        now: Timestamp,
        key: FlowKey,
        name: Domain,
        outcome: Outcome,
    ) {
        self.ids += 1;
        let lookup = matches!(outcome, Outcome::Failed(_)).then(|| now.duration_since(began));
        self.reports.push_back(Flow {
            id: FlowId(self.ids),
            key,
            started: began,
            from: began,
            until: now,
            naming: Naming::Known(name, NameSource::Dns),
            hello: None,
            owner: None,
            encrypted_dns: None,
            bytes_up: 0,
            bytes_down: 0,
            resent_up: 0,
            resent_down: 0,
            outcome,
            timings: Timings { lookup, ..Timings::default() },
            exchanges: Vec::new(),
            is_first: true,
            is_last: true,
        });
    }

    /// Which way round a packet's 5-tuple is the device's, and whether the packet went up.
    fn orient(&self, fact: &Fact, accepts: bool) -> (FlowKey, bool) {
        let (as_sent, other) = (fact.flow, fact.flow.reversed());
        if self.connections.contains_key(&as_sent) {
            return (as_sent, true);
        }
        if self.connections.contains_key(&other) {
            return (other, false);
        }
        match direction(fact) {
            _ if accepts => (other, false),
            Some(Direction::Outgoing) => (as_sent, true),
            None if as_sent.dst.port() <= as_sent.src.port() => (as_sent, true),
            Some(Direction::Incoming) | None => (other, false),
        }
    }

    fn known_way(&self, flow: FlowKey) -> FlowKey {
        if self.connections.contains_key(&flow) { flow } else { flow.reversed() }
    }

    /// The connection, taken into the table if it is new and there is room.
    fn enter(&mut self, now: Timestamp, key: FlowKey, names: &mut Names) -> Option<&mut Connection> {
        if self.connections.len() >= MAX_FLOWS && !self.connections.contains_key(&key) {
            let Some((_, oldest)) = self.opening.first_key_value() else {
                self.counts.not_followed += 1;
                return None;
            };
            let oldest = *oldest;
            self.forget(oldest);
            self.counts.pushed_out += 1;
        }
        let entry = match self.connections.entry(key) {
            hash_map::Entry::Occupied(entry) => return Some(entry.into_mut()),
            hash_map::Entry::Vacant(entry) => entry,
        };
        self.ids += 1;
        let mut connection = Connection::new(FlowId(self.ids), key, now);
        connection.sees_afar = self.sees_afar;
        match names.resolve(now, &key, None) {
            Ok(name) => {
                self.reuse.connected(&name);
                connection.lookup = names.connected(&name);
                connection.name(name, NameSource::Dns);
            }
            Err(why) => connection.open(why),
        }
        self.wakes.insert((connection.due, connection.id), key);
        self.opening.insert(connection.id, key);
        self.reuse.opened(key);
        if let Some(at) = self.owned_early.iter().position(|(early, _)| *early == key) {
            connection.owner = self.owned_early.remove(at).map(|(_, owner)| owner);
        } else if self.newcomers.len() < MAX_NEWCOMERS {
            self.newcomers.push_back(key);
        }
        Some(entry.insert(Box::new(connection)))
    }

    fn update(&mut self, now: Timestamp, key: FlowKey, change: impl FnOnce(&mut Connection)) {
        let Some(connection) = self.connections.get_mut(&key) else { return };
        change(connection);
        connection.settle(now);
        self.follow_up(key);
    }

    /// After anything happened to a connection: its first report, its place among the unanswered, its wake-up.
    fn follow_up(&mut self, key: FlowKey) {
        let Some(connection) = self.connections.get_mut(&key) else { return };
        if connection.is_worth_a_report_now() {
            self.reports.extend(connection.report(false));
        }
        if connection.is_opening && connection.is_lasting() {
            connection.is_opening = false;
            self.opening.remove(&connection.id);
        }
        let deadline = connection.deadline();
        if deadline < connection.due {
            self.wakes.remove(&(connection.due, connection.id));
            connection.due = deadline;
            self.wakes.insert((deadline, connection.id), key);
        }
    }

    fn end(&mut self, key: FlowKey) {
        if let Some(connection) = self.connections.get_mut(&key) {
            self.reports.extend(connection.report(true));
        }
        self.forget(key);
    }

    fn forget(&mut self, key: FlowKey) {
        let Some(connection) = self.connections.remove(&key) else { return };
        self.wakes.remove(&(connection.due, connection.id));
        self.opening.remove(&connection.id);
        self.reuse.closed(key);
    }
}

/// A tunnel of some network, by its port: it says nothing in the clear.
pub fn is_tunnel(key: &FlowKey) -> bool {
    key.transport == Transport::Udp && TUNNEL_PORTS.contains(&key.dst.port())
}

/// Which way a packet went; on loopback it goes both ways at once.
fn direction(fact: &Fact) -> Option<Direction> {
    fact.direction.filter(|_| !fact.flow.dst.ip().is_loopback())
}

/// The device opened it, and to somebody outside.
fn is_outgoing(key: &FlowKey, up: bool, direction: Option<Direction>) -> bool {
    let ours = match direction {
        Some(Direction::Outgoing) => up,
        Some(Direction::Incoming) => !up,
        None => true,
    };
    ours && is_outside(key.dst) && key.dst.port() != 53
}

/// A connection whose beginning was not seen runs from the device's service to somebody's ephemeral port.
fn is_accepted(key: &FlowKey) -> bool {
    key.src.port() < key.dst.port()
}

fn is_outside(server: SocketAddr) -> bool {
    let ip = server.ip();
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    !(ip.is_multicast() || ip.is_unspecified() || broadcast)
}

/// UDP that keeps a network going and is no service: DHCP, time, SSDP, mDNS, LLMNR and their like.
fn is_housekeeping(port: u16) -> bool {
    matches!(port, 0..=442 | 514 | 546 | 547 | 1900 | 3702 | 5353 | 5355)
}

#[cfg(test)]
mod tests;
