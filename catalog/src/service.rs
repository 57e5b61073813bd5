//! What the catalog answers with: needs, services, what is known about them, and what a name turned out to be.

use std::fmt;

use crate::Catalog;
use crate::attribute::AttributeName;
use crate::kind::{PlumbingKind, Role};
use crate::layer::OwnService;
use crate::table::Record;

/// A job that customers hire a service for.
#[derive(Debug, PartialEq, Eq)]
pub struct Need {
    /// Stable id, such as `send-once`.
    pub id: &'static str,
    /// What people read, such as "Send something once".
    pub name: &'static str,
    /// The job to be done, in a few words.
    pub job: &'static str,
}

/// A cloud service: one thing that is used for one need.
///
/// A suite is several services where its hosts tell them apart.
///
/// It only points at its facts: of the many names that are looked up, few are asked for more.
#[derive(Clone, Copy)]
pub struct Service<'c>(Facts<'c>);

#[derive(Clone, Copy)]
enum Facts<'c> {
    Listed { catalog: &'c Catalog, record: &'c Record },
    Own(&'c OwnService),
}

impl<'c> Service<'c> {
    pub(crate) fn listed(catalog: &'c Catalog, record: &'c Record) -> Self {
        Self(Facts::Listed { catalog, record })
    }

    pub(crate) fn own(service: &'c OwnService) -> Self {
        Self(Facts::Own(service))
    }

    /// Stable id, kebab-case: `google-drive`.
    pub fn id(self) -> &'c str {
        match self.0 {
            Facts::Listed { catalog, record } => catalog.table.piece(record.id),
            Facts::Own(service) => &service.id,
        }
    }

    /// What people read: "Google Drive".
    pub fn name(self) -> &'c str {
        match self.0 {
            Facts::Listed { catalog, record } => catalog.table.piece(record.name),
            Facts::Own(service) => &service.name,
        }
    }

    /// Who offers it: "Google". Empty for an organisation's own.
    pub fn vendor(self) -> &'c str {
        match self.0 {
            Facts::Listed { catalog, record } => catalog.table.piece(record.vendor),
            Facts::Own(_) => "",
        }
    }

    /// Host of the home page: `drive.google.com`. Empty for an organisation's own.
    pub fn home(self) -> &'c str {
        match self.0 {
            Facts::Listed { catalog, record } => catalog.table.piece(record.home),
            Facts::Own(_) => "",
        }
    }

    /// Id of the [`Need`] it serves.
    pub fn need(self) -> &'c str {
        match self.0 {
            Facts::Listed { catalog, record } => catalog.needs[usize::from(record.need)].id,
            Facts::Own(service) => &service.need,
        }
    }

    /// As often private as work (webmail, messengers, social networks): in no figure by default.
    pub fn as_often_private(self) -> bool {
        match self.0 {
            Facts::Listed { record, .. } => record.as_often_private,
            Facts::Own(_) => false,
        }
    }
}

/// Ids are unique.
impl PartialEq for Service<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Service<'_> {}

impl fmt::Debug for Service<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Service").field(&self.id()).finish()
    }
}

/// One publicly known fact about a service, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'c> {
    /// What it is about.
    pub name: AttributeName,
    /// In words: "2 GB", "yes". [`AttributeName::read`] tells what they say.
    pub value: &'c str,
    /// Address of the page that says so.
    pub source: &'c str,
    /// The last month in which that page is known to have said so, `2026-11`.
    pub month: &'c str,
}

/// One rule of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule<'c> {
    /// The name that it is about.
    pub name: &'c str,
    /// Stands for this very name, not for those below it.
    pub exact: bool,
    /// What the name is.
    pub verdict: Verdict<'c>,
}

/// What a name turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'c> {
    /// A host of a service.
    Service {
        /// Which one.
        service: Service<'c>,
        /// What this host does for it.
        role: Role,
        /// The host is the service's own, but pages of others load from it too: a contact alone is weak.
        often_embedded: bool,
    },
    /// Contacted by machines for themselves; only ever counted.
    Plumbing(PlumbingKind),
    /// Private life: to be dropped before anything is kept.
    Personal,
    /// Not in the catalog.
    Unknown,
}

impl Verdict<'_> {
    /// The word for it in what the programs print.
    pub fn as_str(&self) -> &'static str {
        match self {
            Verdict::Service { .. } => "service",
            Verdict::Plumbing(_) => "plumbing",
            Verdict::Personal => "personal",
            Verdict::Unknown => "unknown",
        }
    }
}
