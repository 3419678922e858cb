//! Who waits on one node for what another changes.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::*;

/// Less than the pause after which who waits looks by itself.
const AT_ONCE: Duration = Duration::from_millis(1000);
const AT_LAST: Duration = Duration::from_secs(6);

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
    let gone = deleted.await;
    assert!(gone.is_err(), "the queue is not there any more");
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
    assert_eq!(killed, Value::Int(2));
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
