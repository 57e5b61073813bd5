//! What a connection was to: a service and the role of its host, plumbing, or a name outside the catalog.
//!
//! Owns the verdict on a flow; which kind of program it was is `app_class`'s to say. Refuses private life: a personal
//! name becomes [`Subject::Personal`], which holds nothing, and no later stage learns more. Always holds: the public
//! name of a real Encrypted Client Hello is no subject, because `flows` does not hand it on.

use elsewhere_catalog::{Catalog, PlumbingKind, Role, Service, Verdict};

pub use crate::app_class::AppClass;
use crate::flows::{Flow, Naming, is_tunnel};


/// What a connection was to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'f> {
    /// A host of a service in the catalog.
    Service {
        /// The service.
        service: &'static Service,
        /// What the host does for it.
        role: Role,
        /// Pages of others load from this host too.
        often_embedded: bool,
    },
    /// A name outside the catalog, by its registrable domain.
    Unlisted(&'f str),
    /// What machines contact for themselves.
    Plumbing(PlumbingKind),
    /// A tunnel of some network: what goes through it is not seen, or seen on the interface inside.
    Tunnel,
    /// Private life. Which kind is not said, to nobody.
    Personal,
    /// Nobody knows: no name, several, a hidden one, or one without a registrable domain.
    Unnamed,
}

/// What the flow was to, by the catalog.
pub fn subject<'f>(catalog: &'static Catalog, flow: &'f Flow) -> Subject<'f> {
    if flow.encrypted_dns.is_some() {
        return Subject::Plumbing(PlumbingKind::Dns);
    }
    if is_tunnel(&flow.key) {
        return Subject::Tunnel;
    }
    let Naming::Known(name, _) = &flow.naming else { return Subject::Unnamed };
    match catalog.classify(name.as_str()) {
        Verdict::Service { service, role, often_embedded } => {
            Subject::Service { service, role, often_embedded }
        }
        Verdict::Plumbing(kind) => Subject::Plumbing(kind),
        Verdict::Personal => Subject::Personal,
        Verdict::Unknown => name.registrable().map_or(Subject::Unnamed, Subject::Unlisted),
    }
}
