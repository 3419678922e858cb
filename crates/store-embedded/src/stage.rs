//! From commands to one batch: each is judged against the state and the commands before it, and
//! becomes writes for the engine, effects on the state, and an answer. Nothing is changed here.
//!
//! Submissions, new players and tickets, which come in crowds, share a batch: what one of them changes the
//! next one sees in a [`Draft`] or in the [`QueuesDraft`]. The rest ([`is_alone`]) comes now and then and has a batch to itself, so that
//! it is judged against the state alone.

use boards::{BoardId, BoardNumber, Change, Changed, Guard, PlayerId, Receipt, StoreError};
use hashbrown::{HashMap, HashSet};
use matchmaking::{MatchError, QueueChange, QueueReceipt};
use tokio::sync::oneshot::Sender;

use crate::draft::Draft;
use crate::effect::Effect;
use crate::engine::{Engine, Table, Write};
use crate::reader::unavailable;
use crate::records::Answer;
use crate::state::{Position, State};

mod administer;
mod create;
mod queues;
mod submit;

use queues::QueuesDraft;

/// How long answers are kept for those who ask again.
pub(crate) const KEEP_ANSWERS_MS: i64 = 24 * 60 * 60 * 1000;

/// A change that somebody waits for.
#[allow(
    clippy::large_enum_variant,
    reason = "a crowd of either kind comes at once, and a box for each would cost more than the room saved"
)]
pub(crate) enum Command {
    Boards(Asked<Change, Receipt, StoreError>),
    Queues(Asked<QueueChange, QueueReceipt, MatchError>),
}

pub(crate) struct Asked<C, R, E> {
    pub(crate) change: C,
    pub(crate) guard: Option<Guard>,
    pub(crate) now_ms: i64,
    pub(crate) reply: Sender<Result<R, E>>,
}

/// An answer for somebody who waits, to be sent once it is true.
pub(crate) enum Answered {
    Boards(
        Sender<Result<Receipt, StoreError>>,
        Result<Receipt, StoreError>,
    ),
    Queues(
        Sender<Result<QueueReceipt, MatchError>>,
        Result<QueueReceipt, MatchError>,
    ),
}

/// A batch that is ready to be committed.
pub(crate) struct Staged {
    /// Empty where nothing changes.
    pub(crate) writes: Vec<Write>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) answers: Vec<Answered>,
    pub(crate) position: Position,
}

impl Command {
    /// Whether the change needs a batch of its own.
    pub(crate) fn is_alone(&self) -> bool {
        match self {
            Command::Boards(asked) => is_alone(&asked.change),
            Command::Queues(asked) => matches!(
                asked.change,
                QueueChange::PutQueue { .. } | QueueChange::DeleteQueue(_)
            ),
        }
    }

    /// Nothing of it is done, since the store cannot write.
    pub(crate) fn refuse(self, reason: &str) {
        let refused = unavailable(reason.to_owned());
        // Whoever has gone away needs no answer.
        match self {
            Command::Boards(asked) => drop(asked.reply.send(Err(refused))),
            Command::Queues(asked) => drop(asked.reply.send(Err(refused.into()))),
        }
    }
}

impl Answered {
    /// Whether it says that the change has been made.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Answered::Boards(_, result) => result.is_ok(),
            Answered::Queues(_, result) => result.is_ok(),
        }
    }

    pub(crate) fn send(self) {
        // Whoever has gone away needs no answer.
        match self {
            Answered::Boards(reply, result) => drop(reply.send(result)),
            Answered::Queues(reply, result) => drop(reply.send(result)),
        }
    }

    /// The batch was not written. Refusals stay what they are.
    pub(crate) fn refuse(self, reason: &str) {
        let refused = || unavailable(reason.to_owned());
        match self {
            Answered::Boards(reply, result) => {
                Answered::Boards(reply, result.and_then(|_| Err(refused()))).send();
            }
            Answered::Queues(reply, result) => {
                Answered::Queues(reply, result.and_then(|_| Err(refused().into()))).send();
            }
        }
    }
}

fn is_alone(change: &Change) -> bool {
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
    let mut stage = Stage::new(state, engine);
    let answers = commands.map(|command| match command {
        Command::Boards(asked) => {
            let result = stage.answer(asked.change, asked.guard, asked.now_ms);
            Answered::Boards(asked.reply, result)
        }
        Command::Queues(asked) => {
            let result = stage.answer_of_queues(asked.change, asked.guard, asked.now_ms);
            Answered::Queues(asked.reply, result)
        }
    });
    let answers = answers.collect();
    stage.finish(answers)
}

/// The end of a board's season by schedule, which nobody waits for.
pub(crate) fn rotation(state: &State, engine: &Engine, board: &BoardId, at_ms: i64) -> Staged {
    let mut stage = Stage::new(state, engine);
    // A board that is gone has no season to end.
    let _ = stage.rotate(board, at_ms);
    stage.finish(Vec::new())
}

struct Stage<'a> {
    state: &'a State,
    engine: &'a Engine,
    /// The latest time that a command of the batch has told.
    now_ms: i64,
    /// Queues as they will be once the batch is applied.
    queues: QueuesDraft,
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
    fn new(state: &'a State, engine: &'a Engine) -> Self {
        Stage {
            state,
            engine,
            now_ms: i64::MIN,
            queues: QueuesDraft::default(),
            drafts: HashMap::new(),
            created: HashSet::new(),
            guards: HashSet::new(),
            writes: Vec::new(),
            written: HashMap::new(),
            effects: Vec::new(),
            position: state.position,
        }
    }

    fn finish(mut self, answers: Vec<Answered>) -> Staged {
        self.settle_queues();
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
        change: Change,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<Receipt, StoreError> {
        if let Some(guard) = guard
            && let Some(answer) = self.earlier(guard, now_ms)?
        {
            return answer.replay().ok_or(StoreError::KeyReused);
        }
        self.now_ms = self.now_ms.max(now_ms);
        let changed = self.change(change, now_ms)?;
        if let Some(guard) = guard {
            let answer = Answer {
                request: guard.request,
                at_ms: now_ms,
                commit: self.position.commit + 1,
                changed: Some(changed.clone()),
                of_queues: None,
            };
            self.keep_answer(guard, &answer);
        }
        Ok(Receipt {
            changed,
            replayed: false,
            at_ms: now_ms,
        })
    }

    fn earlier(&self, guard: Guard, now_ms: i64) -> Result<Option<Answer>, StoreError> {
        if self.guards.contains(&guard.key) {
            return Err(StoreError::KeyInUse);
        }
        let stored = self.engine.get(Table::Answers, &guard.key);
        let stored = stored.map_err(|e| unavailable(e.to_string()))?;
        let answer = stored.and_then(|bytes| Answer::read(&bytes));
        match answer.filter(|a| now_ms.saturating_sub(a.at_ms) < KEEP_ANSWERS_MS) {
            Some(answer) if answer.request != guard.request => Err(StoreError::KeyReused),
            answer => Ok(answer),
        }
    }

    fn keep_answer(&mut self, guard: Guard, answer: &Answer) {
        self.guards.insert(guard.key);
        let expiry = [&answer.at_ms.to_be_bytes()[..], &guard.key].concat();
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
            Change::DeletePlayer(player) => self.delete_player(player, now_ms),
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
