//! One node on Redis through the classic paths and version 1.

use serde_json::json;
use testkit::RedisServer;

use crate::setup::{create_players, get, node, player, post, put, score, submit};

#[test]
fn the_classic_paths_are_served() {
    let redis = RedisServer::start();
    let app = node(&redis.url()).start();
    let user = |n: usize, country: &str, points: f64| json!({"user_id": player(n), "display_name": format!("p{n}"), "country": country, "points": points});
    let users = json!([
        user(1, "tr", 10.0),
        user(2, "us", 30.0),
        user(3, "tr", 30.0)
    ]);
    let made = post(&app, "/user/create", &users);
    assert_eq!(made, json!({"status": true, "created": 3}));
    assert_eq!(app.post("/user/create", &users).status, 409);
    let body = json!({"user_id": player(1), "score_worth": 20});
    let receipt = post(&app, "/score/submit", &body);
    assert_eq!(
        (&receipt["points"], &receipt["rank"]),
        (&json!(30), &json!(3))
    );
    assert_eq!(receipt["previous_rank"], 3);
    let order = |path: &str| -> Vec<(String, u64)> {
        let lines = get(&app, path);
        let line = |l: &serde_json::Value| {
            (
                l["user_id"].as_str().unwrap().to_owned(),
                l["rank"].as_u64().unwrap(),
            )
        };
        lines.as_array().unwrap().iter().map(line).collect()
    };
    // Equal scores: who reached it first.
    assert_eq!(
        order("/leaderboard"),
        [(player(2), 1), (player(3), 2), (player(1), 3)]
    );
    assert_eq!(order("/leaderboard/TR"), [(player(3), 2), (player(1), 3)]);
    assert_eq!(order("/leaderboard/all").len(), 3);
    assert_eq!(get(&app, "/leaderboard/de"), json!([]));
    let profile = get(&app, &format!("/user/profile/{}", player(1)));
    assert_eq!(
        (&profile["points"], &profile["rank"]),
        (&json!(30), &json!(3))
    );
    let unknown = app.post(
        "/score/submit",
        &json!({"user_id": player(9), "score_worth": 1}),
    );
    assert_eq!(unknown.status, 404);
    let generated = post(
        &app,
        "/user/generate",
        &json!({"count": 500, "max_points": 100}),
    );
    assert_eq!(generated, json!({"created": 500}));
    assert_eq!(order("/leaderboard?limit=1000").len(), 503);
}

#[test]
fn boards_of_version_one_are_served_and_outlive_the_node() {
    let redis = RedisServer::start();
    let mut app = node(&redis.url()).start();
    create_players(&app, 5);
    put(
        &app,
        "/v1/boards/race",
        &json!({"order": "asc", "operator": "best"}),
    );
    for (n, seconds) in [(0, 9.5), (1, 8.25), (2, 9.5), (3, 7.0)] {
        let reply = submit(&app, "race", n, seconds, &format!("k{n}"));
        assert_eq!(reply.status, 200, "{}", reply.json());
    }
    // Slower is no better.
    assert_eq!(
        submit(&app, "race", 3, 8.0, "slow").json()["applied"],
        false
    );
    let path = format!("/v1/boards/race/entries/{}/hidden", player(3));
    put(&app, &path, &json!({}));
    let page = get(&app, "/v1/boards/race/entries?limit=2");
    assert_eq!(page["total"], 3);
    let season = page["season"].as_u64().unwrap();
    let first = &page["entries"][0];
    assert_eq!((&first["rank"], &first["score"]), (&json!(1), &json!(8.25)));
    let cursor = page["next"].as_str().unwrap().to_owned();
    post(&app, "/v1/boards/race/seasons:rotate", &json!({}));
    assert_eq!(get(&app, "/v1/boards/race/entries")["total"], 0);
    app.kill();
    drop(app);
    let app = node(&redis.url()).start();
    // Of the season that is over, and with the cursor of a node that is gone.
    let query = format!("limit=2&season={season}&cursor={cursor}");
    let page = get(&app, &format!("/v1/boards/race/entries?{query}"));
    assert_eq!(page["entries"].as_array().unwrap().len(), 1);
    let again = submit(&app, "race", 1, 8.25, "k1");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    submit(&app, "race", 1, 8.0, "new");
    assert_eq!(score(&app, "race", 1), 8.0);
}
