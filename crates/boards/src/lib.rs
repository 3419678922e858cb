//! The rules of leaderboards, without HTTP and without disk.
//!
//! A [`Player`] has an entry on a [`board`](BoardId); a [`Submission`] changes its [`Score`] by the
//! board's [`Operator`]; a [`RankKey`] says where the entry stands, ties included; a [`Segment`] is
//! the part of a board that shares an attribute. [`BoardStore`] is what the HTTP boundary asks of
//! a store: whole leaderboard operations, each atomic, not single keys, since a store such as Redis
//! ranks by itself and would be slow and wrong when driven key by key.

mod board;
mod entry;
mod error;
mod player;
mod rank_key;
mod schedule;
mod score;
mod segment;
mod store;

pub use board::{BoardId, BoardSettings, Operator, Order, SeasonId};
pub use entry::{NewPlayer, Outcome, Page, PageStart, RankedEntry, Submission};
pub use error::{Invalid, StoreError};
pub use player::{Country, DisplayName, Player, PlayerId};
pub use rank_key::RankKey;
pub use schedule::{Schedule, ScheduleError};
pub use score::Score;
pub use segment::{Attribute, Segment};
pub use store::BoardStore;
