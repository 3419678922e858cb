//! HTTP by the byte: what is too long, ambiguous or no HTTP at all is refused, and what is merely
//! unusual is served.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use testkit::{App, raw_exchange};

use crate::setup::{PATIENCE, get, launch, status};

fn players(app: &App) -> usize {
    app.get("/leaderboard").json().as_array().unwrap().len()
}

#[test]
fn a_head_over_the_limit_gets_431() {
    let app = launch().start();
    let long = "a".repeat(40 << 10);
    let many: String = (0..2000)
        .map(|n| format!("x-{n}: 12345678901234567890\r\n"))
        .collect();
    for head in [
        format!("GET /healthz HTTP/1.1\r\nhost: test\r\nx: {long}\r\n\r\n"),
        format!("GET /healthz HTTP/1.1\r\nhost: test\r\n{many}\r\n"),
        format!("GET /healthz?{long} HTTP/1.1\r\nhost: test\r\n\r\n"),
    ] {
        let mut connection = app.connect();
        connection.send(&head);
        assert_eq!(
            connection.head().map(|r| r.status),
            Some(431),
            "{}",
            &head[..60]
        );
    }
    assert_eq!(get(&mut app.connect(), "/healthz"), 200);
}

#[test]
fn a_head_within_the_limit_is_served() {
    let app = launch().set("SERVER__MAX_HEADER", "64 KiB").start();
    let mut connection = app.connect();
    let headers = format!("x: {}\r\n", "a".repeat(60 << 10));
    connection.request("GET /healthz", &headers, b"");
    assert_eq!(status(&mut connection), 200);
}

#[test]
fn garbage_is_refused_and_the_server_lives() {
    let app = launch().start();
    let noise: Vec<u8> = (0..5000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    for bytes in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nbad name: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: a\x00b\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /score/submit HTTP/1.1\r\nhost: test\r\ncontent-length: x\r\n\r\n",
        b"POST /score/submit HTTP/1.1\r\nhost: test\r\ncontent-length: -1\r\n\r\n",
        &noise,
    ] {
        let reply = raw_exchange(app.address(), bytes, PATIENCE);
        let refused = reply.is_empty() || reply.starts_with("HTTP/1.1 400 ");
        assert!(refused, "{}: {reply}", bytes.escape_ascii());
        assert_eq!(get(&mut app.connect(), "/healthz"), 200);
    }
}

#[test]
fn a_target_that_is_no_path_is_refused() {
    let app = launch().start();
    for target in ["healthz", "*", "test:80"] {
        let mut connection = app.connect();
        connection.request(&format!("GET {target}"), "", b"");
        let status = status(&mut connection);
        assert!([400, 404].contains(&status), "{target}: {status}");
    }
}

#[test]
fn an_absolute_target_is_its_path() {
    let app = launch().start();
    let mut connection = app.connect();
    connection.request("GET http://test/healthz", "", b"");
    assert_eq!(status(&mut connection), 200);
}

#[test]
fn http_1_0_is_answered_and_closed() {
    let app = launch().start();
    let reply = raw_exchange(app.address(), b"GET /healthz HTTP/1.0\r\n\r\n", PATIENCE);
    assert!(reply.starts_with("HTTP/1.0 200 "), "{reply}");
    // An array of unknown length, for a client that knows no chunks.
    let reply = raw_exchange(
        app.address(),
        b"GET /leaderboard/all HTTP/1.0\r\n\r\n",
        PATIENCE,
    );
    assert!(reply.ends_with("\r\n\r\n[]"), "{reply}");
}

#[test]
fn a_body_of_two_lengths_is_refused() {
    // A proxy in front and the server behind could each believe another one.
    let app = launch().start();
    let body = r#"{"display_name": "eve"}"#;
    for lengths in [
        "content-length: 23\r\ncontent-length: 5\r\n",
        "content-length: 5\r\ncontent-length: 23\r\n",
        "content-length: 23\r\ntransfer-encoding: identity\r\n",
        "transfer-encoding: chunked, identity\r\n",
    ] {
        let request = format!("POST /user/create HTTP/1.1\r\nhost: test\r\n{lengths}\r\n{body}");
        let reply = raw_exchange(app.address(), request.as_bytes(), PATIENCE);
        assert!(
            reply.is_empty() || reply.starts_with("HTTP/1.1 400 "),
            "{lengths}: {reply}"
        );
    }
    assert_eq!(players(&app), 0);
}

#[test]
fn pipelined_requests_are_all_answered_in_their_order() {
    let app = launch().start();
    let mut connection = app.connect();
    let body = r#"{"display_name": "ada"}"#;
    let create =
        format!("POST /user/create HTTP/1.1\r\nhost: test\r\ncontent-length: 23\r\n\r\n{body}");
    let look = "GET /leaderboard HTTP/1.1\r\nhost: test\r\n\r\n";
    connection.send(
        [
            &create,
            look,
            "GET /nowhere HTTP/1.1\r\nhost: test\r\n\r\n",
            look,
        ]
        .concat(),
    );
    assert_eq!(status(&mut connection), 201);
    assert_eq!(connection.reply().unwrap().json()[0]["display_name"], "ada");
    assert_eq!(status(&mut connection), 404);
    assert_eq!(status(&mut connection), 200);
}
