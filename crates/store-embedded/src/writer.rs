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
use std::time::Duration;

use boards::StoreError;
use parking_lot::RwLock;

use crate::chores::Chores;
use crate::clock::Clock;
use crate::data_dir::DataDir;
use crate::effect;
use crate::engine::{Engine, EngineError};
use crate::outage::{Outage, RETRY_EVERY};
use crate::stage::{Command, Reply, Staged, is_alone, stage};
use crate::state::State;

/// Commands taken into one batch at the most.
const MAX_BATCH: usize = 8192;

/// What the writer is asked for.
pub(crate) enum Request {
    Change(Command),
    Stop,
}

pub(crate) struct Writer {
    pub(crate) dir: DataDir,
    pub(crate) cache_bytes: u64,
    pub(crate) clock: Clock,
    pub(crate) state: Arc<RwLock<State>>,
    /// Whether changes can be taken at present.
    pub(crate) ready: Arc<AtomicBool>,
}

impl Writer {
    /// Serves requests until it is told to stop or nobody can ask any more. Closes the engine.
    pub(crate) fn run(self, requests: &Receiver<Request>, engine: Engine) {
        let mut engine = Ok(engine);
        let mut chores = Chores::new();
        loop {
            let patience = self.patience(&engine, &chores);
            let first = match patience {
                None => requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(time) => requests.recv_timeout(time),
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
            engine = engine.and_then(|engine| self.tidy(engine, &mut chores));
        }
    }

    /// How long to wait for a request; `None`: for ever.
    fn patience(&self, engine: &Result<Engine, Outage>, chores: &Chores) -> Option<Duration> {
        match engine {
            Err(_) => Some(RETRY_EVERY),
            Ok(_) => chores
                .are_waiting(&self.state.read())
                .then_some(Duration::ZERO),
        }
    }

    /// One batch, or a few; or, during an outage, refusals and now and then an attempt to end it.
    fn turn(
        &self,
        engine: Result<Engine, Outage>,
        commands: Vec<Command>,
    ) -> Result<Engine, Outage> {
        match engine {
            Ok(engine) => self.commit_all(engine, commands),
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

    /// Commits commands in their order: those that can share a batch together, the others alone.
    fn commit_all(&self, mut engine: Engine, commands: Vec<Command>) -> Result<Engine, Outage> {
        let mut commands = commands.into_iter().peekable();
        while let Some(first) = commands.next() {
            let mut batch = vec![first];
            if !is_alone(&batch[0].change) {
                while let Some(next) = commands.next_if(|c| !is_alone(&c.change)) {
                    batch.push(next);
                }
            }
            let staged = stage(&self.state.read(), &engine, batch.into_iter());
            engine = match self.commit(engine, staged) {
                Ok(engine) => engine,
                Err(outage) => {
                    refuse(commands.collect(), outage.reason());
                    return Err(outage);
                }
            };
        }
        Ok(engine)
    }

    fn commit(&self, mut engine: Engine, mut staged: Staged) -> Result<Engine, Outage> {
        if !staged.writes.is_empty() {
            if let Err(error) = engine.commit(&staged.writes) {
                return Err(self.fail(engine, staged, &error));
            }
            let debris = effect::apply(&mut self.state.write(), &mut staged);
            if !debris.is_empty() {
                // Freeing millions of entries takes its time, and nobody has to wait for it.
                std::thread::spawn(move || drop(debris));
            }
        }
        // Only now that the lock is released, since each answer wakes another thread.
        for (reply, result) in staged.answers {
            // Whoever has gone away needs no answer.
            let _ = reply.send(result);
        }
        Ok(engine)
    }

    fn tidy(&self, engine: Engine, chores: &mut Chores) -> Result<Engine, Outage> {
        let next = chores.next(&self.state.read(), &engine, self.clock.now_ms());
        match next {
            Ok(Some(staged)) => self.commit(engine, staged),
            Ok(None) => Ok(engine),
            Err(error) => {
                // Nothing is lost by it; what reads cannot either will say so to those who ask.
                tracing::error!(%error, "cannot remove what is no longer needed");
                Ok(engine)
            }
        }
    }

    fn fail(&self, engine: Engine, staged: Staged, error: &EngineError) -> Outage {
        self.ready.store(false, Ordering::Release);
        tracing::error!(%error, "the store cannot write; changes are refused until it can");
        let outage = Outage::begin(engine, &staged.writes, staged.position, error);
        for (reply, result) in staged.answers {
            match result {
                Ok(_) => refuse_one(reply, outage.reason()),
                Err(refusal) => drop(reply.send(Err(refusal))),
            }
        }
        outage
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
        refuse_one(command.reply, reason);
    }
}

fn refuse_one(reply: Reply, reason: &str) {
    let reason = reason.to_owned();
    // Whoever has gone away needs no answer.
    let _ = reply.send(Err(StoreError::Unavailable {
        reason,
        source: None,
    }));
}
