//! What a store can be asked to change, each as a whole or not at all, and what it answers.

use serde::{Deserialize, Serialize};

use crate::board::{BoardId, Season};
use crate::entry::{NewPlayer, Outcome, Submission};
use crate::error::Refusal;
use crate::player::{Player, PlayerId};
use crate::settings::BoardSettings;

/// A change. Data rather than a method for each, since each can be guarded alike against being done
/// twice.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Creates players, each with an entry on the board, all of them or none. Among equal scores they
    /// rank in the order given. → [`Changed::Created`]
    CreatePlayers {
        /// The board.
        board: BoardId,
        /// The players.
        players: Vec<NewPlayer>,
    },
    /// Creates players or gives those that exist new names, countries and attributes; they change
    /// segments at once on all boards. Of a player that is there twice the last counts. → [`Changed::Put`]
    PutPlayers(Vec<Player>),
    /// Erases a player everywhere, in seasons of the past too. → [`Changed::Done`]
    DeletePlayer(PlayerId),
    /// Makes a board, or changes one. → [`Changed::Put`]
    PutBoard {
        /// The board.
        board: BoardId,
        /// Its settings.
        settings: BoardSettings,
    },
    /// Deletes a board with all its seasons; `global` stays. → [`Changed::Done`]
    DeleteBoard(BoardId),
    /// Applies a score, making the entry if the player has none. → [`Changed::Submitted`]
    Submit {
        /// The board.
        board: BoardId,
        /// The score.
        submission: Submission,
    },
    /// Applies scores one after the other. Where none of their boards is there, all are refused as
    /// [`StoreError::UnknownBoard`](crate::StoreError) with the first. → [`Changed::Batch`]
    SubmitBatch {
        /// The scores, each with its board.
        submissions: Vec<(BoardId, Submission)>,
        /// Whether one that is refused has all refused, as [`StoreError::Refused`](crate::StoreError)
        /// with its place.
        all_or_nothing: bool,
    },
    /// Removes a player's entry from the present season. → [`Changed::Done`]
    DeleteEntry {
        /// The board.
        board: BoardId,
        /// Whose.
        player: PlayerId,
    },
    /// Takes a player out of the ranks of a board, in all seasons to come and gone, or back in. Scores
    /// are kept, and submissions go on changing them. → [`Changed::Done`]
    SetHidden {
        /// The board.
        board: BoardId,
        /// Who.
        player: PlayerId,
        /// Whether to hide.
        hidden: bool,
    },
    /// Ends the present season and begins the next, without entries. → [`Changed::Rotated`]
    Rotate(BoardId),
}

/// What a change did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Changed {
    /// Players were created; the rank that each had right after its own creation, `None` where a full
    /// board dropped it.
    Created(Vec<Option<u64>>),
    /// How many of those that were put are new.
    Put {
        /// New ones.
        created: u64,
    },
    /// A score was applied.
    Submitted(Outcome),
    /// What became of each.
    Batch(Vec<Result<Outcome, Refusal>>),
    /// A season has ended; this is the new one.
    Rotated(Season),
    /// It is done, and there is nothing to say of it.
    Done,
}

/// Keeps a change from being done twice: the second time, the first answer comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// Which change it is: a digest of the client's idempotency key.
    pub key: [u8; 16],
    /// What it is: a digest of the request, so that another one under the same key is noticed.
    pub request: [u8; 16],
}

/// What a change did, now or when it was first asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// What it did.
    pub changed: Changed,
    /// Whether that was at an earlier request with the same guard.
    pub replayed: bool,
    /// The `now_ms` of the request that it was done for.
    pub at_ms: i64,
}
