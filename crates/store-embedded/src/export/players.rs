//! The players of some boards, each once and in their order, without holding them in memory: every
//! season and every board's hidden marks are sorted by player already, so they are merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use boards::PlayerId;

use super::{ExportError, Source, malformed};
use crate::codec;
use crate::cut::{Cut, is_cut_off};
use crate::engine::{EngineError, Frozen, Record, Table};

type Records = Box<dyn Iterator<Item = Result<Record, EngineError>>>;

/// All that have an entry or are hidden on one of the boards.
pub(super) fn of(
    frozen: &Frozen,
    boards: &[Source],
    cuts: &Arc<[Cut]>,
) -> Result<impl Iterator<Item = Result<PlayerId, ExportError>> + use<>, ExportError> {
    let mut runs: Vec<Records> = Vec::new();
    for board in boards {
        let number = board.number.0.to_be_bytes();
        runs.push(Box::new(frozen.scan(Table::Hidden, &number)));
        for season in board.seasons() {
            let prefix = codec::season_key(board.number, season);
            let cuts = Arc::clone(cuts);
            let entries = frozen.scan(Table::Entries, &prefix);
            runs.push(Box::new(entries.filter(move |record| {
                record.as_ref().map_or(true, |r| !is_cut_off(&cuts, r))
            })));
        }
    }
    let mut merge = Merge {
        heads: BinaryHeap::with_capacity(runs.len()),
        runs,
        last: None,
    };
    for run in 0..merge.runs.len() {
        merge.pull(run)?;
    }
    Ok(merge)
}

struct Merge {
    runs: Vec<Records>,
    /// The next player of each run that has one.
    heads: BinaryHeap<Reverse<(PlayerId, usize)>>,
    last: Option<PlayerId>,
}

impl Merge {
    fn pull(&mut self, run: usize) -> Result<(), ExportError> {
        if let Some(record) = self.runs.get_mut(run).and_then(Iterator::next) {
            let record = record?;
            let id = player_of(record.key()).ok_or_else(|| malformed("entry", record.key()))?;
            self.heads.push(Reverse((id, run)));
        }
        Ok(())
    }
}

impl Iterator for Merge {
    type Item = Result<PlayerId, ExportError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Reverse((id, run)) = self.heads.pop()?;
            if let Err(error) = self.pull(run) {
                return Some(Err(error));
            }
            if self.last.replace(id) != Some(id) {
                return Some(Ok(id));
            }
        }
    }
}

/// The keys of entries and of hidden marks both end with the player's id.
fn player_of(key: &[u8]) -> Option<PlayerId> {
    key.last_chunk().map(|id| PlayerId::from_bytes(*id))
}
