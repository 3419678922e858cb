//! `POST /v1/queues/{queue}:simulate`: what may be asked, what it may cost, what comes back.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use crate::client::Client;

const PATH: &str = "/v1/queues/duel:simulate";

#[tokio::test]
async fn a_queue_is_tried_out_and_the_same_body_has_the_same_reply() {
    let client = Client::new();
    let body = json!({"arrivals_per_s": 4, "lasts_s": 120, "party": {"1": 1}, "seed": 7});
    let first = client.post(PATH, &body).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let found = &first.body["simulation"];
    assert_eq!(found["lasted_s"], 120.0);
    // A Poisson process of 480 expected tickets; six standard deviations are 131.
    let arrived = found["tickets"]["arrived"].as_u64().unwrap();
    assert!((349..=611).contains(&arrived), "{arrived}");
    assert!(found["matches"].as_u64().unwrap() > 0);
    assert_eq!(client.post(PATH, &body).await.body, first.body);
    let other = json!({"arrivals_per_s": 4, "lasts_s": 120, "party": {"1": 1}, "seed": 8});
    assert_ne!(client.post(PATH, &other).await.body, first.body);
    assert!(client.matches.changes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn other_settings_may_be_tried() {
    let client = Client::new();
    let body = json!({
        "lasts_s": 60,
        "settings": {"teams": {"count": 2, "min_size": 3}, "ticket_ttl_ms": 5000},
    });
    let reply = client.post(PATH, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.body["settings"]["teams"]["min_size"], 3);
    assert_eq!(reply.body["settings"]["ticket_ttl_ms"], 5000);
}

#[tokio::test]
async fn every_fault_is_told_with_its_place() {
    let client = Client::new();
    let body = json!({
        "arrivals_per_s": "many", "lasts_s": 0, "interval_s": -1, "ratings": "normal", "start": "old",
        "players": 0, "party": {"x": 1}, "regions": {"eu": -1}, "seed": 1.5,
        "settings": {"teams": {"min_size": 0}},
    });
    let reply = client.post(PATH, &body).await;
    assert_eq!(reply.problem(), (400, "invalid_request"));
    let faults = reply.body["errors"].as_array().unwrap();
    let places: Vec<&str> = faults
        .iter()
        .filter_map(|f| f["pointer"].as_str())
        .collect();
    for place in [
        "/arrivals_per_s",
        "/lasts_s",
        "/interval_s",
        "/ratings",
        "/start",
        "/players",
        "/party/x",
        "/regions/eu",
        "/seed",
        "/settings/teams/min_size",
    ] {
        assert!(places.contains(&place), "{place} is missing in {places:?}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_or_is_too_much_is_refused() {
    let client = Client::new();
    let refused = |body: Value, what: &'static str| {
        let client = &client;
        async move {
            let reply = client.post(PATH, &body).await;
            assert_eq!(reply.problem(), (400, "invalid_request"), "{body}");
            let detail = reply.body["detail"].as_str().unwrap();
            assert!(detail.contains(what), "{detail}");
        }
    };
    refused(json!({"arrivals_per_s": 0}), "arrivals").await;
    let rare = json!({"lasts_s": 10, "arrivals_per_s": 1e-20});
    refused(rare, "from 0.000000001 a second on").await;
    refused(json!({"arrivals_per_s": 1000, "lasts_s": 1001}), "1000000").await;
    refused(
        json!({"lasts_s": 31_000_000, "arrivals_per_s": 0.001}),
        "looks",
    )
    .await;
    refused(json!({"party": {"9": 1}}), "party of 9").await;
    refused(json!({"decline": 2}), "declines").await;
}

#[tokio::test]
async fn other_methods_and_verbs_are_refused() {
    let client = Client::new();
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        let reply = client.send(method.clone(), PATH, &[], Body::empty()).await;
        assert_eq!(reply.problem(), (405, "method_not_allowed"), "{method}");
        assert_eq!(reply.header("allow"), Some("POST"), "{method}");
    }
    let reply = client.post("/v1/queues/duel", &json!({})).await;
    assert_eq!(reply.problem(), (405, "method_not_allowed"));
    assert_eq!(reply.header("allow"), Some("DELETE,GET,HEAD,PUT"));
    let patch = client
        .send(Method::PATCH, "/v1/queues/duel", &[], Body::empty())
        .await;
    assert_eq!(patch.header("allow"), Some("DELETE,GET,HEAD,PUT"));
    let reply = client.post("/v1/queues/duel:stimulate", &json!({})).await;
    assert_eq!(reply.problem(), (404, "not_found"));
    let reply = client.post("/v1/queues/-:simulate", &json!({})).await;
    assert_eq!(reply.problem(), (400, "invalid_request"));
}
