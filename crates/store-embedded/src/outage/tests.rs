//! A disk that fails: a batch that never reached it, and one that did though its sync is said to have failed.

use std::sync::Arc;
use std::time::Duration;

use boards::{BoardStore, StoreError};
use matchmaking::{MatchError, MatchStore, NewBackfill, QueueChange, TicketState, Who};
use parking_lot::Mutex;
use proptest::prelude::*;
use testkit::{ReferenceStore, conformance};

use super::*;
use crate::EmbeddedStore;
use crate::testing::*;

/// How a commit fails.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Nothing of it is on disk.
    Lost,
    /// All of it is there when the engine is opened again.
    Kept,
}

#[derive(Default)]
struct Disk {
    /// What happens to the next commits, the last one first.
    faults: Vec<Option<Fault>>,
    /// A batch that is found when the engine is opened again.
    kept: Option<Vec<Write>>,
    /// Whether the engine cannot be opened.
    gone: bool,
    failed: usize,
}

type Shared = Arc<Mutex<Disk>>;

impl Disk {
    fn commit(&mut self, engine: &mut Engine, writes: &[Write]) -> Result<(), EngineError> {
        let Some(fault) = self.faults.pop().flatten() else {
            return engine.commit(writes);
        };
        self.failed += 1;
        self.kept = matches!(fault, Fault::Kept).then(|| writes.to_vec());
        Err(EngineError::Panic("the disk fails".to_owned()))
    }

    fn open(&mut self, dir: &std::path::Path, cache_bytes: u64) -> Result<Engine, EngineError> {
        if self.gone {
            return Err(EngineError::Panic("the disk is gone".to_owned()));
        }
        let mut engine = Engine::open(dir, cache_bytes)?;
        if let Some(kept) = self.kept.take() {
            engine.commit(&kept)?;
        }
        Ok(engine)
    }
}

fn open(dir: &tempfile::TempDir, disk: &Shared) -> EmbeddedStore {
    let (commits, opens) = (Arc::clone(disk), Arc::clone(disk));
    let access = Access {
        open: Box::new(move |dir, cache_bytes| opens.lock().open(dir, cache_bytes)),
        commit: Box::new(move |engine, writes| commits.lock().commit(engine, writes)),
        ..Access::direct()
    };
    EmbeddedStore::open_with(&options(&dir.path().join("data")), access).unwrap()
}

/// What happens to the commits of and after a change: mostly nothing; several in a row are an engine that
/// fails again while it is brought back.
fn faults() -> impl Strategy<Value = Vec<Vec<Option<Fault>>>> {
    let fault = prop_oneof![Just(Fault::Lost), Just(Fault::Kept)].prop_map(Some);
    let at_once = prop_oneof![
        6 => Just(Vec::new()),
        3 => prop::collection::vec(fault, 1..4),
    ];
    prop::collection::vec(at_once, 5..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_refused_has_not_happened_and_what_is_acknowledged_stays(
        runs in prop::collection::vec((conformance::queues::steps(120), faults()), 1..3)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let reference = ReferenceStore::new(STARTED_AT_MS);
        let disk = Shared::default();
        let mut known = Vec::new();
        runtime().block_on(async {
            for (steps, faults) in &runs {
                let store = open(&dir, &disk);
                conformance::queues::compare(&store, &reference, &known).await;
                let mut next = faults.iter().cycle();
                let mut fail = |on: bool| {
                    let now = if on { next.next().cloned() } else { None };
                    disk.lock().faults = now.unwrap_or_default();
                };
                let run = conformance::queues::run_with_outages;
                run(&store, &reference, steps, &mut known, &mut fail).await;
            }
            conformance::queues::compare(&open(&dir, &disk), &reference, &known).await;
        });
    }
}

/// Tickets 1 to 6: 1 waits, 2 was cancelled, 3 and 4 are in a match that is held, 5 and 6 in one that is
/// proposed.
async fn fill(store: &EmbeddedStore) {
    store.change(put_players(), None, 0).await.unwrap();
    let mut changes = vec![put_queue(None)];
    changes.extend((1..7).map(create));
    changes.extend([cancel(2), announce(1, [3, 4])]);
    changes.extend([put_queue(Some(50_000)), announce(2, [5, 6])]);
    for change in changes {
        ask(store, change).await.unwrap();
    }
}

/// One of each kind of change of what is in a queue, all of which [`fill`] makes possible.
fn all_changes() -> Vec<QueueChange> {
    let who = || Who::Player(player(5));
    vec![
        create(7),
        cancel(1),
        QueueChange::Accept {
            match_id: match_id(2),
            who: who(),
        },
        QueueChange::Decline {
            match_id: match_id(2),
            who: who(),
        },
        QueueChange::CreateBackfill {
            queue: queue(),
            backfill: NewBackfill {
                id: ticket(1),
                match_id: match_id(1),
                left: vec![player(3)],
                seats: Vec::new(),
            },
        },
        finish(1),
    ]
}

fn is_unavailable<T>(result: &Result<T, MatchError>) -> bool {
    matches!(
        result,
        Err(MatchError::Store(StoreError::Unavailable { .. }))
    )
}

#[test]
fn during_an_outage_readers_are_told_what_is_known_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Shared::default();
    runtime().block_on(async {
        let store = open(&dir, &disk);
        fill(&store).await;
        let before = store.find_match(match_id(2)).await.unwrap();
        disk.lock().gone = true;
        disk.lock().faults = vec![Some(Fault::Kept)];
        for change in all_changes() {
            assert!(is_unavailable(&ask(&store, change).await));
        }
        // In memory, and as it was.
        assert_eq!(state(&store, 1).await.unwrap(), TicketState::Waiting);
        assert_eq!(store.find_match(match_id(2)).await.unwrap(), before);
        assert!(store.snapshot(&queue(), STARTED_AT_MS).await.is_ok());
        // On disk: whether there is such a ticket is not known.
        assert!(is_unavailable(&state(&store, 2).await));
        assert!(is_unavailable(&state(&store, 7).await));
        assert!(is_unavailable(
            &store.history(player(3), None, 9).await.map(|_| ())
        ));
        let (queue, one) = (queue(), ticket(1));
        let seen = store.ticket(&queue, &one).await.unwrap().version;
        let mut waits = Box::pin(store.ticket_changed(&queue, &one, seen));
        let patience = Duration::from_millis(20);
        assert!(tokio::time::timeout(patience, &mut waits).await.is_err());
        disk.lock().gone = false;
        until(|| store.is_ready()).await;
        // The first of them reached the disk, and was undone.
        assert!(matches!(
            state(&store, 7).await,
            Err(MatchError::UnknownTicket(_))
        ));
        assert!(tokio::time::timeout(patience, &mut waits).await.is_err());
        for change in all_changes() {
            ask(&store, change).await.unwrap();
        }
        waits.await.unwrap();
        drop(store);
        let store = open(&dir, &disk);
        assert_eq!(state(&store, 7).await.unwrap(), TicketState::Waiting);
        assert_eq!(store.history(player(4), None, 9).await.unwrap().len(), 1);
    });
}

/// Removing goes on where it was: what a failed batch was to remove is still there, and without its mark the
/// next start would take it for damage.
#[test]
fn nothing_of_a_deleted_queue_is_left_behind_by_an_outage() {
    for fault in [Fault::Lost, Fault::Kept] {
        let dir = tempfile::tempdir().unwrap();
        let disk = Shared::default();
        runtime().block_on(async {
            let store = open(&dir, &disk);
            fill(&store).await;
            for n in 8..20 {
                ask(&store, create(n)).await.unwrap();
            }
            // The deletion and the first batch of removals work, the next do not, at the first attempt.
            disk.lock().faults = vec![Some(fault), None, Some(fault), None, None];
            ask(&store, QueueChange::DeleteQueue(queue()))
                .await
                .unwrap();
            until(|| store.is_ready() && store.state.read().queues.doomed.is_empty()).await;
            assert_eq!(disk.lock().failed, 2);
            assert_eq!(store.state.read().position.tickets, 0);
            drop(store);
            let store = open(&dir, &disk);
            assert_eq!(store.state.read().position.tickets, 0);
        });
    }
}
