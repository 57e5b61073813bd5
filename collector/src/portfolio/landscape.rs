//! The landscape of one week: every need and service, with what the organisation had decided about it by then.
//!
//! It is what `rollup` sees of catalog and portfolio. A status set later never reaches back into an earlier week.

use std::collections::HashMap;

use super::SanctionStatus;

/// Every need and service as they stood in one week.
#[derive(Clone, Debug, Default)]
pub struct Landscape {
    needs: Vec<NeedOffer>,
    services: Vec<Offered>,
    /// Asked for every row of a week.
    by_id: HashMap<String, ServiceIndex, foldhash::fast::RandomState>,
}

/// Place of a need in its landscape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NeedIndex(u16);

/// Place of a service in its landscape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceIndex(u16);

/// A need, and what IT offered for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeedOffer {
    /// Stable id.
    pub id: String,
    /// What people read.
    pub name: String,
    /// A service of ours served it that week.
    pub served: bool,
    /// A service of ours for another need serves it too, and its use for this one can't be seen.
    pub ours_not_visible: bool,
}

/// A service, and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Stable id.
    pub id: String,
    /// What people read.
    pub name: String,
    /// The need it serves.
    pub need: NeedIndex,
    /// What had been decided.
    pub status: SanctionStatus,
    /// As often private as work: in no figure.
    pub as_often_private: bool,
}

/// On whose side use of a service counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Sanctioned: with us.
    Ours,
    /// Tolerated: neither with us nor elsewhere.
    Tolerated,
    /// Unsanctioned, or not looked at yet.
    Elsewhere,
}

impl NeedIndex {
    /// Its place, from 0.
    pub(crate) fn at(self) -> usize {
        usize::from(self.0)
    }
}

impl ServiceIndex {
    /// Its place, from 0.
    pub(crate) fn at(self) -> usize {
        usize::from(self.0)
    }
}

impl Offered {
    /// On whose side its use counts.
    pub fn side(&self) -> Side {
        match self.status {
            SanctionStatus::Sanctioned => Side::Ours,
            SanctionStatus::Tolerated => Side::Tolerated,
            SanctionStatus::Unsanctioned | SanctionStatus::Unreviewed => Side::Elsewhere,
        }
    }
}

impl Landscape {
    /// A landscape with these needs and no service yet.
    pub fn new(needs: impl IntoIterator<Item = (String, String)>) -> Self {
        let offer = |(id, name)| NeedOffer { id, name, served: false, ours_not_visible: false };
        Self { needs: needs.into_iter().map(offer).collect(), ..Self::default() }
    }

    /// Adds a service; `false` where its need is not in the landscape or there is no room for it.
    pub fn add(
        &mut self,
        id: &str,
        name: &str,
        need: &str,
        status: SanctionStatus,
        as_often_private: bool,
    ) -> bool {
        let (Some(need), Ok(index)) = (self.need_index(need), u16::try_from(self.services.len())) else {
            return false;
        };
        self.needs[usize::from(need.0)].served |= status == SanctionStatus::Sanctioned;
        self.services.push(Offered { id: id.into(), name: name.into(), need, status, as_often_private });
        self.by_id.insert(id.into(), ServiceIndex(index));
        true
    }

    /// Says that a service of ours for another need serves this one too, unseen.
    pub fn ours_not_visible(&mut self, need: &str) {
        if let Some(index) = self.need_index(need) {
            self.needs[usize::from(index.0)].ours_not_visible = true;
        }
    }

    /// All needs, in the catalog's order.
    pub fn needs(&self) -> impl Iterator<Item = (NeedIndex, &NeedOffer)> {
        self.needs.iter().zip(0..).map(|(need, index)| (NeedIndex(index), need))
    }

    /// All services.
    pub fn services(&self) -> &[Offered] {
        &self.services
    }

    /// The places of all services, in their order.
    pub(crate) fn indices(&self) -> impl Iterator<Item = ServiceIndex> + use<> {
        (0..).take(self.services.len()).map(ServiceIndex)
    }

    /// The need at its place.
    pub fn need(&self, index: NeedIndex) -> &NeedOffer {
        &self.needs[usize::from(index.0)]
    }

    /// The service at its place.
    pub fn service(&self, index: ServiceIndex) -> &Offered {
        &self.services[usize::from(index.0)]
    }

    /// Where the service with this id stands.
    pub fn find(&self, id: &str) -> Option<ServiceIndex> {
        self.by_id.get(id).copied()
    }

    fn need_index(&self, id: &str) -> Option<NeedIndex> {
        self.needs().find(|(_, need)| need.id == id).map(|(index, _)| index)
    }
}
