//! The numbers of a store on Redis as metrics. Those of the embedded store's engine have no meaning there, and how
//! much there is of boards is not told: every node would tell the same, and would have to ask for it.

use std::sync::Arc;

use api::{Distribution, Families, Metrics};
use store_redis::{CallNumbers, RedisNumbers, RedisStore};

/// Adds what is known of a store that is open.
pub(crate) fn add_redis(metrics: &Metrics, store: Arc<RedisStore>) {
    metrics.add(move |to| tell(&store.numbers(), to));
}

fn tell(numbers: &RedisNumbers, to: &mut Families) {
    to.gauge(
        "agon_store_available",
        "1 if changes can be written, 0 during an outage.",
    )
    .flag(&[], numbers.available);
    let kinds = [("change", &numbers.changes), ("read", &numbers.readings)];
    tell_calls(kinds, to);
    tell_clock(numbers.clock_offset, to);
    let mut counter = |name: &str, help: &str, value: u64| {
        to.counter(name, help).whole(&[], value);
    };
    counter(
        "agon_redis_connections_opened_total",
        "Connections to Redis that were opened, the first ones among them.",
        numbers.connections_opened,
    );
    counter(
        "agon_redis_connection_failures_total",
        "Attempts to connect to Redis that failed.",
        numbers.connection_failures,
    );
    let mut transactions = to.counter(
        "agon_redis_transactions_total",
        "Attempts at changes that read before they write.",
    );
    transactions.whole(&[("outcome", "made")], numbers.transactions_made);
    transactions.whole(&[("outcome", "conflict")], numbers.conflicts);
    to.gauge(
        "agon_redis_queues_led",
        "Queues whose matches this node forms.",
    )
    .whole(&[], numbers.queues_led);
}

fn tell_clock(offset: Option<f64>, to: &mut Families) {
    let mut gauge = to.gauge(
        "agon_redis_clock_offset_seconds",
        "By how much this node's clock is ahead of that of Redis.",
    );
    if let Some(offset) = offset {
        gauge.value(&[], offset);
    }
}

fn tell_calls(kinds: [(&str, &CallNumbers); 2], to: &mut Families) {
    let mut calls = to.counter(
        "agon_redis_calls_total",
        "Calls to a server of Redis, with all that was tried.",
    );
    for (kind, numbers) in kinds {
        for (result, count) in numbers.results {
            calls.whole(&[("kind", kind), ("result", result)], count);
        }
    }
    let mut seconds = to.histogram(
        "agon_redis_call_duration_seconds",
        "How long a call took, with all that was tried.",
    );
    for (kind, numbers) in kinds {
        let distribution = Distribution {
            at_most: numbers.at_most.clone(),
            count: numbers.count,
            sum: numbers.sum,
        };
        seconds.distribution(&[("kind", kind)], &distribution);
    }
}
