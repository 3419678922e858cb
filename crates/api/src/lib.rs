//! The HTTP boundary: every route, the types on the wire, the errors, the API description.
//!
//! A handler turns a request into values that cannot be wrong, asks the domain, and turns what comes
//! back into a wire type. It holds no rules. Everything that can go wrong ends as a problem.

mod access;
mod body;
mod client;
mod clock;
mod docs;
mod edge;
mod generate;
mod health;
mod idempotency;
mod leaderboard;
mod log;
mod measure;
mod metrics;
mod observe;
mod openapi;
mod path;
mod problem;
mod query;
mod rate_limit;
mod routes;
mod score;
mod state;
mod stay;
mod time;
mod trace;
mod upstream;
mod upstream_numbers;
mod user;
mod v1;
mod verbs;

pub use client::{Client, ClientAddress};
pub use edge::{Cors, Edge};
pub use log::{LogLevel, LogSettings, LogSwitch};
pub use metrics::{Distribution, Distributions, Families, Latencies, Metrics, Values};
pub use observe::REQUEST_LOG;
pub use openapi::{document_json, document_yaml};
pub use rate_limit::{Rate, Rates};
pub use routes::{router, router_behind};
pub use state::{Api, Limits};
pub use trace::Tracer;
pub use v1::matching::MatchLimits;
