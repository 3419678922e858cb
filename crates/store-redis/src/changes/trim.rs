//! Dropping the last entries of a board that has more than its limit, bit by bit: where a limit was lowered by
//! very much. Whoever submits to such a board does this first, so that it goes on where a node has stopped.

use boards::{BoardId, PlayerId, StoreError};

use super::attempt::Attempt;
use super::commit;
use super::figures::Ranking;
use crate::board_records as records;
use crate::core::Core;
use crate::layout::Layout;

/// Entries dropped in one transaction.
pub(super) const AT_ONCE: u64 = 2000;

pub(super) async fn trim(core: &Core, board: &BoardId) -> Result<(), StoreError> {
    while trim_some(core, board).await? {}
    Ok(())
}

/// Whether there may be more.
async fn trim_some(core: &Core, board: &BoardId) -> Result<bool, StoreError> {
    let mut attempts = core.attempts();
    for tries in 0.. {
        let mut attempt = Attempt::new(core.begin(), &attempts, i64::MIN, tries);
        let control = records::line(Layout::CONTROL, board);
        attempt.tx.fetch([control]).await?;
        let line = match attempt.line(Layout::CONTROL, board) {
            Err(StoreError::UnknownBoard(_)) => return Ok(false),
            line => line?,
        };
        let Some(max) = line.settings.max_entries else {
            return Ok(false);
        };
        attempt.hold_still(&line).await?;
        let ranking = Ranking::of(&line);
        let too_many = attempt.total(ranking).await?.saturating_sub(max);
        if too_many == 0 {
            return Ok(false);
        }
        let some = usize::try_from(too_many.min(AT_ONCE)).unwrap_or(1);
        let (_, last) = attempt.last_of(ranking, some).await?;
        let ids: Vec<PlayerId> = last.into_iter().map(|(_, id)| id).collect();
        attempt.drop_all(board, &line, &ids).await?;
        let tx = attempt.tx;
        if commit(&mut attempts, tx).await? {
            return Ok(too_many > AT_ONCE);
        }
    }
    Ok(false)
}
