//! What is changed, but for keys and streams.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use boards::{Change, StoreError};
use serde_json::{Value, json};

use crate::client::Client;
use crate::fake::NOBODY;

const ADA: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().unwrap().iter();
    errors.map(|e| e["pointer"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn boards_and_players_are_put_and_deleted() {
    let client = Client::new();
    let board = client
        .put("/v1/boards/weekly", json!({"order": "asc"}))
        .await;
    assert_eq!(board.status, StatusCode::CREATED);
    assert_eq!(board.body["season_started_at"], "1970-01-01T00:00:01.500Z");
    let player = json!({"display_name": "ada", "country": "TR", "attributes": {"league": "gold"}});
    let player = client.put(&format!("/v1/players/{ADA}"), player).await;
    assert_eq!(player.status, StatusCode::CREATED);
    assert_eq!(
        player.body,
        json!({
            "player_id": ADA, "display_name": "ada", "country": "tr", "attributes": {"league": "gold"},
        })
    );
    let entry = format!("/v1/boards/weekly/entries/{ADA}");
    let hidden = format!("{entry}/hidden");
    assert_eq!(
        client.put(&hidden, Value::Null).await.status,
        StatusCode::NO_CONTENT
    );
    for path in [
        &hidden,
        &entry,
        "/v1/boards/weekly",
        &format!("/v1/players/{ADA}"),
    ] {
        assert_eq!(
            client.delete(path).await.status,
            StatusCode::NO_CONTENT,
            "{path}"
        );
    }
    let changes = client.store.changes.lock().unwrap();
    let hid = |wanted| move |change: &Change| matches!(change, Change::SetHidden { hidden, .. } if *hidden == wanted);
    assert!(hid(true)(&changes[2]) && hid(false)(&changes[3]));
}

#[tokio::test]
async fn refusals_of_the_store_have_their_codes() {
    for (error, expected) in [
        (StoreError::OrderIsFixed, (409, "order_is_fixed")),
        (
            StoreError::TooManyAtOnce { limit: 7 },
            (400, "too_many_items"),
        ),
        (StoreError::Overloaded, (503, "overloaded")),
    ] {
        let client = Client::new();
        let error = std::sync::Mutex::new(Some(error));
        client.store.fail(move |_| error.lock().unwrap().take());
        let reply = client.put("/v1/boards/weekly", json!({})).await;
        assert_eq!(reply.problem(), expected);
    }
    let client = Client::new();
    let score = |player: &str, score: i32| json!({"player_id": player, "score": score});
    let path = "/v1/boards/weekly/scores";
    let reply = client.post(path, &score(NOBODY, 1)).await;
    assert_eq!(reply.problem(), (404, "player_not_found"));
    let reply = client.post(path, &score(ADA, -1)).await;
    assert_eq!(reply.problem(), (400, "score_out_of_bounds"));
}

#[tokio::test]
async fn an_overflow_has_its_own_code_but_on_the_classic_path() {
    let overflow = |_| {
        let refusal = boards::Refusal::ScoreOverflow;
        Some(StoreError::Refused { at: 0, refusal })
    };
    let client = Client::new();
    client.store.fail(overflow);
    let body = json!({"user_id": ADA, "score_worth": 1});
    let reply = client.post("/score/submit", &body).await;
    assert_eq!(reply.problem(), (400, "invalid_request"));
    let body = json!({"player_id": ADA, "score": 1});
    let reply = client.post("/v1/boards/weekly/scores", &body).await;
    assert_eq!(reply.problem(), (400, "score_overflow"));
}

#[tokio::test]
async fn scores_of_a_list_are_taken_each_for_itself() {
    let client = Client::new();
    let path = "/v1/boards/weekly/scores:batch";
    let score = |player: &str, score: i32| json!({"player_id": player, "score": score});
    let body = json!({"scores": [score(ADA, 2), score(NOBODY, 2), score(ADA, 1), score(ADA, -1)]});
    let reply = client.post(path, &body).await;
    let sum = |name: &str| reply.body[name].as_u64().unwrap();
    assert_eq!(
        [sum("applied"), sum("unchanged"), sum("refused")],
        [1, 1, 2]
    );
    let outcomes = reply.body["outcomes"].as_array().unwrap();
    assert_eq!(outcomes[0]["rank"], 1);
    let refused = json!({"player_id": NOBODY, "error": {
        "code": "player_not_found", "detail": format!("there is no player {NOBODY}"),
    }});
    assert_eq!(outcomes[1], refused);
    let missing = client.post("/v1/boards/none/scores:batch", &body).await;
    assert_eq!(missing.problem(), (404, "board_not_found"));
}

#[tokio::test]
async fn malformed_items_are_all_told() {
    let client = Client::new();
    let body =
        json!({"scores": [{"player_id": "x", "score": 1}, {"player_id": ADA, "score": "1"}, 7]});
    let reply = client.post("/v1/boards/weekly/scores:batch", &body).await;
    assert_eq!(reply.problem(), (400, "invalid_request"));
    assert_eq!(
        pointers(&reply.body),
        ["/scores/0/player_id", "/scores/1/score", "/scores/2"]
    );
    let many = json!({"scores": vec![json!({"player_id": ADA, "score": 1}); 10_001]});
    let reply = client.post("/v1/boards/weekly/scores:batch", &many).await;
    assert_eq!(reply.problem(), (400, "too_many_items"));
    assert_eq!(pointers(&reply.body), ["/scores"]);
    assert!(client.store.changes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn one_players_scores_are_taken_all_or_none() {
    let client = Client::new();
    let body = |scores: Value| json!({"player_id": ADA, "scores": scores});
    let good = json!([{"board": "a", "score": 2}, {"board": "b", "score": 3}]);
    let reply = client.post("/v1/scores:batch", &body(good)).await;
    let outcomes = reply.body["outcomes"].as_array().unwrap();
    assert_eq!(
        (&outcomes[1]["board"], &outcomes[1]["applied"]),
        (&json!("b"), &json!(false))
    );
    let refused = json!([{"board": "a", "score": 2}, {"board": "b", "score": -3}]);
    let reply = client.post("/v1/scores:batch", &body(refused)).await;
    assert_eq!(reply.problem(), (400, "score_out_of_bounds"));
    assert_eq!(pointers(&reply.body), ["/scores/1"]);
    let twice =
        json!([{"board": "a", "score": 2}, {"board": "b", "score": 3}, {"board": "a", "score": 3}]);
    let reply = client.post("/v1/scores:batch", &body(twice)).await;
    assert_eq!(pointers(&reply.body), ["/scores/2/board"]);
    let many = json!(vec![json!({"board": "a", "score": 2}); 101]);
    let reply = client.post("/v1/scores:batch", &body(many)).await;
    assert_eq!(reply.problem(), (400, "too_many_items"));
}

#[tokio::test]
async fn players_of_a_list_are_counted_once_each() {
    let client = Client::new();
    let player = json!({"player_id": ADA, "display_name": "ada"});
    let body = json!({"players": [player, {"display_name": "bob"}]});
    let reply = client.post("/v1/players:batch", &body).await;
    assert_eq!(
        (&reply.body["created"], &reply.body["updated"]),
        (&json!(2), &json!(0))
    );
    let ids = reply.body["player_ids"].as_array().unwrap();
    assert_eq!((ids.len(), &ids[0]), (2, &json!(ADA)));
}

#[tokio::test]
async fn a_season_is_ended_without_a_body_or_with_an_empty_one() {
    let client = Client::new();
    let path = "/v1/boards/weekly/seasons:rotate";
    for body in ["", " ", "{}"] {
        let reply = client.send(Method::POST, path, &[], Body::from(body)).await;
        assert_eq!(reply.body["season"], 2, "{body:?}");
    }
    let reply = client.send(Method::POST, path, &[], Body::from("[]")).await;
    assert_eq!(reply.problem(), (400, "invalid_request"));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let reply = client.send(Method::POST, path, &form, Body::empty()).await;
    assert_eq!(reply.problem(), (415, "unsupported_media_type"));
}
