//! The store as a store of boards.

use std::sync::Arc;

use async_trait::async_trait;
use boards::{
    BoardId, BoardInfo, BoardStore, Change, Guard, Lookup, Page, PageStart, Player, PlayerId,
    Receipt, Score, Season, Standing, Stats, StoreError, View,
};

use crate::changes;
use crate::store::{RedisStore, to_the_end};

#[async_trait]
impl BoardStore for RedisStore {
    async fn change(
        &self,
        change: Change,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<Receipt, StoreError> {
        let core = Arc::clone(&self.core);
        let made = to_the_end(async move {
            let receipt = changes::change(&core, &change, guard, now_ms).await;
            // By which node it was made, and whether it was heard of, nobody knows here.
            if receipt.as_ref().is_ok_and(|receipt| receipt.replayed) {
                core.versions.all_changed();
            }
            receipt
        });
        made.await?
    }

    async fn player(&self, id: PlayerId) -> Result<Player, StoreError> {
        self.core.player(id).await
    }

    async fn board(&self, id: &BoardId) -> Result<BoardInfo, StoreError> {
        self.core.board(id).await
    }

    async fn version(&self, id: &BoardId) -> Result<u64, StoreError> {
        self.core.version(id).await
    }

    async fn boards(
        &self,
        after: Option<&BoardId>,
        limit: usize,
    ) -> Result<Vec<BoardInfo>, StoreError> {
        self.core.boards(after, limit).await
    }

    async fn seasons(&self, board: &BoardId) -> Result<Vec<Season>, StoreError> {
        self.core.seasons(board).await
    }

    async fn entry(&self, view: &View, player: PlayerId) -> Result<Standing, StoreError> {
        self.core.entry(view, player).await
    }

    async fn page(&self, view: &View, start: PageStart, limit: usize) -> Result<Page, StoreError> {
        self.core.page(view, start, limit).await
    }

    async fn around(
        &self,
        view: &View,
        player: PlayerId,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.core.around(view, player, limit).await
    }

    async fn around_score(
        &self,
        view: &View,
        score: Score,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.core.around_score(view, score, limit).await
    }

    async fn lookup(&self, view: &View, players: &[PlayerId]) -> Result<Lookup, StoreError> {
        self.core.lookup(view, players).await
    }

    async fn stats(
        &self,
        view: &View,
        percentiles: &[f64],
        buckets: usize,
    ) -> Result<Stats, StoreError> {
        self.core.stats(view, percentiles, buckets).await
    }

    async fn secret(&self) -> Result<[u8; 32], StoreError> {
        Ok(self.core.secret)
    }

    fn is_ready(&self) -> bool {
        self.core.redis.is_ready()
    }
}
