//! Who waits on one node for what another changes.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::*;

/// Less than the pause after which who waits looks by itself.
const AT_ONCE: Duration = Duration::from_millis(1000);
const AT_LAST: Duration = Duration::from_secs(8);

/// Waits on a node for another version of a ticket than that of now; how long that took.
async fn wait(store: &RedisStore, ticket: u64) -> JoinHandle<Duration> {
    let seen = store
        .ticket(&queue(), &ticket_id(ticket))
        .await
        .unwrap()
        .version;
    let store = store.clone();
    let waiting = tokio::spawn(async move {
        let started = Instant::now();
        let id = ticket_id(ticket);
        store.ticket_changed(&queue(), &id, seen).await.unwrap();
        started.elapsed()
    });
    // So that it waits by the time of what follows.
    tokio::time::sleep(Duration::from_millis(300)).await;
    waiting
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_on_one_node_wakes_the_others() {
    let nodes = Nodes::start(2, 4, Some(10_000)).await;
    let (one, two) = (&nodes.all[0], &nodes.all[1]);
    for n in 0..4 {
        ask(one, create(n), 0).await.unwrap();
    }
    let (first, other) = (wait(two, 0).await, wait(two, 2).await);
    let found = announce(match_id(1), [ticket_id(0), ticket_id(1)]);
    ask(one, found, 1).await.unwrap();
    assert!(first.await.unwrap() < AT_ONCE + Duration::from_millis(600));
    assert!(!other.is_finished());
    // Of a match as well: the ticket of who accepts is as it was.
    let first = wait(two, 1).await;
    ask(one, accept(match_id(1), ticket_id(0)), 2)
        .await
        .unwrap();
    assert!(first.await.unwrap() < AT_ONCE);
    let deleted = wait(two, 3).await;
    ask(one, QueueChange::DeleteQueue(queue()), 3)
        .await
        .unwrap();
    assert!(deleted.await.unwrap() < AT_ONCE, "it is not there any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_message_tells_is_noticed_all_the_same() {
    let nodes = Nodes::start(2, 4, None).await;
    let (one, two) = (&nodes.all[0], &nodes.all[1]);
    for n in 0..3 {
        ask(one, create(n), 0).await.unwrap();
    }
    let waiting = wait(two, 0).await;
    let seen = two.waiting_changed(0).await;
    // The connections on which messages come end, and the change comes before there are others.
    let killed = nodes.server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    // Of each node one for queues and one for boards.
    assert_eq!(killed, Value::Int(4));
    ask(one, cancel(0), 1).await.unwrap();
    assert!(waiting.await.unwrap() < AT_LAST);
    let changed = tokio::time::timeout(AT_LAST, two.waiting_changed(seen));
    assert_ne!(changed.await.unwrap(), seen);
    // From then on messages come again.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let waiting = wait(two, 1).await;
    ask(one, cancel(1), 2).await.unwrap();
    assert!(waiting.await.unwrap() < AT_ONCE);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_forms_matches_hears_of_tickets_made_elsewhere() {
    let nodes = Nodes::start(2, 4, None).await;
    let (one, two) = (&nodes.all[0], &nodes.all[1]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut seen = two.waiting_changed(0).await;
    let before = two.queue(&queue()).await.unwrap().version;
    ask(one, create(0), 0).await.unwrap();
    let started = Instant::now();
    while two.queue(&queue()).await.unwrap().version == before {
        seen = two.waiting_changed(seen).await;
    }
    assert!(started.elapsed() < AT_ONCE);
    let snapshot = two.snapshot(&queue(), 1).await.unwrap();
    assert_eq!(snapshot.waiting.len(), 1);
    assert_eq!(two.queue(&queue()).await.unwrap().version, snapshot.version);
    ask(one, create(1), 1).await.unwrap();
    ask(one, cancel(0), 1).await.unwrap();
    let snapshot = two.snapshot(&queue(), 1).await.unwrap();
    let waiting: Vec<_> = snapshot.waiting.iter().map(|ticket| ticket.id()).collect();
    assert_eq!(
        waiting,
        [&ticket_id(1)],
        "what has changed since, and nothing else"
    );
}

/// What a node keeps of a queue is read some at a time, from where it was: nothing may be missed at the edges.
#[tokio::test]
async fn what_changes_at_once_is_seen_as_a_whole() {
    let nodes = Nodes::start(1, 4, None).await;
    let store = &nodes.all[0];
    for n in 0..12 {
        ask(store, create(n), 0).await.unwrap();
    }
    let waiting = async |now_ms| {
        let snapshot = store.snapshot(&queue(), now_ms).await.unwrap();
        let ids = snapshot.waiting.iter().map(|ticket| ticket.id().clone());
        ids.collect::<Vec<_>>()
    };
    let names = |of: std::ops::Range<u64>| of.map(ticket_id).collect::<Vec<_>>();
    assert_eq!(
        waiting(0).await,
        names(0..12),
        "in the order in which they were made"
    );
    let pairs = [
        (1, [0, 1]),
        (2, [2, 3]),
        (3, [4, 5]),
        (4, [6, 7]),
        (5, [0, 9]),
    ];
    let mut matches = Vec::new();
    for (n, tickets) in pairs {
        let QueueChange::Announce { matches: one, .. } =
            announce(match_id(n), tickets.map(ticket_id))
        else {
            panic!("no announcement");
        };
        matches.extend(one);
    }
    let all = QueueChange::Announce {
        queue: queue(),
        matches,
        fills: Vec::new(),
    };
    let QueueChanged::Announced(done) = ask(store, all, 1).await.unwrap() else {
        panic!("nothing announced");
    };
    assert_eq!(
        (done.matches, done.stale),
        (4, 1),
        "one ticket was in another match by then"
    );
    assert_eq!(waiting(1).await, names(8..12));
    for n in 12..18 {
        ask(store, create(n), 2).await.unwrap();
    }
    // All that are over end in one change, and have one number.
    let over_ms = 10 * HOUR_MS;
    let lapse = QueueChange::Lapse(queue());
    ask(store, lapse, over_ms).await.unwrap();
    assert_eq!(waiting(over_ms).await, names(12..18));
    let stats = store.queue_stats(&queue(), over_ms).await.unwrap();
    assert_eq!(stats.waiting_tickets, 6);
}

async fn looked_at(store: &RedisStore) -> Vec<TicketId> {
    let snapshot = store.snapshot(&queue(), 0).await.unwrap();
    let waiting = snapshot.waiting.iter();
    waiting.map(|ticket| ticket.id().clone()).collect()
}

/// As where another server takes the place of one before it had all: the numbers of changes come twice.
#[tokio::test]
async fn what_a_server_has_lost_is_not_looked_at_and_what_came_after_is() {
    let nodes = Nodes::start(1, 4, None).await;
    let store = &nodes.all[0];
    ask(store, create(0), 0).await.unwrap();
    assert_eq!(looked_at(store).await, [ticket_id(0)]);
    let keys: Vec<(String, String)> = nodes.keys().into_iter().zip((0..).map(kept)).collect();
    for (key, kept) in &keys {
        nodes.server.command(&["COPY", key, kept]);
    }
    ask(store, create(1), 0).await.unwrap();
    assert_eq!(looked_at(store).await, [0, 1].map(ticket_id));
    for key in nodes.keys() {
        nodes.server.command(&["DEL", &key]);
    }
    for (key, kept) in &keys {
        nodes.server.command(&["COPY", kept, key]);
    }
    for n in [2, 3] {
        ask(store, create(n), 0).await.unwrap();
    }
    assert_eq!(looked_at(store).await, [0, 2, 3].map(ticket_id));
    ask(store, create(4), 0).await.unwrap();
    assert_eq!(looked_at(store).await, [0, 2, 3, 4].map(ticket_id));
}

fn kept(n: u32) -> String {
    format!("{{agon:1}}:kept:{n}")
}
