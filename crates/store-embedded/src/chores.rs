//! What is tidied up between batches, a little at a time: entries of seasons that nobody can read any
//! more, and answers that are too old to be asked for again; likewise records of queues that were deleted,
//! and what has ended in queues and has been readable long enough.

use boards::{BoardNumber, SeasonId};

use crate::codec;
use crate::effect::Effect;
use crate::engine::{Engine, EngineError, Table, Write};
use crate::records::Answer;
use crate::stage::{KEEP_ANSWERS_MS, Staged};
use crate::state::State;

mod queues;

/// Entries removed in one go.
const ENTRIES: usize = 1000;
/// Answers removed in one go.
const ANSWERS: usize = 250;
/// How often old answers are looked for, once there are none.
const LOOK_EVERY_MS: i64 = 1000;

/// How far the tidying has come. What lies before has been removed, and passing over it again would
/// take the longer the more there was.
pub(crate) struct Chores {
    entries_from: Vec<u8>,
    answers_from: Vec<u8>,
    ends: queues::Ends,
    deleted: queues::Deleted,
    look_at_ms: i64,
}

impl Chores {
    pub(crate) fn new() -> Self {
        Chores {
            entries_from: Vec::new(),
            answers_from: Vec::new(),
            ends: queues::Ends::default(),
            deleted: queues::Deleted::default(),
            look_at_ms: i64::MIN,
        }
    }

    /// Whether there is something to remove without waiting for anything.
    pub(crate) fn are_waiting(&self, state: &State) -> bool {
        !state.doomed.is_empty() || !state.queues.doomed.is_empty()
    }

    /// The next batch of removals, if it is time for one.
    pub(crate) fn next(
        &mut self,
        state: &State,
        engine: &Engine,
        now_ms: i64,
    ) -> Result<Option<Staged>, EngineError> {
        let mut staged = Staged {
            writes: Vec::new(),
            effects: Vec::new(),
            answers: Vec::new(),
            position: state.position,
        };
        if let Some((board, season)) = state.doomed.first() {
            self.remove_entries(engine, *board, *season, &mut staged)?;
        }
        if let Some(queue) = state.queues.doomed.first() {
            self.deleted.remove(engine, *queue, &mut staged)?;
        }
        if now_ms >= self.look_at_ms {
            self.look_at_ms = now_ms.saturating_add(LOOK_EVERY_MS);
            let more_answers = self.remove_answers(engine, now_ms, &mut staged)?;
            let more_ends = self.ends.remove(engine, now_ms, &mut staged)?;
            if more_answers || more_ends {
                self.look_at_ms = now_ms;
            }
        }
        if staged.writes.is_empty() {
            return Ok(None);
        }
        staged.position.commit += 1;
        staged.writes.push(Write::position(&staged.position));
        Ok(Some(staged))
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
