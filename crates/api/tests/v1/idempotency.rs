//! A request with a key, sent again.

use boards::{Change, StoreError};
use serde_json::{Value, json};

use crate::client::Client;

const ADA: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";

/// Every path that takes a key, with a body for it and another one.
fn requests() -> Vec<(&'static str, Value, Value)> {
    let score = |score: u32| json!({"player_id": ADA, "score": score});
    vec![
        (
            "/score/submit",
            json!({"user_id": ADA, "score_worth": 1}),
            json!({"user_id": ADA, "score_worth": 2}),
        ),
        (
            "/user/create",
            json!({"display_name": "a"}),
            json!({"display_name": "b"}),
        ),
        (
            "/user/create",
            json!([{"display_name": "a"}, {"display_name": "a"}]),
            json!([]),
        ),
        ("/user/generate", json!({"count": 3}), json!({"count": 4})),
        (
            "/v1/players:batch",
            json!({"players": [{"display_name": "a"}]}),
            json!({"players": [{"display_name": "b"}]}),
        ),
        ("/v1/boards/weekly/scores", score(1), score(2)),
        (
            "/v1/boards/weekly/scores:batch",
            json!({"scores": [score(1)]}),
            json!({"scores": [score(2)]}),
        ),
        (
            "/v1/scores:batch",
            json!({"player_id": ADA, "scores": [{"board": "a", "score": 1}]}),
            json!({"player_id": ADA, "scores": [{"board": "b", "score": 1}]}),
        ),
        ("/v1/boards/weekly/seasons:rotate", Value::Null, json!({})),
    ]
}

#[tokio::test]
async fn the_first_reply_comes_again() {
    for (path, body, other) in requests() {
        let client = Client::new();
        let first = client.post_with_key(path, "k", &body).await;
        assert!(
            first.status.is_success() && !first.is_replay(),
            "{path} {}",
            first.body
        );
        let again = client.post_with_key(path, "k", &body).await;
        assert!(again.is_replay(), "{path}");
        assert_eq!(
            (again.status, again.body),
            (first.status, first.body),
            "{path}"
        );
        assert_eq!(client.store.changes.lock().unwrap().len(), 1, "{path}");
        let reused = client.post_with_key(path, "k", &other).await;
        assert_eq!(reused.problem(), (422, "idempotency_key_reused"), "{path}");
    }
}

#[tokio::test]
async fn the_first_reply_comes_again_when_its_board_is_gone() {
    for (path, body, _) in requests() {
        let client = Client::new();
        let first = client.post_with_key(path, "k", &body).await;
        for board in ["global", "weekly", "a"] {
            client.store.delete(board);
            let again = client.post_with_key(path, "k", &body).await;
            assert!(again.is_replay(), "{path} {board}: {}", again.body);
            assert_eq!(again.body, first.body, "{path}");
        }
    }
}

#[tokio::test]
async fn a_list_for_a_board_that_is_gone_is_not_made_under_another_key() {
    let client = Client::new();
    client.store.delete("weekly");
    let body = json!({"scores": [{"player_id": ADA, "score": 1}]});
    for key in ["k", "k", "l"] {
        let path = "/v1/boards/weekly/scores:batch";
        let reply = client.post_with_key(path, key, &body).await;
        assert_eq!(reply.problem(), (404, "board_not_found"));
    }
}

#[tokio::test]
async fn without_a_key_a_request_is_carried_out_twice() {
    for (path, body, _) in requests() {
        let client = Client::new();
        assert!(!client.post(path, &body).await.is_replay());
        assert!(!client.post(path, &body).await.is_replay());
        assert_eq!(client.store.changes.lock().unwrap().len(), 2, "{path}");
    }
}

#[tokio::test]
async fn made_up_ids_differ_but_where_a_key_says_they_are_the_same() {
    let client = Client::new();
    let body = json!({"display_name": "a"});
    let mut ids = std::collections::HashSet::new();
    for key in ["k", "l"] {
        let reply = client.post_with_key("/user/create", key, &body).await;
        ids.insert(reply.body["user_id"].clone());
    }
    for _ in 0..2 {
        let reply = client.post("/user/create", &body).await;
        ids.insert(reply.body["user_id"].clone());
    }
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn a_time_that_was_not_sent_is_that_of_the_change() {
    let client = Client::new();
    let body = json!({"user_id": ADA, "score_worth": 1});
    let reply = client.post_with_key("/score/submit", "k", &body).await;
    assert_eq!(reply.body["timestamp"], 86_400);
    let later = client.post_with_key("/score/submit", "l", &body).await;
    assert_eq!(later.body["timestamp"], 2 * 86_400);
    let changes = client.store.changes.lock().unwrap();
    let Change::Submit { submission, .. } = &changes[0] else {
        panic!("{changes:?}");
    };
    assert!(submission.details.is_empty());
}

#[tokio::test]
async fn bad_keys_change_nothing() {
    let client = Client::new();
    for (path, body, _) in requests() {
        for bad in ["", "a b", &"x".repeat(256)] {
            let reply = client.post_with_key(path, bad, &body).await;
            assert_eq!(reply.problem(), (400, "invalid_idempotency_key"), "{path}");
        }
    }
    assert!(client.store.changes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_key_in_use_is_to_be_tried_again() {
    let client = Client::new();
    client.store.fail(|_| Some(StoreError::KeyInUse));
    for (path, body, _) in requests() {
        let reply = client.post_with_key(path, "k", &body).await;
        assert_eq!(reply.problem(), (409, "idempotency_key_in_use"), "{path}");
        assert_eq!(reply.header("retry-after"), Some("1"), "{path}");
    }
}
