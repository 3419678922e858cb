//! What is tidied up between batches, a little at a time: entries that a lower limit has cut off, those
//! of seasons that nobody can read any more, and answers that are too old to be asked for again; likewise
//! records of queues that were deleted, what has ended in queues and has been readable long enough, and
//! erased players in matches.

use std::time::Duration;

use boards::{BoardNumber, SeasonId};
use store_records::{Answer, KEEP_ANSWERS_MS};

use crate::codec;
use crate::cut::{Cut, is_cut_off};
use crate::effect::Effect;
use crate::engine::{Engine, EngineError, Table, Write};
use crate::stage::Staged;
use crate::state::State;

mod erasures;
mod queues;

/// Entries removed in one go, or looked at. Few in tests, so that small boards are many.
pub(crate) const ENTRIES: usize = if cfg!(test) { 2 } else { 1000 };
/// Answers removed in one go.
const ANSWERS: usize = 250;
/// How often old answers are looked for, once there are none.
const LOOK_EVERY_MS: i64 = 1000;
/// How long to leave it after the engine could not be read.
const REST_MS: i64 = if cfg!(test) { 0 } else { 1000 };

/// How far the tidying has come. What lies before has been removed, and passing over it again would
/// take the longer the more there was.
pub(crate) struct Chores {
    cut_from: Vec<u8>,
    entries_from: Vec<u8>,
    answers_from: Vec<u8>,
    ends: queues::Ends,
    deleted: queues::Deleted,
    erased: erasures::Erased,
    look_at_ms: i64,
    rest_until_ms: i64,
    /// When it was last asked.
    asked_at_ms: i64,
    /// Whether the last attempt failed.
    failing: bool,
}

impl Chores {
    pub(crate) fn new() -> Self {
        Chores {
            cut_from: Vec::new(),
            entries_from: Vec::new(),
            answers_from: Vec::new(),
            ends: queues::Ends::default(),
            deleted: queues::Deleted::default(),
            erased: erasures::Erased::default(),
            look_at_ms: i64::MIN,
            rest_until_ms: i64::MIN,
            asked_at_ms: i64::MIN,
            failing: false,
        }
    }

    /// From the beginning, after what was made ready has come to nothing: what has been passed over is still
    /// there.
    pub(crate) fn begin_anew(&mut self) {
        *self = Chores::new();
    }

    /// As [`Chores::begin_anew`] after the engine could not be read, and not at once. Returns whether the attempt
    /// before had gone well.
    pub(crate) fn begin_anew_later(&mut self, now_ms: i64) -> bool {
        let is_new = !self.failing;
        *self = Chores {
            rest_until_ms: now_ms.saturating_add(REST_MS),
            failing: true,
            ..Chores::new()
        };
        is_new
    }

    /// Where the clock was set back, what is written from now on may lie before what has been passed over, and
    /// nothing may wait for a time that is far off.
    fn follow_clock(&mut self, now_ms: i64) {
        if now_ms < self.asked_at_ms.saturating_sub(LOOK_EVERY_MS) {
            *self = Chores {
                failing: self.failing,
                ..Chores::new()
            };
        }
        self.asked_at_ms = now_ms;
    }

    /// How long to wait before something that waits for nothing else is done; `None`: there is no such thing.
    pub(crate) fn wait(&self, state: &State, now_ms: i64) -> Option<Duration> {
        let waiting = !state.cuts.is_empty()
            || !state.doomed.is_empty()
            || !state.queues.doomed.is_empty()
            || !state.erasures.is_empty();
        let rest_ms = self.rest_until_ms.saturating_sub(now_ms).clamp(0, REST_MS);
        waiting.then(|| Duration::from_millis(rest_ms.unsigned_abs()))
    }

    /// The next batch of removals, if it is time for one.
    ///
    /// # Errors
    /// Where the engine cannot be read. It has to begin anew then: it may have passed over what is not removed.
    pub(crate) fn next(
        &mut self,
        state: &State,
        engine: &Engine,
        now_ms: i64,
    ) -> Result<Option<Staged>, EngineError> {
        self.follow_clock(now_ms);
        if now_ms < self.rest_until_ms {
            return Ok(None);
        }
        let mut staged = Staged {
            writes: Vec::new(),
            effects: Vec::new(),
            answers: Vec::new(),
            position: state.position,
        };
        if let Some(cut) = state.cuts.first() {
            self.remove_cut_off(engine, cut, &mut staged)?;
        } else if let Some((board, season)) = state.doomed.first() {
            // Only then: by the cuts of a season its entries are counted.
            self.remove_entries(engine, *board, *season, &mut staged)?;
        }
        if let Some(queue) = state.queues.doomed.first() {
            self.deleted.remove(engine, *queue, &mut staged)?;
        }
        self.erased.rewrite(engine, state, &mut staged)?;
        if now_ms >= self.look_at_ms {
            self.look_at_ms = now_ms.saturating_add(LOOK_EVERY_MS);
            let more_answers = self.remove_answers(engine, now_ms, &mut staged)?;
            let more_ends = self.ends.remove(engine, now_ms, &mut staged)?;
            let more_marks = erasures::forget_marks(state, now_ms, &mut staged);
            if more_answers || more_ends || more_marks {
                self.look_at_ms = now_ms;
            }
        }
        self.failing = false;
        if staged.writes.is_empty() {
            return Ok(None);
        }
        staged.position.commit += 1;
        staged.writes.push(Write::position(&staged.position));
        Ok(Some(staged))
    }

    /// Looks at some entries of a season and removes what has been cut off.
    fn remove_cut_off(
        &mut self,
        engine: &Engine,
        cut: &Cut,
        staged: &mut Staged,
    ) -> Result<(), EngineError> {
        let prefix = codec::season_key(cut.board, cut.season);
        let from = std::mem::take(&mut self.cut_from).max(prefix.to_vec());
        let (mut looked, mut removed) = (0, 0);
        let records = engine.scan_from(Table::Entries, &prefix, &from);
        for record in records.take(ENTRIES) {
            let record = record?;
            looked += 1;
            if is_cut_off(std::slice::from_ref(cut), &record) {
                staged
                    .writes
                    .push(Write::remove(Table::Entries, record.key()));
                removed += 1;
            }
            // The next that there can be.
            self.cut_from = [record.key(), &[0]].concat();
        }
        if looked < ENTRIES {
            self.cut_from.clear();
            // With those that were written anew: they count for themselves since.
            staged.position.entries -= cut.left();
            staged.writes.push(cut.remove());
            staged.effects.push(Effect::CutRemoved);
        } else if removed > 0 {
            staged.position.entries -= removed;
            staged.writes.push(cut.less(removed).write());
            staged.effects.push(Effect::Shrink(removed));
        }
        Ok(())
    }

    fn remove_entries(
        &mut self,
        engine: &Engine,
        board: BoardNumber,
        season: SeasonId,
        staged: &mut Staged,
    ) -> Result<(), EngineError> {
        let prefix = codec::season_key(board, season);
        let from = std::mem::take(&mut self.entries_from).max(prefix.to_vec());
        let mut count = 0;
        for record in engine
            .scan_from(Table::Entries, &prefix, &from)
            .take(ENTRIES)
        {
            let record = record?;
            staged
                .writes
                .push(Write::remove(Table::Entries, record.key()));
            self.entries_from = record.key().to_vec();
            count += 1;
        }
        staged.position.entries -= count as u64;
        if count < ENTRIES {
            self.entries_from.clear();
            staged.writes.push(Write::remove(Table::Doomed, &prefix));
            staged.effects.push(Effect::Removed(board, season));
        }
        Ok(())
    }

    /// Whether there may be more of them.
    fn remove_answers(
        &mut self,
        engine: &Engine,
        now_ms: i64,
        staged: &mut Staged,
    ) -> Result<bool, EngineError> {
        let from = self.answers_from.clone();
        let expiries = engine.scan_from(Table::Expiries, &[], &from);
        for (n, record) in expiries.take(ANSWERS).enumerate() {
            let record = record?;
            let Some((at_ms, key)) = record.key().split_first_chunk() else {
                continue;
            };
            let at_ms = i64::from_be_bytes(*at_ms);
            if now_ms.saturating_sub(at_ms) < KEEP_ANSWERS_MS {
                break;
            }
            staged
                .writes
                .push(Write::remove(Table::Expiries, record.key()));
            // Another request may have used the key again since.
            let answer = engine.get(Table::Answers, key)?;
            let answer = answer.and_then(|bytes| Answer::read(&bytes));
            if answer.is_none_or(|answer| answer.at_ms == at_ms) {
                staged.writes.push(Write::remove(Table::Answers, key));
            }
            self.answers_from = record.key().to_vec();
            if n + 1 == ANSWERS {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
