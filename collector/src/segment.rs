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

/// The segments of one device or customer: at most one node in each of at most three dimensions, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Segments(Vec<Segment>);

/// Why some segments can't be those of one device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SegmentsError {
    /// Two nodes of one dimension.
    #[error("dimension '{0}' is given twice; a device has one place in each dimension's tree")]
    Twice(String),
    /// A fourth dimension.
    #[error("there are {0} dimensions; at most 3 are allowed")]
    TooMany(usize),
    /// The dimension of a group that is built in.
    #[error(
        "dimension '{STARTERS}' is built in: who is new is known without being told; choose another word"
    )]
    BuiltIn,
    /// One of them is not readable.
    #[error(transparent)]
    Segment(#[from] SegmentError),
}

/// Most dimensions: each one more multiplies what can be told by differences, and the floor has to answer for all.
pub const MAX_DIMENSIONS: usize = 3;

/// The dimension of a built-in group: who is new, and nobody else. It comes beside [`MAX_DIMENSIONS`] others.
pub const STARTERS: &str = "starters";

impl Segments {
    /// The same, of customers who are new.
    #[must_use]
    pub fn of_starters(&self) -> Self {
        let new = Segment { dimension: STARTERS.into(), path: "new".into() };
        let mut segments = self.0.clone();
        segments.push(new);
        segments.sort();
        Self(segments)
    }

    /// In the order of their dimensions.
    pub fn iter(&self) -> std::slice::Iter<'_, Segment> {
        self.0.iter()
    }

    /// No segment at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'s> IntoIterator for &'s Segments {
    type Item = &'s Segment;
    type IntoIter = std::slice::Iter<'s, Segment>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl TryFrom<Vec<Segment>> for Segments {
    type Error = SegmentsError;

    fn try_from(mut segments: Vec<Segment>) -> Result<Self, SegmentsError> {
        if segments.len() > MAX_DIMENSIONS {
            return Err(SegmentsError::TooMany(segments.len()));
        }
        if segments.iter().any(|segment| segment.dimension() == STARTERS) {
            return Err(SegmentsError::BuiltIn);
        }
        segments.sort();
        if let Some(pair) = segments.windows(2).find(|pair| pair[0].dimension == pair[1].dimension) {
            return Err(SegmentsError::Twice(pair[0].dimension.to_string()));
        }
        Ok(Self(segments))
    }
}

/// One on each line, as the store keeps them.
impl fmt::Display for Segments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            write!(f, "{}{segment}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl FromStr for Segments {
    type Err = SegmentsError;

    fn from_str(text: &str) -> Result<Self, SegmentsError> {
        let segments = text.lines().map(str::parse).collect::<Result<Vec<Segment>, _>>()?;
        segments.try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_one_node_in_each_dimension() {
        let text = "department:Sales/North\nsite:Leeds";
        assert_eq!(text.parse::<Segments>().unwrap().to_string(), text);
        assert_eq!("".parse::<Segments>().unwrap(), Segments::default());
        assert!("site:Leeds\nsite:York".parse::<Segments>().is_err());
        assert!("a:1\nb:1\nc:1\nd:1".parse::<Segments>().is_err());
    }

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
