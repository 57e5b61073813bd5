//! Lays checked rules out as the table that [`crate::table::Table::find`] reads.

use std::collections::HashMap;

use super::{CheckedService, Compiled, Texts};
use crate::table::{self, Known, Record, Rule, Span};

/// The table's parts, ready to be written down or looked up in.
pub(crate) struct Layout {
    pub text: String,
    pub services: Vec<Record>,
    /// By the service's place.
    pub attributes: Vec<Known>,
    pub rules: Vec<Rule>,
    pub slots: Vec<u16>,
}

/// Writes every word into one text, once, and gives each rule a slot, of which half stay empty.
pub(crate) fn lay_out(compiled: &Compiled) -> Layout {
    let mut text = Text::default();
    let mut rules = Vec::new();
    let mut slots = vec![table::EMPTY; (2 * compiled.rules.len()).next_power_of_two().max(2)];
    for (place, rule) in (1u16..).zip(&compiled.rules) {
        let Span(name) = text.span(&rule.name);
        let name = if rule.exact { name | table::EXACT } else { name };
        rules.push(Rule { name, target: rule.target });
        insert(&mut slots, &rule.name, place);
    }
    let services = compiled.services.iter().map(|service| record(compiled, service, &mut text)).collect();
    // Last, so that the words which lookups read stand together.
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
    Layout { text: text.bytes, services, attributes, rules, slots }
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

fn insert(slots: &mut [u16], name: &str, place: u16) {
    let hash = table::hash(name.as_bytes(), 0);
    let mut at = table::first_slot(hash, slots.len());
    while slots[at] != table::EMPTY {
        at = (at + 1) & (slots.len() - 1);
    }
    slots[at] = place;
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
