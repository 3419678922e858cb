//! When attempts are sent, and when a call is over.

use std::fmt;
use std::str::FromStr;

/// When attempts are sent, and when a call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// One attempt; the hedges when it is late or fails; over with the first success.
    Smart,
    /// All at once; over with the first success.
    First,
    /// All at once; over when all have ended.
    All,
    /// All at once; over when all have ended or at the deadline, with what has come by then.
    WithinTimeout,
}

/// Not the name of a policy.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be smart, first, all or within-timeout")]
pub struct UnknownPolicy;

impl Policy {
    const ALL: [Policy; 4] = [
        Policy::Smart,
        Policy::First,
        Policy::All,
        Policy::WithinTimeout,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Policy::Smart => "smart",
            Policy::First => "first",
            Policy::All => "all",
            Policy::WithinTimeout => "within-timeout",
        }
    }

    /// Whether one success is all that is wanted.
    pub fn wants_one(self) -> bool {
        matches!(self, Policy::Smart | Policy::First)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Policy {
    type Err = UnknownPolicy;

    fn from_str(name: &str) -> Result<Self, UnknownPolicy> {
        let policy = Policy::ALL.into_iter().find(|p| p.as_str() == name);
        policy.ok_or(UnknownPolicy)
    }
}
