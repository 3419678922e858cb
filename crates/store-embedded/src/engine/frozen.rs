//! The engine's records as they were at one instant, while it goes on to change.
//!
//! The engine shows a batch to snapshots only after the sync of its journal has returned. They are
//! nevertheless taken between batches, by the thread that writes: after an outage the engine that opens
//! again may hold a batch that has to be undone first, and nobody may see that one.
//!
//! A snapshot keeps the engine's files open and locked, so an engine cannot be opened again before all
//! of its snapshots are gone.

use fjall::{Database, Keyspace, Readable, Slice};

use super::{Engine, EngineError, POSITION_KEY, Record, Table};
use crate::codec;
use crate::state::Position;

pub(crate) struct Frozen {
    view: fjall::Snapshot,
    records: Keyspace,
}

/// What takes snapshots of an engine. It keeps the engine's files open and locked too.
pub(crate) struct Handle {
    db: Database,
    records: Keyspace,
}

impl Engine {
    /// What is stored now, and stays so for whoever holds it.
    pub(crate) fn freeze(&self) -> Frozen {
        self.handle().freeze()
    }

    pub(crate) fn handle(&self) -> Handle {
        Handle {
            db: self.db.clone(),
            records: self.records.clone(),
        }
    }
}

impl Handle {
    pub(crate) fn freeze(&self) -> Frozen {
        Frozen {
            view: self.db.snapshot(),
            records: self.records.clone(),
        }
    }
}

impl Frozen {
    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Slice>, EngineError> {
        Ok(self.view.get(&self.records, table.key(key))?)
    }

    pub(crate) fn position(&self) -> Result<Option<Position>, EngineError> {
        let stored = self.get(Table::Meta, POSITION_KEY)?;
        Ok(stored.and_then(|bytes| codec::read_position(&bytes)))
    }

    /// The records of a table whose keys begin with `prefix`, in the order of their keys.
    pub(crate) fn scan(
        &self,
        table: Table,
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<Record, EngineError>> + use<> {
        let records = self.view.prefix(&self.records, table.key(prefix));
        records.map(|item| Ok(Record(item.into_inner()?)))
    }

    /// The records of a table whose keys begin with `prefix`, after the key `after`.
    pub(crate) fn scan_after(
        &self,
        table: Table,
        prefix: &[u8],
        after: &[u8],
    ) -> impl Iterator<Item = Result<Record, EngineError>> + use<> {
        use std::ops::Bound::{Excluded, Unbounded};
        let prefix = table.key(prefix);
        let from = (Excluded(table.key(after)), Unbounded);
        let records = self.view.range(&self.records, from);
        records
            .map(|item| Ok(Record(item.into_inner()?)))
            .take_while(move |record: &Result<Record, EngineError>| {
                record.as_ref().map_or(true, |r| r.0.0.starts_with(&prefix))
            })
    }
}
