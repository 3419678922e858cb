//! What a store can be asked to change in queues, each as a whole or not at all, and what it answers.

use boards::PlayerId;
use serde::{Deserialize, Serialize};

use crate::formation::Reason;
use crate::names::{MatchId, QueueId, Region, Role, TicketId};
use crate::queue::{
    Backfill, BackfillId, Match, MatchResult, NewBackfill, NewTicket, QueueSettings, QueuedTicket,
};

/// A change.
#[derive(Clone, Debug, PartialEq)]
pub enum QueueChange {
    /// Makes a queue, or gives one other settings; tickets that wait are matched by the new ones.
    /// → [`QueueChanged::Put`]
    PutQueue {
        /// The queue.
        queue: QueueId,
        /// Its settings.
        settings: Box<QueueSettings>,
    },
    /// Deletes a queue with its tickets, proposals, backfills and ratings. Its matches can still be
    /// read, and finished without ratings. → [`QueueChanged::Done`]
    DeleteQueue(QueueId),
    /// Makes a ticket. A second one of the same name and the same content is answered like the first;
    /// of another content it is [`MatchError::TicketExists`](crate::MatchError). → [`QueueChanged::Ticket`]
    CreateTicket {
        /// The queue.
        queue: QueueId,
        /// The ticket.
        ticket: NewTicket,
    },
    /// Cancels a ticket; one that is proposed declines the match. One that is cancelled already stays
    /// so. → [`QueueChanged::Ticket`]
    CancelTicket {
        /// The queue.
        queue: QueueId,
        /// The ticket.
        ticket: TicketId,
    },
    /// Announces what the matchmaker has found: matches and filled seats. Each is judged by itself: one
    /// with a ticket that does not wait any more is left out. Where another node leads the queue it is
    /// [`MatchError::NotLeader`](crate::MatchError). → [`QueueChanged::Announced`]
    Announce {
        /// The queue.
        queue: QueueId,
        /// New matches.
        matches: Vec<ProposedMatch>,
        /// Seats filled in running matches: backfill, team, ticket, roles in the order of its players.
        fills: Vec<(BackfillId, usize, TicketId, Vec<Option<Role>>)>,
    },
    /// Ends what is over by now: tickets that have waited too long, proposals that were not accepted. For
    /// who leads the queue, as above. → [`QueueChanged::Done`]
    Lapse(QueueId),
    /// Accepts a proposed match. → [`QueueChanged::Match`]
    Accept {
        /// The match.
        match_id: MatchId,
        /// For whom.
        who: Who,
    },
    /// Declines a proposed match: the tickets of those who decline are cancelled, the others wait
    /// again as if they had never stopped. → [`QueueChanged::Match`]
    Decline {
        /// The match.
        match_id: MatchId,
        /// For whom.
        who: Who,
    },
    /// Says what a running match came to, once and for all: ratings and boards change with it. The
    /// same again gives the same answer. → [`QueueChanged::Match`]
    Finish {
        /// The match.
        match_id: MatchId,
        /// What it came to.
        result: MatchResult,
    },
    /// Opens seats of a running match. The same again gives the same answer. → [`QueueChanged::Backfill`]
    CreateBackfill {
        /// The queue.
        queue: QueueId,
        /// The request.
        backfill: NewBackfill,
    },
    /// Takes back what is still open of a backfill. → [`QueueChanged::Backfill`]
    CancelBackfill {
        /// The queue.
        queue: QueueId,
        /// Which.
        backfill: BackfillId,
    },
}

/// For whom a match is accepted or declined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Who {
    /// One player.
    Player(PlayerId),
    /// All players of a ticket.
    Ticket(TicketId),
}

/// A match that the matchmaker has found.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposedMatch {
    /// Which it will be.
    pub id: MatchId,
    /// Its teams.
    pub teams: Vec<ProposedTeam>,
    /// As in [`Match`].
    pub region: Option<Region>,
    /// As in [`Match`].
    pub rating_spread: f64,
    /// As in [`Match`].
    pub team_gap: f64,
    /// As in [`Match`].
    pub win_probabilities: Vec<f64>,
}

/// A team of a match that the matchmaker has found.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposedTeam {
    /// Its tickets, each with the roles of its players in their order.
    pub tickets: Vec<(TicketId, Vec<Option<Role>>)>,
}

/// What a change did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum QueueChanged {
    /// Whether the queue is new.
    Put {
        /// It is.
        created: bool,
    },
    /// The ticket as it is now.
    Ticket(Box<QueuedTicket>),
    /// The match as it is now.
    Match(Box<Match>),
    /// The backfill as it is now.
    Backfill(Box<Backfill>),
    /// How much was announced.
    Announced(Announced),
    /// It is done, and there is nothing to say of it.
    Done,
}

/// How much of what was found has been announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// Matches that were.
    pub matches: usize,
    /// Filled seats that were.
    pub fills: usize,
    /// Both, of those that were not, since something had changed meanwhile.
    pub stale: usize,
}

/// What a change did, now or when it was first asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueReceipt {
    /// What it did.
    pub changed: QueueChanged,
    /// Whether that was at an earlier request with the same guard.
    pub replayed: bool,
}

/// Why a ticket waits, as the matchmaker last saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WhyWaiting {
    /// What is in its way.
    pub reason: Reason,
    /// The same in a sentence.
    pub detail: String,
}

impl WhyWaiting {
    /// How many tickets wait for each reason, in the order in which the reasons come first. O(n).
    pub fn counts(why: &[(TicketId, WhyWaiting)]) -> Vec<(Reason, u64)> {
        let mut counts: Vec<(Reason, u64)> = Vec::new();
        for (_, why) in why {
            match counts.iter_mut().find(|(reason, _)| *reason == why.reason) {
                Some((_, count)) => *count += 1,
                None => counts.push((why.reason, 1)),
            }
        }
        counts
    }
}
