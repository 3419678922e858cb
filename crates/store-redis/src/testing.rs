//! A store as tests that compare it with the plain one use it. In tests a limit that is lowered by two entries cuts
//! the end of a season off, so that what that means is tried everywhere; and what is refused for it is asked again
//! once it is removed.

use async_trait::async_trait;
use boards::{
    BoardId, BoardInfo, BoardStore, Change, Guard, Lookup, Page, PageStart, Player, PlayerId,
    Receipt, Score, Season, Standing, Stats, StoreError, View,
};

use crate::changes::trim_all;
use crate::store::RedisStore;

/// So often, since another node may cut something off meanwhile.
const TRIES: u32 = 20;

/// Waits where a change is in the way of what is removed.
pub(crate) struct Patient<'a>(pub(crate) &'a RedisStore);

impl Patient<'_> {
    /// As [`BoardStore::change`], done until it is not refused as overload.
    pub(crate) async fn make(
        &self,
        change: &Change,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<Receipt, StoreError> {
        for _ in 0..TRIES {
            match self.0.change(change.clone(), guard, now_ms).await {
                Err(StoreError::Overloaded) => trim_all(&self.0.core).await?,
                made => return made,
            }
        }
        Err(StoreError::Overloaded)
    }
}

#[async_trait]
impl BoardStore for Patient<'_> {
    async fn change(
        &self,
        change: Change,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<Receipt, StoreError> {
        self.make(&change, guard, now_ms).await
    }

    async fn player(&self, id: PlayerId) -> Result<Player, StoreError> {
        self.0.player(id).await
    }

    async fn board(&self, id: &BoardId) -> Result<BoardInfo, StoreError> {
        self.0.board(id).await
    }

    async fn version(&self, id: &BoardId) -> Result<u64, StoreError> {
        self.0.version(id).await
    }

    async fn boards(
        &self,
        after: Option<&BoardId>,
        limit: usize,
    ) -> Result<Vec<BoardInfo>, StoreError> {
        self.0.boards(after, limit).await
    }

    async fn seasons(&self, board: &BoardId) -> Result<Vec<Season>, StoreError> {
        self.0.seasons(board).await
    }

    async fn entry(&self, view: &View, player: PlayerId) -> Result<Standing, StoreError> {
        self.0.entry(view, player).await
    }

    async fn page(&self, view: &View, start: PageStart, limit: usize) -> Result<Page, StoreError> {
        self.0.page(view, start, limit).await
    }

    async fn around(
        &self,
        view: &View,
        player: PlayerId,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.0.around(view, player, limit).await
    }

    async fn around_score(
        &self,
        view: &View,
        score: Score,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.0.around_score(view, score, limit).await
    }

    async fn lookup(&self, view: &View, players: &[PlayerId]) -> Result<Lookup, StoreError> {
        self.0.lookup(view, players).await
    }

    async fn stats(
        &self,
        view: &View,
        percentiles: &[f64],
        buckets: usize,
    ) -> Result<Stats, StoreError> {
        self.0.stats(view, percentiles, buckets).await
    }

    async fn secret(&self) -> Result<[u8; 32], StoreError> {
        self.0.secret().await
    }

    fn is_ready(&self) -> bool {
        self.0.is_ready()
    }
}
