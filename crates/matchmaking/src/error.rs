//! What can be wrong with rules, and what can go wrong in a store of queues.

use boards::{BoardId, PlayerId, StoreError};

use crate::names::{MatchId, QueueId, TicketId};
use crate::queue::BackfillId;

/// A contradiction in rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesFault {
    /// The setting, as a JSON pointer into the rules, such as `/teams/max_size`.
    pub pointer: String,
    /// What is wrong; completes the sentence "*setting* …".
    pub detail: String,
}

/// Why a store did not do what it was asked of queues. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum MatchError {
    /// There is no such queue.
    #[error("there is no queue {0}")]
    UnknownQueue(QueueId),
    /// There is no such ticket, or not any more.
    #[error("there is no ticket {0}, or not any more")]
    UnknownTicket(TicketId),
    /// There is no such match.
    #[error("there is no match {0}")]
    UnknownMatch(MatchId),
    /// There is no such backfill, or not any more.
    #[error("there is no backfill {0}, or not any more")]
    UnknownBackfill(BackfillId),
    /// Players that do not exist, by their places in the ticket.
    #[error("{} of the players do not exist", .0.len())]
    UnknownPlayers(Vec<usize>),
    /// A board of the settings does not exist, by its place.
    #[error("there is no board {board}")]
    UnknownBoard {
        /// Its place.
        at: usize,
        /// Which.
        board: BoardId,
    },
    /// A ticket of this name exists and is another one.
    #[error("ticket {0} exists and is another one")]
    TicketExists(TicketId),
    /// A backfill of this name exists and is another one.
    #[error("backfill {0} exists and is another one")]
    BackfillExists(BackfillId),
    /// A player is in another ticket of the queue.
    #[error("player {player} is in ticket {ticket} already")]
    PlayerWaits {
        /// The player's place in the party.
        at: usize,
        /// Who.
        player: PlayerId,
        /// In which ticket.
        ticket: TicketId,
    },
    /// The party can be in no match of this queue, whoever comes.
    #[error("the party can be in no match: {0}")]
    Unmatchable(String),
    /// The ticket is in a match, so that it cannot be cancelled.
    #[error("ticket {0} is in a match already")]
    TicketMatched(TicketId),
    /// The match does not stand so that this could be done.
    #[error("the match {0}")]
    WrongState(&'static str),
    /// A player or ticket is not in the match.
    #[error("{0} is not in the match")]
    NotInMatch(String),
    /// The match has another result.
    #[error("the match has another result")]
    ResultDiffers,
    /// The result does not fit the match.
    #[error("{0}")]
    BadResult(&'static str),
    /// The seats do not fit the match, by the place of the first.
    #[error("seat {at} {reason}")]
    BadSeat {
        /// Its place.
        at: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Another node forms the matches of the queue: what this one has found is not announced.
    #[error("another node forms the matches of queue {0}")]
    NotLeader(QueueId),
    /// What can go wrong with any change.
    #[error(transparent)]
    Store(#[from] StoreError),
}
