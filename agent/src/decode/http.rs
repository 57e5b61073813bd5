//! HTTP/1 request heads, RFC 9112: the host asked for, and where a proxy shall connect to.
//!
//! HTTP/2 without TLS is not read: its host is compressed (RFC 7541), and no browser speaks it.

use std::net::IpAddr;

use super::fact::{FactKind, Target};
use crate::domain::Domain;

/// Longest head followed: servers refuse longer ones. Of one that goes on, what was seen counts.
pub(super) const MAX_HEAD_BYTES: usize = 16 * 1024;
/// Longest body passed over: sequence numbers tell before from after up to twice that.
const MAX_BODY_BYTES: usize = 1 << 30;

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

/// What follows a head before the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes; mostly none.
    Bytes(usize),
    /// Chunks, RFC 9112 §7.1.
    Chunks,
    /// Something else, or more than can be told.
    Endless,
}

/// How the body of a request is measured: RFC 9112 §6.3.
pub(super) fn body(head: &[u8]) -> Body {
    let mut body = Body::Bytes(0);
    for line in head.split(|byte| *byte == b'\n') {
        if let Some(coding) = header(line, b"transfer-encoding:") {
            let is_chunked = coding.len() >= 7 && coding.to_ascii_lowercase().ends_with(b"chunked");
            return if is_chunked { Body::Chunks } else { Body::Endless };
        }
        if let Some(digits) = header(line, b"content-length:") {
            let length: Option<usize> =
                std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
            body = length.filter(|length| *length <= MAX_BODY_BYTES).map_or(Body::Endless, Body::Bytes);
        }
    }
    body
}

/// The chunk at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// Size, data and the newline after it, in so many bytes.
    Whole(usize),
    /// The last one, with the trailer, in so many bytes.
    Last(usize),
    /// More bytes are needed to tell.
    Part,
    /// This is no chunk.
    No,
}

/// Reads a chunk's size: RFC 9112 §7.1.
pub(super) fn chunk(bytes: &[u8]) -> Chunk {
    const MAX_SIZE_LINE: usize = 256;
    let Some(end) = bytes.iter().take(MAX_SIZE_LINE).position(|byte| *byte == b'\n') else {
        return if bytes.len() < MAX_SIZE_LINE { Chunk::Part } else { Chunk::No };
    };
    let line = bytes.get(..end).unwrap_or_default();
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let size = std::str::from_utf8(digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
    match size.filter(|size| *size <= MAX_BODY_BYTES) {
        None => Chunk::No,
        // The trailer is lines up to an empty one, as a head is; the size's line stands before it.
        Some(0) => match head_bytes(bytes) {
            Some(length) => Chunk::Last(length),
            None if bytes.len() < MAX_HEAD_BYTES => Chunk::Part,
            None => Chunk::No,
        },
        Some(size) => Chunk::Whole(end.saturating_add(1).saturating_add(size).saturating_add(2)),
    }
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
    header(line, b"host:")
}

/// The value of a line that is the header of this name, which is given in lower case with its colon.
fn header<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
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
    fn body_is_measured_by_its_head() {
        let cases: &[(&str, Body)] = &[
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Body::Bytes(0)),
            ("PUT / HTTP/1.1\r\ncontent-length: 17\r\n\r\n", Body::Bytes(17)),
            ("PUT / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", Body::Endless),
            ("PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n", Body::Endless),
            ("PUT / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n", Body::Chunks),
            ("PUT / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", Body::Endless),
        ];
        for (head, expected) in cases {
            assert_eq!(body(head.as_bytes()), *expected, "{head}");
        }
    }

    #[test]
    fn chunks_are_measured_by_their_size_line() {
        let cases: &[(&[u8], Chunk)] = &[
            (b"5\r\nabcde\r\n", Chunk::Whole(10)),
            (b"1f;name=value\r\n", Chunk::Whole(48)),
            (b"0\r\n\r\nGET", Chunk::Last(5)),
            (b"0\r\nTrailer: x\r\n\r\n", Chunk::Last(17)),
            (b"0\r\n", Chunk::Part),
            (b"5", Chunk::Part),
            (b"ffffffff\r\n", Chunk::No),
            (b"GET / HTTP/1.1\r\n", Chunk::No),
            (b"\r\n", Chunk::No),
        ];
        for (bytes, expected) in cases {
            assert_eq!(chunk(bytes), *expected, "{}", String::from_utf8_lossy(bytes));
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
            body(&bytes);
            chunk(&bytes);
        }
    }
}
