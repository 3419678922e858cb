//! Benchmarks that back Agon's design decisions.
//!
//! Each benchmark is a module here plus a thin program in `src/bin`, so that
//! its parts can be read and tested on their own.

pub mod boards;
pub mod calls;
pub mod engines;
pub mod http;
pub mod matchmaking;
pub mod meter;
pub mod nodes;
pub mod processor;
pub mod queues;
pub mod random;
pub mod server;
