//! Names outside the catalog: which hashes enough customers have reported, and the names that devices then reveal.
//!
//! A hash is looked for in the stored device-days, so there is no second place where a device stands beside a hash.

use std::collections::{HashMap, HashSet};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    device::Customer,
    store::{Store, StoreError},
    week::Week,
};

/// Most hashes counted in one go: a fleet's whole web in a week fits; past it, new ones wait for the next night.
const MAX_HASHES: usize = 500_000;
/// Longest domain that DNS allows, in bytes.
const MAX_DOMAIN: usize = 253;

/// Asks for the names of those hashes that at least `minimum_group` customers reported within these weeks.
pub fn ask(store: &dyn Store, weeks: &[Week], minimum_group: u32) -> Result<(), StoreError> {
    let enough = usize::try_from(minimum_group).unwrap_or(usize::MAX);
    let mut reported: HashMap<u64, HashSet<Customer>> = HashMap::new();
    for week in weeks {
        store.scan_week(*week, &mut |member, day| {
            if day.shared_device {
                return;
            }
            for unknown in &day.unknown_services {
                if reported.len() >= MAX_HASHES && !reported.contains_key(&unknown.name_hash) {
                    continue;
                }
                let customers = reported.entry(unknown.name_hash).or_default();
                if customers.len() < enough {
                    customers.insert(member.customer.clone());
                }
            }
        })?;
    }
    let mut hashes: Vec<u64> = reported
        .into_iter()
        .filter(|(_, customers)| customers.len() >= enough)
        .map(|(hash, _)| hash)
        .collect();
    hashes.sort_unstable();
    store.ask_for_names(&hashes)
}

/// Keeps a revealed name if it is a domain and has the hash; anything else is dropped, since nobody asked for it.
pub fn hear(store: &dyn Store, name_hash: u64, domain: &str) -> Result<(), StoreError> {
    if is_domain(domain) && hash(&store.identity()?.unknown_name_key, domain) == name_hash {
        store.reveal_name(name_hash, domain)?;
    }
    Ok(())
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
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        device::{DeviceId, Groups},
        store::{DeviceDays, sqlite::SqliteStore},
        wire::tests::good_day,
    };

    #[test]
    fn a_name_is_asked_for_once_enough_customers_reported_it_and_kept_if_its_hash_fits() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::create_or_open(dir.path()).unwrap();
        let today = date(2026, 11, 13);
        let week = Week::of(today);
        let hash = hash(&store.identity().unwrap().unknown_name_key, "freightdesk.example");
        // Ten devices, but two to a customer.
        for bits in 0..10_u64 {
            let mut wire = good_day(today, 1);
            wire.unknown_services[0].name_hash = hash;
            let pseudonym = Some(format!("c-{}", bits / 2).parse().unwrap());
            let groups = Groups { pseudonym, ..Groups::default() };
            let device = store.register_device(DeviceId::from_bits(bits), &groups, false, today).unwrap();
            let days = vec![(&wire).try_into().unwrap()];
            store.put_device_days(vec![DeviceDays { device, days }], today).unwrap();
            ask(&store, &[week], 5).unwrap();
            assert_eq!(store.names_to_reveal().unwrap().is_empty(), bits < 8, "{bits}");
        }
        for wrong in ["other.example", "Freightdesk.example", "", "freightdesk"] {
            hear(&store, hash, wrong).unwrap();
        }
        assert!(store.revealed_names().unwrap().is_empty());
        hear(&store, hash, "freightdesk.example").unwrap();
        assert_eq!(store.revealed_names().unwrap(), ["freightdesk.example"]);
    }
}
