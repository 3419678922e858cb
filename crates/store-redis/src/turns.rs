//! Turns at a board, within a node: changes that were second once wait for each other instead of meeting again.
//!
//! On a board with a limit every submission depends on all others, so that of many at once one is made and the
//! others begin anew. In turn each is made at its first attempt, as far as other nodes let it.

use std::collections::HashMap;
use std::sync::Arc;

use boards::BoardId;
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

/// Boards that nobody waits for are forgotten as soon as there are more than these.
const MANY: usize = 1024;

/// Whose turn it is, by board.
#[derive(Default)]
pub(crate) struct Turns {
    boards: Mutex<HashMap<BoardId, Arc<tokio::sync::Mutex<()>>>>,
}

impl Turns {
    /// Waits for a turn, in the order of asking; it lasts until it is dropped.
    pub(crate) async fn take(&self, board: &BoardId) -> OwnedMutexGuard<()> {
        let turn = self.of(board);
        turn.lock_owned().await
    }

    fn of(&self, board: &BoardId) -> Arc<tokio::sync::Mutex<()>> {
        let mut boards = self.boards.lock();
        if boards.len() > MANY {
            boards.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        Arc::clone(boards.entry(board.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn one_at_a_time_on_each_board() {
        let turns = Turns::default();
        let (a, b) = (BoardId::global(), BoardId::parse("b").unwrap());
        let first = turns.take(&a).now_or_never().unwrap();
        assert!(turns.take(&a).now_or_never().is_none());
        assert!(turns.take(&b).now_or_never().is_some());
        drop(first);
        assert!(turns.take(&a).now_or_never().is_some());
    }

    #[test]
    fn boards_that_nobody_waits_for_are_forgotten() {
        let turns = Turns::default();
        let board = |n: usize| BoardId::parse(&format!("b{n}")).unwrap();
        let held = turns.take(&board(0)).now_or_never().unwrap();
        for n in 0..=MANY + 1 {
            turns.of(&board(n));
        }
        assert!(turns.boards.lock().len() < 10);
        assert!(turns.take(&board(0)).now_or_never().is_none());
        drop(held);
    }
}
