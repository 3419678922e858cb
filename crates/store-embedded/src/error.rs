//! Why a data directory could not be opened.

use std::io;
use std::path::PathBuf;

/// Nothing was changed on disk where opening fails, unless the text says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the directory.
    #[error("{} is in use by another process{}", dir.display(), holder.as_ref().map(|p| format!(" (process id {p})")).unwrap_or_default())]
    InUse {
        /// The data directory.
        dir: PathBuf,
        /// The other process, where it left its id.
        holder: Option<String>,
    },
    /// The directory holds something else.
    #[error("{} is not empty and holds no Agon store; choose another data directory", .0.display())]
    NotAStore(PathBuf),
    /// The store was written by a version of Agon with another format.
    #[error("{} has store format {found}; this Agon reads format {expected}", dir.display())]
    Format {
        /// The data directory.
        dir: PathBuf,
        /// What its `FORMAT` file says.
        found: String,
        /// What it would have to say.
        expected: &'static str,
    },
    /// Something that was written is not there, or is not what was written.
    #[error("the store in {} is damaged: {what}", dir.display())]
    Damaged {
        /// The data directory.
        dir: PathBuf,
        /// What is damaged, and where.
        what: String,
    },
    /// The file system refused.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was being done, as a verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// The refusal.
        #[source]
        source: io::Error,
    },
}

impl OpenError {
    /// Wraps a refusal of the file system; for `map_err`.
    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| OpenError::Io {
            doing,
            path,
            source,
        }
    }
}
