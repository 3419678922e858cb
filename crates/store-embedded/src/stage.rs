//! From commands to one batch: each is judged against the state and the commands before it, and
//! becomes writes for the engine, effects on the state, and an answer. Nothing is changed here.
//!
//! Submissions and new players, which come in crowds, share a batch: what one of them changes the next
//! one sees in a [`Draft`]. The rest ([`is_alone`]) comes now and then and has a batch to itself, so that
//! it is judged against the state alone.

use boards::{BoardId, BoardNumber, Change, Changed, Guard, PlayerId, Receipt, StoreError};
use hashbrown::{HashMap, HashSet};
use tokio::sync::oneshot::Sender;

use crate::draft::Draft;
use crate::effect::Effect;
use crate::engine::{Engine, Table, Write};
use crate::records::Answer;
use crate::state::{Position, State};

mod administer;
mod create;
mod submit;

/// How long answers are kept for those who ask again.
pub(crate) const KEEP_ANSWERS_MS: i64 = 24 * 60 * 60 * 1000;

pub(crate) type Reply = Sender<Result<Receipt, StoreError>>;

/// A change that somebody waits for.
pub(crate) struct Command {
    pub(crate) change: Change,
    pub(crate) guard: Option<Guard>,
    pub(crate) now_ms: i64,
    pub(crate) reply: Reply,
}

/// A batch that is ready to be committed.
pub(crate) struct Staged {
    /// Empty where nothing changes.
    pub(crate) writes: Vec<Write>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) answers: Vec<(Reply, Result<Receipt, StoreError>)>,
    pub(crate) position: Position,
}

/// Whether a change needs a batch of its own.
pub(crate) fn is_alone(change: &Change) -> bool {
    match change {
        Change::CreatePlayers { .. } | Change::PutPlayers(_) | Change::Submit { .. } => false,
        Change::SubmitBatch {
            submissions,
            all_or_nothing,
        } => *all_or_nothing && !submit::are_independent(submissions),
        _ => true,
    }
}

/// Judges commands in their order. One that is alone comes alone.
pub(crate) fn stage(
    state: &State,
    engine: &Engine,
    commands: impl Iterator<Item = Command>,
) -> Staged {
    let mut stage = Stage::new(state);
    let mut answers = Vec::new();
    for command in commands {
        let Command {
            change,
            guard,
            now_ms,
            reply,
        } = command;
        let result = stage.answer(engine, change, guard, now_ms);
        answers.push((reply, result));
    }
    stage.finish(answers)
}

/// The end of a board's season by schedule, which nobody waits for.
pub(crate) fn rotation(state: &State, board: &BoardId, at_ms: i64) -> Staged {
    let mut stage = Stage::new(state);
    // A board that is gone has no season to end.
    let _ = stage.rotate(board, at_ms);
    stage.finish(Vec::new())
}

struct Stage<'a> {
    state: &'a State,
    drafts: HashMap<BoardNumber, Draft<'a>>,
    /// Players that this batch adds, which the state does not know yet.
    created: HashSet<PlayerId>,
    /// Guards of this batch, which the engine does not know yet.
    guards: HashSet<[u8; 16]>,
    writes: Vec<Write>,
    /// Where in `writes` something is that may be overwritten: a batch has each key once.
    written: HashMap<Written, usize>,
    effects: Vec<Effect>,
    position: Position,
}

#[derive(PartialEq, Eq, Hash)]
enum Written {
    Entry(BoardNumber, PlayerId),
    Player(PlayerId),
}

impl<'a> Stage<'a> {
    fn new(state: &'a State) -> Self {
        Stage {
            state,
            drafts: HashMap::new(),
            created: HashSet::new(),
            guards: HashSet::new(),
            writes: Vec::new(),
            written: HashMap::new(),
            effects: Vec::new(),
            position: state.position,
        }
    }

    fn finish(self, answers: Vec<(Reply, Result<Receipt, StoreError>)>) -> Staged {
        let Stage {
            mut writes,
            effects,
            mut position,
            ..
        } = self;
        if !writes.is_empty() {
            position.commit += 1;
            // Last in the batch, so that a journal that shows it shows the whole batch.
            writes.push(Write::position(&position));
        }
        Staged {
            writes,
            effects,
            answers,
            position,
        }
    }

    fn answer(
        &mut self,
        engine: &Engine,
        change: Change,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<Receipt, StoreError> {
        if let Some(guard) = guard
            && let Some(receipt) = self.earlier(engine, guard, now_ms)?
        {
            return Ok(receipt);
        }
        let changed = self.change(change, now_ms)?;
        if let Some(guard) = guard {
            self.keep_answer(guard, &changed, now_ms);
        }
        Ok(Receipt {
            changed,
            replayed: false,
            at_ms: now_ms,
        })
    }

    fn earlier(
        &self,
        engine: &Engine,
        guard: Guard,
        now_ms: i64,
    ) -> Result<Option<Receipt>, StoreError> {
        if self.guards.contains(&guard.key) {
            return Err(StoreError::KeyInUse);
        }
        let stored = engine.get(Table::Answers, &guard.key);
        let stored = stored.map_err(|e| StoreError::Unavailable {
            reason: e.to_string(),
            source: None,
        })?;
        let answer = stored.and_then(|bytes| Answer::read(&bytes));
        match answer.filter(|a| now_ms.saturating_sub(a.at_ms) < KEEP_ANSWERS_MS) {
            Some(answer) if answer.request != guard.request => Err(StoreError::KeyReused),
            Some(answer) => Ok(Some(answer.replay())),
            None => Ok(None),
        }
    }

    fn keep_answer(&mut self, guard: Guard, changed: &Changed, now_ms: i64) {
        let answer = Answer {
            request: guard.request,
            at_ms: now_ms,
            changed: changed.clone(),
        };
        self.guards.insert(guard.key);
        let expiry = [&now_ms.to_be_bytes()[..], &guard.key].concat();
        self.writes
            .push(Write::put(Table::Answers, &guard.key, &answer.to_bytes()));
        self.writes.push(Write::put(Table::Expiries, &expiry, &[]));
    }

    fn change(&mut self, change: Change, now_ms: i64) -> Result<Changed, StoreError> {
        match change {
            Change::CreatePlayers { board, players } => self.create_players(&board, players),
            Change::PutPlayers(players) => Ok(self.put_players(players)),
            Change::Submit { board, submission } => self.submit_one(&board, submission),
            Change::SubmitBatch {
                submissions,
                all_or_nothing: false,
            } => self.submit_each(submissions),
            Change::SubmitBatch { submissions, .. } => self.submit_all(submissions),
            Change::DeletePlayer(player) => self.delete_player(player),
            Change::PutBoard { board, settings } => self.put_board(board, settings, now_ms),
            Change::DeleteBoard(board) => self.delete_board(board),
            Change::DeleteEntry { board, player } => self.delete_entry(&board, player),
            Change::SetHidden {
                board,
                player,
                hidden,
            } => self.set_hidden(&board, player, hidden),
            Change::Rotate(board) => self.rotate(&board, now_ms),
        }
    }

    fn draft(&mut self, board: &BoardId) -> Option<&mut Draft<'a>> {
        let number = self.state.numbers.get(board)?;
        let board = self.state.boards.get(number)?;
        let draft = self.drafts.entry(*number);
        Some(draft.or_insert_with(|| Draft::new(board)))
    }

    fn knows(&self, player: PlayerId) -> bool {
        self.created.contains(&player) || self.state.players.find(player).is_some()
    }

    /// Writes what may have been written in this batch before.
    fn write(&mut self, what: Written, write: Write) {
        match self.written.get(&what) {
            Some(at) => self.writes[*at] = write,
            None => {
                self.written.insert(what, self.writes.len());
                self.writes.push(write);
            }
        }
    }
}
