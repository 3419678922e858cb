//! Lines of the log.

use serde_json::{Value, json};
use testkit::{App, Launch, Reply};

use crate::AGON;

const PLAYER: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";

/// Lines about requests, in their order. All that were written before the last reply are there.
fn requests(log: &str) -> Vec<Value> {
    let lines = log.lines().filter_map(|l| serde_json::from_str(l).ok());
    lines
        .filter(|line: &Value| line["target"] == "agon::request")
        .collect()
}

fn start(variables: &[(&str, &str)]) -> App {
    let mut launch = Launch::new(AGON).variable("AGON_LOG__FORMAT", "json");
    for (name, value) in variables {
        launch = launch.variable(name, value);
    }
    launch.start()
}

fn put(app: &App, settings: &Value) -> Reply {
    let body = settings.to_string();
    app.request("PUT", "/v1/log", &[], Some(body.as_bytes()))
        .unwrap()
}

#[test]
fn each_request_has_a_line_of_json_without_its_player() {
    let app = start(&[("AGON_LOG__REQUESTS", "true")]);
    let sent = json!({"user_id": PLAYER, "display_name": "ada"});
    assert_eq!(app.post("/user/create", &sent).status, 201);
    let missing = app.get("/profile/00000000-0000-4000-8000-000000000001");
    assert_eq!(missing.status, 404);
    assert_eq!(app.get("/no/such/path").status, 404);
    let log = app.log();
    let lines = requests(&log);
    let [created, profile, nowhere] = &lines[lines.len() - 3..] else {
        panic!("{log}");
    };
    assert_eq!(created["method"], "POST");
    assert_eq!(created["route"], "/user/create");
    assert_eq!(created["status"], 201);
    assert_eq!(created["level"], "INFO");
    assert!(created["duration_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(profile["route"], "/profile/{guid}");
    assert_eq!(
        profile["request_id"].as_str(),
        missing.header("x-request-id")
    );
    assert_eq!(nowhere["route"], "none");
    assert!(!log.contains(PLAYER) && !log.contains("/no/such"), "{log}");
}

#[test]
fn the_log_is_changed_while_it_goes_on() {
    let app = start(&[]);
    app.get("/leaderboard");
    assert_eq!(requests(&app.log()), Vec::<Value>::new());
    let now = app.get("/v1/log").json();
    assert_eq!(now, json!({"level": "info", "requests": false}));

    let all = json!({"level": "debug", "requests": true});
    let reply = put(&app, &all);
    assert_eq!((reply.status, reply.json()), (200, all.clone()));
    app.get("/leaderboard");
    let lines = requests(&app.log());
    assert!(lines.iter().any(|l| l["route"] == "/leaderboard"));

    for (wrong, pointer) in [
        (json!({"level": "loud"}), "/level"),
        (json!({}), "/level"),
        (json!({"level": "info", "requests": 1}), "/requests"),
    ] {
        let reply = put(&app, &wrong);
        assert_eq!(reply.status, 400);
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer);
    }
    assert_eq!(app.get("/v1/log").json(), all);

    put(&app, &json!({"level": "error"}));
    let before = requests(&app.log()).len();
    app.get("/leaderboard");
    assert_eq!(requests(&app.log()).len(), before);
}

#[test]
fn a_file_has_the_same_lines_up_to_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    let mut app = start(&[
        ("AGON_LOG__DIR", logs.to_str().unwrap()),
        ("AGON_LOG__REQUESTS", "true"),
    ]);
    app.get("/leaderboard");
    assert!(app.stop().success());
    let file = std::fs::read_to_string(logs.join("api.log")).unwrap();
    assert!(requests(&file).iter().any(|l| l["route"] == "/leaderboard"));
    let last: Value = serde_json::from_str(file.lines().last().unwrap()).unwrap();
    assert_eq!(last["message"], "stopped");
}

#[test]
fn a_directory_that_cannot_be_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let dir = file.path().join("logs");
    let launch = Launch::new(AGON).variable("AGON_LOG__DIR", dir.to_str().unwrap());
    let error = launch.try_start().err().unwrap();
    assert!(error.contains("cannot log to"), "{error}");
}
