//! What has been seen of an upstream's latency, with the attempts that were cancelled.
//!
//! An attempt that was cancelled after 300 ms would have taken longer than that. To leave it out
//! would make the upstream look faster than it is, the more so the more is cancelled. It is kept as
//! a censored sample, and percentiles are read off the product-limit estimate of Kaplan and Meier
//! (1958), which is made for such samples. An attempt that failed is one too: it says no more than
//! that its success would have come later.

use std::time::Duration;

/// Buckets for each doubling: a percentile is right within 1/16.
const STEPS: usize = 16;
const BUCKETS: usize = 40 * STEPS;
/// Past this weight all samples count half, so that what is old is forgotten.
const MAX_WEIGHT: f64 = 2_000.0;
/// Samples before anything is estimated.
const MIN_SAMPLES: f64 = 30.0;
/// Samples between two estimates, each of which walks over all buckets.
const ESTIMATE_EVERY: u32 = 16;

/// What a decision about hedges wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Estimate {
    /// Few attempts succeed sooner: the 5th percentile.
    pub(crate) fastest: Duration,
    /// The median.
    pub(crate) typical: Duration,
    /// The percentile asked for.
    pub(crate) late: Duration,
}

pub(crate) struct Observed {
    share: f64,
    succeeded: Vec<f64>,
    censored: Vec<f64>,
    weight: f64,
    since_estimate: u32,
    estimate: Option<Estimate>,
}

impl Observed {
    /// `share` is the percentile wanted, such as 0.95.
    pub(crate) fn new(share: f64) -> Self {
        Observed {
            share,
            succeeded: vec![0.0; BUCKETS],
            censored: vec![0.0; BUCKETS],
            weight: 0.0,
            since_estimate: 0,
            estimate: None,
        }
    }

    /// An attempt that succeeded after so long.
    pub(crate) fn success(&mut self, after: Duration) {
        self.succeeded[bucket(after)] += 1.0;
        self.counted();
    }

    /// An attempt that had not succeeded after so long.
    pub(crate) fn censored(&mut self, after: Duration) {
        self.censored[bucket(after)] += 1.0;
        self.counted();
    }

    /// `None` as long as too little is known.
    pub(crate) fn estimate(&self) -> Option<Estimate> {
        self.estimate
    }

    fn counted(&mut self) {
        self.weight += 1.0;
        if self.weight > MAX_WEIGHT {
            self.weight /= 2.0;
            let both = self.succeeded.iter_mut().chain(&mut self.censored);
            both.for_each(|count| *count /= 2.0);
        }
        self.since_estimate += 1;
        if self.since_estimate >= ESTIMATE_EVERY && self.weight >= MIN_SAMPLES {
            self.since_estimate = 0;
            self.estimate = Some(Estimate {
                fastest: self.percentile(0.05),
                typical: self.percentile(0.5),
                late: self.percentile(self.share),
            });
        }
    }

    /// Where the share of attempts that have succeeded reaches `share`; the longest time seen, if
    /// it never does.
    fn percentile(&self, share: f64) -> Duration {
        let (mut at_risk, mut unfinished) = (self.weight, 1.0);
        let mut longest = 0;
        for n in 0..BUCKETS {
            let (succeeded, censored) = (self.succeeded[n], self.censored[n]);
            if succeeded + censored == 0.0 {
                continue;
            }
            longest = n;
            unfinished *= 1.0 - succeeded / at_risk;
            at_risk -= succeeded + censored;
            // Rounding must not keep a percentile that is just reached from being found.
            if unfinished <= 1.0 - share + 1e-9 || at_risk <= 0.0 {
                break;
            }
        }
        middle(longest)
    }
}

/// Microseconds on a scale that is linear within each doubling.
fn bucket(time: Duration) -> usize {
    let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let steps = STEPS as u64;
    if us < steps {
        return us as usize;
    }
    let doublings = us.ilog2() - steps.ilog2();
    let within = (us >> doublings) - steps;
    (((doublings as usize) + 1) * STEPS + within as usize).min(BUCKETS - 1)
}

fn middle(bucket: usize) -> Duration {
    if bucket < STEPS {
        return Duration::from_micros(bucket as u64);
    }
    let doublings = bucket / STEPS - 1;
    let low = ((STEPS + bucket % STEPS) as u64) << doublings;
    Duration::from_micros(low + (1 << doublings) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn close(found: Duration, expected: Duration) -> bool {
        let ratio = found.as_secs_f64() / expected.as_secs_f64();
        (0.92..1.08).contains(&ratio)
    }

    #[test]
    fn buckets_are_as_fine_as_promised() {
        for us in (0..100_000_u64).chain([1 << 30, 1 << 35]) {
            let found = middle(bucket(Duration::from_micros(us))).as_micros() as f64;
            assert!(
                (found - us as f64).abs() <= us as f64 / 16.0,
                "{us}: {found}"
            );
        }
    }

    #[test]
    fn percentiles_of_successes() {
        let mut observed = Observed::new(0.95);
        for n in 0..1000 {
            observed.success(ms(n * 7 % 1000 + 1));
        }
        let estimate = observed.estimate().unwrap();
        assert!(close(estimate.typical, ms(500)), "{estimate:?}");
        assert!(close(estimate.late, ms(950)), "{estimate:?}");
        assert!(close(estimate.fastest, ms(50)), "{estimate:?}");
    }

    #[test]
    fn cancelled_attempts_do_not_make_the_upstream_look_fast() {
        let mut observed = Observed::new(0.9);
        // Every other attempt is cancelled at 300 ms; the upstream takes 1 to 1000 ms, evenly.
        for n in 0..1600 {
            let latency = ms(n / 2 * 7 % 1000 + 1);
            if n % 2 == 0 && latency > ms(300) {
                observed.censored(ms(300));
            } else {
                observed.success(latency);
            }
        }
        let estimate = observed.estimate().unwrap();
        assert!(close(estimate.typical, ms(500)), "{estimate:?}");
        assert!(close(estimate.late, ms(900)), "{estimate:?}");
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut observed = Observed::new(0.9);
        (0..3000).for_each(|_| observed.success(ms(10)));
        (0..12_000).for_each(|_| observed.success(ms(100)));
        let estimate = observed.estimate().unwrap();
        assert!(close(estimate.fastest, ms(100)), "{estimate:?}");
    }

    #[test]
    fn nothing_is_said_of_what_is_hardly_known() {
        let mut observed = Observed::new(0.9);
        (0..20).for_each(|_| observed.success(ms(10)));
        assert_eq!(observed.estimate(), None);
    }
}
