//! Names outside the catalog: which hashes enough customers have reported, the names that devices then reveal, the queue in
//! which people give these a service, and which stored hashes are that service from then on.
//!
//! A hash is looked for in the stored device-days, so there is no second place where a device stands beside a hash. A
//! service is given in `portfolio.toml` and nowhere else: from there it goes to devices with all that the organisation
//! adds to the catalog, and from there [`named`] has it, so that the device-days still held count back. Who takes the
//! entry out takes all of that back.
//!
//! What always holds: only names that were revealed are matched with hashes, so what fewer than k customers reported
//! stays a hash, whatever names the portfolio lists; a name of private life is neither kept nor shown.

mod naming;
mod queue;

use std::collections::{HashMap, HashSet};

use elsewhere_catalog::{Role, Verdict, builtin, layer::Layer};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    device::{ACTIVE_DAYS, Customer, DeviceId},
    portfolio::Portfolio,
    store::{Member, Store, StoreError, body::PackedDay},
    week::Week,
};

pub use naming::{Chosen, ignore, name};
pub use queue::{Waiting, queue};

/// Most hashes counted in one go: a fleet's whole web in a week fits; past it, new ones wait for the next night.
const MAX_HASHES: usize = 500_000;
/// Longest domain that DNS allows, in bytes.
const MAX_DOMAIN: usize = 253;

/// Customers by the hash they reported, each hash with so many at most as make a group.
type Reporters = HashMap<u64, HashSet<Customer>>;

/// Asks for the names of those hashes that at least `minimum_group` customers reported within these weeks.
pub fn ask(store: &dyn Store, weeks: &[Week], minimum_group: u32) -> Result<(), StoreError> {
    let mut reported = Reporters::new();
    let grown = grown(store, weeks)?;
    for week in weeks {
        count_reporters(store, *week, minimum_group, &grown, |_| true, &mut reported)?;
    }
    let enough = |customers: &HashSet<Customer>| is_group(customers, minimum_group);
    let mut hashes: Vec<u64> =
        reported.into_iter().filter(|(_, customers)| enough(customers)).map(|(hash, _)| hash).collect();
    hashes.sort_unstable();
    store.ask_for_names(&hashes)
}

/// Devices of a group's token that told of enough days in these weeks to count toward a group.
fn grown(store: &dyn Store, weeks: &[Week]) -> Result<HashSet<DeviceId>, StoreError> {
    let mut days: HashMap<DeviceId, u32> = HashMap::new();
    for week in weeks {
        let count = |member: &Member, _: &PackedDay<'_>| {
            if member.group_token {
                *days.entry(member.device).or_default() += 1;
            }
        };
        match store.visit_week(*week, &mut [Box::new(count)]) {
            // That is told where the names are counted.
            Err(StoreError::Damaged { .. }) => {}
            visited => visited?,
        }
    }
    Ok(days.into_iter().filter(|(_, days)| *days >= ACTIVE_DAYS).map(|(device, _)| device).collect())
}

/// Adds who reported which of the wanted hashes in a week; of a damaged one, those that can be read.
fn count_reporters(
    store: &dyn Store,
    week: Week,
    minimum_group: u32,
    grown: &HashSet<DeviceId>,
    wanted: impl Fn(u64) -> bool + Send + Sync,
    reported: &mut Reporters,
) -> Result<(), StoreError> {
    let count = |member: &Member, day: &PackedDay<'_>| {
        if day.shared_device() || (member.group_token && !grown.contains(&member.device)) {
            return;
        }
        for hash in day.name_hashes().filter(|hash| wanted(*hash)) {
            if reported.len() >= MAX_HASHES && !reported.contains_key(&hash) {
                continue;
            }
            let customers = reported.entry(hash).or_default();
            if !is_group(customers, minimum_group) {
                customers.insert(member.customer.clone());
            }
        }
    };
    match store.visit_week(week, &mut [Box::new(count)]) {
        Err(error @ StoreError::Damaged { .. }) => {
            tracing::error!(%week, %error, "of a damaged week, not all names outside the catalog are counted");
            Ok(())
        }
        visited => visited,
    }
}

fn is_group(customers: &HashSet<Customer>, minimum_group: u32) -> bool {
    customers.len() >= usize::try_from(minimum_group).unwrap_or(usize::MAX)
}

/// Keeps a revealed name if it is a domain and has the hash; anything else is dropped, since nobody asked for it. A name
/// that is private life by this catalog, which an older agent does not know yet, is not kept and not asked for again.
pub fn hear(store: &dyn Store, name_hash: u64, domain: &str) -> Result<(), StoreError> {
    if !is_domain(domain) || hash(&store.identity()?.unknown_name_key, domain) != name_hash {
        return Ok(());
    }
    if builtin().classify(domain) == Verdict::Personal {
        return store.erase_name(name_hash);
    }
    store.reveal_name(name_hash, domain)
}

/// Erases the revealed names that a newer catalog calls private life.
pub fn erase_private(store: &dyn Store) -> Result<(), StoreError> {
    let names = store.revealed_names()?.into_iter();
    let mut private = names.filter(|name| builtin().classify(&name.registrable_domain) == Verdict::Personal);
    private.try_for_each(|name| store.erase_name(name.hash))
}

/// The hashes whose names have a service by now, with its id: what rollup counts as use of it.
pub fn named(store: &dyn Store, portfolio: &Portfolio) -> Result<HashMap<u64, String>, StoreError> {
    let layer = layer(portfolio);
    let named = store.revealed_names()?.into_iter().filter_map(|name| {
        match verdict(&layer, &name.registrable_domain) {
            Verdict::Service { service, role, .. } if is_worked_at(role) => {
                Some((name.hash, service.id().to_owned()))
            }
            _ => None,
        }
    });
    Ok(named.collect())
}

/// What the hosts are that a hash stands for: those of the domain for which there is no rule of their own.
fn verdict<'l>(layer: &'l Layer, domain: &str) -> Verdict<'l> {
    match builtin().classify_with(layer, domain) {
        Verdict::Personal => Verdict::Personal,
        _ => builtin().classify_with(layer, &format!("_.{domain}")),
    }
}

/// A device took the name for one where people work. Where it turns out that one only signs in or loads from there, that
/// was too much.
fn is_worked_at(role: Role) -> bool {
    match role {
        Role::App | Role::Console | Role::Tenant | Role::Api | Role::Site => true,
        Role::Login | Role::Content | Role::Embed | Role::Hosted => false,
    }
}

/// What the organisation adds to the catalog; it was checked when the portfolio was read.
fn layer(portfolio: &Portfolio) -> Layer {
    Layer::new(builtin(), &portfolio.layer).unwrap_or_default()
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
    };
    text.len() <= MAX_DOMAIN && text.contains('.') && text.split('.').all(label)
}

/// First 8 bytes of the HMAC, as the contract says.
pub(crate) fn hash(key: &[u8; 32], domain: &str) -> u64 {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(domain.as_bytes());
    let digest: [u8; 32] = mac.finalize().into_bytes().into();
    u64::from_be_bytes(*digest.first_chunk().expect("a digest has 32 bytes"))
}

#[cfg(test)]
mod tests;
