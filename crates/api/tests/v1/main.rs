//! The HTTP boundary in process, over a store that ranks nothing: what is asked of the store, and what
//! becomes of its answers.
#![allow(clippy::unwrap_used)]

mod client;
mod document;
mod fake;
mod fake_matches;
mod idempotency;
mod matches;
mod matching;
mod metrics;
mod queues;
mod reading;
mod simulation;
mod stream;
mod ticket_events;
mod tickets;
mod writing;
