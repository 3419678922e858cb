//! One upstream: what it is made of, and the way of a call through it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hedge::{Answer, Counts, Hedger, Outcome, Policy};
use http::HeaderMap;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::circuit::{Circuit, CircuitState};
use crate::client::{Client, ClientError};
use crate::coalesce::Flights;
use crate::endpoints::Endpoints;
use crate::error::{CallError, Refusal};
use crate::reply::{Reply, SuccessRule};
use crate::request::CallRequest;
use crate::settings::{Settings, Timeouts};

/// A named upstream.
pub struct Upstream {
    pub(crate) name: String,
    pub(crate) settings: Settings,
    pub(crate) client: Client,
    pub(crate) rule: SuccessRule,
    pub(crate) hedger: Hedger,
    pub(crate) endpoints: Endpoints,
    pub(crate) circuit: Circuit,
    slots: Semaphore,
    flights: Flights,
    invalid: AtomicU64,
    coalesced: AtomicU64,
    busy: AtomicU64,
    circuit_refused: AtomicU64,
}

/// What is known of an upstream, beside its settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// Of its calls and attempts.
    pub hedging: Counts,
    /// Calls under way.
    pub calls_in_flight: usize,
    /// Attempts that were answered with what was no success by its media type, size or content.
    pub invalid: u64,
    /// Calls that shared the answer of another one.
    pub coalesced: u64,
    /// Calls refused because too many were under way.
    pub busy: u64,
    /// Calls refused because the circuit was open.
    pub circuit_refused: u64,
    /// Whether calls go through.
    pub circuit: CircuitState,
    /// URLs configured.
    pub endpoints: usize,
    /// URLs in use, that is not left out for a while.
    pub endpoints_in_use: usize,
}

impl Upstream {
    pub(crate) fn new(name: &str, settings: Settings) -> Result<Self, ClientError> {
        let schema = settings.schema.as_ref().map(jsonschema::validator_for);
        let schema = schema.transpose();
        let rule = SuccessRule {
            statuses: settings.accept_statuses.clone(),
            max_body_bytes: settings.max_body_bytes,
            schema: schema.map_err(|e| ClientError::Schema(e.to_string()))?,
        };
        Ok(Upstream {
            name: name.to_owned(),
            client: Client::new(&settings.urls, settings.pool_size)?,
            rule,
            hedger: Hedger::new(settings.hedging),
            endpoints: Endpoints::new(settings.urls.len(), settings.ejection),
            circuit: Circuit::new(settings.circuit),
            slots: Semaphore::new(settings.max_in_flight),
            flights: Flights::default(),
            invalid: AtomicU64::new(0),
            coalesced: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            circuit_refused: AtomicU64::new(0),
            settings,
        })
    }

    /// The policy for calls that do not say.
    pub fn policy(&self) -> Policy {
        self.settings.policy
    }

    /// What callers may ask for.
    pub fn timeouts(&self) -> Timeouts {
        self.settings.timeouts
    }

    /// Calls the upstream and returns at the deadline at the latest. When the returned future is
    /// dropped, attempts under way are given up.
    ///
    /// # Errors
    /// [`CallError`] says why there is no answer.
    pub async fn call(
        self: &Arc<Self>,
        request: CallRequest,
        policy: Policy,
        deadline: Instant,
    ) -> Result<Reply, CallError> {
        // Answers of other policies depend on the deadline, which is each caller's own.
        if !(self.settings.coalesce && policy.wants_one()) {
            return self.call_alone(request, policy, deadline).await;
        }
        let identity = request.identity(&self.settings.forward_headers);
        let key = format!("{policy}\n{identity}");
        loop {
            let (upstream, request) = (Arc::clone(self), request.clone());
            let (flight, joined) = self.flights.join(&key, deadline, || {
                Box::pin(async move { upstream.call_alone(request, policy, deadline).await })
            });
            self.coalesced.fetch_add(joined.into(), Ordering::Relaxed);
            match timeout_at(deadline, flight).await {
                // Somebody else's deadline, and not yet this caller's: what is left of its time is for
                // another try.
                Ok(Err(CallError::DeadlinePassed { .. }))
                    if joined && Instant::now() < deadline => {}
                Ok(answer) => return answer,
                Err(_) => return Err(CallError::DeadlinePassed { attempts: 0 }),
            }
        }
    }

    async fn call_alone(
        &self,
        request: CallRequest,
        policy: Policy,
        deadline: Instant,
    ) -> Result<Reply, CallError> {
        let _slot = self.slots.try_acquire().map_err(|_| {
            self.busy.fetch_add(1, Ordering::Relaxed);
            CallError::Busy
        })?;
        let _leave = match self.circuit.enter(Instant::now()) {
            Ok(leave) => leave,
            Err(retry_after) => {
                self.circuit_refused.fetch_add(1, Ordering::Relaxed);
                return refused(policy, retry_after);
            }
        };
        let headers = self.headers(&request);
        let turn = self.endpoints.turn();
        let attempt = |number: u32| self.send(turn, number, &request, headers.clone());
        let answer = self.hedger.call(policy, deadline, attempt).await;
        reply(policy, answer)
    }

    async fn send(
        &self,
        turn: usize,
        number: u32,
        request: &CallRequest,
        headers: HeaderMap,
    ) -> Result<Bytes, hedge::Failed<Refusal>> {
        let endpoint = self
            .endpoints
            .pick(turn, number as usize - 1, Instant::now());
        self.attempt(endpoint, request, headers).await
    }

    pub(crate) fn count_refusal(&self, refusal: &Refusal) {
        if refusal.is_invalid() {
            self.invalid.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What has been counted so far, and what goes on at present.
    pub fn numbers(&self) -> Numbers {
        let now = Instant::now();
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let free = self.slots.available_permits();
        Numbers {
            hedging: self.hedger.counts(),
            calls_in_flight: self.settings.max_in_flight.saturating_sub(free),
            invalid: load(&self.invalid),
            coalesced: load(&self.coalesced),
            busy: load(&self.busy),
            circuit_refused: load(&self.circuit_refused),
            circuit: self.circuit.state(now),
            endpoints: self.endpoints.len(),
            endpoints_in_use: self.endpoints.in_use(now),
        }
    }
}

/// Who wants what comes in time gets nothing, which is no error there.
fn refused(policy: Policy, retry_after: Duration) -> Result<Reply, CallError> {
    if policy != Policy::WithinTimeout {
        return Err(CallError::CircuitOpen { retry_after });
    }
    Ok(Reply {
        attempts: 0,
        winner: None,
        body: Reply::array(&[]),
    })
}

fn reply(policy: Policy, answer: Answer<Bytes, Refusal>) -> Result<Reply, CallError> {
    let attempts = answer.attempts;
    let bodies = match answer.outcome {
        Outcome::Successes(bodies) => bodies,
        Outcome::AllFailed(refusals) => return Err(CallError::AllFailed { attempts, refusals }),
        Outcome::DeadlinePassed => return Err(CallError::DeadlinePassed { attempts }),
    };
    let winner = bodies.first();
    let body = match winner {
        Some((_, body)) if policy.wants_one() => body.clone(),
        _ => Reply::array(&bodies),
    };
    Ok(Reply {
        attempts,
        winner: winner.map(|(number, _)| *number),
        body,
    })
}
