//! The end of a season: when it is told to, and by schedule.

use boards::{BoardId, Changed, Season, StoreError};

use super::attempt::Attempt;
use super::{boards_of_room, commit};
use crate::board_line::BoardLine;
use crate::core::Core;
use crate::layout::Layout;

impl Attempt<'_, '_> {
    pub(super) async fn rotate(&mut self, board: &BoardId) -> Result<Changed, StoreError> {
        self.fetch_lines(board).await?;
        let line = self.line(Layout::CONTROL, board)?;
        Ok(Changed::Rotated(self.rotate_at(board, line, self.now_ms)))
    }

    fn rotate_at(&mut self, board: &BoardId, mut line: BoardLine, at_ms: i64) -> Season {
        let next = line.rotate(at_ms);
        let forgotten = line.forget();
        self.set_lines(board, Some(&line));
        self.doom_seasons(&line, forgotten.iter().map(|season| season.season));
        self.touch(Layout::CONTROL, board, &line);
        next
    }
}

/// Ends a board's season, if it ought to have ended by schedule. Of several nodes that find so one does it.
pub(super) async fn end_season(
    core: &Core,
    board: &BoardId,
    now_ms: i64,
) -> Result<(), StoreError> {
    let mut attempts = core.attempts();
    for tries in 0.. {
        let mut attempt = Attempt::new(core.begin(), &attempts, now_ms, tries);
        if !attempt.fetch_lines(board).await? {
            return Ok(());
        }
        let line = attempt.line(Layout::CONTROL, board)?;
        let Some(end_ms) = line.missed_end(now_ms) else {
            // Another room may not have heard of it yet: a commit that depends on all of them sees to it.
            let tx = attempt.tx;
            if commit(&mut attempts, tx).await? {
                return Ok(());
            }
            continue;
        };
        attempt.rotate_at(board, line, end_ms);
        let (tx, after) = (attempt.tx, attempt.after);
        if commit(&mut attempts, tx).await? {
            tracing::info!(%board, "the season has ended by schedule");
            after.run(core).await;
            return Ok(());
        }
    }
    Err(StoreError::Overloaded)
}

/// Ends the seasons of all boards that ought to have ended, so that readers see the new season before anybody
/// submits to it. The time of the next end that there is, as far as it is known.
///
/// # Errors
/// [`StoreError::Unavailable`]; [`StoreError::Overloaded`].
pub(crate) async fn end_seasons(core: &Core, now_ms: i64) -> Result<Option<i64>, StoreError> {
    let boards = boards_of_room::read_all(core, std::iter::once(Layout::CONTROL)).await?;
    let mut next = None;
    for (board, line) in boards.into_iter().flatten() {
        if line.missed_end(now_ms).is_some() {
            end_season(core, &board, now_ms).await?;
        } else if let Some(end) = line.ends_at_ms {
            next = Some(next.map_or(end, |next: i64| next.min(end)));
        }
    }
    Ok(next)
}
