//! Lays checked rules out as the table that [`crate::table::Table::find`] reads.

use std::collections::HashMap;

use super::{CheckedRule, CheckedService, Compiled, Texts};
use crate::table::rule::{self, EMBEDDED, EXACT, FOLLOWED, PERSONAL, PLUMBING, Place, ROLE, SERVICE};
use crate::table::{self, GROUP, Group, Known, Record, Span, Target};

/// The table's parts, ready to be written down or looked up in.
pub(crate) struct Layout {
    pub text: String,
    pub services: Vec<Record>,
    /// By the service's place.
    pub attributes: Vec<Known>,
    pub names: Vec<u8>,
    pub groups: Vec<Group>,
}

#[cfg(test)]
impl Layout {
    /// To be looked up in.
    pub(crate) fn table(&self) -> table::Table<'_> {
        table::Table { text: &self.text, names: &self.names, groups: &self.groups }
    }
}

/// Gives each rule a place, of which a quarter stays empty, and writes every word into one text, once.
pub(crate) fn lay_out(compiled: &Compiled) -> Layout {
    let mut text = Text::default();
    let mut filling = Filling::with_room_for(compiled.rules.len());
    // Exact rules first: of two about one name the one that is found first decides.
    let (exact, others): (Vec<_>, Vec<_>) = compiled.rules.iter().partition(|rule| rule.exact);
    for rule in exact.into_iter().chain(others) {
        filling.insert(rule);
    }
    let (groups, names) = filling.done();
    let services = compiled.services.iter().map(|service| record(compiled, service, &mut text)).collect();
    let attributes = (0u16..).zip(&compiled.services).flat_map(|(service, checked)| {
        checked.attributes.iter().map(move |(name, attribute)| (service, *name, attribute))
    });
    let attributes = attributes.map(|(service, name, attribute)| Known {
        service,
        name,
        value: text.span(&attribute.value),
        source: text.span(&attribute.source),
        month: text.span(&attribute.month),
    });
    let attributes = attributes.collect();
    Layout { text: text.bytes, services, attributes, names, groups }
}

fn record(compiled: &Compiled, service: &CheckedService, text: &mut Text) -> Record {
    let need = compiled.needs.iter().position(|need| need.id == service.need);
    Record {
        id: text.span(&service.id),
        name: text.span(&service.name),
        vendor: text.span(&service.vendor),
        home: text.span(&service.home),
        need: need.and_then(|need| u8::try_from(need).ok()).expect("needs were checked: under 256"),
        as_often_private: service.as_often_private,
    }
}

/// The text, and where each word stands in it.
#[derive(Default)]
struct Text {
    bytes: String,
    spans: HashMap<String, Span>,
}

impl Text {
    fn span(&mut self, word: &str) -> Span {
        if let Some(span) = self.spans.get(word) {
            return *span;
        }
        let start = u32::try_from(self.bytes.len()).ok().filter(|start| *start < 1 << 23);
        let len = u8::try_from(word.len()).expect("words were checked: 253 bytes at most");
        let span = Span(start.expect("fewer rules than 65,536 fill no 8 MiB") << 8 | u32::from(len));
        self.bytes.push_str(word);
        self.spans.insert(word.to_owned(), span);
        span
    }
}

/// Groups, and which rule has each place.
struct Filling<'r> {
    groups: Vec<Group>,
    rules: Vec<[Option<&'r CheckedRule>; GROUP]>,
}

impl<'r> Filling<'r> {
    fn with_room_for(rules: usize) -> Self {
        let groups = (rules * 4).div_ceil(3 * GROUP).max(1);
        let empty = Group { marks: [0; GROUP], places: [Place::EMPTY; GROUP] };
        Self { groups: vec![empty; groups], rules: vec![[None; GROUP]; groups] }
    }

    fn insert(&mut self, rule: &'r CheckedRule) {
        let hash = table::hash(rule.name.as_bytes(), 0);
        let mark = table::mark(hash);
        let place = place(rule, hash);
        let mut at = table::first_group(hash, self.groups.len());
        loop {
            let (group, rules) = (&mut self.groups[at], &mut self.rules[at]);
            let taken_for =
                group.known_by(hash).filter_map(|at| rules[at]).find(|other| other.name != rule.name);
            assert!(taken_for.is_none(), "{} would be taken for {taken_for:?}: change the hash", rule.name);
            if let Some(empty) = rules.iter().position(Option::is_none) {
                (group.marks[empty], group.places[empty], rules[empty]) = (mark, place, Some(rule));
                return;
            }
            group.places[GROUP - 1].0 |= FOLLOWED;
            at = (at + 1) % self.groups.len();
        }
    }

    /// The groups, and the names in the order of their places.
    fn done(self) -> (Vec<Group>, Vec<u8>) {
        let mut names = Vec::new();
        for rule in self.rules.iter().flatten().flatten() {
            names.push(u8::try_from(rule.name.len()).expect("names were checked: 253 bytes at most"));
            names.extend(rule.name.as_bytes());
        }
        (self.groups, names)
    }
}

/// Of a rule about a name with this hash.
fn place(rule: &CheckedRule, hash: u64) -> Place {
    let target = match rule.target {
        Target::Service { index, role, often_embedded } => {
            let embedded = if often_embedded { EMBEDDED } else { 0 };
            SERVICE | u32::from(index) | (role as u32) << ROLE | embedded
        }
        Target::Plumbing(kind) => PLUMBING | kind as u32,
        Target::Personal => PERSONAL,
    };
    Place(rule::bits(hash) | target | if rule.exact { EXACT } else { 0 })
}

/// A short hash of all facts, so that two catalogs of one date are told apart.
pub(super) fn fingerprint(texts: &Texts) -> u32 {
    let services = texts.services.iter().flat_map(|(need, text)| [need, text]);
    let all = [&texts.needs, &texts.plumbing, &texts.personal].into_iter().chain(services);
    let hash = all.fold(0, |so_far: u64, text| so_far.rotate_left(5) ^ fnv_1a(text));
    u32::try_from(hash >> 32).expect("32 bits are left")
}

fn fnv_1a(text: &str) -> u64 {
    text.bytes().rev().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
