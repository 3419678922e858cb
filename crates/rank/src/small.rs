//! The index while it is small: two sorted vectors. A country with three players then costs a
//! few dozen bytes, not a leaf.

use crate::node::LEAF_CAPACITY;

/// From this many entries on, an index is a tree.
pub(crate) const SMALL_MAX: usize = LEAF_CAPACITY / 2;
/// From this few on, a tree becomes small again; well below, so that it does not flap.
pub(crate) const SMALL_AGAIN: usize = LEAF_CAPACITY / 8;

pub(crate) struct Small<K, V> {
    pub(crate) keys: Vec<K>,
    pub(crate) values: Vec<V>,
}

impl<K: Ord + Copy, V: Copy> Small<K, V> {
    pub(crate) fn new() -> Self {
        Small {
            keys: Vec::new(),
            values: Vec::new(),
        }
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<usize> {
        let at = self.keys.binary_search(&key).err()?;
        self.keys.insert(at, key);
        self.values.insert(at, value);
        Some(at)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<(usize, V)> {
        let at = self.keys.binary_search(key).ok()?;
        self.keys.remove(at);
        Some((at, self.values.remove(at)))
    }
}
