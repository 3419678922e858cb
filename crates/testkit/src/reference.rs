//! A store as plain as one can be: what other stores are compared with, and so written to be read.
//!
//! Every rule is spelled out where it applies. Entries are a list that is sorted whenever someone
//! looks; a change works on a copy of everything, which takes the place of the original if nothing
//! is refused. There is no disk, no index and no speed here, on purpose.

mod board;
mod changes;
mod looking;
mod queues;
mod ranks;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use boards::{
    BoardId, BoardInfo, BoardSettings, BoardStore, Change, Changed, Guard, Lookup, Page, PageStart,
    Player, PlayerId, Receipt, Score, Season, Standing, Stats, StoreError, View,
};

use matchmaking::QueueChanged;

use board::Board;
use queues::Queues;

/// For how long a guard's answer is kept.
const GUARDED_MS: i64 = 24 * 60 * 60 * 1000;

/// A store in memory that does what every store has to do.
pub struct ReferenceStore {
    state: Mutex<State>,
}

/// All that there is.
#[derive(Clone)]
struct State {
    players: BTreeMap<PlayerId, Player>,
    boards: BTreeMap<BoardId, Board>,
    /// Boards ever made: the number of the last one, so that no number comes twice.
    boards_made: u32,
    /// Ticks with each change of a score that takes effect.
    ticks: u64,
    queues: Queues,
    guarded: BTreeMap<[u8; 16], Guarded>,
    /// Counts the changes, whatever they are about.
    changes: u64,
    latest_ms: i64,
}

/// What is kept of a change that was made under a guard.
#[derive(Clone)]
struct Guarded {
    request: [u8; 16],
    first_ms: i64,
    changed: Kept,
}

/// The answer to a change of either kind.
#[derive(Clone)]
enum Kept {
    Boards(Changed),
    Queues(QueueChanged),
}

impl ReferenceStore {
    /// A store with the board `global` alone, whose first season began at that time.
    pub fn new(started_at_ms: i64) -> Self {
        let mut state = State {
            players: BTreeMap::new(),
            boards: BTreeMap::new(),
            boards_made: 0,
            ticks: 0,
            queues: Queues::default(),
            guarded: BTreeMap::new(),
            changes: 0,
            latest_ms: started_at_ms,
        };
        state.make_board(BoardId::global(), BoardSettings::global(), started_at_ms);
        ReferenceStore {
            state: Mutex::new(state),
        }
    }

    /// A store that has all that this one has, and from here on goes its own way.
    pub fn copy(&self) -> Self {
        ReferenceStore {
            state: Mutex::new(self.state().clone()),
        }
    }

    /// A store that has what an export of this one keeps: all but answers for retries, and what has ended in
    /// queues without leaving a result.
    pub fn restored(&self) -> Self {
        let mut state = self.state().clone();
        state.guarded.clear();
        state.queues.forget_ended();
        ReferenceStore {
            state: Mutex::new(state),
        }
    }

    /// The latest time at which a change was asked for.
    pub fn latest_ms(&self) -> i64 {
        self.state().latest_ms
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Default for ReferenceStore {
    fn default() -> Self {
        ReferenceStore::new(0)
    }
}

impl State {
    fn board(&self, id: &BoardId) -> Result<&Board, StoreError> {
        let board = self.boards.get(id);
        board.ok_or_else(|| StoreError::UnknownBoard(id.clone()))
    }

    fn board_mut(&mut self, id: &BoardId) -> Result<&mut Board, StoreError> {
        let board = self.boards.get_mut(id);
        board.ok_or_else(|| StoreError::UnknownBoard(id.clone()))
    }

    fn player(&self, id: PlayerId) -> Result<&Player, StoreError> {
        self.players.get(&id).ok_or(StoreError::UnknownPlayer(id))
    }

    fn info(&self, id: &BoardId, board: &Board) -> BoardInfo {
        BoardInfo {
            id: id.clone(),
            settings: board.settings.clone(),
            season: board.present.season,
            total: board.ranked(&board.present).len() as u64,
        }
    }

    /// Makes a change unless its guard says that it was made before.
    fn guarded_change(
        &mut self,
        change: Change,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<Receipt, StoreError> {
        self.latest_ms = self.latest_ms.max(now_ms);
        // Whatever becomes of the change: time goes on.
        let boards = self.boards.values_mut();
        boards.for_each(|board| board.end_by_schedule(now_ms));
        if let Some(first) = self.made_before(guard, now_ms)? {
            let Kept::Boards(changed) = &first.changed else {
                return Err(StoreError::KeyReused);
            };
            return Ok(Receipt {
                changed: changed.clone(),
                replayed: true,
                at_ms: first.first_ms,
            });
        }
        let mut after = self.clone();
        let changed = after.change(change, now_ms)?;
        after.keep(guard, Kept::Boards(changed.clone()), now_ms);
        *self = after;
        Ok(Receipt {
            changed,
            replayed: false,
            at_ms: now_ms,
        })
    }

    fn keep(&mut self, guard: Option<Guard>, changed: Kept, now_ms: i64) {
        if let Some(Guard { key, request }) = guard {
            let guarded = Guarded {
                request,
                first_ms: now_ms,
                changed,
            };
            self.guarded.insert(key, guarded);
        }
        self.changes += 1;
    }

    fn made_before(
        &self,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<Option<&Guarded>, StoreError> {
        let Some(guard) = guard else { return Ok(None) };
        match self.guarded.get(&guard.key) {
            None => Ok(None),
            Some(first) if now_ms - first.first_ms >= GUARDED_MS => Ok(None),
            Some(first) if first.request != guard.request => Err(StoreError::KeyReused),
            Some(first) => Ok(Some(first)),
        }
    }
}

#[async_trait]
impl BoardStore for ReferenceStore {
    async fn change(
        &self,
        change: Change,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<Receipt, StoreError> {
        self.state().guarded_change(change, guard, now_ms)
    }

    async fn player(&self, id: PlayerId) -> Result<Player, StoreError> {
        self.state().player(id).cloned()
    }

    async fn version(&self, id: &BoardId) -> Result<u64, StoreError> {
        let state = self.state();
        state.board(id).map(|_| state.changes)
    }

    async fn board(&self, id: &BoardId) -> Result<BoardInfo, StoreError> {
        let state = self.state();
        Ok(state.info(id, state.board(id)?))
    }

    async fn boards(
        &self,
        after: Option<&BoardId>,
        limit: usize,
    ) -> Result<Vec<BoardInfo>, StoreError> {
        let state = self.state();
        let later = state.boards.iter().filter(|(id, _)| Some(*id) > after);
        let infos = later.map(|(id, board)| state.info(id, board));
        Ok(infos.take(limit).collect())
    }

    async fn seasons(&self, board: &BoardId) -> Result<Vec<Season>, StoreError> {
        let state = self.state();
        let plays = state.board(board)?.plays();
        Ok(plays.map(|play| play.season).collect())
    }

    async fn entry(&self, view: &View, player: PlayerId) -> Result<Standing, StoreError> {
        self.state().look(view)?.entry(player)
    }

    async fn page(&self, view: &View, start: PageStart, limit: usize) -> Result<Page, StoreError> {
        let season = start.season_in(view);
        let view = View {
            season,
            ..view.clone()
        };
        self.state().look(&view)?.page(start, limit)
    }

    async fn around(
        &self,
        view: &View,
        player: PlayerId,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.state().look(view)?.around(player, limit)
    }

    async fn around_score(
        &self,
        view: &View,
        score: Score,
        limit: usize,
    ) -> Result<Page, StoreError> {
        Ok(self.state().look(view)?.around_score(score, limit))
    }

    async fn lookup(&self, view: &View, players: &[PlayerId]) -> Result<Lookup, StoreError> {
        Ok(self.state().look(view)?.lookup(players))
    }

    async fn stats(
        &self,
        view: &View,
        percentiles: &[f64],
        buckets: usize,
    ) -> Result<Stats, StoreError> {
        Ok(self.state().look(view)?.stats(percentiles, buckets))
    }

    async fn secret(&self) -> Result<[u8; 32], StoreError> {
        Ok(*b"the secret of the reference kept")
    }

    fn is_ready(&self) -> bool {
        true
    }
}
