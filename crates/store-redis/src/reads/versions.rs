//! The versions of boards, as they are asked for several times a second by each who watches.
//!
//! However many ask a node about a board, one reading at a time goes to Redis: whoever comes meanwhile waits for
//! it or for the next. An answer is used again for 50 ms, and not after this node has itself changed the board,
//! so that who submits a score and then looks sees it. Changes of other nodes are seen at the latest after these
//! 50 ms. A node never gives a lower version than before.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use boards::{BoardId, StoreError};
use parking_lot::Mutex;
use tokio::time::Instant;

/// For how long an answer is used again.
const FRESH: Duration = Duration::from_millis(50);
/// Boards that nobody has asked about for so long are forgotten…
const WATCHED: Duration = Duration::from_secs(60);
/// …as soon as there are more than these.
const MANY: usize = 1024;

/// Versions, by board.
#[derive(Default)]
pub(crate) struct Versions {
    boards: Mutex<HashMap<BoardId, Arc<Watched>>>,
    /// Grows with each change of all boards by this node.
    changes_of_all: AtomicU64,
}

/// What is known of a board.
struct Watched {
    /// Grows with each change of the board by this node.
    changes: AtomicU64,
    asked: Mutex<Instant>,
    /// Held by who reads.
    latest: tokio::sync::Mutex<Latest>,
}

#[derive(Default)]
struct Latest {
    version: u64,
    reading: Option<Reading>,
}

/// The last reading.
struct Reading {
    began: Instant,
    ended: Instant,
    /// The changes of this node that had ended when it began.
    changes: (u64, u64),
    /// What is told to those who had asked before it ended.
    failure: Option<Failure>,
}

enum Failure {
    UnknownBoard,
    Unavailable(String),
}

impl Versions {
    /// To be called after every change of a board by this node.
    pub(crate) fn changed(&self, board: &BoardId) {
        if let Some(watched) = self.boards.lock().get(board) {
            watched.changes.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// To be called after a change that may be of any board.
    pub(crate) fn all_changed(&self) {
        self.changes_of_all.fetch_add(1, Ordering::SeqCst);
    }

    /// The version of a board, by an earlier answer or by `read`.
    pub(super) async fn of<R>(
        &self,
        board: &BoardId,
        read: impl FnOnce() -> R,
    ) -> Result<u64, StoreError>
    where
        R: Future<Output = Result<u64, StoreError>>,
    {
        let asked = Instant::now();
        let watched = self.watched(board, asked);
        let mut latest = watched.latest.lock().await;
        let began = Instant::now();
        let changes = self.changes(&watched);
        if let Some(reading) = latest.reading.as_ref().filter(|r| r.changes == changes) {
            match &reading.failure {
                Some(failure) if asked <= reading.ended => return Err(failure.told(board)),
                None if began.duration_since(reading.began) <= FRESH => return Ok(latest.version),
                _ => {}
            }
        }
        let answer = read().await;
        latest.reading = Some(Reading {
            began,
            ended: Instant::now(),
            changes,
            failure: answer.as_ref().err().map(Failure::of),
        });
        latest.version = latest.version.max(answer?);
        Ok(latest.version)
    }

    fn changes(&self, watched: &Watched) -> (u64, u64) {
        let of_all = self.changes_of_all.load(Ordering::SeqCst);
        (watched.changes.load(Ordering::SeqCst), of_all)
    }

    fn watched(&self, board: &BoardId, now: Instant) -> Arc<Watched> {
        let mut boards = self.boards.lock();
        if boards.len() >= MANY && !boards.contains_key(board) {
            boards.retain(|_, watched| now.duration_since(*watched.asked.lock()) < WATCHED);
        }
        let watched = boards.entry(board.clone()).or_insert_with(|| {
            Arc::new(Watched {
                changes: AtomicU64::new(0),
                asked: Mutex::new(now),
                latest: tokio::sync::Mutex::default(),
            })
        });
        *watched.asked.lock() = now;
        Arc::clone(watched)
    }
}

impl Failure {
    fn of(error: &StoreError) -> Self {
        match error {
            StoreError::UnknownBoard(_) => Failure::UnknownBoard,
            other => Failure::Unavailable(other.to_string()),
        }
    }

    fn told(&self, board: &BoardId) -> StoreError {
        match self {
            Failure::UnknownBoard => StoreError::UnknownBoard(board.clone()),
            Failure::Unavailable(reason) => StoreError::Unavailable {
                reason: reason.clone(),
                source: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::future::join_all;
    use tokio::time::{advance, sleep};

    use super::*;

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
            let board = BoardId::parse(board).unwrap();
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
        reader.versions.changed(&BoardId::parse("a").unwrap());
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
            reader.versions.changed(&BoardId::parse("a").unwrap());
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
}
