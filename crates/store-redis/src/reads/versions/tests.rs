//! Versions read by a made-up reader, under a clock that stands still.

use std::cell::Cell;

use futures_util::future::join_all;
use tokio::time::{advance, sleep};

use super::*;

fn board(name: &str) -> BoardId {
    BoardId::parse(name).unwrap()
}

/// Readings that take 10 ms, each giving the next number.
struct Reader {
    versions: Versions,
    readings: Cell<u64>,
}

impl Reader {
    fn new() -> Self {
        Reader {
            versions: Versions::default(),
            readings: Cell::new(0),
        }
    }

    async fn ask(&self, board: &str) -> Result<u64, StoreError> {
        let board = self::board(board);
        let read = async || {
            sleep(Duration::from_millis(10)).await;
            self.readings.set(self.readings.get() + 1);
            Ok(self.readings.get())
        };
        self.versions.of(&board, read).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_crowd_is_answered_by_one_reading() {
    let reader = Reader::new();
    let answers = join_all((0..100).map(|_| reader.ask("a"))).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap() == 1));
    assert_eq!(reader.ask("b").await.unwrap(), 2);
    advance(Duration::from_millis(51)).await;
    assert_eq!(reader.ask("a").await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn no_answer_outlives_a_change_of_this_node() {
    let reader = Reader::new();
    assert_eq!(reader.ask("a").await.unwrap(), 1);
    assert_eq!(reader.ask("b").await.unwrap(), 2);
    reader.versions.changed(&board("a"));
    assert_eq!(reader.ask("b").await.unwrap(), 2);
    assert_eq!(reader.ask("a").await.unwrap(), 3);
    reader.versions.all_changed();
    assert_eq!(reader.ask("a").await.unwrap(), 4);
    assert_eq!(reader.ask("b").await.unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_change_while_it_is_read_asks_for_another_reading() {
    let reader = Reader::new();
    let change = async {
        sleep(Duration::from_millis(5)).await;
        reader.versions.changed(&board("a"));
        reader.ask("a").await.unwrap()
    };
    let (first, after) = tokio::join!(reader.ask("a"), change);
    assert_eq!((first.unwrap(), after), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn versions_never_fall() {
    let versions = Versions::default();
    let board = BoardId::global();
    for (read, expected) in [(7, 7), (5, 7), (8, 8)] {
        let read = async || Ok(read);
        assert_eq!(versions.of(&board, read).await.unwrap(), expected);
        advance(FRESH * 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_to_those_who_waited_and_to_nobody_else() {
    let versions = Versions::default();
    let board = BoardId::global();
    let readings = Cell::new(0);
    let fail = async || {
        readings.set(readings.get() + 1);
        sleep(Duration::from_millis(10)).await;
        Err(StoreError::UnknownBoard(BoardId::global()))
    };
    let asked = join_all((0..50).map(|_| versions.of(&board, fail))).await;
    assert!(
        asked
            .iter()
            .all(|a| matches!(a, Err(StoreError::UnknownBoard(_))))
    );
    assert_eq!(readings.get(), 1);
    advance(Duration::from_millis(1)).await;
    assert_eq!(versions.of(&board, async || Ok(3)).await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn boards_that_nobody_watches_are_forgotten() {
    let reader = Reader::new();
    for n in 0..MANY {
        reader.ask(&format!("b{n}")).await.unwrap();
    }
    advance(WATCHED).await;
    reader.ask("another").await.unwrap();
    assert!(reader.versions.boards.lock().len() < MANY);
}

#[tokio::test(start_paused = true)]
async fn what_is_heard_of_is_kept_until_it_changes() {
    let reader = Reader::new();
    reader.versions.hearing.begins();
    assert_eq!(reader.ask("a").await.unwrap(), 1);
    advance(KEPT - Duration::from_millis(20)).await;
    assert_eq!(reader.ask("a").await.unwrap(), 1);
    reader.versions.changed(&board("b"));
    assert_eq!(reader.ask("a").await.unwrap(), 1);
    reader.versions.changed(&board("a"));
    assert_eq!(reader.ask("a").await.unwrap(), 2);
    // A node may have ended before it could tell.
    advance(KEPT).await;
    assert_eq!(reader.ask("a").await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_missed_is_read_again() {
    let reader = Reader::new();
    reader.versions.hearing.begins();
    assert_eq!(reader.ask("a").await.unwrap(), 1);
    advance(FRESH).await;
    reader.versions.hearing.ends();
    assert_eq!(reader.ask("a").await.unwrap(), 2);
    // Read while nothing was heard, so it is as good as nothing once something is heard.
    advance(FRESH).await;
    reader.versions.hearing.begins();
    assert_eq!(reader.ask("a").await.unwrap(), 3);
    advance(FRESH * 2).await;
    assert_eq!(reader.ask("a").await.unwrap(), 3);
    reader.versions.hearing.ends();
    reader.versions.hearing.begins();
    assert_eq!(reader.ask("a").await.unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn who_waited_for_a_reading_takes_what_began_after_it_had_asked() {
    let reader = Reader::new();
    let late = async {
        sleep(Duration::from_millis(5)).await;
        let asking = join_all((0..50).map(|_| reader.ask("a")));
        let change = async {
            // The second reading is under way.
            sleep(Duration::from_millis(10)).await;
            reader.versions.changed(&board("a"));
        };
        tokio::join!(asking, change).0
    };
    let first = async { assert_eq!(reader.ask("a").await.unwrap(), 1) };
    let change = async {
        sleep(Duration::from_millis(4)).await;
        reader.versions.changed(&board("a"));
    };
    let ((), (), answers) = tokio::join!(first, change, late);
    assert!(answers.into_iter().all(|answer| answer.unwrap() == 2));
    assert_eq!(reader.readings.get(), 2);
}
