//! fjall: a log-structured merge tree with a write-ahead journal.
//!
//! A commit is one write batch, appended to the journal and synced with
//! `fdatasync`; tables are written later by fjall's threads. Both tables share a
//! keyspace, told apart by a leading byte, and the journal is kept short, as in
//! Agon: a keyspace with one small record would never be written out and would
//! pin the journal at its limit, all of which the next start replays.

use std::path::Path;

use anyhow::Result;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};

use super::digest::Digest;
use super::store::{Batch, Engine, META_KEY};

pub struct FjallStore {
    db: Database,
    records: Keyspace,
}

const ENTRY: u8 = b'e';
const META: u8 = b'm';
const MAX_JOURNAL_BYTES: u64 = 64 << 20;
const WRITE_BUFFER_BYTES: u64 = 16 << 20;

impl Engine for FjallStore {
    fn open(dir: &Path, cache_bytes: usize) -> Result<Self> {
        let db = Database::builder(dir)
            .cache_size(cache_bytes as u64)
            .max_journaling_size(MAX_JOURNAL_BYTES)
            .open()?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(WRITE_BUFFER_BYTES);
        let records = db.keyspace("records", options)?;
        Ok(FjallStore { records, db })
    }

    fn commit(&mut self, batch: &Batch) -> Result<()> {
        let capacity = batch.entries.len() + 1;
        let mut writes = OwnedWriteBatch::with_capacity(self.db.clone(), capacity)
            .durability(Some(PersistMode::SyncData));
        for (key, value) in &batch.entries {
            writes.insert(&self.records, [&[ENTRY], &key[..]].concat(), value);
        }
        writes.insert(&self.records, [&[META], META_KEY].concat(), batch.meta);
        Ok(writes.commit()?)
    }

    fn scan(&self) -> Result<Digest> {
        let mut digest = Digest::default();
        for record in self.records.iter() {
            let (key, value) = record.into_inner()?;
            digest.add(&key[1..], &value);
        }
        Ok(digest)
    }
}
