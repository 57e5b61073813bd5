//! DNS messages, RFC 1035, compressed wherever a name or its end was said before, as servers do.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
};

use super::hello::{vector8, vector16};

pub(super) const A: u16 = 1;
pub(super) const SOA: u16 = 6;
pub(super) const TXT: u16 = 16;
pub(super) const AAAA: u16 = 28;
pub(super) const SVCB: u16 = 64;
pub(super) const HTTPS: u16 = 65;
const CNAME: u16 = 5;
const OPT: u16 = 41;

/// A message being put together.
pub(super) struct Message {
    bytes: Vec<u8>,
    /// Where each name, and each end of one, was said.
    said: HashMap<String, u16>,
}

impl Message {
    /// A question, with recursion desired.
    pub(super) fn query(id: u16, qname: &str, qtype: u16) -> Self {
        Self::new(id, 0x0100, qname, qtype)
    }

    /// The start of an answer to it.
    pub(super) fn response(id: u16, rcode: u16, qname: &str, qtype: u16) -> Self {
        Self::new(id, 0x8180 | rcode, qname, qtype)
    }

    fn new(id: u16, flags: u16, qname: &str, qtype: u16) -> Self {
        let mut message = Self { bytes: Vec::new(), said: HashMap::new() };
        for number in [id, flags, 1, 0, 0, 0] {
            message.number(number);
        }
        message.name(qname);
        message.number(qtype);
        message.number(1);
        message
    }

    pub(super) fn address(self, owner: &str, ttl: u32, address: impl Into<IpAddr>) -> Self {
        match address.into() {
            IpAddr::V4(address) => self.answer(owner, A, ttl, &address.octets()),
            IpAddr::V6(address) => self.answer(owner, AAAA, ttl, &address.octets()),
        }
    }

    pub(super) fn alias(mut self, owner: &str, ttl: u32, target: &str) -> Self {
        self.begin_record(Section::Answer, owner, CNAME, ttl);
        self.measured(|message| message.name(target));
        self
    }

    /// An HTTPS or SVCB record; RFC 9460 lets no name in it be compressed.
    pub(super) fn service(
        self,
        owner: &str,
        kind: u16,
        priority: u16,
        target: &str,
        parameters: &[(u16, Vec<u8>)],
    ) -> Self {
        let mut data = priority.to_be_bytes().to_vec();
        data.extend(wire_name(target));
        for (key, value) in parameters {
            data.extend(key.to_be_bytes());
            data.extend(vector16(value));
        }
        self.answer(owner, kind, 300, &data)
    }

    pub(super) fn answer(mut self, owner: &str, kind: u16, ttl: u32, data: &[u8]) -> Self {
        self.begin_record(Section::Answer, owner, kind, ttl);
        self.measured(|message| message.bytes.extend(data));
        self
    }

    /// The record of the zone, as it comes with a name that is not there.
    pub(super) fn authority(mut self, zone: &str) -> Self {
        self.begin_record(Section::Authority, zone, SOA, 900);
        self.measured(|message| {
            message.name(&format!("ns1.{zone}"));
            message.name(&format!("hostmaster.{zone}"));
            message.bytes.extend([0; 20]);
        });
        self
    }

    /// EDNS, RFC 6891: the datagram size with a cookie and padding.
    pub(super) fn edns(mut self) -> Self {
        self.bump(Section::Additional);
        self.bytes.push(0);
        self.number(OPT);
        self.number(1232);
        self.bytes.extend([0, 0, 0x80, 0]);
        let cookie = [&[0, 10][..], &vector16(b"\x01\x02\x03\x04\x05\x06\x07\x08")].concat();
        let padding = [&[0, 12][..], &vector16(&[0; 20])].concat();
        self.bytes.extend(vector16(&[cookie, padding].concat()));
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// As a TCP stream carries it.
    pub(super) fn framed(&self) -> Vec<u8> {
        vector16(&self.bytes)
    }

    fn begin_record(&mut self, section: Section, owner: &str, kind: u16, ttl: u32) {
        self.bump(section);
        self.name(owner);
        self.number(kind);
        self.number(1);
        self.bytes.extend(ttl.to_be_bytes());
    }

    /// One record more in a section's count.
    fn bump(&mut self, section: Section) {
        let at = 6 + 2 * section as usize;
        let count = u16::from_be_bytes([self.bytes[at], self.bytes[at + 1]]) + 1;
        self.bytes[at..at + 2].copy_from_slice(&count.to_be_bytes());
    }

    /// Data with its length before it.
    fn measured(&mut self, write: impl FnOnce(&mut Self)) {
        let at = self.bytes.len();
        self.number(0);
        write(self);
        let length = u16::try_from(self.bytes.len() - at - 2).expect("data is short");
        self.bytes[at..at + 2].copy_from_slice(&length.to_be_bytes());
    }

    fn name(&mut self, name: &str) {
        let mut rest = name;
        while !rest.is_empty() {
            if let Some(at) = self.said.get(rest) {
                let pointer = 0xc000 | at;
                self.number(pointer);
                return;
            }
            let at = u16::try_from(self.bytes.len()).expect("a message is short");
            self.said.insert(rest.to_owned(), at);
            let (label, after) = rest.split_once('.').unwrap_or((rest, ""));
            self.bytes.extend(vector8(label.as_bytes()));
            rest = after;
        }
        self.bytes.push(0);
    }

    fn number(&mut self, number: u16) {
        self.bytes.extend(number.to_be_bytes());
    }
}

#[derive(Clone, Copy)]
enum Section {
    Answer,
    Authority,
    Additional,
}

/// A name without compression.
pub(super) fn wire_name(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> = labels.flat_map(|label| vector8(label.as_bytes())).collect();
    bytes.push(0);
    bytes
}

/// A list of one `ECHConfig` with this public name, RFC 9849 §4: X25519 and HKDF-SHA256 with AES-128-GCM.
pub(super) fn ech_config_list(public_name: &str, key: &[u8]) -> Vec<u8> {
    let mut contents = vec![7, 0, 0x20];
    contents.extend(vector16(key));
    contents.extend(vector16(&[0, 1, 0, 1]));
    contents.push(64);
    contents.extend(vector8(public_name.as_bytes()));
    contents.extend([0, 0]);
    vector16(&[&[0xfe, 0x0d][..], &vector16(&contents)].concat())
}

/// The value of an `ipv4hint`.
pub(super) fn hint(address: Ipv4Addr) -> (u16, Vec<u8>) {
    (4, address.octets().to_vec())
}
