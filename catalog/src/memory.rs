//! What the compiled catalog takes in memory.

use crate::{Catalog, service::Attribute};

/// Bytes of the catalog's parts, counted from the parts themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Words, rules and slots: all that a lookup reads.
    pub table_bytes: usize,
    /// Needs, services and attributes.
    pub facts_bytes: usize,
}

impl Memory {
    /// All of it, in bytes.
    pub fn bytes(&self) -> usize {
        self.table_bytes + self.facts_bytes
    }

    pub(crate) fn of(catalog: &Catalog) -> Self {
        let needs = catalog.needs.iter().map(|need| words([need.id, need.name, need.job])).sum::<usize>();
        let attributes = catalog.attributes.iter().flat_map(|(_, attributes)| *attributes);
        let of_attribute =
            |one: &Attribute| size_of_val(one) + words([one.name, one.value, one.source, one.month]);
        Self {
            table_bytes: catalog.table.bytes(),
            facts_bytes: size_of_val(catalog.needs)
                + needs
                + size_of_val(catalog.services)
                + size_of_val(catalog.attributes)
                + attributes.map(of_attribute).sum::<usize>(),
        }
    }
}

fn words<const N: usize>(words: [&str; N]) -> usize {
    words.iter().map(|word| word.len()).sum()
}
