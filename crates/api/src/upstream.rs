//! Calls to upstreams: `/api/smart` and its kin on the upstream `default`, `/v1/upstreams` on all.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, RawQuery, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use upstreams::{CallError, CallRequest, Policy, Reply, Upstream};
use utoipa::IntoParams;

use crate::observe::Arrival;
use crate::openapi::{UpstreamAllErrors, UpstreamErrors};
use crate::path::FirstName;
use crate::problem::{Code, Fault, Problem};
use crate::query::{parameter, whole};
use crate::state::Api;

pub(crate) const ATTEMPTS: HeaderName = HeaderName::from_static("agon-attempts");
pub(crate) const WINNER: HeaderName = HeaderName::from_static("agon-winner");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const DEFAULT: &str = "default";

/// How long a caller is prepared to wait.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query, which is read by name")]
pub(crate) struct TimeoutQuery {
    /// Milliseconds until the reply has to be on its way, counted from the arrival of the request. The
    /// bounds are those of the default settings.
    #[param(minimum = 0, maximum = 60000, default = 1000, required = false)]
    timeout: u64,
}

/// How an upstream is called; other parameters are passed on.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query, which is read by name")]
pub(crate) struct UpstreamQuery {
    /// Milliseconds until the reply has to be on its way, counted from the arrival of the request. The
    /// bounds are those of the default settings.
    #[param(minimum = 0, maximum = 60000, default = 1000, required = false)]
    timeout: u64,
    /// `smart`, `first`, `all` or `within-timeout`; if missing, as configured.
    #[param(
        example = "smart",
        pattern = "^(smart|first|all|within-timeout)$",
        required = false
    )]
    policy: String,
}

/// Call the default upstream: hedged
///
/// One attempt; if it has not succeeded after a while (300 ms by default), or fails sooner, two more at
/// once. The first success of the three is the reply, unchanged.
#[utoipa::path(get, path = "/api/smart", tag = "upstreams", params(TimeoutQuery), responses(
    (status = 200, description = "What the upstream answered first", body = serde_json::Value, example = json!({"time": 314})),
    UpstreamErrors,
))]
pub(crate) async fn smart(call: Classic) -> Result<Response, Problem> {
    call.make(Policy::Smart).await
}

/// Call the default upstream: three at once, the first
///
/// The first success of three attempts sent at once is the reply, unchanged.
#[utoipa::path(get, path = "/api/first", tag = "upstreams", params(TimeoutQuery), responses(
    (status = 200, description = "What the upstream answered first", body = serde_json::Value, example = json!({"time": 314})),
    UpstreamErrors,
))]
pub(crate) async fn first(call: Classic) -> Result<Response, Problem> {
    call.make(Policy::First).await
}

/// Call the default upstream: three at once, all
///
/// The successes of three attempts sent at once, when all have ended.
#[utoipa::path(get, path = "/api/all", tag = "upstreams", params(TimeoutQuery), responses(
    (status = 200, description = "What the upstream answered, in the order in which it came", body = Vec<serde_json::Value>, example = json!([{"time": 314}, {"time": 591}])),
    UpstreamErrors,
))]
pub(crate) async fn all(call: Classic) -> Result<Response, Problem> {
    call.make(Policy::All).await
}

/// Call the default upstream: three at once, what comes in time
///
/// The successes of three attempts sent at once that came before the deadline, maybe none.
#[utoipa::path(get, path = "/api/within-timeout", tag = "upstreams", params(TimeoutQuery), responses(
    (status = 200, description = "What the upstream answered, in the order in which it came", body = Vec<serde_json::Value>, example = json!([{"time": 314}, {"time": 591}])),
    UpstreamAllErrors,
))]
pub(crate) async fn within_timeout(call: Classic) -> Result<Response, Problem> {
    call.make(Policy::WithinTimeout).await
}

/// Call an upstream
///
/// Calls the upstream's URL. Query parameters other than these two are passed on, and the headers that
/// its settings name.
#[utoipa::path(get, path = "/v1/upstreams/{name}", tag = "upstreams",
    params(("name" = String, Path, description = "The upstream", example = "default"), UpstreamQuery),
    responses(
        (status = 200, description = "What the upstream answered; an array under the policies `all` and `within-timeout`", body = serde_json::Value, example = json!({"time": 314})),
        UpstreamErrors,
    ))]
pub(crate) async fn named(
    State(api): State<Api>,
    Extension(arrival): Extension<Arrival>,
    FirstName(name): FirstName,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let upstream = find(&api, &name)?;
    call_named(upstream, "", &query.unwrap_or_default(), headers, arrival).await
}

/// Call an upstream, below its URL
///
/// Calls a path below the upstream's URL. Query parameters other than these two are passed on, and the
/// headers that its settings name.
#[utoipa::path(get, path = "/v1/upstreams/{name}/{*path}", tag = "upstreams",
    params(
        ("name" = String, Path, description = "The upstream", example = "default"),
        ("path" = String, Path, description = "Below the upstream's URL; may have slashes", example = "eu"),
        UpstreamQuery,
    ),
    responses(
        (status = 200, description = "What the upstream answered; an array under the policies `all` and `within-timeout`", body = serde_json::Value, example = json!({"time": 314})),
        UpstreamErrors,
    ))]
pub(crate) async fn named_path(
    State(api): State<Api>,
    Extension(arrival): Extension<Arrival>,
    FirstName(name): FirstName,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let upstream = find(&api, &name)?;
    // As it was sent: decoding and encoding again might change it.
    let path = uri.path().splitn(5, '/').nth(4).unwrap_or_default();
    let query = uri.query().unwrap_or_default();
    call_named(upstream, path, query, headers, arrival).await
}

async fn call_named(
    upstream: &Arc<Upstream>,
    path: &str,
    query: &str,
    headers: HeaderMap,
    arrival: Arrival,
) -> Result<Response, Problem> {
    let mut faults = Vec::new();
    let timeout = timeout(upstream, query, &mut faults);
    let policy = policy(upstream, query, &mut faults);
    let request = CallRequest::new(path, &passed_on(query), headers);
    let request = request.map_err(|e| faults.push(Fault::parameter("path", e.to_string())));
    match request {
        Ok(request) if faults.is_empty() => {
            answer(upstream.call(request, policy, arrival.0 + timeout).await)
        }
        _ => Err(Problem::faults(Code::InvalidRequest, faults)),
    }
}

/// A call on one of the classic paths.
pub(crate) struct Classic {
    upstream: Arc<Upstream>,
    deadline: Instant,
    headers: HeaderMap,
}

impl axum::extract::FromRequestParts<Api> for Classic {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        api: &Api,
    ) -> Result<Self, Problem> {
        let arrival = Arrival::of(parts);
        let upstream = find(api, DEFAULT)?;
        let mut faults = Vec::new();
        let query = parts.uri.query().unwrap_or_default();
        let timeout = timeout(upstream, query, &mut faults);
        if !faults.is_empty() {
            return Err(Problem::faults(Code::InvalidRequest, faults));
        }
        Ok(Classic {
            upstream: Arc::clone(upstream),
            deadline: arrival.0 + timeout,
            headers: parts.headers.clone(),
        })
    }
}

impl Classic {
    async fn make(self, policy: Policy) -> Result<Response, Problem> {
        let request = CallRequest::new("", "", self.headers);
        let request = request.map_err(|e| Problem::parameter("path", e.to_string()))?;
        answer(self.upstream.call(request, policy, self.deadline).await)
    }
}

fn find<'a>(api: &'a Api, name: &str) -> Result<&'a Arc<Upstream>, Problem> {
    let unknown = || {
        Problem::new(
            Code::UpstreamNotFound,
            format!("there is no upstream {name}"),
        )
    };
    api.upstreams.get(name).ok_or_else(unknown)
}

fn timeout(upstream: &Upstream, query: &str, faults: &mut Vec<Fault>) -> Duration {
    let timeouts = upstream.timeouts();
    let [min, max, default] = [timeouts.min, timeouts.max, timeouts.default]
        .map(|t| u64::try_from(t.as_millis()).unwrap_or(u64::MAX));
    Duration::from_millis(whole(query, "timeout", min..=max, default, faults))
}

fn policy(upstream: &Upstream, query: &str, faults: &mut Vec<Fault>) -> Policy {
    let text = parameter(query, "policy", faults);
    let parsed = text.map_or(Ok(upstream.policy()), |text| text.parse());
    parsed.unwrap_or_else(|e: upstreams::UnknownPolicy| {
        faults.push(Fault::parameter("policy", e.to_string()));
        upstream.policy()
    })
}

/// A query without the parameters that are ours; the rest as it was sent.
fn passed_on(query: &str) -> String {
    let ours = |part: &&str| {
        let name = form_urlencoded::parse(part.as_bytes()).next();
        name.is_some_and(|(name, _)| name == "timeout" || name == "policy")
    };
    let others: Vec<&str> = query.split('&').filter(|part| !ours(part)).collect();
    others.join("&")
}

fn answer(result: Result<Reply, CallError>) -> Result<Response, Problem> {
    let Reply {
        attempts,
        winner,
        body,
    } = result?;
    let mut response = ([(CONTENT_TYPE, JSON)], body).into_response();
    let headers = response.headers_mut();
    headers.insert(ATTEMPTS, attempts.into());
    headers.extend(winner.map(|winner| (WINNER, winner.into())));
    Ok(response)
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        let attempts = |n: u32| (ATTEMPTS, HeaderValue::from(n));
        match error {
            CallError::DeadlinePassed { attempts: sent } => {
                Problem::of(Code::UpstreamTimeout).with_header(attempts(sent))
            }
            CallError::AllFailed { attempts: sent, .. } => {
                Problem::of(Code::UpstreamFailed).with_header(attempts(sent))
            }
            CallError::Busy => Problem::of(Code::UpstreamBusy).with_header(attempts(0)),
            CallError::CircuitOpen { retry_after } => {
                // Rounded up, so that whoever waits does not come too early.
                let seconds = retry_after.as_millis().div_ceil(1000).max(1);
                let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
                Problem::of(Code::UpstreamUnavailable)
                    .with_header(attempts(0))
                    .with_header((RETRY_AFTER, seconds.into()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_parameters_are_not_passed_on() {
        for (query, expected) in [
            ("", ""),
            ("timeout=5", ""),
            ("a=1&timeout=5&b=%20&policy=all", "a=1&b=%20"),
            ("time%6fut=5&x", "x"),
            ("timeouts=5&a=&a=2", "timeouts=5&a=&a=2"),
        ] {
            assert_eq!(passed_on(query), expected, "{query}");
        }
    }
}
