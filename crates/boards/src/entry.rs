//! What goes into a board and what becomes of it.

use serde::{Deserialize, Serialize};

use crate::board::{Operator, SeasonId};
use crate::error::Invalid;
use crate::player::{Player, PlayerId};
use crate::score::Score;

const MAX_METADATA_BYTES: usize = 1024;

/// A player to be created together with its entry on a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlayer {
    /// The player.
    pub player: Player,
    /// The score that its entry starts with.
    pub score: Score,
}

/// What a game attaches to a submission: a small JSON object, kept as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata(Box<str>);

impl Metadata {
    /// Of an object's JSON text. Whether the text is one is the caller's to see to.
    ///
    /// # Errors
    /// [`Invalid`] where it has more than 1,024 bytes.
    pub fn of_object(json: String) -> Result<Self, Invalid> {
        if json.len() > MAX_METADATA_BYTES {
            return Err(Invalid::new("must have at most 1024 bytes as JSON"));
        }
        Ok(Metadata(json.into_boxed_str()))
    }

    /// The JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

/// What an entry keeps of the submission that it has its score from: all of that one and nothing
/// of any other.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Details {
    /// When it was achieved, where that was told, in milliseconds since the Unix epoch.
    pub occurred_at_ms: Option<i64>,
    /// What the game attached.
    pub metadata: Option<Metadata>,
}

impl Details {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.occurred_at_ms.is_none() && self.metadata.is_none()
    }
}

/// A score sent to a board.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// Whose score it is.
    pub player: PlayerId,
    /// The score, to be applied by the operator.
    pub score: Score,
    /// How; the board's own operator where it is missing.
    pub operator: Option<Operator>,
    /// What the entry keeps of it if it is applied. The time has no part in the order of ties, which
    /// goes by when a score took effect.
    pub details: Details,
    /// Refused unless the entry has this score now; `Some(None)`: unless there is no entry.
    pub if_score: Option<Option<Score>>,
}

impl Submission {
    /// A score and nothing else.
    pub fn new(player: PlayerId, score: Score) -> Self {
        Submission {
            player,
            score,
            operator: None,
            details: Details::default(),
            if_score: None,
        }
    }
}

/// What a submission did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The score after it.
    pub score: Score,
    /// The score before it; `None` if the player had no entry.
    pub previous_score: Option<Score>,
    /// The rank after it, counted from 1; `None` if the entry is hidden, or was dropped as the last
    /// of a full board.
    pub rank: Option<u64>,
    /// The rank before it; `None` if the player had no entry, or a hidden one.
    pub previous_rank: Option<u64>,
    /// Ranked entries on the board after it.
    pub total: u64,
    /// Whether the entry is of this submission now: not where a better one stays, nor where the
    /// board is full of better ones.
    pub applied: bool,
    /// The season that it went to.
    pub season: SeasonId,
}

/// A player's line on a board.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedEntry {
    /// Whose it is.
    pub player: Player,
    /// Its score.
    pub score: Score,
    /// Its rank on the whole board, counted from 1; `None` while it is hidden.
    pub rank: Option<u64>,
    /// Its rank in the segment that was asked for, counted from 1.
    pub segment_rank: Option<u64>,
    /// What it keeps of its submission.
    pub details: Details,
}
