//! A rule as it stands in memory: one word that says what it leads to.

use super::Target;
use crate::kind::{PlumbingKind, Role};

/// One name and what it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule<'t> {
    /// In ASCII.
    pub name: &'t [u8],
    /// It stands for this very name, not for those below it.
    pub exact: bool,
    pub target: Target,
}

/// The rule that decides on a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub place: Place,
    /// Bytes of the suffix that it is about.
    pub length: usize,
}

/// In one word, from the lowest bit: 14 bits for the service's place in the list, or for the kind of plumbing; 4 for a
/// service's role; whether the host is often embedded; 2 for what it leads to, which is never 0; whether it is exact;
/// whether rules that belong into its group stand in the next one; 9 bits of its name's hash, above the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(pub u32);

/// Services at most.
pub(crate) const SERVICES: u32 = 1 << 14;
/// Where the bits of the role begin.
pub(crate) const ROLE: u32 = 14;
pub(crate) const EMBEDDED: u32 = 1 << 18;
const KIND: u32 = 19;
pub(crate) const SERVICE: u32 = 1 << KIND;
pub(crate) const PLUMBING: u32 = 2 << KIND;
pub(crate) const PERSONAL: u32 = 3 << KIND;
pub(crate) const EXACT: u32 = 1 << 21;
pub(crate) const FOLLOWED: u32 = 1 << 22;
/// Where the bits of the hash begin.
const HASH: u32 = 1 << 23;

impl Place {
    /// No rule's.
    pub(crate) const EMPTY: Self = Self(0);

    pub(super) fn is_followed(self) -> bool {
        self.0 & FOLLOWED != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// Might the rule be about a name with this hash, whose mark it has?
    pub(super) fn fits(self, hash: u64) -> bool {
        (self.0 ^ bits(hash)) < HASH
    }

    pub(super) fn is_exact(self) -> bool {
        self.0 & EXACT != 0
    }

    /// What the rule leads to; `None` of what no build writes.
    pub(crate) fn target(self) -> Option<Target> {
        let low = self.0 % SERVICES;
        match self.0 & PERSONAL {
            SERVICE => Some(Target::Service {
                index: u16::try_from(low).ok()?,
                role: *Role::ALL.get((self.0 >> ROLE) as usize % 16)?,
                often_embedded: self.0 & EMBEDDED != 0,
            }),
            PLUMBING => PlumbingKind::ALL.get(low as usize).copied().map(Target::Plumbing),
            PERSONAL => Some(Target::Personal),
            _ => None,
        }
    }
}

/// Those of a hash that stand in a place.
pub(crate) fn bits(hash: u64) -> u32 {
    ((hash >> 32) as u32).wrapping_mul(HASH)
}
