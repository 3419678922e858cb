//! Where a key is, or would be: the way down to its leaf, its place there, its position overall.

use crate::keys::Keys;
use crate::node::{Inner, Leaf, Node};

/// Inner nodes on the longest way down. Nodes keep at least a quarter of 64 children and leaves a
/// quarter of 120 entries, so that 2³² entries need seven.
const MAX_HEIGHT: usize = 12;

/// The place of one key in a tree; good until the next change.
#[derive(Clone, Copy)]
pub(crate) struct Spot {
    way: [u8; MAX_HEIGHT],
    height: usize,
    /// Place in the leaf.
    pub(crate) at: usize,
    /// Keys less than this one in the whole tree.
    pub(crate) position: usize,
    /// Whether the key is there.
    pub(crate) found: bool,
    /// Entries in the leaf.
    pub(crate) leaf_len: usize,
}

impl Spot {
    fn new() -> Self {
        Spot {
            way: [0; MAX_HEIGHT],
            height: 0,
            at: 0,
            position: 0,
            found: false,
            leaf_len: 0,
        }
    }

    pub(crate) fn same_leaf(&self, other: &Spot) -> bool {
        self.way == other.way
    }

    fn descend<'a, K: Ord + Copy, V: Copy>(
        &mut self,
        inner: &'a Inner<K, V>,
        child: usize,
    ) -> &'a Node<K, V> {
        self.way[self.height] = child as u8;
        self.height += 1;
        self.position += inner.before(child);
        &inner.children[child]
    }

    fn arrive<K: Ord + Copy, V: Copy>(&mut self, leaf: &Leaf<K, V>, (at, found): (usize, bool)) {
        self.at = at;
        self.found = found;
        self.position += at;
        self.leaf_len = leaf.keys.len();
    }
}

impl<K: Ord + Copy, V: Copy> Node<K, V> {
    /// Finds two keys, side by side: their searches do not depend on each other, so that the
    /// memory latencies of one overlap with those of the other.
    pub(crate) fn locate_pair(&self, a: &K, b: &K) -> (Spot, Spot) {
        let (mut spot_a, mut spot_b) = (Spot::new(), Spot::new());
        let (mut node_a, mut node_b) = (self, self);
        loop {
            match (node_a, node_b) {
                (Node::Inner(inner_a), Node::Inner(inner_b)) => {
                    let [child_a, child_b] = Inner::child_of_pair([inner_a, inner_b], [a, b]);
                    node_a = spot_a.descend(inner_a, child_a);
                    node_b = spot_b.descend(inner_b, child_b);
                }
                (Node::Leaf(leaf_a), Node::Leaf(leaf_b)) => {
                    let [found_a, found_b] = Keys::find_pair([&leaf_a.keys, &leaf_b.keys], [a, b]);
                    spot_a.arrive(leaf_a, found_a);
                    spot_b.arrive(leaf_b, found_b);
                    return (spot_a, spot_b);
                }
                // All leaves are at one depth.
                _ => return (spot_a, spot_b),
            }
        }
    }

    /// The leaf of a spot, after adding `by` to every count on the way to it.
    pub(crate) fn leaf_at(&mut self, spot: &Spot, by: i32) -> Option<&mut Leaf<K, V>> {
        let mut node = self;
        for child in spot.way[..spot.height].iter().map(|c| usize::from(*c)) {
            let Node::Inner(inner) = node else {
                return None;
            };
            inner.counts[child] = inner.counts[child].wrapping_add_signed(by);
            node = &mut inner.children[child];
        }
        match node {
            Node::Leaf(leaf) => Some(leaf),
            Node::Inner(_) => None,
        }
    }
}
