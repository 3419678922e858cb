//! A ticket in a queue: what it was made of, and what has become of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use boards::PlayerId;
use serde::{Deserialize, Serialize};

use crate::names::{AttributeKey, AttributeText, MatchId, QueueId, Region, Role, TicketId};
use crate::ticket::Ticket;

/// A ticket to be made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewTicket {
    /// Its name; the one who asks makes it up where its client has not.
    pub id: TicketId,
    /// The party.
    pub players: Vec<NewTicketPlayer>,
    /// Larger ones are served first.
    pub priority: i32,
    /// Players that nobody of the party wants to meet.
    pub avoid: Vec<PlayerId>,
}

/// One of a party to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewTicketPlayer {
    /// Who.
    pub id: PlayerId,
    /// Mean and deviation; `None`: as the queue's results have them, a new player's at first. A missing
    /// deviation is that of the stored rating.
    pub rating: Option<(f64, Option<f64>)>,
    /// As in [`crate::TicketPlayer`].
    pub roles: Vec<Role>,
    /// As in [`crate::TicketPlayer`].
    pub latencies_ms: BTreeMap<Region, f64>,
    /// As in [`crate::TicketPlayer`].
    pub attributes: BTreeMap<AttributeKey, Vec<AttributeText>>,
}

/// A ticket of a queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueuedTicket {
    /// The queue.
    pub queue: QueueId,
    /// The ticket, with ratings as they were when it was made. Shared, since matching looks at it
    /// while others read it.
    pub ticket: Arc<Ticket>,
    /// When it was made, in milliseconds since the Unix epoch. Its waiting time counts from here,
    /// through proposals that came to nothing.
    pub created_at_ms: i64,
    /// When it expires unless it is matched.
    pub expires_at_ms: i64,
    /// What has become of it.
    pub state: TicketState,
}

/// What has become of a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum TicketState {
    /// It waits.
    Waiting,
    /// It is in a match that has to be accepted.
    Proposed {
        /// The match.
        match_id: MatchId,
    },
    /// It is in a match.
    Matched {
        /// The match.
        match_id: MatchId,
        /// When that was announced.
        at_ms: i64,
    },
    /// It will not be matched.
    Cancelled {
        /// Why.
        why: TicketEnd,
        /// When that was.
        at_ms: i64,
    },
    /// It has waited as long as the queue lets tickets wait.
    Expired {
        /// When that was.
        at_ms: i64,
    },
}

/// Why a ticket was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketEnd {
    /// Its client asked for it.
    Requested,
    /// One of its players declined a match.
    Declined,
    /// One of its players did not accept a match in time.
    NotAccepted,
    /// One of its players was erased.
    PlayerDeleted,
    /// The queue was deleted.
    QueueDeleted,
}

impl TicketState {
    /// Whether nothing more will become of the ticket.
    pub fn is_final(&self) -> bool {
        !matches!(self, TicketState::Waiting | TicketState::Proposed { .. })
    }

    /// The match that the ticket is in.
    pub fn match_id(&self) -> Option<MatchId> {
        match self {
            TicketState::Proposed { match_id } | TicketState::Matched { match_id, .. } => {
                Some(*match_id)
            }
            _ => None,
        }
    }
}
