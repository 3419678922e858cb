//! The first line of an export and the last, and what takes the last one's place.

use serde::{Deserialize, Serialize};

use crate::{Counts, Kind, Scope};

/// The first part of every line; the rest is read once it is known what it is.
#[derive(Deserialize)]
pub struct Tag {
    /// What it is.
    pub kind: Kind,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub(crate) kind: Kind,
    pub(crate) format: u32,
    /// The instant that the export is of.
    pub taken_at: jiff::Timestamp,
    /// What was exported.
    pub scope: Scope,
}

impl Head {
    /// The first line of an export of that instant, in milliseconds since the Unix epoch.
    pub fn new(taken_at_ms: i64, scope: Scope) -> Self {
        let taken_at = jiff::Timestamp::from_millisecond(taken_at_ms);
        Head {
            kind: Kind::AgonExport,
            format: crate::FORMAT,
            taken_at: taken_at.unwrap_or(jiff::Timestamp::UNIX_EPOCH),
            scope,
        }
    }
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndLine {
    kind: Kind,
    boards: u64,
    players: u64,
    entries: u64,
    hidden: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    queues: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    matches: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    tickets: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    backfills: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    ratings: u64,
    /// Over all bytes before this line.
    pub sha256: String,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl EndLine {
    /// The line that ends so many others with that digest.
    pub fn new(counts: &Counts, sha256: String) -> Self {
        EndLine {
            kind: Kind::End,
            boards: counts.boards,
            players: counts.players,
            entries: counts.entries,
            hidden: counts.hidden,
            queues: counts.queues,
            matches: counts.matches,
            tickets: counts.tickets,
            backfills: counts.backfills,
            ratings: counts.ratings,
            sha256,
        }
    }

    /// How many lines it says there are.
    pub fn counts(&self) -> Counts {
        Counts {
            boards: self.boards,
            players: self.players,
            entries: self.entries,
            hidden: self.hidden,
            queues: self.queues,
            matches: self.matches,
            tickets: self.tickets,
            backfills: self.backfills,
            ratings: self.ratings,
        }
    }
}

/// Why an export ends without its last line.
#[derive(Debug, Serialize, Deserialize)]
pub struct ErrorLine {
    pub(crate) kind: Kind,
    /// In a sentence.
    pub reason: String,
}

impl ErrorLine {
    /// The line that gives this reason.
    pub fn new(reason: String) -> Self {
        ErrorLine {
            kind: Kind::Error,
            reason,
        }
    }
}
