//! Matchmaking on Redis: queues, tickets, matches, backfills, ratings and histories.
//!
//! A queue is in one room with all that is in it, so that most changes are one script there. What is about a
//! player in all queues, its ratings and its history, is in the player's room. The rules are those of
//! `matchmaking`; here is where things are kept ([`keys`], [`records`]), how they change together ([`draft`],
//! [`changes`]) and how they are read ([`reads`], [`snapshot`]). Several nodes share it: one at a time forms a
//! queue's matches ([`lease`]), and each hears what the others have changed ([`news`]).

use std::sync::Arc;

use boards::PlayerId;
use matchmaking::{Backfill, Match, MatchState, QueueSettings, QueuedTicket, Rating, TicketState};
use serde::{Deserialize, Serialize};

pub(crate) mod archived;
mod census;
mod changes;
mod chores;
mod draft;
mod erase;
mod keys;
mod lease;
mod listed;
mod masks;
mod mirror;
mod names;
mod news;
mod players;
mod reads;
mod recent;
mod records;
mod settle;
mod shared;
mod snapshot;
mod tallies;
mod waits;
mod watches;
mod why;
mod wire;

pub(crate) use census::Census;
pub(crate) use erase::{erase_player, mark as mark_erased};
pub(crate) use shared::{Duties, Queues};
pub use tallies::QueueNumbers;
pub(crate) use tallies::Tallies;

/// A queue's number in this store, never used again, so that what a deleted one has left is not the next one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct QueueNumber(pub(crate) u32);

/// A queue, as it is listed and, once more, in its room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct QueueLine {
    pub(crate) number: QueueNumber,
    pub(crate) settings: QueueSettings,
}

/// A ticket with what the store knows of it beside.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TicketLine {
    /// When it was made, as a stamp: the order in which tickets wait.
    pub(crate) made: u64,
    /// Of the request that made it, to tell a repetition from another ticket.
    pub(crate) digest: [u8; 16],
    /// Larger after each change of the ticket, and than that of a match that it was in.
    pub(crate) version: u64,
    pub(crate) ticket: Arc<QueuedTicket>,
}

/// A match, likewise.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MatchLine {
    /// The queue that it was made in; one of the same name may have come after it.
    pub(crate) queue: QueueNumber,
    pub(crate) version: u64,
    pub(crate) of: Arc<Match>,
}

/// A backfill, likewise.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BackfillLine {
    pub(crate) made: u64,
    pub(crate) digest: [u8; 16],
    pub(crate) backfill: Arc<Backfill>,
}

/// A player's rating by results.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rated {
    pub(crate) rating: Rating,
    /// Matches behind it.
    pub(crate) matches: u64,
    pub(crate) rated_at_ms: i64,
}

impl TicketLine {
    pub(crate) fn waits(&self) -> bool {
        self.ticket.state == TicketState::Waiting
    }

    pub(crate) fn is_proposed(&self) -> bool {
        matches!(self.ticket.state, TicketState::Proposed { .. })
    }
}

impl MatchLine {
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.of.state, MatchState::Running { .. })
    }

    /// Whether the player is or was in the match.
    pub(crate) fn has_player(&self, player: PlayerId) -> bool {
        let mut players = self.of.teams.iter().flat_map(|team| &team.players);
        players.any(|p| p.player.id == player)
    }

    /// All who are or were in it and have not been erased.
    pub(crate) fn players(&self) -> impl Iterator<Item = PlayerId> {
        let players = self.of.teams.iter().flat_map(|team| &team.players);
        let ids = players.map(|p| p.player.id);
        ids.filter(|id| *id != PlayerId::NIL)
    }
}

#[cfg(test)]
mod tests;
