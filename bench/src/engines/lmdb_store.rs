//! LMDB, through heed: a memory-mapped copy-on-write B+tree, written in C.
//!
//! A commit is one write transaction with default flags: the pages are synced
//! first and the meta page that makes them current is synced after them.

use std::path::Path;

use anyhow::{Context, Result};
use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvOpenOptions};

use super::digest::Digest;
use super::store::{Batch, Engine, META_KEY};

/// Address space for the map; the file only grows as far as it is used.
const MAP_BYTES: usize = 32 << 30;

type Table = Database<'static, Bytes, Bytes>;

pub struct LmdbStore {
    env: Env,
    entries: Table,
    meta: Table,
}

impl Engine for LmdbStore {
    /// LMDB has no cache of its own: it reads through the page cache.
    fn open(dir: &Path, _cache_bytes: usize) -> Result<Self> {
        let mut options = EnvOpenOptions::new();
        options.map_size(MAP_BYTES).max_dbs(2);
        // SAFETY: the directory is fresh and belongs to this process alone, so
        // nothing changes the mapped file behind LMDB's back.
        let env = unsafe { options.open(dir)? };
        let (entries, meta) = tables(&env)?;
        Ok(LmdbStore { env, entries, meta })
    }

    fn commit(&mut self, batch: &Batch) -> Result<()> {
        let mut writes = self.env.write_txn()?;
        for (key, value) in &batch.entries {
            self.entries.put(&mut writes, key, value)?;
        }
        self.meta.put(&mut writes, META_KEY, &batch.meta)?;
        Ok(writes.commit()?)
    }

    fn scan(&self) -> Result<Digest> {
        let mut digest = Digest::default();
        let reads = self.env.read_txn()?;
        for record in self.entries.iter(&reads)?.chain(self.meta.iter(&reads)?) {
            let (key, value) = record?;
            digest.add(key, value);
        }
        Ok(digest)
    }
}

fn tables(env: &Env) -> Result<(Table, Table)> {
    let writes = env.write_txn()?;
    let outcome = env.create_databases_and_commit(writes, |opener, writes| {
        let entries = opener.create_database(writes, Some("entries"))?;
        let meta = opener.create_database(writes, Some("meta"))?;
        Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit((entries, meta)))
    })?;
    outcome.commit().context("the tables were not created")
}
