//! Agon on a Redis that the tests start: one node, two at once, and what becomes of them when Redis fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod classic;
mod matches;
mod numbers;
mod outage;
mod secrets;
mod setup;
mod shared;
mod start;
mod watching;

const AGON: &str = env!("CARGO_BIN_EXE_agon");
