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
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use ticket_watches::Watches;
use tokio::sync::{oneshot, watch};

use crate::access::Access;
use crate::chores::Chores;
use crate::data_dir::DataDir;
use crate::effect::{self, Effect, News};
use crate::engine::{Engine, EngineError, Frozen};
use crate::numbers::Counted;
use crate::outage::{Outage, RETRY_EVERY};
use crate::reader::Reader;
use crate::stage::{Answered, Command, Staged, rotation, stage};
use crate::state::State;
use boards::Clock;

/// Commands taken into one batch at the most.
const MAX_BATCH: usize = 8192;
/// The longest wait for the end of a season, since clocks are set now and then.
const LOOK_AT_CLOCK_EVERY: Duration = Duration::from_secs(1);

/// What the writer is asked for.
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all are the large one, and a box for each would cost more than the room saved"
)]
pub(crate) enum Request {
    Change(Command),
    /// The records as they are after the changes that were asked for before.
    Freeze(Ask),
    Stop,
}

/// Somebody who waits for a snapshot.
pub(crate) struct Ask {
    pub(crate) reply: oneshot::Sender<Result<Frozen, String>>,
    /// To be set when the engine has to be closed.
    pub(crate) revoked: Arc<AtomicBool>,
}

pub(crate) struct Writer {
    pub(crate) dir: DataDir,
    pub(crate) cache_bytes: u64,
    pub(crate) access: Access,
    pub(crate) clock: Clock,
    pub(crate) state: Arc<RwLock<State>>,
    /// Whether changes can be taken at present.
    pub(crate) ready: Arc<AtomicBool>,
    /// Those who read the engine themselves.
    pub(crate) reader: Reader,
    /// Those who wait for tickets…
    pub(crate) watches: Arc<Watches>,
    /// …and those who wait for anything that waits; it is the last commit that changed that.
    pub(crate) waiting: watch::Sender<u64>,
    /// When the next season of any board ends by schedule.
    pub(crate) next_end: Option<i64>,
    /// How the last one that got a snapshot is told that it has to give it up.
    pub(crate) revoked: Arc<AtomicBool>,
    pub(crate) counted: Arc<Counted>,
}

impl Writer {
    /// Serves requests until it is told to stop or nobody can ask any more. Closes the engine.
    pub(crate) fn run(mut self, requests: &Receiver<Request>, engine: Engine) {
        self.work(requests, engine);
        // While the directory is still held.
        self.reader.shut();
    }

    fn work(&mut self, requests: &Receiver<Request>, engine: Engine) {
        let mut engine = self.end_seasons(engine);
        let mut chores = Chores::new();
        loop {
            let patience = self.patience(&engine, &chores);
            let first = match patience {
                None => requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(time) => requests.recv_timeout(time),
            };
            let gathered = match first {
                Ok(request) => gather(request, requests),
                Err(RecvTimeoutError::Timeout) => Gathered::default(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            self.counted.taken(gathered.commands.len());
            engine = self.turn(engine, gathered.commands);
            gathered
                .asks
                .into_iter()
                .for_each(|ask| self.freeze(&engine, ask));
            if gathered.stop {
                return;
            }
            engine = engine.and_then(|engine| self.tidy(engine, &mut chores));
        }
    }

    /// How long to wait for a request; `None`: for ever.
    fn patience(&self, engine: &Result<Engine, Outage>, chores: &Chores) -> Option<Duration> {
        if engine.is_err() {
            return Some(RETRY_EVERY);
        }
        let wait = chores.wait(&self.state.read(), self.clock.now_ms());
        if wait.is_some() {
            return wait;
        }
        let wait_ms = self.next_end?.saturating_sub(self.clock.now_ms());
        let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
        Some(wait.min(LOOK_AT_CLOCK_EVERY))
    }

    /// Ends the seasons whose time has come, before anything that comes after it: no submission can get
    /// between. What was missed while nothing ran is made good here too.
    fn end_seasons(&mut self, mut engine: Engine) -> Result<Engine, Outage> {
        let now_ms = self.clock.now_ms();
        let due = self.next_end.is_some_and(|end| end <= now_ms);
        let ends = due.then(|| self.state.read().missed_ends(now_ms));
        for (board, at_ms) in ends.into_iter().flatten() {
            tracing::info!(%board, "the season ends by schedule");
            let staged = rotation(&self.state.read(), &engine, &board, at_ms);
            engine = self.commit(engine, staged)?;
        }
        Ok(engine)
    }

    /// One batch, or a few; or, during an outage, refusals and now and then an attempt to end it.
    fn turn(
        &mut self,
        engine: Result<Engine, Outage>,
        commands: Vec<Command>,
    ) -> Result<Engine, Outage> {
        match engine {
            Ok(engine) => match self.end_seasons(engine) {
                Ok(engine) => self.commit_all(engine, commands),
                Err(outage) => {
                    refuse(commands, outage.reason());
                    Err(outage)
                }
            },
            Err(outage) => {
                refuse(commands, outage.reason());
                if !outage.is_due() {
                    return Err(outage);
                }
                let mut position = self.state.read().position;
                let engine = outage.end(
                    &mut self.access,
                    (&self.dir, self.cache_bytes),
                    &mut position,
                )?;
                self.state.write().position = position;
                self.reader.open(&engine);
                tracing::info!("the store takes changes again");
                self.ready.store(true, Ordering::Release);
                Ok(engine)
            }
        }
    }

    /// Commits commands in their order: those that can share a batch together, the others alone.
    fn commit_all(&mut self, mut engine: Engine, commands: Vec<Command>) -> Result<Engine, Outage> {
        let mut commands = commands.into_iter().peekable();
        while let Some(first) = commands.next() {
            let mut batch = vec![first];
            if !batch[0].is_alone() {
                while let Some(next) = commands.next_if(|c| !c.is_alone()) {
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

    fn commit(&mut self, mut engine: Engine, mut staged: Staged) -> Result<Engine, Outage> {
        if !staged.writes.is_empty() {
            let started = Instant::now();
            if let Err(error) = (self.access.commit)(&mut engine, &staged.writes) {
                return Err(self.fail(engine, staged, &error));
            }
            let done = staged.answers.iter().filter(|answer| answer.is_done());
            self.counted.committed(done.count(), started.elapsed());
            let moves_ends = staged.effects.iter().any(Effect::moves_an_end);
            let news = self.news(&staged.effects);
            let debris = effect::apply(&mut self.state.write(), &mut staged);
            self.wake(&news);
            if moves_ends {
                self.next_end = self.state.read().next_end();
            }
            if !debris.is_empty() {
                // Freeing millions of entries takes its time, and nobody has to wait for it.
                std::thread::spawn(move || drop(debris));
            }
        }
        // Only now that the lock is released, since each answer wakes another thread.
        staged.answers.into_iter().for_each(Answered::send);
        Ok(engine)
    }

    /// What of these effects somebody may be waiting for.
    fn news(&self, effects: &[Effect]) -> News {
        let watched = !self.watches.is_empty();
        let mut news = News::default();
        for effect in effects {
            effect.tell(watched, &mut news);
        }
        news
    }

    fn wake(&self, news: &News) {
        self.watches.wake(&news.tickets);
        for queue in &news.queues {
            self.watches.wake_queue(*queue);
        }
        if news.waiting {
            self.waiting.send_replace(self.state.read().position.commit);
        }
    }

    fn freeze(&mut self, engine: &Result<Engine, Outage>, ask: Ask) {
        let frozen = match engine {
            Ok(engine) => Ok(engine.freeze()),
            Err(outage) => Err(outage.reason().to_owned()),
        };
        self.revoked = ask.revoked;
        // Whoever has gone away needs no snapshot.
        let _ = ask.reply.send(frozen);
    }

    fn tidy(&mut self, engine: Engine, chores: &mut Chores) -> Result<Engine, Outage> {
        let now_ms = self.clock.now_ms();
        let next = (self.access.tidy)(chores, &self.state.read(), &engine, now_ms);
        match next {
            Ok(Some(staged)) => self
                .commit(engine, staged)
                .inspect_err(|_| chores.begin_anew()),
            Ok(None) => Ok(engine),
            Err(error) => {
                if chores.begin_anew_later(now_ms) {
                    tracing::error!(%error, "cannot remove what is no longer needed; trying again");
                }
                Ok(engine)
            }
        }
    }

    fn fail(&self, engine: Engine, staged: Staged, error: &EngineError) -> Outage {
        self.counted.failed();
        self.ready.store(false, Ordering::Release);
        self.revoked.store(true, Ordering::Release);
        tracing::error!(%error, "the store cannot write; changes are refused until it can");
        // It keeps the engine open.
        self.reader.shut();
        let outage = Outage::begin(engine, &staged.writes, staged.position, error);
        for answered in staged.answers {
            answered.refuse(outage.reason());
        }
        outage
    }
}

/// What has come in.
#[derive(Default)]
struct Gathered {
    commands: Vec<Command>,
    asks: Vec<Ask>,
    stop: bool,
}

/// Takes what has come in beside the first request.
fn gather(first: Request, requests: &Receiver<Request>) -> Gathered {
    let mut gathered = Gathered::default();
    let mut next = Some(first);
    while let Some(request) = next {
        match request {
            Request::Change(command) => gathered.commands.push(command),
            Request::Freeze(ask) => gathered.asks.push(ask),
            Request::Stop => {
                gathered.stop = true;
                break;
            }
        }
        next = (gathered.commands.len() < MAX_BATCH)
            .then(|| requests.try_recv().ok())
            .flatten();
    }
    gathered
}

fn refuse(commands: Vec<Command>, reason: &str) {
    for command in commands {
        command.refuse(reason);
    }
}
