//! What came of the requests.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::connection::Fault;

/// How long one request took.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    from_due: u32,
    from_sent: u32,
}

impl Sample {
    /// When it was due, sent, and answered or given up.
    pub(crate) fn new(due: Instant, sent: Instant, over: Instant) -> Self {
        Sample {
            from_due: micros(over.saturating_duration_since(due)),
            from_sent: micros(over.saturating_duration_since(sent)),
        }
    }
}

/// Up to an hour and eleven minutes, which no run lasts.
fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// Requests counted, and how long they took.
pub(crate) struct Tally {
    samples: Vec<Sample>,
    /// Of requests that were never sent: how long they were due by then.
    unsent: Vec<u32>,
    /// How many replies had which status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// How many requests have no reply, and why.
    pub(crate) faults: BTreeMap<Fault, u64>,
    /// From the start to the last reply.
    pub(crate) time: Duration,
    start: Instant,
}

/// Of all requests, in microseconds, failed ones included: one that was given up took at least as long.
pub(crate) struct Latencies {
    /// From the instant at which they were due; sorted.
    pub(crate) from_due: Vec<u32>,
    /// From the instant at which they were sent, of those that were; sorted.
    pub(crate) from_sent: Vec<u32>,
    /// How much later than due they were sent, or have not been by the end; sorted.
    pub(crate) sent_late: Vec<u32>,
}

impl Tally {
    pub(crate) fn new(start: Instant) -> Self {
        Tally {
            samples: Vec::new(),
            unsent: Vec::new(),
            statuses: BTreeMap::new(),
            faults: BTreeMap::new(),
            time: Duration::ZERO,
            start,
        }
    }

    pub(crate) fn count(&mut self, outcome: Result<u16, Fault>, sample: Sample) {
        match outcome {
            Err(Fault::NotSent) => self.unsent.push(sample.from_due),
            _ => self.samples.push(sample),
        }
        match outcome {
            Ok(status) => {
                *self.statuses.entry(status).or_default() += 1;
                self.time = self.start.elapsed();
            }
            Err(fault) => *self.faults.entry(fault).or_default() += 1,
        }
    }

    pub(crate) fn add(&mut self, other: Tally) {
        self.samples.extend(other.samples);
        self.unsent.extend(other.unsent);
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        for (fault, count) in other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        self.time = self.time.max(other.time);
    }

    pub(crate) fn latencies(&self) -> Latencies {
        let sorted = |unsent: &[u32], of: &dyn Fn(&Sample) -> u32| {
            let sent = self.samples.iter().map(of);
            let mut all: Vec<u32> = sent.chain(unsent.iter().copied()).collect();
            all.sort_unstable();
            all
        };
        Latencies {
            from_due: sorted(&self.unsent, &|s| s.from_due),
            from_sent: sorted(&[], &|s| s.from_sent),
            sent_late: sorted(&self.unsent, &|s| s.from_due.saturating_sub(s.from_sent)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_counts_from_the_instant_at_which_a_request_was_due() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut tally = Tally::new(start);
        tally.count(Ok(200), Sample::new(at(10), at(10), at(15)));
        let mut other = Tally::new(start);
        // Held up for 990 ms by the request before it on its connection.
        other.count(
            Err(Fault::TimedOut),
            Sample::new(at(10), at(1000), at(1002)),
        );
        tally.add(other);
        let latencies = tally.latencies();
        assert_eq!(latencies.from_due, [5_000, 992_000]);
        assert_eq!(latencies.from_sent, [2_000, 5_000]);
        assert_eq!(latencies.sent_late, [0, 990_000]);
        tally.count(Err(Fault::NotSent), Sample::new(at(10), at(2010), at(2010)));
        let latencies = tally.latencies();
        assert_eq!(latencies.from_due, [5_000, 992_000, 2_000_000]);
        assert_eq!(latencies.from_sent, [2_000, 5_000]);
        assert_eq!(tally.faults[&Fault::TimedOut], 1);
        assert_eq!(tally.statuses[&200], 1);
    }
}
