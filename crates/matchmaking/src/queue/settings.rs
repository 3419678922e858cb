//! What a queue is like.

use boards::BoardId;
use serde::{Deserialize, Serialize};

use crate::rating::RatingSystem;
use crate::rules::Rules;

/// The settings of a queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueSettings {
    /// What a match is.
    pub rules: Rules,
    /// How long players have to accept a match, in milliseconds; `None`: a match needs no acceptance.
    pub acceptance_ms: Option<u64>,
    /// How long a ticket waits at the most, in milliseconds.
    pub ticket_ttl_ms: u64,
    /// How results change ratings.
    pub rating_system: RatingSystem,
    /// What results do on boards.
    pub boards: Vec<BoardFeed>,
}

/// What results of a queue do on a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoardFeed {
    /// The board.
    pub board: BoardId,
    /// What it is given.
    pub submit: Feed,
}

/// What a player's result is for a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// The player's new rating replaces the score.
    Rating,
    /// The new rating less three deviations, which is a lower bound for new players too, replaces it.
    CautiousRating,
    /// A first place, not shared, adds 1.
    Wins,
    /// These points by placement, first to last, are added; later places get nothing.
    Points(Vec<f64>),
}
