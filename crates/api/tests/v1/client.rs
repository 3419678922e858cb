//! Requests to the router, in process.

use std::sync::Arc;
use std::time::Duration;

use api::{Api, Limits, MatchLimits, Metrics, router};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use upstreams::Upstreams;

use crate::fake::Fake;
use crate::fake_matches::FakeMatches;

pub const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;
pub const MAX_MATCH_BYTES: usize = 16 * 1024 * 1024;

pub struct Client {
    pub store: Arc<Fake>,
    pub matches: Arc<FakeMatches>,
    api: Api,
    router: Router,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: Value,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn is_replay(&self) -> bool {
        self.header("idempotency-replayed") == Some("true")
    }

    /// The status and the code of a problem, which has the media type of one.
    pub fn problem(&self) -> (u16, &str) {
        let media_type = self.header("content-type");
        assert_eq!(
            media_type,
            Some("application/problem+json"),
            "{}",
            self.body
        );
        assert_eq!(self.body["status"], self.status.as_u16());
        (self.status.as_u16(), self.body["code"].as_str().unwrap())
    }
}

impl Client {
    pub fn new() -> Self {
        Client::with_patience(Duration::from_secs(10))
    }

    /// One whose server takes one request for matches at a time.
    pub fn with_match_deadline(deadline: Duration) -> Self {
        Client::with(Duration::from_secs(10), deadline)
    }

    pub fn with_patience(body_read_timeout: Duration) -> Self {
        Client::with(body_read_timeout, Duration::from_secs(60))
    }

    fn with(body_read_timeout: Duration, match_deadline: Duration) -> Self {
        let store = Arc::new(Fake::default());
        let matches = Arc::new(FakeMatches::default());
        let limits = Limits {
            max_body_bytes: MAX_BODY_BYTES,
            body_read_timeout,
            matching: MatchLimits {
                max_body_bytes: MAX_MATCH_BYTES,
                max_concurrent: 1,
                deadline: match_deadline,
            },
        };
        let upstreams = Upstreams::new([]).unwrap();
        let api = Api::new(store.clone(), matches.clone(), upstreams, limits);
        Client {
            store,
            matches,
            router: router(api.clone()),
            api,
        }
    }

    pub fn metrics(&self) -> &Metrics {
        self.api.metrics()
    }

    /// The server is told to stop.
    pub fn drain(&self) {
        self.api.start_draining();
    }

    /// A reply whose body comes piece by piece.
    pub async fn watch(&self, path: &str, headers: &[(&str, &str)]) -> axum::response::Response {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).unwrap();
        let reply = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = reply.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, &[], json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, &[], Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, &[], json(body)).await
    }

    pub async fn post_with_key(&self, path: &str, key: &str, body: &Value) -> Reply {
        let headers = [("idempotency-key", key)];
        self.send(Method::POST, path, &headers, json(body)).await
    }
}

fn json(body: &Value) -> Body {
    match body {
        Value::Null => Body::empty(),
        body => Body::from(body.to_string()),
    }
}
