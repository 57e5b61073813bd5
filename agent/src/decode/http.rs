//! HTTP/1 request heads, RFC 9112: the host asked for, and where a proxy shall connect to.

use std::net::IpAddr;

use super::fact::{FactKind, Target};
use crate::domain::Domain;

/// Longest head followed: servers refuse longer ones. Of one that goes on, what was seen counts.
pub(super) const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Methods of RFC 9110 and RFC 5789, and those of `WebDAV` that clients use.
const METHODS: &[&[u8]] = &[
    b"GET ",
    b"POST ",
    b"HEAD ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"CONNECT ",
    b"TRACE ",
    b"PROPFIND ",
    b"PROPPATCH ",
    b"MKCOL ",
    b"COPY ",
    b"MOVE ",
    b"LOCK ",
    b"UNLOCK ",
    b"REPORT ",
    b"SEARCH ",
];

/// Whether `bytes` begin like a request; `None` while there are too few to tell.
pub(super) fn begins_like_request(bytes: &[u8]) -> Option<bool> {
    let mut open = false;
    for method in METHODS {
        if bytes.starts_with(method) {
            return Some(true);
        }
        open |= method.starts_with(bytes);
    }
    if open { None } else { Some(false) }
}

/// Length of the head at the start of `bytes`, with the empty line that ends it.
pub(super) fn head_bytes(bytes: &[u8]) -> Option<usize> {
    let mut line_is_empty = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if line_is_empty => return at.checked_add(1),
            b'\n' => line_is_empty = true,
            b'\r' => {}
            _ => line_is_empty = false,
        }
    }
    None
}

/// What a head, whole or not, asks for. A line that is cut off says nothing.
pub(super) fn request(head: &[u8]) -> Option<FactKind> {
    let mut lines = head.split_inclusive(|byte| *byte == b'\n').filter_map(|line| line.strip_suffix(b"\n"));
    let first = lines.next()?.trim_ascii();
    let mut words = first.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if !version.starts_with(b"HTTP/1.") {
        return None;
    }
    if method == b"CONNECT" {
        return target_of(target).map(FactKind::HttpConnect);
    }
    // The authority of an absolute URI wins over the header: RFC 9112 §3.2.2.
    let authority = absolute(target).or_else(|| lines.find_map(host_header))?;
    let (host, _) = host_and_port(authority)?;
    Domain::from_wire(host).ok().map(FactKind::HttpHost)
}

/// The authority of `http://authority/path`.
fn absolute(target: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = target.split_at_checked(b"http://".len())?;
    if !scheme.eq_ignore_ascii_case(b"http://") {
        return None;
    }
    let authority = rest.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next()?;
    authority.rsplit(|byte| *byte == b'@').next()
}

fn host_header(line: &[u8]) -> Option<&[u8]> {
    let (name, value) = line.split_at_checked(b"host:".len())?;
    name.eq_ignore_ascii_case(b"host:").then(|| value.trim_ascii())
}

/// `host:port`, `host`, `[v6]:port`. The port is 80 where there is none.
fn host_and_port(authority: &[u8]) -> Option<(&[u8], u16)> {
    if authority.starts_with(b"[") {
        let close = authority.iter().position(|byte| *byte == b']')?;
        let host = authority.get(1..close)?;
        let port = authority.get(close..)?.strip_prefix(b"]:").map_or(Some(80), number)?;
        return Some((host, port));
    }
    match authority.iter().position(|byte| *byte == b':') {
        Some(colon) => {
            let (host, port) = authority.split_at_checked(colon)?;
            Some((host, number(port.strip_prefix(b":")?).unwrap_or(80)))
        }
        None => Some((authority, 80)),
    }
}

fn target_of(authority: &[u8]) -> Option<Target> {
    let (host, port) = host_and_port(authority)?;
    let address: Option<IpAddr> = std::str::from_utf8(host).ok()?.parse().ok();
    let name = if address.is_some() { None } else { Some(Domain::from_wire(host).ok()?) };
    Some(Target { name, address, port })
}

fn number(digits: &[u8]) -> Option<u16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(name: &str) -> FactKind {
        FactKind::HttpHost(Domain::from_wire(name.as_bytes()).unwrap())
    }

    #[test]
    fn host_is_found_however_it_is_written() {
        let cases: &[(&[u8], Option<FactKind>)] = &[
            (b"GET / HTTP/1.1\r\nHost: Example.com\r\n\r\n", Some(host("example.com"))),
            (b"GET / HTTP/1.1\nhost:example.com:8080\n\n", Some(host("example.com"))),
            (b"GET /a HTTP/1.1\r\nAccept: x\r\nHOST:  example.com \r\n\r\n", Some(host("example.com"))),
            (b"GET http://a@proxied.net:81/x HTTP/1.1\r\nHost: other.com\r\n\r\n", Some(host("proxied.net"))),
            (b"GET http://proxied.net HTTP/1.0\r\n\r\n", Some(host("proxied.net"))),
            (b"GET / HTTP/1.1\r\nHost: cut-off.example.co", None),
            (b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", None),
            (b"GET / HTTP/1.1\r\n\r\n", None),
            (b"GET / SIP/2.0\r\nHost: example.com\r\n\r\n", None),
            (b"GET /\r\n\r\n", None),
        ];
        for (head, expected) in cases {
            assert_eq!(request(head), *expected, "{}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn connect_names_its_target() {
        let target = |text: &str| match request(format!("CONNECT {text} HTTP/1.1\r\n\r\n").as_bytes()) {
            Some(FactKind::HttpConnect(target)) => {
                Some((target.name.map(|n| n.to_string()), target.address, target.port))
            }
            _ => None,
        };
        assert_eq!(target("Example.com:443"), Some((Some("example.com".into()), None, 443)));
        assert_eq!(target("192.0.2.1:8443"), Some((None, Some([192, 0, 2, 1].into()), 8443)));
        assert_eq!(target("[2001:db8::1]:443"), Some((None, "2001:db8::1".parse().ok(), 443)));
        assert_eq!(target("bad/name:443"), None);
    }

    #[test]
    fn start_of_a_request_is_known_by_its_method() {
        for (bytes, expected) in [
            (&b""[..], None),
            (b"P", None),
            (b"PROP", None),
            (b"GET /", Some(true)),
            (b"GETS", Some(false)),
            (b"\x16\x03", Some(false)),
        ] {
            assert_eq!(begins_like_request(bytes), expected);
        }
    }

    #[test]
    fn head_ends_at_the_empty_line() {
        assert_eq!(head_bytes(b"GET / HTTP/1.1\r\nA: b\r\n\r\nbody"), Some(24));
        assert_eq!(head_bytes(b"GET / HTTP/1.1\nA: b\n\nbody"), Some(21));
        assert_eq!(head_bytes(b"GET / HTTP/1.1\r\nA: b\r\n"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            request(&bytes);
            head_bytes(&bytes);
            request(&[b"GET http://", &bytes[..], b" HTTP/1.1\r\nHost:", &bytes[..], b"\r\n\r\n"].concat());
            request(&[b"CONNECT ", &bytes[..], b" HTTP/1.1\r\n\r\n"].concat());
        }
    }
}
