//! What the rest of Agon asks of a store of queues.

use std::sync::Arc;

use async_trait::async_trait;
use boards::{Guard, PlayerId};

use crate::error::MatchError;
use crate::names::{MatchId, QueueId, TicketId};
use crate::queue::{
    Backfill, BackfillId, Match, QueueChange, QueueReceipt, QueueSettings, QueuedTicket, WhyWaiting,
};
use crate::rating::Rating;

/// A queue, as it is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueInfo {
    /// Its name.
    pub id: QueueId,
    /// Its settings.
    pub settings: Arc<QueueSettings>,
    /// Tickets that wait.
    pub waiting: u64,
    /// Tickets in proposals.
    pub proposed: u64,
    /// Another and larger number after each change of what waits, as in [`QueueSnapshot`].
    pub version: u64,
}

/// A ticket, and why it waits where it does.
#[derive(Clone, Debug, PartialEq)]
pub struct TicketView {
    /// The ticket.
    pub ticket: Arc<QueuedTicket>,
    /// The match that it is in, as it is now.
    pub of_match: Option<Arc<Match>>,
    /// Why it waits, once the matchmaker has looked at it.
    pub why: Option<WhyWaiting>,
    /// How long tickets like it still wait, in milliseconds, by those matched lately; `None` where
    /// nothing is known.
    pub estimated_wait_ms: Option<u64>,
    /// Another and larger number after each change of the ticket and of its match. Why it waits and for how
    /// long still have no part in it: they change all the time.
    pub version: u64,
}

/// Everything that the matchmaker looks at. Cheap to take: what it holds is shared. A change that comes in
/// while it is taken may be in it or not; the version is that of the beginning.
#[derive(Clone, Debug)]
pub struct QueueSnapshot {
    /// The settings.
    pub settings: Arc<QueueSettings>,
    /// Tickets that wait, in the order in which they were made.
    pub waiting: Vec<Arc<QueuedTicket>>,
    /// Backfills that are open, in the order in which they were made, each with its match.
    pub openings: Vec<(Arc<Backfill>, Arc<Match>)>,
    /// Whether something is over that [`QueueChange::Lapse`] would end, by the time that was given.
    pub lapsed: bool,
    /// Another and larger number after each change of what waits.
    pub version: u64,
}

/// How a queue does, by the matches made lately: an hour's or 10,000 tickets', whichever is less.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueStats {
    /// Tickets that wait.
    pub waiting_tickets: u64,
    /// Their players.
    pub waiting_players: u64,
    /// Tickets in proposals.
    pub proposed_tickets: u64,
    /// Open backfills.
    pub open_backfills: u64,
    /// Matches being held.
    pub running_matches: u64,
    /// Matches announced in the last minute.
    pub matches_per_minute: f64,
    /// How long matched tickets had waited, in milliseconds: 50th, 90th, 95th and 99th percentile.
    pub wait_ms: Option<[u64; 4]>,
    /// Distances of ratings in matches, likewise.
    pub rating_spread: Option<[f64; 4]>,
    /// Why the waiting tickets wait: how many for each reason.
    pub reasons: Vec<(crate::formation::Reason, u64)>,
}

/// A player's rating in a queue.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayerRating {
    /// The queue.
    pub queue: QueueId,
    /// The rating.
    pub rating: Rating,
    /// Rated matches behind it.
    pub matches: u64,
    /// When the last of them was finished, in milliseconds since the Unix epoch.
    pub rated_at_ms: i64,
}

/// Where a page of a player's matches begins: after the match that was made at this instant
/// ([`Match::created_at_ms`]) and has this id.
pub type HistoryMark = (i64, MatchId);

/// Queues, tickets, matches and ratings, durable. Every operation is atomic, and every change is on disk
/// when it returns. A reader is shown nothing that a crash could take back.
#[async_trait]
pub trait MatchStore: Send + Sync {
    /// Makes a change, all of it or none. `now_ms` is the time, in milliseconds since the Unix epoch.
    /// What is over by then counts as over, whether or not [`QueueChange::Lapse`] has ended it.
    ///
    /// # Errors
    /// As [`QueueChange`] says; [`MatchError::Store`] with those of a guard.
    async fn change_queue(
        &self,
        change: QueueChange,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<QueueReceipt, MatchError>;

    /// A queue.
    ///
    /// # Errors
    /// [`MatchError::UnknownQueue`].
    async fn queue(&self, id: &QueueId) -> Result<QueueInfo, MatchError>;

    /// Up to `limit` queues by name, after that one.
    ///
    /// # Errors
    /// As for any reading.
    async fn queues(
        &self,
        after: Option<&QueueId>,
        limit: usize,
    ) -> Result<Vec<QueueInfo>, MatchError>;

    /// A ticket. Those that have ended can be read for an hour.
    ///
    /// # Errors
    /// [`MatchError::UnknownQueue`], [`MatchError::UnknownTicket`].
    async fn ticket(&self, queue: &QueueId, ticket: &TicketId) -> Result<TicketView, MatchError>;

    /// Waits until a ticket has another version than `seen`, for ever if need be: to be dropped by
    /// who has waited long enough. A ticket that is forgotten meanwhile counts as changed.
    ///
    /// # Errors
    /// [`MatchError::UnknownQueue`], [`MatchError::UnknownTicket`].
    async fn ticket_changed(
        &self,
        queue: &QueueId,
        ticket: &TicketId,
        seen: u64,
    ) -> Result<(), MatchError>;

    /// A match.
    ///
    /// # Errors
    /// [`MatchError::UnknownMatch`].
    async fn find_match(&self, id: MatchId) -> Result<Arc<Match>, MatchError>;

    /// A backfill. Those that have ended can be read for an hour.
    ///
    /// # Errors
    /// [`MatchError::UnknownQueue`], [`MatchError::UnknownBackfill`].
    async fn backfill(
        &self,
        queue: &QueueId,
        backfill: &BackfillId,
    ) -> Result<Arc<Backfill>, MatchError>;

    /// How a queue does. `now_ms` is the time.
    ///
    /// # Errors
    /// [`MatchError::UnknownQueue`].
    async fn queue_stats(&self, queue: &QueueId, now_ms: i64) -> Result<QueueStats, MatchError>;

    /// A player's ratings, by queue.
    ///
    /// # Errors
    /// [`StoreError::UnknownPlayer`](boards::StoreError::UnknownPlayer).
    async fn ratings(&self, player: PlayerId) -> Result<Vec<PlayerRating>, MatchError>;

    /// Up to `limit` matches of a player, latest first, of those that have a result; those before the
    /// mark.
    ///
    /// # Errors
    /// [`StoreError::UnknownPlayer`](boards::StoreError::UnknownPlayer).
    async fn history(
        &self,
        player: PlayerId,
        before: Option<HistoryMark>,
        limit: usize,
    ) -> Result<Vec<Arc<Match>>, MatchError>;

    /// Waits until what waits in any queue is another than at `seen`, a number that this has returned, or
    /// 0; for ever if need be. Returns the number of now. For whoever forms matches.
    async fn waiting_changed(&self, seen: u64) -> u64;

    /// What the matchmaker looks at. `now_ms` is the time.
    ///
    /// # Errors
    /// [`MatchError::UnknownQueue`].
    async fn snapshot(&self, queue: &QueueId, now_ms: i64) -> Result<QueueSnapshot, MatchError>;

    /// Keeps for readers why tickets wait, in place of what was kept before. Not durable: it is found
    /// anew after a start.
    ///
    /// # Errors
    /// [`MatchError::UnknownQueue`].
    async fn explain(
        &self,
        queue: &QueueId,
        why: Vec<(TicketId, WhyWaiting)>,
    ) -> Result<(), MatchError>;

    /// Whether this node may form matches of the queue now, and for some seconds; to be asked before each
    /// look. Of several nodes on one store one at a time may. A store of one machine always says yes.
    /// `now_ms` is the time.
    ///
    /// # Errors
    /// [`MatchError::UnknownQueue`].
    async fn lead(&self, queue: &QueueId, now_ms: i64) -> Result<bool, MatchError>;

    /// Gives back what [`lead`](Self::lead) has granted this node, in all queues, so that another node need
    /// not wait until it is over. For a clean stop, once nothing more is announced.
    ///
    /// # Errors
    /// As for any change; what is not given back is over by itself.
    async fn resign(&self) -> Result<(), MatchError>;
}
