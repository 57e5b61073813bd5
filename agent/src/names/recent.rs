//! A map with a cap: when it is full, the entry that was renewed longest ago goes.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

/// Entries by key, and the order in which they were renewed.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    entries: HashMap<K, Entry<V>, foldhash::fast::RandomState>,
    order: BTreeMap<u64, K>,
    renewals: u64,
    cap: usize,
}

#[derive(Debug)]
struct Entry<V> {
    renewal: u64,
    value: V,
}

impl<K: Clone + Eq + Hash, V> Recent<K, V> {
    pub(super) fn new(cap: usize) -> Self {
        Self { entries: HashMap::default(), order: BTreeMap::new(), renewals: 0, cap }
    }

    /// The entry as the youngest, made if it is not there.
    pub(super) fn renew(&mut self, key: K, fresh: impl FnOnce() -> V) -> &mut V {
        if self.entries.len() >= self.cap && !self.entries.contains_key(&key) {
            self.pop_oldest();
        }
        // The first renewal is number 1: a fresh entry stands nowhere in the order.
        self.renewals += 1;
        let entry = self.entries.entry(key.clone()).or_insert_with(|| Entry { renewal: 0, value: fresh() });
        self.order.remove(&entry.renewal);
        entry.renewal = self.renewals;
        self.order.insert(self.renewals, key);
        &mut entry.value
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    pub(super) fn contains(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let entry = self.entries.remove(key)?;
        self.order.remove(&entry.renewal);
        Some(entry.value)
    }

    /// The entry that was renewed longest ago.
    pub(super) fn oldest(&self) -> Option<&V> {
        let (_, key) = self.order.first_key_value()?;
        self.get(key)
    }

    pub(super) fn pop_oldest(&mut self) -> Option<(K, V)> {
        let (_, key) = self.order.pop_first()?;
        self.entries.remove(&key).map(|entry| (key, entry.value))
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.entries.len(), self.order.len());
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    #[test]
    fn full_map_gives_up_what_was_renewed_longest_ago() {
        let mut map = Recent::new(2);
        map.renew('a', || 1);
        map.renew('b', || 2);
        *map.renew('a', || 9) += 10;
        map.renew('c', || 3);
        assert_eq!((map.get(&'a'), map.get(&'b'), map.get(&'c'), map.len()), (Some(&11), None, Some(&3), 2));
        assert_eq!(map.oldest(), Some(&11));
        assert_eq!((map.remove(&'a'), map.pop_oldest()), (Some(11), Some(('c', 3))));
        assert_eq!((map.pop_oldest(), map.len()), (None, 0));
    }
}
