//! What every request gets: an id, a place in the metrics, and a line in the log if it fails or all are to
//! have one.

use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::time::Instant;
use tracing::Level;

use crate::edge::no_guessing;
use crate::metrics::Metrics;
use crate::problem::{Code, Failure, Problem};
use crate::trace::TraceOf;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_ID_BYTES: usize = 64;
/// The target of the lines that tell of requests: failures at level error, all others at level info.
pub const REQUEST_LOG: &str = "agon::request";

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

/// Gives a reply the request's id, the metrics its count, and the request its line in the log.
pub(crate) async fn observe(
    State(metrics): State<Metrics>,
    mut request: Request,
    next: Next,
) -> Response {
    let arrival = Instant::now();
    request.extensions_mut().insert(Arrival(arrival));
    let id = sent_id(&request).unwrap_or_else(new_id);
    let told = Told {
        method: request.method().clone(),
        route: request.extensions().get::<MatchedPath>().cloned(),
        arrival,
    };
    let requests = metrics.requests();
    let measured = requests.begin(&told.method, told.route.as_ref(), arrival);
    let mut response = survive(next.run(request)).await;
    measured.replied(response.status());
    told.log(&id, &response);
    response.headers_mut().insert(REQUEST_ID, id);
    no_guessing(response.headers_mut());
    response
}

/// What the log tells of a request.
struct Told {
    method: Method,
    route: Option<MatchedPath>,
    arrival: Instant,
}

impl Told {
    /// A fault of the server's own is logged always, with the message that the client is not told. A refusal for
    /// the time being, 503, is not one: what causes it is logged where it begins, and a line for every request
    /// would bury that.
    fn log(&self, id: &HeaderValue, response: &Response) {
        let status = response.status();
        let failed = status == StatusCode::INTERNAL_SERVER_ERROR;
        if !failed && !tracing::enabled!(target: REQUEST_LOG, Level::INFO) {
            return;
        }
        let request_id = id.to_str().unwrap_or_default();
        let route = self.route.as_ref().map_or("none", MatchedPath::as_str);
        let method = self.method.as_str();
        let status = status.as_u16();
        let duration_ms = self.arrival.elapsed().as_micros() as f64 / 1000.0;
        let trace_id = response.extensions().get::<TraceOf>();
        let trace_id = trace_id.map(|TraceOf(id)| tracing::field::display(id));
        if failed {
            let failure = response.extensions().get::<Failure>();
            let code = failure.map_or("internal", |f| f.code);
            let reason = failure.map_or("", |f| f.message.as_str());
            tracing::error!(target: REQUEST_LOG, request_id, method, route, status, duration_ms, trace_id, code, reason, "request failed");
        } else {
            tracing::info!(target: REQUEST_LOG, request_id, method, route, status, duration_ms, trace_id, "request");
        }
    }
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
