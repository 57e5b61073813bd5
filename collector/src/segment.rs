//! Segments: groups of customers, as nodes in one dimension's tree.

use std::{fmt, str::FromStr};

/// A node in a dimension's tree: `department:Sales/North`. The parts of the path are joined by `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Segment {
    dimension: Box<str>,
    path: Box<str>,
}

/// Why a text is no segment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no segment: {problem}; write it like department=Marketing or site=Leeds/North")]
pub struct SegmentError {
    text: String,
    problem: &'static str,
}

/// Longest dimension or path, in bytes; longer names are refused, so that no table row grows without bound.
const MAX_BYTES: usize = 200;

impl Segment {
    /// A segment by its dimension and path.
    pub fn new(dimension: &str, path: &str) -> Result<Self, SegmentError> {
        let error = |problem| SegmentError {
            text: format!("{dimension}={path}").chars().take(60).collect(),
            problem,
        };
        if dimension.is_empty() || !dimension.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
            return Err(error("a dimension is a word in lower case"));
        }
        if path.split('/').any(|part| part.trim().is_empty() || part != part.trim()) {
            return Err(error("a part of its path is empty"));
        }
        if dimension.len() > MAX_BYTES || path.len() > MAX_BYTES {
            return Err(error("it is longer than 200 bytes"));
        }
        if path.chars().any(char::is_control) {
            return Err(error("it holds a control character"));
        }
        Ok(Self { dimension: dimension.into(), path: path.into() })
    }

    /// department, site, role or another of at most three.
    pub fn dimension(&self) -> &str {
        &self.dimension
    }

    /// Path from the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The node above; `None` at the root of the dimension.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (above, _) = self.path.rsplit_once('/')?;
        Some(Self { dimension: self.dimension.clone(), path: above.into() })
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.dimension, self.path)
    }
}

impl FromStr for Segment {
    type Err = SegmentError;

    /// Reads `department:Marketing` or `department=Marketing`.
    fn from_str(text: &str) -> Result<Self, SegmentError> {
        match text.split_once([':', '=']) {
            Some((dimension, path)) => Self::new(dimension, path),
            None => {
                Err(SegmentError { text: text.chars().take(60).collect(), problem: "it names no dimension" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_one_segment() {
        let segment: Segment = "department=Sales/North".parse().unwrap();
        assert_eq!(segment, "department:Sales/North".parse().unwrap());
        assert_eq!(segment.parent().unwrap().to_string(), "department:Sales");
        assert_eq!(segment.parent().unwrap().parent(), None);
    }

    #[test]
    fn what_is_no_segment_says_why() {
        for text in [
            "Marketing",
            "=x",
            "Department=x",
            "department=",
            "department=a//b",
            "department=a/ b",
            "department=a\nb",
        ] {
            assert!(text.parse::<Segment>().is_err(), "{text:?}");
        }
    }
}
