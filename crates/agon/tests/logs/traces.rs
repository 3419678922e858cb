//! Traces, as a collector and an upstream see them.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use testkit::{App, Launch};

use crate::AGON;
use crate::http_server::{HttpServer, Received};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn spans(received: &[Received]) -> Vec<Span> {
    let sent = received
        .iter()
        .filter(|r| r.line.starts_with("POST /v1/traces "));
    let batches = sent.map(|r| ExportTraceServiceRequest::decode(&r.body[..]).unwrap());
    batches
        .flat_map(|b| b.resource_spans)
        .flat_map(|r| r.scope_spans)
        .flat_map(|s| s.spans)
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn attribute(span: &Span, name: &str) -> Option<Value> {
    let found = span.attributes.iter().find(|a| a.key == name)?;
    found.value.clone()?.value
}

fn start(upstream: &HttpServer, collector: Option<&HttpServer>) -> App {
    let upstream = format!("http://{}/work", upstream.address);
    let mut launch = Launch::new(AGON).variable("AGON_UPSTREAMS__DEFAULT__URL", &upstream);
    if let Some(collector) = collector {
        let address = format!("http://{}/", collector.address);
        launch = launch.variable("AGON_TRACE__OTLP_ENDPOINT", &address);
    }
    launch.start()
}

fn traceparent() -> String {
    format!("00-{TRACE}-{PARENT}-01")
}

#[test]
fn a_call_continues_its_callers_trace_to_the_upstream_and_the_collector() {
    let (upstream, collector) = (HttpServer::start(), HttpServer::start());
    let app = start(&upstream, Some(&collector));
    let mut connection = app.connect();
    let headers = format!("traceparent: {}\r\n", traceparent());
    connection.request("GET /api/smart?timeout=30000", &headers, b"");
    assert_eq!(connection.reply().unwrap().status, 200);

    let span = collector.wait_for(|received| {
        let spans = spans(received);
        spans.into_iter().find(|s| hex(&s.trace_id) == TRACE)
    });
    assert_eq!(span.name, "GET /api/smart");
    assert_eq!(hex(&span.parent_span_id), PARENT);
    let route = attribute(&span, "http.route");
    assert_eq!(route, Some(Value::StringValue("/api/smart".to_owned())));
    let status = attribute(&span, "http.response.status_code");
    assert_eq!(status, Some(Value::IntValue(200)));
    assert_eq!(attribute(&span, "agon.winner"), Some(Value::IntValue(1)));

    let asked = &upstream.received()[0];
    let expected = format!("00-{TRACE}-{}-01", hex(&span.span_id));
    assert_eq!(asked.header("traceparent"), Some(expected.as_str()));
}

#[test]
fn a_caller_that_does_not_want_to_be_traced_is_not() {
    let (upstream, collector) = (HttpServer::start(), HttpServer::start());
    let app = start(&upstream, Some(&collector));
    let mut connection = app.connect();
    let unsampled = format!("traceparent: 00-{TRACE}-{PARENT}-00\r\n");
    connection.request("GET /leaderboard", &unsampled, b"");
    assert_eq!(connection.reply().unwrap().status, 200);
    assert_eq!(app.get("/healthz").status, 200);
    let spans = collector.wait_for(|received| {
        let spans = spans(received);
        let later = spans.iter().any(|s| s.name == "GET /healthz");
        later.then_some(spans)
    });
    assert!(spans.iter().all(|s| hex(&s.trace_id) != TRACE));
}

#[test]
fn without_traces_of_its_own_the_callers_is_passed_on() {
    let upstream = HttpServer::start();
    let app = start(&upstream, None);
    let mut connection = app.connect();
    let headers = format!("traceparent: {}\r\n", traceparent());
    connection.request("GET /api/smart?timeout=30000", &headers, b"");
    assert_eq!(connection.reply().unwrap().status, 200);
    let asked = &upstream.received()[0];
    assert_eq!(asked.header("traceparent"), Some(traceparent().as_str()));
}

#[test]
fn the_last_traces_are_sent_at_a_stop() {
    let (upstream, collector) = (HttpServer::start(), HttpServer::start());
    let mut app = start(&upstream, Some(&collector));
    assert_eq!(app.get("/v1/boards/nowhere").status, 404);
    assert!(app.stop().success());
    let spans = spans(&collector.received());
    assert!(spans.iter().any(|s| s.name == "GET /v1/boards/{board}"));
}

const NOT_SENT: &str = "traces cannot be sent";

/// Asks again and again until the log has a line with this.
fn until_told(app: &App, what: &str) {
    let end = Instant::now() + Duration::from_secs(60);
    while !app.log().contains(what) {
        assert!(Instant::now() < end, "{what}: {}", app.log());
        assert_eq!(app.get("/leaderboard").status, 200);
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A server whose traces go there soon.
fn hasty(endpoint: &str) -> App {
    Launch::new(AGON)
        .variable("AGON_TRACE__OTLP_ENDPOINT", endpoint)
        .variable("OTEL_BSP_SCHEDULE_DELAY", "50")
        .start()
}

#[test]
fn a_collector_that_is_not_there_costs_traces_alone_and_is_told_once() {
    // Nobody listens on this one.
    let mut app = hasty("http://127.0.0.1:1");
    until_told(&app, NOT_SENT);
    // These are sent at the stop at the latest, and fail as the first did.
    assert_eq!(app.get("/leaderboard").status, 200);
    assert!(app.stop().success());
    let log = app.log();
    let told: Vec<&str> = log.lines().filter(|l| l.contains(NOT_SENT)).collect();
    assert_eq!(told.len(), 1, "{log}");
    assert!(
        told[0].contains("WARN") && told[0].contains("refused"),
        "{log}"
    );
}

#[test]
fn a_collector_that_takes_no_traces_is_told_and_when_it_does_again() {
    let collector = HttpServer::start();
    collector.answer("503 Service Unavailable");
    let app = hasty(&format!("http://{}", collector.address));
    until_told(&app, "the collector answers 503");
    collector.answer("200 OK");
    until_told(&app, "traces are sent again");
    assert_eq!(app.log().matches(NOT_SENT).count(), 1, "{}", app.log());
}
