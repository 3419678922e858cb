//! Walking the entries in order.

use std::slice;

use crate::node::{Inner, Leaf, Node};

/// Entries in the order of their keys, from some position on.
pub struct Iter<'a, K, V> {
    /// The inner nodes above the leaf, each with the children that come after it.
    path: Vec<slice::Iter<'a, Node<K, V>>>,
    keys: slice::Iter<'a, K>,
    values: slice::Iter<'a, V>,
}

impl<'a, K: Ord + Copy, V: Copy> Iter<'a, K, V> {
    pub(crate) fn over(keys: &'a [K], values: &'a [V], position: usize) -> Self {
        let skip = position.min(keys.len());
        Iter {
            path: Vec::new(),
            keys: keys[skip..].iter(),
            values: values[skip..].iter(),
        }
    }

    pub(crate) fn below(root: &'a Node<K, V>, position: usize) -> Self {
        let mut iter = Iter::over(&[], &[], 0);
        let mut node = root;
        let mut skip = position;
        loop {
            match node {
                Node::Inner(inner) => {
                    let (at, rest) = child_at(inner, skip);
                    let mut children = inner.children[at..].iter();
                    let Some(child) = children.next() else {
                        return iter;
                    };
                    iter.path.push(children);
                    (node, skip) = (child, rest);
                }
                Node::Leaf(leaf) => {
                    iter.enter(leaf, skip.min(leaf.keys.len()));
                    return iter;
                }
            }
        }
    }

    fn enter(&mut self, leaf: &'a Leaf<K, V>, skip: usize) {
        self.keys = leaf.keys.as_slice()[skip..].iter();
        self.values = leaf.values[skip..].iter();
    }

    /// Goes to the start of the next leaf; `None` after the last.
    fn next_leaf(&mut self) -> Option<()> {
        let mut node = loop {
            match self.path.last_mut()?.next() {
                Some(node) => break node,
                None => self.path.pop(),
            };
        };
        loop {
            match node {
                Node::Leaf(leaf) => {
                    self.enter(leaf, 0);
                    return Some(());
                }
                Node::Inner(inner) => {
                    let mut children = inner.children.iter();
                    node = children.next()?;
                    self.path.push(children);
                }
            }
        }
    }
}

/// The child that holds the entry at `position` below `inner`, and its position below that child;
/// one past the last child where there is none.
fn child_at<K, V>(inner: &Inner<K, V>, position: usize) -> (usize, usize) {
    let mut rest = position;
    for (at, count) in inner.counts.iter().enumerate() {
        if rest < *count as usize {
            return (at, rest);
        }
        rest -= *count as usize;
    }
    (inner.counts.len(), rest)
}

impl<'a, K: Ord + Copy, V: Copy> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let (Some(key), Some(value)) = (self.keys.next(), self.values.next()) {
                return Some((key, value));
            }
            self.next_leaf()?;
        }
    }
}
