//! Clients that are slow, greedy or broken: each meets its limit, and the others are served.
//!
//! Pauses here are what a slow client does, never a wait for the server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;
use testkit::{App, Connection};

use crate::setup::{PATIENCE, get, launch, status};

/// Sends the head of a request for a player and half of its body; the server has begun to read it
/// when this returns.
fn half_a_player(connection: &mut Connection) {
    connection.send("POST /user/create HTTP/1.1\r\nhost: test\r\ncontent-length: 23\r\n");
    connection.send("expect: 100-continue\r\n\r\n");
    assert_eq!(connection.head().map(|r| r.status), Some(100));
    connection.send(r#"{"display_nam"#);
}

const OTHER_HALF: &str = r#"e": "ada"}"#;

fn players(app: &App) -> usize {
    app.get("/leaderboard").json().as_array().unwrap().len()
}

#[test]
fn a_head_that_does_not_end_closes_the_connection() {
    let app = launch().set("SERVER__HEADER_READ_TIMEOUT", "300ms").start();
    for beginning in [
        "G",
        "GET /leaderboard HTTP/1.1\r\n",
        "GET /leaderboard HTTP/1.1\r\nhost: te",
    ] {
        let mut connection = app.connect();
        connection.send(beginning);
        assert!(connection.ends(), "{beginning:?}");
    }
}

#[test]
fn a_head_that_trickles_closes_the_connection() {
    let app = launch().set("SERVER__HEADER_READ_TIMEOUT", "300ms").start();
    let mut stream = TcpStream::connect(app.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    stream
        .write_all(b"GET /leaderboard HTTP/1.1\r\nx: ")
        .unwrap();
    // A byte every 20 ms, for a minute at most.
    let closed = (0..3000).any(|_| {
        let read = stream.read(&mut [0; 64]);
        matches!(read, Ok(0)) || stream.write_all(b"y").is_err()
    });
    assert!(closed);
}

#[test]
fn the_next_head_on_a_connection_has_the_same_limit() {
    let app = launch().set("SERVER__HEADER_READ_TIMEOUT", "300ms").start();
    let mut connection = app.connect();
    assert_eq!(get(&mut connection, "/healthz"), 200);
    connection.send("GET /healthz HTTP/1.1\r\n");
    assert!(connection.ends());
}

/// With an idle limit that is over at once.
fn impatient() -> App {
    launch().set("SERVER__IDLE_TIMEOUT", "300ms").start()
}

#[test]
fn a_connection_without_a_request_is_closed() {
    let app = impatient();
    assert!(app.connect().ends());
}

#[test]
fn an_idle_connection_is_closed() {
    let app = impatient();
    let mut connection = app.connect();
    assert_eq!(get(&mut connection, "/healthz"), 200);
    assert!(connection.ends());
}

#[test]
fn an_idle_connection_is_closed_after_a_body_that_came_later() {
    let app = impatient();
    let mut connection = app.connect();
    half_a_player(&mut connection);
    connection.send(OTHER_HALF);
    assert_eq!(status(&mut connection), 201);
    assert!(connection.ends());
}

#[test]
fn an_idle_connection_is_closed_after_a_refusal() {
    let app = impatient();
    let mut connection = app.connect();
    connection.request("POST /user/create", "content-type: text/plain\r\n", b"{}");
    assert_eq!(status(&mut connection), 415);
    assert!(connection.ends());
}

#[test]
fn an_idle_connection_is_closed_after_a_streamed_reply() {
    let app = impatient();
    let mut connection = app.connect();
    assert_eq!(get(&mut connection, "/leaderboard/all"), 200);
    assert!(connection.ends());
}

#[test]
fn a_connection_in_use_outlives_the_idle_limit() {
    let app = launch().set("SERVER__IDLE_TIMEOUT", "2s").start();
    let mut connection = app.connect();
    for _ in 0..12 {
        assert_eq!(get(&mut connection, "/healthz"), 200);
        sleep(Duration::from_millis(250));
    }
}

#[test]
fn a_body_that_does_not_come_gets_408() {
    let app = launch().set("SERVER__BODY_READ_TIMEOUT", "300ms").start();
    let mut connection = app.connect();
    half_a_player(&mut connection);
    let reply = connection.reply().expect("a reply");
    assert_eq!(reply.status, 408);
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(reply.json()["code"], "body_timeout");
    assert_eq!(players(&app), 0);
}

#[test]
fn a_body_that_trickles_gets_408() {
    let app = launch().set("SERVER__BODY_READ_TIMEOUT", "300ms").start();
    let mut stream = TcpStream::connect(app.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    stream
        .write_all(b"POST /user/create HTTP/1.1\r\nhost: test\r\ncontent-length: 1000000\r\n\r\n")
        .unwrap();
    let mut chunk = [0; 64];
    let begun = (0..3000).find_map(|_| {
        let _ = stream.write_all(b" ");
        stream.read(&mut chunk).ok()
    });
    let reply = String::from_utf8_lossy(&chunk[..begun.expect("a reply")]).into_owned();
    assert!(reply.starts_with("HTTP/1.1 408 "), "{reply}");
}

#[test]
fn a_slow_body_has_the_time_of_a_body() {
    let app = launch()
        .set("SERVER__HEADER_READ_TIMEOUT", "200ms")
        .set("SERVER__IDLE_TIMEOUT", "200ms")
        .start();
    let mut connection = app.connect();
    half_a_player(&mut connection);
    sleep(Duration::from_millis(700));
    connection.send(OTHER_HALF);
    assert_eq!(status(&mut connection), 201);
}

#[test]
fn a_body_cut_off_creates_nobody() {
    let app = launch().start();
    let mut connection = app.connect();
    half_a_player(&mut connection);
    drop(connection);
    assert_eq!(
        app.post("/user/create", &json!({"display_name": "bob"}))
            .status,
        201
    );
    assert_eq!(app.get("/leaderboard").json()[0]["display_name"], "bob");
    assert_eq!(players(&app), 1);
}

/// A board whose whole is tens of megabytes, far beyond what sockets buffer.
fn large_board(app: &App) {
    let reply = app.post("/user/generate", &json!({"count": 200_000}));
    assert_eq!(reply.status, 201);
}

#[test]
fn a_reply_that_is_taken_slowly_but_steadily_comes_whole() {
    let app = launch().set("SERVER__IDLE_TIMEOUT", "1s").start();
    large_board(&app);
    let mut stream = TcpStream::connect(app.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(b"GET /leaderboard/all HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut reply = Vec::new();
    let mut taken = 1;
    while taken > 0 {
        taken = Read::by_ref(&mut stream)
            .take(512 << 10)
            .read_to_end(&mut reply)
            .unwrap_or(0);
        sleep(Duration::from_millis(50));
    }
    assert!(
        reply.ends_with(b"]\r\n0\r\n\r\n"),
        "ended after {} bytes",
        reply.len()
    );
}

#[test]
fn a_client_that_takes_no_reply_is_left() {
    let app = launch()
        .set("SERVER__IDLE_TIMEOUT", "300ms")
        .set("SERVER__MAX_CONNECTIONS", "1")
        .start();
    let mut maker = app.connect();
    maker.request(
        "POST /user/generate",
        "connection: close\r\n",
        br#"{"count": 200000}"#,
    );
    assert_eq!(status(&mut maker), 201);
    let mut greedy = app.connect();
    greedy.request("GET /leaderboard/all", "", b"");
    // Holds the one place there is until the server gives it up.
    assert_eq!(get(&mut app.connect(), "/healthz"), 200);
    assert!(greedy.reply().is_none(), "the reply came whole");
}

#[test]
fn over_the_limit_a_connection_waits_until_a_request_has_been_served() {
    let app = launch().set("SERVER__MAX_CONNECTIONS", "2").start();
    let mut first = app.connect();
    let mut second = app.connect();
    half_a_player(&mut first);
    half_a_player(&mut second);
    let request = b"GET /healthz HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
    let mut third = TcpStream::connect(app.address()).unwrap();
    third.write_all(request).unwrap();
    // Longer than a connection has to be idle before it gives way.
    third
        .set_read_timeout(Some(Duration::from_millis(1500)))
        .unwrap();
    let early = third.read(&mut [0; 64]);
    assert!(early.is_err(), "the third was served: {early:?}");
    // The others are, meanwhile.
    first.send(OTHER_HALF);
    assert_eq!(status(&mut first), 201);
    drop(second);
    third.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reply = String::new();
    third.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
}

#[test]
fn while_slow_clients_hang_others_are_served() {
    let app = launch().start();
    let hanging: Vec<Connection> = (0..40)
        .map(|n| {
            let mut connection = app.connect();
            if n % 2 == 0 {
                connection.send("GET /leaderboard HTTP/1.1\r\nho");
            } else {
                half_a_player(&mut connection);
            }
            connection
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(
            app.post("/user/create", &json!({"display_name": "ada"}))
                .status,
            201
        );
    }
    for (n, mut connection) in hanging.into_iter().enumerate() {
        let (rest, expected) = if n % 2 == 0 {
            ("st: test\r\n\r\n", 200)
        } else {
            (OTHER_HALF, 201)
        };
        connection.send(rest);
        assert_eq!(status(&mut connection), expected);
    }
}
