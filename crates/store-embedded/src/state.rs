//! Everything that readers see: the players and the ladders. It holds what is durable.

use boards::{
    BoardId, BoardSettings, Page, PageStart, PlayerId, RankKey, RankedEntry, SeasonId, Segment,
    StoreError,
};
use hashbrown::HashMap;

use crate::ladder::Ladder;
use crate::players::{Players, Slot};

/// A board's number on disk, where its name would be repeated in every key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BoardNo(pub(crate) u32);

pub(crate) struct Board {
    pub(crate) settings: BoardSettings,
    pub(crate) season: SeasonId,
    pub(crate) ladder: Ladder,
}

pub(crate) struct State {
    pub(crate) players: Players,
    pub(crate) numbers: HashMap<BoardId, BoardNo>,
    pub(crate) boards: HashMap<BoardNo, Board>,
    pub(crate) position: Position,
}

/// How far the store has come; rewritten in every batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Position {
    /// Batches committed so far.
    pub(crate) commit: u64,
    /// The sequence number that the next change gets.
    pub(crate) next_sequence: u64,
    /// Players stored.
    pub(crate) players: u64,
    /// Entries stored, on all boards.
    pub(crate) entries: u64,
}

impl State {
    pub(crate) fn board(&self, id: &BoardId) -> Result<(BoardNo, &Board), StoreError> {
        let number = self.numbers.get(id);
        let board = number.and_then(|number| Some((*number, self.boards.get(number)?)));
        board.ok_or_else(|| StoreError::UnknownBoard(id.clone()))
    }

    pub(crate) fn entry(&self, board: &BoardId, id: PlayerId) -> Result<RankedEntry, StoreError> {
        let (_, board) = self.board(board)?;
        let unknown = || StoreError::UnknownPlayer(id);
        let slot = self.players.find(id).ok_or_else(unknown)?;
        let key = board.ladder.key(slot).ok_or_else(unknown)?;
        let rank = board.ladder.rank(key);
        self.ranked(board, key, slot, rank, None)
            .ok_or_else(unknown)
    }

    pub(crate) fn page(
        &self,
        board: &BoardId,
        segment: Option<Segment>,
        start: PageStart,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let (_, board) = self.board(board)?;
        let Some(index) = board.ladder.index(segment) else {
            return Ok(Page::default());
        };
        let first = match start {
            PageStart::Offset(offset) => usize::try_from(offset).unwrap_or(usize::MAX),
            PageStart::After(key) => index.position_after(&key),
        };
        let mut last = None;
        let mut entries = Vec::with_capacity(limit.min(index.len().saturating_sub(first)));
        for (n, (key, slot)) in index.iter_from(first).take(limit).enumerate() {
            let position = (first + n) as u64 + 1;
            let (rank, segment_rank) = match segment {
                None => (position, None),
                Some(_) => (board.ladder.rank(*key), Some(position)),
            };
            entries.extend(self.ranked(board, *key, Slot(*slot), rank, segment_rank));
            last = Some(*key);
        }
        let more = first.saturating_add(entries.len()) < index.len();
        Ok(Page {
            entries,
            next: last.filter(|_| more),
        })
    }

    fn ranked(
        &self,
        board: &Board,
        key: RankKey,
        slot: Slot,
        rank: u64,
        segment_rank: Option<u64>,
    ) -> Option<RankedEntry> {
        Some(RankedEntry {
            player: self.players.get(slot)?.clone(),
            score: key.score(board.settings.order),
            rank,
            segment_rank,
        })
    }
}
