//! The beginnings of TCP streams, put in order: TLS hellos, HTTP heads, SOCKS requests, the lines before STARTTLS, and
//! DNS with its length.
//!
//! What a stream speaks is told by how it begins, whatever its port, and told anew after each thing it said, so that
//! a hello after STARTTLS, CONNECT or SOCKS is found as well. A stream seen from its SYN on may lose the order of its
//! segments; of one already running a segment has to begin with something known.

use jiff::Timestamp;

use super::{
    Facts, dns,
    fact::{FactKind, FlowKey, TcpSegment},
    http::{self, Body, Chunk},
    pieces::Pieces,
    socks::{self, Request},
    starttls::{self, Line},
    table::Table,
    tls::{self, Hello},
};
use crate::capture::Direction;

/// Streams followed at once: those that began within the last ten seconds, on a busy laptop under a thousand.
/// When full, the one that was longest silent is given up; what is known of its hello comes out first.
pub(super) const MAX_STREAMS: usize = 8192;
/// Bytes held for all streams together. Past it, streams are given up as when the table is full.
pub(super) const MAX_HELD_BYTES: usize = 4 << 20;
/// Seconds after which a silent stream is given up: a retransmission comes well within.
pub(super) const IDLE_SECONDS: i64 = 10;

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

/// All streams that may still say something.
pub(super) struct Streams {
    table: Table<FlowKey, Stream>,
    held_bytes: usize,
    /// Streams given up because there was no room.
    pub(super) evicted: u64,
    /// Hellos that never became whole.
    pub(super) hellos_incomplete: u64,
}

struct Stream {
    /// Sequence number of the first byte not read yet.
    next: u32,
    pieces: Pieces,
    speaks: Speaks,
    /// Something came of it: it stays for a while, so that a retransmission tells nothing twice.
    told: bool,
    direction: Option<Direction>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaks {
    /// Nothing known yet at `next`.
    NotTold,
    Tls,
    Http,
    /// The chunks of a request's body, RFC 9112 §7.1.
    HttpChunks,
    Socks,
    /// The lines before STARTTLS.
    Mail,
    Dns,
    /// What is at `next` is nothing that is read here; what was before it has been told.
    Other,
}

/// What reading the bytes at the start of a stream came to.
enum Step {
    /// Wait for more.
    Wait,
    /// So many bytes are done with; more than there are where the others say nothing.
    Took(usize),
    /// So many bytes are done with, and what follows is of the same kind.
    GoesOn(usize, Speaks),
    /// Nothing to be read here.
    Nothing,
}

impl Streams {
    pub(super) fn new() -> Self {
        Self { table: Table::new(MAX_STREAMS), held_bytes: 0, evicted: 0, hellos_incomplete: 0 }
    }

    /// One segment, and what was kept of its payload.
    pub(super) fn segment(
        &mut self,
        now: Timestamp,
        key: FlowKey,
        direction: Option<Direction>,
        segment: &TcpSegment,
        payload: &[u8],
        facts: &mut Facts,
    ) {
        let mut seq = segment.seq;
        if segment.flags & SYN != 0 {
            seq = seq.wrapping_add(1);
            self.drop_stream(now, &key, facts);
            // Of what servers say, only DNS is read.
            if segment.flags & ACK == 0 || key.src.port() == dns::PORT {
                self.insert(now, key, Stream::new(seq, direction), facts);
            }
        }
        if !payload.is_empty() {
            self.payload(now, key, direction, seq, payload, facts);
        }
        // After a FIN, pieces that filled a gap may still be on their way; after a reset nothing is.
        let waits = |stream: &mut Stream| !stream.pieces.is_empty();
        if segment.flags & RST != 0
            || segment.flags & FIN != 0 && !self.table.get_mut(&key).is_some_and(waits)
        {
            self.drop_stream(now, &key, facts);
        }
    }

    /// Whether the stream is read and not done with.
    pub(super) fn await_more(&mut self, key: &FlowKey) -> bool {
        self.table.get_mut(key).is_some_and(|stream| stream.speaks != Speaks::Other)
    }

    /// Gives up streams silent since `IDLE_SECONDS` before `now`.
    pub(super) fn expire(&mut self, now: Timestamp, facts: &mut Facts) {
        let then = super::seconds_before(now, IDLE_SECONDS);
        while let Some((key, stream)) = self.table.pop_idle_since(then) {
            self.give_up(now, key, &stream, facts);
        }
    }

    /// Gives up all streams: the capture is over.
    pub(super) fn finish(&mut self, now: Timestamp, facts: &mut Facts) {
        while let Some((key, stream)) = self.table.pop_oldest() {
            self.give_up(now, key, &stream, facts);
        }
    }

    /// The clock was set back.
    pub(super) fn restart_clock(&mut self, now: Timestamp) {
        self.table.restart_clock(now);
    }

    /// Whether anything waits that time could end.
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    fn payload(
        &mut self,
        now: Timestamp,
        key: FlowKey,
        direction: Option<Direction>,
        seq: u32,
        payload: &[u8],
        facts: &mut Facts,
    ) {
        let Some(stream) = self.table.get_mut(&key) else {
            if begins(key, payload) != Some(Speaks::Other) {
                self.insert(now, key, Stream::new(seq, direction), facts);
                self.read(now, key, 0, payload, facts);
            }
            return;
        };
        let ahead = seq.wrapping_sub(stream.next).cast_signed();
        if stream.speaks == Speaks::Other {
            // Only a fresh beginning counts, and not the retransmission of one that was told.
            if ahead >= 0 && begins(key, payload) != Some(Speaks::Other) {
                (stream.next, stream.speaks) = (seq, Speaks::NotTold);
                self.read(now, key, 0, payload, facts);
            }
            return;
        }
        let (offset, payload) = match usize::try_from(ahead) {
            Ok(offset) => (offset, payload),
            Err(_) => (0, payload.get(ahead.unsigned_abs() as usize..).unwrap_or_default()),
        };
        if !payload.is_empty() {
            self.read(now, key, offset, payload, facts);
        }
    }

    /// Puts `payload` in its place, and reads what is in order.
    fn read(&mut self, now: Timestamp, key: FlowKey, offset: usize, payload: &[u8], facts: &mut Facts) {
        let Some(stream) = self.table.get_mut(&key) else { return };
        let before = stream.pieces.held_bytes();
        let mut fits = true;
        if offset == 0 && stream.pieces.is_empty() {
            // In order and nothing waiting: read it where it lies.
            let used = stream.advance(now, key, payload, facts);
            fits = stream.pieces.insert(0, payload.get(used..).unwrap_or_default());
        } else {
            fits &= stream.pieces.insert(offset, payload);
            // What is passed over may end before something that came early.
            loop {
                let pieces = std::mem::take(&mut stream.pieces);
                let used = stream.advance(now, key, pieces.ready(), facts);
                stream.pieces = pieces;
                stream.pieces.consume(used);
                if used == 0 {
                    break;
                }
            }
        }
        let (speaks, told) = (stream.speaks, stream.told);
        if speaks == Speaks::Other {
            stream.pieces = Pieces::default();
        }
        let after = stream.pieces.held_bytes();
        self.held_bytes = self.held_bytes.saturating_sub(before).saturating_add(after);
        if !fits || speaks == Speaks::Other && !told {
            self.drop_stream(now, &key, facts);
        } else {
            // What comes behind a gap does not keep the stream: a gap that stays is given up, and what follows is read
            // as of a stream already running.
            if offset == 0 {
                self.table.touch(&key, now);
            }
            self.make_room(now, facts);
        }
    }

    fn insert(&mut self, now: Timestamp, key: FlowKey, stream: Stream, facts: &mut Facts) {
        if let Some((key, stream)) = self.table.insert(key, stream, now) {
            self.evicted = self.evicted.wrapping_add(1);
            self.give_up(now, key, &stream, facts);
        }
    }

    fn make_room(&mut self, now: Timestamp, facts: &mut Facts) {
        while self.held_bytes > MAX_HELD_BYTES {
            let Some((key, stream)) = self.table.pop_oldest() else { return };
            self.evicted = self.evicted.wrapping_add(1);
            self.give_up(now, key, &stream, facts);
        }
    }

    fn drop_stream(&mut self, now: Timestamp, key: &FlowKey, facts: &mut Facts) {
        if let Some(stream) = self.table.remove(key) {
            self.give_up(now, *key, &stream, facts);
        }
    }

    /// Tells what is known of something unfinished: what stands before a gap stands.
    fn give_up(&mut self, now: Timestamp, key: FlowKey, stream: &Stream, facts: &mut Facts) {
        self.held_bytes = self.held_bytes.saturating_sub(stream.pieces.held_bytes());
        let ready = stream.pieces.ready();
        let known = match stream.speaks {
            Speaks::Tls => match tls::hello_in_records(ready) {
                Hello::Part(known) => {
                    self.hellos_incomplete = self.hellos_incomplete.wrapping_add(1);
                    known.map(FactKind::TlsClientHello)
                }
                Hello::Whole(..) | Hello::No => None,
            },
            Speaks::Http => http::request(ready),
            Speaks::NotTold
            | Speaks::HttpChunks
            | Speaks::Socks
            | Speaks::Mail
            | Speaks::Dns
            | Speaks::Other => None,
        };
        if let Some(kind) = known {
            facts.push(now, key, stream.direction, kind);
        }
    }
}

/// Whether anything that is read here, or a sign of TLS, begins with this byte. Most segments do not.
pub(super) fn may_begin(first: u8) -> bool {
    matches!(first, 4 | 5 | 0x15 | 0x16 | b'A'..=b'Z')
}

/// What a stream speaks that has these bytes at a beginning; `None` while there are too few to tell.
fn begins(key: FlowKey, bytes: &[u8]) -> Option<Speaks> {
    if key.src.port() == dns::PORT {
        return Some(Speaks::Dns);
    }
    if key.dst.port() == dns::PORT {
        // A query of 5,635 bytes would begin like a hello; there are none.
        return match tls::begins_like_hello(bytes) {
            Some(false) => Some(Speaks::Dns),
            maybe => maybe.map(|_| Speaks::Tls),
        };
    }
    if bytes.first().is_some_and(|first| !may_begin(*first)) {
        return Some(Speaks::Other);
    }
    let told = [
        (tls::begins_like_hello(bytes), Speaks::Tls),
        (http::begins_like_request(bytes), Speaks::Http),
        (socks::begins_like_socks(bytes), Speaks::Socks),
    ];
    if let Some((_, speaks)) = told.into_iter().find(|(begins, _)| *begins == Some(true)) {
        return Some(speaks);
    }
    told.iter().all(|(begins, _)| *begins == Some(false)).then_some(Speaks::Other)
}

impl Stream {
    fn new(next: u32, direction: Option<Direction>) -> Self {
        Self { next, pieces: Pieces::default(), speaks: Speaks::NotTold, told: false, direction }
    }

    /// Reads one thing after another from the bytes at `next`; how many are done with.
    fn advance(&mut self, now: Timestamp, key: FlowKey, bytes: &[u8], facts: &mut Facts) -> usize {
        let mut used = 0_usize;
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            if self.speaks == Speaks::NotTold {
                self.speaks = match begins(key, rest) {
                    None => break,
                    // Lines are followed only from their first on: in the middle of a stream they could be anything.
                    Some(Speaks::Other) if starttls::line(rest) != Line::No => Speaks::Mail,
                    Some(speaks) => speaks,
                };
            }
            let direction = self.direction;
            let step = self.step(rest, |kind| facts.push(now, key, direction, kind));
            match step {
                Step::Wait => break,
                Step::Took(count) => {
                    self.told = true;
                    used = used.saturating_add(count);
                    self.speaks = Speaks::NotTold;
                }
                Step::GoesOn(count, speaks) => {
                    used = used.saturating_add(count);
                    self.speaks = speaks;
                }
                Step::Nothing => {
                    self.speaks = Speaks::Other;
                    break;
                }
            }
        }
        self.next = self.next.wrapping_add(u32::try_from(used).unwrap_or(0));
        used
    }

    fn step(&self, bytes: &[u8], mut emit: impl FnMut(FactKind)) -> Step {
        match self.speaks {
            Speaks::Tls => match tls::hello_in_records(bytes) {
                Hello::Whole(hello, used) => {
                    emit(FactKind::TlsClientHello(hello));
                    Step::Took(used)
                }
                Hello::Part(_) => Step::Wait,
                Hello::No => Step::Nothing,
            },
            Speaks::Http => {
                let whole = http::head_bytes(bytes);
                if whole.is_none() && bytes.len() < http::MAX_HEAD_BYTES {
                    return Step::Wait;
                }
                let length = whole.unwrap_or(bytes.len());
                let head = bytes.get(..length).unwrap_or_default();
                http::request(head).map(emit);
                match http::body(head) {
                    Body::Bytes(count) => Step::Took(length.saturating_add(count)),
                    Body::Chunks => Step::GoesOn(length, Speaks::HttpChunks),
                    Body::Endless => Step::Took(length),
                }
            }
            Speaks::HttpChunks => match http::chunk(bytes) {
                Chunk::Whole(count) => Step::GoesOn(count, Speaks::HttpChunks),
                Chunk::Last(count) => Step::Took(count),
                Chunk::Part => Step::Wait,
                Chunk::No => Step::Nothing,
            },
            Speaks::Mail => match starttls::line(bytes) {
                Line::Command(count) => Step::GoesOn(count, Speaks::Mail),
                Line::Starttls(count) => Step::Took(count),
                Line::Part => Step::Wait,
                Line::No => Step::Nothing,
            },
            Speaks::Socks => match socks::request(bytes) {
                Request::Whole(target, used) => {
                    emit(FactKind::SocksConnect(target));
                    Step::Took(used)
                }
                Request::Part => Step::Wait,
                Request::No => Step::Nothing,
            },
            Speaks::Dns => match bytes.split_first_chunk::<2>() {
                Some((length, rest)) => {
                    let length = usize::from(u16::from_be_bytes(*length));
                    match rest.get(..length) {
                        Some(message) if dns::parse(message, emit).is_some() => {
                            Step::Took(length.saturating_add(2))
                        }
                        Some(_) => Step::Nothing,
                        None => Step::Wait,
                    }
                }
                None => Step::Wait,
            },
            Speaks::NotTold | Speaks::Other => Step::Nothing,
        }
    }
}

#[cfg(test)]
mod tests;
