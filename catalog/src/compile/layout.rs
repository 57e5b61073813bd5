//! Lays checked rules out as the table that [`crate::table::Table::find`] reads.

use std::collections::HashMap;

use super::{CheckedRule, CheckedService, Compiled, Texts};
use crate::table::rule::{EMBEDDED, EXACT, HASH, PERSONAL, PLUMBING, Place, STEP, STEPS};
use crate::table::{self, GROUP, Group, Known, Record, Span, Target};

/// The table's parts, ready to be written down or looked up in.
pub(crate) struct Layout {
    pub text: String,
    pub services: Vec<Record>,
    /// By the service's place.
    pub attributes: Vec<Known>,
    pub rules: Vec<u8>,
    pub groups: Vec<Group>,
}

#[cfg(test)]
impl Layout {
    /// To be looked up in.
    pub(crate) fn table(&self) -> table::Table<'_> {
        table::Table { text: &self.text, rules: &self.rules, rule_count: 0, groups: &self.groups }
    }
}

/// Writes down all rules, gives each a place, of which a third stays empty, and writes every word into one text, once.
pub(crate) fn lay_out(compiled: &Compiled) -> Layout {
    let mut text = Text::default();
    // An empty place leads to the first: no name, and no rule.
    let mut rules = vec![0; STEP];
    let empty = Group { tags: [0; 16], places: [Place::EMPTY; GROUP] };
    let mut groups = vec![empty; (compiled.rules.len() * 3).div_ceil(2 * GROUP).max(1)];
    // Exact rules first: of two about one name the one that is found first decides.
    let (exact, others): (Vec<_>, Vec<_>) = compiled.rules.iter().partition(|rule| rule.exact);
    for rule in exact.into_iter().chain(others) {
        let hash = table::hash(rule.name.as_bytes(), 0);
        insert(&mut groups, hash, write(rule, hash, &mut rules));
    }
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
    Layout { text: text.bytes, services, attributes, rules, groups }
}

/// Puts a rule behind the others.
#[expect(clippy::cast_possible_truncation, reason = "the lower bits are meant")]
fn write(rule: &CheckedRule, hash: u64, rules: &mut Vec<u8>) -> Place {
    let start = u32::try_from(rules.len() / STEP).ok().filter(|start| *start < STEPS);
    let start = start.expect("fewer rules than 65,536 fill no 2 MiB");
    let (target, index, kind) = match rule.target {
        Target::Service { index, role, often_embedded } => {
            (0, index, role as u8 | if often_embedded { EMBEDDED } else { 0 })
        }
        Target::Plumbing(kind) => (PLUMBING, 0, kind as u8),
        Target::Personal => (PERSONAL, 0, 0),
    };
    rules.extend(index.to_le_bytes());
    rules.push(kind);
    rules.push(u8::try_from(rule.name.len()).expect("names were checked: 253 bytes at most"));
    rules.extend(rule.name.as_bytes());
    rules.resize(rules.len().next_multiple_of(STEP), 0);
    let exact = if rule.exact { EXACT } else { 0 };
    let of_hash = hash as u32 / HASH * HASH;
    Place(of_hash | target | exact | start)
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

fn insert(groups: &mut [Group], hash: u64, place: Place) {
    let mut at = table::first_group(hash, groups.len());
    loop {
        let Group { tags, places } = &mut groups[at];
        let mut with_tags = tags.iter_mut().zip(places);
        if let Some((tag, empty)) = with_tags.find(|(_, place)| **place == Place::EMPTY) {
            (*tag, *empty) = (table::tag(hash), place);
            return;
        }
        at = (at + 1) % groups.len();
    }
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
