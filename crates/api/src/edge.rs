//! What stands between the network and the routes: which web pages may ask, how many requests a client
//! may send, and what browsers are told about replies.
//!
//! From the outside in: the request's id (`observe`), so that whatever is refused here has one; answers
//! to the questions that browsers ask first, which carry no credentials; the limit of failed proofs; then
//! whoever finds out who the caller is; then the limits of callers, by who they are; then whoever judges
//! whether the caller may, so that refusals count as well.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::from_fn_with_state;
use governor::clock::DefaultClock;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::access::{admit, identify, permit};
use crate::idempotency::{KEY, REPLAYED};
use crate::observe::REQUEST_ID;
use crate::rate_limit::{
    RATE_LIMIT, RATE_LIMIT_POLICY, RateLimits, Rates, limit_clients, limit_failures,
};
use crate::state::Api;
use crate::upstream::{ATTEMPTS, WINNER};
use crate::v1::events::LAST_EVENT_ID;

/// The trace that a request belongs to (W3C Trace Context).
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACE_STATE: HeaderName = HeaderName::from_static("tracestate");

/// What is asked of requests before they reach a route; nothing by default.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    /// Which web pages may ask.
    pub cors: Option<Cors>,
    /// How many requests a client may send.
    pub rates: Option<Rates>,
}

/// Which web pages of other origins may send requests. Never with cookies or other credentials that a
/// browser adds by itself: there are none here. A token is for the page to add.
#[derive(Clone, Debug)]
pub struct Cors {
    /// Origins such as `https://game.example`; `None`: all.
    pub origins: Option<Vec<HeaderValue>>,
    /// How long a browser may remember the answer.
    pub max_age: Duration,
}

impl Cors {
    fn layer(&self) -> CorsLayer {
        let origins = match &self.origins {
            Some(origins) => AllowOrigin::list(origins.iter().cloned()),
            None => AllowOrigin::from(Any),
        };
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
            .allow_headers([
                AUTHORIZATION,
                CONTENT_TYPE,
                REQUEST_ID,
                KEY,
                LAST_EVENT_ID,
                TRACE_PARENT,
                TRACE_STATE,
            ])
            .expose_headers([
                REQUEST_ID,
                RETRY_AFTER,
                RATE_LIMIT,
                RATE_LIMIT_POLICY,
                HeaderName::from_static(REPLAYED),
                ATTEMPTS,
                WINNER,
            ])
            .max_age(self.max_age)
    }
}

impl Edge {
    /// Puts around routes whoever finds out who a caller is and judges whether it may, with the limits of callers,
    /// if there are any, where they belong.
    pub(crate) fn admit(&self, routes: Router<Api>, api: &Api) -> Router<Api> {
        let Some(rates) = &self.rates else {
            return routes.layer(from_fn_with_state(api.clone(), admit));
        };
        let limits = Arc::new(RateLimits::new(rates, &DefaultClock::default()));
        routes
            .layer(from_fn_with_state(api.clone(), permit))
            .layer(from_fn_with_state(limits.clone(), limit_clients))
            .layer(from_fn_with_state(api.clone(), identify))
            .layer(from_fn_with_state(limits, limit_failures))
    }

    /// Answers browsers that ask whether a page may.
    pub(crate) fn share<S: Clone + Send + Sync + 'static>(&self, routes: Router<S>) -> Router<S> {
        match &self.cors {
            Some(cors) => routes.layer(cors.layer()),
            None => routes,
        }
    }
}

/// A browser takes a reply for what it says it is, and nothing else.
pub(crate) fn no_guessing(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
