//! What goes into a board and what comes out of it.

use crate::player::{Player, PlayerId};
use crate::rank_key::RankKey;
use crate::score::Score;

/// A player to be created together with its entry on a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlayer {
    /// The player.
    pub player: Player,
    /// The score that its entry starts with.
    pub score: Score,
}

/// A score sent to a board.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Submission {
    /// Whose score it is.
    pub player: PlayerId,
    /// The score, to be applied by the board's operator.
    pub score: Score,
    /// When it was achieved, in milliseconds since the Unix epoch. Kept with the entry; it has no
    /// part in the order of ties, which goes by when a score took effect.
    pub occurred_at_ms: i64,
}

/// What a submission did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The score after it.
    pub score: Score,
    /// The score before it; `None` if the player had no entry.
    pub previous_score: Option<Score>,
    /// The rank after it, counted from 1.
    pub rank: u64,
    /// The rank before it; `None` if the player had no entry.
    pub previous_rank: Option<u64>,
}

/// A player's line on a board.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedEntry {
    /// Whose it is.
    pub player: Player,
    /// Its score.
    pub score: Score,
    /// Its rank on the whole board, counted from 1.
    pub rank: u64,
    /// Its rank in the segment that was asked for, counted from 1.
    pub segment_rank: Option<u64>,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PageStart {
    /// After that many entries.
    Offset(u64),
    /// After the place of this key, whether or not its entry still has it.
    After(RankKey),
}

/// Some consecutive entries of a board or segment, exact at one instant.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Page {
    /// The entries, best first.
    pub entries: Vec<RankedEntry>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<RankKey>,
}
