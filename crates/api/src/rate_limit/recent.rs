//! A table of what was used last, of bounded size, so that a flood of clients cannot fill the memory.
//!
//! Each part has a young half and an old one. What is written goes into the young; when that is full, it
//! becomes the old one and what was old is forgotten. So an entry that is in use stays, and one is
//! forgotten only after as many others as half the table holds have come. A client whose entry is
//! forgotten starts anew, which is what it would do anyway after a moment of rest.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

use governor::nanos::Nanos;
use governor::state::StateStore;
use parking_lot::Mutex;

/// Parts with a lock of their own.
const PARTS: usize = 16;

/// The table.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    parts: [Mutex<Part<K, V>>; PARTS],
    hasher: RandomState,
    /// Entries in one half of a part.
    half: usize,
}

#[derive(Debug)]
struct Part<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq + Clone, V: Copy> Recent<K, V> {
    /// At most so many entries, give or take what does not divide.
    pub(super) fn new(max_entries: usize) -> Self {
        let part = || {
            Mutex::new(Part {
                young: HashMap::new(),
                old: HashMap::new(),
            })
        };
        Recent {
            parts: std::array::from_fn(|_| part()),
            hasher: RandomState::new(),
            half: (max_entries / PARTS / 2).max(1),
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.part(key).lock().get(key)
    }

    pub(super) fn insert(&self, key: &K, value: V) {
        self.part(key).lock().insert(key, value, self.half);
    }

    fn part(&self, key: &K) -> &Mutex<Part<K, V>> {
        let hash = self.hasher.hash_one(key) as usize;
        &self.parts[hash % PARTS]
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let parts = self.parts.iter().map(|part| part.lock());
        parts.map(|part| part.young.len() + part.old.len()).sum()
    }
}

impl<K: Hash + Eq + Clone, V: Copy> Part<K, V> {
    fn get(&self, key: &K) -> Option<V> {
        self.young.get(key).or_else(|| self.old.get(key)).copied()
    }

    fn insert(&mut self, key: &K, value: V, half: usize) {
        if let Some(place) = self.young.get_mut(key) {
            *place = value;
            return;
        }
        if self.young.len() >= half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key.clone(), value);
    }
}

impl<K: Hash + Eq + Clone> StateStore for Recent<K, Nanos> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut part = self.part(key).lock();
        let (outcome, state) = decide(part.get(key))?;
        part.insert(key, state, self.half);
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_holds_more_than_it_may() {
        let recent = Recent::new(3200);
        for key in 0..100_000_u32 {
            recent.insert(&key, key);
            assert!(recent.len() <= 3200, "{} after {key}", recent.len());
        }
        assert!(recent.len() > 1000, "{}", recent.len());
    }

    #[test]
    fn what_is_in_use_stays_and_what_is_not_goes() {
        let recent = Recent::new(3200);
        recent.insert(&u32::MAX, 7);
        for key in 0..100_000 {
            recent.insert(&key, 0);
            if let Some(value) = recent.get(&u32::MAX) {
                recent.insert(&u32::MAX, value);
            }
        }
        assert_eq!(recent.get(&u32::MAX), Some(7));
        assert_eq!(recent.get(&0), None);
    }
}
