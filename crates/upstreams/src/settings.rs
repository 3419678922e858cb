//! What an upstream is, and how it is called.

use std::time::Duration;

use hedge::Policy;
use http::header::HeaderName;
use http::{StatusCode, Uri};

/// An upstream as configured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it is: absolute `http` or `https` URLs of equal replicas, of which there is at least one.
    pub urls: Vec<Uri>,
    /// When attempts are sent, where a call does not say.
    pub policy: Policy,
    /// Delay, number and budget of hedges.
    pub hedging: hedge::Settings,
    /// What callers may ask for.
    pub timeouts: Timeouts,
    /// Bytes of a reply's body.
    pub max_body_bytes: usize,
    /// Statuses of a success.
    pub accept_statuses: Vec<StatusCode>,
    /// A JSON Schema that the body of a success satisfies.
    pub schema: Option<serde_json::Value>,
    /// Idle connections kept for each URL.
    pub pool_size: usize,
    /// Headers of a call that are passed on; others stay behind.
    pub forward_headers: Vec<HeaderName>,
    /// Whether calls that ask for the same at the same time share one answer.
    pub coalesce: bool,
    /// Calls under way; one more is refused.
    pub max_in_flight: usize,
    /// When a URL is left out.
    pub ejection: Ejection,
    /// When no attempt is made at all.
    pub circuit: Circuit,
}

/// The time that a call may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Where a call does not say.
    pub default: Duration,
    /// At least.
    pub min: Duration,
    /// At most.
    pub max: Duration,
}

/// When one of several URLs is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ejection {
    /// Failures in a row.
    pub after: u32,
    /// For how long, the first time; twice as long each time it fails again at once, up to
    /// sixteen times.
    pub time: Duration,
}

/// When the circuit opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// How long every attempt must have failed.
    pub after: Duration,
    /// How many attempts must have failed in that time.
    pub attempts: u32,
    /// For how long it then stays open, before one call may try again.
    pub open: Duration,
}
