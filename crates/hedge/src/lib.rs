//! Hedged calls for any fallible future: one attempt, more when it is late or fails, and the first
//! success before one deadline.
//!
//! There is no HTTP here, and no clock but tokio's, which tests can stop and turn forward.

pub mod latency;
pub mod odds;
