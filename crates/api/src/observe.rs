//! What every request gets: an id, and a line in the log if it fails.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::problem::Failure;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_ID_BYTES: usize = 64;

/// Gives a reply the request's id, and logs a server error once, with the message that the client
/// is not told.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let id = sent_id(&request).unwrap_or_else(new_id);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if response.status().is_server_error() {
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
    response
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
