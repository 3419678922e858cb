//! Boards and queues on one machine: durable in an embedded engine, ranked in memory.
//!
//! All changes go through one writer thread, which takes whatever submissions have gathered,
//! stages them against the state as it is, commits them to the engine as one batch with
//! one sync, applies them to the state and answers. Readers look at the state alone, so they see
//! what is durable and nothing sooner, and never wait for the disk.
//!
//! Absent on purpose: a second index on disk (start-up rebuilds the one in memory in bulk, faster
//! than it could be kept), timers in the write path (a batch is as large as the last sync was
//! long), and reads from the engine after start-up, but for what is kept for retries and for what has
//! ended in queues (`reader.rs`).

mod access;
mod chores;
mod codec;
mod cut;
mod data_dir;
mod draft;
mod effect;
mod engine;
mod error;
mod export;
mod import;
mod journal_guard;
mod journal_room;
mod ladder;
mod match_store;
mod numbers;
mod outage;
mod paged;
mod places;
mod players;
mod queues;
mod ranks;
mod reader;
mod reads;
mod records;
mod recovery;
mod stage;
mod state;
mod store;
#[cfg(test)]
mod testing;
mod writer;

pub use archive::{ArchiveError, Counts, Scope};
pub use boards::{Clock, Histogram};
pub use error::OpenError;
pub use export::{Export, ExportError, relay, write_failure};
pub use import::{ImportError, ImportPlan, Imported, Source, Stage as ImportStage, import};
pub use numbers::{Numbers, QueueNumbers};
pub use store::{EmbeddedStore, Options};
