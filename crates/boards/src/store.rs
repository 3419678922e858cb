//! What the rest of Agon asks of a store of boards.

use async_trait::async_trait;

use crate::board::BoardId;
use crate::entry::{NewPlayer, Outcome, Page, PageStart, RankedEntry, Submission};
use crate::error::StoreError;
use crate::player::PlayerId;
use crate::segment::Segment;

/// Boards, durable. Every operation is atomic, and every change is on disk when it returns.
/// A reader is shown nothing that a crash could take back.
///
/// Boxed futures rather than generic handlers: a box costs some nanoseconds, a type parameter
/// through the whole HTTP boundary costs every reader.
#[async_trait]
pub trait BoardStore: Send + Sync {
    /// Creates players, each with an entry on the board, all of them or none. Among equal scores
    /// they rank in the order given. `now_ms` is the time, in milliseconds since the Unix epoch.
    /// Returns the rank that each had right after its own creation.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] where an id exists or is repeated.
    async fn create_players(
        &self,
        board: &BoardId,
        players: Vec<NewPlayer>,
        now_ms: i64,
    ) -> Result<Vec<u64>, StoreError>;

    /// Applies a score to a player's entry, making the entry if the player has none. O(log n).
    ///
    /// # Errors
    /// [`StoreError::UnknownPlayer`]; [`StoreError::ScoreOverflow`].
    async fn submit(&self, board: &BoardId, submission: Submission) -> Result<Outcome, StoreError>;

    /// A player's entry. O(log n).
    ///
    /// # Errors
    /// [`StoreError::UnknownPlayer`], also where the player has no entry on this board.
    async fn entry(&self, board: &BoardId, player: PlayerId) -> Result<RankedEntry, StoreError>;

    /// Up to `limit` entries of the board, or of one segment of it. O(log n + `limit`) for the
    /// board; in a segment the rank on the whole board costs O(log n) for each entry.
    ///
    /// # Errors
    /// [`StoreError::UnknownBoard`].
    async fn page(
        &self,
        board: &BoardId,
        segment: Option<Segment>,
        start: PageStart,
        limit: usize,
    ) -> Result<Page, StoreError>;

    /// Whether changes can be taken at present.
    fn is_ready(&self) -> bool;
}
