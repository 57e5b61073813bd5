//! The ladder with the ground that it stands on.

use std::fmt;

use elsewhere_agent::evidence::Evidence;
use serde::Deserialize;

/// A step of the ladder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Step {
    /// Not there at all.
    #[default]
    None,
    Contact,
    Visit,
    Present,
    Use,
}

impl Step {
    /// All steps, from the ground up.
    pub(super) const ALL: [Self; 5] = [Self::None, Self::Contact, Self::Visit, Self::Present, Self::Use];
}

impl From<Evidence> for Step {
    fn from(evidence: Evidence) -> Self {
        match evidence {
            Evidence::Contact => Self::Contact,
            Evidence::Visit => Self::Visit,
            Evidence::Present => Self::Present,
            Evidence::Use => Self::Use,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Contact => "contact",
            Self::Visit => "visit",
            Self::Present => "present",
            Self::Use => "use",
        })
    }
}
