//! A rule as it stands in memory: its place in the table says of which kind it is and where it is written down, beside
//! the name that it is about.

use super::Target;
use crate::kind::{PlumbingKind, Role};

/// One name and what it leads to. Written down it is 4 bytes, the name, and bytes that fill up the last step. The four are
/// the place of a service in the list, in 2 bytes, the lower first; its role or the kind of plumbing, with [`EMBEDDED`];
/// the name's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule<'t> {
    /// In ASCII.
    pub name: &'t [u8],
    /// It stands for this very name, not for those below it.
    pub exact: bool,
    pub target: Target,
}

/// In one word, from the lowest bit: where the rule is written down, in steps of [`STEP`] bytes; whether it is exact;
/// whether it leads to plumbing, or to private life; some of its name's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(pub u32);

/// Rules are in as many steps at most.
pub(crate) const STEPS: u32 = 1 << 19;
/// Bytes in a step.
pub(crate) const STEP: usize = 4;
pub(crate) const EXACT: u32 = 1 << 19;
pub(crate) const PLUMBING: u32 = 1 << 20;
pub(crate) const PERSONAL: u32 = 1 << 21;
/// Where the bits of the hash begin.
pub(crate) const HASH: u32 = 1 << 22;

/// Of a host that is often embedded.
pub(crate) const EMBEDDED: u8 = 0x80;

impl Place {
    /// No rule's: what stands first is no rule, but a name without a byte.
    pub(crate) const EMPTY: Self = Self(0);

    /// Might the rule be about a name with this hash? Its lower bits are taken: the highest ones chose the group.
    #[expect(clippy::cast_possible_truncation, reason = "the lower bits are meant")]
    pub(super) fn fits(self, hash: u64) -> bool {
        (self.0 ^ hash as u32) < HASH
    }

    pub(super) fn is_exact(self) -> bool {
        self.0 & EXACT != 0
    }

    /// The rule; `None` where nothing like it is written down.
    ///
    /// What kind of target it is stands in the place, so that nothing waits for what is written down to go on.
    pub(super) fn read(self, rules: &[u8]) -> Option<Rule<'_>> {
        let start = STEP * (self.0 % STEPS) as usize;
        let (&[low, high, kind, len], names) = rules.get(start..)?.split_first_chunk()?;
        let target = if self.0 & PERSONAL != 0 {
            Target::Personal
        } else if self.0 & PLUMBING != 0 {
            Target::Plumbing(*PlumbingKind::ALL.get(usize::from(kind))?)
        } else {
            Target::Service {
                index: u16::from_le_bytes([low, high]),
                role: *Role::ALL.get(usize::from(kind & !EMBEDDED))?,
                often_embedded: kind & EMBEDDED != 0,
            }
        };
        Some(Rule { name: names.get(..usize::from(len))?, exact: self.is_exact(), target })
    }
}
