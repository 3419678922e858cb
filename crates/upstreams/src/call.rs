//! One attempt: an endpoint, a request, a verdict, and what is learnt of it.

use std::time::Duration;

use bytes::Bytes;
use hedge::Failed;
use http::HeaderMap;
use http::header::{ACCEPT, HeaderValue, USER_AGENT};
use tokio::time::Instant;

use crate::error::Refusal;
use crate::reply::pushback;
use crate::request::CallRequest;
use crate::upstream::Upstream;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("agon/", env!("CARGO_PKG_VERSION")));

impl Upstream {
    /// What is sent with every attempt of a call.
    pub(crate) fn headers(&self, request: &CallRequest) -> HeaderMap {
        let mut headers = request.forwarded(&self.settings.forward_headers);
        headers.entry(ACCEPT).or_insert(JSON);
        headers.entry(USER_AGENT).or_insert(AGENT);
        headers
    }

    pub(crate) async fn attempt(
        &self,
        endpoint: usize,
        request: &CallRequest,
        headers: HeaderMap,
    ) -> Result<Bytes, Failed<Refusal>> {
        let fate = Fate::new(self, endpoint);
        let mut pause = None;
        let result = self.fetch(endpoint, request, headers, &mut pause).await;
        fate.decided();
        match result {
            Ok(body) => {
                self.endpoints.succeeded(endpoint);
                if self.circuit.succeeded() {
                    tracing::info!(upstream = self.name, "circuit closed: it answers again");
                }
                Ok(body)
            }
            Err(error) => {
                tracing::debug!(upstream = self.name, endpoint, %error, "attempt failed");
                self.count_refusal(&error);
                self.strike(endpoint, pause);
                self.fault();
                Err(Failed {
                    error,
                    pushback: pause.filter(|_| self.endpoints.in_use(Instant::now()) == 0),
                })
            }
        }
    }

    async fn fetch(
        &self,
        endpoint: usize,
        request: &CallRequest,
        headers: HeaderMap,
        pause: &mut Option<Duration>,
    ) -> Result<Bytes, Refusal> {
        let uri = request.uri(&self.settings.urls[endpoint]);
        let uri = uri.ok_or_else(|| Refusal::Broken("no such address".to_owned()))?;
        let reply = self.client.get(uri, headers).await;
        let reply = reply.map_err(Refusal::Broken)?;
        *pause = pushback(reply.status(), reply.headers());
        self.rule.read(reply).await
    }

    /// Counts against an endpoint.
    fn strike(&self, endpoint: usize, pause: Option<Duration>) {
        let ejected = self.endpoints.failed(endpoint, pause, Instant::now());
        if let Some(time) = ejected.filter(|_| self.endpoints.len() > 1) {
            let url = self.settings.urls[endpoint].host().unwrap_or_default();
            tracing::warn!(
                upstream = self.name,
                endpoint,
                url,
                ?time,
                "endpoint left out"
            );
        }
    }

    /// Counts against the upstream as a whole.
    fn fault(&self) {
        if self.circuit.failed(Instant::now()) {
            tracing::warn!(
                upstream = self.name,
                "circuit open: nothing has succeeded for a while"
            );
        }
    }
}

/// Judges an attempt that is dropped before it has ended.
///
/// One that was given as much time as calls have by default, and had not ended, counts as a failure;
/// a caller who gave it less proves nothing about the upstream. One that had at least the time after
/// which hedges are sent counts against its endpoint, which others may have outrun.
struct Fate<'a> {
    upstream: &'a Upstream,
    endpoint: usize,
    started: Instant,
    decided: bool,
}

impl<'a> Fate<'a> {
    fn new(upstream: &'a Upstream, endpoint: usize) -> Self {
        Fate {
            upstream,
            endpoint,
            started: Instant::now(),
            decided: false,
        }
    }

    fn decided(mut self) {
        self.decided = true;
    }
}

impl Drop for Fate<'_> {
    fn drop(&mut self) {
        if self.decided {
            return;
        }
        let had = self.started.elapsed();
        if had >= self.upstream.hedger.current_delay() {
            self.upstream.strike(self.endpoint, None);
        }
        if had >= self.upstream.settings.timeouts.default {
            self.upstream.fault();
        }
    }
}
