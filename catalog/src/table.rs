//! From a name to the rule that decides on it: an open-addressing hash table over all rules.
//!
//! Each suffix of a name is one probe, from the longest on, and the first hit decides. What costs is waiting for memory, so
//! all that a probe reads is one line of a cache, and all lines together are small enough for the cache of a core: they
//! hold what each rule leads to, and 41 bits of its name's hash in place of the name. Nothing is allocated, and only a
//! name with capitals is copied.
//!
//! A name that no rule is about is taken for one where these bits, and the line, agree by chance: about once in 10^11
//! names. (A name made up to agree gains what it would gain below a listed one.) No two rules agree: the build refuses it.

pub(crate) mod rule;
mod scan;

use self::rule::{Found, Place, Rule};
use self::scan::Ends;
use crate::attribute::AttributeName;
use crate::kind::{PlumbingKind, Role};

/// The longest name that DNS can carry, as text (RFC 1035, 2.3.4).
pub(crate) const MAX_NAME_BYTES: usize = 253;

/// The longest label of a name (RFC 1035, 2.3.4).
pub(crate) const MAX_LABEL_BYTES: usize = 63;

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

/// The rules and the way to them. A rule has its place in the group of its name's hash, or where that is full in the
/// next that is not. At least a quarter of the places is empty.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table<'t> {
    /// What is known of services.
    pub text: &'t str,
    /// The names of the rules in the order of their places, each behind a byte that says how long it is.
    pub names: &'t [u8],
    pub groups: &'t [Group],
}

/// A line of a cache: full places, then empty ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(64))]
pub(crate) struct Group {
    /// The lower half of the hash of each place's rule.
    pub marks: [u32; GROUP],
    pub places: [Place; GROUP],
}

/// Places in a group.
pub(crate) const GROUP: usize = 8;

impl Group {
    /// One of its rules may be about a name with this hash.
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "mostly none is, and without a branch all are compared at once"
    )]
    fn may_hold(&self, hash: u64) -> bool {
        let mark = mark(hash);
        self.marks.iter().fold(false, |so_far, other| so_far | (*other == mark))
    }

    /// Which of its places are of rules about a name with this hash.
    pub(crate) fn known_by(&self, hash: u64) -> impl Iterator<Item = usize> + '_ {
        let mark = mark(hash);
        (0..GROUP).filter(move |at| self.marks[*at] == mark && self.places[*at].fits(hash))
    }

    /// Of its rules about a name with this hash the first that holds for it.
    fn find(&self, hash: u64, whole: bool) -> Option<Place> {
        self.known_by(hash).map(|at| self.places[at]).find(|place| whole || !place.is_exact())
    }

    /// Rules that belong here stand in the next group.
    fn overflows(&self) -> bool {
        self.places[GROUP - 1].is_followed()
    }
}

impl<'t> Table<'t> {
    /// Where the longest rule that covers this name leads; `None` too for what is no ASCII name.
    #[inline]
    pub(crate) fn find(&self, name: &str) -> Option<Target> {
        self.longest(name)?.place.target()
    }

    /// The longest rule that covers this name.
    #[inline]
    pub(crate) fn longest(&self, name: &str) -> Option<Found> {
        let name = name.strip_suffix('.').unwrap_or(name).as_bytes();
        if name.len() > MAX_NAME_BYTES {
            return None;
        }
        if scan::is_plain(name) {
            return self.find_lower(name);
        }
        if !scan::is_plain_but_for_case(name) {
            return None;
        }
        self.find_capital(name)
    }

    /// No packet of a well-behaved program carries one.
    #[cold]
    #[inline(never)]
    fn find_capital(&self, name: &[u8]) -> Option<Found> {
        let mut lower = [0; MAX_NAME_BYTES];
        let lower = &mut lower[..name.len()];
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        self.find_lower(lower)
    }

    /// Each suffix in turn, the whole name first. A suffix that a rule is about consists of proper labels, so those
    /// behind a hit need no look.
    fn find_lower(&self, name: &[u8]) -> Option<Found> {
        let mut start = 0;
        for end in Ends::of(name) {
            if !(1..=MAX_LABEL_BYTES).contains(&(end - start)) {
                return None;
            }
            if let Some(place) = self.probe(hash(name, start), start == 0) {
                return Some(Found { place, length: name.len() - start });
            }
            start = end + 1;
        }
        None
    }

    /// The place of the rule for a suffix with this hash. Exact rules count only where the suffix is the whole name; they
    /// were given their places first, and so go first.
    fn probe(&self, hash: u64, whole: bool) -> Option<Place> {
        let mut at = first_group(hash, self.groups.len());
        loop {
            let group = self.groups.get(at)?;
            if group.may_hold(hash)
                && let Some(place) = group.find(hash, whole)
            {
                return Some(place);
            }
            if !group.overflows() {
                return None;
            }
            at = if at + 1 == self.groups.len() { 0 } else { at + 1 };
        }
    }

    /// All rules, in no order.
    pub(crate) fn rules(&self) -> impl Iterator<Item = Rule<'t>> {
        let places = self.groups.iter().flat_map(|group| group.places).filter(|place| !place.is_empty());
        let mut names = self.names;
        places.map_while(move |place| {
            let (length, rest) = names.split_first()?;
            let (name, rest) = rest.split_at_checked(usize::from(*length))?;
            names = rest;
            Some(Rule { name, exact: place.is_exact(), target: place.target()? })
        })
    }

    /// A piece of the text.
    pub(crate) fn piece(&self, span: Span) -> &'t str {
        &self.text[span.start()..span.start() + span.len()]
    }

    /// What the table takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self) + self.text.len() + self.names.len() + size_of_val(self.groups)
    }
}

/// The hash of a name's suffix, 16 bytes at a time, each folded by a product of twice as many bits (Wang Yi, *wyhash*,
/// 2019). A hostile name can meet the longest run of full groups and no more, since names looked up are never put into
/// the table.
pub(crate) fn hash(name: &[u8], at: usize) -> u64 {
    let length = name.len() - at;
    let mut hash = fold(scan::two_words(name, at), (length as u64).wrapping_mul(0xd6e8_feb8_6659_fd93));
    let mut rest = at + 16;
    while rest < name.len() {
        hash = fold(scan::two_words(name, rest), hash);
        rest += 16;
    }
    hash
}

/// 16 bytes into a hash.
fn fold((first, second): (u64, u64), hash: u64) -> u64 {
    let first = first ^ 0x9e37_79b9_7f4a_7c15;
    let (low, high) = first.carrying_mul(second ^ hash ^ 0xa076_1d64_78bd_642f, 0);
    low ^ high
}

/// Where to begin to look among so many groups.
pub(crate) fn first_group(hash: u64, groups: usize) -> usize {
    // The high half of the product is below the second factor (Lemire, *Fast random integer generation in an interval*,
    // 2019).
    let (_, group) = hash.carrying_mul(groups as u64, 0);
    usize::try_from(group).expect("it is below `groups`")
}

/// The lower half of a hash, none of whose bits chose the group.
#[expect(clippy::cast_possible_truncation, reason = "the lowest bits are meant")]
pub(crate) fn mark(hash: u64) -> u32 {
    hash as u32
}
