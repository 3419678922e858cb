//! Boards in the store: thousands of small ones, a very large one, rank modes side by side.
//!
//! What fills a store and what opens it again are processes of their own, so that memory and start-up
//! are those of a server that has done nothing else.

pub mod child;
pub mod cut;
pub mod figures;
pub mod large;
pub mod load;
pub mod modes;
pub mod small;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use store_embedded::{Clock, EmbeddedStore, Options};

/// How large everything is.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes {
    /// Small boards.
    pub boards: u64,
    /// Entries of each of them.
    pub entries: u64,
    /// Entries of the large board.
    pub large: u64,
    /// Entries of the board of each rank mode, and of the one that loses nearly all.
    pub million: u64,
    /// How often the rank modes take their turns.
    pub rounds: u64,
    /// Where the temporary directories are made.
    pub dir: PathBuf,
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes {
            boards: 10_000,
            entries: 10,
            large: 10_000_000,
            million: 1_000_000,
            rounds: 5,
            dir: std::env::temp_dir(),
        }
    }
}

/// Opens the store of a directory as a server does.
pub fn open(dir: &Path) -> Result<Arc<EmbeddedStore>> {
    let store = EmbeddedStore::open(&Options {
        data_dir: dir.to_owned(),
        cache_bytes: 64 << 20,
        max_queue: 65_536,
        clock: Clock::system(),
    })?;
    Ok(Arc::new(store))
}

/// Runs what asks a store.
pub fn wait<T>(asking: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(asking)
}
