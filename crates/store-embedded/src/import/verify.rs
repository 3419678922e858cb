//! Whether what is on disk after an import is what the file says: for each board the number of its
//! entries, and a digest over them with their order of ties.

use boards::{PlayerId, SeasonId};
use sha2::{Digest, Sha256};

use super::ImportError;
use super::apply::Shift;
use super::check::{Checked, CheckedBoard};
use crate::codec::{self, StoredEntry};
use crate::engine::{Engine, EngineError, Table};
use crate::state::{Board, State};

pub(super) mod queues;

/// Adds an entry to a digest.
pub(super) fn fold(digest: &mut Sha256, season: SeasonId, player: PlayerId, entry: &StoredEntry) {
    let bytes = codec::entry(entry);
    digest.update(season.0.to_be_bytes());
    digest.update(player.as_bytes());
    digest.update((bytes.len() as u64).to_be_bytes());
    digest.update(bytes);
}

/// Compares every imported board with what was checked.
pub(super) fn compare(
    engine: &Engine,
    state: &State,
    checked: &Checked,
    shift: Shift,
) -> Result<(), ImportError> {
    let mut different = Vec::new();
    for board in &checked.boards {
        let stored = state.board(&board.id).ok();
        let same = stored.is_some_and(|stored| {
            let settled =
                stored.record() == board.record && stored.hidden.len() == board.hidden.len();
            settled && has_entries(engine, stored, board, shift).unwrap_or(false)
        });
        if !same {
            different.push(board.id.clone());
        }
    }
    if different.is_empty() {
        Ok(())
    } else {
        Err(ImportError::Differs(different))
    }
}

fn has_entries(
    engine: &Engine,
    stored: &Board,
    board: &CheckedBoard,
    shift: Shift,
) -> Result<bool, EngineError> {
    let mut digest = Sha256::new();
    let mut count = 0;
    let prefix = stored.number.0.to_be_bytes();
    for record in engine.scan_from(Table::Entries, &prefix, &prefix) {
        let record = record?;
        let parts = codec::read_entry_key(record.key()).zip(codec::read_entry(record.value()));
        let Some(((_, season, player), mut entry)) = parts else {
            return Ok(false);
        };
        entry.reached = shift.back(entry.reached);
        fold(&mut digest, season, player, &entry);
        count += 1;
    }
    Ok(count == board.entries && digest.finalize() == board.digest.clone().finalize())
}
