//! The queue: revealed names that wait for a service, and what may be said about each.
//!
//! Refuses what fewer than k customers stand behind, and any count: only "at least k", since which week, and in how many
//! weeks that are over. The running week adds to no such number, so nobody sees by it on which day a group was reached.

use std::collections::{BTreeMap, HashSet};

use elsewhere_catalog::Verdict;

use super::{Reporters, count_reporters, grown, is_group, layer, verdict};
use crate::{
    device::Customer,
    portfolio::Portfolio,
    store::{RevealedName, Store, StoreError},
    week::Week,
};

/// A name that waits for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The name.
    pub registrable_domain: String,
    /// By the end of this week at least k customers had reported it.
    pub since: Week,
    /// Weeks that are over in which at least k customers reported it.
    pub weeks: u32,
    /// Nobody wants to give it a service.
    pub ignored: bool,
}

/// What the weeks held say about one name.
struct Reported {
    name: RevealedName,
    customers: HashSet<Customer>,
    since: Option<Week>,
    weeks: u32,
}

/// Names that wait, those reported in most weeks first and of these the oldest; `ignored` ones are among them.
pub fn queue(
    store: &dyn Store,
    portfolio: &Portfolio,
    minimum_group: u32,
    this_week: Week,
) -> Result<Vec<Waiting>, StoreError> {
    let layer = layer(portfolio);
    let mut waiting: BTreeMap<u64, Reported> = BTreeMap::new();
    for name in store.revealed_names()? {
        if verdict(&layer, &name.registrable_domain) == Verdict::Unknown {
            waiting.insert(name.hash, Reported { name, customers: HashSet::new(), since: None, weeks: 0 });
        }
    }
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    for week in store.weeks()? {
        let mut reported = Reporters::new();
        let grown = grown(store, &[week.plus(-1), week])?;
        count_reporters(
            store,
            week,
            minimum_group,
            &grown,
            |hash| waiting.contains_key(&hash),
            &mut reported,
        )?;
        for (hash, customers) in reported {
            let Some(name) = waiting.get_mut(&hash) else { continue };
            name.weeks += u32::from(week < this_week && is_group(&customers, minimum_group));
            if name.since.is_none() {
                name.customers.extend(customers);
                name.since = is_group(&name.customers, minimum_group).then_some(week);
            }
        }
    }
    let mut queue: Vec<Waiting> = waiting.into_values().filter_map(Reported::shown).collect();
    queue.sort_by(|a, b| {
        let rank = |one: &Waiting| (std::cmp::Reverse(one.weeks), one.since);
        rank(a).cmp(&rank(b)).then_with(|| a.registrable_domain.cmp(&b.registrable_domain))
    });
    Ok(queue)
}

impl Reported {
    /// What may be said; nothing where no group stands behind it in the weeks held.
    fn shown(self) -> Option<Waiting> {
        let RevealedName { registrable_domain, ignored, .. } = self.name;
        Some(Waiting { registrable_domain, since: self.since?, weeks: self.weeks, ignored })
    }
}
