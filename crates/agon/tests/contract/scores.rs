//! `POST /score/submit`: what it replies, what it refuses, and that a refusal changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use testkit::{App, Reply};

use crate::setup::launch;

const ADA: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";
const BOB: &str = "f4cdb120-28fc-4285-a78d-eb48660b7731";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// With Ada, who has 100 points and rank 1, and Bob, who has 50.
fn start() -> App {
    let app = launch().start();
    let players = json!([
        {"user_id": ADA, "display_name": "ada", "points": 100, "country": "gb"},
        {"user_id": BOB, "display_name": "bob", "points": 50, "country": "us"},
    ]);
    assert_eq!(app.post("/user/create", &players).status, 201);
    app
}

fn submit(app: &App, user: &str, score_worth: Value) -> Reply {
    app.post(
        "/score/submit",
        &json!({"user_id": user, "score_worth": score_worth}),
    )
}

/// Sends these bytes as they are.
fn send(app: &App, body: &str) -> Reply {
    app.send("/score/submit", Some("application/json"), body.as_bytes())
        .unwrap()
}

fn points(app: &App, user: &str) -> Value {
    app.get(&format!("/profile/{user}")).json()["points"].clone()
}

fn board(app: &App) -> Value {
    app.get("/leaderboard/all").json()
}

/// Sends bodies that have to be refused with 400, and checks that none changed the board.
fn refuses(app: &App, bodies: &[&str]) {
    let before = board(app);
    for body in bodies {
        let reply = send(app, body);
        assert_eq!(reply.status, 400, "{body}: {:?}", reply.json());
        assert_eq!(board(app), before, "{body}");
    }
}

#[test]
fn the_reply_is_complete() {
    let app = start();
    let body = json!({"user_id": BOB, "score_worth": 60, "timestamp": 1_700_000_000});
    let reply = app.post("/score/submit", &body);
    assert_eq!(reply.status, 200);
    let expected = json!({
        "user_id": BOB, "score_worth": 60, "timestamp": 1_700_000_000,
        "points": 110, "rank": 1, "previous_rank": 2,
    });
    assert_eq!(reply.json(), expected);
}

#[test]
fn scores_add_up() {
    let app = start();
    for (worth, sum) in [
        (json!(1), json!(101)),
        (json!(0.5), json!(101.5)),
        (json!(-0.25), json!(101.25)),
        (json!(-201.25), json!(-100)),
        (json!(0), json!(-100)),
    ] {
        let reply = submit(&app, ADA, worth.clone()).json();
        assert_eq!((&reply["score_worth"], &reply["points"]), (&worth, &sum));
        assert_eq!(points(&app, ADA), sum);
    }
}

#[test]
fn whole_numbers_are_printed_without_a_fraction() {
    let app = start();
    let body =
        format!(r#"{{"user_id": "{ADA}", "score_worth": 4911.0, "timestamp": 1700000000.0}}"#);
    let text = String::from_utf8(send(&app, &body).body).unwrap();
    for part in [
        "\"score_worth\":4911,",
        "\"points\":5011,",
        "\"timestamp\":1700000000",
    ] {
        assert!(text.contains(part), "{text} should contain {part}");
    }
    assert!(!text.contains(".0"), "{text}");
}

#[test]
fn whole_numbers_are_exact_up_to_two_to_the_fifty_third() {
    let app = start();
    let reply = submit(&app, ADA, json!(9_007_199_254_740_991_u64 - 100)).json();
    assert_eq!(reply["points"], json!(9_007_199_254_740_991_u64));
    let reply = submit(&app, ADA, json!(1));
    let text = String::from_utf8(reply.body).unwrap();
    assert!(text.contains("\"points\":9007199254740992,"), "{text}");
}

#[test]
fn ranks_before_and_after_are_told() {
    let app = start();
    for (user, worth, previous, now) in [
        (BOB, 51, 2, 1),
        (BOB, 1, 1, 1),
        (ADA, 1, 2, 2),
        // A tie: Bob has had 102 for longer.
        (ADA, 1, 2, 2),
        (BOB, -1, 1, 2),
        (ADA, -1000, 1, 2),
    ] {
        let reply = submit(&app, user, json!(worth)).json();
        assert_eq!(
            (&reply["previous_rank"], &reply["rank"]),
            (&json!(previous), &json!(now)),
            "{user} {worth}"
        );
        assert_eq!(app.get(&format!("/profile/{user}")).json()["rank"], now);
    }
}

#[test]
fn the_id_may_be_in_capitals_and_means_the_same_player() {
    let app = start();
    let reply = submit(&app, &ADA.to_uppercase(), json!(1));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["user_id"], ADA);
    assert_eq!(points(&app, ADA), 101);
}

#[test]
fn a_sent_timestamp_is_echoed() {
    let app = start();
    for timestamp in [
        json!(0),
        json!(1),
        json!(1_700_000_000),
        json!(4_102_444_800_u64),
    ] {
        let body = json!({"user_id": ADA, "score_worth": 1, "timestamp": timestamp});
        assert_eq!(
            app.post("/score/submit", &body).json()["timestamp"],
            timestamp
        );
    }
}

#[test]
fn without_a_timestamp_it_is_now_in_whole_seconds() {
    let app = start();
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs()
    };
    let before = now();
    let reply = submit(&app, ADA, json!(1)).json();
    let timestamp = reply["timestamp"].as_u64().expect("a whole number");
    assert!((before..=now()).contains(&timestamp), "{timestamp}");
}

#[test]
fn bad_timestamps_are_refused() {
    let app = start();
    let with = |timestamp: &str| {
        format!(r#"{{"user_id": "{ADA}", "score_worth": 1, "timestamp": {timestamp}}}"#)
    };
    let bodies = [
        "\"now\"",
        "\"1700000000\"",
        "true",
        "[]",
        "{}",
        "-1",
        "1e300",
        "1e999",
    ]
    .map(with);
    refuses(&app, &bodies.each_ref().map(String::as_str));
}

#[test]
fn an_unknown_user_is_not_made() {
    let app = start();
    let before = board(&app);
    let reply = submit(&app, NOBODY, json!(1_000_000));
    assert_eq!(reply.status, 404);
    assert_eq!(reply.json()["code"], "player_not_found");
    assert_eq!(app.get(&format!("/user/profile/{NOBODY}")).status, 404);
    assert_eq!(board(&app), before);
}

#[test]
fn bad_ids_are_refused() {
    let app = start();
    let with = |id: &str| format!(r#"{{"user_id": {id}, "score_worth": 1}}"#);
    let bodies = [
        "\"\"",
        "\"ada\"",
        "\"e4cdb120-28fc-4285-a78d-eb48660b773\"",
        "\"e4cdb120-28fc-4285-a78d-eb48660b77300\"",
        "\"g4cdb120-28fc-4285-a78d-eb48660b7730\"",
        "\"e4cdb120-28fc-4285-a78d-eb48660b7730 \"",
        "\"e4cdb120-28fc-4285-a78d-eb48660b7730\\u0000\"",
        "7",
        "null",
        "true",
        "[]",
        "{}",
    ]
    .map(with);
    refuses(&app, &bodies.each_ref().map(String::as_str));
}

#[test]
fn missing_fields_are_named_all_at_once() {
    let app = start();
    refuses(
        &app,
        &[
            "{}",
            r#"{"score_worth": 1}"#,
            &format!(r#"{{"user_id": "{ADA}"}}"#),
        ],
    );
    let errors = send(&app, "{}").json()["errors"].clone();
    let pointer = |error: &Value| error["pointer"].as_str().unwrap().to_owned();
    let mut pointers: Vec<String> = errors.as_array().unwrap().iter().map(pointer).collect();
    pointers.sort();
    assert_eq!(pointers, ["/score_worth", "/user_id"]);
}

#[test]
fn a_score_that_is_no_number_is_refused() {
    let app = start();
    let with = |worth: &str| format!(r#"{{"user_id": "{ADA}", "score_worth": {worth}}}"#);
    let bodies = ["\"1\"", "null", "true", "[1]", "{}", "\"NaN\"", "\"\""].map(with);
    refuses(&app, &bodies.each_ref().map(String::as_str));
}

#[test]
fn numbers_that_json_or_doubles_do_not_have_are_refused() {
    let app = start();
    let with = |worth: &str| format!(r#"{{"user_id": "{ADA}", "score_worth": {worth}}}"#);
    let bodies = [
        "NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "inf",
        "1e999",
        "-1e999",
        "1e309",
        "+1",
        "01",
        ".5",
        "1.",
        "0x10",
        "1_000",
    ]
    .map(with);
    refuses(&app, &bodies.each_ref().map(String::as_str));
}

#[test]
fn a_number_of_very_many_digits_is_a_number() {
    let app = start();
    let digits = "1".repeat(300);
    let body = format!(r#"{{"user_id": "{ADA}", "score_worth": 0.{digits}}}"#);
    assert_eq!(send(&app, &body).status, 200);
    let body = format!(r#"{{"user_id": "{ADA}", "score_worth": {digits}{digits}}}"#);
    refuses(&app, &[&body]);
}

#[test]
fn a_sum_beyond_all_doubles_is_refused_and_changes_nothing() {
    let app = start();
    for (user, huge) in [(ADA, 1.7e308), (BOB, -1.7e308)] {
        assert_eq!(submit(&app, user, json!(huge)).status, 200);
        let before = board(&app);
        let reply = submit(&app, user, json!(huge));
        assert_eq!(reply.status, 400, "{:?}", reply.json());
        assert_eq!(board(&app), before);
        // And the player is not stuck there.
        assert_eq!(submit(&app, user, json!(-huge)).status, 200);
        assert_eq!(points(&app, user), 0);
    }
}

#[test]
fn what_is_not_json_is_refused() {
    let app = start();
    let good = format!(r#"{{"user_id": "{ADA}", "score_worth": 1}}"#);
    let bodies = [
        String::new(),
        " ".to_owned(),
        "{".to_owned(),
        "hello".to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{good} {good}"),
        format!("{good}x"),
        good.replace('"', "'"),
        good.replace('}', ",}"),
        format!("\u{feff}{good}"),
        format!("user_id={ADA}&score_worth=1"),
    ];
    refuses(&app, &bodies.each_ref().map(String::as_str));
}

#[test]
fn bytes_that_are_not_text_are_refused() {
    let app = start();
    let before = board(&app);
    for body in [
        &b"\xff\xfe"[..],
        b"{\"user_id\": \"\xff\", \"score_worth\": 1}",
        b"\0",
    ] {
        let reply = app
            .send("/score/submit", Some("application/json"), body)
            .unwrap();
        assert_eq!(reply.status, 400);
    }
    assert_eq!(board(&app), before);
}

#[test]
fn json_that_is_no_object_is_refused() {
    let app = start();
    let array = format!(r#"[{{"user_id": "{ADA}", "score_worth": 1}}]"#);
    refuses(&app, &["[]", "null", "1", "\"a\"", "true", &array]);
}

#[test]
fn submissions_at_once_all_count() {
    let app = start();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    assert_eq!(submit(&app, BOB, json!(1)).status, 200);
                }
            });
        }
    });
    assert_eq!(points(&app, BOB), 250);
}
