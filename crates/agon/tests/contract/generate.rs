//! `POST /user/generate`: players made up at random, as many and such as were asked for.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashSet;

use serde_json::json;

use crate::setup::{board, pointers, start};

#[test]
fn generated_players_are_there() {
    let app = start();
    let body = json!({"count": 300, "countries": ["TR", "us"], "max_points": 7});
    let reply = app.post("/user/generate", &body);
    assert_eq!((reply.status, reply.json()), (201, json!({"created": 300})));
    let found = board(&app);
    assert_eq!(found.len(), 300);
    for line in &found {
        assert!(
            ["tr", "us"].contains(&line["country"].as_str().unwrap()),
            "{line}"
        );
        assert!(
            (0.0..=7.0).contains(&line["points"].as_f64().unwrap()),
            "{line}"
        );
    }
    // Random: with 300 players each of eight values and both countries come up.
    let different = |name: &str| {
        found
            .iter()
            .map(|l| l[name].to_string())
            .collect::<HashSet<_>>()
    };
    assert_eq!(
        (different("points").len(), different("country").len()),
        (8, 2)
    );
}

#[test]
fn generated_players_have_countries_and_points_without_being_asked() {
    let app = start();
    assert_eq!(
        app.post("/user/generate", &json!({"count": 50})).status,
        201
    );
    let found = board(&app);
    assert!(
        found
            .iter()
            .all(|line| line["country"].as_str().is_some_and(|c| c.len() == 2))
    );
    assert!(found[0]["points"].as_f64() > found[49]["points"].as_f64());
}

#[test]
fn a_million_can_be_generated_at_once() {
    let app = start();
    let reply = app.post("/user/generate", &json!({"count": 1_000_000}));
    assert_eq!(
        (reply.status, reply.json()),
        (201, json!({"created": 1_000_000}))
    );
    let last = app.get("/leaderboard?offset=999999").json();
    assert_eq!(last[0]["rank"], 1_000_000);
    assert_eq!(last.as_array().unwrap().len(), 1);
}

#[test]
fn bad_wishes_for_generated_players_are_refused() {
    let app = start();
    for (body, pointer) in [
        (json!({}), "/count"),
        (json!({"count": 0}), "/count"),
        (json!({"count": -1}), "/count"),
        (json!({"count": 1_000_001}), "/count"),
        (json!({"count": 1.5}), "/count"),
        (json!({"count": "5"}), "/count"),
        (json!({"count": null}), "/count"),
        (json!({"count": 1, "countries": "tr"}), "/countries"),
        (json!({"count": 1, "countries": []}), "/countries"),
        (json!({"count": 1, "max_points": "7"}), "/max_points"),
        (json!({"count": 1, "max_points": -1}), "/max_points"),
    ] {
        let reply = app.post("/user/generate", &body);
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(pointers(&reply.json()), [pointer], "{body}");
    }
    for body in ["", "7", "[]", "[{\"count\": 1}]"] {
        assert_eq!(
            app.send("/user/generate", None, body.as_bytes())
                .unwrap()
                .status,
            400,
            "{body}"
        );
    }
    assert!(board(&app).is_empty());
}

#[test]
fn a_bad_country_among_good_ones_is_pointed_at() {
    let app = start();
    let body = json!({"count": 1, "countries": ["tr", "turkey", "us", 7]});
    let reply = app.post("/user/generate", &body);
    assert_eq!(reply.status, 400);
    assert_eq!(pointers(&reply.json()), ["/countries/1", "/countries/3"]);
    assert!(board(&app).is_empty());
}
