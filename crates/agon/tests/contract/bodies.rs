//! Bodies before anybody reads what they say: their media type, their size, their depth.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};
use testkit::Reply;

use crate::setup::{launch, request};

fn is_refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!(
        (reply.status, &reply.json()["code"]),
        (status, &json!(code))
    );
}

/// A player whose creation takes exactly this many bytes of body.
fn body_of(bytes: usize) -> Vec<u8> {
    let mut body = br#"{"display_name": "ada"}"#.to_vec();
    body.resize(bytes, b' ');
    body
}

/// The body in chunks of 100 bytes.
fn chunked(body: &[u8]) -> Vec<u8> {
    let chunks = body.chunks(100).map(|chunk| {
        let length = format!("{:x}\r\n", chunk.len());
        [length.as_bytes(), chunk, b"\r\n"].concat()
    });
    [chunks.collect::<Vec<_>>().concat(), b"0\r\n\r\n".to_vec()].concat()
}

#[test]
fn media_types_that_are_not_json_are_refused_and_change_nothing() {
    let app = launch().start();
    for media_type in [
        "text/plain",
        "text/plain; charset=utf-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "application/jsonp",
        "application/xml",
        "text/plain; application/json",
        "text/plain, application/json",
        "text/plain, application/x+json",
        "application/+json",
        "/x+json",
        "json",
        "",
    ] {
        let headers = format!("content-type: {media_type}\r\n");
        let body = br#"{"display_name": "eve"}"#;
        let reply = request(&app, "POST /user/create", &headers, body);
        is_refused(&reply, 415, "unsupported_media_type");
    }
    assert_eq!(app.get("/leaderboard").json(), json!([]));
}

#[test]
fn a_body_that_is_compressed_is_refused_as_that() {
    let app = launch().start();
    for (line, headers) in [
        ("POST /user/create", "content-encoding: gzip\r\n"),
        (
            "POST /v1/boards/global/scores:batch",
            "content-type: application/x-ndjson\r\ncontent-encoding: br\r\n",
        ),
    ] {
        let reply = request(&app, line, headers, b"\x1f\x8b\x08");
        is_refused(&reply, 415, "unsupported_media_type");
        assert_eq!(reply.header("accept-encoding"), Some("identity"));
        let problem = reply.json();
        assert!(problem["detail"].as_str().unwrap().contains("encoding"));
    }
}

#[test]
fn json_media_types_and_none_at_all_are_taken() {
    let app = launch().start();
    for headers in [
        "",
        "content-type: application/json\r\n",
        "content-type: application/json; charset=utf-8\r\n",
        "content-type: application/json;charset=UTF-8\r\n",
        "content-type: Application/JSON\r\n",
        "content-type: application/vnd.game+json\r\n",
        "content-type: application/vnd.game.v2+json; charset=utf-8\r\n",
        "content-type: text/x+json\r\n",
        "content-type: model/gltf+json\r\ncontent-encoding: identity\r\n",
    ] {
        let body = br#"{"display_name": "ada"}"#;
        assert_eq!(
            request(&app, "POST /user/create", headers, body).status,
            201,
            "{headers}"
        );
    }
}

#[test]
fn a_body_may_be_as_large_as_the_limit_and_no_larger() {
    let app = launch().set("SERVER__MAX_BODY", "1 KiB").start();
    let largest = request(&app, "POST /user/create", "", &body_of(1024));
    assert_eq!(largest.status, 201);
    let reply = request(&app, "POST /user/create", "", &body_of(1025));
    is_refused(&reply, 413, "body_too_large");
    assert_eq!(app.get("/leaderboard").json().as_array().unwrap().len(), 1);
}

#[test]
fn the_limit_holds_for_a_body_without_a_length() {
    let app = launch().set("SERVER__MAX_BODY", "1 KiB").start();
    for (bytes, status) in [(1024, 201), (1025, 413), (100_000, 413)] {
        let mut connection = app.connect();
        connection.send("POST /user/create HTTP/1.1\r\nhost: test\r\n");
        connection.send("transfer-encoding: chunked\r\n\r\n");
        connection.send(chunked(&body_of(bytes)));
        let reply = connection.reply().expect("a reply");
        assert_eq!(reply.status, status, "{bytes}");
        if status == 413 {
            is_refused(&reply, 413, "body_too_large");
        }
    }
    assert_eq!(app.get("/leaderboard").json().as_array().unwrap().len(), 1);
}

#[test]
fn a_body_that_is_declared_too_large_is_refused_before_it_comes() {
    let app = launch().set("SERVER__MAX_BODY", "1 KiB").start();
    let mut connection = app.connect();
    connection.send("POST /user/create HTTP/1.1\r\nhost: test\r\n");
    connection.send("content-length: 1000000000000\r\n\r\n");
    is_refused(&connection.reply().expect("a reply"), 413, "body_too_large");
}

#[test]
fn a_client_that_reads_only_when_it_has_sent_all_learns_of_the_limit() {
    let app = launch().set("SERVER__MAX_BODY", "1 KiB").start();
    for bytes in [10_000, 100_000, 1_000_000, 5_000_000] {
        let reply = request(&app, "POST /user/create", "", &body_of(bytes));
        is_refused(&reply, 413, "body_too_large");
    }
}

#[test]
fn a_client_that_reads_only_when_it_has_sent_all_learns_of_the_media_type() {
    let app = launch().start();
    for bytes in [10_000, 100_000, 1_000_000, 5_000_000] {
        let headers = "content-type: text/plain\r\n";
        let reply = request(&app, "POST /user/create", headers, &body_of(bytes));
        is_refused(&reply, 415, "unsupported_media_type");
    }
}

#[test]
fn a_client_that_asks_first_is_told_to_go_on() {
    let app = launch().start();
    let mut connection = app.connect();
    let body = body_of(30);
    connection.send("POST /user/create HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\n");
    connection.send("content-length: 30\r\n\r\n");
    assert_eq!(connection.head().map(|r| r.status), Some(100));
    connection.send(body);
    assert_eq!(connection.reply().map(|r| r.status), Some(201));
}

#[test]
fn a_body_that_is_compressed_is_not_taken_for_json() {
    let app = launch().start();
    let headers = "content-encoding: gzip\r\n";
    let reply = request(
        &app,
        "POST /user/create",
        headers,
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    );
    assert!([400, 415].contains(&reply.status), "{}", reply.status);
}

#[test]
fn deep_nesting_is_refused_and_the_server_lives() {
    let app = launch().start();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = [open.repeat(100_000), "1".to_owned(), close.repeat(100_000)].concat();
        for body in [
            deep.clone(),
            open.repeat(100_000),
            format!(r#"{{"display_name": {deep}}}"#),
        ] {
            for path in ["/user/create", "/score/submit", "/user/generate"] {
                let reply = app.send(path, None, body.as_bytes()).unwrap();
                assert_eq!(reply.status, 400, "{path}");
            }
        }
    }
    assert_eq!(app.get("/healthz").status, 200);
}

#[test]
fn a_very_wrong_array_is_answered_in_few_words() {
    let app = launch().start();
    let reply = app.post("/user/create", &Value::from(vec![json!({}); 100_000]));
    is_refused(&reply, 400, "invalid_request");
    assert!(reply.body.len() < 100_000, "{} bytes", reply.body.len());
}
