//! What is counted of queues.

use futures_util::future::join_all;
use matchmaking::Who;
use store_embedded::QueueNumbers;

use super::*;

fn numbers(store: &EmbeddedStore, now_ms: i64) -> QueueNumbers {
    let (mut named, others) = store.queue_numbers(|_, _| true, now_ms);
    assert_eq!((named.len(), &others), (1, &None));
    named.remove(0).1
}

/// Tickets created, matched, cancelled and expired, and matches.
fn counts(store: &EmbeddedStore) -> [u64; 5] {
    let numbers = numbers(store, 0);
    let QueueNumbers {
        created,
        matched,
        cancelled,
        expired,
        matches,
        ..
    } = numbers;
    [created, matched, cancelled, expired, matches]
}

fn accept(n: u8, ticket: u8) -> QueueChange {
    QueueChange::Accept {
        match_id: match_id(n),
        who: Who::Ticket(ticket_id(ticket)),
    }
}

#[tokio::test]
async fn tickets_and_matches_are_counted_once_as_they_end() {
    let fixture = Fixture::new();
    let store = fixture.with_queue(None).await;
    assert_eq!(counts(&store), [0; 5]);
    for n in 1..6 {
        ask(&store, create(n), i64::from(n) * 1000).await;
    }
    // The same again is no other ticket.
    ask(&store, create(1), 6000).await;
    ask(&store, announce(1, [1, 2]), 7000).await;
    // Neither is matched again.
    ask(&store, announce(2, [2, 3]), 7000).await;
    ask(&store, cancel(3), 7000).await;
    ask(&store, cancel(3), 8000).await;
    assert_eq!(counts(&store), [5, 2, 1, 0, 1]);
    let waiting = numbers(&store, 10_000);
    assert_eq!(waiting.waiting, 2);
    assert_eq!(waiting.oldest_wait, Duration::from_secs(6));
    let waits = waiting.wait_seconds;
    assert_eq!((waits.count, waits.sum), (2, 6.0 + 5.0));
    assert!(waits.at_most.contains(&(2.5, 0)) && waits.at_most.contains(&(5.0, 1)));
    assert_eq!(waiting.rating_spread.at_most[0], (10.0, 1));
    // A result ends the match, which has been counted.
    ask(&store, finish(1, [1, 2]), 9000).await;
    ask(&store, QueueChange::Lapse(queue()), 11 * HOUR_MS).await;
    assert_eq!(counts(&store), [5, 2, 1, 2, 1]);
    assert_eq!(numbers(&store, 11 * HOUR_MS).oldest_wait, Duration::ZERO);
}

#[tokio::test]
async fn a_proposal_counts_once_all_have_accepted() {
    let fixture = Fixture::new();
    let store = fixture.with_queue(Some(1000)).await;
    for n in 1..5 {
        ask(&store, create(n), 0).await;
    }
    ask(&store, announce(1, [1, 2]), 0).await;
    ask(&store, announce(2, [3, 4]), 0).await;
    assert_eq!(counts(&store), [4, 0, 0, 0, 0]);
    ask(&store, accept(1, 1), 500).await;
    ask(&store, accept(1, 2), 600).await;
    assert_eq!(counts(&store), [4, 2, 0, 0, 1]);
    // One of two waits again, and the other is cancelled.
    ask(&store, accept(2, 3), 700).await;
    ask(&store, QueueChange::Lapse(queue()), 5000).await;
    assert_eq!(counts(&store), [4, 2, 1, 0, 1]);
    assert_eq!(numbers(&store, 5000).waiting, 1);
}

#[tokio::test]
async fn what_begins_and_ends_in_one_batch_is_counted() {
    let fixture = Fixture::new();
    let store = fixture.with_queue(None).await;
    for n in 0..50 {
        let pair = [2 * n, 2 * n + 1];
        let changes = [
            create(pair[0]),
            create(pair[1]),
            create(100 + n),
            announce(n, pair),
            finish(n, [1, 2]),
            cancel(100 + n),
        ];
        let changes = changes.map(|change| store.change_queue(change, None, 0));
        assert!(join_all(changes).await.iter().all(Result::is_ok));
    }
    assert_eq!(counts(&store), [150, 100, 50, 0, 50]);
}

#[tokio::test]
async fn a_start_counts_nothing() {
    let fixture = Fixture::new();
    let store = fixture.with_queue(None).await;
    for n in 1..4 {
        ask(&store, create(n), 0).await;
    }
    ask(&store, announce(1, [1, 2]), 0).await;
    drop(store);
    let store = fixture.open();
    assert_eq!(counts(&store), [0; 5]);
    assert_eq!(numbers(&store, 0).waiting, 1);
    ask(&store, finish(1, [1, 2]), 0).await;
    assert_eq!(counts(&store), [0; 5], "it was made before");
}

#[tokio::test]
async fn queues_without_a_name_are_added_up() {
    let fixture = Fixture::new();
    let store = fixture.with_queue(None).await;
    let QueueChange::PutQueue { settings, .. } = put_queue(None) else {
        panic!("no settings");
    };
    // More than are gone through in one run.
    let names: Vec<QueueId> = (0..600)
        .map(|n| QueueId::parse(&format!("q{n:03}")).unwrap())
        .collect();
    let puts = names.iter().map(|queue| {
        let (queue, settings) = (queue.clone(), settings.clone());
        store.change_queue(QueueChange::PutQueue { queue, settings }, None, 0)
    });
    assert!(join_all(puts).await.iter().all(Result::is_ok));
    for (queue, at_ms) in [(&names[599], 4000), (&names[7], 1000)] {
        let QueueChange::CreateTicket { ticket, .. } = create(1) else {
            panic!("no ticket");
        };
        let queue = queue.clone();
        ask(&store, QueueChange::CreateTicket { queue, ticket }, at_ms).await;
    }
    let (named, others) = store.queue_numbers(|place, _| place < 2, 5000);
    let named: Vec<&str> = named.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(named, ["duel", "q000"]);
    let others = others.unwrap();
    assert_eq!((others.waiting, others.created), (2, 2));
    assert_eq!(others.oldest_wait, Duration::from_secs(4));
    let (named, others) = store.queue_numbers(|_, id| *id != queue(), 5000);
    assert_eq!((named.len(), others.map(|of| of.created)), (600, Some(0)));
}
