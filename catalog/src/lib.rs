//! Which name is which cloud service, for which need.
//!
//! The facts are the TOML files beside this crate's `Cargo.toml`: `needs.toml`, one file a need under `services/`,
//! `plumbing.toml` and `personal.toml`. `build.rs` checks them (`compile.rs` says what it refuses) and lays them out as
//! one read-only table in the program, so that a lookup allocates nothing and nothing is read at start.
//!
//! What always holds:
//! - The longest rule that covers a name decides, whatever its kind: service, plumbing or personal. At equal length a
//!   rule for exactly that name goes before a rule for it and all below it. So a personal host inside a service's
//!   domain is personal, and a service inside a personal domain is one only because somebody wrote that rule down.
//! - A personal name answers [`Verdict::Personal`] and no more: the categories do not reach the program.
//! - [`Catalog::classify`] takes any bytes off the wire that are a `str`. What is no name is [`Verdict::Unknown`].

mod attribute;
mod kind;
pub mod layer;
mod memory;
mod name;
mod service;
mod table;

#[cfg(test)]
mod compile;

use table::{Known, Record, Table, Target};

pub use attribute::{AttributeName, Price, Value};
pub use kind::{PlumbingKind, Role};
pub use memory::Memory;
pub use service::{Attribute, Need, Rule, Service, Verdict};

/// The catalog this program was built with.
pub fn builtin() -> &'static Catalog {
    &compiled::BUILTIN
}

/// Needs, services and the rules that lead from a name to them.
#[derive(Debug)]
pub struct Catalog {
    version: &'static str,
    needs: &'static [Need],
    services: &'static [Record],
    /// By the service's place.
    attributes: &'static [Known],
    rule_count: usize,
    table: Table<'static>,
}

impl Catalog {
    /// The date of the last review and a short hash of all the facts, `2026-11-22-3f9a1c2b`: differs when they differ.
    pub fn version(&self) -> &str {
        self.version
    }

    /// All needs, in the order in which people read them.
    pub fn needs(&self) -> &[Need] {
        self.needs
    }

    /// The need with this id.
    pub fn need(&self, id: &str) -> Option<&Need> {
        self.needs.iter().find(|need| need.id == id)
    }

    /// All services, by id.
    pub fn services(&self) -> impl ExactSizeIterator<Item = Service<'_>> {
        (0..self.services.len()).map(|place| self.service_at(place))
    }

    /// The service with this id.
    pub fn service(&self, id: &str) -> Option<Service<'_>> {
        Some(self.service_at(self.place_of(id)?))
    }

    /// What is publicly known about the service with this id, in the order of [`AttributeName::ALL`].
    pub fn attributes(&self, id: &str) -> impl Iterator<Item = Attribute<'_>> {
        let place = self.place_of(id).and_then(|place| u16::try_from(place).ok());
        let known = place.map_or(&[][..], |place| {
            let first = self.attributes.partition_point(|known| known.service < place);
            let past = self.attributes.partition_point(|known| known.service <= place);
            &self.attributes[first..past]
        });
        known.iter().map(|known| Attribute {
            name: known.name,
            value: self.table.piece(known.value),
            source: self.table.piece(known.source),
            month: self.table.piece(known.month),
        })
    }

    fn place_of(&self, id: &str) -> Option<usize> {
        self.services.binary_search_by(|record| self.table.piece(record.id).cmp(id)).ok()
    }

    fn service_at(&self, place: usize) -> Service<'_> {
        Service::listed(self, &self.services[place])
    }

    /// What a name is. Case and one final dot do not matter; an internationalised name matches its `xn--` form.
    ///
    /// Allocates only for a name that is not ASCII, which no packet carries.
    pub fn classify(&self, name: &str) -> Verdict<'_> {
        let target = self.table.find(name).or_else(|| self.find_international(name));
        target.map_or(Verdict::Unknown, |target| self.verdict(target))
    }

    /// All rules, in no order.
    pub fn rules(&self) -> impl Iterator<Item = Rule<'_>> {
        self.table.rules().map(|rule| Rule {
            name: str::from_utf8(rule.name).expect("rules are in ASCII"),
            exact: rule.exact,
            verdict: self.verdict(rule.target),
        })
    }

    /// How many rules there are.
    pub fn rule_count(&self) -> usize {
        self.rule_count
    }

    /// What it takes in memory.
    pub fn memory(&self) -> Memory {
        Memory::of(self)
    }

    fn verdict(&self, target: Target) -> Verdict<'_> {
        match target {
            Target::Service { index, role, often_embedded } => {
                Verdict::Service { service: self.service_at(usize::from(index)), role, often_embedded }
            }
            Target::Plumbing(kind) => Verdict::Plumbing(kind),
            Target::Personal => Verdict::Personal,
        }
    }

    fn find_international(&self, name: &str) -> Option<Target> {
        if name.is_ascii() || name.len() > MAX_INTERNATIONAL_BYTES {
            return None;
        }
        self.table.find(&idna::domain_to_ascii(name).ok()?)
    }
}

/// A name has at most 253 characters and each takes at most 4 bytes in UTF-8. Longer is no name, and is not decoded.
const MAX_INTERNATIONAL_BYTES: usize = 4 * table::MAX_NAME_BYTES;

/// Made by `build.rs` from the TOML files.
#[expect(clippy::unreadable_literal, reason = "nobody reads the slots of a hash table")]
mod compiled {
    use crate::attribute::AttributeName;
    use crate::service::Need;
    use crate::table::rule::Place;
    use crate::table::{Group, Known, Record, Span, Table};

    include!(concat!(env!("OUT_DIR"), "/catalog.rs"));
}

#[cfg(test)]
mod tests;
