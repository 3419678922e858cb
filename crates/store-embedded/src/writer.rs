//! The one thread that changes anything: gather, stage, commit with one sync, apply, answer.
//!
//! While a batch is being synced the next one gathers, so that batches grow with the load and a
//! lone submission never waits for company.
//!
//! Lock order: there is one lock, on the state. It is held for reading while staging and for
//! writing while applying, never during a sync.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};

use boards::{Outcome, Player, RankKey, StoreError};
use parking_lot::{RwLock, RwLockWriteGuard};

use crate::data_dir::DataDir;
use crate::engine::{Engine, EngineError};
use crate::outage::{Outage, RETRY_EVERY};
use crate::players::Slot;
use crate::stage::{Command, Reply, Staged, Step, stage};
use crate::state::{BoardNo, State};

/// Submissions taken into one batch at the most.
const MAX_BATCH: usize = 8192;
/// Changes applied before waiting readers are let in.
const APPLY_RUN: usize = 64;

/// What the writer is asked for.
pub(crate) enum Request {
    Change(Command),
    Stop,
}

pub(crate) struct Writer {
    pub(crate) dir: DataDir,
    pub(crate) cache_bytes: u64,
    pub(crate) state: Arc<RwLock<State>>,
    /// Whether changes can be taken at present.
    pub(crate) ready: Arc<AtomicBool>,
}

impl Writer {
    /// Serves requests until it is told to stop or nobody can ask any more. Closes the engine.
    pub(crate) fn run(self, requests: &Receiver<Request>, engine: Engine) {
        let mut engine = Ok(engine);
        loop {
            let first = match &engine {
                Ok(_) => requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Err(_) => requests.recv_timeout(RETRY_EVERY),
            };
            let (commands, stop) = match first {
                Ok(request) => gather(request, requests),
                Err(RecvTimeoutError::Timeout) => (Vec::new(), false),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            engine = self.turn(engine, commands);
            if stop {
                return;
            }
        }
    }

    /// One batch; or, during an outage, refusals and now and then an attempt to end it.
    fn turn(
        &self,
        engine: Result<Engine, Outage>,
        commands: Vec<Command>,
    ) -> Result<Engine, Outage> {
        match engine {
            Ok(engine) => self.commit(engine, commands),
            Err(outage) => {
                refuse(commands, outage.reason());
                if !outage.is_due() {
                    return Err(outage);
                }
                let mut position = self.state.read().position;
                let engine = outage.end(&self.dir, self.cache_bytes, &mut position)?;
                self.state.write().position = position;
                tracing::info!("the store takes changes again");
                self.ready.store(true, Ordering::Release);
                Ok(engine)
            }
        }
    }

    fn commit(&self, mut engine: Engine, commands: Vec<Command>) -> Result<Engine, Outage> {
        let staged = stage(&self.state.read(), commands.into_iter());
        if !staged.writes.is_empty()
            && let Err(error) = engine.commit(&staged.writes)
        {
            return Err(self.fail(engine, staged, &error));
        }
        let answers = self.apply(staged);
        answers.into_iter().for_each(Answer::send);
        Ok(engine)
    }

    fn fail(&self, engine: Engine, staged: Staged, error: &EngineError) -> Outage {
        self.ready.store(false, Ordering::Release);
        tracing::error!(%error, "the store cannot write; changes are refused until it can");
        let outage = Outage::begin(engine, &staged.writes, staged.position, error);
        for step in staged.steps {
            step.refuse(outage.reason());
        }
        outage
    }

    fn apply(&self, staged: Staged) -> Vec<Answer> {
        let mut state = self.state.write();
        let mut answers = Vec::with_capacity(staged.steps.len());
        for (n, step) in staged.steps.into_iter().enumerate() {
            if n % APPLY_RUN == APPLY_RUN - 1 {
                RwLockWriteGuard::bump(&mut state);
            }
            answers.push(apply_step(&mut state, step));
        }
        state.position = staged.position;
        answers
    }
}

/// Takes what has come in beside the first request.
fn gather(first: Request, requests: &Receiver<Request>) -> (Vec<Command>, bool) {
    let mut commands = Vec::new();
    let mut next = Some(first);
    while let Some(request) = next {
        match request {
            Request::Change(command) => commands.push(command),
            Request::Stop => return (commands, true),
        }
        next = (commands.len() < MAX_BATCH)
            .then(|| requests.try_recv().ok())
            .flatten();
    }
    (commands, false)
}

fn refuse(commands: Vec<Command>, reason: &str) {
    for command in commands {
        match command {
            Command::Create { reply, .. } => refuse_one(reply, reason),
            Command::Submit { reply, .. } => refuse_one(reply, reason),
        }
    }
}

fn refuse_one<T>(reply: Reply<T>, reason: &str) {
    let reason = reason.to_owned();
    // Whoever has gone away needs no answer.
    let _ = reply.send(Err(StoreError::Unavailable {
        reason,
        source: None,
    }));
}

impl Step {
    fn refuse(self, reason: &str) {
        match self {
            Step::Create { reply, .. } | Step::RefuseCreate(reply, _) => refuse_one(reply, reason),
            Step::Submit { reply, .. } | Step::RefuseSubmit(reply, _) => refuse_one(reply, reason),
        }
    }
}

/// A reply that is sent once the lock is released, since each wakes another thread.
enum Answer {
    Created(Reply<Vec<u64>>, Result<Vec<u64>, StoreError>),
    Submitted(Reply<Outcome>, Result<Outcome, StoreError>),
}

impl Answer {
    fn send(self) {
        // Whoever has gone away needs no answer.
        match self {
            Answer::Created(reply, result) => drop(reply.send(result)),
            Answer::Submitted(reply, result) => drop(reply.send(result)),
        }
    }
}

fn apply_step(state: &mut RwLockWriteGuard<'_, State>, step: Step) -> Answer {
    match step {
        Step::Create {
            board,
            players,
            reply,
        } => Answer::Created(reply, Ok(apply_create(state, board, players))),
        Step::Submit {
            board,
            player,
            slot,
            key,
            changed,
            reply,
        } => {
            let slot = slot.or_else(|| state.players.find(player));
            let outcome = slot.and_then(|slot| apply_submit(state, board, slot, key, changed));
            Answer::Submitted(reply, outcome.ok_or(StoreError::UnknownPlayer(player)))
        }
        Step::RefuseCreate(reply, error) => Answer::Created(reply, Err(error)),
        Step::RefuseSubmit(reply, error) => Answer::Submitted(reply, Err(error)),
    }
}

fn apply_create(
    state: &mut RwLockWriteGuard<'_, State>,
    board: BoardNo,
    players: Vec<(Player, RankKey)>,
) -> Vec<u64> {
    let mut ranks = Vec::with_capacity(players.len());
    for (n, (player, key)) in players.into_iter().enumerate() {
        if n % APPLY_RUN == APPLY_RUN - 1 {
            // Everything staged is durable, so readers may see the first of many already.
            RwLockWriteGuard::bump(state);
        }
        let State {
            players, boards, ..
        } = &mut **state;
        let slot = players.add(player.clone());
        let moved = boards
            .get_mut(&board)
            .map(|b| b.ladder.set(slot, &player, key));
        ranks.extend(moved.map(|m| m.rank));
    }
    ranks
}

fn apply_submit(
    state: &mut State,
    board: BoardNo,
    slot: Slot,
    key: RankKey,
    changed: bool,
) -> Option<Outcome> {
    let board = state.boards.get_mut(&board)?;
    let order = board.settings.order;
    let previous_score = board.ladder.key(slot).map(|key| key.score(order));
    let (rank, previous_rank) = if changed {
        let moved = board.ladder.set(slot, state.players.get(slot)?, key);
        (moved.rank, moved.previous_rank)
    } else {
        let rank = board.ladder.rank(key);
        (rank, Some(rank))
    };
    Some(Outcome {
        score: key.score(order),
        previous_score,
        rank,
        previous_rank,
    })
}
