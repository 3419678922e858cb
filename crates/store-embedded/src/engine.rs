//! The storage engine, fjall, as this store uses it: four tables, atomic synced batches, scans.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Slice};

use crate::codec;
use crate::state::Position;

/// Bytes of journal that may gather before tables are written out: it bounds what a start-up has
/// to replay.
const MAX_JOURNAL_BYTES: u64 = 256 << 20;
const POSITION_KEY: &[u8] = b"position";

/// A table of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    /// The position alone.
    Meta,
    /// Board name to number and settings.
    Boards,
    /// Player id to profile.
    Players,
    /// Board, season and player id to entry.
    Entries,
}

/// A value to be stored, or a key to be removed.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) table: Table,
    pub(crate) key: Slice,
    pub(crate) value: Option<Slice>,
}

impl Write {
    pub(crate) fn put(table: Table, key: &[u8], value: &[u8]) -> Self {
        Write {
            table,
            key: Slice::new(key),
            value: Some(Slice::new(value)),
        }
    }

    pub(crate) fn position(position: &Position) -> Self {
        Write::put(Table::Meta, POSITION_KEY, &codec::position(position))
    }
}

/// What the engine said, as text: its own errors are for the log alone.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    #[error("storage engine: {0}")]
    Engine(#[from] fjall::Error),
    #[error("storage engine gave up: {0}")]
    Panic(String),
}

pub(crate) struct Engine {
    db: Database,
    meta: Keyspace,
    boards: Keyspace,
    players: Keyspace,
    entries: Keyspace,
}

impl Engine {
    /// Opens the engine's files, replaying its journal, or creates them.
    pub(crate) fn open(dir: &Path, cache_bytes: u64) -> Result<Self, EngineError> {
        // The engine panics on some kinds of damage; that must end in an error that says so.
        catch_unwind(AssertUnwindSafe(|| Self::open_files(dir, cache_bytes)))
            .unwrap_or_else(|panic| Err(EngineError::Panic(panic_text(panic.as_ref()))))
    }

    fn open_files(dir: &Path, cache_bytes: u64) -> Result<Self, EngineError> {
        let db = Database::builder(dir)
            .cache_size(cache_bytes)
            .max_journaling_size(MAX_JOURNAL_BYTES)
            .open()?;
        let table = |name| db.keyspace(name, KeyspaceCreateOptions::default);
        Ok(Engine {
            meta: table("meta")?,
            boards: table("boards")?,
            players: table("players")?,
            entries: table("entries")?,
            db,
        })
    }

    fn table(&self, table: Table) -> &Keyspace {
        match table {
            Table::Meta => &self.meta,
            Table::Boards => &self.boards,
            Table::Players => &self.players,
            Table::Entries => &self.entries,
        }
    }

    /// Commits all of the writes or none. When it returns they are on disk (`fdatasync`): they
    /// survive a crash of the process, of the system, and the loss of power.
    ///
    /// After an error the engine takes no more batches; it has to be opened again.
    pub(crate) fn commit(&self, writes: &[Write]) -> Result<(), EngineError> {
        let mut batch = self.db.batch().durability(Some(PersistMode::SyncData));
        for write in writes {
            let table = self.table(write.table);
            match &write.value {
                Some(value) => batch.insert(table, write.key.clone(), value.clone()),
                None => batch.remove(table, write.key.clone()),
            }
        }
        Ok(batch.commit()?)
    }

    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Slice>, EngineError> {
        Ok(self.table(table).get(key)?)
    }

    /// The position that the last commit left, if there was one.
    pub(crate) fn position(&self) -> Result<Option<Position>, EngineError> {
        let stored = self.get(Table::Meta, POSITION_KEY)?;
        Ok(stored.and_then(|bytes| codec::read_position(&bytes)))
    }

    /// All records of a table in the order of their keys.
    pub(crate) fn scan(
        &self,
        table: Table,
    ) -> impl Iterator<Item = Result<(Slice, Slice), EngineError>> + use<'_> {
        self.table(table).iter().map(|item| Ok(item.into_inner()?))
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}
