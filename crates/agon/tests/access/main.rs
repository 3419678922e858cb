//! Who may do what, against the real process: keys and their life, players' tokens and their faults, every
//! scope against every route.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod commands;
mod issuer;
mod keys;
mod limits;
mod players;
mod scopes;
mod setup;
mod tokens;
