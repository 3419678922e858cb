//! Looks for matches in all queues as long as the server runs.
//!
//! Each queue in which something waits has a task, which looks soon after a change and, since limits widen
//! with waiting, now and then without one; it rests as long as it took to look, so that a huge queue
//! takes half a core. Where nothing waits there is no task, and nothing wakes. Looking itself runs on
//! threads that may block, a few at a time.
//!
//! Why tickets wait is found apart from that, and not at each look: it costs many times what finding the
//! matches does, and nobody's match is to wait for it.
//!
//! Where several nodes share a store, one at a time forms the matches of a queue ([`MatchStore::lead`]). The others
//! ask every second whether it is their turn, so that a queue whose node is gone has another within seconds. The one
//! extends its lead as long as a look takes.
//!
//! A store that cannot write and a look that panics are logged, and the queue is tried again, after panics at
//! growing intervals; the others go on. Nothing is lost by any of it: what has been found and was not
//! announced is found again.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use api::Latencies;
use matchmaking::{MatchError, MatchStore, QueueId, QueueInfo};
use parking_lot::Mutex;
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, oneshot};

use crate::clock::now_ms;
use crate::settings::Matchmaking;

mod health;
mod pass;

use health::{Failure, Health};
use pass::{Forming, Pass};

/// Queues listed at a time.
const PAGE: usize = 100;
/// How often a node asks whether to take over a queue that another leads.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// How often it extends its lead while it looks, some times within the seconds that a lead counts. Short in tests,
/// as are their looks.
const EXTEND_EVERY: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 1000 });
/// The share of the time that may go into finding out why tickets wait: one part in so many.
const EXPLAINING: u32 = 5;

/// A thread that looks for matches.
pub(crate) struct Matchmaker {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// What a queue's task works with.
#[derive(Clone)]
struct Shared {
    store: Arc<dyn MatchStore>,
    forming: Forming,
    pacing: Pacing,
    /// One for each queue that may be looked at at once.
    turns: Arc<Semaphore>,
    /// How long looks took.
    passes: Arc<Latencies>,
    /// Queues that have a task.
    tended: Arc<Mutex<BTreeSet<QueueId>>>,
}

#[derive(Clone, Copy)]
struct Pacing {
    settle: Duration,
    interval: Duration,
}

impl Matchmaker {
    /// Starts looking; how long each look takes is counted in `passes`.
    pub(crate) fn start(
        store: Arc<dyn MatchStore>,
        settings: &Matchmaking,
        passes: Arc<Latencies>,
    ) -> io::Result<Self> {
        Matchmaker::start_with(store, settings, Forming::engine(), passes)
    }

    fn start_with(
        store: Arc<dyn MatchStore>,
        settings: &Matchmaking,
        forming: Forming,
        passes: Arc<Latencies>,
    ) -> io::Result<Self> {
        // Also with the network: the store may open a connection when it is asked something.
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let shared = Shared {
            store,
            forming,
            pacing: Pacing {
                settle: settings.settle.0,
                interval: settings.interval.0,
            },
            turns: Arc::new(Semaphore::new(settings.threads.min(Semaphore::MAX_PERMITS))),
            passes,
            tended: Arc::default(),
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("matchmaker".to_owned());
        let thread = thread.spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    // Also when it is dropped.
                    _ = stopped => {}
                    () = watch_over_always(shared) => {}
                }
            });
            // A look that is under way need not be waited for: nothing comes of it.
            runtime.shutdown_background();
        })?;
        Ok(Matchmaker { stop, thread })
    }

    /// Stops looking. Blocks until nothing more will be asked of the store.
    pub(crate) fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the matchmaker panicked");
        }
    }
}

/// Begins anew where that panics.
async fn watch_over_always(shared: Shared) {
    loop {
        if let Err(error) = tokio::spawn(watch_over(shared.clone())).await {
            tracing::error!(%error, "queues are not watched over; beginning anew");
        }
        tokio::time::sleep(shared.pacing.interval).await;
    }
}

/// Gives a task to each queue that needs one and has none.
async fn watch_over(shared: Shared) {
    let mut seen = 0;
    loop {
        match busy_queues(&*shared.store).await {
            Ok(queues) => queues.into_iter().for_each(|queue| shared.tend(queue)),
            Err(error) => {
                tracing::warn!(%error, "the queues cannot be listed; trying again");
                tokio::time::sleep(shared.pacing.interval).await;
                continue;
            }
        }
        // While queues are busy this would wake with every batch.
        tokio::time::sleep(shared.pacing.settle / 2).await;
        seen = shared.store.waiting_changed(seen).await;
    }
}

async fn busy_queues(store: &dyn MatchStore) -> Result<Vec<QueueId>, MatchError> {
    let mut busy = Vec::new();
    let mut last = None;
    loop {
        let page = store.queues(last.as_ref(), PAGE).await?;
        let Some(end) = page.last() else {
            return Ok(busy);
        };
        last = Some(end.id.clone());
        busy.extend(page.into_iter().filter(is_busy).map(|queue| queue.id));
    }
}

/// Whether something waits, or will if it is not accepted.
fn is_busy(queue: &QueueInfo) -> bool {
    queue.waiting > 0 || queue.proposed > 0
}

impl Shared {
    fn tend(&self, queue: QueueId) {
        let Some(tended) = Tended::begin(self, &queue) else {
            return;
        };
        let shared = self.clone();
        tokio::spawn(async move {
            let mut tended = Some(tended);
            while tended.is_some() {
                shared.look_again_and_again(&queue).await;
                drop(tended.take());
                // What came when the task was about to end found the queue tended.
                if shared.is_busy(&queue).await {
                    tended = Tended::begin(&shared, &queue);
                }
            }
        });
    }

    /// Until nothing waits in the queue.
    async fn look_again_and_again(&self, queue: &QueueId) {
        tokio::time::sleep(self.pacing.settle / 2).await;
        let mut health = Health::default();
        let mut explaining = Explaining::default();
        loop {
            let started = Instant::now();
            let looked = self.look(queue, &mut explaining).await;
            let took = started.elapsed();
            match looked {
                Ok(None) => {
                    tokio::time::sleep(FOLLOW_EVERY.min(self.pacing.interval)).await;
                    if !self.is_busy(queue).await {
                        return;
                    }
                }
                Ok(Some(pass)) => {
                    if health.went_well() {
                        tracing::info!(%queue, "matches are made again");
                    }
                    let rest = self.pacing.settle.max(took);
                    tokio::time::sleep(rest).await;
                    if !self.is_needed(queue, &pass, rest).await {
                        return;
                    }
                }
                Err(Failure::Store(MatchError::UnknownQueue(_))) => return,
                Err(error) => {
                    if health.failed(&error) {
                        tracing::warn!(%queue, %error, "no matches are made; trying again");
                    }
                    let pause = health.pause(self.pacing.interval);
                    tokio::time::sleep(pause.max(took)).await;
                }
            }
        }
    }

    /// `None` where another node leads the queue.
    async fn look(
        &self,
        queue: &QueueId,
        explaining: &mut Explaining,
    ) -> Result<Option<Pass>, Failure> {
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await;
        let started = Instant::now();
        let (store, find) = (Arc::clone(&self.store), self.forming.find);
        let look = apart(pass::look(store, queue.clone(), find));
        let Some(pass) = self.leading(queue, look).await? else {
            return Ok(None);
        };
        self.passes.record(started.elapsed());
        if Instant::now() >= explaining.next {
            self.explain(queue, explaining).await;
        }
        Ok(Some(pass))
    }

    /// What fails here is told, and keeps nobody from being matched.
    async fn explain(&self, queue: &QueueId, explaining: &mut Explaining) {
        let started = Instant::now();
        let (store, explain) = (Arc::clone(&self.store), self.forming.explain);
        let explaining_it = apart(pass::explain(store, queue.clone(), explain));
        match self.leading(queue, explaining_it).await {
            Ok(()) => {
                explaining.health.went_well();
            }
            Err(error) => {
                if explaining.health.failed(&error) {
                    tracing::warn!(%queue, %error, "why tickets wait is not found; trying again");
                }
            }
        }
        let rest = started.elapsed() * (EXPLAINING - 1);
        let pause = explaining.health.pause(self.pacing.interval);
        explaining.next = Instant::now() + rest.max(pause);
    }

    /// What comes of a part of a look, during which the lead is extended: otherwise one that takes longer than a
    /// lead counts would end with another node leading, and that node's as well.
    async fn leading<T>(&self, queue: &QueueId, part: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            done = part => done,
            never = self.extend_again_and_again(queue) => match never {},
        }
    }

    /// Where that fails or another node leads, the part that is under way learns of it by itself.
    async fn extend_again_and_again(&self, queue: &QueueId) -> Infallible {
        loop {
            tokio::time::sleep(EXTEND_EVERY).await;
            if let Err(error) = self.store.lead(queue, now_ms()).await {
                tracing::debug!(%queue, %error, "the lead is not extended");
            }
        }
    }

    /// Waits until it is time to look again; whether there is anything to look at.
    async fn is_needed(&self, queue: &QueueId, pass: &Pass, rested: Duration) -> bool {
        let patience = self.pacing.interval.saturating_sub(rested);
        let mut change = pin!(self.changed(queue, pass.version));
        let changed = tokio::time::timeout(patience, &mut change).await;
        changed.is_ok() || self.is_busy(queue).await
    }

    /// Where the store does not say, the queue is not given up.
    async fn is_busy(&self, queue: &QueueId) -> bool {
        match self.store.queue(queue).await {
            Ok(info) => is_busy(&info),
            Err(error) => !matches!(error, MatchError::UnknownQueue(_)),
        }
    }

    /// Waits until something else waits in the queue than at this version.
    async fn changed(&self, queue: &QueueId, version: u64) {
        let mut seen = 0;
        loop {
            seen = self.store.waiting_changed(seen).await;
            match self.store.queue(queue).await {
                Ok(info) if info.version == version => {}
                _ => return,
            }
            // While other queues are busy this would ask with every batch.
            tokio::time::sleep(self.pacing.settle).await;
        }
    }
}

/// When it is found out next why tickets wait, and how that went.
struct Explaining {
    next: Instant,
    health: Health,
}

impl Default for Explaining {
    fn default() -> Self {
        Explaining {
            next: Instant::now(),
            health: Health::default(),
        }
    }
}

/// Runs a part of a look as a task of its own, so that a panic ends nothing else.
async fn apart<T: Send + 'static>(
    part: impl Future<Output = Result<T, MatchError>> + Send + 'static,
) -> Result<T, Failure> {
    tokio::spawn(part).await?.map_err(Failure::Store)
}

/// That a queue has a task; over when it is dropped, also by a panic.
struct Tended(Arc<Mutex<BTreeSet<QueueId>>>, QueueId);

impl Tended {
    /// `None` where the queue has one already.
    fn begin(shared: &Shared, queue: &QueueId) -> Option<Self> {
        let new = shared.tended.lock().insert(queue.clone());
        new.then(|| Tended(Arc::clone(&shared.tended), queue.clone()))
    }
}

impl Drop for Tended {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
    }
}

#[cfg(test)]
mod tests;
