//! Matchmaking on Redis: queues, tickets, matches, backfills, ratings and histories.
//!
//! A queue is in one room with all that is in it, so that most changes are one script there. What is about a
//! player in all queues, its ratings and its history, is in the player's room. The rules are those of
//! `matchmaking`; here is where things are kept ([`keys`], [`records`]), how they change together ([`draft`],
//! [`changes`]) and how they are read ([`reads`], [`snapshot`]). Several nodes share it: one at a time forms a
//! queue's matches ([`lease`]), and each hears what the others have changed ([`news`]).

use matchmaking::QueueSettings;
use serde::{Deserialize, Serialize};
pub(crate) use store_records::{BackfillLine, MatchLine, QueueNumber, Rated, TicketLine};

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
mod why;
mod wire;

pub(crate) use census::Census;
pub(crate) use erase::{erase_player, mark as mark_erased};
pub(crate) use shared::{Duties, Queues};
pub use tallies::QueueNumbers;
pub(crate) use tallies::Tallies;

/// A queue, as it is listed and, once more, in its room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct QueueLine {
    pub(crate) number: QueueNumber,
    pub(crate) settings: QueueSettings,
}

#[cfg(test)]
mod tests;
