//! Matches of players that were erased: a nil id takes the player's place, and its history goes. In time the mark
//! goes that it was erased.

use boards::PlayerId;

use crate::effect::Effect;
use crate::engine::{Engine, EngineError, Record, Table, Write};
use crate::queues::{MatchLine, is_of_before, masked_match, read_history_key};
use crate::stage::Staged;
use crate::state::State;

/// Matches looked at in one go; about 2 KiB are written for each. Few in tests, so that short histories take
/// several.
const MATCHES: usize = if cfg!(test) { 2 } else { 200 };

/// Marks removed in one go.
const MARKS: usize = 1000;

/// How far it has come with which erasure. Another one of the same player begins anew: what was passed over
/// as the next player's own is erased by it.
#[derive(Default)]
pub(super) struct Erased {
    of: Option<(PlayerId, u64)>,
    from: Vec<u8>,
}

impl Erased {
    pub(super) fn rewrite(
        &mut self,
        engine: &Engine,
        state: &State,
        staged: &mut Staged,
    ) -> Result<(), EngineError> {
        let Some((player, erased_by)) = state.erasures.first_key_value() else {
            return Ok(());
        };
        let (player, erased_by) = (*player, *erased_by);
        if self.of != Some((player, erased_by)) {
            self.of = Some((player, erased_by));
            self.from = player.as_bytes().to_vec();
        }
        let prefix = player.as_bytes();
        let mut looked = 0;
        let from = self.from.clone();
        for record in engine
            .scan_from(Table::History, prefix, &from)
            .take(MATCHES)
        {
            let record = record?;
            looked += 1;
            rewrite_one(engine, state, (player, erased_by), &record, staged)?;
            // The next that there can be.
            self.from = [record.key(), &[0]].concat();
        }
        if looked < MATCHES {
            *self = Erased::default();
            staged.writes.push(Write::remove(Table::Erasures, prefix));
            staged.effects.push(Effect::Erased(player));
        }
        Ok(())
    }
}

fn rewrite_one(
    engine: &Engine,
    state: &State,
    (player, erased_by): (PlayerId, u64),
    record: &Record,
    staged: &mut Staged,
) -> Result<(), EngineError> {
    let id = read_history_key(record.key());
    let stored = id.map(|id| engine.get(Table::PastMatches, id.as_bytes()));
    let stored = stored.transpose()?.flatten();
    let line = stored.and_then(|bytes| MatchLine::read(&bytes));
    if line
        .as_ref()
        .is_some_and(|line| !is_of_before(line, player, erased_by))
    {
        return Ok(());
    }
    staged
        .writes
        .push(Write::remove(Table::History, record.key()));
    if let Some(line) = line {
        // All who are to be erased: once it is written anew, it does not show any more that it is of before.
        let masked = masked_match(line, |id| state.erasures.get(&id).copied(), |_| true);
        let version = staged.position.commit + 1;
        let line = MatchLine { version, ..masked };
        let key = line.of.id;
        let record = line.to_bytes();
        let put = Write::put(Table::PastMatches, key.as_bytes(), &record);
        staged.writes.push(put);
    }
    Ok(())
}

/// Removes marks that are of no concern any more, some at a time. Whether there may be more of them.
pub(super) fn forget_marks(state: &State, now_ms: i64, staged: &mut Staged) -> bool {
    let mut count = 0;
    for player in state.marks.old(now_ms).take(MARKS) {
        let key = player.as_bytes();
        staged.writes.push(Write::remove(Table::Erased, key));
        staged.effects.push(Effect::Unmark(player));
        count += 1;
    }
    count == MARKS
}

#[cfg(test)]
mod tests;
