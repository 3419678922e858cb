//! An erasure that takes several batches, looked at between them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use boards::{BoardStore, Change, StoreError};
use matchmaking::{Match, MatchError, MatchId, MatchStore, QueueChange};
use parking_lot::Mutex;

use crate::access::Access;
use crate::chores::Chores;
use crate::engine::EngineError;
use crate::testing::*;
use crate::{Clock, EmbeddedStore, Options};

/// Matches of players 1 and 2 before 1 is erased.
const BEFORE: u8 = 20;
/// As many commits as there will ever be.
const ALL: usize = usize::MAX / 2;

/// Commits that are let through; the next ones wait.
type Gate = Arc<Mutex<usize>>;

fn open(dir: &Path, gate: &Gate) -> EmbeddedStore {
    let gate = Arc::clone(gate);
    let access = Access {
        commit: Box::new(move |engine, writes| {
            loop {
                let mut allowed = gate.lock();
                if *allowed > 0 {
                    *allowed -= 1;
                    break;
                }
                drop(allowed);
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            engine.commit(writes)
        }),
        ..Access::direct()
    };
    EmbeddedStore::open_with(&options(dir), access).unwrap()
}

/// A match of players 1 and 2 with a result. `let_through` is called before each change.
async fn play(store: &EmbeddedStore, n: u8, let_through: impl Fn()) {
    let tickets = [2 * n, 2 * n + 1];
    let changes = [
        create_for(tickets[0], 1),
        create_for(tickets[1], 2),
        announce(n, tickets),
        finish(n),
    ];
    for change in changes {
        let_through();
        ask(store, change).await.unwrap();
    }
}

fn shows(of: &Match, n: u8) -> bool {
    let text = serde_json::to_string(of).unwrap();
    text.contains(&player(n).to_string())
}

async fn history(store: &EmbeddedStore, n: u8) -> Vec<MatchId> {
    let all = store.history(player(n), None, 100).await.unwrap();
    all.iter().map(|of| of.id).collect()
}

/// Nothing of the first life of player 1 can be seen, and all the rest.
async fn assert_erased(store: &EmbeddedStore) {
    for n in 1..=BEFORE {
        let of = store.find_match(match_id(n)).await.unwrap();
        assert!(!shows(&of, 1) && shows(&of, 2), "{of:?}");
    }
    let others = store.history(player(2), None, 100).await.unwrap();
    let old = others.iter().filter(|of| of.id != match_id(BEFORE + 1));
    assert_eq!(old.filter(|of| !shows(of, 1)).count(), usize::from(BEFORE));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (entry, name) = entry.map(|e| (e.path(), e.file_name())).unwrap();
        if entry.is_dir() {
            copy(&entry, &to.join(name));
        } else {
            std::fs::copy(&entry, to.join(name)).unwrap();
        }
    }
}

#[test]
fn matches_are_masked_at_once_and_rewritten_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let gate = Gate::new(Mutex::new(ALL));
    runtime().block_on(async {
        let store = open(&data, &gate);
        store.change(put_players(), None, 0).await.unwrap();
        ask(&store, put_queue(None)).await.unwrap();
        for n in 1..=BEFORE {
            play(&store, n, || {}).await;
        }
        *gate.lock() = 1;
        let erase = || store.change(Change::DeletePlayer(player(1)), None, 0);
        erase().await.unwrap();
        assert_erased(&store).await;
        assert!(matches!(
            store.history(player(1), None, 9).await,
            Err(MatchError::Store(StoreError::UnknownPlayer(_)))
        ));
        // Each of the changes that follow comes after a batch of the erasure, and before the next.
        let let_through = || *gate.lock() += 2;
        let_through();
        store.change(put_players(), None, 0).await.unwrap();
        assert_erased(&store).await;
        assert_eq!(history(&store, 1).await, []);
        play(&store, BEFORE + 1, let_through).await;
        assert_erased(&store).await;
        assert_eq!(history(&store, 1).await, [match_id(BEFORE + 1)]);
        assert!(!store.state.read().erasures.is_empty(), "it goes on");
        // As a kill would leave it.
        let killed = dir.path().join("killed");
        copy(&data, &killed);
        *gate.lock() = ALL;
        drop(store);
        for path in [data, killed] {
            let store = EmbeddedStore::open(&options(&path)).unwrap();
            until(|| store.state.read().erasures.is_empty()).await;
            assert_erased(&store).await;
            assert_eq!(history(&store, 1).await, [match_id(BEFORE + 1)]);
            assert_eq!(history(&store, 2).await.len(), usize::from(BEFORE) + 1);
            let erase = Change::DeletePlayer(player(1));
            store.change(erase, None, 0).await.unwrap();
            let of = store.find_match(match_id(BEFORE + 1)).await.unwrap();
            assert!(!shows(&of, 1));
            until(|| store.state.read().erasures.is_empty()).await;
            store.change(put_players(), None, 0).await.unwrap();
            assert_eq!(history(&store, 1).await, []);
            let of = store.find_match(match_id(BEFORE + 1)).await.unwrap();
            assert!(!shows(&of, 1) && shows(&of, 2));
        }
    });
}

#[test]
fn that_a_player_was_erased_is_forgotten_when_nothing_of_before_can_be_read() {
    const HOUR_MS: i64 = 60 * 60 * 1000;
    let dir = tempfile::tempdir().unwrap();
    let now_ms = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&now_ms);
    let options = Options {
        clock: Clock::new(move || clock.load(Ordering::Relaxed)),
        ..options(dir.path())
    };
    let open = || EmbeddedStore::open(&options).unwrap();
    let is_marked = |store: &EmbeddedStore| store.state.read().marks.get(player(1)).is_some();
    runtime().block_on(async {
        let store = open();
        store.change(put_players(), None, 0).await.unwrap();
        let erase = Change::DeletePlayer(player(1));
        store.change(erase, None, 0).await.unwrap();
        drop(store);
        now_ms.store(27 * HOUR_MS - 1, Ordering::Relaxed);
        let store = open();
        store.change(put_players(), None, 0).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert!(is_marked(&store));
        now_ms.store(28 * HOUR_MS, Ordering::Relaxed);
        store.change(put_players(), None, 0).await.unwrap();
        until(|| !is_marked(&store)).await;
        drop(store);
        assert!(!is_marked(&open()));
    });
}

/// A store whose engine cannot be read to its end every other time, after what was found has been passed over.
fn unreadable_in_turns(dir: &Path) -> EmbeddedStore {
    let mut turns = 0;
    let access = Access {
        tidy: Box::new(move |chores, state, engine, now_ms| {
            let next = Chores::next(chores, state, engine, now_ms)?;
            turns += usize::from(next.is_some());
            match next {
                Some(_) if turns % 2 == 1 => Err(EngineError::Panic("unreadable".to_owned())),
                next => Ok(next),
            }
        }),
        ..Access::direct()
    };
    EmbeddedStore::open_with(&options(dir), access).unwrap()
}

#[test]
fn what_could_not_be_read_is_not_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = unreadable_in_turns(dir.path());
        store.change(put_players(), None, 0).await.unwrap();
        ask(&store, put_queue(None)).await.unwrap();
        for n in 1..=BEFORE {
            play(&store, n, || {}).await;
        }
        let erase = Change::DeletePlayer(player(1));
        store.change(erase, None, 0).await.unwrap();
        until(|| store.state.read().erasures.is_empty()).await;
        store.change(put_players(), None, 0).await.unwrap();
        assert_erased(&store).await;
        assert_eq!(history(&store, 1).await, []);
        let gone = QueueChange::DeleteQueue(queue());
        ask(&store, gone).await.unwrap();
        until(|| store.state.read().queues.doomed.is_empty()).await;
        drop(store);
        let store = EmbeddedStore::open(&options(dir.path())).unwrap();
        assert_erased(&store).await;
    });
}
