//! Queues made, changed and deleted. Each has a batch to itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use matchmaking::{MatchError, QueueChanged, QueueId, QueueSettings, TicketEnd};

use super::Stage;
use crate::effect::Effect;
use crate::engine::{Table, Write};
use crate::queues::{self, Queue, QueueNumber, queue_key};

impl Stage<'_> {
    pub(super) fn put_queue(
        &mut self,
        id: QueueId,
        settings: QueueSettings,
    ) -> Result<QueueChanged, MatchError> {
        let mut feeds = settings.boards.iter().enumerate();
        let missing = feeds.find(|(_, feed)| !self.state.numbers.contains_key(&feed.board));
        if let Some((at, feed)) = missing {
            let board = feed.board.clone();
            return Err(MatchError::UnknownBoard { at, board });
        }
        let Ok(queue) = self.queue(&id) else {
            let number = QueueNumber(self.state.queues.next);
            self.write_queue(number, &id, &settings);
            self.writes.push(Write::next_queue(number.0 + 1));
            let queue = Queue::new(number, id, settings);
            self.effects.push(Effect::AddQueue(Box::new(queue)));
            return Ok(QueueChanged::Put { created: true });
        };
        if *queue.settings != settings {
            self.write_queue(queue.number, &id, &settings);
            let changed = Effect::ChangeQueue(queue.number, Arc::new(settings));
            self.effects.push(changed);
        }
        Ok(QueueChanged::Put { created: false })
    }

    fn write_queue(&mut self, number: QueueNumber, id: &QueueId, settings: &QueueSettings) {
        let record = queues::queue(number, settings);
        let key = id.as_str().as_bytes();
        self.writes.push(Write::put(Table::Queues, key, &record));
    }

    /// Its tickets, backfills and ratings cannot be found any more, and are removed in time. Its proposals
    /// fail through nobody's fault.
    pub(super) fn delete_queue(
        &mut self,
        id: &QueueId,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let queue = self.queue(id)?;
        for (_, proposal) in &queue.proposals {
            let line = self.match_by(*proposal, now_ms)?;
            if line.of.accept_by_ms().is_some() {
                let failed = line.of.failed(BTreeSet::new(), now_ms);
                self.fail_match(line, failed, TicketEnd::QueueDeleted);
            }
        }
        let number = queue_key(queue.number);
        let name = id.as_str().as_bytes();
        self.writes.push(Write::remove(Table::Queues, name));
        self.writes
            .push(Write::put(Table::DoomedQueues, &number, &[]));
        self.effects.push(Effect::RemoveQueue(queue.number));
        Ok(QueueChanged::Done)
    }
}
