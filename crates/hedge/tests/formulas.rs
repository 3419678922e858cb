//! Thousands of random calls, under a clock that does not have to be waited for, against the
//! formulas.

use std::cell::Cell;
use std::time::Duration;

use hedge::latency::Latency;
use hedge::odds::Call;
use hedge::{Delay, Failed, Hedger, Outcome, Policy, Settings};
use tokio::time::{Instant, sleep};

const CALLS: u32 = 20_000;
/// Five standard deviations: a run that is right fails one time in a million.
const SIGMAS: f64 = 5.0;
