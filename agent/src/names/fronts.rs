//! Public names of ECH configurations: what an encrypted hello shows in place of the name it hides.

use super::Recent;
use crate::domain::Domain;

/// Public names that are remembered. There are a handful of providers; past it, the oldest goes.
pub(super) const MAX_FRONTS: usize = 64;
/// Public names that are remembered from answers nobody asked for; past it, the oldest of these goes.
pub(super) const MAX_UNSOLICITED: usize = 16;
/// Public names that are known without an HTTPS record having been seen: Cloudflare's, and those of the two test sites
/// defo.ie and tls-ech.dev.
const WELL_KNOWN: &[&str] = &["cloudflare-ech.com", "cover.defo.ie", "public.tls-ech.dev"];

/// The public names that are known.
#[derive(Debug)]
pub(super) struct Fronts {
    solicited: Recent<Domain, ()>,
    unsolicited: Recent<Domain, ()>,
}

impl Default for Fronts {
    fn default() -> Self {
        Self { solicited: Recent::new(MAX_FRONTS), unsolicited: Recent::new(MAX_UNSOLICITED) }
    }
}

impl Fronts {
    /// An HTTPS or SVCB record has it.
    pub(super) fn learn(&mut self, name: &Domain, is_solicited: bool) {
        if is_solicited {
            self.unsolicited.remove(name);
            self.solicited.renew(name.clone(), || ());
        } else if !self.solicited.contains(name) {
            self.unsolicited.renew(name.clone(), || ());
        }
    }

    pub(super) fn contains(&self, name: &Domain) -> bool {
        is_well_known(name) || self.solicited.contains(name) || self.unsolicited.contains(name)
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> [usize; 2] {
        [self.solicited.len(), self.unsolicited.len()]
    }
}

/// Nobody has to say so.
pub(super) fn is_well_known(name: &Domain) -> bool {
    WELL_KNOWN.contains(&name.as_str())
}
