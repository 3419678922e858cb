//! `POST /v1/match`: what may be sent, and what it may cost.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use crate::client::{Client, MAX_BODY_BYTES, MAX_MATCH_BYTES};

const PATH: &str = "/v1/match";

/// So many tickets of one player each.
fn tickets(count: usize) -> Value {
    let ticket = |n: usize| {
        let player = format!("00000000-0000-4000-8000-{n:012}");
        json!({
            "ticket_id": format!("t{n}"), "waited_s": (n % 60) as f64 / 2.0,
            "players": [{"player_id": player, "rating": 1000 + n * 7919 % 1000, "latencies_ms": {"eu": 31, "us": 120}}],
        })
    };
    let rules = json!({
        "teams": {"min_size": 5}, "rating": {"spread": 100, "widen_per_s": 10, "max_spread": 500, "max_team_gap": 60},
    });
    json!({"rules": rules, "tickets": (0..count).map(ticket).collect::<Vec<_>>()})
}

#[tokio::test]
async fn tickets_are_matched_and_the_same_body_has_the_same_reply() {
    let client = Client::new();
    let body = tickets(105);
    let first = client.post(PATH, &body).await;
    assert_eq!(
        (first.status.as_u16(), first.header("content-type")),
        (200, Some("application/json"))
    );
    let matches = first.body["matches"].as_array().unwrap();
    let unmatched = first.body["unmatched"].as_array().unwrap();
    assert!(!matches.is_empty());
    assert_eq!(matches.len() * 10 + unmatched.len(), 105);
    assert_eq!(client.post(PATH, &body).await.body, first.body);
    assert!(client.matches.changes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_may_be_larger_than_others_but_not_without_end() {
    let client = Client::new();
    let body = tickets(20_000);
    assert!(body.to_string().len() > MAX_BODY_BYTES);
    assert_eq!(client.post(PATH, &body).await.status, 200);
    let large = Body::from(" ".repeat(MAX_MATCH_BYTES + 1));
    let reply = client.send(Method::POST, PATH, &[], large).await;
    assert_eq!(reply.problem(), (413, "body_too_large"));
}

#[tokio::test]
async fn faults_are_told_with_their_places() {
    let client = Client::new();
    let mut body = tickets(3);
    body["tickets"][1]["players"][0]["rating"] = json!(-1);
    body["tickets"][2]["ticket_id"] = json!("t0");
    let reply = client.post(PATH, &body).await;
    assert_eq!(reply.problem(), (400, "invalid_request"));
    let errors = reply.body["errors"].as_array().unwrap().iter();
    let told: Vec<String> = errors
        .map(|e| {
            format!(
                "{} {}",
                e["pointer"].as_str().unwrap(),
                e["detail"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "/tickets/1/players/0/rating must be a number from 0 to 1000000000",
            "/tickets/0/ticket_id is the same as /tickets/2/ticket_id",
            "/tickets/2/ticket_id is the same as /tickets/0/ticket_id",
        ]
    );
    let reply = client
        .send(Method::POST, PATH, &[], Body::from("{\"rules\":"))
        .await;
    assert_eq!(reply.problem(), (400, "malformed_json"));
    let text = [("content-type", "text/plain")];
    let reply = client
        .send(Method::POST, PATH, &text, Body::from("{}"))
        .await;
    assert_eq!(reply.problem(), (415, "unsupported_media_type"));
}

#[tokio::test]
async fn what_is_late_is_told_and_keeps_its_place_until_it_ends() {
    let client = Client::with_match_deadline(Duration::ZERO);
    let late = client.post(PATH, &tickets(50_000)).await;
    assert_eq!(late.problem(), (503, "match_timeout"));
    assert_eq!(late.header("retry-after"), Some("1"));
    // The computation goes on, and there is one place.
    let refused = client.post(PATH, &tickets(1)).await;
    assert_eq!(refused.problem(), (503, "overloaded"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    loop {
        let reply = client.post(PATH, &tickets(1)).await;
        // A small one may be there before anybody looks at the time.
        if reply.status == 200 || reply.problem() == (503, "match_timeout") {
            break;
        }
        assert_eq!(reply.problem(), (503, "overloaded"));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
