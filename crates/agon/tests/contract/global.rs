//! The classic paths do what they say whatever settings the board `global` is given.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use testkit::{App, Launch, Reply};

const ADA: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";
const BOB: &str = "f4cdb120-28fc-4285-a78d-eb48660b7731";

/// With Ada, who has 5 points and is from Turkey, and Bob, who has 9 and is not.
fn start() -> App {
    let app = Launch::new(env!("CARGO_BIN_EXE_agon")).start();
    let players = json!([
        {"user_id": ADA, "display_name": "ada", "points": 5, "country": "tr"},
        {"user_id": BOB, "display_name": "bob", "points": 9, "country": "us"},
    ]);
    assert_eq!(app.post("/user/create", &players).status, 201);
    app
}

fn put(app: &App, board: &str, settings: &Value) -> Reply {
    let path = format!("/v1/boards/{board}");
    let headers = [("content-type", "application/json")];
    let body = settings.to_string();
    app.request("PUT", &path, &headers, Some(body.as_bytes()))
        .unwrap()
}

fn add(app: &App, points: i32) -> Value {
    let reply = app.post(
        "/score/submit",
        &json!({"user_id": ADA, "score_worth": points}),
    );
    assert_eq!(reply.status, 200);
    reply.json()["points"].clone()
}

#[test]
fn points_add_up_by_default_and_whatever_the_operator_is() {
    let app = start();
    let reply = put(&app, "global", &json!({"keep_seasons": 2}));
    assert_eq!(
        (reply.status, &reply.json()["operator"]),
        (200, &json!("sum"))
    );
    assert_eq!(add(&app, 3), 8);
    for (operator, points) in [("best", 11), ("last", 14)] {
        let reply = put(&app, "global", &json!({"operator": operator}));
        assert_eq!(reply.json()["operator"], operator);
        assert_eq!(add(&app, 3), points, "{operator}");
    }
    // By the other path the board's own operator counts, and other boards have their default.
    let score = json!({"player_id": ADA, "score": 1});
    let taken = app.post("/v1/boards/global/scores", &score);
    assert_eq!(taken.json()["score"], 1);
    let other = put(&app, "weekly", &json!({}));
    assert_eq!(other.json()["operator"], "best");
}

#[test]
fn the_board_stays_ranked_by_country() {
    let app = start();
    let before = app.get("/v1/boards/global").json();
    for segments in [json!([]), json!(["league"])] {
        let settings = json!({"segments": segments, "keep_seasons": 2});
        let reply = put(&app, "global", &settings);
        let problem = reply.json();
        assert_eq!(
            (reply.status, &problem["code"]),
            (400, &json!("invalid_request"))
        );
        assert_eq!(problem["errors"][0]["pointer"], "/segments");
        assert_eq!(app.get("/v1/boards/global").json(), before);
        assert!(put(&app, "weekly", &settings).status < 300);
    }
    let reply = put(&app, "global", &json!({"segments": ["league", "country"]}));
    assert_eq!(reply.status, 200);
    let tr = app.get("/leaderboard/tr").json();
    assert_eq!(
        (&tr[0]["rank"], &tr[0]["country_rank"], &tr[1]),
        (&json!(2), &json!(1), &Value::Null)
    );
}
