//! What every request gets: an id, and a line in the log if it fails.

use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::time::Instant;

use crate::edge::no_guessing;
use crate::problem::{Code, Failure, Problem};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_ID_BYTES: usize = 64;

/// When a request came, which its deadline is counted from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival(pub(crate) Instant);

impl Arrival {
    /// Of this request.
    pub(crate) fn of(parts: &Parts) -> Self {
        let arrival = parts.extensions.get().copied();
        arrival.unwrap_or_else(|| Arrival(Instant::now()))
    }
}

/// Gives a reply the request's id, and logs a fault of the server's own, with the message that the
/// client is not told. A refusal for the time being, 503, is not one: what causes it is logged where
/// it begins, and a line for every request would bury that.
pub(crate) async fn observe(mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Arrival(Instant::now()));
    let id = sent_id(&request).unwrap_or_else(new_id);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = survive(next.run(request)).await;
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        let failure = response.extensions().get::<Failure>();
        tracing::error!(
            request_id = id.to_str().unwrap_or_default(),
            %method,
            route = route.as_ref().map_or("none", MatchedPath::as_str),
            status = response.status().as_u16(),
            code = failure.map_or("internal", |f| f.code),
            message = failure.map_or("", |f| f.message.as_str()),
            "request failed",
        );
    }
    response.headers_mut().insert(REQUEST_ID, id);
    no_guessing(response.headers_mut());
    response
}

/// A handler that panics costs its request a 500, not the connection; the panic itself is on standard
/// error already.
async fn survive(handler: impl Future<Output = Response>) -> Response {
    let outcome = AssertUnwindSafe(handler).catch_unwind().await;
    outcome.unwrap_or_else(|_| {
        Problem::new(Code::Internal, Code::Internal.example_detail()).into_response()
    })
}

/// An id from a proxy or client is kept, so that one request has one id all the way; but not one
/// that could write into the log what it likes.
fn sent_id(request: &Request) -> Option<HeaderValue> {
    let id = request.headers().get(REQUEST_ID)?;
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let fit = !id.is_empty() && id.len() <= MAX_ID_BYTES && id.as_bytes().iter().all(plain);
    fit.then(|| id.clone())
}

/// Unique among processes by a random half, within one by a counter.
fn new_id() -> HeaderValue {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| fastrand::u64(..));
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let id = format!(
        "{:016x}{:016x}",
        *PROCESS,
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("none"))
}
