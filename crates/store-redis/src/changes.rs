//! Changes of boards and players: judged by what a transaction has read, and made by it as a whole.
//!
//! The commonest, a single submission to a plain board, is one script of its own ([`submit`]); all others read
//! what they depend on in a few round trips, are judged here, and begin anew where somebody else was first.
//! Ranks in an answer are those that the entries had when they were read, with the change's own moves reckoned
//! in. With one room, and on boards with a limit, the commit makes sure that nothing has moved since; where the
//! store is split it does not, and other changes of the same few milliseconds may be missing from a rank.

use boards::{Attribute, BoardId, Change, Changed, Guard, Receipt, StoreError};
use tokio::sync::OwnedMutexGuard;

use crate::board_line::BoardLine;
use crate::core::Core;
use crate::guard::{self, Answer};
use crate::tx::{Attempts, Tx};

mod attempt;
mod batch;
mod boards_of_room;
mod build;
mod create;
mod delete_player;
mod draft;
mod entries;
mod field;
mod figures;
mod hidden;
mod outcomes;
mod play;
mod put_board;
mod put_players;
mod rotate;
mod segments;
mod shorten;
mod submit;
#[cfg(test)]
mod tests;
mod tidy;
mod trim;
mod within;
mod write;

pub(crate) use attempt::After;
use attempt::Attempt;
pub(crate) use delete_player::{LEFT_AFTER, end_deletions};
pub(crate) use put_board::{MADE, make_global};
pub(crate) use rotate::end_seasons;
pub(crate) use tidy::tidy;
pub(crate) use trim::{trim_all, trim_some};
pub(crate) use within::submit_within;

/// What has to be done before a change can be judged.
enum First {
    /// The season of a board ought to have ended by schedule.
    EndSeason(BoardId),
    /// A board has more entries than it may have.
    Shorten(BoardId),
    /// A board is to be ranked by attributes whose segments are not kept yet.
    Build(BoardId, Vec<Attribute>),
}

/// Makes a change, all of it or none; see [`boards::BoardStore::change`].
///
/// # Errors
/// As there.
pub(crate) async fn change(
    core: &Core,
    change: &Change,
    guard: Option<Guard>,
    now_ms: i64,
) -> Result<Receipt, StoreError> {
    if let Change::Submit { board, submission } = change
        && let Some(receipt) = submit::at_once(core, board, submission, guard, now_ms).await?
    {
        return Ok(receipt);
    }
    let mut attempts = core.attempts();
    let mut built = None;
    let mut turn = None;
    for tries in 0.. {
        if tries > 0 && turn.is_none() {
            turn = take_turn(core, change).await?;
        }
        let mut attempt = Attempt::new(core.begin(), &attempts, now_ms, tries);
        attempt.built = built.take();
        if let Some(answer) = guard::earlier(&mut attempt.tx, guard, now_ms).await? {
            return answer.replay();
        }
        let judged = attempt.judge(change).await;
        if let Some(first) = attempt.first.take() {
            drop(attempt);
            let takes_long = matches!(first, First::Build(..));
            built = do_first(core, first, now_ms).await?;
            if takes_long {
                // As long as the board is large.
                attempts = core.attempts();
            } else {
                attempts.pause().await?;
            }
            continue;
        }
        let after = attempt.after;
        let changed = match judged {
            Ok(changed) => changed,
            Err(refusal) => {
                let stands = refusal_stands(core, guard, &mut attempts, now_ms).await?;
                match stands {
                    Stands::Yes => return Err(refusal),
                    Stands::Answered(answer) => return answer.replay(),
                    Stands::No => continue,
                }
            }
        };
        let tx = kept(attempt.tx, guard, &changed, now_ms);
        if commit(&mut attempts, tx).await? {
            after.run(core).await;
            return Ok(Receipt {
                changed,
                replayed: false,
                at_ms: now_ms,
            });
        }
    }
    Err(StoreError::Overloaded)
}

/// Whether a change is to be refused.
pub(crate) enum Stands {
    Yes,
    /// It was made before.
    Answered(Answer),
    /// It has to be judged anew.
    No,
}

/// Whether a change under a guard that would be refused now was not made before. Where the store has several
/// rooms, that may be decided and not yet be known where the answer is kept: a commit that depends on the answer
/// meets what is under way.
pub(crate) async fn refusal_stands(
    core: &Core,
    guard: Option<Guard>,
    attempts: &mut Attempts<'_>,
    now_ms: i64,
) -> Result<Stands, StoreError> {
    if guard.is_none() || core.layout.count() == 1 {
        return Ok(Stands::Yes);
    }
    let mut tx = core.begin();
    if let Some(answer) = guard::earlier(&mut tx, guard, now_ms).await? {
        return Ok(Stands::Answered(answer));
    }
    let is_as_read = commit(attempts, tx).await?;
    Ok(if is_as_read { Stands::Yes } else { Stands::No })
}

/// The turn at the board of a change that was second, in the order of this node's.
async fn take_turn(
    core: &Core,
    change: &Change,
) -> Result<Option<OwnedMutexGuard<()>>, StoreError> {
    let Some(board) = board_of(change) else {
        return Ok(None);
    };
    let turn = tokio::time::timeout(core.patience, core.turns.take(board)).await;
    turn.map(Some).map_err(|_| StoreError::Overloaded)
}

/// The one board that a change is about; `None` where it may be about several.
fn board_of(change: &Change) -> Option<&BoardId> {
    match change {
        Change::CreatePlayers { board, .. }
        | Change::PutBoard { board, .. }
        | Change::DeleteBoard(board)
        | Change::Submit { board, .. }
        | Change::DeleteEntry { board, .. }
        | Change::SetHidden { board, .. }
        | Change::Rotate(board) => Some(board),
        Change::PutPlayers(_) | Change::DeletePlayer(_) | Change::SubmitBatch { .. } => None,
    }
}

/// A transaction with the answer under its guard.
fn kept<'c>(mut tx: Tx<'c>, guard: Option<Guard>, changed: &Changed, now_ms: i64) -> Tx<'c> {
    if let Some(guard) = guard {
        let answer = Answer::of_boards(guard, changed.clone(), now_ms);
        guard::keep(&mut tx, guard, &answer);
    }
    tx
}

/// Whether it is made; where it is not, one may begin anew.
async fn commit(attempts: &mut Attempts<'_>, tx: Tx<'_>) -> Result<bool, StoreError> {
    let commit = tx.commit().await?;
    Ok(attempts.outcome(commit).await?.is_some())
}

/// Does what comes first; the line of a board whose segments were built for it.
async fn do_first(core: &Core, first: First, now_ms: i64) -> Result<Option<BoardLine>, StoreError> {
    match first {
        First::EndSeason(board) => rotate::end_season(core, &board, now_ms).await?,
        First::Shorten(board) => shorten::shorten(core, &board).await?,
        First::Build(board, attributes) => {
            return build::build(core, &board, &attributes, now_ms).await;
        }
    }
    Ok(None)
}
