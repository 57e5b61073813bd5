//! How much the catalog holds, and the memory that it takes.

use std::collections::BTreeMap;

use elsewhere_catalog::{Catalog, Verdict};

use crate::table::{Goal, Table};

const SERVICES_GOAL: f64 = 3_000.0;
const RULES_GOAL: f64 = 6_000.0;
/// 2 MiB.
const BYTES_GOAL: f64 = 2.0 * 1024.0 * 1024.0;

/// Counts services, rules and bytes; prints the rules by kind.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub fn measure(catalog: &Catalog, table: &mut Table) {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for rule in catalog.rules() {
        *kinds.entry(kind(rule.verdict)).or_default() += 1;
    }
    println!("catalog {}: rules by kind", catalog.version());
    for (kind, rules) in &kinds {
        println!("  {kind:<26}{rules:>6}");
    }
    println!();
    let services = catalog.services().len();
    let beside = format!("{} needs", catalog.needs().len());
    table.row("size: services", services as f64, "services", &beside, Goal::AtLeast(SERVICES_GOAL));
    let count = |word: &str| kinds.iter().filter(|(kind, _)| kind.starts_with(word)).map(|(_, n)| n).sum();
    let (service, plumbing, personal): (usize, usize, usize) =
        (count("service"), count("plumbing"), count("personal"));
    let beside = format!("{service} of services, {plumbing} plumbing, {personal} personal");
    table.row("size: rules", catalog.rule_count() as f64, "rules", &beside, Goal::AtLeast(RULES_GOAL));
    let attributes = catalog.services().map(|service| catalog.attributes(service.id()).count());
    let attributes: Vec<usize> = attributes.filter(|count| *count > 0).collect();
    let beside = format!("of {} services", attributes.len());
    let known: usize = attributes.iter().sum();
    table.row("size: attributes", known as f64, "facts", &beside, Goal::None);
    let memory = catalog.memory();
    let beside = format!("{} rules and words, {} facts", memory.table_bytes, memory.facts_bytes);
    table.row("size: in memory", memory.bytes() as f64, "bytes", &beside, Goal::AtMost(BYTES_GOAL));
}

fn kind(verdict: Verdict<'_>) -> String {
    match verdict {
        Verdict::Service { role, .. } => format!("service, {}", role.as_str()),
        Verdict::Plumbing(kind) => format!("plumbing, {}", kind.as_str()),
        Verdict::Personal | Verdict::Unknown => verdict.as_str().to_owned(),
    }
}
