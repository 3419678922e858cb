//! The rules of leaderboards, without HTTP and without disk.
//!
//! A [`Player`] has an entry on a [`board`](BoardId); a [`Submission`] changes its [`Score`] by the
//! board's [`Operator`]; a [`RankKey`] says where the entry stands, ties included; a [`Segment`] is
//! the part of a board that shares an attribute. A [`Change`] is what a store is asked to do, a
//! [`View`] what is read of it. [`BoardStore`] is what the HTTP boundary asks of
//! a store: whole leaderboard operations, each atomic, not single keys, since a store such as Redis
//! ranks by itself and would be slow and wrong when driven key by key.

mod board;
mod buckets;
mod change;
mod clock;
mod entry;
mod error;
mod judge;
mod player;
mod rank_key;
mod reading;
mod schedule;
mod score;
mod season_end;
mod segment;
mod settings;
mod store;

pub use board::{Authority, BoardId, Operator, Order, RankMode, Season, SeasonId};
pub use buckets::{Buckets, Histogram};
pub use change::{Change, Changed, Guard, Receipt};
pub use clock::Clock;
pub use entry::{Details, Metadata, NewPlayer, Outcome, RankedEntry, Submission};
pub use error::{Invalid, Refusal, StoreError};
pub use judge::Judged;
pub use player::{Country, DisplayName, Player, PlayerId};
pub use rank_key::RankKey;
pub use reading::{
    BoardNumber, Bucket, Lookup, Mark, Page, PageStart, Standing, Stats, View, histogram_bounds,
    nearest_rank,
};
pub use schedule::{Schedule, ScheduleError};
pub use score::Score;
pub use segment::{Attribute, AttributeName, AttributeValue, Attributes, Segment};
pub use settings::BoardSettings;
pub use store::{BoardInfo, BoardStore};
