//! What can be wrong with a value, and what can go wrong in a store.

use std::error::Error;

use serde::{Deserialize, Serialize};

use crate::board::{BoardId, SeasonId};
use crate::player::PlayerId;
use crate::score::Score;
use crate::segment::Attribute;

/// A value that is not what it has to be; the text completes the sentence "*field* …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Invalid {
    reason: &'static str,
}

impl Invalid {
    /// A value that is not so; the reason completes the sentence "*field* …".
    pub fn new(reason: &'static str) -> Self {
        Invalid { reason }
    }

    /// What is required.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

/// Why a submission is refused. Kept with the answer of a batch, hence with a form on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// There is no such board.
    #[error("there is no board {0}")]
    UnknownBoard(BoardId),
    /// There is no such player.
    #[error("there is no player {0}")]
    UnknownPlayer(PlayerId),
    /// It would take the score out of the range of a double.
    #[error("the score would be too large for a double")]
    ScoreOverflow,
    /// It would take the score out of the board's bounds.
    #[error("the score would be {}, out of the board's bounds", .0.get())]
    ScoreOutOfBounds(Score),
    /// The entry does not have the score that the submission is made for.
    #[error("the entry {}, and not what if_score says", has(*.0))]
    ScoreChanged(Option<Score>),
}

fn has(score: Option<Score>) -> String {
    score.map_or("is missing".to_owned(), |s| {
        format!("has the score {}", s.get())
    })
}

/// Why a store did not do what it was asked. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such board.
    #[error("there is no board {0}")]
    UnknownBoard(BoardId),
    /// There is no such player.
    #[error("there is no player {0}")]
    UnknownPlayer(PlayerId),
    /// The player has no entry there.
    #[error("player {0} has no entry there")]
    NoEntry(PlayerId),
    /// The board has no such season, or not any more.
    #[error("there is no season {}, or not any more", .0.0)]
    UnknownSeason(SeasonId),
    /// The board is not ranked by this attribute.
    #[error("the board is not ranked by {}", .0.as_str())]
    NotASegment(Attribute),
    /// The mark is of another board or season.
    #[error("the mark is of another board or season")]
    ForeignMark,
    /// Players to be created exist already or appear twice; these are their places in the input.
    #[error("{} of the players exist already", .0.len())]
    Duplicate(Vec<usize>),
    /// A submission is refused; its place, where there were several.
    #[error("{refusal}")]
    Refused {
        /// The place of the first that is refused.
        at: usize,
        /// Why.
        refusal: Refusal,
    },
    /// The order of a board with entries cannot change: those of equal score would have no order that
    /// anybody has seen.
    #[error("the order of a board with entries cannot change; make another board")]
    OrderIsFixed,
    /// The board `global` cannot be deleted, since the classic paths are about it.
    #[error("the board {0} cannot be deleted")]
    Protected(BoardId),
    /// The guard's key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The change of the guard's key is under way.
    #[error("a request with this idempotency key is under way")]
    KeyInUse,
    /// Players are on too many boards for all of them to be changed as one.
    #[error(
        "with as many boards as there are, {limit} players can be changed at once; send them in parts"
    )]
    TooManyAtOnce {
        /// So many can.
        limit: usize,
    },
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
