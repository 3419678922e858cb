//! Matchmaking as metrics. Whoever may make queues could otherwise make any number of time series, so the first
//! hundred queues by name have a label of their own, and the others share one.

use std::sync::Arc;
use std::time::Duration;

use api::{Families, Latencies, Metrics};
use boards::Histogram;
use matchmaking::{QueueId, Tally};
use store_embedded::{EmbeddedStore, QueueNumbers};
use store_redis::RedisStore;

use super::distribution;
use crate::clock::now_ms;

/// Queues that have a label of their own.
const NAMED: usize = 100;
/// The label of all others. A queue of this name is one of them, so that no two series are alike.
const OTHER: &str = "other";

type ByQueue = [(String, Numbers)];

/// Of one queue, or of several together.
struct Numbers {
    /// `None` where that is for another node to tell.
    waiting: Option<Waiting>,
    /// What has become of tickets, by a word for it.
    tickets: [(&'static str, u64); 4],
    matches: u64,
    wait_seconds: Histogram,
    rating_spread: Histogram,
}

/// Tickets that wait, and how long the oldest has.
type Waiting = (u64, Duration);

/// Adds what is known of the queues of an embedded store.
pub(crate) fn add_queues(metrics: &Metrics, store: Arc<EmbeddedStore>) {
    metrics.add(move |to| {
        let (named, others) = store.queue_numbers(has_label, now_ms());
        let named = named.into_iter().map(|(id, of)| (id.to_string(), of));
        let others = others.map(|of| (OTHER.to_owned(), of));
        let numbers = named.chain(others).map(|(id, of)| (id, of.into()));
        tell(&numbers.collect::<Vec<_>>(), to);
    });
}

/// Adds what a node knows of the queues on Redis.
pub(crate) fn add_shared_queues(metrics: &Metrics, store: Arc<RedisStore>) {
    metrics.add(move |to| {
        let mut told: Vec<(String, Numbers)> = Vec::new();
        let mut others: Option<(Option<Waiting>, Tally)> = None;
        for (place, (id, of)) in store.queue_numbers(now_ms()).into_iter().enumerate() {
            if has_label(place, &id) {
                told.push((id.to_string(), Numbers::of(of.waiting, &of.tally)));
            } else if let Some((waiting, tally)) = &mut others {
                *waiting = together(*waiting, of.waiting);
                tally.add(&of.tally);
            } else {
                others = Some((of.waiting, of.tally));
            }
        }
        let others =
            others.map(|(waiting, tally)| (OTHER.to_owned(), Numbers::of(waiting, &tally)));
        told.extend(others);
        tell(&told, to);
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

impl Numbers {
    fn of(waiting: Option<Waiting>, tally: &Tally) -> Self {
        Numbers {
            waiting,
            tickets: outcomes(
                tally.created,
                tally.matched(),
                tally.cancelled,
                tally.expired,
            ),
            matches: tally.matches(),
            wait_seconds: tally.waits.histogram(),
            rating_spread: tally.spreads.histogram(),
        }
    }
}

impl From<QueueNumbers> for Numbers {
    fn from(of: QueueNumbers) -> Self {
        Numbers {
            waiting: Some((of.waiting, of.oldest_wait)),
            tickets: outcomes(of.created, of.matched, of.cancelled, of.expired),
            matches: of.matches,
            wait_seconds: of.wait_seconds,
            rating_spread: of.rating_spread,
        }
    }
}

fn outcomes(created: u64, matched: u64, cancelled: u64, expired: u64) -> [(&'static str, u64); 4] {
    [
        ("created", created),
        ("matched", matched),
        ("cancelled", cancelled),
        ("expired", expired),
    ]
}

fn together(one: Option<Waiting>, other: Option<Waiting>) -> Option<Waiting> {
    let both = one.zip(other);
    let both = both.map(|((n, wait), (more, other))| (n + more, wait.max(other)));
    both.or(one).or(other)
}

fn has_label(place: usize, queue: &QueueId) -> bool {
    place < NAMED && queue.as_str() != OTHER
}

fn tell(queues: &ByQueue, to: &mut Families) {
    tell_waiting(queues, to);
    tell_ends(queues, to);
    tell_distributions(queues, to);
}

fn tell_waiting(queues: &ByQueue, to: &mut Families) {
    let known = || {
        queues
            .iter()
            .filter_map(|(queue, of)| Some((queue, of.waiting?)))
    };
    let mut waiting = to.gauge("agon_queue_tickets_waiting", "Tickets that wait.");
    for (queue, (tickets, _)) in known() {
        waiting.whole(&[("queue", queue)], tickets);
    }
    let mut oldest = to.gauge(
        "agon_queue_oldest_wait_seconds",
        "How long the ticket has waited that was made first; 0 where none waits.",
    );
    for (queue, (_, wait)) in known() {
        oldest.value(&[("queue", queue)], wait.as_secs_f64());
    }
}

fn tell_ends(queues: &ByQueue, to: &mut Families) {
    let mut tickets = to.counter(
        "agon_queue_tickets_total",
        "Tickets made, and what became of them.",
    );
    for (queue, numbers) in queues {
        for (outcome, count) in numbers.tickets {
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
    fn what_waits_in_several_queues_is_added_up_and_the_oldest_is_the_oldest() {
        let seconds = Duration::from_secs;
        let (one, other) = ((2, seconds(9)), (3, seconds(4)));
        assert_eq!(together(Some(one), Some(other)), Some((5, seconds(9))));
        assert_eq!(together(None, Some(other)), Some(other));
        assert_eq!(together(Some(one), None), Some(one));
        assert_eq!(together(None, None), None);
    }

    #[test]
    fn a_queue_beyond_the_first_or_of_the_others_name_has_no_label_of_its_own() {
        let queue = |name| QueueId::parse(name).unwrap();
        assert!(has_label(0, &queue("duel")));
        assert!(has_label(NAMED - 1, &queue("duel")));
        assert!(!has_label(NAMED, &queue("duel")));
        assert!(!has_label(0, &queue("other")));
    }
}
