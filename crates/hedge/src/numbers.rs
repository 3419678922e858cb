//! What is counted, for those who watch.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::call::MAX_HEDGES;

const NUMBERS: usize = MAX_HEDGES as usize + 1;
/// Upper bounds of the buckets of a histogram, in seconds.
const BOUNDS: [f64; 19] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75,
    1.0, 2.5, 5.0, 10.0, 60.0,
];

/// Latencies in buckets that fit calls over a network, from 0.1 ms to a minute.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum_us: AtomicU64,
}

/// What a [`Histogram`] held at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramCounts {
    /// Upper bound in seconds, and how many were at most so long; the last bound is infinite.
    pub at_most: Vec<(f64, u64)>,
    /// The sum of all, in seconds.
    pub sum_s: f64,
}

impl Histogram {
    pub(crate) fn record(&self, latency: Duration) {
        let seconds = latency.as_secs_f64();
        let at = BOUNDS.partition_point(|bound| *bound < seconds);
        self.buckets[at].fetch_add(1, Ordering::Relaxed);
        let us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    fn counts(&self) -> HistogramCounts {
        let mut below = 0;
        let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
        let at_most = bounds.zip(&self.buckets).map(|(bound, count)| {
            below += count.load(Ordering::Relaxed);
            (bound, below)
        });
        HistogramCounts {
            at_most: at_most.collect(),
            sum_s: self.sum_us.load(Ordering::Relaxed) as f64 / 1e6,
        }
    }
}

impl HistogramCounts {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.at_most.last().map_or(0, |(_, count)| *count)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Numbers {
    pub(crate) calls: AtomicU64,
    pub(crate) sent: [AtomicU64; NUMBERS],
    pub(crate) won: [AtomicU64; NUMBERS],
    pub(crate) failed: AtomicU64,
    pub(crate) cancelled: AtomicU64,
    pub(crate) timed_out: AtomicU64,
    pub(crate) budget_exhausted: AtomicU64,
    pub(crate) held_back: AtomicU64,
    pub(crate) too_late: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    pub(crate) attempt_latency: Histogram,
    pub(crate) answer_latency: Histogram,
}

/// Counts since the start, and what goes on at present.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    /// Calls.
    pub calls: u64,
    /// Attempts sent, by their number within the call: the first at 0.
    pub sent: Vec<u64>,
    /// Calls that were answered by the attempt of this number.
    pub won: Vec<u64>,
    /// Attempts that ended without success.
    pub failed: u64,
    /// Attempts given up since another one won, or since the caller went away.
    pub cancelled: u64,
    /// Attempts that were under way at the deadline.
    pub timed_out: u64,
    /// Hedges not sent because the budget was used up.
    pub budget_exhausted: u64,
    /// Times that hedges waited, or were not sent, because the other side had asked for a pause.
    pub held_back: u64,
    /// Hedges not sent because they could not have made it.
    pub too_late: u64,
    /// Attempts under way.
    pub in_flight: u64,
    /// What the first attempt of a call with plenty of time is given at present.
    pub delay: Duration,
    /// How long attempts took that succeeded or failed.
    pub attempt_latency: HistogramCounts,
    /// How long calls took that were answered with a success.
    pub answer_latency: HistogramCounts,
}

pub(crate) fn add(counter: &AtomicU64, n: u32) {
    counter.fetch_add(u64::from(n), Ordering::Relaxed);
}

impl Numbers {
    pub(crate) fn counts(&self, hedges: u32, delay: Duration) -> Counts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let of = |counters: &[AtomicU64]| counters[..=hedges as usize].iter().map(load).collect();
        Counts {
            calls: load(&self.calls),
            sent: of(&self.sent),
            won: of(&self.won),
            failed: load(&self.failed),
            cancelled: load(&self.cancelled),
            timed_out: load(&self.timed_out),
            budget_exhausted: load(&self.budget_exhausted),
            held_back: load(&self.held_back),
            too_late: load(&self.too_late),
            in_flight: load(&self.in_flight),
            delay,
            attempt_latency: self.attempt_latency.counts(),
            answer_latency: self.answer_latency.counts(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_are_cumulative() {
        let histogram = Histogram::default();
        for ms in [1, 3, 300, 100_000] {
            histogram.record(Duration::from_millis(ms));
        }
        let counts = histogram.counts();
        let at_most = |bound| counts.at_most.iter().find(|(b, _)| *b == bound).unwrap().1;
        assert_eq!((at_most(0.001), at_most(0.005)), (1, 2));
        assert_eq!((at_most(0.3), at_most(60.0), counts.count()), (3, 3, 4));
        assert!((counts.sum_s - 100.304).abs() < 1e-6);
    }
}
