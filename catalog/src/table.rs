//! From a name to the rule that decides on it: an open-addressing hash table over all rules, read in one pass.
//!
//! The pass goes over the name from its end, so the hash of every suffix is known when its first label has been read.
//! Each suffix is one probe, and the last hit is the longest. Nothing is allocated and nothing is copied.

use crate::service::{PlumbingKind, Role};

/// The longest name that DNS can carry, as text (RFC 1035, 2.3.4).
pub(crate) const MAX_NAME_BYTES: usize = 253;

/// The longest label of a name (RFC 1035, 2.3.4).
pub(crate) const MAX_LABEL_BYTES: usize = 63;

/// A slot without a rule.
pub(crate) const EMPTY: u32 = 0;

/// What a rule leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The service at this place in the catalog's list.
    Service {
        index: u16,
        role: Role,
        often_embedded: bool,
    },
    Plumbing(PlumbingKind),
    Personal,
}

/// One name and what it leads to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// Where the name begins in the table's text, in bytes.
    pub start: u32,
    /// How long it is, in bytes.
    pub len: u8,
    /// Stands for this very name, not for those below it.
    pub exact: bool,
    pub target: Target,
}

/// The rules and the way to them. `slots` has a power of two of places, at least half of them empty. A full one holds
/// 16 bits of the name's hash over the 16 bits of the rule's place, counted from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table<'t> {
    pub text: &'t str,
    pub rules: &'t [Rule],
    pub slots: &'t [u32],
}

impl Table<'_> {
    /// Where the longest rule that covers this name leads; `None` too for what is no ASCII name.
    pub(crate) fn find(&self, name: &str) -> Option<Target> {
        self.longest(name).map(|rule| rule.target)
    }

    /// The longest rule that covers this name.
    pub(crate) fn longest(&self, name: &str) -> Option<&Rule> {
        let name = name.strip_suffix('.').unwrap_or(name).as_bytes();
        if name.len() > MAX_NAME_BYTES {
            return None;
        }
        let mut longest = None;
        let mut hash = HASH_START;
        let mut label_bytes = 0;
        for (at, &byte) in name.iter().enumerate().rev() {
            if byte == b'.' {
                if label_bytes == 0 {
                    return None;
                }
                longest = self.probe(hash, &name[at + 1..], false).or(longest);
                label_bytes = 0;
            } else {
                label_bytes += 1;
                if label_bytes > MAX_LABEL_BYTES {
                    return None;
                }
            }
            hash = hash_step(hash, fold(byte)?);
        }
        if label_bytes == 0 {
            return None;
        }
        self.probe(hash, name, true).or(longest)
    }

    /// The rule for this suffix. Exact rules count only where the suffix is the whole name, and there they go first.
    fn probe(&self, hash: u64, suffix: &[u8], whole: bool) -> Option<&Rule> {
        let mut found = None;
        let mut at = first_slot(hash, self.slots.len());
        while self.slots[at] != EMPTY {
            if let Some(rule) = self.rule_in(self.slots[at], hash)
                && self.name_of(rule).as_bytes().eq_ignore_ascii_case(suffix)
            {
                if whole && rule.exact {
                    return Some(rule);
                }
                if !rule.exact {
                    found = Some(rule);
                }
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        found
    }

    /// The rule in a slot, unless the slot's tag says that its name has another hash.
    fn rule_in(&self, slot: u32, hash: u64) -> Option<&Rule> {
        (slot >> 16 == tag(hash)).then(|| &self.rules[(slot & 0xffff) as usize - 1])
    }

    /// The name that a rule is about.
    pub(crate) fn name_of(&self, rule: &Rule) -> &str {
        let start = rule.start as usize;
        &self.text[start..start + usize::from(rule.len)]
    }

    /// What the table takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self) + self.text.len() + size_of_val(self.rules) + size_of_val(self.slots)
    }
}

/// FNV-1a, 64 bits: one multiplication a byte, and good enough for names of our own choosing. A hostile name can meet
/// the longest run of full slots and no more, since names looked up are never put into the table.
pub(crate) const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;

/// The hash of a suffix that is one byte longer at its front.
pub(crate) fn hash_step(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
}

/// Where to begin to look among `slots` places. From the upper half, on which every byte of the name has worked.
pub(crate) fn first_slot(hash: u64, slots: usize) -> usize {
    (hash >> 32) as usize & (slots - 1)
}

/// The 16 bits of the hash that a slot keeps, so that a probe rarely has to compare names.
pub(crate) fn tag(hash: u64) -> u32 {
    (hash >> 48) as u32
}

/// The lower-case form of a byte that may stand in a name. Underscores are not in host names, but are in DNS.
fn fold(byte: u8) -> Option<u8> {
    match byte {
        b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => Some(byte),
        b'A'..=b'Z' => Some(byte.to_ascii_lowercase()),
        _ => None,
    }
}
