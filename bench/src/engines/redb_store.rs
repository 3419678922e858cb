//! redb: copy-on-write B+trees in one file, written in Rust.
//!
//! A commit is one write transaction at `Durability::Immediate`: one sync,
//! with checksums to tell a finished commit from a torn one after a crash.

use std::path::Path;

use anyhow::Result;
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};

use super::digest::Digest;
use super::store::{Batch, Engine, Key, META_KEY, Meta, Value};

const ENTRIES: TableDefinition<&Key, &Value> = TableDefinition::new("entries");
const META: TableDefinition<&[u8], &Meta> = TableDefinition::new("meta");

pub struct RedbStore {
    db: Database,
}

impl Engine for RedbStore {
    fn open(dir: &Path, cache_bytes: usize) -> Result<Self> {
        let db = Database::builder()
            .set_cache_size(cache_bytes)
            .create(dir.join("agon.redb"))?;
        Ok(RedbStore { db })
    }

    fn commit(&mut self, batch: &Batch) -> Result<()> {
        let mut writes = self.db.begin_write()?;
        writes.set_durability(Durability::Immediate)?;
        {
            let mut entries = writes.open_table(ENTRIES)?;
            for (key, value) in &batch.entries {
                entries.insert(key, value)?;
            }
            writes.open_table(META)?.insert(META_KEY, &batch.meta)?;
        }
        Ok(writes.commit()?)
    }

    fn scan(&self) -> Result<Digest> {
        let mut digest = Digest::default();
        let reads = self.db.begin_read()?;
        for record in reads.open_table(ENTRIES)?.iter()? {
            let (key, value) = record?;
            digest.add(key.value(), value.value());
        }
        for record in reads.open_table(META)?.iter()? {
            let (key, value) = record?;
            digest.add(key.value(), value.value());
        }
        Ok(digest)
    }
}
