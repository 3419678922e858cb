//! Matchmaking as metrics. Whoever may make queues could otherwise make any number of time series, so the first
//! hundred queues by name have a label of their own, and the others share one.

use std::sync::Arc;

use api::{Families, Latencies, Metrics};
use matchmaking::QueueId;
use store_embedded::{EmbeddedStore, QueueNumbers};

use super::distribution;
use crate::clock::now_ms;

/// Queues that have a label of their own.
const NAMED: usize = 100;
/// The label of all others. A queue of this name is one of them, so that no two series are alike.
const OTHER: &str = "other";

type ByQueue = [(String, QueueNumbers)];

/// Adds what is known of queues.
pub(crate) fn add_queues(metrics: &Metrics, store: Arc<EmbeddedStore>) {
    metrics.add(move |to| {
        let queues = by_queue(&store);
        tell_waiting(&queues, to);
        tell_ends(&queues, to);
        tell_distributions(&queues, to);
    });
}

/// Adds how long looks for matches took.
pub(crate) fn add_matchmaker(metrics: &Metrics, passes: Arc<Latencies>) {
    metrics.add(move |to| {
        to.histogram(
            "agon_matchmaker_pass_duration_seconds",
            "How long a look for matches in a queue took, their announcement included.",
        )
        .distribution(&[], &passes.distribution());
    });
}

fn by_queue(store: &EmbeddedStore) -> Vec<(String, QueueNumbers)> {
    let (named, others) = store.queue_numbers(has_label, now_ms());
    let named = named.into_iter().map(|(id, of)| (id.to_string(), of));
    let others = others.map(|of| (OTHER.to_owned(), of));
    named.chain(others).collect()
}

fn has_label(place: usize, queue: &QueueId) -> bool {
    place < NAMED && queue.as_str() != OTHER
}

fn tell_waiting(queues: &ByQueue, to: &mut Families) {
    let mut waiting = to.gauge("agon_queue_tickets_waiting", "Tickets that wait.");
    for (queue, numbers) in queues {
        waiting.whole(&[("queue", queue)], numbers.waiting);
    }
    let mut oldest = to.gauge(
        "agon_queue_oldest_wait_seconds",
        "How long the ticket has waited that was made first; 0 where none waits.",
    );
    for (queue, numbers) in queues {
        oldest.value(&[("queue", queue)], numbers.oldest_wait.as_secs_f64());
    }
}

fn tell_ends(queues: &ByQueue, to: &mut Families) {
    let mut tickets = to.counter(
        "agon_queue_tickets_total",
        "Tickets made, and what became of them.",
    );
    for (queue, numbers) in queues {
        for (outcome, count) in [
            ("created", numbers.created),
            ("matched", numbers.matched),
            ("cancelled", numbers.cancelled),
            ("expired", numbers.expired),
        ] {
            tickets.whole(&[("queue", queue), ("outcome", outcome)], count);
        }
    }
    let mut matches = to.counter(
        "agon_queue_matches_total",
        "Matches made and held: those that all have accepted, where that is asked for.",
    );
    for (queue, numbers) in queues {
        matches.whole(&[("queue", queue)], numbers.matches);
    }
}

fn tell_distributions(queues: &ByQueue, to: &mut Families) {
    let mut waits = to.histogram(
        "agon_queue_wait_seconds",
        "How long matched tickets had waited.",
    );
    for (queue, numbers) in queues {
        waits.distribution(&[("queue", queue)], &distribution(&numbers.wait_seconds));
    }
    let mut spreads = to.histogram(
        "agon_queue_rating_spread",
        "Distance between the highest and the lowest rating of a match.",
    );
    for (queue, numbers) in queues {
        spreads.distribution(&[("queue", queue)], &distribution(&numbers.rating_spread));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_beyond_the_first_or_of_the_others_name_has_no_label_of_its_own() {
        let queue = |name| QueueId::parse(name).unwrap();
        assert!(has_label(0, &queue("duel")));
        assert!(has_label(NAMED - 1, &queue("duel")));
        assert!(!has_label(NAMED, &queue("duel")));
        assert!(!has_label(0, &queue("other")));
    }
}
