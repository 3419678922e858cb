//! A match of a queue, from its proposal to its result.

use std::collections::BTreeSet;

use boards::{BoardId, PlayerId, Score};
use serde::{Deserialize, Serialize};

use crate::names::{MatchId, QueueId, Region, Role, TicketId};
use crate::rating::Rating;
use crate::ticket::TicketPlayer;

/// A match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// Which.
    pub id: MatchId,
    /// The queue.
    pub queue: QueueId,
    /// When it was proposed or, where nobody has to accept, begun; milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// How it stands.
    pub state: MatchState,
    /// Its teams.
    pub teams: Vec<MatchTeam>,
    /// Where it is held.
    pub region: Option<Region>,
    /// Distance between the highest and the lowest rating of its tickets.
    pub rating_spread: f64,
    /// Distance between the means of its best and its weakest team.
    pub team_gap: f64,
    /// For each team how likely it was to win when it was formed.
    pub win_probabilities: Vec<f64>,
    /// The longest that one of its tickets had waited, in milliseconds.
    pub longest_wait_ms: i64,
}

/// How a match stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum MatchState {
    /// Players have to accept it.
    Proposed {
        /// Until then, in milliseconds since the Unix epoch.
        accept_by_ms: i64,
        /// Those who have.
        accepted: BTreeSet<PlayerId>,
    },
    /// It will not be held, since not all have accepted.
    Failed {
        /// When that was known.
        at_ms: i64,
        /// Those because of whom.
        because_of: BTreeSet<PlayerId>,
    },
    /// It is being held.
    Running {
        /// Since when.
        since_ms: i64,
    },
    /// It has a result.
    Finished {
        /// Since when.
        at_ms: i64,
        /// The result.
        result: MatchResult,
        /// What it did to ratings, in the order of teams and players.
        ratings: Vec<RatingChange>,
        /// What it did on boards.
        boards: Vec<BoardEffect>,
    },
}

/// A team of a match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatchTeam {
    /// Its tickets.
    pub tickets: Vec<TicketId>,
    /// Its players.
    pub players: Vec<MatchPlayer>,
    /// The mean of their ratings when it was formed.
    pub rating: f64,
}

/// A player of a match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatchPlayer {
    /// The player as the ticket had it. The id is nil where the player was erased.
    pub player: TicketPlayer,
    /// The ticket.
    pub ticket: TicketId,
    /// What the player is in the team.
    pub role: Option<Role>,
    /// Whether the player left the match before its end: its seat is another's, and the result is
    /// not its own.
    pub left: bool,
}

/// What a match came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchResult {
    /// For each team its place, 1 the best; equal ones drew.
    Placements(Vec<u32>),
    /// It was not played to its end; nobody's rating changes.
    Abandoned,
}

/// What a result did to a player's rating.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RatingChange {
    /// Whose. The id is nil where the player was erased.
    pub player: PlayerId,
    /// The team, by its place.
    pub team: usize,
    /// Before.
    pub before: Rating,
    /// After.
    pub after: Rating,
}

/// What a result did on a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoardEffect {
    /// The board.
    pub board: BoardId,
    /// Whose entry.
    pub player: PlayerId,
    /// The score now; `None` where the board did not take it, as for want of the board or for its
    /// bounds.
    pub score: Option<Score>,
    /// The rank now.
    pub rank: Option<u64>,
}

impl Match {
    /// Everybody who is in it now.
    pub fn players(&self) -> impl Iterator<Item = &MatchPlayer> {
        let all = self.teams.iter().flat_map(|team| &team.players);
        all.filter(|player| !player.left)
    }

    /// All who are or were in it and have not been erased, by team.
    pub fn everybody(&self) -> impl Iterator<Item = PlayerId> {
        let players = self.teams.iter().flat_map(|team| &team.players);
        let ids = players.map(|player| player.player.id);
        ids.filter(|id| *id != PlayerId::NIL)
    }

    /// Whether the player is or was in it. The nil id is nobody's.
    pub fn has_player(&self, id: PlayerId) -> bool {
        self.everybody().any(|player| player == id)
    }
}

impl MatchPlayer {
    /// Whether it is this player. The nil id is nobody's: it stands for any number of players that were
    /// erased, so it cannot tell which of them is meant.
    pub fn is(&self, id: PlayerId) -> bool {
        id != PlayerId::NIL && self.player.id == id
    }
}
