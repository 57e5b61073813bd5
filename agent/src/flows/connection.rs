//! One connection, from its first packet to its last report.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{
    FIN, Failure, Flow, FlowId, Hello, NameSource, Naming, Outcome, RST, SYN, Timings, WhyOpen,
    exchanges::Exchanges, is_tunnel, near, pace::Pace, stream::Stream, three_way::ThreeWay,
};
use crate::{
    app_class::AppMatch,
    decode::{EncryptedDns, FlowKey, TcpSegment, Transport},
    domain::Domain,
};

/// How often a connection is reported while it lives.
const REPORT_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// No answer for this long after the last try is silence; programs have given up by then.
const SILENT_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// A closed connection waits this long for what is still under way.
const LINGER: SignedDuration = SignedDuration::from_secs(5);
/// RFC 5382 §5: an established TCP connection may be quiet for 2 hours and 4 minutes.
const TCP_IDLE: SignedDuration = SignedDuration::from_mins(124);
/// A connection opened ahead of need and not used by then is of no interest any more.
const UNUSED_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// RFC 4787 §4.3 recommends 5 minutes and more for UDP mappings; QUIC's own idle times are shorter.
const UDP_IDLE: SignedDuration = SignedDuration::from_mins(5);
/// A TLS alert and a change of cipher are shorter than this, a key exchange and a request are longer: with this much
/// more from the client after the server's hello, its handshake went through.
const CLIENT_WENT_ON_BYTES: u64 = 40;
/// The flight of a TLS 1.2 server that shows its certificate is longer than this; one that resumes a session stays below.
const CERTIFICATE_BYTES: u64 = 600;
/// A server's first QUIC flight fills at least one datagram of 1,200 bytes; a retry or a refusal does not.
const QUIC_FLIGHT_BYTES: u64 = 1_000;
/// A flow seen on two interfaces counts on one, as long as that one is not silent for this long.
const SILENT_INTERFACE: SignedDuration = SignedDuration::from_secs(10);
/// No handshake is this long: with this much either way it went through, even if the server's hello was missed.
const SURELY_THROUGH_BYTES: u64 = 16_384;

/// UDP that brought this much each way may be a call: 20 seconds of sound.
const CALL_BYTES: u64 = 100_000;

/// A connection in the table.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: FlowId,
    pub(super) key: FlowKey,
    pub(super) naming: Naming,
    /// The name that DNS told and that was given up, until another one is known.
    guess: Option<Domain>,
    /// It stands among those without an answer.
    pub(super) is_opening: bool,
    /// When it is to be woken.
    pub(super) due: Timestamp,
    pub(super) started: Timestamp,
    last: Timestamp,
    /// The interface it counts on; 0 where none is known.
    interface: u32,
    state: State,
    closed: Option<Timestamp>,
    three_way: ThreeWay,
    /// The device sees how far servers are.
    pub(super) sees_afar: bool,
    /// How long the lookup of its name took.
    pub(super) lookup: Option<SignedDuration>,
    /// A packet was reported on since its last name was known.
    reported: bool,
    hello: Option<Arc<Hello>>,
    pub(super) owner: Option<AppMatch>,
    /// It goes to a resolver.
    pub(super) encrypted_dns: Option<EncryptedDns>,
    server_hello: bool,
    /// It speaks TLS 1.2 or older.
    is_old_tls: bool,
    /// Received until the client answered the server's hello.
    server_flight_bytes: u64,
    /// The server answered that.
    server_finished: bool,
    handshake: Option<SignedDuration>,
    up: Side,
    down: Side,
    sent_after_server_hello: u64,
    /// First and last payload not reported yet.
    covered: Option<(Timestamp, Timestamp)>,
    pace: Pace,
    exchanges: Exchanges,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Opening,
    Established,
    Failed(Failure),
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    seen: bool,
    ended: bool,
    stream: Stream,
    total: u64,
    unreported: u64,
    /// Seen before, and not reported yet.
    resent: u64,
}

/// What a woken connection wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    /// To sleep on.
    Later,
    /// To be reported.
    Report,
    /// To be reported for the last time.
    End,
}

impl Connection {
    pub(super) fn new(id: FlowId, key: FlowKey, now: Timestamp) -> Self {
        let mut fresh = Self {
            id,
            key,
            naming: Naming::Open(WhyOpen::NeverResolved),
            guess: None,
            is_opening: true,
            due: now,
            started: now,
            last: now,
            interface: 0,
            state: State::Opening,
            closed: None,
            three_way: ThreeWay::default(),
            sees_afar: false,
            lookup: None,
            reported: false,
            hello: None,
            owner: None,
            encrypted_dns: None,
            server_hello: false,
            is_old_tls: false,
            server_flight_bytes: 0,
            server_finished: false,
            handshake: None,
            up: Side::default(),
            down: Side::default(),
            sent_after_server_hello: 0,
            covered: None,
            pace: Pace::default(),
            exchanges: Exchanges::default(),
        };
        fresh.due = fresh.deadline();
        fresh
    }

    /// Whether a packet on this interface counts, or is a second sight of one that did.
    pub(super) fn counts_on(&mut self, now: Timestamp, interface: u32) -> bool {
        let is_second = interface != 0 && self.interface != 0 && interface != self.interface;
        if is_second && elapsed(self.last, now) < SILENT_INTERFACE {
            return false;
        }
        if interface != 0 {
            self.interface = interface;
        }
        true
    }

    pub(super) fn on_tcp(&mut self, now: Timestamp, up: bool, segment: &TcpSegment) {
        self.last = self.last.max(segment.until);
        let begins = !self.up.seen && !self.down.seen;
        let synchronizes = segment.flags & SYN != 0;
        if begins && !synchronizes {
            // Older than the capture: its handshake is long done.
            self.state = State::Established;
        }
        let side = if up { &mut self.up } else { &mut self.down };
        side.seen = true;
        let mut seq = segment.seq;
        if synchronizes {
            seq = seq.wrapping_add(1);
            side.stream.begin(seq);
        }
        // A FIN takes a number as well, and nothing comes after it.
        let stride = if side.ended { 0 } else { segment.stride };
        let fresh = side.stream.advance(seq, segment.payload_bytes, stride);
        side.resent += u64::from(segment.payload_bytes.saturating_sub(fresh));
        side.ended |= segment.flags & FIN != 0;
        self.three_way.handle(now, up, segment, self.down.seen);
        self.count(now, segment.until, up, u64::from(fresh));
        if segment.flags & RST != 0 {
            self.on_reset(now, up, segment.ttl);
        }
        if self.up.ended && self.down.ended {
            self.closed = self.closed.or(Some(now));
        }
        self.settle(now);
    }

    /// The answer to the SYN arrived at the device itself, not at some place on the way.
    pub(super) fn on_syn_answered_here(&mut self, now: Timestamp) {
        self.three_way.on_answered_here(now);
    }

    pub(super) fn on_udp(&mut self, now: Timestamp, until: Timestamp, up: bool, payload_bytes: u64) {
        self.last = self.last.max(until);
        let side = if up { &mut self.up } else { &mut self.down };
        side.seen = true;
        self.count(now, until, up, payload_bytes);
        self.settle(now);
    }

    pub(super) fn on_hello(&mut self, hello: Hello) {
        if self.hello.is_none() {
            self.pace = Pace::behind_handshake();
            self.exchanges = Exchanges::default();
        }
        self.hello = Some(Arc::new(hello));
    }

    pub(super) fn on_server_hello(&mut self, is_old_tls: bool) {
        self.server_hello = true;
        self.is_old_tls = is_old_tls;
    }

    /// Takes a name if none that is better known stands already; says whether it did.
    pub(super) fn name(&mut self, name: Domain, source: NameSource) -> bool {
        if is_address(&name) {
            self.open(WhyOpen::ShownAsAddress);
            return false;
        }
        if let Naming::Known(old, old_source) = &self.naming {
            if *old_source > source || (*old == name && *old_source == source) {
                return false;
            }
            self.reported &= *old == name;
        }
        if let Some(guess) = self.guess.take() {
            self.reported &= guess == name;
        }
        self.naming = Naming::Known(name, source);
        true
    }

    /// Says why it has no name, if it has none.
    pub(super) fn open(&mut self, why: WhyOpen) {
        if let Naming::Open(_) = self.naming {
            self.naming = Naming::Open(why);
        }
    }

    /// Gives up the name that DNS told: another one will be told, or none.
    pub(super) fn forget_dns_name(&mut self) -> Option<Domain> {
        match &self.naming {
            Naming::Known(name, NameSource::Dns) => {
                let name = name.clone();
                self.guess = Some(name.clone());
                self.naming = Naming::Open(WhyOpen::NeverResolved);
                Some(name)
            }
            Naming::Known(..) | Naming::Open(_) => None,
        }
    }

    pub(super) fn is_to(&self, name: &Domain) -> bool {
        matches!(&self.naming, Naming::Known(known, _) if known == name)
    }

    /// It may speak HTTP/2 or HTTP/3; of one older than the capture only the port tells.
    pub(super) fn may_carry_other_names(&self) -> bool {
        let speaks = |hello: &Arc<Hello>| hello.alpn.iter().any(|offered| offered == "h2" || offered == "h3");
        self.state == State::Established && self.hello.as_ref().map_or(self.key.dst.port() == 443, speaks)
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        if self.state == State::Opening {
            self.state = State::Failed(failure);
            self.closed = self.closed.or(Some(self.last));
        }
    }

    /// Becomes established once its handshake went through.
    pub(super) fn settle(&mut self, now: Timestamp) {
        if self.state == State::Opening && self.is_handshake_done() {
            self.state = State::Established;
            self.handshake = Some(elapsed(self.started, now));
        }
    }

    /// A SYN with this number begins another connection on the same ports.
    pub(super) fn is_replaced_by(&self, syn: u32) -> bool {
        !self.three_way.is_by(syn)
    }

    /// Both sides were heard, or it was there before the capture; such a connection never makes room for another.
    pub(super) fn is_lasting(&self) -> bool {
        self.up.seen && self.down.seen || self.state == State::Established
    }

    /// Its name is as good as it gets and was not reported yet.
    pub(super) fn is_worth_a_report_now(&self) -> bool {
        let named = matches!(&self.naming, Naming::Known(_, source) if *source > NameSource::Dns);
        !self.reported && named && self.state == State::Established
    }

    /// When something will have to happen if no packet comes before.
    pub(super) fn deadline(&self) -> Timestamp {
        if let Some(closed) = self.closed {
            return after(closed, LINGER);
        }
        match (self.state, self.covered) {
            (State::Opening, _) if self.is_unused() => after(self.last, UNUSED_AFTER),
            (State::Opening, _) => after(self.last, SILENT_AFTER),
            (_, covered) => {
                let kept_back = self.exchanges.is_one_left().then_some(self.last);
                let from = covered.map(|(from, _)| from).or(kept_back);
                let idle = after(self.last, self.idle());
                from.map_or(idle, |from| after(from, REPORT_EVERY).min(idle))
            }
        }
    }

    /// Time passed.
    pub(super) fn wake(&mut self, now: Timestamp) -> Wake {
        if self.deadline() > now {
            return Wake::Later;
        }
        self.pace.settle(now);
        let quiet = self.state != State::Established || now >= after(self.last, self.idle());
        if self.closed.is_some() || quiet { Wake::End } else { Wake::Report }
    }

    /// What happened since the last report; `None` if that is nothing, or nothing certain yet.
    pub(super) fn report(&mut self, is_last: bool) -> Option<Flow> {
        let outcome = match self.state {
            State::Established => Outcome::Established,
            State::Failed(failure) => Outcome::Failed(failure),
            State::Opening if !is_last => return None,
            State::Opening if self.is_unused() => Outcome::Unused,
            State::Opening if self.closed.is_some() => Outcome::Failed(Failure::Reset),
            // Of QUIC an answer, but no handshake: another version only, or a close.
            State::Opening if self.key.transport == Transport::Udp && self.down.seen => {
                Outcome::Failed(Failure::Refused)
            }
            State::Opening => Outcome::Failed(Failure::Silent),
        };
        let is_first = !self.reported;
        if !self.is_of_interest() {
            self.covered = None;
            return None;
        }
        if !is_first && !is_last && self.covered.is_none() && !self.exchanges.is_one_left() {
            return None;
        }
        if is_last {
            self.pace.settle(Timestamp::MAX);
        }
        self.reported = true;
        let (from, until) = self.covered.take().unwrap_or((self.last, self.last));
        let (server_waits, transfers) = self.pace.take();
        let exchanges = self.exchanges.take(if is_last { Timestamp::MAX } else { until });
        Some(Flow {
            id: self.id,
            key: self.key,
            started: self.started,
            from,
            until,
            naming: self.naming.clone(),
            hello: self.hello.clone(),
            owner: self.owner,
            encrypted_dns: self.encrypted_dns,
            bytes_up: std::mem::take(&mut self.up.unreported),
            bytes_down: std::mem::take(&mut self.down.unreported),
            resent_up: std::mem::take(&mut self.up.resent),
            resent_down: std::mem::take(&mut self.down.resent),
            outcome,
            timings: Timings {
                lookup: self.lookup.filter(|_| is_first),
                connect: self.three_way.round_trip.filter(|_| is_first),
                handshake: self.handshake.filter(|_| is_first),
                server_waits,
                transfers,
            },
            exchanges,
            is_first,
            is_last,
        })
    }

    /// Goes on under a clock that jumped, or after a sleep: what was measured until now is not measured on.
    pub(super) fn restart_clock(&mut self, now: Timestamp) {
        (self.started, self.last) = (now, now);
        self.three_way.restart_clock(now);
        self.closed = self.closed.map(|_| now);
        self.covered = self.covered.map(|_| (now, now));
        self.pace.settle(Timestamp::MAX);
        self.due = self.deadline();
    }

    fn count(&mut self, now: Timestamp, until: Timestamp, up: bool, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let from = self.covered.map_or(now, |(from, _)| from.min(now));
        self.covered = Some((from, self.last));
        let side = if up { &mut self.up } else { &mut self.down };
        side.total += bytes;
        side.unreported += bytes;
        self.follow_handshake(up, bytes);
        let is_talking = self.hello.is_none() || self.is_handshake_done();
        match (is_talking, up) {
            (false, _) => {}
            (true, true) => {
                self.pace.sent(now, until, bytes);
                self.exchanges.sent(now, until, bytes);
            }
            (true, false) => {
                self.pace.received(now, until, bytes);
                self.exchanges.received(now, until, bytes);
            }
        }
    }

    fn follow_handshake(&mut self, up: bool, bytes: u64) {
        if up && self.server_hello {
            self.sent_after_server_hello += bytes;
        } else if self.sent_after_server_hello == 0 {
            self.server_flight_bytes = self.down.total;
        } else if self.sent_after_server_hello >= CLIENT_WENT_ON_BYTES {
            self.server_finished = true;
        }
    }

    fn on_reset(&mut self, now: Timestamp, up: bool, ttl: u8) {
        self.closed = self.closed.or(Some(now));
        if self.is_unused() {
            return;
        }
        let (device, server) = (self.key.src.ip(), self.key.dst.ip());
        if !up && near::is_from_near_by(ttl, self.three_way.server_ttl, self.sees_afar, device, server) {
            return self.fail(Failure::ResetNearBy);
        }
        let refused = !up && self.three_way.server_ttl.is_none() && self.up.total == 0;
        self.fail(if refused { Failure::Refused } else { Failure::Reset });
    }

    fn is_handshake_done(&self) -> bool {
        match (&self.hello, self.key.transport) {
            (None, _) => self.down.total > 0,
            _ if self.up.total.max(self.down.total) >= SURELY_THROUGH_BYTES => true,
            (Some(_), Transport::Udp) => self.server_hello && self.down.total >= QUIC_FLIGHT_BYTES,
            (Some(_), Transport::Tcp) => {
                let server_ends = self.is_old_tls && self.server_flight_bytes >= CERTIFICATE_BYTES;
                self.sent_after_server_hello >= CLIENT_WENT_ON_BYTES && (!server_ends || self.server_finished)
            }
        }
    }

    /// Connected, and nothing was ever sent.
    fn is_unused(&self) -> bool {
        self.three_way.is_done() && self.up.total == 0
    }

    /// UDP without a name, a hello and QUIC's port is no connection to a service that we could tell, unless it is sound
    /// or picture of one that is open beside it; a tunnel is counted.
    fn is_of_interest(&self) -> bool {
        if self.key.transport == Transport::Tcp {
            return true;
        }
        let is_named = matches!(self.naming, Naming::Known(..));
        let may_be_a_call = self.up.total.min(self.down.total) >= CALL_BYTES;
        is_named
            || self.hello.is_some()
            || self.key.dst.port() == 443
            || is_tunnel(&self.key)
            || may_be_a_call
    }

    fn idle(&self) -> SignedDuration {
        if self.key.transport == Transport::Tcp { TCP_IDLE } else { UDP_IDLE }
    }
}

/// A host given as an address is nobody's name: no top-level domain is a number (RFC 3696 §2).
fn is_address(name: &Domain) -> bool {
    name.as_str().rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()))
}

fn elapsed(from: Timestamp, to: Timestamp) -> SignedDuration {
    to.duration_since(from).max(SignedDuration::ZERO)
}

fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
