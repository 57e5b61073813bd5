//! One connection, from its first packet to its last report.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{
    FIN, Failure, Flow, FlowId, Hello, NameSource, Naming, Outcome, RST, SYN, Timings, is_tunnel, pace::Pace,
    stream::Stream,
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
/// A server's first QUIC flight fills at least one datagram of 1,200 bytes; a retry or a refusal does not.
const QUIC_FLIGHT_BYTES: u64 = 1_000;

/// No handshake is this long: with this much either way it went through, even if the server's hello was missed.
const SURELY_THROUGH_BYTES: u64 = 16_384;

/// A connection in the table.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: FlowId,
    pub(super) key: FlowKey,
    pub(super) naming: Naming,
    /// When it is to be woken.
    pub(super) due: Timestamp,
    started: Timestamp,
    last: Timestamp,
    state: State,
    closed: Option<Timestamp>,
    /// Sequence number of the device's SYN; `None` where the connection is older than the capture.
    syn: Option<u32>,
    /// When it was sent last.
    syn_sent: Timestamp,
    /// When the device got the answer; `None` where the capture may have been made elsewhere.
    syn_answered: Option<Timestamp>,
    /// A packet was reported on since its last name was known.
    reported: bool,
    hello: Option<Arc<Hello>>,
    pub(super) owner: Option<AppMatch>,
    /// It goes to a resolver.
    pub(super) encrypted_dns: Option<EncryptedDns>,
    server_hello: bool,
    connect: Option<SignedDuration>,
    handshake: Option<SignedDuration>,
    up: Side,
    down: Side,
    sent_after_server_hello: u64,
    /// First and last payload not reported yet.
    covered: Option<(Timestamp, Timestamp)>,
    pace: Pace,
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
    pub(super) fn new(id: FlowId, key: FlowKey, now: Timestamp, naming: Naming) -> Self {
        let mut fresh = Self {
            id,
            key,
            naming,
            due: now,
            started: now,
            last: now,
            state: State::Opening,
            closed: None,
            syn: None,
            syn_sent: now,
            syn_answered: None,
            reported: false,
            hello: None,
            owner: None,
            encrypted_dns: None,
            server_hello: false,
            connect: None,
            handshake: None,
            up: Side::default(),
            down: Side::default(),
            sent_after_server_hello: 0,
            covered: None,
            pace: Pace::default(),
        };
        fresh.due = fresh.deadline();
        fresh
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
        let fresh = u64::from(side.stream.advance(seq, segment.payload_bytes));
        side.ended |= segment.flags & FIN != 0;
        if synchronizes && up {
            self.syn = Some(segment.seq);
            self.syn_sent = now;
        }
        if up && !synchronizes && self.syn.is_some() && self.down.seen && self.connect.is_none() {
            // A live capture keeps no pure acknowledgement: of those the device sends its answer at once.
            let answered = self.syn_answered.filter(|_| segment.payload_bytes > 0);
            self.connect = Some(elapsed(self.syn_sent, answered.unwrap_or(now)));
        }
        self.count(now, segment.until, up, fresh);
        if segment.flags & RST != 0 {
            self.on_reset(now, up);
        }
        if self.up.ended && self.down.ended {
            self.closed = self.closed.or(Some(now));
        }
        self.settle(now);
    }

    /// The answer to the SYN arrived at the device itself, not at some place on the way.
    pub(super) fn on_syn_answered_here(&mut self, now: Timestamp) {
        self.syn_answered = Some(now);
    }

    pub(super) fn on_udp(&mut self, now: Timestamp, until: Timestamp, up: bool, payload_bytes: u64) {
        self.last = self.last.max(until);
        let side = if up { &mut self.up } else { &mut self.down };
        side.seen = true;
        self.count(now, until, up, payload_bytes);
        self.settle(now);
    }

    pub(super) fn on_hello(&mut self, hello: Hello) {
        self.hello = Some(Arc::new(hello));
    }

    pub(super) fn on_server_hello(&mut self) {
        self.server_hello = true;
    }

    /// Takes a name if none that is better known stands already.
    pub(super) fn name(&mut self, name: Domain, source: NameSource) {
        if is_address(&name) {
            return;
        }
        if let Naming::Known(old, old_source) = &self.naming {
            if *old_source > source || (*old == name && *old_source == source) {
                return;
            }
            self.reported &= *old == name;
        }
        self.naming = Naming::Known(name, source);
    }

    pub(super) fn is_to(&self, name: &Domain) -> bool {
        matches!(&self.naming, Naming::Known(known, _) if known == name)
    }

    /// The name on show is not the real one: only what DNS said counts.
    pub(super) fn hide_name(&mut self) {
        if !matches!(self.naming, Naming::Known(_, NameSource::Dns)) {
            self.naming = Naming::Hidden;
        }
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
        self.syn != Some(syn)
    }

    /// Both sides were heard; such a connection never makes room for another.
    pub(super) fn is_answered(&self) -> bool {
        self.up.seen && self.down.seen
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
            (_, Some((from, _))) => after(from, REPORT_EVERY).min(after(self.last, self.idle())),
            (_, None) => after(self.last, self.idle()),
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
            State::Opening => Outcome::Failed(Failure::Silent),
        };
        let is_first = !self.reported;
        if !self.is_of_interest() {
            self.covered = None;
            return None;
        }
        if !is_first && !is_last && self.covered.is_none() {
            return None;
        }
        if is_last {
            self.pace.settle(Timestamp::MAX);
        }
        self.reported = true;
        let (from, until) = self.covered.take().unwrap_or((self.last, self.last));
        let (server_waits, transfers) = self.pace.take();
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
            outcome,
            timings: Timings {
                connect: self.connect.filter(|_| is_first),
                handshake: self.handshake.filter(|_| is_first),
                server_waits,
                transfers,
            },
            is_first,
            is_last,
        })
    }

    /// Goes on under a clock that was set back.
    pub(super) fn restart_clock(&mut self, now: Timestamp) {
        (self.started, self.syn_sent, self.last) = (now, now, now);
        self.syn_answered = self.syn_answered.map(|_| now);
        self.closed = self.closed.map(|_| now);
        self.covered = self.covered.map(|_| (now, now));
        self.pace.settle(Timestamp::MAX);
        self.due = self.deadline();
    }

    fn count(&mut self, now: Timestamp, until: Timestamp, up: bool, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let from = self.covered.map_or(now, |(from, _)| from);
        self.covered = Some((from, self.last));
        let side = if up { &mut self.up } else { &mut self.down };
        side.total += bytes;
        side.unreported += bytes;
        if up {
            if self.server_hello {
                self.sent_after_server_hello += bytes;
            }
            self.pace.sent(now, until, bytes, self.state == State::Established);
        } else {
            self.pace.received(now, until, bytes);
        }
    }

    fn on_reset(&mut self, now: Timestamp, up: bool) {
        self.closed = self.closed.or(Some(now));
        if self.is_unused() {
            return;
        }
        let refused = !up && !self.is_connected() && self.up.total == 0;
        self.fail(if refused { Failure::Refused } else { Failure::Reset });
    }

    fn is_handshake_done(&self) -> bool {
        match (&self.hello, self.key.transport) {
            (None, _) => self.down.total > 0,
            _ if self.up.total.max(self.down.total) >= SURELY_THROUGH_BYTES => true,
            (Some(_), Transport::Udp) => self.server_hello && self.down.total >= QUIC_FLIGHT_BYTES,
            (Some(_), Transport::Tcp) => self.sent_after_server_hello >= CLIENT_WENT_ON_BYTES,
        }
    }

    fn is_connected(&self) -> bool {
        self.connect.is_some() || self.syn_answered.is_some()
    }

    /// Connected, and nothing was ever sent.
    fn is_unused(&self) -> bool {
        self.is_connected() && self.up.total == 0
    }

    /// UDP on any other port without a hello is no connection to a service that we could name; a tunnel is counted.
    fn is_of_interest(&self) -> bool {
        if self.key.transport == Transport::Tcp {
            return true;
        }
        self.hello.is_some() || self.key.dst.port() == 443 || is_tunnel(&self.key)
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
