//! What can be wrong with a value, and what can go wrong in a store.

use std::error::Error;

use crate::board::BoardId;
use crate::player::PlayerId;

/// A value that is not what it has to be; the text completes the sentence "*field* …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Invalid {
    reason: &'static str,
}

impl Invalid {
    pub(crate) fn new(reason: &'static str) -> Self {
        Invalid { reason }
    }

    /// What is required.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

/// Why a store did not do what it was asked. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such board.
    #[error("there is no board {0}")]
    UnknownBoard(BoardId),
    /// There is no such player, or it has no entry on the board.
    #[error("there is no player {0}")]
    UnknownPlayer(PlayerId),
    /// Players to be created exist already or appear twice; these are their places in the input.
    #[error("{} of the players exist already", .0.len())]
    Duplicate(Vec<usize>),
    /// The submission would take the score out of the range of a double.
    #[error("the score would be too large for a double")]
    ScoreOverflow,
    /// More work is waiting than may wait.
    #[error("too many changes are waiting to be written")]
    Overloaded,
    /// The store cannot write at present, or is stopping.
    #[error("the store cannot take changes: {reason}")]
    Unavailable {
        /// For the log, not for clients.
        reason: String,
        /// What lies beneath, where there is something.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
}
