//! What the conformance suite of queues does not ask, or seldom: the time that what has ended can be read,
//! readers that wait, deleted queues, erased players of a match, stores from before there were queues,
//! answers across a restart.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod erased;
mod numbers;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use boards::{BoardStore, Change, Guard, Player, PlayerId, StoreError};
use matchmaking::{
    MatchError, MatchId, MatchResult, MatchStore, QueueChange, QueueChanged, QueueId, Reason,
    TicketId, TicketState, WhyWaiting,
};
use store_embedded::{Clock, EmbeddedStore, Options};
use testkit::{ada, announced_duel, duel, lone_ticket};

const HOUR_MS: i64 = 60 * 60 * 1000;

struct Fixture {
    _dir: tempfile::TempDir,
    options: Options,
    now_ms: Arc<AtomicI64>,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let now_ms = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&now_ms);
        let options = Options {
            data_dir: dir.path().join("data"),
            cache_bytes: 1 << 20,
            max_queue: 65_536,
            clock: Clock::new(move || clock.load(Ordering::Relaxed)),
        };
        Fixture {
            _dir: dir,
            options,
            now_ms,
        }
    }

    fn open(&self) -> EmbeddedStore {
        EmbeddedStore::open(&self.options).unwrap()
    }

    async fn with_queue(&self, acceptance_ms: Option<u64>) -> EmbeddedStore {
        let store = self.open();
        let players = (0..200).map(player).collect();
        store
            .change(Change::PutPlayers(players), None, 0)
            .await
            .unwrap();
        ask(&store, put_queue(acceptance_ms), 0).await;
        store
    }
}

fn id(n: u8) -> PlayerId {
    // None is nil, which stands for those who are erased.
    PlayerId::from_bytes([n + 1; 16])
}

fn player(n: u8) -> Player {
    ada(id(n))
}

fn queue() -> QueueId {
    QueueId::parse("duel").unwrap()
}

fn ticket_id(n: u8) -> TicketId {
    TicketId::parse(&format!("t{n}")).unwrap()
}

fn match_id(n: u8) -> MatchId {
    MatchId::from_random([n; 16])
}

fn put_queue(acceptance_ms: Option<u64>) -> QueueChange {
    QueueChange::PutQueue {
        queue: queue(),
        settings: Box::new(duel(acceptance_ms, 10 * HOUR_MS as u64)),
    }
}

fn create(n: u8) -> QueueChange {
    QueueChange::CreateTicket {
        queue: queue(),
        ticket: lone_ticket(ticket_id(n), id(n)),
    }
}

fn announce(n: u8, tickets: [u8; 2]) -> QueueChange {
    announced_duel(queue(), match_id(n), tickets.map(ticket_id), 0.0)
}

fn finish(n: u8, places: [u32; 2]) -> QueueChange {
    QueueChange::Finish {
        match_id: match_id(n),
        result: MatchResult::Placements(places.into()),
    }
}

fn cancel(n: u8) -> QueueChange {
    QueueChange::CancelTicket {
        queue: queue(),
        ticket: ticket_id(n),
    }
}

async fn ask(store: &EmbeddedStore, change: QueueChange, now_ms: i64) -> QueueChanged {
    store
        .change_queue(change, None, now_ms)
        .await
        .unwrap()
        .changed
}

async fn state(store: &EmbeddedStore, n: u8) -> Option<TicketState> {
    match store.ticket(&queue(), &ticket_id(n)).await {
        Ok(view) => Some(view.ticket.state.clone()),
        Err(MatchError::UnknownTicket(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn what_has_ended_can_be_read_for_an_hour_across_restarts() {
    let fixture = Fixture::new();
    let store = fixture.with_queue(Some(1000)).await;
    for n in 1..6 {
        ask(&store, create(n), 0).await;
    }
    ask(&store, cancel(1), 0).await;
    ask(&store, announce(1, [2, 3]), 0).await;
    // The match fails with the ticket.
    ask(&store, cancel(2), 0).await;
    drop(store);
    fixture.now_ms.store(HOUR_MS - 1, Ordering::Relaxed);
    let store = fixture.open();
    ask(&store, cancel(4), HOUR_MS - 1).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(matches!(
        state(&store, 1).await,
        Some(TicketState::Cancelled { .. })
    ));
    assert!(store.find_match(match_id(1)).await.is_ok());
    assert_eq!(state(&store, 3).await, Some(TicketState::Waiting));
    let one = ticket_id(1);
    let queue = queue();
    let seen = store.ticket(&queue, &one).await.unwrap().version;
    let forgotten = store.ticket_changed(&queue, &one, seen);
    let elsewhere = async {
        fixture.now_ms.store(HOUR_MS + 2000, Ordering::Relaxed);
        // Tidying up comes with the next change.
        while state(&store, 1).await.is_some() {
            ask(&store, create(5), HOUR_MS + 2000).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let (forgotten, ()) = tokio::join!(forgotten, elsewhere);
    forgotten.unwrap();
    assert_eq!(state(&store, 2).await, None);
    assert!(matches!(
        store.find_match(match_id(1)).await,
        Err(MatchError::UnknownMatch(_))
    ));
    assert!(state(&store, 4).await.is_some(), "it ended later");
    // The name is free again.
    ask(&store, create(1), HOUR_MS + 2000).await;
    assert_eq!(state(&store, 1).await, Some(TicketState::Waiting));
}

#[tokio::test]
async fn readers_wait_for_their_ticket_alone() {
    let fixture = Fixture::new();
    let store = Arc::new(fixture.with_queue(None).await);
    let mut waiters = Vec::new();
    for n in 0..150 {
        ask(&store, create(n), 0).await;
        let seen = store.ticket(&queue(), &ticket_id(n)).await.unwrap().version;
        for _ in 0..20 {
            let store = Arc::clone(&store);
            waiters.push((
                n,
                tokio::spawn(async move {
                    store
                        .ticket_changed(&queue(), &ticket_id(n), seen)
                        .await
                        .unwrap();
                }),
            ));
        }
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(waiters.iter().all(|(_, waiter)| !waiter.is_finished()));
    ask(&store, announce(1, [7, 8]), 5).await;
    for (n, waiter) in waiters {
        if n == 7 || n == 8 {
            waiter.await.unwrap();
        } else {
            assert!(!waiter.is_finished(), "{n}");
            waiter.abort();
        }
    }
    // The result of its match is a change of the ticket too.
    let seen = store.ticket(&queue(), &ticket_id(7)).await.unwrap().version;
    let (queue, seven) = (queue(), ticket_id(7));
    let changed = store.ticket_changed(&queue, &seven, seen);
    let (changed, _) = tokio::join!(changed, ask(&store, finish(1, [1, 2]), 9));
    changed.unwrap();
    // One that has changed already is not waited for, one that is not there neither.
    store.ticket_changed(&queue, &seven, seen).await.unwrap();
    let unknown = store.ticket_changed(&queue, &ticket_id(199), 0).await;
    assert!(matches!(unknown, Err(MatchError::UnknownTicket(_))));
}

#[tokio::test]
async fn a_deleted_queue_is_gone_and_its_name_begins_anew() {
    let fixture = Fixture::new();
    let store = fixture.with_queue(None).await;
    for n in 0..100 {
        ask(&store, create(n), 0).await;
    }
    ask(&store, announce(1, [0, 1]), 0).await;
    ask(&store, announce(2, [2, 3]), 0).await;
    ask(&store, finish(2, [1, 2]), 0).await;
    let (queue, waiting) = (queue(), ticket_id(50));
    let seen = store.ticket(&queue, &waiting).await.unwrap().version;
    let changed = store.ticket_changed(&queue, &waiting, seen);
    let deleted = ask(&store, QueueChange::DeleteQueue(queue.clone()), 1);
    let (changed, _) = tokio::join!(changed, deleted);
    changed.unwrap();
    assert!(matches!(
        store.ticket(&queue, &waiting).await,
        Err(MatchError::UnknownQueue(_))
    ));
    ask(&store, put_queue(None), 2).await;
    assert_eq!(state(&store, 50).await, None);
    assert!(store.ratings(id(2)).await.unwrap().is_empty());
    // A match of the old queue ends without ratings in the new one.
    let QueueChanged::Match(of) = ask(&store, finish(1, [1, 2]), 3).await else {
        panic!("no match");
    };
    assert!(format!("{:?}", of.state).contains("ratings: []"));
    assert_eq!(store.history(id(0), None, 9).await.unwrap().len(), 1);
    ask(&store, create(50), 3).await;
    drop(store);
    let store = fixture.open();
    assert_eq!(store.queue(&queue).await.unwrap().waiting, 1);
    drop(store);
    fixture.open();
}

#[tokio::test]
async fn answers_are_kept_across_a_restart_and_told_apart_from_those_of_boards() {
    let fixture = Fixture::new();
    let store = fixture.with_queue(None).await;
    let guard = |request| {
        Some(Guard {
            key: [1; 16],
            request: [request; 16],
        })
    };
    let first = store.change_queue(create(1), guard(1), 5).await.unwrap();
    drop(store);
    let store = fixture.open();
    let again = store.change_queue(create(1), guard(1), 6).await.unwrap();
    assert!(again.replayed && !first.replayed);
    assert_eq!(again.changed, first.changed);
    let other = store.change_queue(create(2), guard(2), 6).await;
    assert!(matches!(
        other,
        Err(MatchError::Store(StoreError::KeyReused))
    ));
    let boards = store
        .change(Change::PutPlayers(Vec::new()), guard(1), 6)
        .await;
    assert!(matches!(boards, Err(StoreError::KeyReused)));
    assert_eq!(state(&store, 2).await, None);
}

#[tokio::test]
async fn a_store_from_before_there_were_queues_is_opened() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let players = Change::PutPlayers(vec![player(1)]);
    store.change(players, None, 0).await.unwrap();
    drop(store);
    let format = fixture.options.data_dir.join("FORMAT");
    std::fs::write(&format, "2\n").unwrap();
    let store = fixture.open();
    ask(&store, put_queue(None), 0).await;
    ask(&store, create(1), 0).await;
    drop(store);
    assert_eq!(std::fs::read_to_string(&format).unwrap(), "4\n");
    assert_eq!(state(&fixture.open(), 1).await, Some(TicketState::Waiting));
}

#[tokio::test]
async fn figures_are_of_what_was_matched_since_the_start() {
    let fixture = Fixture::new();
    let store = fixture.with_queue(None).await;
    for n in 0..5 {
        ask(&store, create(n), 1000 * i64::from(n)).await;
    }
    ask(&store, announce(1, [0, 1]), 10_000).await;
    ask(&store, announce(2, [2, 3]), 20_000).await;
    let why = WhyWaiting {
        reason: Reason::TooFewPlayers,
        detail: "nobody else waits".to_owned(),
    };
    let told = vec![(ticket_id(4), why.clone())];
    store.explain(&queue(), told).await.unwrap();
    let stats = store.queue_stats(&queue(), 20_000).await.unwrap();
    assert_eq!(stats.wait_ms, Some([10_000, 18_000, 18_000, 18_000]));
    assert_eq!((stats.matches_per_minute, stats.running_matches), (2.0, 2));
    assert_eq!(stats.reasons, [(Reason::TooFewPlayers, 1)]);
    fixture.now_ms.store(13_500, Ordering::Relaxed);
    let view = store.ticket(&queue(), &ticket_id(4)).await.unwrap();
    assert_eq!(view.why, Some(why));
    // It has waited 9.5 s; those who waited longer waited 10, 17 and 18.
    assert_eq!(view.estimated_wait_ms, Some(7500));
    drop(store);
    let store = fixture.open();
    let stats = store.queue_stats(&queue(), 20_000).await.unwrap();
    assert_eq!((stats.wait_ms, stats.running_matches), (None, 2));
}

/// A thousand tickets of a crowd, and the results of their matches, are in far fewer batches.
#[tokio::test]
async fn a_crowd_shares_batches() {
    let fixture = Fixture::new();
    let store = fixture.with_queue(None).await;
    let commit = |dir: &Path| newest_commit(&dir.join("engine"));
    let before = commit(&fixture.options.data_dir);
    let all = (0..200).map(|n| store.change_queue(create(n), None, 0));
    let all = futures_util::future::join_all(all).await;
    assert!(all.iter().all(Result::is_ok));
    let batches = commit(&fixture.options.data_dir) - before;
    assert!(batches <= 20, "{batches} batches for 200 tickets");
}

/// The highest commit number that the journals show.
fn newest_commit(engine: &Path) -> u64 {
    let magic = b"agon position 1\n";
    let files = std::fs::read_dir(engine)
        .unwrap()
        .map(|e| e.unwrap().path());
    let journals = files.filter(|path| path.extension().is_some_and(|e| e == "jnl"));
    let commits = journals.flat_map(|path| {
        let bytes = std::fs::read(path).unwrap();
        let places = bytes.windows(24).filter(|window| window.starts_with(magic));
        let commits = places.map(|window| u64::from_be_bytes(window[16..].try_into().unwrap()));
        commits.max()
    });
    commits.max().unwrap()
}
