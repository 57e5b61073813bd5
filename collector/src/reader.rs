//! Readers: who asks, in which role, and for which segments.

use std::{fmt, str::FromStr};

use crate::segment::Segment;

/// What a reader may do. All of them read published figures of their scope, and nobody reads anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Runs the installation.
    Admin,
    /// Reads everything by program.
    Analyst,
    /// Reads pages and digests.
    Viewer,
    /// Watches over what is collected and shown.
    PrivacyOfficer,
}

impl Role {
    const ALL: [Self; 4] = [Self::Admin, Self::Analyst, Self::Viewer, Self::PrivacyOfficer];

    /// As the store spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Analyst => "analyst",
            Self::Viewer => "viewer",
            Self::PrivacyOfficer => "privacy-officer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let role = Self::ALL.into_iter().find(|role| role.as_str() == text);
        role.ok_or_else(|| format!("'{text}' is no role; write admin, analyst, viewer or privacy-officer"))
    }
}

/// Somebody who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// What they may do.
    pub role: Role,
    /// The segments they may ask for, each with all below it; none at all stands for everybody.
    pub segments: Vec<Segment>,
}

impl Reader {
    /// Whoever may open the installation's files runs it.
    pub fn local() -> Self {
        Self { role: Role::Admin, segments: Vec::new() }
    }

    /// May they ask for this segment (`None` is everybody)?
    pub fn may_ask_for(&self, segment: Option<&Segment>) -> bool {
        if self.segments.is_empty() {
            return true;
        }
        std::iter::successors(segment.cloned(), Segment::parent).any(|above| self.segments.contains(&above))
    }

    /// The segment they mean when they name none.
    pub fn own_segment(&self) -> Option<&Segment> {
        self.segments.first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_holds_a_segment_and_all_below_it() {
        let sales: Segment = "department:Sales".parse().unwrap();
        let north: Segment = "department:Sales/North".parse().unwrap();
        let marketing: Segment = "department:Marketing".parse().unwrap();
        let reader = Reader { role: Role::Viewer, segments: vec![sales.clone()] };
        assert!(reader.may_ask_for(Some(&sales)) && reader.may_ask_for(Some(&north)));
        assert!(!reader.may_ask_for(Some(&marketing)) && !reader.may_ask_for(None));
        assert!(Reader::local().may_ask_for(None) && Reader::local().may_ask_for(Some(&north)));
    }
}
