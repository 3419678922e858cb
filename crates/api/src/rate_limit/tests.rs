//! Limits under a clock that stands still until it is told to go.

use std::net::IpAddr;

use ::access::{Caller, Digest, Key, KeyId, Scopes};
use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use governor::clock::FakeRelativeClock;
use tower::ServiceExt;

use super::*;

/// Something for which it matters who asks.
const PATH: &str = "/leaderboard";
const TEN_A_SECOND: Duration = Duration::from_millis(100);

fn rate(every: Duration, burst: u32) -> Option<Rate> {
    let burst = NonZeroU32::new(burst).unwrap();
    Some(Rate { every, burst })
}

/// A router behind both limits. Its caller is who the header `authorization` says, but for `wrong`.
struct Limited {
    router: Router,
    clock: FakeRelativeClock,
}

/// Whoever has the key of this name.
fn caller(name: &str) -> Caller {
    Caller::Key(Arc::new(Key {
        id: KeyId::parse("00000001").unwrap(),
        name: name.to_owned(),
        scopes: Scopes::default(),
        digest: Digest::of(name),
        created_ms: 0,
        expires_ms: None,
        revoked_ms: None,
    }))
}

async fn access(mut request: Request, next: Next) -> Response {
    let proof = request.headers().get(AUTHORIZATION);
    match proof.map(|proof| proof.to_str().unwrap().to_owned()) {
        Some(proof) if proof == "wrong" => return StatusCode::UNAUTHORIZED.into_response(),
        Some(proof) => {
            request.extensions_mut().insert(caller(&proof));
        }
        None => {}
    }
    next.run(request).await
}

impl Limited {
    fn new(rates: Rates) -> Self {
        let clock = FakeRelativeClock::default();
        let limits = Arc::new(RateLimits::new(&rates, &clock));
        let router = Router::new()
            .route(PATH, get(|| async {}))
            .route("/docs", get(|| async {}))
            .route("/healthz", get(|| async {}))
            .layer(from_fn_with_state(limits.clone(), limit_clients))
            .layer(axum::middleware::from_fn(access))
            .layer(from_fn_with_state(limits, limit_failures));
        Limited { router, clock }
    }

    async fn ask(&self, path: &str, address: &str, proof: Option<&str>) -> Response {
        let mut request = Request::builder().uri(path);
        if let Some(proof) = proof {
            request = request.header(AUTHORIZATION, proof);
        }
        let mut request = request.body(Body::empty()).unwrap();
        let address: IpAddr = address.parse().unwrap();
        request.extensions_mut().insert(ClientAddress(address));
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn status(&self, address: &str, proof: Option<&str>) -> u16 {
        self.ask(PATH, address, proof).await.status().as_u16()
    }
}

fn header<'a>(reply: &'a Response, name: &str) -> Option<&'a str> {
    reply
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_client_may_send_its_burst_and_then_as_time_goes() {
    let limited = Limited::new(Rates {
        anonymous: rate(TEN_A_SECOND, 3),
        ..Rates::default()
    });
    for left in [2, 1, 0] {
        let reply = limited.ask(PATH, "192.0.2.1", None).await;
        assert_eq!(reply.status(), 200);
        let expected = format!("\"anonymous\";r={left};t=1");
        assert_eq!(header(&reply, "ratelimit"), Some(&*expected));
        assert_eq!(
            header(&reply, "ratelimit-policy"),
            Some("\"anonymous\";q=3;w=1")
        );
    }
    let reply = limited.ask(PATH, "192.0.2.1", None).await;
    assert_eq!(reply.status(), 429);
    assert_eq!(header(&reply, "retry-after"), Some("1"));
    assert_eq!(header(&reply, "ratelimit"), Some("\"anonymous\";r=0;t=1"));
    assert_eq!(
        header(&reply, "content-type"),
        Some("application/problem+json")
    );
    // Others are not meant, and neither is who asks for health.
    assert_eq!(limited.status("192.0.2.2", None).await, 200);
    let health = limited.ask("/healthz", "192.0.2.1", None).await;
    assert_eq!(
        (health.status().as_u16(), header(&health, "ratelimit")),
        (200, None)
    );
    limited.clock.advance(TEN_A_SECOND);
    assert_eq!(limited.status("192.0.2.1", None).await, 200);
    assert_eq!(limited.status("192.0.2.1", None).await, 429);
    limited.clock.advance(Duration::from_secs(3600));
    for _ in 0..3 {
        assert_eq!(limited.status("192.0.2.1", None).await, 200);
    }
    assert_eq!(limited.status("192.0.2.1", None).await, 429);
}

#[tokio::test]
async fn slow_rates_tell_how_long_to_wait() {
    let limited = Limited::new(Rates {
        anonymous: rate(Duration::from_secs(6), 10),
        ..Rates::default()
    });
    for _ in 0..10 {
        assert_eq!(limited.status("192.0.2.1", None).await, 200);
    }
    limited.clock.advance(Duration::from_millis(1500));
    let reply = limited.ask(PATH, "192.0.2.1", None).await;
    assert_eq!(reply.status(), 429);
    assert_eq!(header(&reply, "retry-after"), Some("5"));
    assert_eq!(header(&reply, "ratelimit"), Some("\"anonymous\";r=0;t=5"));
    assert_eq!(
        header(&reply, "ratelimit-policy"),
        Some("\"anonymous\";q=10;w=60")
    );
}

#[tokio::test]
async fn addresses_of_one_network_are_one_client() {
    let limited = Limited::new(Rates {
        anonymous: rate(TEN_A_SECOND, 1),
        ..Rates::default()
    });
    assert_eq!(limited.status("2001:db8::1", None).await, 200);
    assert_eq!(limited.status("2001:db8::2", None).await, 429);
    assert_eq!(limited.status("2001:db8:0:1::1", None).await, 200);
}

#[tokio::test]
async fn kinds_of_clients_have_limits_of_their_own_or_none() {
    let limited = Limited::new(Rates {
        anonymous: rate(TEN_A_SECOND, 1),
        ..Rates::default()
    });
    assert_eq!(limited.status("192.0.2.1", None).await, 200);
    assert_eq!(limited.status("192.0.2.1", None).await, 429);
    for _ in 0..100 {
        let reply = limited.ask(PATH, "192.0.2.1", Some("key")).await;
        assert_eq!(
            (reply.status().as_u16(), header(&reply, "ratelimit")),
            (200, None)
        );
    }
    let limited = Limited::new(Rates {
        server: rate(TEN_A_SECOND, 1),
        ..Rates::default()
    });
    assert_eq!(limited.status("192.0.2.1", Some("one")).await, 200);
    assert_eq!(limited.status("192.0.2.2", Some("one")).await, 429);
    assert_eq!(limited.status("192.0.2.1", Some("two")).await, 200);
}

#[tokio::test]
async fn after_some_failures_no_proof_is_looked_at_for_a_while() {
    let limited = Limited::new(Rates {
        failures: rate(Duration::from_secs(10), 3),
        ..Rates::default()
    });
    for _ in 0..4 {
        assert_eq!(limited.status("192.0.2.1", Some("wrong")).await, 401);
    }
    for proof in ["wrong", "good"] {
        let reply = limited.ask(PATH, "192.0.2.1", Some(proof)).await;
        assert_eq!(
            (reply.status().as_u16(), header(&reply, "retry-after")),
            (429, Some("10"))
        );
    }
    // Who proves nothing is not meant, nor is another network.
    assert_eq!(limited.status("192.0.2.1", None).await, 200);
    assert_eq!(limited.status("192.0.2.2", Some("good")).await, 200);
    limited.clock.advance(Duration::from_secs(10));
    assert_eq!(limited.status("192.0.2.1", Some("good")).await, 200);
}

#[tokio::test]
async fn where_no_proof_is_looked_at_nobody_is_shut_out() {
    let limited = Limited::new(Rates {
        failures: rate(Duration::from_secs(10), 1),
        ..Rates::default()
    });
    for expected in [401, 401, 429] {
        let status = limited.status("192.0.2.1", Some("wrong")).await;
        assert_eq!(status, expected);
    }
    for (path, expected) in [("/healthz", 200), ("/docs", 200), ("/nowhere", 404)] {
        let reply = limited.ask(path, "192.0.2.1", Some("good")).await;
        assert_eq!(reply.status(), expected, "{path}");
    }
}

#[tokio::test]
async fn good_proofs_count_for_nothing() {
    let limited = Limited::new(Rates {
        failures: rate(Duration::from_secs(10), 3),
        ..Rates::default()
    });
    for _ in 0..100 {
        assert_eq!(limited.status("192.0.2.1", Some("good")).await, 200);
    }
}

#[tokio::test]
async fn without_an_address_there_is_no_limit() {
    let limited = Limited::new(Rates {
        anonymous: rate(TEN_A_SECOND, 1),
        ..Rates::default()
    });
    for _ in 0..10 {
        let request = Request::builder().uri(PATH).body(Body::empty()).unwrap();
        let reply = limited.router.clone().oneshot(request).await.unwrap();
        assert_eq!(reply.status(), 200);
    }
}
