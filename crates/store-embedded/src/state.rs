//! What readers see: the players, the boards, the queues. It holds what is durable.

use std::collections::{BTreeMap, HashSet};

use boards::{
    BoardId, BoardInfo, BoardNumber, BoardSettings, Player, PlayerId, RankKey, Season, SeasonId,
    StoreError,
};
use hashbrown::HashMap;

use crate::cut::Cut;
use crate::ladder::Ladder;
use crate::players::{Players, Slot};
use crate::queues::{Marks, Queues};
use crate::records::BoardRecord;

/// A board with its seasons.
pub(crate) struct Board {
    pub(crate) number: BoardNumber,
    pub(crate) settings: BoardSettings,
    pub(crate) season: Season,
    pub(crate) ladder: Ladder,
    /// Seasons that have ended and are kept, newest first.
    pub(crate) past: Vec<(Season, Ladder)>,
    /// Players that are not ranked here, whether or not they have an entry.
    pub(crate) hidden: HashSet<Slot>,
    /// When the schedule was set, where that was within the present season.
    pub(crate) reset_set_at_ms: Option<i64>,
    /// When the present season ends by schedule.
    pub(crate) ends_at_ms: Option<i64>,
    /// The last commit that changed what is seen here; when it is loaded, the store's last.
    pub(crate) version: u64,
}

pub(crate) struct State {
    pub(crate) players: Players,
    pub(crate) numbers: BTreeMap<BoardId, BoardNumber>,
    pub(crate) boards: HashMap<BoardNumber, Board>,
    /// Seasons that nobody can read any more and whose entries are still on disk.
    pub(crate) doomed: Vec<(BoardNumber, SeasonId)>,
    /// What has been cut off and is still on disk, the earliest of a season first.
    pub(crate) cuts: Vec<Cut>,
    /// The number that the next board gets.
    pub(crate) next_board: u32,
    pub(crate) queues: Queues,
    /// Players that were erased and whose matches are still as they were on disk, with the commit that did it.
    pub(crate) erasures: BTreeMap<PlayerId, u64>,
    /// Players that were erased lately.
    pub(crate) marks: Marks,
    /// What the store lends to those who sign with it.
    pub(crate) secret: [u8; 32],
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
    /// Tickets stored that wait or are proposed, in all queues, deleted ones too until they are removed.
    pub(crate) tickets: u64,
    /// Matches stored that are proposed or being held.
    pub(crate) matches: u64,
    /// Open backfills stored, likewise.
    pub(crate) backfills: u64,
    /// Ratings stored, likewise.
    pub(crate) ratings: u64,
}

impl State {
    pub(crate) fn board(&self, id: &BoardId) -> Result<&Board, StoreError> {
        let board = self.numbers.get(id).and_then(|n| self.boards.get(n));
        board.ok_or_else(|| StoreError::UnknownBoard(id.clone()))
    }

    pub(crate) fn slot(&self, id: PlayerId) -> Result<Slot, StoreError> {
        self.players.find(id).ok_or(StoreError::UnknownPlayer(id))
    }

    pub(crate) fn player(&self, id: PlayerId) -> Result<&Player, StoreError> {
        let player = self.players.find(id).and_then(|s| self.players.get(s));
        player.ok_or(StoreError::UnknownPlayer(id))
    }

    /// When the next season of any board ends by schedule.
    pub(crate) fn next_end(&self) -> Option<i64> {
        self.boards.values().filter_map(|b| b.ends_at_ms).min()
    }

    /// The boards whose season ought to have ended, and when.
    pub(crate) fn missed_ends(&self, now_ms: i64) -> Vec<(BoardId, i64)> {
        let boards = self.numbers.iter();
        let boards = boards.filter_map(|(id, number)| Some((id, self.boards.get(number)?)));
        boards
            .filter_map(|(id, board)| Some((id.clone(), board.missed_end(now_ms)?)))
            .collect()
    }

    pub(crate) fn boards_after(&self, after: Option<&BoardId>, limit: usize) -> Vec<BoardInfo> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        let numbers = self.numbers.range::<BoardId, _>((from, Unbounded));
        let boards = numbers.filter_map(|(id, n)| Some(self.boards.get(n)?.info(id)));
        boards.take(limit).collect()
    }
}

impl Board {
    pub(crate) fn new(number: BoardNumber, settings: BoardSettings, season: Season) -> Self {
        let ladder = Ladder::new(settings.rank_mode, settings.segments.clone());
        let mut board = Board {
            number,
            settings,
            season,
            ladder,
            past: Vec::new(),
            hidden: HashSet::new(),
            reset_set_at_ms: None,
            ends_at_ms: None,
            version: 0,
        };
        board.set_end();
        board
    }

    /// To be called where the settings, the time at which their schedule was set or the season change.
    pub(crate) fn set_end(&mut self) {
        self.ends_at_ms = self.settings.end_of(self.season, self.reset_set_at_ms);
    }

    /// See [`BoardSettings::missed_end_of`]; of the present season, and mostly without a search.
    fn missed_end(&self, now_ms: i64) -> Option<i64> {
        self.ends_at_ms.filter(|end| *end <= now_ms)?;
        let settings = &self.settings;
        settings.missed_end_of(self.season, self.reset_set_at_ms, now_ms)
    }

    pub(crate) fn key(&self, slot: Slot) -> Option<RankKey> {
        self.ladder.key(slot)
    }

    /// Every ladder with its season, the present one first.
    pub(crate) fn ladders(&self) -> impl Iterator<Item = (SeasonId, &Ladder)> {
        let past = self.past.iter().map(|(s, ladder)| (s.season, ladder));
        std::iter::once((self.season.season, &self.ladder)).chain(past)
    }

    pub(crate) fn ladders_mut(&mut self) -> impl Iterator<Item = &mut Ladder> {
        let past = self.past.iter_mut().map(|(_, ladder)| ladder);
        std::iter::once(&mut self.ladder).chain(past)
    }

    /// The seasons that are kept, the present one first.
    pub(crate) fn seasons(&self) -> Vec<Season> {
        let past = self.past.iter().map(|(season, _)| *season);
        std::iter::once(self.season).chain(past).collect()
    }

    pub(crate) fn record(&self) -> BoardRecord {
        BoardRecord {
            settings: self.settings.clone(),
            seasons: self.seasons(),
            reset_set_at_ms: self.reset_set_at_ms,
        }
    }

    pub(crate) fn info(&self, id: &BoardId) -> BoardInfo {
        BoardInfo {
            id: id.clone(),
            settings: self.settings.clone(),
            season: self.season,
            total: self.ladder.all().len() as u64,
        }
    }
}
