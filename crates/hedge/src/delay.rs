//! How long the first attempt is given before the hedges go out, and whether they still should.

use std::time::Duration;

use crate::observed::Estimate;

/// How long the first attempt is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delay {
    /// Always so long, whatever the deadline.
    Fixed(Duration),
    /// As long as all but the slowest attempts take, less where little time is left.
    Percentile {
        /// The share of attempts that are expected to succeed sooner, such as 0.95.
        share: f64,
        /// Until enough attempts have been seen.
        initially: Duration,
    },
}

impl Delay {
    /// The delay for a call that has so much time.
    pub(crate) fn within(&self, remaining: Duration, estimate: Option<Estimate>) -> Duration {
        match (self, estimate) {
            (Delay::Fixed(delay), _) => *delay,
            (Delay::Percentile { initially, .. }, None) => *initially,
            // A hedge is sent for a purpose: it should have the time that it typically takes.
            (Delay::Percentile { .. }, Some(estimate)) => estimate
                .late
                .min(remaining.saturating_sub(estimate.typical)),
        }
    }

    /// Whether a hedge that is sent with so much time left can be expected to make it.
    pub(crate) fn worthwhile(&self, remaining: Duration, estimate: Option<Estimate>) -> bool {
        match (self, estimate) {
            (Delay::Fixed(_), _) | (_, None) => true,
            (Delay::Percentile { .. }, Some(estimate)) => remaining >= estimate.fastest,
        }
    }
}
