//! What can go wrong with Redis: at the start, and with a call.
//!
//! Of a call that failed the one thing that matters is whether it may have been done. Only what certainly was not
//! is ever sent again, by [`crate::connection`] or by anybody else.

use std::path::PathBuf;

use boards::StoreError;

use crate::options::OptionsError;

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RedisFailure {
    /// Certainly nothing has changed: it was never sent, or sent back, until patience ended.
    #[error("nothing was done: {reason}")]
    NotDone { reason: String },
    /// It may have been done: it was sent, and no reply came; or it was done, but is not as safe as promised.
    #[error("it may have been done: {reason}")]
    Unknown { reason: String },
    /// The server takes no changes now (`OOM`, `READONLY`, `MISCONF`, `NOREPLICAS`) or not from us (`NOAUTH`).
    /// Nothing has changed.
    #[error("Redis refuses it: {code} {message}")]
    Refused { code: String, message: String },
    /// The script ended with an error: of its own making, with a code that it chose, or by a fault. What it had
    /// done before stays done.
    #[error("the script ended with {code} {message}")]
    Script { code: String, message: String },
}

impl From<RedisFailure> for StoreError {
    fn from(failure: RedisFailure) -> Self {
        StoreError::Unavailable {
            reason: failure.to_string(),
            source: Some(Box::new(failure)),
        }
    }
}

/// Why a Redis cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The options are wrong.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The certificates cannot be read.
    #[error("cannot take certificates from {}: {reason}", file.display())]
    Certificates {
        /// The file that was to be read.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The system has no certificates to trust, and none were given.
    #[error("the system has no certificates to trust ({0}); set a file of certificates")]
    NoCertificates(String),
    /// It did not answer as long as patience lasted.
    #[error("cannot reach Redis at {address}: {reason}")]
    Unreachable {
        /// Where, without the password.
        address: String,
        /// What happened last.
        reason: String,
    },
    /// It is too old.
    #[error("{host} is version {version}; Agon needs Redis 7 or later, or Valkey")]
    TooOld {
        /// Which server.
        host: String,
        /// What it says that it is.
        version: String,
    },
    /// It removes keys when its memory is full.
    #[error(
        "{host} has maxmemory-policy {policy}: it would drop players and scores when its memory is full; \
         set it to noeviction"
    )]
    Evicts {
        /// Which server.
        host: String,
        /// What it says of its policy.
        policy: String,
    },
    /// One of a cluster, addressed as if it were alone.
    #[error(
        "{host} is a node of a cluster; its address begins with redis-cluster:// or rediss-cluster://"
    )]
    IsACluster {
        /// Which server.
        host: String,
    },
    /// Addressed as a cluster, but alone.
    #[error("{host} is not a node of a cluster; its address begins with redis:// or rediss://")]
    NotACluster {
        /// Which server.
        host: String,
    },
}
