//! What outlives a single call: settings, budget, what was learnt, what was counted.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::budget::{Budget, BudgetSettings};
use crate::delay::Delay;
use crate::numbers::{Counts, Numbers, add};
use crate::observed::{Estimate, Observed};
use crate::policy::Policy;
use crate::race::Race;

/// Hedges beside a first attempt at the most.
pub const MAX_HEDGES: u32 = 16;
/// The percentile that is kept where none is asked for, for those who watch.
const DEFAULT_SHARE: f64 = 0.95;
/// Hedges are held back no longer, whatever the other side asks for.
const MAX_PAUSE: Duration = Duration::from_secs(3600);
/// More time than any call has.
const AMPLE: Duration = Duration::from_secs(3600);

/// How calls are hedged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// What the first attempt is given under [`Policy::Smart`].
    pub delay: Delay,
    /// Attempts beyond the first; at most [`MAX_HEDGES`].
    pub hedges: u32,
    /// The extra load allowed; `None` allows any.
    pub budget: Option<BudgetSettings>,
}

/// An attempt that ended without success.
#[derive(Debug)]
pub struct Failed<E> {
    /// Why.
    pub error: E,
    /// For how long the other side asks to be left alone. No hedge is sent meanwhile, in this call or
    /// another, for an hour at the most.
    pub pushback: Option<Duration>,
}

/// What became of a call.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer<T, E> {
    /// Attempts sent.
    pub attempts: u32,
    /// What they led to.
    pub outcome: Outcome<T, E>,
}

/// What the attempts of a call led to.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome<T, E> {
    /// The successes in the order in which they came, each with the number of its attempt from 1.
    /// One under [`Policy::Smart`] and [`Policy::First`]; perhaps none under
    /// [`Policy::WithinTimeout`].
    Successes(Vec<(u32, T)>),
    /// All attempts failed before the deadline, for these reasons in this order.
    AllFailed(Vec<E>),
    /// The deadline passed first.
    DeadlinePassed,
}

/// Hedges the calls to one upstream.
pub struct Hedger {
    pub(crate) settings: Settings,
    pub(crate) numbers: Numbers,
    observed: Mutex<Observed>,
    budget: Option<Mutex<Budget>>,
    hold_until: Mutex<Option<Instant>>,
}

impl Hedger {
    /// A hedger that has seen nothing yet. More than [`MAX_HEDGES`] hedges are taken for that many.
    pub fn new(mut settings: Settings) -> Self {
        settings.hedges = settings.hedges.min(MAX_HEDGES);
        let share = match settings.delay {
            Delay::Fixed(_) => DEFAULT_SHARE,
            Delay::Percentile { share, .. } => share,
        };
        let budget = settings.budget;
        Hedger {
            settings,
            numbers: Numbers::default(),
            observed: Mutex::new(Observed::new(share)),
            budget: budget.map(|b| Mutex::new(Budget::new(b, Instant::now()))),
            hold_until: Mutex::new(None),
        }
    }

    /// Calls `attempt`, with its number from 1, as often as the policy wants, and returns at the
    /// deadline at the latest. Attempts that are still under way then are dropped, and so they are
    /// when the returned future is dropped. After the deadline no attempt is sent at all.
    ///
    /// Cost beside the attempts themselves: an allocation each, and two short locks.
    pub async fn call<T, E, F, A>(
        &self,
        policy: Policy,
        deadline: Instant,
        attempt: F,
    ) -> Answer<T, E>
    where
        F: Fn(u32) -> A + Send,
        A: Future<Output = Result<T, Failed<E>>> + Send,
        T: Send,
        E: Send,
    {
        add(&self.numbers.calls, 1);
        let start = Instant::now();
        if let Some(budget) = &self.budget {
            lock(budget).earn(start);
        }
        Race::new(self, policy, deadline, attempt).run().await
    }

    /// What has been counted so far.
    pub fn counts(&self) -> Counts {
        let delay = self.current_delay();
        self.numbers.counts(self.settings.hedges, delay)
    }

    /// What the first attempt of a call with plenty of time is given at present.
    pub fn current_delay(&self) -> Duration {
        self.delay(AMPLE)
    }

    pub(crate) fn delay(&self, remaining: Duration) -> Duration {
        self.settings.delay.within(remaining, self.estimate())
    }

    pub(crate) fn worthwhile(&self, remaining: Duration) -> bool {
        self.settings.delay.worthwhile(remaining, self.estimate())
    }

    fn estimate(&self) -> Option<Estimate> {
        lock(&self.observed).estimate()
    }

    pub(crate) fn learn(&self, change: impl FnOnce(&mut Observed)) {
        change(&mut lock(&self.observed));
    }

    /// How many of these hedges the budget allows.
    pub(crate) fn afford(&self, wanted: u32, now: Instant) -> u32 {
        let Some(budget) = &self.budget else {
            return wanted;
        };
        let allowed = lock(budget).take(wanted, now);
        add(&self.numbers.budget_exhausted, wanted - allowed);
        allowed
    }

    /// Sends no hedges for so long.
    pub(crate) fn hold(&self, pause: Duration, now: Instant) {
        let until = now + pause.min(MAX_PAUSE);
        let mut held = lock(&self.hold_until);
        *held = (*held).max(Some(until));
    }

    /// Until when hedges are to wait, if they are.
    pub(crate) fn held_until(&self, now: Instant) -> Option<Instant> {
        lock(&self.hold_until).filter(|until| *until > now)
    }
}

/// What is locked here is whole between any two steps, so a panic elsewhere has not spoilt it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
