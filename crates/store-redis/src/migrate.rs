//! A whole store moved into Redis or out of it, while nobody serves it, as the lines of an export.
//!
//! **Into Redis** (`load`): the source is read twice. The first time ([`Plan`]) tells what has to be known before
//! anything is written: numbers for boards and queues, who is hidden, the order in which tickets wait. The second
//! time lines become the commands that write what changes would have written, a few thousand at a time, each room's
//! in one script. All of them may be run twice, and a record tells how far it has come: so it goes on from there
//! after whatever ended it. As long as the record stands no node opens the store. At the end everything is read back
//! and compared, and only then the store is there.
//!
//! **Out of Redis** (`unload`): sixteen bytes of each player are sorted in memory, since an export is in the order
//! of ids and a hash is in none; everything else is fetched a thousand at a time.
//!
//! Absent on purpose: answers that are kept for retries, as in any export; moving while nodes serve, which would
//! have to catch up with what they change.

use std::io;

use archive::ArchiveError;
use boards::StoreError;

use crate::failure::ConnectError;
use crate::meta::MetaError;
use crate::store::OpenError;

mod boards_in;
mod boards_out;
mod load;
mod marker;
mod plan;
mod rooms;
mod scan;
mod still;
#[cfg(test)]
mod tests;
mod unload;

pub(crate) use boards_in::unknown;
pub(crate) use boards_out::{RUN, fetch};
pub use load::load;
pub use plan::Plan;
pub(crate) use rooms::Rooms;
pub(crate) use scan::{Found, Reading, damaged};
pub(crate) use unload::Out;
pub use unload::unload;

/// What a migration into Redis does at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Writes.
    Write,
    /// Reads what was written, and compares it with the source.
    Check,
}

/// Why a store is not moved, or not to the end.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Redis cannot be reached, or cannot be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// What is there is not for this version or these settings.
    #[error(transparent)]
    Meta(#[from] MetaError),
    /// The store could not be looked after.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Redis did not do for a minute what it was asked.
    #[error("Redis does not answer as it should: {0}; run it again, and it goes on where it was")]
    Unavailable(String),
    /// The source is not a whole export.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What was read cannot be passed on.
    #[error("cannot pass on what was read")]
    Write(#[source] io::Error),
    /// There is nothing to be moved.
    #[error("there is no store of Agon under the prefix {0}")]
    NoStore(String),
    /// The target is a store already.
    #[error("there is a store of Agon under the prefix {0} already; nothing was changed")]
    Exists(String),
    /// The target has keys, and is no store.
    #[error(
        "there are keys under the prefix {0} that no migration has made; remove them or take another prefix"
    )]
    NotEmpty(String),
    /// Another migration was begun there.
    #[error(
        "a migration from another source, or from this one before it changed, was begun there and is unfinished; \
         finish that one, or remove its keys, or take another prefix"
    )]
    OtherSource,
    /// Something else has taken the place of the migration.
    #[error("the record of the migration is gone or another's; nothing more was written")]
    Superseded,
    /// Nodes serve it.
    #[error("nodes of Agon are connected to the store ({0} of them); stop them first")]
    Served(u64),
    /// It has changed meanwhile.
    #[error(
        "the store has changed while it was read, so what was read is of no use; stop all nodes first"
    )]
    Changed,
    /// A record is not what it has to be.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// What was written is not what there was.
    #[error("what was written is not what the source has: {}", .0.join("; "))]
    Differs(Vec<String>),
}

impl From<OpenError> for MigrateError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Connect(error) => error.into(),
            OpenError::Meta(error) => error.into(),
            OpenError::Failed(error) => error.into(),
        }
    }
}
