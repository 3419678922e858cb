//! As a store of queues.

use std::time::{Duration, Instant};

use boards::{BoardStore, Change, PlayerId};
use matchmaking::{MatchStore, QueueChange, QueueId, TicketId};
use proptest::prelude::*;
use store_redis::RedisStore;
use testkit::conformance::queues::{self, Step, erasures};
use testkit::{ReferenceStore, ada, duel, lone_ticket};
use tokio::runtime::Runtime;

use crate::{STARTED_AT_MS, cases, cluster, open, options, server};

/// Takes the steps, each run on a node that has just been started and takes the lead from the one before.
fn does_what_the_reference_does(url: &str, partitions: u16, runs: &[Vec<Step>]) {
    let options = options(url, partitions);
    let reference = ReferenceStore::new(STARTED_AT_MS);
    let mut known = Vec::new();
    Runtime::new().unwrap().block_on(async {
        for steps in runs {
            let store = open(&options).await;
            queues::compare(&store, &reference, &known).await;
            queues::run(&store, &reference, steps, &mut known).await;
            store.resign().await.unwrap();
            store.close();
        }
        queues::compare(&open(&options).await, &reference, &known).await;
    });
}

proptest! {
    #![proptest_config(cases(10))]

    #[test]
    fn one_room_does(runs in prop::collection::vec(queues::steps(150), 1..3)) {
        does_what_the_reference_does(&server(), 1, &runs);
    }
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn four_rooms_do(runs in prop::collection::vec(queues::steps(150), 1..3)) {
        does_what_the_reference_does(&server(), 4, &runs);
    }
}

proptest! {
    #![proptest_config(cases(4))]

    #[test]
    fn a_cluster_does(runs in prop::collection::vec(queues::steps(120), 1..3)) {
        does_what_the_reference_does(&cluster(), 8, &runs);
    }
}

#[tokio::test]
async fn the_seat_of_an_erased_player_is_filled() {
    for partitions in [1, 4] {
        let store = open(&options(&server(), partitions)).await;
        let reference = ReferenceStore::new(STARTED_AT_MS);
        erasures::seats_are_filled(&store, &reference).await;
    }
}

#[tokio::test]
async fn an_erased_player_is_in_no_match_that_failed() {
    for partitions in [1, 4] {
        let store = open(&options(&server(), partitions)).await;
        let reference = ReferenceStore::new(STARTED_AT_MS);
        erasures::failed_matches_have_no_erased_players(&store, &reference).await;
    }
}

#[tokio::test]
async fn erased_ids_are_not_shown_again() {
    for partitions in [1, 4] {
        let store = open(&options(&server(), partitions)).await;
        let reference = ReferenceStore::new(STARTED_AT_MS);
        erasures::ids_are_not_shown_again(&store, &reference).await;
    }
}

/// A message of one node reaches the others wherever in the cluster they listen.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_passes_on_what_changes() {
    let options = options(&cluster(), 8);
    let nodes = [
        open(&options).await,
        open(&options).await,
        open(&options).await,
    ];
    make(&nodes[0]).await;
    for (n, change) in [cancel(0), cancel(1)].into_iter().enumerate() {
        let waiting = nodes.clone().map(|node| tokio::spawn(wait(node, n)));
        tokio::time::sleep(Duration::from_millis(500)).await;
        nodes[n].change_queue(change, None, 1).await.unwrap();
        for waited in waiting {
            let waited = waited.await.unwrap();
            assert!(waited < Duration::from_millis(2500), "{waited:?}");
        }
    }
}

fn queue() -> QueueId {
    QueueId::parse("duel").unwrap()
}

fn ticket(n: usize) -> TicketId {
    TicketId::parse(&format!("t{n}")).unwrap()
}

fn cancel(n: usize) -> QueueChange {
    let (queue, ticket) = (queue(), ticket(n));
    QueueChange::CancelTicket { queue, ticket }
}

/// Two players, each with a ticket.
async fn make(store: &RedisStore) {
    let settings = Box::new(duel(None, 1_000_000));
    let put = QueueChange::PutQueue {
        queue: queue(),
        settings,
    };
    store.change_queue(put, None, 0).await.unwrap();
    for n in 0..2 {
        let id = PlayerId::from_bytes([u8::try_from(n).unwrap() + 1; 16]);
        let put = Change::PutPlayers(vec![ada(id)]);
        store.change(put, None, 0).await.unwrap();
        let ticket = lone_ticket(ticket(n), id);
        let queue = queue();
        let create = QueueChange::CreateTicket { queue, ticket };
        store.change_queue(create, None, 0).await.unwrap();
    }
}

/// How long it takes until the ticket is another.
async fn wait(store: RedisStore, n: usize) -> Duration {
    let id = ticket(n);
    let seen = store.ticket(&queue(), &id).await.unwrap().version;
    let started = Instant::now();
    store.ticket_changed(&queue(), &id, seen).await.unwrap();
    started.elapsed()
}
