//! SOCKS 4a and 5 (RFC 1928, RFC 1929): where a proxy shall connect to. Read from the client's side alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{cursor::Cursor, fact::Target};
use crate::domain::Domain;

/// Longest exchange followed: greeting, name and password, and request together stay under 1100 bytes.
const MAX_BYTES: usize = 2048;

const CONNECT: u8 = 1;

/// What the start of a client's stream shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// The target, in so many bytes of the stream.
    Whole(Target, usize),
    /// More bytes are needed.
    Part,
    /// This is no connect request.
    No,
}

/// Whether `bytes` begin like SOCKS; `None` while there are too few to tell.
pub(super) fn begins_like_socks(bytes: &[u8]) -> Option<bool> {
    match bytes {
        // A greeting has 1 to 8 methods, of which the first is none, GSS-API, password or one that IANA gave.
        [] | [4 | 5] | [5, 1..=8] => None,
        [5, 1..=8, 0..=9, ..] | [4, CONNECT, ..] => Some(true),
        _ => Some(false),
    }
}

/// Reads the client's side from its first byte on.
pub(super) fn request(stream: &[u8]) -> Request {
    let mut cursor = Cursor::new(stream);
    let target = match cursor.u8() {
        Some(4) => version4(&mut cursor),
        Some(5) => version5(&mut cursor),
        _ => return Request::No,
    };
    match target {
        Read::Is(target) => Request::Whole(target, stream.len().saturating_sub(cursor.len())),
        Read::Short if stream.len() < MAX_BYTES => Request::Part,
        Read::Short | Read::No => Request::No,
    }
}

enum Read {
    Is(Target),
    Short,
    No,
}

/// Command, port, address, user id; a name where the address is 0.0.0.x.
fn version4(cursor: &mut Cursor<'_>) -> Read {
    let header = (cursor.u8(), cursor.u16(), cursor.array::<4>());
    let (Some(command), Some(port), Some(address)) = header else { return Read::Short };
    if command != CONNECT || port == 0 {
        return Read::No;
    }
    let Some(id) = text(cursor) else { return Read::Short };
    if !id.iter().all(u8::is_ascii_graphic) {
        return Read::No;
    }
    let stands_for_a_name = matches!(address, [0, 0, 0, last] if last != 0);
    if !stands_for_a_name {
        return Read::Is(Target { name: None, address: Some(Ipv4Addr::from(address).into()), port });
    }
    let Some(name) = text(cursor) else { return Read::Short };
    named(name, port)
}

/// Greeting, then name and password where the client gives them, then the request.
fn version5(cursor: &mut Cursor<'_>) -> Read {
    if cursor.vector8().is_none() {
        return Read::Short;
    }
    let mut version = cursor.u8();
    if version == Some(1) {
        if cursor.vector8().is_none() || cursor.vector8().is_none() {
            return Read::Short;
        }
        version = cursor.u8();
    }
    let header = (version, cursor.u8(), cursor.u8(), cursor.u8());
    let (Some(5), Some(CONNECT), Some(0), Some(kind)) = header else {
        return if version.is_none_or(|version| version == 5) && header.3.is_none() {
            Read::Short
        } else {
            Read::No
        };
    };
    let host = match kind {
        1 => cursor.array::<4>().map(|address| Host::Address(Ipv4Addr::from(address).into())),
        3 => cursor.vector8().map(Host::Name),
        4 => cursor.array::<16>().map(|address| Host::Address(Ipv6Addr::from(address).into())),
        _ => return Read::No,
    };
    let (Some(host), Some(port)) = (host, cursor.u16()) else { return Read::Short };
    match host {
        Host::Address(address) => Read::Is(Target { name: None, address: Some(address), port }),
        Host::Name(name) => named(name, port),
    }
}

enum Host<'a> {
    Address(IpAddr),
    Name(&'a [u8]),
}

/// A target by name; some clients write an address as text.
fn named(name: &[u8], port: u16) -> Read {
    let address = std::str::from_utf8(name).ok().and_then(|text| text.parse().ok());
    if let Some(address) = address {
        return Read::Is(Target { name: None, address: Some(address), port });
    }
    match Domain::from_wire(name) {
        Ok(name) => Read::Is(Target { name: Some(name), address: None, port }),
        Err(_) => Read::No,
    }
}

/// Bytes up to a zero, which is taken too.
fn text<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = cursor.rest().iter().position(|byte| *byte == 0)?;
    let text = cursor.take(length)?;
    cursor.skip(1)?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GREETING: &[u8] = &[5, 2, 0, 2];
    const PASSWORD: &[u8] = b"\x01\x02me\x03key";
    const REQUEST: &[u8] = b"\x05\x01\x00\x03\x0bExample.com\x01\xbb";

    fn example(port: u16) -> Target {
        Target { name: Domain::from_wire(b"example.com").ok(), address: None, port }
    }

    #[test]
    fn target_is_found_with_and_without_password() {
        for stream in [[GREETING, REQUEST].concat(), [GREETING, PASSWORD, REQUEST].concat()] {
            for end in 1..stream.len() {
                assert_eq!(request(&stream[..end]), Request::Part, "cut at {end}");
            }
            let used = stream.len();
            assert_eq!(request(&[&stream[..], b"GET"].concat()), Request::Whole(example(443), used));
        }
    }

    #[test]
    fn socks4_has_address_or_name() {
        let by_address = Target { name: None, address: Some([192, 0, 2, 9].into()), port: 80 };
        assert_eq!(request(b"\x04\x01\x00\x50\xc0\x00\x02\x09me\x00"), Request::Whole(by_address, 11));
        let by_name = b"\x04\x01\x00\x50\x00\x00\x00\x01\x00example.com\x00";
        assert_eq!(request(by_name), Request::Whole(example(80), by_name.len()));
    }

    #[test]
    fn addresses_of_socks5_are_targets() {
        let stream = [GREETING, &[5, 1, 0, 1, 192, 0, 2, 9, 0, 80]].concat();
        let Request::Whole(target, _) = request(&stream) else { panic!() };
        assert_eq!((target.address, target.port), (Some([192, 0, 2, 9].into()), 80));
        let stream = [GREETING, &[5, 1, 0, 4], &[0x20; 16], &[0, 80]].concat();
        let Request::Whole(target, _) = request(&stream) else { panic!() };
        assert_eq!(target.address, Some([0x20; 16].into()));
    }

    #[test]
    fn other_commands_and_other_protocols_are_no_connect() {
        for stream in [
            &b"\x05\x01\x00\x05\x02\x00\x01\x00\x00\x00\x00\x00\x50"[..],
            b"\x05\x01\x00\x17\x03",
            b"\x04\x02\x00\x50abcd\x00",
        ] {
            assert_eq!(request(stream), Request::No);
        }
        assert_eq!(begins_like_socks(b"\x05\x00"), Some(false));
        assert_eq!(begins_like_socks(b"\x04\x01"), Some(true));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            request(&bytes);
            request(&[GREETING, &bytes].concat());
            request(&[GREETING, &REQUEST[..4], &bytes].concat());
            begins_like_socks(&bytes);
        }
    }
}
