//! What is read of boards and players, from all rooms at once.
//!
//! Every reading is a script that names the board, so that nothing of its settings is kept here and could be
//! old. In a store of one room a reading is one script, and what it answers is exact at one instant. In a store
//! of several the rooms are asked all at once and their answers merged here: each room is shown as it was at one
//! instant, and a change that comes between is in some of them. How many rounds of questions each reading takes
//! is told in its own file.
//!
//! Readings take no locks. Absent on purpose: replicas, which could miss what was just acknowledged, and a cache
//! of boards or entries; of [versions] alone an answer is used again, for a moment.

mod asked;
mod counting;
mod gather;
mod info;
mod look;
mod lookup;
mod page;
mod places;
mod ranks;
mod scripts;
mod selection;
mod standing;
mod stats;
mod tiers;
mod versions;
mod window;
mod wire;

use boards::{
    BoardId, BoardInfo, Lookup, Page, PageStart, Player, PlayerId, Score, Season, Standing, Stats,
    StoreError, View,
};

use crate::core::Core;

pub(crate) use counting::distinct_better;
pub(crate) use scripts::ReadScripts;
pub(crate) use versions::Versions;

impl Core {
    /// See [`boards::BoardStore::player`].
    pub(crate) async fn player(&self, id: PlayerId) -> Result<Player, StoreError> {
        info::player(self, id).await
    }

    /// See [`boards::BoardStore::board`].
    pub(crate) async fn board(&self, id: &BoardId) -> Result<BoardInfo, StoreError> {
        info::board(self, id).await
    }

    /// See [`boards::BoardStore::version`].
    pub(crate) async fn version(&self, id: &BoardId) -> Result<u64, StoreError> {
        self.versions.of(id, || info::version(self, id)).await
    }

    /// See [`boards::BoardStore::boards`].
    pub(crate) async fn boards(
        &self,
        after: Option<&BoardId>,
        limit: usize,
    ) -> Result<Vec<BoardInfo>, StoreError> {
        info::boards(self, after, limit).await
    }

    /// See [`boards::BoardStore::seasons`].
    pub(crate) async fn seasons(&self, board: &BoardId) -> Result<Vec<Season>, StoreError> {
        info::seasons(self, board).await
    }

    /// See [`boards::BoardStore::entry`].
    pub(crate) async fn entry(&self, view: &View, id: PlayerId) -> Result<Standing, StoreError> {
        standing::standing(self, view, id).await
    }

    /// See [`boards::BoardStore::page`].
    pub(crate) async fn page(
        &self,
        view: &View,
        start: PageStart,
        limit: usize,
    ) -> Result<Page, StoreError> {
        page::page(self, view, start, limit).await
    }

    /// See [`boards::BoardStore::around`].
    pub(crate) async fn around(
        &self,
        view: &View,
        player: PlayerId,
        limit: usize,
    ) -> Result<Page, StoreError> {
        page::around(self, view, player, limit).await
    }

    /// See [`boards::BoardStore::around_score`].
    pub(crate) async fn around_score(
        &self,
        view: &View,
        score: Score,
        limit: usize,
    ) -> Result<Page, StoreError> {
        page::around_score(self, view, score, limit).await
    }

    /// See [`boards::BoardStore::lookup`].
    pub(crate) async fn lookup(
        &self,
        view: &View,
        players: &[PlayerId],
    ) -> Result<Lookup, StoreError> {
        lookup::lookup(self, view, players).await
    }

    /// See [`boards::BoardStore::stats`].
    pub(crate) async fn stats(
        &self,
        view: &View,
        percentiles: &[f64],
        buckets: usize,
    ) -> Result<Stats, StoreError> {
        stats::stats(self, view, percentiles, buckets).await
    }
}

#[cfg(test)]
mod tests;
