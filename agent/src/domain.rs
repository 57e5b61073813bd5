//! A domain name, parsed once and valid ever after.
//!
//! Bytes of strangers become names here and nowhere else: no index, no unchecked arithmetic, and at most 253 bytes held.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use std::{fmt, net::Ipv4Addr, sync::Arc};

/// A host name: lower case, ASCII (internationalised labels as `xn--`), no final dot, 1 to 253 bytes.
///
/// Cheap to clone. Never logged.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(Arc<str>);

/// Why some bytes are no domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// Nothing left when the final dot is gone.
    #[error("name is empty")]
    Empty,
    /// Over 253 bytes, or a label over 63.
    #[error("name is too long")]
    TooLong,
    /// A byte that no host name holds, or an empty label.
    #[error("name holds a byte that no host name holds")]
    BadByte,
}

impl Domain {
    /// Reads a name as it stands on the wire: letters, digits, hyphen, underscore, and a star for the first label
    /// (RFC 4592: some ask for it by name); case and a final dot don't matter.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, DomainError> {
        let bytes = bytes.strip_suffix(b".").unwrap_or(bytes);
        if bytes.is_empty() {
            return Err(DomainError::Empty);
        }
        if bytes.len() > 253 {
            return Err(DomainError::TooLong);
        }
        let mut name = String::with_capacity(bytes.len());
        let mut label = 0_usize;
        for (at, &byte) in bytes.iter().enumerate() {
            match byte {
                b'*' if at == 0 && matches!(bytes.get(1), Some(b'.')) => label = 1,
                b'.' if label == 0 => return Err(DomainError::BadByte),
                b'.' => label = 0,
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => label = label.saturating_add(1),
                _ => return Err(DomainError::BadByte),
            }
            if label > 63 {
                return Err(DomainError::TooLong);
            }
            name.push(char::from(byte.to_ascii_lowercase()));
        }
        if label == 0 {
            return Err(DomainError::BadByte);
        }
        Ok(Self(name.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The registrable domain (eTLD+1) by the public suffix list; `None` for a public suffix itself, a single label, or
    /// an address that stands where a name belongs.
    pub fn registrable(&self) -> Option<&str> {
        if self.0.parse::<Ipv4Addr>().is_ok() {
            return None;
        }
        psl::domain_str(&self.0)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_they_stand_on_the_wire() {
        let cases: &[(&[u8], Result<&str, DomainError>)] = &[
            (b"WWW.Example.COM.", Ok("www.example.com")),
            (b"_sip._udp.a-b.example", Ok("_sip._udp.a-b.example")),
            (b"localhost", Ok("localhost")),
            (b"*.example.com", Ok("*.example.com")),
            (b"a*.example.com", Err(DomainError::BadByte)),
            (b"*", Err(DomainError::BadByte)),
            (b"", Err(DomainError::Empty)),
            (b".", Err(DomainError::Empty)),
            (b"a..b", Err(DomainError::BadByte)),
            (b".a", Err(DomainError::BadByte)),
            (b"a b", Err(DomainError::BadByte)),
            ("b\u{fc}cher.example".as_bytes(), Err(DomainError::BadByte)),
            (&[b'a'; 64], Err(DomainError::TooLong)),
            (&[b'a'; 254], Err(DomainError::TooLong)),
        ];
        for (bytes, expected) in cases {
            let domain = Domain::from_wire(bytes);
            assert_eq!(domain.as_ref().map(Domain::as_str).map_err(|error| *error), *expected);
        }
    }

    #[test]
    fn registrable_domain_is_one_label_more_than_the_suffix() {
        let cases = [
            ("www.example.co.uk", Some("example.co.uk")),
            ("example.com", Some("example.com")),
            ("com", None),
            ("localhost", None),
            ("192.0.2.1", None),
        ];
        for (name, expected) in cases {
            assert_eq!(Domain::from_wire(name.as_bytes()).unwrap().registrable(), expected, "{name}");
        }
    }
}
