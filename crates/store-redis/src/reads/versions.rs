//! The versions of boards, as they are asked for several times a second by each who watches.
//!
//! However many ask a node about a board, one reading at a time goes to Redis: whoever comes meanwhile waits for
//! it or for the next. An answer is used again until the board changes: this node's own changes are known at once, so
//! that who submits a score and then looks sees it, and those of other nodes are heard of (`board_news`). While they
//! are not, as when the connection on which they come has ended, an answer is used for 50 ms; and never for longer than
//! a second, since a node may end between a change and telling it. A node never gives a lower version than before.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use boards::{BoardId, StoreError};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::connection::Hearing;

#[cfg(test)]
mod tests;

/// For how long an answer is used again while changes of other nodes may be missed…
const FRESH: Duration = Duration::from_millis(50);
/// …and while they are heard of.
const KEPT: Duration = Duration::from_secs(1);
/// Boards that nobody has asked about for so long are forgotten…
const WATCHED: Duration = Duration::from_secs(60);
/// …as soon as there are more than these.
const MANY: usize = 1024;

/// Versions, by board.
#[derive(Default)]
pub(crate) struct Versions {
    boards: Mutex<HashMap<BoardId, Arc<Watched>>>,
    /// Whether all changes of other nodes are heard of.
    hearing: Arc<Hearing>,
}

/// What is known of a board.
struct Watched {
    /// Grows with each change that is heard of.
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
    began: Moment,
    ended: Instant,
    /// What is told to those who had asked before it ended.
    failure: Option<Failure>,
}

/// What was known when.
struct Moment {
    at: Instant,
    changes: u64,
    hearing: Option<u64>,
}

enum Failure {
    UnknownBoard,
    Unavailable(String),
}

impl Versions {
    /// To be called after every change of a board, by whomever it was made.
    pub(crate) fn changed(&self, board: &BoardId) {
        if let Some(watched) = self.boards.lock().get(board) {
            watched.changes.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The same where it may have been any board.
    pub(crate) fn all_changed(&self) {
        for watched in self.boards.lock().values() {
            watched.changes.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// To be kept by who hears of changes.
    pub(crate) fn hearing(&self) -> Arc<Hearing> {
        Arc::clone(&self.hearing)
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
        let began = self.moment(&watched);
        if let Some(reading) = &latest.reading
            && reading.answers(asked, &began)
        {
            return match &reading.failure {
                Some(failure) => Err(failure.told(board)),
                None => Ok(latest.version),
            };
        }
        let answer = read().await;
        latest.reading = Some(Reading {
            began,
            ended: Instant::now(),
            failure: answer.as_ref().err().map(Failure::of),
        });
        latest.version = latest.version.max(answer?);
        Ok(latest.version)
    }

    fn moment(&self, watched: &Watched) -> Moment {
        Moment {
            at: Instant::now(),
            changes: watched.changes.load(Ordering::SeqCst),
            hearing: self.hearing.spell(),
        }
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

impl Reading {
    /// Whether it answers who asked at that time and reads on at this moment.
    fn answers(&self, asked: Instant, now: &Moment) -> bool {
        // What has changed since it began, has changed since it was asked.
        if self.began.at >= asked {
            return true;
        }
        if self.began.changes != now.changes {
            return false;
        }
        match self.failure {
            Some(_) => asked <= self.ended,
            None => now.at.duration_since(self.began.at) <= self.is_good_for(now),
        }
    }

    fn is_good_for(&self, now: &Moment) -> Duration {
        let all_heard = self.began.hearing.is_some() && self.began.hearing == now.hearing;
        if all_heard { KEPT } else { FRESH }
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
