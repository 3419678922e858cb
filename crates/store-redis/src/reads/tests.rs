//! Readings of a real server, compared with those of the reference that has the same.
//!
//! What the reference shows is written into Redis with plain commands, as the store's changes lay it out; so these
//! tests are of readings alone.

mod big;
mod churn;
mod mirror;
mod rooms;
mod small;
