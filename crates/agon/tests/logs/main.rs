//! What a real process tells of itself: lines about requests, a file a day, a level changed while it runs, and
//! traces that a collector receives.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod http_server;
mod lines;
mod traces;

const AGON: &str = env!("CARGO_BIN_EXE_agon");
