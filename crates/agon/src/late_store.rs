//! A store that is still opening: the server answers at once, "not ready" until it is.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use boards::{
    BoardId, BoardInfo, BoardStore, Change, Guard, Lookup, Page, PageStart, Player, PlayerId,
    Receipt, Score, Season, Standing, Stats, StoreError, View,
};
use matchmaking::{
    Backfill, BackfillId, HistoryMark, Match, MatchError, MatchId, MatchStore, PlayerRating,
    QueueChange, QueueId, QueueInfo, QueueReceipt, QueueSnapshot, QueueStats, TicketId, TicketView,
    WhyWaiting,
};

/// Refuses everything until it is given the real store, and passes everything on from then.
#[derive(Default)]
pub(crate) struct LateStore(OnceLock<Arc<dyn Store>>);

/// All that is asked of a store.
pub(crate) trait Store: BoardStore + MatchStore {}

impl<S: BoardStore + MatchStore> Store for S {}

impl LateStore {
    /// From now on this store answers. The first one given stays.
    pub(crate) fn provide(&self, store: Arc<dyn Store>) {
        let _ = self.0.set(store);
    }

    fn store(&self) -> Result<&dyn Store, StoreError> {
        let opening = || StoreError::Unavailable {
            reason: "it is being opened".to_owned(),
            source: None,
        };
        self.0.get().map(Arc::as_ref).ok_or_else(opening)
    }
}

#[async_trait]
impl BoardStore for LateStore {
    async fn change(
        &self,
        change: Change,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<Receipt, StoreError> {
        self.store()?.change(change, guard, now_ms).await
    }

    async fn player(&self, id: PlayerId) -> Result<Player, StoreError> {
        self.store()?.player(id).await
    }

    async fn board(&self, id: &BoardId) -> Result<BoardInfo, StoreError> {
        self.store()?.board(id).await
    }

    async fn version(&self, id: &BoardId) -> Result<u64, StoreError> {
        self.store()?.version(id).await
    }

    async fn boards(
        &self,
        after: Option<&BoardId>,
        limit: usize,
    ) -> Result<Vec<BoardInfo>, StoreError> {
        self.store()?.boards(after, limit).await
    }

    async fn seasons(&self, board: &BoardId) -> Result<Vec<Season>, StoreError> {
        self.store()?.seasons(board).await
    }

    async fn entry(&self, view: &View, player: PlayerId) -> Result<Standing, StoreError> {
        self.store()?.entry(view, player).await
    }

    async fn page(&self, view: &View, start: PageStart, limit: usize) -> Result<Page, StoreError> {
        self.store()?.page(view, start, limit).await
    }

    async fn around(
        &self,
        view: &View,
        player: PlayerId,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.store()?.around(view, player, limit).await
    }

    async fn around_score(
        &self,
        view: &View,
        score: Score,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.store()?.around_score(view, score, limit).await
    }

    async fn lookup(&self, view: &View, players: &[PlayerId]) -> Result<Lookup, StoreError> {
        self.store()?.lookup(view, players).await
    }

    async fn stats(
        &self,
        view: &View,
        percentiles: &[f64],
        buckets: usize,
    ) -> Result<Stats, StoreError> {
        self.store()?.stats(view, percentiles, buckets).await
    }

    async fn secret(&self) -> Result<[u8; 32], StoreError> {
        self.store()?.secret().await
    }

    fn is_ready(&self) -> bool {
        self.0.get().is_some_and(|store| store.is_ready())
    }
}

#[async_trait]
impl MatchStore for LateStore {
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
        match self.store() {
            Ok(store) => store.waiting_changed(seen).await,
            // Nothing waits in a store that is not open.
            Err(_) => std::future::pending().await,
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

    async fn lead(&self, queue: &QueueId, now_ms: i64) -> Result<bool, MatchError> {
        self.store()?.lead(queue, now_ms).await
    }

    async fn resign(&self) -> Result<(), MatchError> {
        self.store()?.resign().await
    }
}
