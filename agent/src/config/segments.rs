//! `segments.toml`: which groups this device is counted with, as device management wrote it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// One segment a dimension, and three dimensions: the collector answers for one segment, never an intersection.
const MAX_SEGMENTS: usize = 3;
/// Longest dimension or path, in bytes; the collector refuses longer ones.
const MAX_BYTES: usize = 200;
/// Longest pseudonym, in bytes; the collector refuses longer ones.
const MAX_PSEUDONYM_BYTES: usize = 64;

/// A node in one dimension's tree of groups: `department`, `Sales/North`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// department, site, role or another.
    pub dimension: String,
    /// Path from the root, its parts joined by `/`.
    pub path: String,
}

/// Which groups the customer belongs to, and which of their devices belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// At most one segment a dimension.
    #[serde(default, rename = "segment")]
    pub segments: Vec<Segment>,
    /// Random name that joins two devices of one customer; empty where nobody set one.
    #[serde(default)]
    pub customer: String,
}

/// Why `segments.toml` can't be used; names the file and the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
pub struct MembershipError {
    file: PathBuf,
    problem: String,
}

impl Membership {
    /// Reads the file; `None` where there is none.
    pub fn load(file: &Path) -> Result<Option<Self>, MembershipError> {
        let error = |problem| MembershipError { file: file.to_owned(), problem };
        match fs::read_to_string(file) {
            Ok(text) => Self::parse(&text).map(Some).map_err(error),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(error(format!("{cause}; make it readable for the agent"))),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let membership: Self = toml::from_str(text).map_err(|error| super::not_toml(text, &error))?;
        if membership.segments.len() > MAX_SEGMENTS {
            return Err(format!("{} segments; keep at most {MAX_SEGMENTS}", membership.segments.len()));
        }
        for (index, segment) in membership.segments.iter().enumerate() {
            segment.check()?;
            if membership.segments[..index].iter().any(|other| other.dimension == segment.dimension) {
                return Err(format!("two segments of dimension '{}'; keep one", segment.dimension));
            }
        }
        let plain =
            membership.customer.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !plain || membership.customer.len() > MAX_PSEUDONYM_BYTES {
            return Err(format!(
                "customer is no pseudonym; write at most {MAX_PSEUDONYM_BYTES} letters, digits, '-', '_' or '.'"
            ));
        }
        Ok(membership)
    }
}

impl Segment {
    fn check(&self) -> Result<(), String> {
        let Self { dimension, path } = self;
        if dimension.is_empty() || !dimension.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
            return Err(format!(
                "dimension '{dimension}' is no word in lower case; write one like department"
            ));
        }
        if path.split('/').any(|part| part.is_empty() || part != part.trim()) {
            return Err(format!("path '{path}' has an empty part; write it like Sales/North"));
        }
        if dimension.len() > MAX_BYTES || path.len() > MAX_BYTES || path.contains(char::is_control) {
            return Err(format!(
                "a segment of '{dimension}' is no text of at most {MAX_BYTES} printable bytes"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_example_is_read() {
        let membership = Membership::parse(include_str!("../../../deploy/segments.example.toml")).unwrap();
        assert_eq!(membership.customer, "c-58d1f0a2");
        assert_eq!(membership.segments.len(), 2);
        assert_eq!(membership.segments[0].path, "Sales/North");
    }

    #[test]
    fn what_is_no_membership_is_refused() {
        let two = "[[segment]]\ndimension='site'\npath='A'\n[[segment]]\ndimension='site'\npath='B'";
        for text in [
            "segments = 1",
            "customer = 'Jo Smith'",
            "customer = 'c1'\nx = 1",
            "[[segment]]\ndimension = 'Site'\npath = 'A'",
            "[[segment]]\ndimension = 'site'\npath = 'A//B'",
            "[[segment]]\ndimension = 'site'",
            two,
        ] {
            assert!(Membership::parse(text).is_err(), "{text}");
        }
    }
}
