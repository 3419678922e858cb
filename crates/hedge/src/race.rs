//! One call: its attempts, its hedges, its end.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

use crate::call::{Answer, Failed, Hedger, Outcome};
use crate::numbers::add;
use crate::policy::Policy;

type Running<'a, T, E> = Pin<Box<dyn Future<Output = (u32, Result<T, Failed<E>>)> + Send + 'a>>;

pub(crate) struct Race<'a, T, E, F> {
    hedger: &'a Hedger,
    policy: Policy,
    start: Instant,
    deadline: Instant,
    attempt: F,
    running: FuturesUnordered<Running<'a, T, E>>,
    sent: u32,
    successes: Vec<(u32, T)>,
    failures: Vec<E>,
    /// Whether the hedges are still to go out, be it at their time or after a failure.
    pending: bool,
    /// Their time, if it comes before the deadline.
    hedges_at: Option<Instant>,
}

impl<'a, T, E, F, A> Race<'a, T, E, F>
where
    F: Fn(u32) -> A,
    A: Future<Output = Result<T, Failed<E>>> + Send + 'a,
    T: 'a,
    E: 'a,
{
    pub(crate) fn new(hedger: &'a Hedger, policy: Policy, deadline: Instant, attempt: F) -> Self {
        Race {
            hedger,
            policy,
            start: Instant::now(),
            deadline,
            attempt,
            running: FuturesUnordered::new(),
            sent: 0,
            successes: Vec::new(),
            failures: Vec::new(),
            pending: hedger.settings.hedges > 0,
            hedges_at: None,
        }
    }

    pub(crate) async fn run(mut self) -> Answer<T, E> {
        if self.start >= self.deadline {
            return self.at_deadline();
        }
        self.begin();
        while !(self.running.is_empty() && self.hedges_at.is_none()) {
            let hedges_at = self.hedges_at.unwrap_or(self.deadline);
            tokio::select! {
                // What has come counts, even when it comes at the last instant; and a hedge that is
                // due at the deadline is not sent.
                biased;
                Some((number, result)) = self.running.next() => {
                    self.ended(number, result);
                    if self.policy.wants_one() && !self.successes.is_empty() {
                        break;
                    }
                }
                () = sleep_until(self.deadline) => return self.at_deadline(),
                () = sleep_until(hedges_at), if self.hedges_at.is_some() => {
                    // Another call may have been asked for a pause meanwhile.
                    let now = Instant::now();
                    self.schedule(now, now);
                }
            }
        }
        self.finish()
    }

    fn begin(&mut self) {
        self.send();
        if self.pending {
            let delay = match self.policy {
                Policy::Smart => self.hedger.delay(self.deadline - self.start),
                Policy::First | Policy::All | Policy::WithinTimeout => Duration::ZERO,
            };
            // A delay beyond all time is one that does not end before the deadline.
            let at = self.start.checked_add(delay).unwrap_or(self.deadline);
            self.schedule(at, self.start);
        }
    }

    /// Sets when the hedges go out, or sends them if that is now: not while the other side wants to
    /// be left alone, and never after the deadline.
    fn schedule(&mut self, at: Instant, now: Instant) {
        let held = self.hedger.held_until(at);
        add(&self.hedger.numbers.held_back, u32::from(held.is_some()));
        let at = held.unwrap_or(at);
        self.hedges_at = (at < self.deadline).then_some(at);
        if self.hedges_at == Some(now) {
            self.hedge(now);
        }
    }

    fn send(&mut self) {
        self.sent += 1;
        let number = self.sent;
        let watch = Watch::new(self.hedger, number, self.deadline);
        let attempt = (self.attempt)(number);
        self.running.push(Box::pin(async move {
            let result = attempt.await;
            watch.ended(result.is_ok());
            (number, result)
        }));
    }

    fn hedge(&mut self, now: Instant) {
        (self.pending, self.hedges_at) = (false, None);
        let wanted = self.hedger.settings.hedges;
        if !self.hedger.worthwhile(self.deadline - now) {
            return add(&self.hedger.numbers.too_late, wanted);
        }
        for _ in 0..self.hedger.afford(wanted, now) {
            self.send();
        }
    }

    fn ended(&mut self, number: u32, result: Result<T, Failed<E>>) {
        match result {
            Ok(value) => {
                if self.successes.is_empty() {
                    add(&self.hedger.numbers.won[number as usize - 1], 1);
                    let latency = self.start.elapsed();
                    self.hedger.numbers.answer_latency.record(latency);
                }
                self.successes.push((number, value));
            }
            Err(Failed { error, pushback }) => {
                self.failures.push(error);
                let now = Instant::now();
                if let Some(pushback) = pushback {
                    self.hedger.hold(pushback, now);
                }
                // A failure is as good a reason for hedges as lateness.
                if self.pending {
                    self.schedule(now, now);
                }
            }
        }
    }

    fn at_deadline(self) -> Answer<T, E> {
        let outcome = match self.policy {
            Policy::WithinTimeout => Outcome::Successes(self.successes),
            Policy::Smart | Policy::First | Policy::All => Outcome::DeadlinePassed,
        };
        Answer {
            attempts: self.sent,
            outcome,
        }
    }

    fn finish(self) -> Answer<T, E> {
        let outcome = match self.policy {
            Policy::Smart | Policy::First | Policy::All if self.successes.is_empty() => {
                Outcome::AllFailed(self.failures)
            }
            _ => Outcome::Successes(self.successes),
        };
        Answer {
            attempts: self.sent,
            outcome,
        }
    }
}

/// Follows one attempt to its end, also to the one where it is just dropped.
struct Watch<'a> {
    hedger: &'a Hedger,
    started: Instant,
    deadline: Instant,
    over: bool,
}

impl<'a> Watch<'a> {
    fn new(hedger: &'a Hedger, number: u32, deadline: Instant) -> Self {
        add(&hedger.numbers.sent[number as usize - 1], 1);
        add(&hedger.numbers.in_flight, 1);
        Watch {
            hedger,
            started: Instant::now(),
            deadline,
            over: false,
        }
    }

    fn ended(mut self, success: bool) {
        self.over = true;
        let latency = self.started.elapsed();
        self.hedger.numbers.attempt_latency.record(latency);
        if success {
            self.hedger.learn(|observed| observed.success(latency));
        } else {
            add(&self.hedger.numbers.failed, 1);
            self.hedger.learn(|observed| observed.censored(latency));
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let numbers = &self.hedger.numbers;
        numbers.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.over {
            return;
        }
        let late = Instant::now() >= self.deadline;
        let counter = if late {
            &numbers.timed_out
        } else {
            &numbers.cancelled
        };
        add(counter, 1);
        let latency = self.started.elapsed();
        self.hedger.learn(|observed| observed.censored(latency));
    }
}
