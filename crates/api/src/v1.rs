//! `/v1/…`: boards in full. The classic paths are a part of this in an older dress.

pub(crate) mod board_scores;
pub(crate) mod boards;
pub(crate) mod cursor;
pub(crate) mod entries;
mod entry;
pub(crate) mod events;
pub(crate) mod player_scores;
pub(crate) mod players;
mod queries;
mod reset;
pub(crate) mod scores;
pub(crate) mod seasons;
pub(crate) mod stats;
mod stream;
mod words;
