//! The nil UUID stands for players that were erased, so it is nobody's id: it is refused wherever one is
//! taken in, with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};

use crate::setup::start;

const NIL: &str = "00000000-0000-0000-0000-000000000000";
const ADA: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";
const MATCH: &str = "0d6f9b1e-5f3a-4c56-9a57-6f0e5d0c8a11";

/// Every request that names a player, with one that cannot be.
fn requests() -> Vec<(&'static str, String, Value)> {
    let player = json!({"player_id": NIL});
    let named = json!({"display_name": "x"});
    let score = json!({"player_id": NIL, "score": 1});
    let both = json!({"players": [{"player_id": ADA}, {"player_id": NIL}]});
    let get = |path: &str| ("GET", path.replace("NIL", NIL), Value::Null);
    let post = |path: &str, body: Value| ("POST", path.to_owned(), body);
    vec![
        post("/user/create", json!({"user_id": NIL, "display_name": "x"})),
        post(
            "/user/create",
            json!([{"user_id": NIL, "display_name": "x"}]),
        ),
        post("/score/submit", json!({"user_id": NIL, "score_worth": 1})),
        get("/user/profile/NIL"),
        get("/profile/NIL"),
        get("/v1/players/NIL"),
        get("/v1/players/NIL/ratings"),
        get("/v1/players/NIL/matches"),
        get("/v1/boards/global/entries/NIL"),
        get("/v1/boards/global/entries/NIL/around"),
        get("/v1/boards/global/events?player=NIL"),
        ("PUT", format!("/v1/players/{NIL}"), named.clone()),
        (
            "PUT",
            format!("/v1/boards/global/entries/{NIL}/hidden"),
            Value::Null,
        ),
        (
            "DELETE",
            format!("/v1/boards/global/entries/{NIL}"),
            Value::Null,
        ),
        post(
            "/v1/players:batch",
            json!({"players": [{"player_id": NIL, "display_name": "x"}]}),
        ),
        post("/v1/boards/global/scores", score.clone()),
        post("/v1/boards/global/scores:batch", json!({"scores": [score]})),
        post(
            "/v1/scores:batch",
            json!({"player_id": NIL, "scores": [{"board": "global", "score": 1}]}),
        ),
        post(
            "/v1/boards/global/entries:lookup",
            json!({"player_ids": [NIL]}),
        ),
        post("/v1/queues/q/tickets", both.clone()),
        post(
            "/v1/queues/q/tickets",
            json!({"players": [{"player_id": ADA}], "avoid": [NIL]}),
        ),
        post(
            "/v1/queues/q/backfills",
            json!({"match_id": MATCH, "left": [NIL]}),
        ),
        post(&format!("/v1/matches/{MATCH}:accept"), player.clone()),
        post(&format!("/v1/matches/{MATCH}:decline"), player),
        post(
            "/v1/match",
            json!({"rules": {"teams": {"min_size": 1}}, "tickets": [both]}),
        ),
    ]
}

#[test]
fn the_nil_id_is_refused_wherever_a_player_is_named() {
    let app = start();
    let created = json!({"user_id": ADA, "display_name": "ada"});
    assert_eq!(app.post("/user/create", &created).status, 201);
    let queue = json!({"teams": {"min_size": 1}}).to_string();
    let put = app.request("PUT", "/v1/queues/q", &[], Some(queue.as_bytes()));
    assert_eq!(put.unwrap().status, 201);
    for (method, path, body) in requests() {
        let sent = (!body.is_null()).then(|| body.to_string());
        let reply = app.request(method, &path, &[], sent.as_ref().map(String::as_bytes));
        let reply = reply.unwrap();
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status, 400, "{method} {path} {body}: {text}");
        assert!(
            text.contains("nil UUID, which stands for players that were erased"),
            "{method} {path} {body}: {text}"
        );
    }
    // One from before it was refused has to be able to go; here there is none.
    let gone = app.request("DELETE", &format!("/v1/players/{NIL}"), &[], None);
    assert_eq!(gone.unwrap().status, 404);
    assert_eq!(
        app.get("/leaderboard/all").json().as_array().unwrap().len(),
        1
    );
}
