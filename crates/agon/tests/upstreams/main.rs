//! Calls to upstreams as a caller sees them, and as the upstream sees them: a real process on one
//! side, a server that plays a script on the other.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod act;
mod borders;
mod faults;
mod growth;
mod input;
mod limits;
mod metrics;
mod rules;
mod scripted;
mod setup;
