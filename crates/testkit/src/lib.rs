//! For tests alone: a running [`App`], a plain [`Model`] of boards, the store [`conformance`] suite.
//!
//! What fails here panics: a test has nobody to hand an error to.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod app;
pub mod conformance;
mod model;

pub use app::{App, Connection, Launch, Reply, raw_exchange};
pub use model::Model;
