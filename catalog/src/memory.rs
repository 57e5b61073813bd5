//! What the compiled catalog takes in memory.

use crate::Catalog;

/// Bytes of the catalog's parts, counted from the parts themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Rules, slots and all words.
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
        Self {
            table_bytes: catalog.table.bytes(),
            facts_bytes: size_of_val(catalog.needs)
                + needs
                + size_of_val(catalog.services)
                + size_of_val(catalog.attributes),
        }
    }
}

fn words<const N: usize>(words: [&str; N]) -> usize {
    words.iter().map(|word| word.len()).sum()
}
