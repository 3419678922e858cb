//! The HTTP boundary in process, over a store that ranks nothing: what is asked of the store, and what
//! becomes of its answers.
#![allow(clippy::unwrap_used)]

mod client;
mod document;
mod fake;
mod idempotency;
mod reading;
mod stream;
mod writing;
