//! What a client of a process keeps in mind so that its answers compare with those of a store: times of
//! its own clock, cursors, first replies.

use std::collections::BTreeMap;

use boards::{
    BoardId, BoardNumber, Change, Changed, Mark, Order, RankKey, RankedEntry, Receipt, Season,
    SeasonId,
};
use serde_json::Value;

use super::wire::{field, season};

/// When a season began.
struct Begun {
    /// By the clock of the steps.
    ms: i64,
    /// By that of the process; once it is known it stays.
    told: Option<String>,
}

/// The first reply to a key.
pub(crate) struct First {
    pub(crate) body: Vec<u8>,
    pub(crate) receipt: Receipt,
}

#[derive(Default)]
pub(crate) struct Known {
    pub(crate) changes: u64,
    pub(crate) first: BTreeMap<[u8; 16], First>,
    begun: BTreeMap<(BoardId, SeasonId), Begun>,
    orders: BTreeMap<BoardId, Order>,
    cursors: Vec<String>,
}

impl Known {
    pub(crate) fn new() -> Self {
        let mut known = Known::default();
        known.orders.insert(BoardId::global(), Order::Desc);
        known.begin(BoardId::global(), SeasonId::FIRST, 0);
        known
    }

    /// Takes note of a change that was made just now.
    pub(crate) fn note(&mut self, change: &Change, changed: &Changed, now_ms: i64) {
        self.changes += 1;
        if let (Change::PutBoard { board, settings }, Changed::Put { created }) = (change, changed)
        {
            self.orders.insert(board.clone(), settings.order);
            if *created == 1 {
                self.begun.retain(|(id, _), _| id != board);
                self.begin(board.clone(), SeasonId::FIRST, now_ms);
            }
        }
    }

    pub(crate) fn begin(&mut self, board: BoardId, season: SeasonId, ms: i64) {
        let begun = Begun { ms, told: None };
        self.begun.insert((board, season), begun);
    }

    /// A season of a board by the clock of the steps. By that of the process each begins when the one
    /// before it ends, and that stays as it was first told.
    pub(crate) fn season(&mut self, board: &BoardId, value: &Value, started_at: &str) -> Season {
        let number = season(value);
        let started: String = field(value, started_at);
        let ended = value.get("ended_at").and_then(Value::as_str);
        let next = SeasonId(number.0 + 1);
        Season {
            season: number,
            started_at_ms: self.began(board, number, &started),
            ended_at_ms: ended.map(|ended| self.began(board, next, ended)),
        }
    }

    fn began(&mut self, board: &BoardId, season: SeasonId, told: &str) -> i64 {
        let begun = self.begun.get_mut(&(board.clone(), season));
        let begun = begun.unwrap_or_else(|| panic!("{board} has no season {season:?}"));
        let first = begun.told.get_or_insert_with(|| told.to_owned());
        assert_eq!(first, told, "{board}, {season:?}");
        begun.ms
    }

    /// A mark that stands for a cursor.
    pub(crate) fn mark(
        &mut self,
        board: &BoardId,
        season: SeasonId,
        last: &RankedEntry,
        cursor: String,
    ) -> Mark {
        let number = self.cursors.len() as u64;
        self.cursors.push(cursor);
        Mark {
            board: BoardNumber(0),
            season,
            key: RankKey::new(self.orders[board], last.score, number),
        }
    }

    pub(crate) fn cursor(&self, mark: Mark) -> &str {
        &self.cursors[mark.key.reached() as usize]
    }
}
