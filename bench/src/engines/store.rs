//! The one small interface every engine has to fit through.
//!
//! It is as narrow as Agon's own use of storage: open a directory, commit a
//! batch atomically and durably, read everything back. Closing is dropping.

use std::path::Path;

use anyhow::{Result, bail};

use super::digest::Digest;

/// Board (u32), season (u32) and player id (16 bytes), big-endian.
pub type Key = [u8; 24];
/// Score (f64), the time it was reached and the time it happened (u64 each).
pub type Value = [u8; 24];
/// The bookkeeping record that travels with every commit.
pub type Meta = [u8; 40];

/// The key of the only record in the `meta` table.
pub const META_KEY: &[u8] = b"meta";

/// What one commit writes. A key may occur twice: the later value wins.
pub struct Batch {
    pub entries: Vec<(Key, Value)>,
    pub meta: Meta,
}

pub trait Engine: Sized {
    /// Opens the store in `dir`, creating it if it is not there yet.
    fn open(dir: &Path, cache_bytes: usize) -> Result<Self>;

    /// Applies all of `batch` or nothing; on return it survives power loss.
    fn commit(&mut self, batch: &Batch) -> Result<()>;

    /// Reads both tables from end to end.
    fn scan(&self) -> Result<Digest>;
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Fjall,
    Redb,
    Lmdb,
}

impl Kind {
    /// In the order in which they take turns; ratios are to the first.
    pub const ALL: [Kind; 3] = [Kind::Fjall, Kind::Redb, Kind::Lmdb];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Fjall => "fjall",
            Kind::Redb => "redb",
            Kind::Lmdb => "lmdb",
        }
    }

    pub fn named(name: &str) -> Result<Kind> {
        match Kind::ALL.into_iter().find(|kind| kind.name() == name) {
            Some(kind) => Ok(kind),
            None => bail!("no engine is called {name:?}"),
        }
    }
}
