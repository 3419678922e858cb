//! What came of the requests.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::connection::Fault;

/// The instants of one request.
#[derive(Clone, Copy)]
pub(crate) struct Instants {
    pub(crate) due: Instant,
    pub(crate) sent: Instant,
    /// When it was answered or given up.
    pub(crate) over: Instant,
}

/// How long one request took, in microseconds.
#[derive(Clone, Copy)]
struct Sample {
    from_due: u32,
    from_sent: u32,
}

impl Sample {
    fn new(at: Instants) -> Self {
        Sample {
            from_due: micros(at.over.saturating_duration_since(at.due)),
            from_sent: micros(at.over.saturating_duration_since(at.sent)),
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
    /// From the start until the last request was sent that has a reply.
    pub(crate) sending: Duration,
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
            sending: Duration::ZERO,
            start,
        }
    }

    pub(crate) fn count(&mut self, outcome: Result<u16, Fault>, at: Instants) {
        let sample = Sample::new(at);
        match outcome {
            Err(Fault::NotSent) => self.unsent.push(sample.from_due),
            _ => self.samples.push(sample),
        }
        match outcome {
            Ok(status) => {
                *self.statuses.entry(status).or_default() += 1;
                self.sending = at.sent.saturating_duration_since(self.start);
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
        self.sending = self.sending.max(other.sending);
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
        let request = |due, sent, over| Instants {
            due: at(due),
            sent: at(sent),
            over: at(over),
        };
        let mut tally = Tally::new(start);
        tally.count(Ok(200), request(10, 10, 15));
        let mut other = Tally::new(start);
        // Held up for 990 ms by the request before it on its connection.
        other.count(Err(Fault::TimedOut), request(10, 1000, 1002));
        tally.add(other);
        let latencies = tally.latencies();
        assert_eq!(latencies.from_due, [5_000, 992_000]);
        assert_eq!(latencies.from_sent, [2_000, 5_000]);
        assert_eq!(latencies.sent_late, [0, 990_000]);
        tally.count(Err(Fault::NotSent), request(10, 2010, 2010));
        let latencies = tally.latencies();
        assert_eq!(latencies.from_due, [5_000, 992_000, 2_000_000]);
        assert_eq!(latencies.from_sent, [2_000, 5_000]);
        assert_eq!(tally.faults[&Fault::TimedOut], 1);
        assert_eq!(tally.statuses[&200], 1);
        assert_eq!(tally.sending, Duration::from_millis(10));
    }
}
