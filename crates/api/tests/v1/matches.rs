//! Matches accepted, declined and finished; backfills; what matches make of players.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use matchmaking::{MatchResult, QueueChange, Who};
use serde_json::{Value, json};

use crate::client::Client;
use crate::fake_matches::{ADA, BOB, MATCH};

fn path(rest: &str) -> String {
    format!("/v1/matches/{MATCH}{rest}")
}

#[tokio::test]
async fn a_match_is_accepted_and_declined_for_a_player_or_a_ticket() {
    let client = Client::new();
    let reply = client
        .post(&path(":accept"), &json!({"player_id": ADA}))
        .await;
    assert_eq!(
        (reply.status, &reply.body["status"]),
        (StatusCode::OK, &json!("proposed"))
    );
    assert_eq!(reply.body["accepted"], json!([ADA]));
    let reply = client
        .post(&path(":decline"), &json!({"ticket_id": "t1"}))
        .await;
    assert_eq!(
        (&reply.body["status"], &reply.body["failed_because_of"]),
        (&json!("failed"), &json!([ADA]))
    );
    let encoded = path("%3Aaccept");
    assert_eq!(
        client
            .post(&encoded, &json!({"ticket_id": "t1"}))
            .await
            .status,
        StatusCode::OK
    );
    let changes = client.matches.changes.lock().unwrap();
    let accepts = |change: &QueueChange| matches!(change, QueueChange::Accept { match_id, .. } if match_id.to_string() == MATCH);
    assert!(accepts(&changes[0]) && accepts(&changes[2]));
    assert!(
        matches!(&changes[1], QueueChange::Decline { who: Who::Ticket(t), .. } if t.as_str() == "t1")
    );
}

#[tokio::test]
async fn accepting_is_repeated_under_a_key() {
    let client = Client::new();
    let body = json!({"player_id": ADA});
    let first = client.post_with_key(&path(":accept"), "k", &body).await;
    let again = client.post_with_key(&path(":accept"), "k", &body).await;
    assert!(again.is_replay() && !first.is_replay());
    assert_eq!(again.body, first.body);
    let other = client.post_with_key(&path(":decline"), "k", &body).await;
    assert_eq!(other.problem(), (422, "idempotency_key_reused"));
    assert_eq!(client.matches.changes.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_stands_behind_a_match_is_a_verb() {
    let client = Client::new();
    let body = json!({"player_id": ADA});
    let reply = client.post(&path(":reject"), &body).await;
    assert_eq!(reply.problem(), (404, "not_found"));
    let reply = client.post(&path(""), &body).await;
    assert_eq!(reply.problem(), (405, "method_not_allowed"));
    assert_eq!(reply.header("allow"), Some("GET,HEAD"));
    let reply = client.get(&path(":accept")).await;
    assert_eq!(reply.problem(), (405, "method_not_allowed"));
    assert_eq!(reply.header("allow"), Some("POST"));
    // Methods that the router has at neither.
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        for (behind, allowed) in [("", "GET,HEAD"), (":accept", "POST"), (":decline", "POST")] {
            let reply = client
                .send(method.clone(), &path(behind), &[], Body::empty())
                .await;
            assert_eq!(reply.problem(), (405, "method_not_allowed"));
            assert_eq!(reply.header("allow"), Some(allowed), "{method} {behind}");
        }
    }
    let reply = client.post("/v1/matches/x:accept", &body).await;
    assert_eq!(reply.body["errors"][0]["parameter"], "match");
    let form = [("content-type", "text/plain")];
    let reply = client
        .send(Method::POST, &path(":accept"), &form, Body::from("{}"))
        .await;
    assert_eq!(reply.problem(), (415, "unsupported_media_type"));
    for bad in [
        json!({}),
        json!({"player_id": "x"}),
        json!({"player_id": ADA, "ticket_id": "t1"}),
    ] {
        let reply = client.post(&path(":accept"), &bad).await;
        assert_eq!(reply.problem(), (400, "invalid_request"), "{bad}");
    }
    assert!(client.matches.changes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_match_is_finished() {
    let client = Client::new();
    let reply = client
        .post(&path("/result"), &json!({"placements": [1.0, 2]}))
        .await;
    assert_eq!(reply.body["result"], json!({"placements": [1, 2]}));
    assert_eq!(
        reply.body["ratings"],
        json!([{
            "player_id": ADA, "team": 0, "rating_before": 1510.0, "deviation_before": 80.0, "rating": 1516.5,
            "deviation": 80.0,
        }])
    );
    // A score is written as scores are: whole numbers without a fraction.
    assert_eq!(
        reply.body["boards"],
        json!([{"board": "weekly", "player_id": ADA, "score": 1517, "rank": 1}])
    );
    let reply = client
        .post(&path("/result"), &json!({"abandoned": true}))
        .await;
    assert_eq!(reply.body["result"], json!({"abandoned": true}));
    let changes = client.matches.changes.lock().unwrap();
    let results = changes.iter().map(|change| match change {
        QueueChange::Finish { result, .. } => result.clone(),
        other => panic!("{other:?}"),
    });
    let expected = [MatchResult::Placements(vec![1, 2]), MatchResult::Abandoned];
    assert!(results.eq(expected));
}

#[tokio::test]
async fn a_result_is_one_thing_or_the_other() {
    let client = Client::new();
    for bad in [
        json!({}),
        json!({"abandoned": false}),
        json!({"placements": [1, 2], "abandoned": true}),
        json!({"placements": [0, 1]}),
        json!({"placements": [1.5]}),
        json!({"placements": "1"}),
        json!({"placements": vec![1; 33]}),
        json!({"abandoned": "yes"}),
    ] {
        let reply = client.post(&path("/result"), &bad).await;
        assert_eq!(reply.problem(), (400, "invalid_request"), "{bad}");
    }
    assert!(client.matches.changes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_match_is_read() {
    let client = Client::new();
    let reply = client.get(&path("")).await;
    assert_eq!(reply.body["match_id"], MATCH);
    assert_eq!(reply.body["teams"][0]["players"][0]["player_id"], ADA);
    assert_eq!(reply.body["longest_wait_ms"], 12_500);
    let none = client.get(&format!("/v1/matches/{BOB}")).await;
    assert_eq!(none.problem(), (404, "match_not_found"));
    let bad = client.get("/v1/matches/7").await;
    assert_eq!(bad.problem(), (400, "invalid_request"));
}

#[tokio::test]
async fn seats_are_opened_looked_at_and_taken_back() {
    let client = Client::new();
    let body = json!({"backfill_id": "b1", "match_id": MATCH, "left": [ADA], "seats": [{"team": 1, "role": "tank"}]});
    let reply = client.post("/v1/queues/q/backfills", &body).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let expected = json!({
        "backfill_id": "b1", "queue": "q", "match_id": MATCH, "status": "open", "created_at": "1970-01-01T00:00:01.500Z",
        "open": [{"team": 1, "role": null}], "filled_by": [],
    });
    assert_eq!(reply.body, expected);
    match &client.matches.changes.lock().unwrap()[0] {
        QueueChange::CreateBackfill { backfill, .. } => {
            assert_eq!((backfill.left.len(), backfill.seats[0].team), (1, 1));
        }
        other => panic!("{other:?}"),
    }
    let reply = client.get("/v1/queues/q/backfills/b1").await;
    assert_eq!(reply.body["status"], "filled");
    let reply = client.delete("/v1/queues/q/backfills/b1").await;
    assert_eq!(
        (reply.status, &reply.body["status"]),
        (StatusCode::OK, &json!("cancelled"))
    );
    for (bad, place) in [
        (json!({"left": [ADA]}), "/match_id"),
        (json!({"match_id": MATCH}), "/seats"),
        (json!({"match_id": MATCH, "seats": [{}]}), "/seats/0/team"),
        (
            json!({"match_id": MATCH, "seats": [{"team": 32}]}),
            "/seats/0/team",
        ),
        (json!({"match_id": MATCH, "left": ["x"]}), "/left/0"),
    ] {
        let reply = client.post("/v1/queues/q/backfills", &bad).await;
        assert_eq!(reply.body["errors"][0]["pointer"], place, "{bad}");
    }
}

#[tokio::test]
async fn a_player_has_ratings_and_a_history_in_pages() {
    let client = Client::new();
    let reply = client.get(&format!("/v1/players/{ADA}/ratings")).await;
    let expected = json!({"player_id": ADA, "ratings": [{
        "queue": "q", "rating": 1510.0, "deviation": 80.0, "matches": 31, "rated_at": "1970-01-01T00:00:01.500Z",
    }]});
    assert_eq!(reply.body, expected);
    let none = client.get(&format!("/v1/players/{BOB}/ratings")).await;
    assert_eq!(none.problem(), (404, "player_not_found"));
    let matches = format!("/v1/players/{ADA}/matches?limit=2");
    let (mut path, mut seen) = (matches.clone(), Vec::new());
    loop {
        let page = client.get(&path).await.body;
        let of_page = page["matches"].as_array().unwrap().iter();
        seen.extend(of_page.map(|m| m["created_at"].as_str().unwrap().to_owned()));
        match &page["next"] {
            Value::String(next) => path = format!("{matches}&cursor={next}"),
            _ => break,
        }
    }
    let times = [5, 4, 3, 2, 1].map(|ms| format!("1970-01-01T00:00:00.00{ms}Z"));
    assert_eq!(seen, times);
    let others = path.replace(ADA, BOB);
    assert_eq!(client.get(&others).await.problem(), (400, "invalid_cursor"));
    let reply = client.get(&format!("{matches}&cursor=x")).await;
    assert_eq!(reply.problem(), (400, "invalid_cursor"));
    let reply = client
        .get(&format!("/v1/players/{ADA}/matches?limit=101"))
        .await;
    assert_eq!(reply.problem(), (400, "invalid_request"));
}
