//! A domain name, parsed once and valid ever after.

use std::{fmt, sync::Arc};

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
    /// Reads a name as it stands on the wire: letters, digits, hyphen, underscore; case and a final dot don't matter.
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
        for &byte in bytes {
            match byte {
                b'.' if label == 0 => return Err(DomainError::BadByte),
                b'.' => label = 0,
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => label += 1,
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

    /// The registrable domain (eTLD+1) by the public suffix list; `None` for a public suffix itself or a single label.
    pub fn registrable(&self) -> Option<&str> {
        psl::domain_str(&self.0)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
