//! Bodies that no handler reads, or not to their end: the connection can be used again, or the reply
//! says that it ends.
//!
//! Pauses here are what a slow client does, never a wait for the server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;
use testkit::{App, Connection, Reply};

use crate::setup::{PATIENCE, launch};

const PLAYER: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";
const END_OF_CHUNKS: &str = "0\r\n\r\n";

fn start() -> App {
    let app = launch().start();
    let player = json!({"user_id": PLAYER, "display_name": "ada"});
    assert_eq!(app.post("/user/create", &player).status, 201);
    app
}

/// Requests whose handlers read no body, a quick one and some that write to the disk; one that reads
/// its body; one that nobody handles.
fn requests() -> [(String, u16); 6] {
    let hidden = format!("/v1/boards/global/entries/{PLAYER}/hidden");
    [
        ("GET /healthz".to_owned(), 200),
        (format!("PUT {hidden}"), 204),
        (format!("DELETE {hidden}"), 204),
        ("DELETE /v1/boards/nowhere".to_owned(), 404),
        ("POST /v1/boards/global/seasons:rotate".to_owned(), 200),
        ("PUT /nowhere".to_owned(), 404),
    ]
}

fn reply(connection: &mut Connection) -> Reply {
    let mut reply = connection.head().expect("a reply");
    if reply.status != 204 {
        let length = reply.header("content-length").expect("a length");
        reply.body = connection.exactly(length.parse().unwrap()).unwrap();
    }
    reply
}

fn ends(reply: &Reply) -> bool {
    reply.header("connection") == Some("close")
}

/// Sends the head of a request, and after a pause the end of its empty body. Whether the connection can
/// be used again; it can if the reply does not say that it ends.
fn late(connection: &mut Connection, request: &str, pause: Duration, expected: u16) -> bool {
    connection.send(format!(
        "{request} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n"
    ));
    sleep(pause);
    connection.send(END_OF_CHUNKS);
    let reply = reply(connection);
    assert_eq!(reply.status, expected, "{request}");
    if ends(&reply) {
        assert!(connection.ends(), "{request}");
        return false;
    }
    true
}

#[test]
fn an_empty_body_may_end_late() {
    let app = start();
    let mut connection = app.connect();
    let mut kept = 0;
    for pause in [0, 1, 2, 3, 5, 8, 12, 20, 40, 0, 1, 2].map(Duration::from_millis) {
        for (request, status) in requests() {
            // A connection that was to be kept takes the next request.
            if late(&mut connection, &request, pause, status) {
                kept += 1;
            } else {
                connection = app.connect();
            }
        }
    }
    assert!(kept > 0);
}

#[test]
fn a_body_that_never_ends_ends_the_connection() {
    let app = start();
    for body in [
        "transfer-encoding: chunked\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "content-length: 2\r\n\r\n{",
        "content-length: 10000000000\r\n\r\n",
    ] {
        for request in ["GET /healthz", "DELETE /v1/boards/nowhere", "PUT /nowhere"] {
            let mut connection = app.connect();
            connection.send(format!("{request} HTTP/1.1\r\nhost: test\r\n{body}"));
            assert!(ends(&reply(&mut connection)), "{request} {body}");
            assert!(connection.ends(), "{request} {body}");
        }
    }
}

#[test]
fn a_body_that_is_there_is_passed_over() {
    let app = start();
    let mut connection = app.connect();
    let long = "x".repeat(60_000);
    for body in ["{}", "x", &long] {
        for (request, status) in requests().iter().filter(|(r, _)| !r.starts_with("POST")) {
            connection.request(request, "", body.as_bytes());
            let reply = reply(&mut connection);
            assert_eq!((reply.status, ends(&reply)), (*status, false), "{request}");
        }
    }
    // Refused before it is read.
    connection.request("POST /user/create", "content-type: text/plain\r\n", b"{}");
    let reply = reply(&mut connection);
    assert_eq!((reply.status, ends(&reply)), (415, false));
    connection.request("GET /healthz", "", b"");
    assert_eq!(connection.reply().unwrap().status, 200);
}

#[test]
fn a_body_that_is_broken_ends_the_connection() {
    let app = start();
    for request in ["POST /user/create", "GET /healthz"] {
        let mut connection = app.connect();
        connection.send(format!(
            "{request} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\nno length\r\n"
        ));
        assert!(ends(&reply(&mut connection)), "{request}");
        assert!(connection.ends());
    }
}

#[test]
fn a_client_that_waits_to_be_asked_is_not() {
    let app = start();
    let mut connection = app.connect();
    connection.send("PUT /nowhere HTTP/1.1\r\nhost: test\r\ncontent-length: 9\r\n");
    connection.send("expect: 100-continue\r\n\r\n");
    let reply = reply(&mut connection);
    assert_eq!((reply.status, ends(&reply)), (404, true));
    assert!(connection.ends());
}

/// What the client sends until it has read the reply must not reset the connection.
#[test]
fn a_client_that_goes_on_sending_reads_the_reply_and_its_end() {
    let app = start();
    for (request, status) in [("POST /user/create", " 413 "), ("PUT /nowhere", " 404 ")] {
        let mut stream = TcpStream::connect(app.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = 100_u64 << 30;
        let head = format!("{request} HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut first = [0; 13];
        stream.read_exact(&mut first).unwrap();
        assert!(String::from_utf8_lossy(&first).contains(status));
        for _ in 0..40 {
            stream.write_all(&[b' '; 10_000]).unwrap();
        }
        stream.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("an end, not a reset");
        assert!(String::from_utf8_lossy(&rest).contains("connection: close\r\n"));
    }
}

#[test]
fn a_client_that_sends_for_ever_is_left() {
    let app = start();
    let mut stream = TcpStream::connect(app.address()).unwrap();
    stream
        .write_all(b"PUT /nowhere HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n")
        .unwrap();
    // A byte every 10 ms, for a minute at most.
    let left = (0..6000).any(|_| {
        sleep(Duration::from_millis(10));
        stream.write_all(b"1\r\nx\r\n").is_err()
    });
    assert!(left);
}
