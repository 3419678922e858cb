//! What the rest of Agon asks of a store of boards.

use async_trait::async_trait;

use crate::board::{BoardId, Season};
use crate::change::{Change, Guard, Receipt};
use crate::error::StoreError;
use crate::player::{Player, PlayerId};
use crate::reading::{Lookup, Page, PageStart, Standing, Stats, View};
use crate::score::Score;
use crate::settings::BoardSettings;

/// A board, as it is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct BoardInfo {
    /// Its name.
    pub id: BoardId,
    /// Its settings.
    pub settings: BoardSettings,
    /// The present season.
    pub season: Season,
    /// Ranked entries of the present season.
    pub total: u64,
}

/// Boards, durable. Every operation is atomic, and every change is on disk when it returns.
/// A reader is shown nothing that a crash could take back.
///
/// Reading a board that is not there is [`StoreError::UnknownBoard`], a season that is not kept
/// [`StoreError::UnknownSeason`], a segment by an attribute that is not in the board's settings
/// [`StoreError::NotASegment`]; a segment that nobody is in has no entries.
///
/// Boxed futures rather than generic handlers: a box costs some nanoseconds, a type parameter
/// through the whole HTTP boundary costs every reader.
#[async_trait]
pub trait BoardStore: Send + Sync {
    /// Makes a change, all of it or none. `now_ms` is the time, in milliseconds since the Unix epoch.
    /// A submission costs O(log n).
    ///
    /// With a guard, the answer is written in one batch with the change and kept for 24 hours.
    ///
    /// # Errors
    /// [`StoreError::KeyReused`], [`StoreError::KeyInUse`]; otherwise see [`Change`].
    async fn change(
        &self,
        change: Change,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<Receipt, StoreError>;

    /// A player.
    ///
    /// # Errors
    /// [`StoreError::UnknownPlayer`].
    async fn player(&self, id: PlayerId) -> Result<Player, StoreError>;

    /// A board.
    ///
    /// # Errors
    /// [`StoreError::UnknownBoard`].
    async fn board(&self, id: &BoardId) -> Result<BoardInfo, StoreError>;

    /// A number that is another, and larger, after every change that readers of the board can see,
    /// also across restarts. Cheap enough to be asked several times a second by each who watches.
    ///
    /// # Errors
    /// [`StoreError::UnknownBoard`].
    async fn version(&self, id: &BoardId) -> Result<u64, StoreError>;

    /// Up to `limit` boards by name, after that one.
    ///
    /// # Errors
    /// As for any reading.
    async fn boards(
        &self,
        after: Option<&BoardId>,
        limit: usize,
    ) -> Result<Vec<BoardInfo>, StoreError>;

    /// The seasons of a board that are kept, the present one first.
    ///
    /// # Errors
    /// [`StoreError::UnknownBoard`].
    async fn seasons(&self, board: &BoardId) -> Result<Vec<Season>, StoreError>;

    /// A player's entry; in a segment with its rank there. O(log n).
    ///
    /// # Errors
    /// [`StoreError::UnknownPlayer`]; [`StoreError::NoEntry`].
    async fn entry(&self, view: &View, player: PlayerId) -> Result<Standing, StoreError>;

    /// Up to `limit` entries, of the season of [`PageStart::season_in`]. O(log n + `limit`) for the board; in a
    /// segment the rank on the whole board costs O(log n) for each entry.
    ///
    /// # Errors
    /// [`StoreError::ForeignMark`], after those of the view.
    async fn page(&self, view: &View, start: PageStart, limit: usize) -> Result<Page, StoreError>;

    /// `limit` entries with the player's in the middle; at the ends of the board still as many, where
    /// it has them.
    ///
    /// # Errors
    /// [`StoreError::UnknownPlayer`]; [`StoreError::NoEntry`], also where it is hidden or not in the
    /// segment.
    async fn around(&self, view: &View, player: PlayerId, limit: usize)
    -> Result<Page, StoreError>;

    /// `limit` entries around the place that an entry would get that reached this score now; at the
    /// ends of the board still as many, where it has them.
    ///
    /// # Errors
    /// As for any reading.
    async fn around_score(
        &self,
        view: &View,
        score: Score,
        limit: usize,
    ) -> Result<Page, StoreError>;

    /// The entries of these players, with their ranks among each other by the board's rank mode.
    ///
    /// # Errors
    /// As for any reading.
    async fn lookup(&self, view: &View, players: &[PlayerId]) -> Result<Lookup, StoreError>;

    /// The scores in figures: at these shares in percent, and in that many parts. O(log n) for each.
    ///
    /// # Errors
    /// As for any reading.
    async fn stats(
        &self,
        view: &View,
        percentiles: &[f64],
        buckets: usize,
    ) -> Result<Stats, StoreError>;

    /// A secret of this store, the same for ever and on all nodes: for signing what clients keep for
    /// it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] while the store is being opened.
    async fn secret(&self) -> Result<[u8; 32], StoreError>;

    /// Whether changes can be taken at present.
    fn is_ready(&self) -> bool;
}
