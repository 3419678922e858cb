//! A store that is still opening: the server answers at once, "not ready" until it is.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use boards::{
    BoardId, BoardStore, NewPlayer, Outcome, Page, PageStart, PlayerId, RankedEntry, Segment,
    StoreError, Submission,
};

/// Refuses everything until it is given the real store, and passes everything on from then.
#[derive(Default)]
pub(crate) struct LateStore(OnceLock<Arc<dyn BoardStore>>);

impl LateStore {
    /// From now on this store answers. The first one given stays.
    pub(crate) fn provide(&self, store: Arc<dyn BoardStore>) {
        let _ = self.0.set(store);
    }

    fn store(&self) -> Result<&dyn BoardStore, StoreError> {
        let opening = || StoreError::Unavailable {
            reason: "it is being opened".to_owned(),
            source: None,
        };
        self.0.get().map(Arc::as_ref).ok_or_else(opening)
    }
}

#[async_trait]
impl BoardStore for LateStore {
    async fn create_players(
        &self,
        board: &BoardId,
        players: Vec<NewPlayer>,
        now_ms: i64,
    ) -> Result<Vec<u64>, StoreError> {
        self.store()?.create_players(board, players, now_ms).await
    }

    async fn submit(&self, board: &BoardId, submission: Submission) -> Result<Outcome, StoreError> {
        self.store()?.submit(board, submission).await
    }

    async fn entry(&self, board: &BoardId, player: PlayerId) -> Result<RankedEntry, StoreError> {
        self.store()?.entry(board, player).await
    }

    async fn page(
        &self,
        board: &BoardId,
        segment: Option<Segment>,
        start: PageStart,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.store()?.page(board, segment, start, limit).await
    }

    fn is_ready(&self) -> bool {
        self.0.get().is_some_and(|store| store.is_ready())
    }
}
