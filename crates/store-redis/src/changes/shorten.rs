//! A board that has more entries than it may have, since its limit was lowered: the last of the order go. Few go
//! with the change itself; of many the end is cut off, and removed in time, see [`trim`](super::trim).

use boards::{BoardId, PlayerId, StoreError};

use super::attempt::Attempt;
use super::commit;
use super::figures::Ranking;
use crate::board_line::BoardLine;
use crate::core::Core;
use crate::layout::Layout;

/// Entries dropped with one change; in tests, whose boards are small, more are cut off.
const AT_ONCE: u64 = if cfg!(test) { 1 } else { 2000 };

impl Attempt<'_, '_> {
    /// Leaves the first entries of a board's present season. What it has of them is told by its line as it was
    /// before the change; `new`, which is still to be written, may be cut.
    pub(super) async fn keep_first(
        &mut self,
        board: &BoardId,
        (old, new): (&BoardLine, &mut BoardLine),
        count: u64,
    ) -> Result<(), StoreError> {
        self.hold_still(old).await?;
        let ranking = Ranking::of(old);
        let too_many = self.total(ranking).await?.saturating_sub(count);
        if too_many > AT_ONCE {
            // Where it is gone meanwhile the commit fails, and all is asked anew.
            if let Some(first) = self.core().key_at(board, count).await? {
                new.cut(first);
            }
        } else if too_many > 0 {
            let (_, last) = self.last_of(ranking, too_many as usize).await?;
            let ids: Vec<PlayerId> = last.into_iter().map(|(_, id)| id).collect();
            self.drop_all(board, old, &ids).await?;
        }
        Ok(())
    }
}

/// The same for a board that was found to have more than its limit.
pub(super) async fn shorten(core: &Core, board: &BoardId) -> Result<(), StoreError> {
    let mut attempts = core.attempts();
    for tries in 0.. {
        let mut attempt = Attempt::new(core.begin(), &attempts, i64::MIN, tries);
        if !attempt.fetch_lines(board).await? {
            return Ok(());
        }
        let old = attempt.line(Layout::CONTROL, board)?;
        let Some(max) = old.settings.max_entries else {
            return Ok(());
        };
        let mut new = old.clone();
        attempt.keep_first(board, (&old, &mut new), max).await?;
        if new != old {
            attempt.set_lines(board, Some(&new));
            attempt.touch(Layout::CONTROL, board, &new);
        }
        let tx = attempt.tx;
        if commit(&mut attempts, tx).await? {
            return Ok(());
        }
    }
    Err(StoreError::Overloaded)
}
