//! The store's numbers as metrics.

use std::sync::Arc;

use api::{Families, Metrics};
use store_embedded::{EmbeddedStore, Numbers};

use super::distribution;

/// Adds what is known of a store that is open.
pub(crate) fn add_store(metrics: &Metrics, store: Arc<EmbeddedStore>) {
    metrics.add(move |to| {
        let numbers = store.numbers();
        tell_commits(&numbers, to);
        tell_taking(&numbers, to);
        tell_sizes(&numbers, to);
    });
}

fn tell_commits(numbers: &Numbers, to: &mut Families) {
    to.counter(
        "agon_store_commits_total",
        "Batches of changes that were written and synced.",
    )
    .whole(&[], numbers.commits);
    to.counter(
        "agon_store_commit_failures_total",
        "Batches that could not be written; each begins an outage.",
    )
    .whole(&[], numbers.commit_failures);
    to.histogram(
        "agon_store_commit_changes",
        "Changes made by a batch; none where the store tidied up by itself.",
    )
    .distribution(&[], &distribution(&numbers.commit_changes));
    to.histogram(
        "agon_store_commit_duration_seconds",
        "How long a batch took to be written and synced.",
    )
    .distribution(&[], &distribution(&numbers.commit_seconds));
}

fn tell_taking(numbers: &Numbers, to: &mut Families) {
    to.gauge(
        "agon_store_queue_changes",
        "Changes that wait to be written.",
    )
    .whole(&[], numbers.queue_changes);
    to.counter(
        "agon_store_queue_refused_total",
        "Changes refused because too many waited.",
    )
    .whole(&[], numbers.queue_refused);
    to.gauge(
        "agon_store_available",
        "1 if changes can be written, 0 during an outage.",
    )
    .flag(&[], numbers.available);
    to.gauge(
        "agon_store_recovery_duration_seconds",
        "How long it took to open the store at the start.",
    )
    .value(&[], numbers.recovery.as_secs_f64());
}

fn tell_sizes(numbers: &Numbers, to: &mut Families) {
    let mut size = |name: &str, help: &str, value: u64| {
        to.gauge(name, help).whole(&[], value);
    };
    size("agon_store_players", "Players.", numbers.players);
    size("agon_store_boards", "Boards.", numbers.boards);
    size(
        "agon_store_entries",
        "Ranked entries of the present seasons of all boards.",
        numbers.entries,
    );
    size(
        "agon_store_index_bytes",
        "About how much memory the orders of boards take, past seasons and segments included.",
        numbers.index_bytes,
    );
    size(
        "agon_store_disk_bytes",
        "What the data directory takes of the disk.",
        numbers.disk_bytes,
    );
}
