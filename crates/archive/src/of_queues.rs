//! The lines of queues and of what is in them.

use boards::PlayerId;
use matchmaking::{Backfill, Match, QueueId, QueueSettings, QueuedTicket, Rating};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Kind, hex};

/// A queue.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueLine {
    kind: Kind,
    /// Its name.
    pub name: QueueId,
    /// Its settings.
    pub settings: QueueSettings,
}

impl QueueLine {
    /// The line of a queue.
    pub fn new(name: QueueId, settings: QueueSettings) -> Self {
        QueueLine {
            kind: Kind::Queue,
            name,
            settings,
        }
    }
}

/// A match.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchLine {
    kind: Kind,
    /// Whether it was made in a queue that was deleted; one of the same name may have come after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_deleted_queue: bool,
    /// The match.
    #[serde(rename = "match")]
    pub of: Match,
}

impl MatchLine {
    /// The line of a match.
    pub fn new(of_deleted_queue: bool, of: Match) -> Self {
        MatchLine {
            kind: Kind::Match,
            of_deleted_queue,
            of,
        }
    }
}

/// A ticket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketLine {
    kind: Kind,
    /// The order in which tickets wait.
    pub made: u64,
    /// Of the request that made it.
    pub request: RequestDigest,
    /// The ticket.
    pub ticket: QueuedTicket,
}

impl TicketLine {
    /// The line of a ticket.
    pub fn new(made: u64, request: [u8; 16], ticket: QueuedTicket) -> Self {
        TicketLine {
            kind: Kind::Ticket,
            made,
            request: RequestDigest(request),
            ticket,
        }
    }
}

/// A backfill.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackfillLine {
    kind: Kind,
    /// The order in which backfills were made.
    pub made: u64,
    /// Of the request that made it.
    pub request: RequestDigest,
    /// The backfill.
    pub backfill: Backfill,
}

impl BackfillLine {
    /// The line of a backfill.
    pub fn new(made: u64, request: [u8; 16], backfill: Backfill) -> Self {
        BackfillLine {
            kind: Kind::Backfill,
            made,
            request: RequestDigest(request),
            backfill,
        }
    }
}

/// A player's rating in a queue.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingLine {
    kind: Kind,
    /// The queue.
    pub queue: QueueId,
    /// The player.
    pub player_id: PlayerId,
    /// The rating.
    pub rating: Rating,
    /// Rated matches behind it.
    pub matches: u64,
    /// When the last of them was finished, in milliseconds since the Unix epoch.
    pub rated_at_ms: i64,
}

impl RatingLine {
    /// The line of a rating.
    pub fn new(
        (queue, player_id): (QueueId, PlayerId),
        rating: Rating,
        matches: u64,
        rated_at_ms: i64,
    ) -> Self {
        RatingLine {
            kind: Kind::Rating,
            queue,
            player_id,
            rating,
            matches,
            rated_at_ms,
        }
    }
}

/// The digest of a request, by which its repetition is told from another one; as text in hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestDigest(pub [u8; 16]);

impl Serialize for RequestDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for RequestDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = u128::from_str_radix(&text, 16).ok();
        let number = number.filter(|n| hex(&n.to_be_bytes()) == text);
        let digest = number.map(|n| RequestDigest(n.to_be_bytes()));
        digest.ok_or_else(|| serde::de::Error::custom("must be 32 hexadecimal digits"))
    }
}
