//! Removing what is cut off of a season, bit by bit and room by room. It counts for nothing by then, so nobody sees it
//! go and no change of the board has to wait for it: a step depends on the board's line and on what goes, and on
//! nothing of other rooms.
//!
//! All nodes do this. Where two meet, the one that is second leaves it to the other for a while.

use std::time::Duration;

use boards::{BoardId, PlayerId, RankKey, StoreError};
use tokio::time::sleep;

use super::attempt::Attempt;
use super::figures::Ranking;
use super::{boards_of_room, commit};
use crate::board_keys::Ladder;
use crate::board_line::BoardLine;
use crate::board_records as records;
use crate::core::Core;
use crate::cut::Cut;
use crate::layout::{Layout, Room};
use crate::tx::Commit;

/// Entries removed in one step; in tests few, so that there are several.
const AT_ONCE: usize = if cfg!(test) { 2 } else { 1000 };
/// Between two, so that others are served too.
const PAUSE: Duration = Duration::from_millis(10);
/// How often in a row somebody else may be in the way.
const PATIENCE: u32 = 500;

/// What has become of a step.
enum Step {
    /// There may be more.
    Made,
    /// There is nothing to be removed.
    Over,
    /// Somebody else has changed what was to go.
    Met,
}

/// Removes what is cut off of all seasons, but for those where somebody else is at it.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Overloaded`]; what is not removed is found again.
pub(crate) async fn trim_some(core: &Core) -> Result<(), StoreError> {
    for (board, cut) in cuts(core).await? {
        trim(core, &board, &cut).await?;
    }
    Ok(())
}

/// Removes all of it.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Overloaded`].
pub(crate) async fn trim_all(core: &Core) -> Result<(), StoreError> {
    let mut before = Vec::new();
    let mut in_vain = 0;
    while in_vain < PATIENCE {
        let cuts = cuts(core).await?;
        if cuts.is_empty() {
            return Ok(());
        }
        for (board, cut) in &cuts {
            trim(core, board, cut).await?;
        }
        in_vain = if cuts == before { in_vain + 1 } else { 0 };
        before = cuts;
        sleep(PAUSE).await;
    }
    Err(StoreError::Overloaded)
}

async fn cuts(core: &Core) -> Result<Vec<(BoardId, Cut)>, StoreError> {
    let rooms = boards_of_room::read_all(core, std::iter::once(Layout::CONTROL)).await?;
    let lines = rooms.into_iter().flatten();
    let cuts = lines.flat_map(|(board, line)| {
        let cuts = line.cuts.into_iter();
        cuts.map(move |cut| (board.clone(), cut))
    });
    Ok(cuts.collect())
}

async fn trim(core: &Core, board: &BoardId, cut: &Cut) -> Result<(), StoreError> {
    for room in core.layout.rooms() {
        loop {
            match trim_room(core, room, board, cut).await? {
                Step::Made => sleep(PAUSE).await,
                Step::Over => break,
                Step::Met => return Ok(()),
            }
        }
    }
    mend(core, board, cut).await
}

async fn trim_room(
    core: &Core,
    room: Room,
    board: &BoardId,
    cut: &Cut,
) -> Result<Step, StoreError> {
    let attempts = core.attempts();
    let mut attempt = Attempt::new(core.begin(), &attempts, i64::MIN, 0);
    attempt.tx.fetch([records::line(room, board)]).await?;
    let line = match attempt.line(room, board) {
        Ok(line) if line.cuts.contains(cut) => line,
        // It is another one by now, and is met as such, or the board is gone.
        Ok(_) | Err(StoreError::UnknownBoard(_)) => return Ok(Step::Over),
        Err(error) => return Err(error),
    };
    match attempt.remove_some(room, &line, cut).await? {
        (0, _) => return Ok(Step::Over),
        // Others are at each of them.
        (_, 0) => return Ok(Step::Met),
        _ => {}
    }
    Ok(match attempt.tx.commit().await? {
        Commit::Made(_) => Step::Made,
        Commit::Conflict | Commit::Behind(_) => Step::Met,
    })
}

/// Once nothing is left of what is cut off, the line says so. Where it says something else by now, nothing is done.
async fn mend(core: &Core, board: &BoardId, cut: &Cut) -> Result<(), StoreError> {
    let mut attempts = core.attempts();
    for tries in 0.. {
        let mut attempt = Attempt::new(core.begin(), &attempts, i64::MIN, tries);
        if !attempt.fetch_lines(board).await? {
            return Ok(());
        }
        let mut line = attempt.line(Layout::CONTROL, board)?;
        if !line.cuts.contains(cut) {
            return Ok(());
        }
        line.mend(cut.season);
        attempt.set_lines(board, Some(&line));
        let tx = attempt.tx;
        if commit(&mut attempts, tx).await? {
            return Ok(());
        }
    }
    Err(StoreError::Overloaded)
}

impl Attempt<'_, '_> {
    /// Removes the last of what is cut off in a room; how many there were, and how many of these are removed.
    async fn remove_some(
        &mut self,
        room: Room,
        line: &BoardLine,
        cut: &Cut,
    ) -> Result<(usize, usize), StoreError> {
        let ladder = Ladder::new(line.number(), cut.season);
        let ranking = Ranking {
            ladder,
            cut: None,
            ..Ranking::of(line)
        };
        let last: Vec<(RankKey, PlayerId)> = self.last_in(room, ranking, AT_ONCE).await?;
        let last = last.into_iter();
        let gone = last.filter(|(key, _)| line.is_cut_off(cut.season, *key));
        let ids: Vec<PlayerId> = gone.map(|(_, id)| id).collect();
        let removed = self.remove_all(line, ladder, &ids).await?;
        Ok((ids.len(), removed))
    }

    async fn remove_all(
        &mut self,
        line: &BoardLine,
        ladder: Ladder,
        ids: &[PlayerId],
    ) -> Result<usize, StoreError> {
        let layout = self.layout();
        let asked = ids.iter().flat_map(|id| {
            let mut all = self.records_of(line, [ladder], *id);
            all.push(records::player(layout, *id));
            all
        });
        let asked: Vec<_> = asked.collect();
        self.tx.fetch(asked).await?;
        let mut removed = 0;
        for id in ids {
            let entry = self.entry(ladder, *id)?;
            let is_gone = entry.is_some_and(|entry| line.is_gone(ladder, &entry));
            // It may have come back with another score since, or have been hidden, and so removed; or erased.
            if is_gone
                && !self.is_hidden(line.number(), *id)
                && let Ok(player) = self.player(*id)
            {
                self.drop_entry(line, ladder, &player)?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}
