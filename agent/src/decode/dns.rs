//! DNS messages, RFC 1035: questions, and answers of the types that names are made of.
//!
//! A message that breaks off, by its sender or by a short capture, says what stands before the break.

use std::{
    fmt::Write,
    net::{Ipv4Addr, Ipv6Addr},
};

use super::{
    cursor::Cursor,
    fact::{DnsAnswer, DnsData, DnsQuestion, DnsResponse, FactKind, OddName},
};
use crate::domain::Domain;

/// The port of RFC 1035. Multicast names (5353) are of the neighbourhood, not of services.
pub(super) const PORT: u16 = 53;
/// Questions read of one message: nobody sends more than one, and most servers refuse two.
const MAX_QUESTIONS: usize = 4;
/// Answers read of one message; long CNAME chains and large pools stay well below. What follows is not read.
pub const MAX_ANSWERS: usize = 64;
/// Authority and additional records passed over in search of the extended error; referrals have some thirty.
const MAX_OTHER_RECORDS: usize = 64;
/// Protocols kept of one HTTPS record; nobody offers more than three.
const MAX_ALPN: usize = 8;
/// Compression pointers followed in one name; each has to point backwards, so that they end in any case.
const MAX_POINTERS: usize = 16;

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;
const SVCB: u16 = 64;
const HTTPS: u16 = 65;
const OPT: u16 = 41;
const CLASS_IN: u16 = 1;

/// Extended errors that tell of a filter: a forged answer, blocked, censored, filtered, prohibited. RFC 8914 §4.
const FILTERED: [u16; 5] = [4, 15, 16, 17, 18];

/// Reads one message; `emit` gets a query for each question, or one response. `None` where it is no DNS.
pub(super) fn parse(message: &[u8], mut emit: impl FnMut(FactKind)) -> Option<()> {
    const OPCODE: u16 = 0x7800;
    const RESPONSE: u16 = 0x8000;
    const TRUNCATED: u16 = 0x0200;
    let mut cursor = Cursor::new(message);
    let id = cursor.u16()?;
    let flags = cursor.u16()?;
    let [questions, answers, authorities, additionals] =
        [cursor.u16()?, cursor.u16()?, cursor.u16()?, cursor.u16()?];
    if flags & OPCODE != 0 {
        return None;
    }
    let is_response = flags & RESPONSE != 0;
    let mut first = None;
    let mut whole = true;
    for _ in 0..usize::from(questions).min(MAX_QUESTIONS) {
        let Some(question) = question(message, id, &mut cursor) else {
            whole = false;
            break;
        };
        match (is_response, question) {
            (_, Question::Root) => {}
            (is_response, Question::Odd(text, qtype)) => {
                emit(FactKind::DnsOddName(OddName { text, qtype, is_response }));
            }
            (true, Question::Name(question)) => first = first.or(Some(question)),
            (false, Question::Name(question)) => emit(FactKind::DnsQuery(question)),
        }
    }
    if !is_response {
        return whole.then_some(());
    }
    let mut response = DnsResponse {
        question: first,
        rcode: (flags & 0x0f) as u8,
        truncated: flags & TRUNCATED != 0,
        extended_error: None,
        answers: Vec::new(),
    };
    if whole && usize::from(questions) <= MAX_QUESTIONS {
        let read = usize::from(answers).min(MAX_ANSWERS);
        for _ in 0..read {
            let Some(answer) = answer(message, &mut cursor) else {
                whole = false;
                break;
            };
            response.answers.extend(answer);
        }
        if whole && read == usize::from(answers) {
            let others = usize::from(authorities).saturating_add(usize::from(additionals));
            response.extended_error = extended_error(message, &mut cursor, others.min(MAX_OTHER_RECORDS));
        }
    }
    if response.question.is_some() || !response.answers.is_empty() {
        emit(FactKind::DnsResponse(response));
    }
    Some(())
}

/// What is asked for.
enum Question {
    /// A host name.
    Name(DnsQuestion),
    /// Something else, escaped, and the type.
    Odd(String, u16),
    /// The root, or what is too long for a name.
    Root,
}

fn question<'a>(message: &'a [u8], id: u16, cursor: &mut Cursor<'a>) -> Option<Question> {
    let text = text(message, cursor)?;
    let qtype = cursor.u16()?;
    cursor.skip(2)?;
    Some(match text.domain() {
        Some(qname) => Question::Name(DnsQuestion { id, qname, qtype }),
        None => text.escaped().map_or(Question::Root, |text| Question::Odd(text, qtype)),
    })
}

/// One answer record; inside, nothing where a name in it is no host name, or it is not of the Internet class.
#[expect(clippy::option_option, reason = "the outer one says whether the message goes on")]
fn answer<'a>(message: &'a [u8], cursor: &mut Cursor<'a>) -> Option<Option<DnsAnswer>> {
    let name = name(message, cursor)?;
    let kind = cursor.u16()?;
    let class = cursor.u16()?;
    let ttl = cursor.u32()?;
    let data = cursor.vector16()?;
    let Some(name) = name.filter(|_| class == CLASS_IN) else { return Some(None) };
    let mut data_cursor = Cursor::new(data);
    let data = match kind {
        A => data_cursor.array::<4>().map(|address| DnsData::Address(Ipv4Addr::from(address).into())),
        AAAA => data_cursor.array::<16>().map(|address| DnsData::Address(Ipv6Addr::from(address).into())),
        CNAME => self::name(message, &mut data_cursor).flatten().map(DnsData::Alias),
        HTTPS | SVCB => service(message, &mut data_cursor),
        other => Some(DnsData::Other(other)),
    };
    Some(data.map(|data| DnsAnswer { name, ttl, data }))
}

/// The extended error in the OPT record among so many records, RFC 8914 §2.
fn extended_error<'a>(message: &'a [u8], cursor: &mut Cursor<'a>, records: usize) -> Option<u16> {
    const EXTENDED_ERROR: u16 = 15;
    let mut found = None;
    for _ in 0..records {
        name(message, cursor)?;
        let kind = cursor.u16()?;
        cursor.skip(6)?;
        let mut options = Cursor::new(cursor.vector16()?);
        while kind == OPT
            && let Some(code) = options.u16()
        {
            let Some(value) = options.vector16() else { break };
            let Some(error) = Cursor::new(value).u16().filter(|_| code == EXTENDED_ERROR) else { continue };
            if FILTERED.contains(&error) {
                return Some(error);
            }
            found = found.or(Some(error));
        }
    }
    found
}

/// RFC 9460 §2.2: priority, target, parameters; of these `alpn` (1) and `ech` (5).
fn service<'a>(message: &'a [u8], cursor: &mut Cursor<'a>) -> Option<DnsData> {
    const ALPN: u16 = 1;
    const ECH: u16 = 5;
    cursor.skip(2)?;
    name(message, cursor)?;
    let mut alpn = Vec::new();
    let mut ech_public_name = None;
    while !cursor.is_empty() {
        let key = cursor.u16()?;
        let value = cursor.vector16()?;
        match key {
            ALPN => alpn = protocols(value),
            ECH => ech_public_name = public_name(value),
            _ => {}
        }
    }
    Some(DnsData::Service { alpn, ech_public_name })
}

/// RFC 9460 §7.1.1: protocols, each with its length.
fn protocols(value: &[u8]) -> Vec<String> {
    let mut cursor = Cursor::new(value);
    let listed = std::iter::from_fn(|| cursor.vector8());
    listed.take(MAX_ALPN).map(|protocol| String::from_utf8_lossy(protocol).into_owned()).collect()
}

/// The public name of the first `ECHConfig` of version 0xfe0d. RFC 9849 §4.
fn public_name(config_list: &[u8]) -> Option<Domain> {
    const VERSION: u16 = 0xfe0d;
    let mut configs = Cursor::new(Cursor::new(config_list).vector16()?);
    while !configs.is_empty() {
        let version = configs.u16()?;
        let mut config = Cursor::new(configs.vector16()?);
        if version == VERSION {
            // Config id and KEM, public key, cipher suites, longest name.
            config.skip(3)?;
            config.vector16()?;
            config.vector16()?;
            config.skip(1)?;
            return Domain::from_wire(config.vector8()?).ok();
        }
    }
    None
}

/// A name, with compression. Outside, whether it ends as it should; inside, whether it is a host name.
#[expect(clippy::option_option, reason = "the outer one says whether the message goes on")]
fn name<'a>(message: &'a [u8], cursor: &mut Cursor<'a>) -> Option<Option<Domain>> {
    text(message, cursor).map(|text| text.domain())
}

/// The labels of a name; nothing where it does not end as it should.
fn text<'a>(message: &'a [u8], cursor: &mut Cursor<'a>) -> Option<Text> {
    let mut text = Text::default();
    let mut here = *cursor;
    let mut pointers = 0_usize;
    loop {
        // Where this label begins: a pointer has to go before it.
        let position = message.len().checked_sub(here.len())?;
        let length = here.u8()?;
        match length >> 6 {
            0 if length == 0 => break,
            0 => text.push(here.take(usize::from(length))?),
            3 => {
                let target = usize::from(u16::from_be_bytes([length & 0x3f, here.u8()?]));
                if pointers == 0 {
                    *cursor = here;
                }
                pointers = pointers.checked_add(1).filter(|count| *count <= MAX_POINTERS)?;
                if target >= position {
                    return None;
                }
                here = Cursor::new(message.get(target..)?);
            }
            _ => return None,
        }
    }
    if pointers == 0 {
        *cursor = here;
    }
    Some(text)
}

/// A name being put together, in a place that never grows.
struct Text {
    bytes: [u8; 255],
    length: usize,
    is_host_name: bool,
}

impl Default for Text {
    fn default() -> Self {
        Self { bytes: [0; 255], length: 0, is_host_name: true }
    }
}

impl Text {
    fn push(&mut self, label: &[u8]) {
        // A dot inside a label would read as two labels.
        self.is_host_name &= !label.contains(&b'.');
        let end = self.length.saturating_add(label.len());
        let (Some(place), Some(dot)) = (self.bytes.get_mut(self.length..end), end.checked_add(1)) else {
            self.is_host_name = false;
            self.length = usize::MAX;
            return;
        };
        place.copy_from_slice(label);
        match self.bytes.get_mut(end) {
            Some(byte) => *byte = b'.',
            None => self.is_host_name = false,
        }
        self.length = dot;
    }

    fn domain(&self) -> Option<Domain> {
        let bytes = self.bytes.get(..self.length).filter(|_| self.is_host_name)?;
        Domain::from_wire(bytes).ok()
    }

    /// What it is where it is no host name; nothing of the root, and of what was too long to be put together.
    fn escaped(&self) -> Option<String> {
        let bytes = self.bytes.get(..self.length)?.strip_suffix(b".")?;
        let mut text = String::with_capacity(bytes.len());
        for character in String::from_utf8_lossy(bytes).chars() {
            match character {
                '\x07' => text.push_str("\\a"),
                '\x08' => text.push_str("\\b"),
                '\t' => text.push_str("\\t"),
                '\n' => text.push_str("\\n"),
                '\x0b' => text.push_str("\\v"),
                '\x0c' => text.push_str("\\f"),
                '\r' => text.push_str("\\r"),
                '\0'..'\x20' | '\x7f' => {
                    let _ = write!(text, "\\{:03o}", u32::from(character));
                }
                other => text.push(other.to_ascii_lowercase()),
            }
        }
        Some(text)
    }
}

/// Whether an extended error says that a filter has answered, not the name's owner.
pub fn tells_of_a_filter(extended_error: u16) -> bool {
    FILTERED.contains(&extended_error)
}

#[cfg(test)]
mod tests;
