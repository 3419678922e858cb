//! A span for each request, where traces are asked for.
//!
//! It continues the trace of the caller (W3C Trace Context, `traceparent`), and what is called for the request is
//! told of it by the same header. Paths are told as templates, since they hold players.

use std::fmt;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::global::{BoxedTracer, ObjectSafeTracer};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// What makes spans; cheap to clone.
#[derive(Clone)]
pub struct Tracer(Arc<BoxedTracer>);

impl Tracer {
    /// Spans go where this tracer sends them.
    pub fn new(tracer: impl ObjectSafeTracer + Send + Sync + 'static) -> Self {
        Tracer(Arc::new(BoxedTracer::new(Box::new(tracer))))
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tracer")
    }
}

/// The trace that a reply belongs to, for the log.
#[derive(Clone, Copy)]
pub(crate) struct TraceOf(pub(crate) opentelemetry::TraceId);

/// Makes the span of a request. If the request is dropped before its reply, the span ends without a status.
pub(crate) async fn trace(
    State(tracer): State<Tracer>,
    mut request: Request,
    next: Next,
) -> Response {
    let span = begin(&tracer, &request);
    hand_down(&span, request.headers_mut());
    let mut response = next.run(request).await;
    end(&span, &response);
    let trace_id = span.span().span_context().trace_id();
    response.extensions_mut().insert(TraceOf(trace_id));
    response
}

fn begin(tracer: &Tracer, request: &Request) -> Context {
    let parent = TraceContextPropagator::new()
        .extract_with_context(&Context::new(), &HeaderExtractor(request.headers()));
    let method = request.method().as_str();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str);
    let span = tracer
        .0
        .span_builder(format!("{method} {route}"))
        .with_kind(SpanKind::Server)
        .with_attributes([
            KeyValue::new("http.request.method", method.to_owned()),
            KeyValue::new("http.route", route.to_owned()),
        ])
        .start_with_context(&*tracer.0, &parent);
    parent.with_span(span)
}

/// From here on the request's trace is this span, also for upstreams.
fn hand_down(span: &Context, headers: &mut HeaderMap) {
    TraceContextPropagator::new().inject_context(span, &mut HeaderInjector(headers));
}

fn end(span: &Context, response: &Response) {
    let span = span.span();
    let status = response.status();
    span.set_attribute(KeyValue::new(
        "http.response.status_code",
        i64::from(status.as_u16()),
    ));
    for name in ["agon-attempts", "agon-winner"] {
        let number = response.headers().get(name).and_then(|v| v.to_str().ok());
        if let Some(number) = number.and_then(|n| n.parse::<i64>().ok()) {
            span.set_attribute(KeyValue::new(name.replace('-', "."), number));
        }
    }
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
    span.end();
}
