//! `…/events`: a real process, and watchers that read, stall, come back and are told to go.
#![allow(clippy::unwrap_used)]

mod watcher;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{App, Launch};
use watcher::Watcher;

const ADA: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";
const BOB: &str = "6ae8f0f1-70e4-4ff0-b3f5-b7d1a8f0a4d7";

fn start() -> App {
    let app = Launch::new(env!("CARGO_BIN_EXE_agon")).start();
    let created = app.post(
        "/user/create",
        &json!([
            {"user_id": ADA, "display_name": "ada", "points": 10, "country": "tr"},
            {"user_id": BOB, "display_name": "bob", "points": 5, "country": "us"},
        ]),
    );
    assert_eq!(created.status, 201);
    app
}

fn add(app: &App, player: &str, points: i64) {
    let submission = json!({"user_id": player, "score_worth": points});
    assert_eq!(app.post("/score/submit", &submission).status, 200);
}

fn ask(app: &App, line: &str, body: &[u8]) -> u16 {
    let mut connection = app.connect();
    connection.request(line, "", body);
    connection.head().unwrap().status
}

fn top(event: &Value) -> Vec<(&str, f64)> {
    let entries = event["top"].as_array().unwrap().iter();
    entries
        .map(|e| {
            let name = e["display_name"].as_str().unwrap();
            (name, e["score"].as_f64().unwrap())
        })
        .collect()
}

#[test]
fn the_top_and_a_player_are_told_when_they_change() {
    let app = start();
    let path = format!("/v1/boards/global/events?top=1&player={BOB}");
    let mut watcher = Watcher::open(&app, &path, None);
    let first = watcher.event();
    assert_eq!(top(&first.data), [("ada", 10.0)]);
    assert_eq!(first.data["player"]["rank"], 2);
    assert_eq!(first.data["total"], 2);
    add(&app, BOB, 1);
    let second = watcher.event();
    assert_eq!(top(&second.data), [("ada", 10.0)]);
    assert_eq!(second.data["player"]["score"], 6);
    add(&app, BOB, 5);
    let third = watcher.event();
    assert_eq!(top(&third.data), [("bob", 11.0)]);
    assert_eq!(third.data["player"]["rank"], 1);
    let ids = [&first.id, &second.id, &third.id];
    assert!(ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
}

#[test]
fn only_what_a_watcher_sees_is_told() {
    let app = start();
    let path = "/v1/boards/global/events?segment=country:tr";
    let mut watcher = Watcher::open(&app, path, None);
    assert_eq!(top(&watcher.event().data), [("ada", 10.0)]);
    // Behind ada, and of another country: nothing changes in the segment.
    add(&app, BOB, 1);
    assert!(watcher.is_silent_for(Duration::from_millis(600)));
    // Before ada: her rank on the whole board changes.
    add(&app, BOB, 100);
    let event = watcher.event();
    assert_eq!(event.data["top"][0]["rank"], 2);
    assert_eq!(event.data["top"][0]["segment_rank"], 1);
}

#[test]
fn many_changes_make_few_events_and_the_last_state_comes() {
    let app = start();
    let mut watcher = Watcher::open(&app, "/v1/boards/global/events", None);
    watcher.event();
    let started = Instant::now();
    let mut sent = 0;
    while started.elapsed() < Duration::from_secs(2) {
        add(&app, ADA, 1);
        sent += 1;
    }
    let last = 10.0 + f64::from(sent);
    let mut events = 0;
    loop {
        let event = watcher.event();
        events += 1;
        if top(&event.data)[0] == ("ada", last) {
            break;
        }
    }
    // Counted over the time that they took, whatever the machine.
    let most = started.elapsed().as_millis() / 200 + 2;
    assert!(events <= most, "{events} events, {most} at the most");
    assert!(watcher.is_silent_for(Duration::from_millis(600)));
}

#[test]
fn a_watcher_that_does_not_read_holds_nobody_up_and_gets_the_last_state() {
    let app = start();
    let mut many: Vec<Value> = Vec::new();
    for n in 0..100 {
        let id = format!("00000000-0000-4000-8000-{n:012}");
        many.push(json!({"user_id": id, "display_name": "x".repeat(64), "points": 1}));
    }
    assert_eq!(app.post("/user/create", &json!(many)).status, 201);
    // Each event has some 30 kB, so that a socket that nobody reads from is soon full.
    let mut stalled = Watcher::open(&app, "/v1/boards/global/events?top=100", None);
    let mut reading = Watcher::open(&app, "/v1/boards/global/events?top=1", None);
    let started = Instant::now();
    let mut score = 10;
    while started.elapsed() < Duration::from_secs(8) {
        add(&app, ADA, 1);
        score += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    while top(&reading.event().data)[0].1 < f64::from(score) {}
    let mut events = 0;
    while top(&stalled.event().data)[0].1 < f64::from(score) {
        events += 1;
    }
    assert!(events < score, "all {events} states were kept for it");
}

#[test]
fn who_comes_back_is_told_what_has_changed_since() {
    let app = start();
    let path = "/v1/boards/global/events?top=1";
    let first = Watcher::open(&app, path, None).event();
    // Nothing has changed: nothing is told until it does.
    let mut back = Watcher::open(&app, path, Some(&first.id));
    assert!(back.is_silent_for(Duration::from_millis(600)));
    add(&app, ADA, 1);
    assert_eq!(top(&back.event().data), [("ada", 11.0)]);
    drop(back);
    let mut late = Watcher::open(&app, path, Some(&first.id));
    assert_eq!(top(&late.event().data), [("ada", 11.0)]);
    let mut confused = Watcher::open(&app, path, Some("yesterday"));
    assert_eq!(top(&confused.event().data), [("ada", 11.0)]);
}

#[test]
fn a_stream_ends_with_its_board_and_with_the_server() {
    let mut app = start();
    assert_eq!(ask(&app, "PUT /v1/boards/weekly", b"{}"), 201);
    let mut weekly = Watcher::open(&app, "/v1/boards/weekly/events", None);
    assert_eq!(weekly.event().data["total"], 0);
    assert_eq!(ask(&app, "DELETE /v1/boards/weekly", b""), 204);
    assert!(weekly.ends());
    let mut global = Watcher::open(&app, "/v1/boards/global/events", None);
    global.event();
    app.signal("TERM");
    assert!(global.ends());
    assert!(app.wait().success());
}

#[test]
fn a_stream_that_begins_while_the_server_stops_has_its_first_event() {
    let app = Launch::new(env!("CARGO_BIN_EXE_agon"))
        .set("SERVER__DRAIN_DELAY", "1h")
        .start();
    app.signal("TERM");
    while app.get("/readyz").status != 503 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let begun = Instant::now();
    let mut watcher = Watcher::open(&app, "/v1/boards/global/events", None);
    assert_eq!(watcher.event().data["total"], 0);
    assert!(watcher.ends());
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[test]
fn what_cannot_be_watched_is_refused_before_the_stream() {
    let app = start();
    let unknown = "00000000-0000-4000-8000-000000000000";
    for (path, status, code) in [
        (
            "/v1/boards/nowhere/events".to_owned(),
            404,
            "board_not_found",
        ),
        (
            "/v1/boards/global/events?top=0".to_owned(),
            400,
            "invalid_request",
        ),
        (
            "/v1/boards/global/events?top=101".to_owned(),
            400,
            "invalid_request",
        ),
        (
            "/v1/boards/global/events?player=7".to_owned(),
            400,
            "invalid_request",
        ),
        (
            "/v1/boards/global/events?segment=clan:x".to_owned(),
            400,
            "not_a_segment",
        ),
        (
            format!("/v1/boards/global/events?player={unknown}"),
            404,
            "player_not_found",
        ),
    ] {
        let reply = app.get(&path);
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (status, &json!(code)),
            "{path}"
        );
    }
}
