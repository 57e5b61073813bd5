//! QUIC: the `ClientHello` in Initial packets, RFC 9000 and RFC 9001, version 2 (RFC 9369), drafts 22 to 34.
//!
//! Initial packets are encrypted with keys that anyone on the path can derive from the first connection id. A client
//! whose hello is spread over packets may change that id on the way (after the server's first answer) while the keys
//! stay; after a Retry or a version negotiation keys are derived anew. So every set of keys of a flow is tried.

mod keys;

use jiff::Timestamp;

use self::keys::{Derivation, Keys, SAMPLE_BYTES};
use super::{
    Facts,
    cursor::Cursor,
    fact::{ClientHello, FactKind, FlowKey},
    pieces::Pieces,
    table::Table,
    tls::{self, Carrier, Hello},
};
use crate::{capture::Direction, domain::Domain};

/// Connections followed at once, those that began within the last ten seconds. When full, the one that was longest
/// silent is given up.
pub(super) const MAX_CONNECTIONS: usize = 2048;
/// Bytes of hellos held for all connections together. Past it, connections are given up as when the table is full.
pub(super) const MAX_HELD_BYTES: usize = 4 << 20;
/// Seconds after which a silent connection is given up.
pub(super) const IDLE_SECONDS: i64 = 10;
/// Key sets of one flow: the first, after version negotiation, after Retry, and one for a second connection. Past it,
/// one whose hello was told makes room, or else the oldest.
const MAX_ATTEMPTS: usize = 4;
/// Longest connection id. RFC 9000 §17.2.
const MAX_ID_BYTES: usize = 20;
/// Packets read of one datagram; the largest datagram of offloading hardware holds fewer Initials.
const MAX_PACKETS: usize = 64;

/// Whether a datagram may begin with a long header of a version that is not zero.
pub(super) fn begins_like_quic(payload: &[u8]) -> bool {
    matches!(payload, [first, version @ ..] if first & 0x80 != 0
        && version.first_chunk::<4>().is_some_and(|version| !derivations_of(u32::from_be_bytes(*version)).is_empty()))
}

/// All connections whose hello may still come, and those whose server has not answered.
pub(super) struct Quic {
    table: Table<FlowKey, Connection>,
    held_bytes: usize,
    /// Where packets are decrypted.
    scratch: Vec<u8>,
    /// Connections given up because there was no room.
    pub(super) evicted: u64,
    /// Initial packets that no key opened.
    pub(super) undecryptable: u64,
    /// Hellos that never became whole.
    pub(super) hellos_incomplete: u64,
}

struct Connection {
    attempts: Vec<Attempt>,
    direction: Option<Direction>,
    server_seen: bool,
}

/// One set of keys, and what was opened with it.
struct Attempt {
    version: u32,
    keys: Keys,
    /// Handshake bytes by their offset.
    crypto: Pieces,
    told: bool,
    /// Name that was told.
    name: Option<Domain>,
}

/// A long-header packet that can be read without keys.
struct Packet<'a> {
    version: u32,
    kind: Kind,
    destination_id: &'a [u8],
    /// The packet's bytes from its first to its last.
    bytes: &'a [u8],
    /// Where the protected packet number begins.
    number_at: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
}

impl Quic {
    pub(super) fn new() -> Self {
        Self {
            table: Table::new(MAX_CONNECTIONS),
            held_bytes: 0,
            scratch: Vec::new(),
            evicted: 0,
            undecryptable: 0,
            hellos_incomplete: 0,
        }
    }

    /// One datagram that begins like QUIC.
    pub(super) fn datagram(
        &mut self,
        now: Timestamp,
        key: FlowKey,
        direction: Option<Direction>,
        payload: &[u8],
        facts: &mut Facts,
    ) {
        if let Some(connection) = self.table.get_mut(&key.reversed()) {
            if !connection.server_seen && answers(payload) {
                connection.server_seen = true;
                facts.push(now, key, direction, FactKind::QuicServerPacket);
            }
            return;
        }
        let mut cursor = Cursor::new(payload);
        for _ in 0..MAX_PACKETS {
            let Some(packet) = packet(&mut cursor) else { break };
            if packet.kind == Kind::Initial {
                self.initial(now, key, direction, &packet, facts);
            }
        }
        self.make_room(now, facts);
    }

    /// Gives up connections silent since `IDLE_SECONDS` before `now`.
    pub(super) fn expire(&mut self, now: Timestamp, facts: &mut Facts) {
        let then = super::seconds_before(now, IDLE_SECONDS);
        while let Some((key, connection)) = self.table.pop_idle_since(then) {
            self.give_up(now, key, &connection, facts);
        }
    }

    /// Gives up all connections: the capture is over.
    pub(super) fn finish(&mut self, now: Timestamp, facts: &mut Facts) {
        while let Some((key, connection)) = self.table.pop_oldest() {
            self.give_up(now, key, &connection, facts);
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

    fn initial(
        &mut self,
        now: Timestamp,
        key: FlowKey,
        direction: Option<Direction>,
        packet: &Packet<'_>,
        facts: &mut Facts,
    ) {
        let scratch = &mut self.scratch;
        let Some(connection) = self.table.get_mut(&key) else {
            let Some(mut attempt) = Attempt::open_first(packet, scratch) else {
                self.undecryptable = self.undecryptable.wrapping_add(1);
                return;
            };
            self.held_bytes = self.held_bytes.saturating_add(attempt.crypto.held_bytes());
            attempt.tell(now, key, direction, facts);
            let connection = Connection { attempts: vec![attempt], direction, server_seen: false };
            if let Some((key, connection)) = self.table.insert(key, connection, now) {
                self.evicted = self.evicted.wrapping_add(1);
                self.give_up(now, key, &connection, facts);
            }
            return;
        };
        let before = connection.held_bytes();
        let opened = connection
            .attempts
            .iter_mut()
            .find_map(|attempt| attempt.open(packet, scratch).then_some(attempt));
        if let Some(attempt) = opened {
            attempt.tell(now, key, direction, facts);
        } else if let Some(mut attempt) = Attempt::open_first(packet, scratch) {
            attempt.tell(now, key, direction, facts);
            connection.attempts.push(attempt);
            if connection.attempts.len() > MAX_ATTEMPTS {
                let made_room = connection.attempts.iter().position(|attempt| attempt.told).unwrap_or(0);
                let given_up = connection.attempts.remove(made_room);
                let ends_incomplete = connection.end_attempt(now, key, &given_up, facts);
                self.hellos_incomplete = self.hellos_incomplete.wrapping_add(u64::from(ends_incomplete));
            }
        } else {
            self.undecryptable = self.undecryptable.wrapping_add(1);
            return;
        }
        self.held_bytes = self.held_bytes.saturating_sub(before).saturating_add(connection.held_bytes());
        self.table.touch(&key, now);
    }

    fn make_room(&mut self, now: Timestamp, facts: &mut Facts) {
        while self.held_bytes > MAX_HELD_BYTES {
            let Some((key, connection)) = self.table.pop_oldest() else { return };
            self.evicted = self.evicted.wrapping_add(1);
            self.give_up(now, key, &connection, facts);
        }
    }

    /// Tells what is known of an unfinished hello.
    fn give_up(&mut self, now: Timestamp, key: FlowKey, connection: &Connection, facts: &mut Facts) {
        self.held_bytes = self.held_bytes.saturating_sub(connection.held_bytes());
        for attempt in &connection.attempts {
            let ends_incomplete = connection.end_attempt(now, key, attempt, facts);
            self.hellos_incomplete = self.hellos_incomplete.wrapping_add(u64::from(ends_incomplete));
        }
    }
}

impl Connection {
    fn held_bytes(&self) -> usize {
        self.attempts.iter().map(|attempt| attempt.crypto.held_bytes()).sum()
    }

    /// Tells what is known of an unfinished hello, unless its client began anew and was heard to the end. Whether it
    /// was such a hello.
    fn end_attempt(&self, now: Timestamp, key: FlowKey, attempt: &Attempt, facts: &mut Facts) -> bool {
        if attempt.told {
            return false;
        }
        if let Hello::Part(Some(hello)) = tls::hello_in_message(attempt.crypto.ready(), Carrier::Quic) {
            if self.attempts.iter().any(|other| other.told && other.name == hello.server_name) {
                return false;
            }
            facts.push(now, key, self.direction, attempt.fact(hello));
        }
        true
    }
}

impl Attempt {
    /// Derives the keys of a client that begins with this packet; `None` where they do not open it.
    fn open_first(packet: &Packet<'_>, scratch: &mut Vec<u8>) -> Option<Self> {
        derivations_of(packet.version).iter().find_map(|derivation| {
            let keys = Keys::derive(packet.destination_id, *derivation)?;
            let version = packet.version;
            let mut attempt = Self { version, keys, crypto: Pieces::default(), told: false, name: None };
            attempt.open(packet, scratch).then_some(attempt)
        })
    }

    /// Decrypts a packet and keeps the handshake bytes in it; `false` where these keys do not open it.
    fn open(&mut self, packet: &Packet<'_>, scratch: &mut Vec<u8>) -> bool {
        if packet.version != self.version {
            return false;
        }
        let Some(frames) = decrypt(&self.keys, packet, scratch) else { return false };
        if !self.told {
            keep_crypto(frames, &mut self.crypto);
        }
        true
    }

    fn tell(&mut self, now: Timestamp, key: FlowKey, direction: Option<Direction>, facts: &mut Facts) {
        if self.told {
            return;
        }
        match tls::hello_in_message(self.crypto.ready(), Carrier::Quic) {
            Hello::Whole(hello, _) => {
                self.name.clone_from(&hello.server_name);
                facts.push(now, key, direction, self.fact(hello));
            }
            Hello::Part(_) => return,
            Hello::No => {}
        }
        self.told = true;
        self.crypto = Pieces::default();
    }

    fn fact(&self, hello: ClientHello) -> FactKind {
        FactKind::QuicClientHello { version: self.version, hello }
    }
}

/// How the keys of packets of this version number may be derived; nothing where it is not known.
///
/// A client that wants to see version negotiation begins with a reserved number (RFC 9000 §15) and keys of its own
/// choice. mvfst numbered drafts 22 and 27 in its own way.
fn derivations_of(version: u32) -> &'static [Derivation] {
    match version {
        1 | 0xff00_0021 | 0xff00_0022 => &[Derivation::V1],
        0x6b33_43cf => &[Derivation::V2],
        0xff00_001d..=0xff00_0020 => &[Derivation::DRAFT_29],
        0xff00_0017..=0xff00_001c | 0xface_b002 => &[Derivation::DRAFT_23],
        0xff00_0016 | 0xface_b001 => &[Derivation::DRAFT_22],
        reserved if reserved & 0x0f0f_0f0f == 0x0a0a_0a0a => &[Derivation::V1, Derivation::DRAFT_29],
        _ => &[],
    }
}

/// Whether the server has taken up the connection: not by a Retry.
fn answers(payload: &[u8]) -> bool {
    packet(&mut Cursor::new(payload)).is_some_and(|packet| packet.kind != Kind::Retry)
}

/// The next packet of a datagram. RFC 9000 §17.2; the types of version 2 are turned: RFC 9369 §3.2.
fn packet<'a>(cursor: &mut Cursor<'a>) -> Option<Packet<'a>> {
    const LONG_HEADER: u8 = 0x80;
    let start = cursor.rest();
    let first = cursor.u8()?;
    let version = cursor.u32()?;
    let derivation = derivations_of(version).first()?;
    if first & LONG_HEADER == 0 {
        return None;
    }
    let turn = u8::from(derivation.turns_types());
    let kind = match (first >> 4 & 3).wrapping_sub(turn) & 3 {
        0 => Kind::Initial,
        1 => Kind::ZeroRtt,
        2 => Kind::Handshake,
        _ => Kind::Retry,
    };
    let destination_id = cursor.vector8().filter(|id| id.len() <= MAX_ID_BYTES)?;
    cursor.vector8().filter(|id| id.len() <= MAX_ID_BYTES)?;
    if kind == Kind::Retry {
        let bytes = cursor.take_up_to(usize::MAX);
        return Some(Packet { version, kind, destination_id, bytes, number_at: 0 });
    }
    if kind == Kind::Initial {
        let token_bytes = cursor.varint()?;
        cursor.skip(usize::try_from(token_bytes).ok()?)?;
    }
    let length = usize::try_from(cursor.varint()?).ok()?;
    let number_at = start.len().checked_sub(cursor.len())?;
    cursor.skip(length)?;
    let bytes = start.get(..number_at.checked_add(length)?)?;
    Some(Packet { version, kind, destination_id, bytes, number_at })
}

/// Takes off header protection and decrypts: RFC 9001 §5.4.2 and §5.3. The frames of the packet.
fn decrypt<'s>(keys: &Keys, packet: &Packet<'_>, scratch: &'s mut Vec<u8>) -> Option<&'s [u8]> {
    /// The sample is taken as if the packet number had its largest size.
    const NUMBER_BYTES: usize = 4;
    scratch.clear();
    scratch.extend_from_slice(packet.bytes);
    let (header, rest) = scratch.split_at_mut_checked(packet.number_at)?;
    let (number, sampled) = rest.split_first_chunk_mut::<NUMBER_BYTES>()?;
    let [first_mask, number_mask @ ..] = keys.mask(sampled.first_chunk::<SAMPLE_BYTES>()?)?;
    let first = header.first_mut()?;
    // Of a long header the low four bits are protected.
    *first ^= first_mask & 0x0f;
    let number_bytes = usize::from(*first & 3).saturating_add(1);
    let number = number.get_mut(..number_bytes)?;
    number.iter_mut().zip(number_mask).for_each(|(byte, mask)| *byte ^= mask);
    // Initials are the first packets of all: the number's low bytes are the number.
    let number = number.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let payload_at = packet.number_at.checked_add(number_bytes)?;
    let (header, payload) = scratch.split_at_mut_checked(payload_at)?;
    keys.open(number, header, payload)
}

/// Keeps the bytes of CRYPTO frames; the frames that an Initial may hold are in RFC 9000 §12.4.
fn keep_crypto(frames: &[u8], crypto: &mut Pieces) -> Option<()> {
    let mut cursor = Cursor::new(frames);
    loop {
        match cursor.u8()? {
            // PADDING, PING.
            0 | 1 => {}
            // ACK: largest, delay, ranges, first range, then gap and length a range; counts of three with ECN.
            kind @ (2 | 3) => {
                cursor.varint()?;
                cursor.varint()?;
                let ranges = cursor.varint()?;
                cursor.varint()?;
                let numbers = ranges.checked_mul(2)?.checked_add(if kind == 3 { 3 } else { 0 })?;
                for _ in 0..numbers {
                    cursor.varint()?;
                }
            }
            // CRYPTO.
            6 => {
                let offset = usize::try_from(cursor.varint()?).ok()?;
                let length = usize::try_from(cursor.varint()?).ok()?;
                crypto.insert(offset, cursor.take(length)?);
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests;
