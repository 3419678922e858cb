//! What is in queues, with what a store knows of it beside.

use std::sync::Arc;

use matchmaking::{Backfill, Match, MatchState, QueuedTicket, Rating, TicketId, TicketState};
use serde::{Deserialize, Serialize};

/// A queue's number in its store, never used again, so that what a deleted queue has left is not the next one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QueueNumber(pub u32);

/// A ticket or backfill, told from those of other queues.
pub type Named = (QueueNumber, TicketId);

/// A ticket.
#[derive(Clone, Debug, PartialEq)]
pub struct TicketLine {
    /// A number that grows with each that is made: the order in which tickets wait.
    pub made: u64,
    /// Of the request that made it, to tell a repetition from another ticket.
    pub digest: [u8; 16],
    /// Larger after each change of the ticket, and than that of a match that it was in.
    pub version: u64,
    /// The ticket.
    pub ticket: Arc<QueuedTicket>,
}

/// A match.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchLine {
    /// The queue that it was made in; one of the same name may have come after it.
    pub queue: QueueNumber,
    /// Larger after each change of the match.
    pub version: u64,
    /// The match.
    pub of: Arc<Match>,
}

/// A backfill.
#[derive(Clone, Debug, PartialEq)]
pub struct BackfillLine {
    /// A number that grows with each that is made: the order in which backfills are filled.
    pub made: u64,
    /// Of the request that made it, to tell a repetition from another backfill.
    pub digest: [u8; 16],
    /// The backfill.
    pub backfill: Arc<Backfill>,
}

/// A player's rating by results.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rated {
    /// The rating.
    pub rating: Rating,
    /// Matches behind it.
    pub matches: u64,
    /// When the last of them was finished, in milliseconds since the Unix epoch.
    pub rated_at_ms: i64,
}

/// What an ended thing is that can be read for a while, and the letter that stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EndKind {
    /// A ticket.
    Ticket = b't',
    /// A backfill.
    Backfill = b'b',
    /// A match that was not held.
    Match = b'm',
}

impl TicketLine {
    /// Whether it waits to be matched.
    pub fn waits(&self) -> bool {
        self.ticket.state == TicketState::Waiting
    }

    /// Whether it is in a match that has to be accepted.
    pub fn is_proposed(&self) -> bool {
        matches!(self.ticket.state, TicketState::Proposed { .. })
    }
}

impl MatchLine {
    /// Whether it is being held.
    pub fn is_running(&self) -> bool {
        matches!(self.of.state, MatchState::Running { .. })
    }
}

impl EndKind {
    /// What the letter stands for.
    pub fn of(letter: u8) -> Option<Self> {
        let kinds = [EndKind::Ticket, EndKind::Backfill, EndKind::Match];
        kinds.into_iter().find(|kind| kind.letter() == letter)
    }

    /// The letter.
    pub fn letter(self) -> u8 {
        self as u8
    }
}
