//! A table with a hard cap: when it is full, what was longest untouched goes; what idles, goes by time.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

use jiff::Timestamp;

/// Entries by key, in the order they were last touched.
pub(super) struct Table<K, V> {
    entries: HashMap<K, Entry<V>, foldhash::fast::RandomState>,
    /// Touches, oldest first; those that an entry outlived by a later touch are passed over.
    order: VecDeque<(u64, K)>,
    touches: u64,
    capacity: usize,
}

struct Entry<V> {
    value: V,
    touch: u64,
    touched: Timestamp,
}

impl<K: Copy + Eq + Hash, V> Table<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { entries: HashMap::default(), order: VecDeque::new(), touches: 0, capacity }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entry, left where it is in the order.
    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    pub(super) fn contains(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    /// Makes the entry the youngest.
    pub(super) fn touch(&mut self, key: &K, now: Timestamp) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        self.touches = self.touches.wrapping_add(1);
        (entry.touch, entry.touched) = (self.touches, now);
        self.order.push_back((self.touches, *key));
        self.forget_outlived();
    }

    /// Puts an entry in as the youngest; gives back the oldest where there was no room.
    pub(super) fn insert(&mut self, key: K, value: V, now: Timestamp) -> Option<(K, V)> {
        let full = self.entries.len() >= self.capacity && !self.entries.contains_key(&key);
        let evicted = if full { self.pop_oldest() } else { None };
        self.entries.insert(key, Entry { value, touch: 0, touched: now });
        self.touch(&key, now);
        evicted
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key).map(|entry| entry.value)
    }

    /// Takes out the oldest entry.
    pub(super) fn pop_oldest(&mut self) -> Option<(K, V)> {
        while let Some((touch, key)) = self.order.pop_front() {
            if self.entries.get(&key).is_some_and(|entry| entry.touch == touch) {
                return self.entries.remove(&key).map(|entry| (key, entry.value));
            }
        }
        None
    }

    /// Takes out the oldest entry if it was last touched before `then`.
    pub(super) fn pop_idle_since(&mut self, then: Timestamp) -> Option<(K, V)> {
        if self.oldest()? >= then {
            return None;
        }
        self.pop_oldest()
    }

    /// The clock was set back: nothing was touched later than now.
    pub(super) fn restart_clock(&mut self, now: Timestamp) {
        for entry in self.entries.values_mut() {
            entry.touched = entry.touched.min(now);
        }
    }

    /// When the oldest entry was last touched.
    fn oldest(&mut self) -> Option<Timestamp> {
        while let Some((touch, key)) = self.order.front() {
            match self.entries.get(key) {
                Some(entry) if entry.touch == *touch => return Some(entry.touched),
                _ => self.order.pop_front(),
            };
        }
        None
    }

    /// Keeps the order within twice the entries, at a cost that the touches before have paid.
    fn forget_outlived(&mut self) {
        const ALWAYS_KEPT: usize = 64;
        if self.order.len() > self.entries.len().saturating_mul(2).saturating_add(ALWAYS_KEPT) {
            let entries = &self.entries;
            self.order.retain(|(touch, key)| entries.get(key).is_some_and(|entry| entry.touch == *touch));
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + second.seconds()
    }

    #[test]
    fn full_table_gives_up_what_was_longest_untouched() {
        let mut table = Table::new(2);
        assert_eq!(table.insert('a', 1, at(0)), None);
        assert_eq!(table.insert('b', 2, at(1)), None);
        table.touch(&'a', at(2));
        assert_eq!(table.insert('c', 3, at(3)), Some(('b', 2)));
        assert_eq!(table.insert('c', 4, at(4)), None);
        assert_eq!(
            (table.len(), table.pop_oldest(), table.pop_oldest()),
            (2, Some(('a', 1)), Some(('c', 4)))
        );
        assert_eq!(table.pop_oldest(), None);
    }

    #[test]
    fn idle_entries_go_in_the_order_of_their_last_touch() {
        let mut table = Table::new(9);
        table.insert('a', 1, at(0));
        table.insert('b', 2, at(1));
        table.touch(&'a', at(5));
        assert_eq!(table.oldest(), Some(at(1)));
        assert_eq!(table.pop_idle_since(at(3)), Some(('b', 2)));
        assert_eq!(table.pop_idle_since(at(3)), None);
        table.restart_clock(at(2));
        assert_eq!((table.pop_idle_since(at(2)), table.oldest()), (None, Some(at(2))));
        assert_eq!(table.remove(&'a'), Some(1));
        assert_eq!(table.oldest(), None);
    }

    #[test]
    fn order_stays_small_however_often_one_entry_is_touched() {
        let mut table = Table::new(4);
        table.insert('a', 1, at(0));
        for second in 0..10_000 {
            table.touch(&'a', at(second));
        }
        assert!(table.order.len() < 100);
    }
}
