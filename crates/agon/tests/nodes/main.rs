//! Agon on a Redis that the tests start: one node, two at once, and what becomes of them when Redis or
//! the way to it fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod classic;
mod matches;
mod numbers;
mod outage;
mod partition;
mod secrets;
mod setup;
mod shared;
mod start;
mod tls_cluster;
mod watching;

const AGON: &str = env!("CARGO_BIN_EXE_agon");
