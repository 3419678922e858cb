//! Building an index in one pass from entries that are sorted already: a start-up with ten million
//! entries fills nodes one after another instead of searching for each entry's place.

use crate::index::{RankIndex, Root};
use crate::node::{Child, INNER_CAPACITY, Inner, LEAF_CAPACITY, Leaf, Node};
use crate::small::{SMALL_MAX, Small};

/// Nodes are left with an eighth of room, so that the first updates do not split all of them.
const LEAF_FILL: usize = LEAF_CAPACITY / 8 * 7;
const INNER_FILL: usize = INNER_CAPACITY / 8 * 7;

/// The input of a build was not in strictly ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsorted {
    /// The first place in the input whose key is not above the one before it.
    pub at: usize,
}

impl std::fmt::Display for Unsorted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the entry at {} is not above the one before it", self.at)
    }
}

impl std::error::Error for Unsorted {}

impl<K: Ord + Copy, V: Copy> RankIndex<K, V> {
    /// Builds an index from entries in strictly ascending order of their keys. O(n).
    ///
    /// # Errors
    /// [`Unsorted`] where a key is not above the one before it.
    pub fn from_sorted(entries: impl IntoIterator<Item = (K, V)>) -> Result<Self, Unsorted> {
        let mut builder = Builder::new();
        for (key, value) in entries {
            builder.push(key, value)?;
        }
        Ok(builder.finish())
    }
}

/// Fills an index from the left, entry by entry; for several indexes built side by side from one
/// sorted input.
pub struct Builder<K, V> {
    leaves: Vec<Child<K, V>>,
    /// The entries of the leaf that is being filled.
    open: Small<K, V>,
    len: usize,
}

impl<K: Ord + Copy, V: Copy> Default for Builder<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord + Copy, V: Copy> Builder<K, V> {
    /// A builder of an empty index.
    pub fn new() -> Self {
        Builder {
            leaves: Vec::new(),
            open: Small::new(),
            len: 0,
        }
    }

    /// Adds an entry at the end. O(1).
    ///
    /// # Errors
    /// [`Unsorted`], leaving the builder as it was, where the key is not above the last one.
    pub fn push(&mut self, key: K, value: V) -> Result<(), Unsorted> {
        if self.open.keys.last().is_some_and(|last| *last >= key) {
            return Err(Unsorted { at: self.len });
        }
        // One entry stays behind, so that there is always a last key to compare with.
        if self.open.keys.len() > LEAF_FILL {
            self.close(LEAF_FILL);
        }
        self.open.keys.push(key);
        self.open.values.push(value);
        self.len += 1;
        Ok(())
    }

    /// Makes a leaf of the first `n` open entries.
    fn close(&mut self, n: usize) {
        let leaf = Leaf::new(&self.open.keys[..n], &self.open.values[..n]);
        self.leaves.push(Child {
            low: self.open.keys[0],
            count: n as u32,
            node: Node::Leaf(Box::new(leaf)),
        });
        self.open.keys.drain(..n);
        self.open.values.drain(..n);
    }

    /// The index of all that was pushed. O(n / 120).
    pub fn finish(mut self) -> RankIndex<K, V> {
        let len = self.len;
        if len <= SMALL_MAX {
            let root = Root::Small(self.open);
            return RankIndex { root, len };
        }
        self.close(self.open.keys.len());
        let mut level = self.leaves;
        while level.len() > 1 {
            level = parents(level);
        }
        let root = match level.pop() {
            Some(top) => Root::Tree(top.node),
            None => Root::Small(Small::new()),
        };
        RankIndex { root, len }
    }
}

fn parents<K: Ord + Copy, V: Copy>(children: Vec<Child<K, V>>) -> Vec<Child<K, V>> {
    let mut done = Vec::with_capacity(children.len() / INNER_FILL + 1);
    let mut children = children.into_iter();
    loop {
        let group: Vec<_> = children.by_ref().take(INNER_FILL).collect();
        let Some(first) = group.first() else {
            return done;
        };
        done.push(Child {
            low: first.low,
            count: group.iter().map(|c| c.count).sum(),
            node: Node::Inner(Box::new(Inner::new(group))),
        });
    }
}
