//! A store of queues that is still opening, as [`late_store`](crate::late_store) is one of boards.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use boards::{Guard, PlayerId, StoreError};
use matchmaking::{
    Backfill, BackfillId, HistoryMark, Match, MatchError, MatchId, MatchStore, PlayerRating,
    QueueChange, QueueId, QueueInfo, QueueReceipt, QueueSnapshot, QueueStats, TicketId, TicketView,
    WhyWaiting,
};

/// Refuses everything until it is given the real store, and passes everything on from then.
#[derive(Default)]
pub(crate) struct LateMatches(OnceLock<Arc<dyn MatchStore>>);

impl LateMatches {
    /// From now on this store answers. The first one given stays.
    pub(crate) fn provide(&self, store: Arc<dyn MatchStore>) {
        let _ = self.0.set(store);
    }

    fn store(&self) -> Result<&dyn MatchStore, MatchError> {
        let opening = || StoreError::Unavailable {
            reason: "it is being opened".to_owned(),
            source: None,
        };
        let store = self.0.get().map(Arc::as_ref).ok_or_else(opening);
        store.map_err(MatchError::Store)
    }
}

#[async_trait]
impl MatchStore for LateMatches {
    async fn change_queue(
        &self,
        change: QueueChange,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<QueueReceipt, MatchError> {
        self.store()?.change_queue(change, guard, now_ms).await
    }

    async fn queue(&self, id: &QueueId) -> Result<QueueInfo, MatchError> {
        self.store()?.queue(id).await
    }

    async fn queues(
        &self,
        after: Option<&QueueId>,
        limit: usize,
    ) -> Result<Vec<QueueInfo>, MatchError> {
        self.store()?.queues(after, limit).await
    }

    async fn ticket(&self, queue: &QueueId, ticket: &TicketId) -> Result<TicketView, MatchError> {
        self.store()?.ticket(queue, ticket).await
    }

    async fn ticket_changed(
        &self,
        queue: &QueueId,
        ticket: &TicketId,
        seen: u64,
    ) -> Result<(), MatchError> {
        self.store()?.ticket_changed(queue, ticket, seen).await
    }

    async fn find_match(&self, id: MatchId) -> Result<Arc<Match>, MatchError> {
        self.store()?.find_match(id).await
    }

    async fn backfill(
        &self,
        queue: &QueueId,
        backfill: &BackfillId,
    ) -> Result<Arc<Backfill>, MatchError> {
        self.store()?.backfill(queue, backfill).await
    }

    async fn queue_stats(&self, queue: &QueueId, now_ms: i64) -> Result<QueueStats, MatchError> {
        self.store()?.queue_stats(queue, now_ms).await
    }

    async fn ratings(&self, player: PlayerId) -> Result<Vec<PlayerRating>, MatchError> {
        self.store()?.ratings(player).await
    }

    async fn history(
        &self,
        player: PlayerId,
        before: Option<HistoryMark>,
        limit: usize,
    ) -> Result<Vec<Arc<Match>>, MatchError> {
        self.store()?.history(player, before, limit).await
    }

    async fn waiting_changed(&self, seen: u64) -> u64 {
        match self.0.get() {
            Some(store) => store.waiting_changed(seen).await,
            // Nothing waits in a store that is not there.
            None => std::future::pending().await,
        }
    }

    async fn snapshot(&self, queue: &QueueId, now_ms: i64) -> Result<QueueSnapshot, MatchError> {
        self.store()?.snapshot(queue, now_ms).await
    }

    async fn explain(
        &self,
        queue: &QueueId,
        why: Vec<(TicketId, WhyWaiting)>,
    ) -> Result<(), MatchError> {
        self.store()?.explain(queue, why).await
    }
}
