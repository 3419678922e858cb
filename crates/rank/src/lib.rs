//! An order-statistics index: entries sorted by key, with the position of a key and the key at
//! a position both in O(log n).
//!
//! It is a B+tree whose inner nodes know how many entries lie below each child (the "order
//! statistic tree" of Cormen, Leiserson, Rivest, Stein, *Introduction to Algorithms*, chapter 14,
//! on the nodes of Bayer and McCreight's B-tree). Wide nodes rather than a binary tree, because at
//! tens of millions of entries a step costs a cache miss and the comparisons within a node are
//! nearly free.
//!
//! Positions count from 0. The index knows nothing of players, scores or directions: a caller who
//! wants the highest score first encodes that in the key, and a caller whose scores tie makes keys
//! unique by their second half. There is no concurrency, no IO and no unsafe code here.

mod build;
mod index;
mod iter;
mod keys;
mod node;
mod small;
mod spot;

pub use build::{Builder, Unsorted};
pub use index::{Move, RankIndex};
pub use iter::Iter;
