//! Lays checked rules out as the table that [`crate::table::Table::find`] reads.

use super::{Compiled, Texts};
use crate::table::{self, Rule};

/// The table's parts, ready to be written down or looked up in.
pub(crate) struct Layout {
    pub text: String,
    pub rules: Vec<Rule>,
    pub slots: Vec<u32>,
}

/// Writes every rule's name into one text and gives it a slot, of which half stay empty.
pub(crate) fn lay_out(compiled: &Compiled) -> Layout {
    let mut text = String::new();
    let mut rules = Vec::new();
    let mut slots = vec![table::EMPTY; (2 * compiled.rules.len()).next_power_of_two().max(2)];
    for (place, rule) in (1u16..).zip(&compiled.rules) {
        let start = u32::try_from(text.len()).expect("names were checked: `MAX_RULES` of 253 bytes at most");
        let len = u8::try_from(rule.name.len()).expect("names were checked: 253 bytes at most");
        rules.push(Rule { start, len, exact: rule.exact, target: rule.target });
        text.push_str(&rule.name);
        insert(&mut slots, &rule.name, place);
    }
    Layout { text, rules, slots }
}

fn insert(slots: &mut [u32], name: &str, place: u16) {
    let hash = table::hash(name.as_bytes(), 0);
    let mut at = table::first_slot(hash, slots.len());
    while slots[at] != table::EMPTY {
        at = (at + 1) & (slots.len() - 1);
    }
    slots[at] = table::tag(hash) << 16 | u32::from(place);
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
