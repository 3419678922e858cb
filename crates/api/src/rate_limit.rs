//! How many requests a client may send: so many a second and so many at once, by the kind of client.
//!
//! Two limits, since it costs something to find out who a caller is. Whoever fails to prove who it is,
//! is counted by its network before the next proof is looked at ([`limit_failures`]); everybody else is
//! counted once it is known who it is ([`limit_clients`]), whatever becomes of the request. Only failures
//! count for the first, so many good callers behind one address are not in each other's way.
//!
//! Limits are kept in the memory of this process, for as many clients as fit (see [`recent`]); several
//! nodes count each for itself. Replies say what is left (the IETF's draft of `RateLimit` fields).

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::{Quota, RateLimiter};

use crate::access::takes_proof;
use crate::client::{Client, ClientAddress};
use crate::problem::{Code, Problem};

mod recent;

use recent::Recent;

pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Clients of a kind that are remembered; some 20 MiB where all of them are there.
const MAX_CLIENTS: usize = 200_000;
/// Paths for whoever watches over the server, which has to answer them in a flood above all.
pub(crate) const EXEMPT: [&str; 2] = ["/healthz", "/readyz"];

/// How many requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// How often one more may come. More than zero.
    pub every: Duration,
    /// How many may come at once after a rest.
    pub burst: NonZeroU32,
}

/// How many requests clients of each kind may send; `None`: as many as they like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Of one network, from callers who say nothing of who they are.
    pub anonymous: Option<Rate>,
    /// Of one player.
    pub player: Option<Rate>,
    /// With one server key.
    pub server: Option<Rate>,
    /// Failed proofs of who a caller is, of one network.
    pub failures: Option<Rate>,
}

/// What has been asked lately, and by whom.
pub(crate) struct RateLimits<C: Clock = DefaultClock> {
    anonymous: Option<Limit<C>>,
    player: Option<Limit<C>>,
    server: Option<Limit<C>>,
    failures: Option<Failures<C>>,
}

/// The limit of one kind of client.
struct Limit<C: Clock> {
    name: &'static str,
    rate: Rate,
    limiter: Limiter<Client, C>,
}

/// Networks from which proofs have failed.
struct Failures<C: Clock> {
    limiter: Limiter<IpAddr, C>,
    /// Until when no more proofs are looked at.
    shut_until: Recent<IpAddr, C::Instant>,
}

type Limiter<K, C> = RateLimiter<K, Recent<K, Nanos>, C, StateInformationMiddleware>;

/// What a limit says of a request.
struct Verdict {
    /// How long to wait, where it is refused.
    refused_for: Option<Duration>,
    /// The two fields that tell the client where it stands.
    fields: [(HeaderName, String); 2],
}

impl<C: Clock + Clone> RateLimits<C> {
    pub(crate) fn new(rates: &Rates, clock: &C) -> Self {
        let limit = |name, rate: Option<Rate>| {
            rate.map(|rate| Limit {
                name,
                rate,
                limiter: limiter(rate, clock),
            })
        };
        RateLimits {
            anonymous: limit("anonymous", rates.anonymous),
            player: limit("player", rates.player),
            server: limit("server", rates.server),
            failures: rates.failures.map(|rate| Failures {
                limiter: limiter(rate, clock),
                shut_until: Recent::new(MAX_CLIENTS),
            }),
        }
    }

    fn of(&self, client: &Client) -> Option<&Limit<C>> {
        match client {
            Client::Network(_) => self.anonymous.as_ref(),
            Client::Player(_) => self.player.as_ref(),
            Client::Server(_) => self.server.as_ref(),
        }
    }
}

fn limiter<K: std::hash::Hash + Eq + Clone, C: Clock + Clone>(
    rate: Rate,
    clock: &C,
) -> Limiter<K, C> {
    // Of no time at all there is no quota; settings refuse it.
    let quota = Quota::with_period(rate.every.max(Duration::from_nanos(1)))
        .unwrap_or(Quota::per_second(NonZeroU32::MIN));
    let quota = quota.allow_burst(rate.burst);
    RateLimiter::new(quota, Recent::new(MAX_CLIENTS), clock.clone())
}

impl<C: Clock> Limit<C> {
    fn judge(&self, client: &Client) -> Verdict {
        let (left, refused_for) = match self.limiter.check_key(client) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(not) => (0, Some(not.wait_time_from(self.limiter.clock().now()))),
        };
        let Limit { name, rate, .. } = self;
        let next = seconds(refused_for.unwrap_or(rate.every));
        let whole = seconds(rate.every.saturating_mul(rate.burst.get()));
        Verdict {
            refused_for,
            fields: [
                (RATE_LIMIT, format!("\"{name}\";r={left};t={next}")),
                (
                    RATE_LIMIT_POLICY,
                    format!("\"{name}\";q={};w={whole}", rate.burst),
                ),
            ],
        }
    }
}

impl<C: Clock> Failures<C> {
    /// How long no proof from there is looked at.
    fn shut_for(&self, network: IpAddr) -> Option<Duration> {
        let until = self.shut_until.get(&network)?;
        let now = self.limiter.clock().now();
        let left = Duration::from(governor::clock::Reference::duration_since(&until, now));
        (!left.is_zero()).then_some(left)
    }

    fn note(&self, network: IpAddr) {
        if let Err(not) = self.limiter.check_key(&network) {
            self.shut_until.insert(&network, not.earliest_possible());
        }
    }
}

/// Rounded up: whoever waits as long is let in.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

fn refusal(wait: Duration) -> Problem {
    let wait = seconds(wait).max(1);
    let detail = format!("too many requests; ask again in {wait} s");
    Problem::new(Code::RateLimited, detail).with_header((RETRY_AFTER, HeaderValue::from(wait)))
}

/// Refuses another proof of who a caller is, where several from its network have failed and one would be looked
/// at. Belongs outside of what looks at proofs.
pub(crate) async fn limit_failures<C: Clock + Clone + Send + Sync + 'static>(
    State(limits): State<Arc<RateLimits<C>>>,
    request: Request,
    next: Next,
) -> Response
where
    C::Instant: Send,
{
    let network = request
        .extensions()
        .get()
        .map(|a: &ClientAddress| a.network());
    let proves = request.headers().contains_key(AUTHORIZATION) && takes_proof(&request);
    let (Some(failures), Some(network), true) = (&limits.failures, network, proves) else {
        return next.run(request).await;
    };
    if let Some(wait) = failures.shut_for(network) {
        return refusal(wait).into_response();
    }
    let reply = next.run(request).await;
    if reply.status() == StatusCode::UNAUTHORIZED {
        failures.note(network);
    }
    reply
}

/// Refuses a request of a client that has sent too many, and tells all others what is left. Belongs
/// inside of what finds out who a caller is.
pub(crate) async fn limit_clients<C: Clock + Clone + Send + Sync + 'static>(
    State(limits): State<Arc<RateLimits<C>>>,
    request: Request,
    next: Next,
) -> Response
where
    C::Instant: Send,
{
    let client = Client::of(request.extensions());
    let limit = client.as_ref().and_then(|client| limits.of(client));
    let (Some(client), Some(limit)) = (&client, limit) else {
        return next.run(request).await;
    };
    if EXEMPT.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let verdict = limit.judge(client);
    let mut reply = match verdict.refused_for {
        Some(wait) => refusal(wait).into_response(),
        None => next.run(request).await,
    };
    for (name, value) in verdict.fields {
        if let Ok(value) = HeaderValue::try_from(value) {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}

#[cfg(test)]
mod tests;
