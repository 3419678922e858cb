//! The store as a store of queues.

use std::sync::Arc;

use async_trait::async_trait;
use boards::{Guard, PlayerId};
use matchmaking::{
    Backfill, BackfillId, HistoryMark, Match, MatchError, MatchId, MatchStore, PlayerRating,
    QueueChange, QueueId, QueueInfo, QueueReceipt, QueueSnapshot, QueueStats, TicketId, TicketView,
    WhyWaiting,
};

use crate::store::{RedisStore, to_the_end};

#[async_trait]
impl MatchStore for RedisStore {
    async fn change_queue(
        &self,
        change: QueueChange,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<QueueReceipt, MatchError> {
        let queues = Arc::clone(&self.queues);
        to_the_end(async move { queues.change(change, guard, now_ms).await }).await?
    }

    async fn queue(&self, id: &QueueId) -> Result<QueueInfo, MatchError> {
        self.queues.queue(id).await
    }

    async fn queues(
        &self,
        after: Option<&QueueId>,
        limit: usize,
    ) -> Result<Vec<QueueInfo>, MatchError> {
        self.queues.queues(after, limit).await
    }

    async fn ticket(&self, queue: &QueueId, ticket: &TicketId) -> Result<TicketView, MatchError> {
        self.queues.ticket(queue, ticket).await
    }

    async fn ticket_changed(
        &self,
        queue: &QueueId,
        ticket: &TicketId,
        seen: u64,
    ) -> Result<(), MatchError> {
        self.queues.ticket_changed(queue, ticket, seen).await
    }

    async fn find_match(&self, id: MatchId) -> Result<Arc<Match>, MatchError> {
        self.queues.find_match(id).await
    }

    async fn backfill(
        &self,
        queue: &QueueId,
        backfill: &BackfillId,
    ) -> Result<Arc<Backfill>, MatchError> {
        self.queues.backfill(queue, backfill).await
    }

    async fn queue_stats(&self, queue: &QueueId, now_ms: i64) -> Result<QueueStats, MatchError> {
        self.queues.stats(queue, now_ms).await
    }

    async fn ratings(&self, player: PlayerId) -> Result<Vec<PlayerRating>, MatchError> {
        self.queues.ratings(player).await
    }

    async fn history(
        &self,
        player: PlayerId,
        before: Option<HistoryMark>,
        limit: usize,
    ) -> Result<Vec<Arc<Match>>, MatchError> {
        self.queues.history(player, before, limit).await
    }

    async fn waiting_changed(&self, seen: u64) -> u64 {
        self.queues.waiting_changed(seen).await
    }

    async fn snapshot(&self, queue: &QueueId, now_ms: i64) -> Result<QueueSnapshot, MatchError> {
        self.queues.snapshot(queue, now_ms).await
    }

    async fn explain(
        &self,
        queue: &QueueId,
        why: Vec<(TicketId, WhyWaiting)>,
    ) -> Result<(), MatchError> {
        self.queues.explain(queue, why).await
    }

    /// Time is the server's.
    async fn lead(&self, queue: &QueueId, _now_ms: i64) -> Result<bool, MatchError> {
        self.queues.lead(queue).await
    }

    async fn resign(&self) -> Result<(), MatchError> {
        self.queues.resign().await
    }
}
