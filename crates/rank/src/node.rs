//! The nodes of the tree and what happens inside one of them: find, insert, split, refill.
//!
//! Invariants, which every function here keeps:
//! - keys ascend strictly, within a node and across neighbours;
//! - `counts[i]` is the number of entries below `children[i]`;
//! - `lows[i]` is not above any key below `children[i]` and above every key below
//!   `children[i - 1]`; `lows[0]` bounds nothing, since what is below it goes left anyway, and is
//!   not above `lows[1]`;
//! - no node is empty. Nodes may be less than half full: a removal refills only what has fallen
//!   under a quarter, which bounds the height just as well and moves less.

use arrayvec::ArrayVec;

use crate::keys::Keys;

/// Entries in a full leaf. With keys of 16 and values of 4 bytes a leaf takes 2.4 KiB; smaller
/// ones cost more inner nodes than fit a processor's cache at ten million entries, larger ones
/// more moving.
pub(crate) const LEAF_CAPACITY: usize = 120;
/// Children of a full inner node.
pub(crate) const INNER_CAPACITY: usize = 64;

pub(crate) enum Node<K, V> {
    Leaf(Box<Leaf<K, V>>),
    Inner(Box<Inner<K, V>>),
}

pub(crate) struct Leaf<K, V> {
    pub(crate) keys: Keys<K, LEAF_CAPACITY>,
    pub(crate) values: ArrayVec<V, LEAF_CAPACITY>,
}

pub(crate) struct Inner<K, V> {
    pub(crate) lows: Keys<K, INNER_CAPACITY>,
    pub(crate) counts: ArrayVec<u32, INNER_CAPACITY>,
    pub(crate) children: ArrayVec<Node<K, V>, INNER_CAPACITY>,
}

/// An insertion that took place.
pub(crate) struct Inserted<K, V> {
    pub(crate) position: usize,
    /// A new right neighbour with its lowest key, where the node was full.
    pub(crate) split: Option<(K, Node<K, V>)>,
}

impl<K: Ord + Copy, V: Copy> Node<K, V> {
    /// Entries in this leaf, or children of this inner node.
    pub(crate) fn width(&self) -> usize {
        match self {
            Node::Leaf(leaf) => leaf.keys.len(),
            Node::Inner(inner) => inner.children.len(),
        }
    }

    fn capacity(&self) -> usize {
        match self {
            Node::Leaf(_) => LEAF_CAPACITY,
            Node::Inner(_) => INNER_CAPACITY,
        }
    }

    /// Entries below this node.
    pub(crate) fn len(&self) -> usize {
        match self {
            Node::Leaf(leaf) => leaf.keys.len(),
            Node::Inner(inner) => inner.before(inner.counts.len()),
        }
    }

    /// `last` tells that nothing lies to the right of this node: then a full node that grows at
    /// its end stays full, so that ascending insertions fill nodes instead of halving them.
    pub(crate) fn insert(&mut self, key: K, value: V, last: bool) -> Option<Inserted<K, V>> {
        match self {
            Node::Leaf(leaf) => leaf.insert(key, value, last),
            Node::Inner(inner) => inner.insert(key, value, last),
        }
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<(usize, V)> {
        match self {
            Node::Leaf(leaf) => leaf.remove(key),
            Node::Inner(inner) => inner.remove(key),
        }
    }
}

impl<K: Ord + Copy, V: Copy> Leaf<K, V> {
    /// A leaf of sorted entries, of which there is at least one.
    pub(crate) fn new(keys: &[K], values: &[V]) -> Self {
        Leaf {
            keys: Keys::from_slice(keys),
            values: values.iter().copied().collect(),
        }
    }

    fn insert(&mut self, key: K, value: V, last: bool) -> Option<Inserted<K, V>> {
        let (position, found) = self.keys.find(&key);
        if found {
            return None;
        }
        if self.keys.len() < LEAF_CAPACITY {
            self.put(position, key, value);
            return Some(Inserted {
                position,
                split: None,
            });
        }
        let right = self.split(position, key, value, last);
        let low = right.keys.as_slice()[0];
        Some(Inserted {
            position,
            split: Some((low, Node::Leaf(Box::new(right)))),
        })
    }

    /// Cuts a full leaf in two around a new entry and returns the right part.
    fn split(&mut self, position: usize, key: K, value: V, last: bool) -> Self {
        if last && position == LEAF_CAPACITY {
            return Leaf::new(&[key], &[value]);
        }
        let middle = LEAF_CAPACITY / 2;
        let mut right = Leaf::new(&self.keys.as_slice()[middle..], &self.values[middle..]);
        *self = Leaf::new(&self.keys.as_slice()[..middle], &self.values[..middle]);
        if position <= middle {
            self.put(position, key, value);
        } else {
            right.put(position - middle, key, value);
        }
        right
    }

    pub(crate) fn put(&mut self, position: usize, key: K, value: V) {
        self.keys.insert(position, key);
        self.values.insert(position, value);
    }

    pub(crate) fn take(&mut self, position: usize) -> V {
        self.keys.remove(position);
        self.values.remove(position)
    }

    fn remove(&mut self, key: &K) -> Option<(usize, V)> {
        let (position, found) = self.keys.find(key);
        found.then(|| (position, self.take(position)))
    }

    /// Spreads the entries of two neighbours evenly, or over the left alone where they fit.
    fn level(&mut self, right: Self) -> Option<Self> {
        let keys = [self.keys.as_slice(), right.keys.as_slice()].concat();
        let values = [&self.values[..], &right.values[..]].concat();
        let cut = cut(keys.len(), LEAF_CAPACITY);
        *self = Leaf::new(&keys[..cut], &values[..cut]);
        (cut < keys.len()).then(|| Leaf::new(&keys[cut..], &values[cut..]))
    }
}

/// A child with the bound and the count that its parent keeps of it.
pub(crate) struct Child<K, V> {
    pub(crate) low: K,
    pub(crate) count: u32,
    pub(crate) node: Node<K, V>,
}

impl<K: Ord + Copy, V: Copy> Inner<K, V> {
    /// An inner node of children in order, of which there is at least one.
    pub(crate) fn new(children: Vec<Child<K, V>>) -> Self {
        let lows: Vec<K> = children.iter().map(|c| c.low).collect();
        Inner {
            lows: Keys::from_slice(&lows),
            counts: children.iter().map(|c| c.count).collect(),
            children: children.into_iter().map(|c| c.node).collect(),
        }
    }

    fn into_children(self) -> impl Iterator<Item = Child<K, V>> {
        let lows = self.lows.as_slice().to_vec();
        let counted = lows.into_iter().zip(self.counts);
        let whole = counted.zip(self.children);
        whole.map(|((low, count), node)| Child { low, count, node })
    }

    /// The child below which `key` is, if it is anywhere.
    #[inline(always)]
    pub(crate) fn child_of(&self, key: &K) -> usize {
        self.lows.upper_bound(key).saturating_sub(1)
    }

    /// As [`Inner::child_of`], for two keys below two nodes side by side.
    #[inline(always)]
    pub(crate) fn child_of_pair(pair: [&Self; 2], keys: [&K; 2]) -> [usize; 2] {
        let bounds = Keys::upper_bound_pair(pair.map(|inner| &inner.lows), keys);
        bounds.map(|bound| bound.saturating_sub(1))
    }

    /// Entries below the first `n` children.
    pub(crate) fn before(&self, n: usize) -> usize {
        self.counts[..n].iter().sum::<u32>() as usize
    }

    fn insert(&mut self, key: K, value: V, last: bool) -> Option<Inserted<K, V>> {
        let at = self.child_of(&key);
        let last = last && at + 1 == self.children.len();
        let below = self.children[at].insert(key, value, last)?;
        let position = self.before(at) + below.position;
        self.counts[at] += 1;
        let split = below.split.and_then(|(low, node)| {
            let count = node.len() as u32;
            self.counts[at] -= count;
            self.adopt(at + 1, Child { low, count, node }, last)
        });
        Some(Inserted { position, split })
    }

    /// Takes in a new child; splits off and returns the right part where there is no room.
    fn adopt(&mut self, at: usize, child: Child<K, V>, last: bool) -> Option<(K, Node<K, V>)> {
        if at == 1 {
            // The first low bounds nothing, but must not stand above the second.
            self.lows.set(0, child.low);
        }
        if self.children.len() < INNER_CAPACITY {
            self.lows.insert(at, child.low);
            self.counts.insert(at, child.count);
            self.children.insert(at, child.node);
            return None;
        }
        let middle = if last && at == INNER_CAPACITY {
            at
        } else {
            INNER_CAPACITY / 2
        };
        let right = self.with_children(|children| {
            children.insert(at, child);
            children.split_off(middle)
        });
        let low = right[0].low;
        Some((low, Node::Inner(Box::new(Inner::new(right)))))
    }

    /// Rebuilds this node around a change to the list of its children, which must leave it some.
    fn with_children<R>(&mut self, change: impl FnOnce(&mut Vec<Child<K, V>>) -> R) -> R {
        let lows = self.lows.as_slice().iter().copied();
        let counted = lows.zip(self.counts.take());
        let mut children = counted
            .zip(self.children.take())
            .map(|((low, count), node)| Child { low, count, node })
            .collect();
        let result = change(&mut children);
        *self = Inner::new(children);
        result
    }

    fn remove(&mut self, key: &K) -> Option<(usize, V)> {
        let at = self.child_of(key);
        let (below, value) = self.children[at].remove(key)?;
        let position = self.before(at) + below;
        self.counts[at] -= 1;
        let child = &self.children[at];
        if child.width() < child.capacity() / 4 && self.children.len() > 1 {
            self.refill(at);
        }
        Some((position, value))
    }

    /// Merges `children[at]` with a neighbour where one node can hold both, else shares evenly.
    fn refill(&mut self, at: usize) {
        let left = at.min(self.children.len() - 2);
        let bound = self.lows.as_slice()[left + 1];
        let both = self.counts[left] + self.counts.remove(left + 1);
        self.counts[left] = both;
        self.lows.remove(left + 1);
        let right = self.children.remove(left + 1);
        let rest = match (&mut self.children[left], right) {
            (Node::Leaf(a), Node::Leaf(b)) => a.level(*b).map(|rest| {
                let low = rest.keys.as_slice()[0];
                (low, Node::Leaf(Box::new(rest)))
            }),
            (Node::Inner(a), Node::Inner(b)) => a.level(*b, bound),
            // All leaves are at one depth, so neighbours are of one kind.
            _ => None,
        };
        if let Some((low, node)) = rest {
            let count = node.len() as u32;
            self.counts[left] -= count;
            self.lows.insert(left + 1, low);
            self.counts.insert(left + 1, count);
            self.children.insert(left + 1, node);
        }
    }

    /// As [`Leaf::level`]; `bound` becomes the first low of `right`, which is read once it has
    /// another child before it.
    fn level(&mut self, mut right: Self, bound: K) -> Option<(K, Node<K, V>)> {
        right.lows.set(0, bound);
        let rest = self.with_children(|children| {
            children.extend(right.into_children());
            children.split_off(cut(children.len(), INNER_CAPACITY))
        });
        let low = rest.first()?.low;
        Some((low, Node::Inner(Box::new(Inner::new(rest)))))
    }
}

/// How many of the items of two neighbours go to the left one: all of them where that leaves it
/// room to grow, else half.
fn cut(both: usize, capacity: usize) -> usize {
    if both <= capacity / 4 * 3 {
        both
    } else {
        both / 2
    }
}
