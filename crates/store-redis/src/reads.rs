//! What is read of boards and players, from all rooms at once.
//!
//! Every reading is a script that names the board, so that nothing of its settings is kept here and could be
//! old. In a store of one room a reading is one script, and what it answers is exact at one instant. In a store
//! of several the rooms are asked all at once and their answers merged here: each room is shown as it was at one
//! instant, and a change that comes between is in some of them. So many rounds of questions it takes then:
//!
//! | reading | rounds |
//! |---|---|
//! | a player, seasons | one command to one room |
//! | a board, a version | one |
//! | a list of boards | one command, and one round for each 500 |
//! | an entry | two |
//! | a page from an offset up to 200, after a mark, around a score | one |
//! | a page from a larger offset | one, and those that find its place: three to five among ten million |
//! | a page around a player | two |
//! | a lookup | one, and one for each 500 that are found |
//! | figures | one, and those that find all percentiles at once: three to five among ten million |
//!
//! A page takes one more now and then, where a room has more of it than its share, or where its window meets an
//! end of the view; and one in a segment, for the ranks on the whole board. On a board with dense ranks all
//! different scores above an entry have to be gone through, a thousand of each room in a round, also in a store
//! of one room where there are more than a thousand: dense ranks are for boards whose entries share few scores.
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
    BoardId, BoardInfo, Lookup, Page, PageStart, Player, PlayerId, RankKey, Score, Season,
    Standing, Stats, StoreError, View,
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

    /// The key of the entry after so many of a board's present season; `None` where there are no more. Exact where
    /// the board does not change meanwhile.
    pub(crate) async fn key_at(
        &self,
        board: &BoardId,
        place: u64,
    ) -> Result<Option<RankKey>, StoreError> {
        let view = View::of(board.clone());
        let mut look = look::Look::new(self, &view);
        look.entry_at(place).await
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
