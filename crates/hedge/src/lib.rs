//! Hedged calls for any fallible future: one attempt, more when it is late or fails, and the first
//! *success* before one deadline.
//!
//! [`Hedger::call`] is the way in. There is no HTTP here, and no clock but tokio's, which tests stop
//! and turn forward; nothing here is random. The idea of a second attempt after a percentile of the
//! expected latency is from Dean and Barroso, "The Tail at Scale" (2013); what is added is that a
//! failure counts as lateness, that deadline and budget are one for all attempts, and that attempts
//! which were cancelled are still learnt from.

pub mod latency;
pub mod odds;

mod budget;
mod call;
mod delay;
mod numbers;
mod observed;
mod policy;
mod race;

pub use budget::BudgetSettings;
pub use call::{Answer, Failed, Hedger, MAX_HEDGES, Outcome, Settings};
pub use delay::Delay;
pub use numbers::{Counts, Histogram, HistogramCounts};
pub use policy::{Policy, UnknownPolicy};
