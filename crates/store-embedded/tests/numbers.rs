//! What is counted of the store as a whole.
#![allow(clippy::unwrap_used)]

use boards::{BoardId, BoardSettings, BoardStore, Change, PlayerId, Score, StoreError, Submission};
use futures_util::future::join_all;
use store_embedded::{Clock, EmbeddedStore, Options};
use testkit::ada;

fn open(dir: &tempfile::TempDir, max_queue: usize) -> EmbeddedStore {
    let options = Options {
        data_dir: dir.path().join("data"),
        cache_bytes: 1 << 20,
        max_queue,
        clock: Clock::new(|| 0),
    };
    EmbeddedStore::open(&options).unwrap()
}

fn put_player(n: u8) -> Change {
    Change::PutPlayers(vec![ada(PlayerId::from_bytes([n; 16]))])
}

fn submit(board: &BoardId, n: u8) -> Change {
    Change::Submit {
        board: board.clone(),
        submission: Submission::new(PlayerId::from_bytes([n; 16]), Score::ZERO),
    }
}

#[tokio::test]
async fn every_change_is_in_one_batch_or_was_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir, 4);
    let changes = (1..=200).map(|n| store.change(put_player(n), None, 0));
    let results = join_all(changes).await;
    let refused = results
        .iter()
        .filter(|result| matches!(result, Err(StoreError::Overloaded)))
        .count() as u64;
    let done = results.iter().filter(|result| result.is_ok()).count() as u64;
    assert_eq!(done + refused, 200);
    let numbers = store.numbers();
    assert_eq!(numbers.queue_refused, refused);
    assert_eq!(numbers.queue_changes, 0);
    assert_eq!(numbers.players, done);
    assert_eq!(numbers.commit_changes.sum, done as f64);
    assert_eq!(numbers.commit_changes.count, numbers.commits);
    assert_eq!(numbers.commit_seconds.count, numbers.commits);
    assert!((1..=done).contains(&numbers.commits));
    assert_eq!(numbers.commit_failures, 0);
    assert!(numbers.available);
    store.close();
    let closed = store.change(put_player(1), None, 0).await;
    assert!(matches!(closed, Err(StoreError::Unavailable { .. })));
    let numbers = store.numbers();
    assert_eq!((numbers.queue_changes, numbers.queue_refused), (0, refused));
    assert!(!numbers.available);
}

#[tokio::test]
async fn what_is_refused_or_changes_nothing_is_no_change() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir, 16);
    store.change(put_player(1), None, 0).await.unwrap();
    let global = BoardId::global();
    assert!(store.change(submit(&global, 2), None, 0).await.is_err());
    assert_eq!(store.numbers().commits, 1);
    store.change(submit(&global, 1), None, 0).await.unwrap();
    let numbers = store.numbers();
    assert_eq!((numbers.commits, numbers.entries), (2, 1));
    assert_eq!(numbers.commit_changes.sum, 2.0);
}

#[tokio::test]
async fn sizes_are_those_of_all_boards() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir, 4096);
    store.change(put_player(1), None, 0).await.unwrap();
    // More than are gone through in one run.
    let boards: Vec<BoardId> = (0..600)
        .map(|n| BoardId::parse(&format!("b{n}")).unwrap())
        .collect();
    let puts = boards.iter().map(|board| {
        let settings = BoardSettings::default();
        let board = board.clone();
        store.change(Change::PutBoard { board, settings }, None, 0)
    });
    assert!(join_all(puts).await.iter().all(Result::is_ok));
    let empty = store.numbers();
    assert_eq!((empty.boards, empty.entries), (601, 0));
    let submissions = boards
        .iter()
        .map(|board| store.change(submit(board, 1), None, 0));
    assert!(join_all(submissions).await.iter().all(Result::is_ok));
    let full = store.numbers();
    assert_eq!((full.boards, full.entries), (601, 600));
    assert!(full.index_bytes >= empty.index_bytes + 600 * 20);
    assert!(full.disk_bytes > 0);
    store
        .change(Change::Rotate(boards[0].clone()), None, 0)
        .await
        .unwrap();
    assert_eq!(store.numbers().entries, 599, "of the present season");
}
