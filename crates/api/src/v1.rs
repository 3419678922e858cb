//! `/v1/…`: boards in full, and matchmaking. The classic paths are a part of this in an older dress.

pub(crate) mod backfills;
pub(crate) mod board_scores;
pub(crate) mod boards;
pub(crate) mod cursor;
pub(crate) mod entries;
mod entry;
pub(crate) mod events;
mod match_body;
pub(crate) mod matches;
pub(crate) mod matching;
pub(crate) mod player_matches;
pub(crate) mod player_scores;
pub(crate) mod players;
mod queries;
pub(crate) mod queue_stats;
pub(crate) mod queues;
mod reset;
pub(crate) mod scores;
pub(crate) mod seasons;
pub(crate) mod simulation;
pub(crate) mod stats;
mod stream;
mod ticket;
pub(crate) mod ticket_events;
pub(crate) mod tickets;
mod words;
