//! `/user/…`: players made singly, in bulk and at random, and their profiles.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashSet;

use serde_json::{Value, json};
use testkit::{App, Reply};

use crate::setup::{board, pointers, start};

const ADA: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";
const BOB: &str = "f4cdb120-28fc-4285-a78d-eb48660b7731";

fn create(app: &App, body: &Value) -> Reply {
    app.post("/user/create", body)
}

fn created(app: &App, body: &Value) -> Value {
    let reply = create(app, body);
    assert_eq!(reply.status, 201, "{:?}", reply.json());
    reply.json()
}

/// A UUID in the one form that is ever sent: lower case, with hyphens.
fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let digit = |c: char| c == '-' || matches!(c, '0'..='9' | 'a'..='f');
    lengths == [8, 4, 4, 4, 12] && text.chars().all(digit)
}

#[test]
fn one_player_comes_back_as_a_profile() {
    let app = start();
    let body = json!({"user_id": ADA, "display_name": "ada", "points": 12.5, "country": "gb"});
    let expected = json!({
        "user_id": ADA, "display_name": "ada", "points": 12.5, "rank": 1, "country": "gb"
    });
    assert_eq!(created(&app, &body), expected);
    for path in ["/user/profile", "/profile"] {
        let reply = app.get(&format!("{path}/{ADA}"));
        assert_eq!((reply.status, reply.json()), (200, expected.clone()));
    }
}

#[test]
fn the_rank_of_a_new_player_is_its_rank_among_all() {
    let app = start();
    created(
        &app,
        &json!([{"display_name": "a", "points": 9}, {"display_name": "b", "points": 1}]),
    );
    let profile = created(&app, &json!({"display_name": "c", "points": 9}));
    assert_eq!(profile["rank"], 2);
}

#[test]
fn an_array_is_counted() {
    let app = start();
    let body = json!([{"display_name": "a"}, {"display_name": "b"}, {"display_name": "c"}]);
    assert_eq!(created(&app, &body), json!({"status": true, "created": 3}));
    assert_eq!(board(&app).len(), 3);
    let body = json!([{"display_name": "d"}]);
    assert_eq!(created(&app, &body), json!({"status": true, "created": 1}));
}

#[test]
fn an_empty_array_creates_nobody() {
    let app = start();
    assert_eq!(
        created(&app, &json!([])),
        json!({"status": true, "created": 0})
    );
    assert!(board(&app).is_empty());
}

#[test]
fn missing_fields_have_defaults() {
    let app = start();
    let profile = created(&app, &json!({"display_name": "ada"}));
    assert_eq!(profile["points"], 0);
    assert_eq!(profile["rank"], 1);
    assert_eq!(profile.get("country"), Some(&Value::Null));
    let user = profile["user_id"].as_str().unwrap();
    assert!(is_uuid(user), "{user}");
    assert_eq!(app.get(&format!("/user/profile/{user}")).json(), profile);
}

#[test]
fn generated_ids_differ() {
    let app = start();
    let players: Vec<Value> = (0..200)
        .map(|n| json!({"display_name": format!("p{n}")}))
        .collect();
    created(&app, &json!(players));
    let ids: HashSet<String> = board(&app)
        .iter()
        .map(|line| line["user_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 200);
    assert!(ids.iter().all(|id| is_uuid(id)));
}

#[test]
fn a_sent_rank_of_any_type_is_ignored() {
    let app = start();
    let ranks = [
        json!(7),
        json!(-1),
        json!("first"),
        json!(null),
        json!([1]),
        json!({"a": 1}),
    ];
    for (n, rank) in (1_u64..).zip(ranks) {
        let profile = created(&app, &json!({"display_name": "ada", "rank": rank}));
        assert_eq!(profile["rank"], n, "{rank}");
    }
}

#[test]
fn names_keep_their_letters() {
    let app = start();
    for name in ["Çağla", "李雷", "🦀 crab", "a \"b\" \\c/", "<b>"] {
        let profile = created(&app, &json!({"display_name": name}));
        let user = profile["user_id"].as_str().unwrap();
        assert_eq!(
            app.get(&format!("/profile/{user}")).json()["display_name"],
            name
        );
    }
    let found = board(&app);
    assert_eq!(found[1]["display_name"], "李雷");
}

#[test]
fn an_id_that_is_stored_is_refused() {
    let app = start();
    created(
        &app,
        &json!({"user_id": ADA, "display_name": "ada", "points": 5}),
    );
    let before = board(&app);
    for id in [ADA.to_owned(), ADA.to_uppercase()] {
        let reply = create(
            &app,
            &json!({"user_id": id, "display_name": "eve", "points": 9}),
        );
        assert_eq!(reply.status, 409, "{:?}", reply.json());
        assert_eq!(pointers(&reply.json()), ["/user_id"]);
        assert_eq!(board(&app), before);
    }
}

#[test]
fn a_stored_id_in_an_array_refuses_all_of_it() {
    let app = start();
    created(
        &app,
        &json!([
            {"user_id": ADA, "display_name": "ada"}, {"user_id": BOB, "display_name": "bob"},
        ]),
    );
    let before = board(&app);
    let reply = create(
        &app,
        &json!([
            {"display_name": "new"},
            {"user_id": BOB, "display_name": "eve"},
            {"display_name": "newer"},
            {"user_id": ADA, "display_name": "eve"},
        ]),
    );
    assert_eq!(reply.status, 409);
    assert_eq!(pointers(&reply.json()), ["/1/user_id", "/3/user_id"]);
    assert_eq!(board(&app), before);
}

#[test]
fn an_id_twice_in_an_array_refuses_all_of_it() {
    let app = start();
    let reply = create(
        &app,
        &json!([
            {"user_id": ADA, "display_name": "ada"},
            {"display_name": "new"},
            {"user_id": ADA.to_uppercase(), "display_name": "eve"},
        ]),
    );
    assert_eq!(reply.status, 409, "{:?}", reply.json());
    assert_eq!(pointers(&reply.json()), ["/2/user_id"]);
    assert!(board(&app).is_empty());
    assert_eq!(app.get(&format!("/profile/{ADA}")).status, 404);
}

#[test]
fn of_many_creations_of_one_id_at_once_one_succeeds() {
    let app = start();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let app = &app;
        let one = |n| {
            move || {
                create(
                    app,
                    &json!({"user_id": ADA, "display_name": "ada", "points": n}),
                )
                .status
            }
        };
        let threads: Vec<_> = (0..8).map(|n| scope.spawn(one(n))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|s| **s == 201).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|s| **s == 409).count(),
        7,
        "{statuses:?}"
    );
    assert_eq!(board(&app).len(), 1);
}

#[test]
fn each_fault_of_an_array_is_named_and_nothing_is_written() {
    let app = start();
    let reply = create(
        &app,
        &json!([
            {"display_name": "fine"},
            {"user_id": "ada", "display_name": "bad id"},
            {"points": 1},
            {"display_name": 7, "points": "many", "country": "turkey"},
            "no object",
            {"display_name": "fine too"},
        ]),
    );
    assert_eq!(reply.status, 400);
    let mut found = pointers(&reply.json());
    found.sort();
    let expected = [
        "/1/user_id",
        "/2/display_name",
        "/3/country",
        "/3/display_name",
        "/3/points",
        "/4",
    ];
    assert_eq!(found, expected);
    assert!(board(&app).is_empty());
}

#[test]
fn each_fault_of_one_player_is_named() {
    let app = start();
    let body = json!({"user_id": 1, "display_name": "", "points": [], "country": "t1"});
    let reply = create(&app, &body);
    assert_eq!(reply.status, 400);
    let mut found = pointers(&reply.json());
    found.sort();
    assert_eq!(found, ["/country", "/display_name", "/points", "/user_id"]);
    assert!(board(&app).is_empty());
}

#[test]
fn a_fault_outweighs_a_duplicate() {
    let app = start();
    let reply = create(
        &app,
        &json!([
            {"user_id": ADA, "display_name": "ada"},
            {"user_id": ADA, "display_name": "ada"},
            {"display_name": "x", "points": "y"},
        ]),
    );
    assert_eq!(reply.status, 400);
    assert_eq!(pointers(&reply.json()), ["/2/points"]);
    assert!(board(&app).is_empty());
}

#[test]
fn bodies_that_are_no_players_are_refused() {
    let app = start();
    for body in [
        "",
        "null",
        "7",
        "\"ada\"",
        "[[]]",
        "[null]",
        "[{}]",
        "{}",
        "[1,]",
        "[{\"display_name\": \"a\"}",
    ] {
        let reply = app.send("/user/create", None, body.as_bytes()).unwrap();
        assert_eq!(reply.status, 400, "{body}");
        assert!(board(&app).is_empty(), "{body}");
    }
}

#[test]
fn points_out_of_range_are_refused() {
    let app = start();
    for points in ["1e999", "-1e999", "NaN", "Infinity"] {
        for around in [["", ""], ["[{\"display_name\": \"b\"}, ", "]"]] {
            let one = format!("{{\"display_name\": \"a\", \"points\": {points}}}");
            let body = around.join(&one);
            let reply = app.send("/user/create", None, body.as_bytes()).unwrap();
            assert_eq!(reply.status, 400, "{body}");
            assert!(board(&app).is_empty(), "{body}");
        }
    }
}

#[test]
fn profiles_of_bad_and_unknown_ids() {
    let app = start();
    for path in ["/user/profile", "/profile"] {
        for id in [
            "ada",
            "7",
            "e4cdb120-28fc-4285-a78d-eb48660b773",
            "%00",
            "null",
        ] {
            assert_eq!(app.get(&format!("{path}/{id}")).status, 400, "{path}/{id}");
        }
        let reply = app.get(&format!("{path}/{ADA}"));
        assert_eq!(reply.status, 404);
        assert_eq!(reply.json()["code"], "player_not_found");
    }
}

#[test]
fn a_profile_is_found_by_an_id_in_capitals() {
    let app = start();
    created(&app, &json!({"user_id": ADA, "display_name": "ada"}));
    let reply = app.get(&format!("/user/profile/{}", ADA.to_uppercase()));
    assert_eq!((reply.status, &reply.json()["user_id"]), (200, &json!(ADA)));
}
