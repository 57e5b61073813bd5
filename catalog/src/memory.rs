//! What the compiled catalog takes in memory.

use crate::{Catalog, service::Service};

/// Bytes of the catalog's parts, counted from the parts themselves. Equal words of several services count each time,
/// although the compiler may keep them once, so that the truth is at most this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Names, rules and slots: all that a lookup reads.
    pub table_bytes: usize,
    /// Needs, services and their attributes, with all their words.
    pub facts_bytes: usize,
}

impl Memory {
    /// All of it, in bytes.
    pub fn bytes(&self) -> usize {
        self.table_bytes + self.facts_bytes
    }

    pub(crate) fn of(catalog: &Catalog) -> Self {
        let needs = catalog.needs.iter().map(|need| words([&need.id, &need.name, &need.job]));
        let services = catalog.services.iter().map(words_of_service);
        Self {
            table_bytes: catalog.table.bytes(),
            facts_bytes: size_of_val(catalog.needs)
                + size_of_val(catalog.services)
                + needs.chain(services).sum::<usize>(),
        }
    }
}

/// All that a service points to.
fn words_of_service(service: &Service) -> usize {
    let attributes = service.attributes;
    let of_attributes =
        attributes.iter().map(|one| words([&one.name, &one.value, &one.source, &one.month])).sum::<usize>();
    words([&service.id, &service.name, &service.vendor, &service.home, &service.need])
        + size_of_val(attributes)
        + of_attributes
}

fn words<const N: usize>(words: [&str; N]) -> usize {
    words.iter().map(|word| word.len()).sum()
}
