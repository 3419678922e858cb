//! The HTTP boundary: every route, the types on the wire, the errors, the API description.
//!
//! A handler turns a request into values that cannot be wrong, asks the domain, and turns what comes
//! back into a wire type. It holds no rules. Everything that can go wrong ends as a problem.

mod access;
mod body;
mod clock;
mod docs;
mod generate;
mod health;
mod idempotency;
mod leaderboard;
mod observe;
mod openapi;
mod path;
mod problem;
mod query;
mod routes;
mod score;
mod state;
mod time;
mod upstream;
mod upstream_numbers;
mod user;
mod v1;

pub use openapi::{document_json, document_yaml};
pub use routes::router;
pub use state::{Api, Limits};
pub use v1::matching::MatchLimits;
