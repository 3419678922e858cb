//! What is counted of the work with Redis, for whoever watches over it. Counting takes a few atomic additions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use boards::StoreError;
use matchmaking::QueueId;

use crate::failure::RedisFailure;
use crate::queues::QueueNumbers;
use crate::replies;
use crate::store::RedisStore;

/// Upper bounds of the time that calls take, in seconds.
const BOUNDS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];

/// What has been counted of a store since it was opened.
#[derive(Clone, Debug, PartialEq)]
pub struct RedisNumbers {
    /// Whether changes would be taken now.
    pub available: bool,
    /// Calls that change something, each to one server.
    pub changes: CallNumbers,
    /// Calls that read.
    pub readings: CallNumbers,
    /// Connections that were opened, the first ones among them.
    pub connections_opened: u64,
    /// Attempts to open a connection that failed.
    pub connection_failures: u64,
    /// Transactions that were made.
    pub transactions_made: u64,
    /// Attempts at a transaction that were in vain, since another change came first.
    pub conflicts: u64,
    /// Queues that this node leads, as far as it knows.
    pub queues_led: u64,
    /// The seconds by which this node's clock is ahead of Redis's; `None` until they have been compared.
    pub clock_offset: Option<f64>,
}

/// What has become of calls.
#[derive(Clone, Debug, PartialEq)]
pub struct CallNumbers {
    /// By what became of them: a word, and how many.
    pub results: [(&'static str, u64); 5],
    /// Upper bounds of the seconds that they took with all that was tried, and how many took no more.
    pub at_most: Vec<(f64, u64)>,
    /// How many there were.
    pub count: u64,
    /// The seconds of all.
    pub sum: f64,
}

/// What is being counted.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) changes: Calls,
    pub(crate) readings: Calls,
    pub(crate) opened: AtomicU64,
    pub(crate) not_opened: AtomicU64,
    pub(crate) made: AtomicU64,
    pub(crate) conflicts: AtomicU64,
}

/// Adds one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Calls of a kind.
#[derive(Default)]
pub(crate) struct Calls {
    results: [AtomicU64; 5],
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum_ns: AtomicU64,
}

impl Calls {
    /// A call has its answer.
    pub(crate) fn record<T>(&self, answer: &Result<T, RedisFailure>, took: Duration) {
        let result = match answer {
            Ok(_) => 0,
            Err(RedisFailure::Refused { .. }) => 1,
            Err(RedisFailure::NotDone { .. }) => 2,
            Err(RedisFailure::Unknown { .. }) => 3,
            Err(RedisFailure::Script { .. }) => 4,
        };
        count(&self.results[result]);
        let seconds = took.as_secs_f64();
        count(&self.buckets[BOUNDS.partition_point(|bound| *bound < seconds)]);
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.sum_ns.fetch_add(ns, Ordering::Relaxed);
    }

    fn numbers(&self) -> CallNumbers {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let [done, refused, not_done, unknown, failed] = self.results.each_ref().map(load);
        let mut count = 0;
        let mut below = self.buckets.each_ref().map(|bucket| {
            count += load(bucket);
            count
        });
        let at_most = BOUNDS.into_iter().zip(below.iter_mut().map(|n| *n));
        CallNumbers {
            results: [
                ("done", done),
                ("refused", refused),
                ("not_done", not_done),
                ("unknown", unknown),
                ("failed", failed),
            ],
            at_most: at_most.collect(),
            count,
            sum: load(&self.sum_ns) as f64 / 1e9,
        }
    }
}

impl Counted {
    /// With what is known elsewhere.
    fn numbers(&self, available: bool, queues_led: u64, clock_offset: Option<f64>) -> RedisNumbers {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RedisNumbers {
            available,
            changes: self.changes.numbers(),
            readings: self.readings.numbers(),
            connections_opened: load(&self.opened),
            connection_failures: load(&self.not_opened),
            transactions_made: load(&self.made),
            conflicts: load(&self.conflicts),
            queues_led,
            clock_offset,
        }
    }
}

impl RedisStore {
    /// What has been counted since the store was opened. Costs nothing.
    pub fn numbers(&self) -> RedisNumbers {
        let redis = &self.core.redis;
        let (led, offset) = (self.queues.led(), self.core.clock_offset.seconds());
        redis.counted().numbers(redis.is_ready(), led, offset)
    }

    /// What is known of queues with which this node has had to do, by name. `now_ms` is the time. Costs some
    /// hundred nanoseconds for each.
    pub fn queue_numbers(&self, now_ms: i64) -> Vec<(QueueId, QueueNumbers)> {
        self.queues.numbers(now_ms)
    }

    /// How many players there are. One round trip to each server.
    ///
    /// # Errors
    /// As for any reading.
    pub async fn player_count(&self) -> Result<u64, StoreError> {
        let layout = &self.core.layout;
        let command = |room| {
            let key = layout.key(room, b"players");
            redis::cmd("HLEN").arg(key).take()
        };
        let counts = self
            .core
            .redis
            .read(layout.rooms().map(command).collect())
            .await?;
        Ok(counts.iter().filter_map(replies::whole).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_result_and_time() {
        let calls = Calls::default();
        let unknown = RedisFailure::Unknown {
            reason: String::new(),
        };
        calls.record(&Ok(()), Duration::from_micros(250));
        calls.record(&Ok(()), Duration::from_micros(251));
        calls.record::<()>(&Err(unknown), Duration::from_secs(6));
        let numbers = calls.numbers();
        assert_eq!(numbers.results[0], ("done", 2));
        assert_eq!(numbers.results[3], ("unknown", 1));
        assert_eq!(numbers.at_most[..2], [(0.000_25, 1), (0.000_5, 2)]);
        assert_eq!(numbers.at_most[BOUNDS.len() - 1], (5.0, 2));
        assert_eq!(numbers.count, 3);
        assert!((numbers.sum - 6.000_501).abs() < 1e-9);
    }
}
