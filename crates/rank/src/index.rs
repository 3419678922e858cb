//! The index as its users see it.

use std::ops::{Bound, RangeBounds};

use crate::iter::Iter;
use crate::node::{Child, Inner, LEAF_CAPACITY, Leaf, Node};
use crate::small::{SMALL_AGAIN, SMALL_MAX, Small};

/// Entries sorted by unique keys, each carrying a value.
///
/// Every operation is O(log n) unless it says otherwise. An index holds up to 2³² − 1 entries.
/// Memory is the keys and values themselves at a fill of 50 to 100 %, and about 2 % for inner
/// nodes; an index of a few entries costs a few dozen bytes.
pub struct RankIndex<K, V> {
    pub(crate) root: Root<K, V>,
    pub(crate) len: usize,
}

pub(crate) enum Root<K, V> {
    Small(Small<K, V>),
    Tree(Node<K, V>),
}

/// Where an update moved an entry, as positions counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Position of the old key, before.
    pub from: usize,
    /// Position of the new key, after.
    pub to: usize,
}

impl<K: Ord + Copy, V: Copy> Default for RankIndex<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord + Copy, V: Copy> RankIndex<K, V> {
    /// An index without entries; allocates nothing.
    pub fn new() -> Self {
        RankIndex {
            root: Root::Small(Small::new()),
            len: 0,
        }
    }

    /// Number of entries. O(1).
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries. O(1).
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an entry and returns its position, or `None`, changing nothing, where the key exists.
    pub fn insert(&mut self, key: K, value: V) -> Option<usize> {
        let position = match &mut self.root {
            Root::Small(small) => small.insert(key, value)?,
            Root::Tree(node) => {
                let inserted = node.insert(key, value, true)?;
                if let Some((low, right)) = inserted.split {
                    self.grow(low, right);
                }
                inserted.position
            }
        };
        self.len += 1;
        if matches!(self.root, Root::Small(_)) && self.len > SMALL_MAX {
            self.plant();
        }
        Some(position)
    }

    /// Removes an entry and returns where it was and what it carried.
    pub fn remove(&mut self, key: &K) -> Option<(usize, V)> {
        let removed = match &mut self.root {
            Root::Small(small) => small.remove(key)?,
            Root::Tree(node) => {
                let removed = node.remove(key)?;
                shrink(node);
                removed
            }
        };
        self.len -= 1;
        if matches!(self.root, Root::Tree(_)) && self.len <= SMALL_AGAIN {
            self.fell();
        }
        Some(removed)
    }

    /// Moves an entry from key `old` to key `new`, keeping its value.
    ///
    /// `None`, changing nothing, where `old` does not exist or `new` belongs to another entry.
    /// Most updates neither split nor empty a leaf; those search once for both keys and touch two
    /// leaves.
    pub fn update(&mut self, old: &K, new: K) -> Option<Move> {
        let Root::Tree(node) = &mut self.root else {
            return self.reinsert(old, new);
        };
        let (from, to) = node.locate_pair(old, &new);
        if !from.found || (to.found && *old != new) {
            return None;
        }
        let passed = usize::from(*old < new);
        let moved = Move {
            from: from.position,
            to: to.position - passed,
        };
        if from.same_leaf(&to) {
            let leaf = node.leaf_at(&from, 0)?;
            let place = to.at - passed;
            leaf.keys.shift(from.at, place, new);
            let value = leaf.values.remove(from.at);
            leaf.values.insert(place, value);
            return Some(moved);
        }
        if from.leaf_len <= LEAF_CAPACITY / 4 || to.leaf_len == LEAF_CAPACITY {
            return self.reinsert(old, new);
        }
        let value = node.leaf_at(&from, -1)?.take(from.at);
        node.leaf_at(&to, 1)?.put(to.at, new, value);
        Some(moved)
    }

    fn reinsert(&mut self, old: &K, new: K) -> Option<Move> {
        let (from, value) = self.remove(old)?;
        match self.insert(new, value) {
            Some(to) => Some(Move { from, to }),
            None => {
                self.insert(*old, value);
                None
            }
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        let mut node = match &self.root {
            Root::Small(small) => {
                let at = small.keys.binary_search(key).ok()?;
                return small.values.get(at);
            }
            Root::Tree(node) => node,
        };
        loop {
            match node {
                Node::Inner(inner) => node = &inner.children[inner.child_of(key)],
                Node::Leaf(leaf) => {
                    let (at, found) = leaf.keys.find(key);
                    return found.then(|| &leaf.values[at]);
                }
            }
        }
    }

    /// The position of a key, or `None` where there is no such entry.
    pub fn rank(&self, key: &K) -> Option<usize> {
        let (position, found) = self.locate(key);
        found.then_some(position)
    }

    /// How many keys are less than `key`, whether or not it is an entry's.
    pub fn position(&self, key: &K) -> usize {
        self.locate(key).0
    }

    /// How many keys are less than or equal to `key`.
    pub fn position_after(&self, key: &K) -> usize {
        let (position, found) = self.locate(key);
        position + usize::from(found)
    }

    /// The entry at a position.
    pub fn select(&self, position: usize) -> Option<(&K, &V)> {
        self.iter_from(position).next()
    }

    /// How many keys lie in a range of keys.
    pub fn count(&self, range: impl RangeBounds<K>) -> usize {
        let start = match range.start_bound() {
            Bound::Included(key) => self.position(key),
            Bound::Excluded(key) => self.position_after(key),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(key) => self.position_after(key),
            Bound::Excluded(key) => self.position(key),
            Bound::Unbounded => self.len,
        };
        end.saturating_sub(start)
    }

    /// All entries in order. O(1) for each step.
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.iter_from(0)
    }

    /// The entries in order from a position on. O(log n) to start, O(1) for each step.
    pub fn iter_from(&self, position: usize) -> Iter<'_, K, V> {
        match &self.root {
            Root::Small(small) => Iter::over(&small.keys, &small.values, position),
            Root::Tree(node) => Iter::below(node, position),
        }
    }

    fn locate(&self, key: &K) -> (usize, bool) {
        let mut node = match &self.root {
            Root::Small(small) => {
                return match small.keys.binary_search(key) {
                    Ok(at) => (at, true),
                    Err(at) => (at, false),
                };
            }
            Root::Tree(node) => node,
        };
        let mut before = 0;
        loop {
            match node {
                Node::Inner(inner) => {
                    let at = inner.child_of(key);
                    before += inner.before(at);
                    node = &inner.children[at];
                }
                Node::Leaf(leaf) => {
                    let (at, found) = leaf.keys.find(key);
                    return (before + at, found);
                }
            }
        }
    }

    /// Puts a new root above the old one and the right part that was split off it.
    fn grow(&mut self, low: K, right: Node<K, V>) {
        let old = std::mem::replace(&mut self.root, Root::Small(Small::new()));
        if let Root::Tree(left) = old {
            // The first low bounds nothing; any key that is not above the second will do.
            let children = vec![child(low, left), child(low, right)];
            self.root = Root::Tree(Node::Inner(Box::new(Inner::new(children))));
        }
    }

    /// Turns a small index into a tree.
    fn plant(&mut self) {
        if let Root::Small(small) = &self.root {
            self.root = Root::Tree(Node::Leaf(Box::new(Leaf::new(&small.keys, &small.values))));
        }
    }

    /// Turns a tree into a small index.
    fn fell(&mut self) {
        let (keys, values) = self.iter().map(|(k, v)| (*k, *v)).unzip();
        self.root = Root::Small(Small { keys, values });
    }
}

/// An inner root of one child is a level too many.
fn shrink<K, V>(root: &mut Node<K, V>) {
    while let Node::Inner(inner) = root {
        if inner.children.len() > 1 {
            return;
        }
        match inner.children.pop() {
            Some(only) => *root = only,
            None => return,
        }
    }
}

fn child<K: Ord + Copy, V: Copy>(low: K, node: Node<K, V>) -> Child<K, V> {
    let count = node.len() as u32;
    Child { low, count, node }
}
