//! TLS on the wire in the clear: the `ClientHello`, RFC 8446 §4.1.2, and the signs that a server answered.
//!
//! A hello that breaks off tells what stands before the break: a name complete before a gap is a name.

mod ja4;

use super::{
    cursor::Cursor,
    fact::{ClientHello, FactKind, ServerHello},
};
use crate::domain::Domain;

/// ALPN protocols kept of one hello; nobody offers more than three.
const MAX_ALPN: usize = 8;
/// Cipher suites, extensions and signature algorithms looked at in one hello, each: JA4 counts to 99.
const MAX_LISTED: usize = 128;
/// Records that a hello may be spread over; those who split on purpose make dozens. More is not followed.
const MAX_RECORDS: usize = 256;
/// Longest hello followed: with post-quantum keys and a session ticket, real ones stay under 20 KB.
const MAX_HELLO_BYTES: usize = 64 * 1024;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

mod content_type {
    pub(super) const ALERT: u8 = 21;
    pub(super) const HANDSHAKE: u8 = 22;
}

mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(super) const ALPN: u16 = 16;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
    pub(super) const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
}

/// What carries the hello; JA4 begins with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    Tcp,
    Quic,
}

/// What the start of a stream shows of a hello.
pub(super) enum Hello {
    /// All of it, in so many bytes of the stream.
    Whole(ClientHello, usize),
    /// More bytes are needed. With them what is known by now, if it has a name.
    Part(Option<ClientHello>),
    /// This is no hello.
    No,
}

/// Whether `bytes` begin like a record with a `ClientHello`; `None` while there are too few to tell.
pub(super) fn begins_like_hello(bytes: &[u8]) -> Option<bool> {
    for (at, byte) in bytes.iter().take(6).enumerate() {
        let fits = match at {
            0 => *byte == content_type::HANDSHAKE,
            1 => *byte == 3,
            2 => *byte <= 4,
            // The record's length: up to 2^14, and not empty.
            3 => *byte <= 0x40,
            4 => true,
            _ => *byte == CLIENT_HELLO,
        };
        if !fits {
            return Some(false);
        }
    }
    (bytes.len() >= 6).then_some(true)
}

/// Reads a hello out of the records at the start of `stream`.
pub(super) fn hello_in_records(stream: &[u8]) -> Hello {
    let mut cursor = Cursor::new(stream);
    let Some(first) = handshake_record(&mut cursor) else { return Hello::No };
    // One record is the common case, and is read where it lies.
    let gathered = if is_whole(first) { None } else { Some(gather(first, &mut cursor)) };
    let message = match &gathered {
        None => first,
        Some(Some(message)) => message,
        Some(None) => return Hello::No,
    };
    match hello_in_message(message, Carrier::Tcp) {
        Hello::Whole(hello, _) => Hello::Whole(hello, stream.len().saturating_sub(cursor.len())),
        other => other,
    }
}

/// The bodies of the records that follow, joined to the first; nothing where they are not of one hello.
fn gather(first: &[u8], cursor: &mut Cursor<'_>) -> Option<Vec<u8>> {
    let mut message = first.to_vec();
    for _ in 1..MAX_RECORDS {
        if cursor.is_empty() || is_whole(&message) {
            return Some(message);
        }
        message.extend_from_slice(handshake_record(cursor)?);
    }
    is_whole(&message).then_some(message)
}

/// Whether the handshake message at the start of `bytes` ends within them.
fn is_whole(bytes: &[u8]) -> bool {
    let mut cursor = Cursor::new(bytes);
    cursor.skip(1).and_then(|()| cursor.u24()).is_some_and(|length| cursor.len() >= length as usize)
}

/// What there is of the next record's body; `None` where it is no handshake record.
fn handshake_record<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let kind = cursor.u8()?;
    if kind != content_type::HANDSHAKE {
        return None;
    }
    let Some(length) = cursor.skip(2).and_then(|()| cursor.u16()) else {
        // The header itself is cut off: nothing follows.
        cursor.take_up_to(usize::MAX);
        return Some(&[]);
    };
    if length == 0 { None } else { Some(cursor.take_up_to(usize::from(length))) }
}

/// Reads a hello out of handshake bytes, as QUIC carries them.
pub(super) fn hello_in_message(message: &[u8], carrier: Carrier) -> Hello {
    let mut cursor = Cursor::new(message);
    match cursor.u8() {
        Some(CLIENT_HELLO) => {}
        None => return Hello::Part(None),
        Some(_) => return Hello::No,
    }
    let Some(length) = cursor.u24() else { return Hello::Part(None) };
    let length = length as usize;
    if length > MAX_HELLO_BYTES {
        return Hello::No;
    }
    match cursor.take(length) {
        Some(body) => match parse(body, Some(carrier)) {
            Some(hello) => Hello::Whole(hello, length.saturating_add(4)),
            None => Hello::No,
        },
        None => Hello::Part(partial(message)),
    }
}

/// What a message that breaks off says, if that is a name.
fn partial(message: &[u8]) -> Option<ClientHello> {
    parse(message.get(4..)?, None).filter(|hello| hello.server_name.is_some())
}

/// What JA4 is made of besides the hello itself.
#[derive(Default)]
struct Listed {
    version: u16,
    suites: Vec<u16>,
    extensions: Vec<u16>,
    signature_algorithms: Vec<u16>,
    /// Bytes of the first ALPN protocol.
    first_alpn: Vec<u8>,
}

/// Reads a hello's body; `whole` gives the carrier of one that does not break off.
fn parse(body: &[u8], whole: Option<Carrier>) -> Option<ClientHello> {
    let mut hello = ClientHello::default();
    let mut listed = Listed::default();
    let mut cursor = Cursor::new(body);
    listed.version = cursor.u16()?;
    if listed.version >> 8 != 3 {
        return None;
    }
    cursor.skip(32)?;
    cursor.vector8()?;
    listed.suites = numbers(cursor.vector16()?);
    cursor.vector8()?;
    // A hello without extensions ends here.
    let mut extensions = match cursor.u16() {
        Some(length) => Cursor::new(cursor.take_up_to(usize::from(length))),
        None => Cursor::new(&[]),
    };
    while let Some(kind) = extensions.u16() {
        let Some(value) = extensions.vector16() else { break };
        if listed.extensions.len() < MAX_LISTED {
            listed.extensions.push(kind);
        }
        // An extension that is malformed says nothing; the others still do.
        let _ = extension(kind, value, &mut hello, &mut listed);
    }
    if let Some(carrier) = whole {
        hello.ja4 = ja4::fingerprint(carrier, &listed);
    }
    Some(hello)
}

fn extension(kind: u16, value: &[u8], hello: &mut ClientHello, listed: &mut Listed) -> Option<()> {
    const HOST_NAME: u8 = 0;
    let mut cursor = Cursor::new(value);
    match kind {
        extension::SERVER_NAME => {
            // A list that is cut short or whose lengths disagree still names the host: RFC 6066 §3.
            cursor.skip(2)?;
            if cursor.u8()? == HOST_NAME {
                hello.server_name = Domain::from_wire(cursor.vector16()?).ok();
            }
        }
        extension::ALPN => {
            let mut protocols = Cursor::new(cursor.vector16()?);
            while let Some(protocol) = protocols.vector8() {
                if hello.alpn.is_empty() {
                    listed.first_alpn = protocol.to_vec();
                }
                if hello.alpn.len() < MAX_ALPN {
                    hello.alpn.push(String::from_utf8_lossy(protocol).into_owned());
                }
            }
        }
        extension::SIGNATURE_ALGORITHMS => listed.signature_algorithms = numbers(cursor.vector16()?),
        extension::SUPPORTED_VERSIONS => {
            let newest = numbers(cursor.vector8()?).into_iter().filter(|version| !is_grease(*version)).max();
            listed.version = newest.unwrap_or(listed.version);
        }
        extension::ENCRYPTED_CLIENT_HELLO => hello.ech = true,
        _ => {}
    }
    Some(())
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().take(MAX_LISTED).map(|pair| u16::from_be_bytes(*pair)).collect()
}

/// Values that mean nothing and keep servers tolerant. RFC 8701.
fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// The sign of TLS that a segment begins with: a `ServerHello`, or a fatal alert in the clear.
pub(super) fn sign(payload: &[u8]) -> Option<FactKind> {
    const FATAL: u8 = 2;
    match *payload {
        [content_type::HANDSHAKE, 3, 0..=4, _, _, SERVER_HELLO, 0, ref rest @ ..] => {
            Some(FactKind::TlsServerHello(server_hello(rest).unwrap_or(ServerHello::Tls13)))
        }
        // An encrypted alert is longer than its two bytes.
        [content_type::ALERT, 3, 0..=4, 0, 2, FATAL, description, ..] => {
            Some(FactKind::TlsAlert { description })
        }
        _ => None,
    }
}

/// The rest of a `ServerHello`, from the low bytes of its length on: RFC 8446 §4.1.3. Only TLS 1.3 has suites 13xx.
fn server_hello(rest: &[u8]) -> Option<ServerHello> {
    /// The head of the SHA-256 of `HelloRetryRequest`.
    const RETRY: [u8; 8] = [0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11];
    let mut cursor = Cursor::new(rest);
    cursor.skip(4)?;
    let random = cursor.array::<32>()?;
    if random.starts_with(&RETRY) {
        return Some(ServerHello::Retry);
    }
    cursor.vector8()?;
    Some(if cursor.u16()? >> 8 == 0x13 { ServerHello::Tls13 } else { ServerHello::Older })
}

#[cfg(test)]
pub(super) mod tests;
