//! What a batch does to the state once it is on disk.

use std::sync::Arc;

use boards::{
    BoardId, BoardNumber, BoardSettings, Details, Player, PlayerId, RankKey, Season, SeasonId,
};
use matchmaking::QueueSettings;
use parking_lot::RwLockWriteGuard;

use crate::cut::Cut;
use crate::ladder::Ladder;
use crate::players::Slot;
use crate::queues::{Delta, Mark, Named, Queue, QueueNumber};
use crate::stage::Staged;
use crate::state::{Board, State};

/// Effects applied before waiting readers are let in.
const RUN: usize = 64;

/// A step from one state to the next. Each leaves a state that readers may see.
pub(crate) enum Effect {
    /// Adds a player, or gives the one of this id what the new one has.
    PutPlayer(Player),
    RemovePlayer(Slot),
    SetEntry {
        board: BoardNumber,
        player: PlayerId,
        /// `None` for a player of the same batch.
        slot: Option<Slot>,
        key: RankKey,
        details: Details,
    },
    RemoveEntry {
        board: BoardNumber,
        player: PlayerId,
    },
    AddBoard(BoardId, Box<Board>),
    /// New settings, and the ladders anew where these rank differently or many fewer.
    ChangeBoard {
        board: BoardNumber,
        settings: BoardSettings,
        reset_set_at_ms: Option<i64>,
        ladders: Option<Vec<Ladder>>,
        /// Past seasons that stay.
        keep: usize,
    },
    RemoveBoard(BoardId),
    SetHidden {
        board: BoardNumber,
        slot: Slot,
        hidden: bool,
    },
    Rotate {
        board: BoardNumber,
        ended: Season,
        next: Season,
        /// Past seasons that stay.
        keep: usize,
    },
    /// The end of a season is gone from a board, and still on disk.
    Cut(Cut),
    /// So many more of the earliest cut have been removed.
    Shrink(u64),
    /// All of it has been.
    CutRemoved,
    /// All entries of a doomed season are gone.
    Removed(BoardNumber, SeasonId),
    AddQueue(Box<Queue>),
    ChangeQueue(QueueNumber, Arc<QueueSettings>),
    RemoveQueue(QueueNumber),
    /// All records of a doomed queue are gone.
    RemovedQueue(QueueNumber),
    Queues(Delta),
    /// Tickets that have ended cannot be read any more.
    Forget(Vec<Named>),
    /// A player was erased by that commit, and its matches are to be written anew.
    Erase(PlayerId, u64),
    /// All of them have been.
    Erased(PlayerId),
    /// A player was erased.
    Mark(PlayerId, Mark),
    /// That is of no concern any more.
    Unmark(PlayerId),
}

/// What an effect is to those who wait.
#[derive(Default)]
pub(crate) struct News {
    /// Tickets that look different.
    pub(crate) tickets: Vec<Named>,
    /// Queues that are gone, with all their tickets.
    pub(crate) queues: Vec<QueueNumber>,
    /// Whether other tickets or seats wait, or by other rules.
    pub(crate) waiting: bool,
}

/// What is no longer reachable and may take long to free.
pub(crate) type Debris = Vec<Box<dyn Send>>;

/// Applies a batch. What is returned is to be dropped when nobody waits for it.
pub(crate) fn apply(state: &mut RwLockWriteGuard<'_, State>, staged: &mut Staged) -> Debris {
    let mut debris = Debris::new();
    for (n, effect) in staged.effects.drain(..).enumerate() {
        if n % RUN == RUN - 1 {
            // Everything is durable, so readers may see the first of many already.
            RwLockWriteGuard::bump(state);
        }
        effect.apply(state, staged.position.commit, &mut debris);
    }
    state.position = staged.position;
    debris
}

impl Effect {
    /// Whether a board's season may end at another time after it.
    pub(crate) fn moves_an_end(&self) -> bool {
        matches!(
            self,
            Effect::AddBoard(..)
                | Effect::ChangeBoard { .. }
                | Effect::RemoveBoard(_)
                | Effect::Rotate { .. }
        )
    }

    /// Adds what it is to those who wait; single tickets where somebody waits for any.
    pub(crate) fn tell(&self, watched: bool, news: &mut News) {
        match self {
            Effect::Queues(delta) => {
                news.waiting |= delta.moves_what_waits();
                if watched {
                    news.tickets.extend(delta.tickets());
                }
            }
            Effect::Forget(tickets) if watched => news.tickets.extend(tickets.iter().cloned()),
            Effect::AddQueue(_) | Effect::ChangeQueue(..) => news.waiting = true,
            Effect::RemoveQueue(queue) => {
                news.waiting = true;
                news.queues.push(*queue);
            }
            _ => {}
        }
    }

    fn apply(self, state: &mut State, commit: u64, debris: &mut Debris) {
        match self {
            Effect::PutPlayer(player) => put_player(state, player, commit),
            Effect::RemovePlayer(slot) => remove_player(state, slot, commit),
            Effect::SetEntry {
                board,
                player,
                slot,
                key,
                details,
            } => {
                set_entry(state, board, (player, slot), key, details);
                touch(state, board, commit);
            }
            Effect::RemoveEntry { board, player } => {
                remove_entry(state, board, player);
                touch(state, board, commit);
            }
            Effect::AddBoard(id, mut board) => {
                board.version = commit;
                state.next_board = board.number.0 + 1;
                state.numbers.insert(id, board.number);
                state.boards.insert(board.number, *board);
            }
            Effect::ChangeBoard {
                board,
                settings,
                reset_set_at_ms,
                ladders,
                keep,
            } => {
                if let Some(board) = state.boards.get_mut(&board) {
                    board.version = commit;
                    board.reset_set_at_ms = reset_set_at_ms;
                    change_board(board, settings, ladders, debris);
                    board
                        .ladder
                        .trim(most_entries(&board.settings), &state.players);
                    forget_seasons(board, keep, &mut state.doomed, debris);
                }
            }
            Effect::AddQueue(queue) => add_queue(state, *queue, commit),
            Effect::ChangeQueue(queue, settings) => {
                if let Some(queue) = state.queues.all.get_mut(&queue) {
                    queue.settings = settings;
                    queue.version = commit;
                }
            }
            Effect::RemoveQueue(queue) => {
                if let Some(queue) = state.queues.all.remove(&queue) {
                    state.queues.numbers.remove(&queue.id);
                    state.queues.doomed.push(queue.number);
                    debris.push(Box::new(queue));
                }
            }
            Effect::RemovedQueue(queue) => state.queues.doomed.retain(|d| *d != queue),
            Effect::Queues(delta) => delta.apply(&mut state.queues, commit),
            Effect::Forget(_) => {}
            Effect::Erase(player, at) => {
                state.erasures.insert(player, at);
            }
            Effect::Erased(player) => {
                state.erasures.remove(&player);
            }
            Effect::Mark(player, mark) => state.marks.put(player, mark),
            Effect::Unmark(player) => state.marks.remove(player),
            Effect::Cut(cut) => state.cuts.push(cut),
            Effect::Shrink(removed) => {
                if let Some(cut) = state.cuts.first_mut() {
                    *cut = cut.less(removed);
                }
            }
            Effect::CutRemoved => drop(state.cuts.remove(0)),
            Effect::Removed(board, season) => state.doomed.retain(|d| *d != (board, season)),
            Effect::RemoveBoard(id) => remove_board(state, &id, debris),
            Effect::SetHidden {
                board,
                slot,
                hidden,
            } => {
                set_hidden(state, board, slot, hidden);
                touch(state, board, commit);
            }
            Effect::Rotate {
                board,
                ended,
                next,
                keep,
            } => {
                if let Some(board) = state.boards.get_mut(&board) {
                    board.version = commit;
                    rotate(board, ended, next);
                    forget_seasons(board, keep, &mut state.doomed, debris);
                }
            }
        }
    }
}

fn add_queue(state: &mut State, mut queue: Queue, commit: u64) {
    queue.version = commit;
    state.queues.next = queue.number.0 + 1;
    state.queues.numbers.insert(queue.id.clone(), queue.number);
    state.queues.all.insert(queue.number, queue);
}

fn touch(state: &mut State, board: BoardNumber, commit: u64) {
    if let Some(board) = state.boards.get_mut(&board) {
        board.version = commit;
    }
}

fn put_player(state: &mut State, player: Player, commit: u64) {
    let Some(slot) = state.players.find(player.id) else {
        state.players.add(player);
        return;
    };
    let Some(old) = state.players.replace(slot, player.clone()) else {
        return;
    };
    if old == player {
        return;
    }
    for board in state.boards.values_mut() {
        for ladder in board.ladders_mut() {
            ladder.relocate(slot, &old, &player);
        }
        if board.key(slot).is_some() {
            board.version = commit;
        }
    }
}

fn remove_player(state: &mut State, slot: Slot, commit: u64) {
    let Some(player) = state.players.remove(slot) else {
        return;
    };
    for board in state.boards.values_mut() {
        board.hidden.remove(&slot);
        if board.key(slot).is_some() {
            board.version = commit;
        }
        for ladder in board.ladders_mut() {
            ladder.remove(slot, &player);
        }
    }
}

fn set_entry(
    state: &mut State,
    board: BoardNumber,
    (id, slot): (PlayerId, Option<Slot>),
    key: RankKey,
    details: Details,
) {
    let slot = slot.or_else(|| state.players.find(id));
    let player = slot.and_then(|slot| Some((slot, state.players.get(slot)?)));
    if let (Some(board), Some((slot, player))) = (state.boards.get_mut(&board), player) {
        let hidden = board.hidden.contains(&slot);
        board.ladder.set(slot, player, key, details, hidden);
    }
}

fn remove_entry(state: &mut State, board: BoardNumber, id: PlayerId) {
    let slot = state.players.find(id);
    let player = slot.and_then(|slot| Some((slot, state.players.get(slot)?)));
    if let (Some(board), Some((slot, player))) = (state.boards.get_mut(&board), player) {
        board.ladder.remove(slot, player);
    }
}

/// How many ranked entries a season may have.
pub(crate) fn most_entries(settings: &BoardSettings) -> usize {
    let max = settings.max_entries;
    max.and_then(|max| usize::try_from(max).ok())
        .unwrap_or(usize::MAX)
}

fn change_board(
    board: &mut Board,
    settings: BoardSettings,
    ladders: Option<Vec<Ladder>>,
    debris: &mut Debris,
) {
    board.settings = settings;
    board.set_end();
    for (old, new) in board.ladders_mut().zip(ladders.into_iter().flatten()) {
        debris.push(Box::new(std::mem::replace(old, new)));
    }
}

fn remove_board(state: &mut State, id: &BoardId, debris: &mut Debris) {
    let board = state.numbers.remove(id);
    let board = board.and_then(|number| state.boards.remove(&number));
    if let Some(board) = board {
        let seasons = board.ladders().map(|(season, _)| (board.number, season));
        state.doomed.extend(seasons);
        debris.push(Box::new(board));
    }
}

fn set_hidden(state: &mut State, board: BoardNumber, slot: Slot, hidden: bool) {
    let player = state.players.get(slot);
    let Some((board, player)) = state.boards.get_mut(&board).zip(player) else {
        return;
    };
    if hidden {
        board.hidden.insert(slot);
    } else {
        board.hidden.remove(&slot);
    }
    for ladder in board.ladders_mut() {
        if hidden {
            ladder.hide(slot, player);
        } else {
            ladder.show(slot, player);
        }
    }
}

fn rotate(board: &mut Board, ended: Season, next: Season) {
    let settings = &board.settings;
    let fresh = Ladder::new(settings.rank_mode, settings.segments.clone());
    let ladder = std::mem::replace(&mut board.ladder, fresh);
    board.past.insert(0, (ended, ladder));
    board.season = next;
    board.reset_set_at_ms = None;
    board.set_end();
}

fn forget_seasons(
    board: &mut Board,
    keep: usize,
    doomed: &mut Vec<(BoardNumber, SeasonId)>,
    debris: &mut Debris,
) {
    while board.past.len() > keep {
        if let Some((season, ladder)) = board.past.pop() {
            doomed.push((board.number, season.season));
            debris.push(Box::new(ladder));
        }
    }
}
