//! From start to stop: what is said when it cannot start, what is finished before it stops, and
//! what is there when it starts again.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::TcpStream;
use std::process::{Command, Output};

use serde_json::{Value, json};
use testkit::{App, Connection, Launch, until};

use crate::setup::launch;

const AGON: &str = env!("CARGO_BIN_EXE_agon");
const ADA: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";

/// Runs a command to its end, in a directory of its own.
fn run(arguments: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    Command::new(AGON)
        .args(arguments)
        .current_dir(&dir)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The one line with which a command has failed, with exit code 1.
fn failure(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!text.contains("panicked"), "{text}");
    let last = text.lines().last().expect("a message");
    last.to_owned()
}

fn create_ada(app: &App) {
    let body = json!({"user_id": ADA, "display_name": "ada", "points": 100});
    assert_eq!(app.post("/user/create", &body).status, 201);
}

/// Sends the beginning of a submission of Ada's; the server waits for the rest when this returns.
fn begin_submission(app: &App) -> (Connection, String) {
    let body = json!({"user_id": ADA, "score_worth": 1}).to_string();
    let (half, rest) = body.split_at(20);
    let mut connection = app.connect();
    connection.send("POST /score/submit HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\n");
    connection.send(format!("content-length: {}\r\n\r\n", body.len()));
    assert_eq!(connection.head().map(|r| r.status), Some(100));
    connection.send(half);
    (connection, rest.to_owned())
}

fn refuses_connections(app: &App) -> bool {
    TcpStream::connect(app.address()).is_err()
}

#[test]
fn it_is_alive_and_ready() {
    let app = launch().start();
    for path in ["/healthz", "/readyz"] {
        let reply = app.get(path);
        assert_eq!(reply.status, 200, "{path}");
        assert!(reply.json().is_object(), "{path}");
    }
}

#[test]
fn it_stops_when_told_and_has_its_data_when_started_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut before = Value::Null;
    for (n, signal) in (0..).zip(["TERM", "INT", "KILL", "TERM"]) {
        let mut app = Launch::on(AGON, dir.path()).start();
        if n == 0 {
            create_ada(&app);
        } else {
            assert_eq!(app.get("/leaderboard").json(), before, "start {n}");
        }
        let body = json!({"user_id": ADA, "score_worth": 0.5});
        assert_eq!(app.post("/score/submit", &body).status, 200);
        before = app.get("/leaderboard").json();
        assert_eq!(before[0]["points"], 100.5 + 0.5 * f64::from(n));
        app.signal(signal);
        let expected = if signal == "KILL" { None } else { Some(0) };
        assert_eq!(app.wait().code(), expected, "{signal}: {}", app.log());
    }
}

#[test]
fn idle_connections_do_not_hold_up_the_stop() {
    let mut app = launch().set("SERVER__DRAIN_TIMEOUT", "1h").start();
    let idle = app.connect();
    let mut used = app.connect();
    used.request("GET /healthz", "", b"");
    assert_eq!(used.reply().map(|r| r.status), Some(200));
    assert_eq!(app.stop().code(), Some(0));
    drop(idle);
}

#[test]
fn a_request_in_flight_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    let mut app = Launch::on(AGON, dir.path()).start();
    create_ada(&app);
    let (mut connection, rest) = begin_submission(&app);
    app.signal("TERM");
    until("connections are refused", || refuses_connections(&app));
    connection.send(rest);
    let reply = connection.reply().expect("a reply");
    assert_eq!((reply.status, &reply.json()["points"]), (200, &json!(101)));
    assert!(connection.ends());
    assert_eq!(app.wait().code(), Some(0));
    let again = Launch::on(AGON, dir.path()).start();
    assert_eq!(again.get(&format!("/profile/{ADA}")).json()["points"], 101);
}

#[test]
fn a_request_that_does_not_end_is_left_after_a_while() {
    let mut app = launch().set("SERVER__DRAIN_TIMEOUT", "300ms").start();
    let (_connection, _) = begin_submission(&app);
    assert_eq!(app.stop().code(), Some(0));
}

#[test]
fn told_twice_it_stops_at_once() {
    let mut app = launch()
        .set("SERVER__DRAIN_TIMEOUT", "1h")
        .set("SERVER__BODY_READ_TIMEOUT", "1h")
        .start();
    let (_connection, _) = begin_submission(&app);
    app.signal("TERM");
    until("connections are refused", || refuses_connections(&app));
    assert_eq!(app.stop().code(), Some(0));
}

#[test]
fn told_twice_it_does_not_wait_for_load_balancers_either() {
    let mut app = launch().set("SERVER__DRAIN_DELAY", "1h").start();
    app.signal("TERM");
    until("it is not ready", || app.get("/readyz").status == 503);
    assert_eq!(app.stop().code(), Some(0));
}

#[test]
fn while_load_balancers_notice_requests_are_served() {
    let mut app = launch().set("SERVER__DRAIN_DELAY", "4s").start();
    create_ada(&app);
    app.signal("TERM");
    until("it is not ready", || app.get("/readyz").status == 503);
    let reply = app.get("/readyz");
    assert_eq!(
        (reply.status, &reply.json()["code"]),
        (503, &json!("draining"))
    );
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json")
    );
    assert!(reply.header("retry-after").is_some());
    assert_eq!(app.get("/healthz").status, 200);
    let body = json!({"user_id": ADA, "score_worth": 1});
    assert_eq!(app.post("/score/submit", &body).status, 200);
    let mut new = app.connect();
    new.request("GET /leaderboard", "", b"");
    assert_eq!(new.reply().map(|r| r.status), Some(200));
    assert_eq!(app.wait().code(), Some(0));
}

#[test]
fn while_load_balancers_notice_connections_end_with_their_next_reply() {
    let mut app = launch().set("SERVER__DRAIN_DELAY", "1h").start();
    let (mut first, mut second) = (app.connect(), app.connect());
    for connection in [&mut first, &mut second] {
        connection.request("GET /healthz", "", b"");
        assert_eq!(connection.reply().unwrap().header("connection"), None);
    }
    app.signal("TERM");
    until("it is not ready", || app.get("/readyz").status == 503);
    // Nothing is taken from a client that may be sending at this moment.
    first.request("GET /healthz", "", b"");
    let reply = first.reply().expect("a reply");
    assert_eq!(
        (reply.status, reply.header("connection")),
        (200, Some("close"))
    );
    assert!(first.ends());
    // Also where the next request was on its way already.
    let two = "GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n".repeat(2);
    second.send(two);
    let reply = second.reply().expect("a reply");
    assert_eq!(
        (reply.status, reply.header("connection")),
        (200, Some("close"))
    );
    assert!(second.ends());
    assert_eq!(app.stop().code(), Some(0));
}

#[test]
fn a_second_process_on_the_same_data_is_refused() {
    let app = launch().start();
    create_ada(&app);
    let dir = app.data_dir().to_str().unwrap();
    let message = failure(&run(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        dir,
    ]));
    assert!(message.contains(dir), "{message}");
    assert!(message.contains(&app.id().to_string()), "{message}");
    assert_eq!(app.get(&format!("/profile/{ADA}")).status, 200);
}

#[test]
fn a_port_in_use_is_refused() {
    let app = launch().start();
    let address = app.address().to_string();
    let message = failure(&run(&["serve", "--listen", &address, "--data-dir", "data"]));
    assert!(message.contains(&address), "{message}");
    assert!(message.to_lowercase().contains("in use"), "{message}");
}

#[test]
fn a_data_directory_that_cannot_be_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let data_dir = file.to_str().unwrap();
    let message = failure(&run(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        data_dir,
    ]));
    assert!(message.contains(data_dir), "{message}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "in the way");
}

#[test]
fn a_public_address_is_refused_unless_insisted_on() {
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let message = failure(&run(&["serve", "--listen", listen]));
        assert!(message.contains(listen), "{message}");
        assert!(message.contains("--insecure-open"), "{message}");
        stdout(&run(&[
            "check-config",
            "--listen",
            listen,
            "--insecure-open",
        ]));
    }
    for listen in ["127.0.0.1:0", "127.3.4.5:80", "[::1]:80"] {
        stdout(&run(&["check-config", "--listen", listen]));
    }
}

#[test]
fn it_tells_its_version() {
    let expected = format!("agon {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(stdout(&run(&["--version"])), expected);
}

#[test]
fn settings_in_force_are_settings_again() {
    let first = stdout(&run(&["check-config", "--listen", "127.0.0.1:1234"]));
    assert!(first.contains("127.0.0.1:1234"), "{first}");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("agon.toml");
    std::fs::write(&file, &first).unwrap();
    let again = stdout(&run(&["check-config", "--config", file.to_str().unwrap()]));
    assert_eq!(again, first);
}

#[test]
fn bad_settings_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("agon.toml");
    for (text, key) in [
        ("[server]\nmax_body = \"much\"", "server.max_body"),
        ("[server]\nidle_timeout = \"-1s\"", "server.idle_timeout"),
        ("[server]\nmax_conections = 5", "max_conections"),
        ("[store]\nmax_queue = 0", "store.max_queue"),
        ("[lok]\nlevel = \"info\"", "lok"),
    ] {
        std::fs::write(&file, text).unwrap();
        for command in ["check-config", "serve"] {
            let message = failure(&run(&[command, "--config", file.to_str().unwrap()]));
            assert!(
                message.contains(key),
                "{command}: {message} should name {key}"
            );
        }
    }
    let message = failure(&run(&["check-config", "--config", "none.toml"]));
    assert!(message.contains("none.toml"), "{message}");
}

#[test]
fn the_document_is_the_same_printed_and_served() {
    let app = launch().start();
    let printed: Value = serde_json::from_str(&stdout(&run(&["openapi"]))).unwrap();
    assert_eq!(printed["openapi"], "3.1.0");
    assert_eq!(printed, app.get("/openapi.json").json());
    let yaml = String::from_utf8(app.get("/schema").body).unwrap();
    assert_eq!(stdout(&run(&["openapi", "--yaml"])).trim(), yaml.trim());
}
