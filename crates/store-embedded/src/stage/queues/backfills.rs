//! Seats of running matches opened, and taken back.

use std::sync::Arc;

use matchmaking::{
    Backfill, BackfillId, BackfillState, MatchError, MatchId, NewBackfill, QueueChanged, QueueId,
};

use super::{Stage, failed};
use crate::engine::Table;
use crate::queues::{self, BackfillLine, Queue, QueueNumber, named_key};

impl Stage<'_> {
    pub(super) fn create_backfill(
        &mut self,
        queue: &QueueId,
        new: NewBackfill,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let queue = self.queue(queue)?;
        let digest = queues::digest(&new);
        if let Some(line) = self.find_backfill(queue.number, &new.id)? {
            if line.digest != digest {
                return Err(MatchError::BackfillExists(new.id));
            }
            return Ok(answer(&line.backfill));
        }
        let line = self.match_by(new.match_id, now_ms)?;
        if line.queue != queue.number {
            return Err(MatchError::UnknownMatch(new.match_id));
        }
        let open = self.open_backfills(queue, new.match_id);
        let open: Vec<_> = open.iter().flat_map(|line| &line.backfill.open).collect();
        let (after, seats) = new.seats_of(&line.of, &queue.settings.rules, &open)?;
        if after != *line.of {
            self.set_match(line, after);
        }
        let backfill = new.made(queue.id.clone(), seats, now_ms);
        let made = self.position.next_sequence;
        self.position.next_sequence += 1;
        Ok(self.put_backfill(queue.number, made, digest, backfill))
    }

    pub(super) fn cancel_backfill(
        &mut self,
        queue: &QueueId,
        id: BackfillId,
    ) -> Result<QueueChanged, MatchError> {
        let number = self.queue(queue)?.number;
        let Some(line) = self.find_backfill(number, &id)? else {
            return Err(MatchError::UnknownBackfill(id));
        };
        if line.backfill.state != BackfillState::Open {
            return Ok(answer(&line.backfill));
        }
        let closed = line.backfill.closed(BackfillState::Cancelled);
        Ok(self.put_backfill(number, line.made, line.digest, closed))
    }

    /// The match of these backfills has ended.
    pub(super) fn end_backfills(&mut self, queue: &Queue, of: MatchId) {
        for line in self.open_backfills(queue, of) {
            let closed = line.backfill.closed(BackfillState::Ended);
            self.put_backfill(queue.number, line.made, line.digest, closed);
        }
    }

    fn put_backfill(
        &mut self,
        queue: QueueNumber,
        made: u64,
        digest: [u8; 16],
        backfill: Backfill,
    ) -> QueueChanged {
        let key = (queue, backfill.id.clone());
        let changed = answer(&backfill);
        let backfill = Arc::new(backfill);
        self.queues.backfills.set(
            key,
            BackfillLine {
                made,
                digest,
                backfill,
            },
        );
        changed
    }

    pub(super) fn open_backfill(
        &self,
        queue: QueueNumber,
        id: &BackfillId,
    ) -> Option<BackfillLine> {
        let changed = self.queues.backfills.get(&(queue, id.clone()));
        let stored = || self.state.queues.all.get(&queue)?.backfills.get(id);
        let line = changed.or_else(stored)?;
        (line.backfill.state == BackfillState::Open).then(|| line.clone())
    }

    /// The open backfills of a match.
    fn open_backfills(&self, queue: &Queue, of: MatchId) -> Vec<BackfillLine> {
        let stored = queue.by_match.get(&of).into_iter().flatten().cloned();
        let fresh = self.queues.backfills.values();
        let fresh = fresh.filter(|((number, _), _)| *number == queue.number);
        let fresh = fresh.map(|((_, id), _)| id.clone());
        let ids: std::collections::BTreeSet<BackfillId> = stored.chain(fresh).collect();
        let open = ids
            .iter()
            .filter_map(|id| self.open_backfill(queue.number, id));
        open.filter(|line| line.backfill.match_id == of).collect()
    }

    fn find_backfill(
        &self,
        queue: QueueNumber,
        id: &BackfillId,
    ) -> Result<Option<BackfillLine>, MatchError> {
        if let Some(line) = self.queues.backfills.get(&(queue, id.clone())) {
            return Ok(Some(line.clone()));
        }
        if let Some(line) = self.open_backfill(queue, id) {
            return Ok(Some(line));
        }
        let stored = self
            .engine
            .get(Table::EndedBackfills, &named_key(queue, id));
        Ok(stored
            .map_err(failed)?
            .and_then(|bytes| BackfillLine::read(&bytes)))
    }
}

fn answer(backfill: &Backfill) -> QueueChanged {
    QueueChanged::Backfill(Box::new(backfill.clone()))
}
