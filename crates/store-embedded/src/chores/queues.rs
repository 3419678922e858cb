//! What queues leave behind: tickets, backfills and failed matches that ended an hour ago, and the records
//! of queues that were deleted.

use crate::effect::Effect;
use crate::engine::{Engine, EngineError, Table, Write};
use crate::queues::{EndKind, QueueNumber, queue_key, read_end_key, read_named_key};
use crate::stage::Staged;

/// How long what has ended can be read.
const READABLE_MS: i64 = 60 * 60 * 1000;
/// Records removed in one go. Few in tests, so that small queues take several.
const RECORDS: usize = if cfg!(test) { 3 } else { 1000 };

/// What begins with a queue's number.
const TABLES: [Table; 5] = [
    Table::Tickets,
    Table::EndedTickets,
    Table::Backfills,
    Table::EndedBackfills,
    Table::Ratings,
];

/// How far the removal of what has ended has come.
#[derive(Default)]
pub(super) struct Ends {
    from: Vec<u8>,
}

impl Ends {
    /// Whether there may be more of it.
    pub(super) fn remove(
        &mut self,
        engine: &Engine,
        now_ms: i64,
        staged: &mut Staged,
    ) -> Result<bool, EngineError> {
        let from = self.from.clone();
        let mut forgotten = Vec::new();
        let mut count = 0;
        for record in engine.scan_from(Table::Ends, &[], &from).take(RECORDS) {
            let record = record?;
            let Some((at_ms, kind, key)) = read_end_key(record.key()) else {
                continue;
            };
            if now_ms.saturating_sub(at_ms) < READABLE_MS {
                break;
            }
            let table = match kind {
                EndKind::Ticket => Table::EndedTickets,
                EndKind::Backfill => Table::EndedBackfills,
                EndKind::Match => Table::PastMatches,
            };
            if kind == EndKind::Ticket {
                forgotten.extend(read_named_key(key));
            }
            staged.writes.push(Write::remove(table, key));
            staged.writes.push(Write::remove(Table::Ends, record.key()));
            self.from = record.key().to_vec();
            count += 1;
        }
        if !forgotten.is_empty() {
            staged.effects.push(Effect::Forget(forgotten));
        }
        Ok(count == RECORDS)
    }
}

/// How far the removal of a deleted queue has come.
#[derive(Default)]
pub(super) struct Deleted {
    table: usize,
    from: Vec<u8>,
}

impl Deleted {
    pub(super) fn remove(
        &mut self,
        engine: &Engine,
        queue: QueueNumber,
        staged: &mut Staged,
    ) -> Result<(), EngineError> {
        let prefix = queue_key(queue);
        let mut left = RECORDS;
        while let Some(table) = TABLES.get(self.table) {
            let from = std::mem::take(&mut self.from).max(prefix.to_vec());
            for record in engine.scan_from(*table, &prefix, &from).take(left) {
                let record = record?;
                staged.writes.push(Write::remove(*table, record.key()));
                discount(staged, *table);
                self.from = record.key().to_vec();
                left -= 1;
            }
            if left == 0 {
                return Ok(());
            }
            self.table += 1;
            self.from.clear();
        }
        self.table = 0;
        staged
            .writes
            .push(Write::remove(Table::DoomedQueues, &prefix));
        staged.effects.push(Effect::RemovedQueue(queue));
        Ok(())
    }
}

fn discount(staged: &mut Staged, table: Table) {
    let position = &mut staged.position;
    match table {
        Table::Tickets => position.tickets -= 1,
        Table::Backfills => position.backfills -= 1,
        Table::Ratings => position.ratings -= 1,
        _ => {}
    }
}
