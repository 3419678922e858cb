//! The storage engine, fjall, as this store uses it: a few tables, atomic synced batches, scans.
//!
//! The tables share one of the engine's keyspaces, told apart by the first byte of a key. A keyspace
//! of its own for something as small as the position would never fill its write buffer, and the
//! journal, which is kept until every buffer with a part in it has been written out, would always
//! grow to its limit and make the next start-up replay all of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use fjall::compaction::Leveled;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Slice};

use crate::codec;
use crate::journal_room::JournalRoom;
use crate::state::Position;

mod frozen;

pub(crate) use frozen::{Frozen, Handle};

/// Bytes of journal that may gather: it bounds what a start-up has to replay. The engine's minimum.
const MAX_JOURNAL_BYTES: u64 = 64 << 20;
/// Bytes of changes held in memory until they are written out as a table. Writing out makes one
/// commit wait, the longer the more there is; and a small buffer is searched in the processor's caches.
const WRITE_BUFFER_BYTES: u64 = 8 << 20;
/// Tables that are written out before they are merged. Hardly anything is read from tables but at start-up, so
/// they may be many, and the fewer merges the better; from 20 on the engine slows commits down, from 30 on it
/// stops them.
const UNMERGED_TABLES: u8 = 12;
/// Bytes of a table that a merge makes. With the number of unmerged ones it decides how much one merge takes in.
const TABLE_BYTES: u64 = 16 << 20;
/// The fewest and the most of the engine's threads that write out and merge. One alone can stop for good:
/// its queue of 1,000 tasks is bounded, commits put tasks into it as long as it merges, and it waits for
/// room there itself, which then nobody makes. Of two, the first only writes out, and hands itself the tasks of
/// merging again and again for as long as the other merges; a third takes them.
const WORKERS: (usize, usize) = (3, 4);
/// The longest key within a table: the note that a ticket has ended.
const MAX_KEY_BYTES: usize = 80;
const POSITION_KEY: &[u8] = b"position";
const NEXT_BOARD_KEY: &[u8] = b"next board";
const NEXT_QUEUE_KEY: &[u8] = b"next queue";
const SECRET_KEY: &[u8] = b"secret";

/// A table of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Table {
    /// The position, the next board's and queue's numbers, the secret.
    Meta = b'm',
    /// Board name to number, settings and seasons.
    Boards = b'b',
    /// Board and season whose entries are to be removed.
    Doomed = b'd',
    /// Board, season and commit to which of the season's entries are to be removed.
    Cuts = b'c',
    /// Board and player id of those that are hidden.
    Hidden = b'h',
    /// Idempotency key to the answer that was given.
    Answers = b'a',
    /// Time and idempotency key of those answers, so that the oldest are found.
    Expiries = b'x',
    /// Player id to profile.
    Players = b'p',
    /// Board, season and player id to entry.
    Entries = b'e',
    /// Queue name to number and settings.
    Queues = b'q',
    /// Number of a queue whose records are to be removed.
    DoomedQueues = b'Q',
    /// Queue and name of tickets that wait or are proposed.
    Tickets = b't',
    /// The same of those that have ended.
    EndedTickets = b'T',
    /// Id of matches that are proposed or being held.
    Matches = b'g',
    /// The same of those that have ended.
    PastMatches = b'G',
    /// Queue and name of open backfills.
    Backfills = b'f',
    /// The same of those that have ended.
    EndedBackfills = b'F',
    /// Queue and player id to rating.
    Ratings = b'r',
    /// Player id, time and id of matches with a result, the latest first.
    History = b'y',
    /// Id of a player that was erased and whose matches are to be written anew, to the commit that did it.
    Erasures = b'E',
    /// Id of a player that was erased lately to when that was: the commit, the sequence number, the time.
    Erased = b'k',
    /// Time and key of what has ended and can still be read for a while.
    Ends = b'z',
}

impl Table {
    fn key(self, key: &[u8]) -> Slice {
        let mut bytes = [0; 1 + MAX_KEY_BYTES];
        let len = key.len().min(MAX_KEY_BYTES);
        bytes[0] = self as u8;
        bytes[1..=len].copy_from_slice(&key[..len]);
        Slice::new(&bytes[..=len])
    }
}

/// A value to be stored, or a key to be removed.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    /// With the table's byte before it.
    key: Slice,
    value: Option<Slice>,
}

impl Write {
    pub(crate) fn put(table: Table, key: &[u8], value: &[u8]) -> Self {
        Write {
            key: table.key(key),
            value: Some(Slice::new(value)),
        }
    }

    pub(crate) fn remove(table: Table, key: &[u8]) -> Self {
        Write {
            key: table.key(key),
            value: None,
        }
    }

    /// About what it takes in the journal.
    fn journal_bytes(&self) -> u64 {
        const FRAME_BYTES: usize = 32;
        let value = self.value.as_ref().map_or(0, |v| v.len());
        (self.key.len() + value + FRAME_BYTES) as u64
    }

    /// The number that the next board gets.
    pub(crate) fn next_board(number: u32) -> Self {
        Write::put(Table::Meta, NEXT_BOARD_KEY, &number.to_be_bytes())
    }

    /// The number that the next queue gets.
    pub(crate) fn next_queue(number: u32) -> Self {
        Write::put(Table::Meta, NEXT_QUEUE_KEY, &number.to_be_bytes())
    }

    pub(crate) fn secret(secret: &[u8; 32]) -> Self {
        Write::put(Table::Meta, SECRET_KEY, secret)
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
    room: JournalRoom,
    records: Keyspace,
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
            .worker_threads(workers())
            .open()?;
        let merging = Leveled::default()
            .with_l0_threshold(UNMERGED_TABLES)
            .with_table_target_size(TABLE_BYTES);
        let options = || {
            KeyspaceCreateOptions::default()
                .max_memtable_size(WRITE_BUFFER_BYTES)
                .compaction_strategy(Arc::new(merging))
        };
        let records = db.keyspace("records", options)?;
        Ok(Engine {
            db,
            room: JournalRoom::new(dir),
            records,
        })
    }

    /// Commits all of the writes or none. When it returns they are on disk (`fdatasync`): they
    /// survive a crash of the process, of the system, and the loss of power.
    ///
    /// After an error the engine takes no more batches; it has to be opened again.
    pub(crate) fn commit(&mut self, writes: &[Write]) -> Result<(), EngineError> {
        self.room
            .prepare(writes.iter().map(Write::journal_bytes).sum());
        let mut batch = self.db.batch().durability(Some(PersistMode::SyncData));
        for write in writes {
            match &write.value {
                Some(value) => batch.insert(&self.records, write.key.clone(), value.clone()),
                None => batch.remove(&self.records, write.key.clone()),
            }
        }
        Ok(batch.commit()?)
    }

    /// What undoes these writes: the values that their keys have now.
    pub(crate) fn undo(&self, writes: &[Write]) -> Result<Vec<Write>, EngineError> {
        let now = |write: &Write| {
            Ok(Write {
                key: write.key.clone(),
                value: self.records.get(&write.key)?,
            })
        };
        writes.iter().map(now).collect()
    }

    /// The position that the last commit left, if there was one.
    pub(crate) fn position(&self) -> Result<Option<Position>, EngineError> {
        let stored = self.get(Table::Meta, POSITION_KEY)?;
        Ok(stored.and_then(|bytes| codec::read_position(&bytes)))
    }

    /// The number that the next board gets; stores of format 1 have the board `global` alone.
    pub(crate) fn next_board(&self) -> Result<Option<u32>, EngineError> {
        self.number(NEXT_BOARD_KEY)
    }

    /// The number that the next queue gets; stores that never had one have none.
    pub(crate) fn next_queue(&self) -> Result<Option<u32>, EngineError> {
        self.number(NEXT_QUEUE_KEY)
    }

    fn number(&self, key: &[u8]) -> Result<Option<u32>, EngineError> {
        let stored = self.get(Table::Meta, key)?;
        let number = stored.and_then(|bytes| bytes.as_ref().try_into().ok());
        Ok(number.map(u32::from_be_bytes))
    }

    pub(crate) fn secret(&self) -> Result<Option<[u8; 32]>, EngineError> {
        let stored = self.get(Table::Meta, SECRET_KEY)?;
        Ok(stored.and_then(|bytes| bytes.as_ref().try_into().ok()))
    }

    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Slice>, EngineError> {
        Ok(self.records.get(table.key(key))?)
    }

    /// The records of a table whose keys begin with `prefix`, from `first` on.
    pub(crate) fn scan_from(
        &self,
        table: Table,
        prefix: &[u8],
        first: &[u8],
    ) -> impl Iterator<Item = Result<Record, EngineError>> + use<'_> {
        let prefix = table.key(prefix);
        let records = self.records.range(table.key(first)..);
        records
            .map(|item| Ok(Record(item.into_inner()?)))
            .take_while(move |record: &Result<Record, EngineError>| {
                record.as_ref().map_or(true, |r| r.0.0.starts_with(&prefix))
            })
    }

    /// All records of a table in the order of their keys.
    pub(crate) fn scan(
        &self,
        table: Table,
    ) -> impl Iterator<Item = Result<Record, EngineError>> + use<'_> {
        let records = self.records.prefix([table as u8]);
        records.map(|item| Ok(Record(item.into_inner()?)))
    }
}

/// A stored key with its value.
pub(crate) struct Record((Slice, Slice));

impl Record {
    /// The key within its table.
    pub(crate) fn key(&self) -> &[u8] {
        self.0.0.get(1..).unwrap_or_default()
    }

    pub(crate) fn value(&self) -> &[u8] {
        &self.0.1
    }
}

/// As many as there are cores, within [`WORKERS`].
fn workers() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores.clamp(WORKERS.0, WORKERS.1)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}
