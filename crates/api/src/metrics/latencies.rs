//! How long things take, counted by many threads at once without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Distribution;

/// Upper bounds of the buckets, in seconds.
const BOUNDS: [f64; 16] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Latencies in buckets from 0.1 ms to 10 s.
#[derive(Debug, Default)]
pub struct Latencies {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum_ns: AtomicU64,
}

impl Latencies {
    /// Counts one. Costs two atomic additions.
    pub fn record(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let at = BOUNDS.partition_point(|bound| *bound < seconds);
        self.buckets[at].fetch_add(1, Ordering::Relaxed);
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.sum_ns.fetch_add(ns, Ordering::Relaxed);
    }

    /// What has been counted, in seconds. What is counted meanwhile may be in the sum alone.
    pub fn distribution(&self) -> Distribution {
        let mut count = 0;
        let mut counts = self.buckets.iter().map(|bucket| {
            count += bucket.load(Ordering::Relaxed);
            count
        });
        let at_most = BOUNDS.into_iter().zip(counts.by_ref()).collect();
        counts.for_each(drop);
        Distribution {
            at_most,
            count,
            sum: self.sum_ns.load(Ordering::Relaxed) as f64 / 1e9,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_in_the_bucket_of_the_next_bound() {
        let latencies = Latencies::default();
        for us in [0, 100, 101, 1_000, 10_000_000, 10_000_001] {
            latencies.record(Duration::from_micros(us));
        }
        let Distribution {
            at_most,
            count,
            sum,
        } = latencies.distribution();
        assert_eq!(at_most.len(), BOUNDS.len());
        assert_eq!(at_most[0], (0.000_1, 2));
        assert_eq!(at_most[1], (0.000_25, 3));
        assert_eq!(at_most[3], (0.001, 4));
        assert_eq!(at_most[14], (5.0, 4));
        assert_eq!(at_most[15], (10.0, 5));
        assert_eq!(count, 6);
        assert!((sum - 20.001_202).abs() < 1e-9, "{sum}");
    }
}
