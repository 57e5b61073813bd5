//! From a name to the rule that decides on it: an open-addressing hash table over all rules.
//!
//! Each suffix of a name is one probe, from the longest on, and the first hit decides. A hash takes the same few steps
//! however long the suffix is. Nothing is allocated, and only a name with capitals is copied.

mod scan;

use self::scan::Letters;
use crate::attribute::AttributeName;
use crate::service::{PlumbingKind, Role};

/// The longest name that DNS can carry, as text (RFC 1035, 2.3.4).
pub(crate) const MAX_NAME_BYTES: usize = 253;

/// The longest label of a name (RFC 1035, 2.3.4).
pub(crate) const MAX_LABEL_BYTES: usize = 63;

/// A slot without a rule.
pub(crate) const EMPTY: u16 = 0;

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

/// A piece of the table's text in one word: where it begins, in 23 bits, over its bytes, in 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub u32);

/// One name and what it leads to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// The name; its highest bit says that the rule stands for this very name, not for those below it.
    pub name: u32,
    pub target: Target,
}

/// One service, by pieces of the table's text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub id: Span,
    pub name: Span,
    pub vendor: Span,
    pub home: Span,
    /// Place in the list of needs.
    pub need: u8,
    pub as_often_private: bool,
}

/// One attribute of a service, by pieces of the table's text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// Place of the service.
    pub service: u16,
    pub name: AttributeName,
    pub value: Span,
    pub source: Span,
    pub month: Span,
}

impl Span {
    fn start(self) -> usize {
        (self.0 >> 8) as usize
    }

    pub(crate) fn len(self) -> usize {
        (self.0 & 0xff) as usize
    }
}

/// The bit of a rule's name.
pub(crate) const EXACT: u32 = 1 << 31;

impl Rule {
    pub(crate) fn span(self) -> Span {
        Span(self.name & !EXACT)
    }

    pub(crate) fn is_exact(self) -> bool {
        self.name & EXACT != 0
    }
}

/// The rules and the way to them. `slots` has a power of two of places, at least half of them empty. A full one holds
/// the place of a rule, counted from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table<'t> {
    pub text: &'t str,
    pub rules: &'t [Rule],
    pub slots: &'t [u16],
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
        let letters = Letters::of(name);
        if letters.has_foreign() {
            return None;
        }
        if !letters.has_capital() {
            return self.find_lower(name);
        }
        let mut lower = [0; MAX_NAME_BYTES];
        let lower = &mut lower[..name.len()];
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        self.find_lower(lower)
    }

    /// Each suffix in turn, the whole name first. A suffix that a rule is about consists of proper labels, so those
    /// behind a hit need no look.
    fn find_lower(&self, name: &[u8]) -> Option<&Rule> {
        let mut start = 0;
        for end in scan::dots(name).chain([name.len()]) {
            if !(1..=MAX_LABEL_BYTES).contains(&(end - start)) {
                return None;
            }
            let found = self.probe(hash(name, start), &name[start..], start == 0);
            if found.is_some() {
                return found;
            }
            start = end + 1;
        }
        None
    }

    /// The rule for this suffix. Exact rules count only where the suffix is the whole name, and there they go first.
    fn probe(&self, hash: u64, suffix: &[u8], whole: bool) -> Option<&Rule> {
        let mut found = None;
        let mut at = first_slot(hash, self.slots.len());
        while self.slots[at] != EMPTY {
            let rule = &self.rules[usize::from(self.slots[at]) - 1];
            if rule.span().len() == suffix.len() && self.name_of(*rule).as_bytes() == suffix {
                if whole && rule.is_exact() {
                    return Some(rule);
                }
                if !rule.is_exact() {
                    found = Some(rule);
                }
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        found
    }

    /// The name that a rule is about.
    pub(crate) fn name_of(&self, rule: Rule) -> &str {
        self.piece(rule.span())
    }

    /// A piece of the text.
    pub(crate) fn piece(&self, span: Span) -> &str {
        &self.text[span.start()..span.start() + span.len()]
    }

    /// What the table takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self) + self.text.len() + size_of_val(self.rules) + size_of_val(self.slots)
    }
}

/// The hash of a name's suffix, from its length and its first 16 bytes: of all rules only a few agree in these. A hostile
/// name can meet the longest run of full slots and no more, since names looked up are never put into the table.
pub(crate) fn hash(name: &[u8], at: usize) -> u64 {
    let suffix_bytes = (name.len() - at) as u64;
    let first = scan::word(name, at) ^ 0x9e37_79b9_7f4a_7c15;
    let second = scan::word(name, at + 8) ^ suffix_bytes.wrapping_mul(0xd6e8_feb8_6659_fd93);
    let (low, high) = first.carrying_mul(second ^ 0xa076_1d64_78bd_642f, 0);
    low ^ high
}

/// Where to begin to look among `slots` places.
pub(crate) fn first_slot(hash: u64, slots: usize) -> usize {
    (hash >> 16) as usize & (slots - 1)
}
