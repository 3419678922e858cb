//! Requests that cannot be: every refusal is a problem in one form, with the status it ought to
//! have, and what only looks odd is served.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::json;
use testkit::Reply;

use crate::setup::{launch, request};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// Checks that a reply is a problem of this status in the one form.
fn is_problem(reply: &Reply, status: u16, code: &str) {
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    assert_eq!(reply.status, status, "{text}");
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json"),
        "{text}"
    );
    assert!(
        reply
            .header("x-request-id")
            .is_some_and(|id| !id.is_empty()),
        "{text}"
    );
    let problem = reply.json();
    assert_eq!(problem["status"], status, "{text}");
    assert_eq!(problem["code"], code, "{text}");
    for member in ["type", "title", "detail"] {
        assert!(
            problem[member].as_str().is_some_and(|s| !s.is_empty()),
            "{member}: {text}"
        );
    }
    for member in problem.as_object().unwrap().keys() {
        let known = ["type", "title", "status", "detail", "code", "errors"];
        assert!(known.contains(&member.as_str()), "{member}: {text}");
    }
    for inner in ["crates/", "src/", ".rs", "serde", "axum", "panicked"] {
        assert!(!text.contains(inner), "{text} tells of the inside: {inner}");
    }
}

#[test]
fn every_kind_of_refusal_has_the_one_form() {
    let app = launch().start();
    let player = json!({"user_id": NOBODY, "display_name": "ada"});
    let submission = json!({"user_id": NOBODY, "score_worth": 1});
    is_problem(
        &app.post("/score/submit", &submission),
        404,
        "player_not_found",
    );
    assert_eq!(app.post("/user/create", &player).status, 201);
    is_problem(&app.post("/user/create", &player), 409, "player_exists");
    for path in [
        "/leaderboard?limit=0",
        "/leaderboard/turkey",
        "/profile/x",
        "/user/profile/x",
    ] {
        is_problem(&app.get(path), 400, "invalid_request");
    }
    for path in ["/score/submit", "/user/create", "/user/generate"] {
        is_problem(&app.post(path, &json!({})), 400, "invalid_request");
        is_problem(&app.send(path, None, b"{").unwrap(), 400, "malformed_json");
        is_problem(
            &app.send(path, Some("text/plain"), b"{}").unwrap(),
            415,
            "unsupported_media_type",
        );
        is_problem(&app.get(path), 405, "method_not_allowed");
    }
}

#[test]
fn unknown_paths_are_not_found() {
    let app = launch().start();
    for path in [
        "/leaderbord",
        "/leaderboard/",
        "/leaderboard/tr/1",
        "/user",
        "/user/profile",
        "/user/profile/",
        "/score",
        "//leaderboard",
        "/../etc/passwd",
        "/docs/none.js",
        "/%ff",
    ] {
        is_problem(
            &request(&app, &format!("GET {path}"), "", b""),
            404,
            "not_found",
        );
    }
}

#[test]
fn wrong_methods_are_told_the_right_ones() {
    let app = launch().start();
    for (method, path, allowed) in [
        ("POST", "/leaderboard", "GET"),
        ("PUT", "/leaderboard/tr", "GET"),
        ("DELETE", "/leaderboard/all", "GET"),
        ("GET", "/score/submit", "POST"),
        ("PATCH", "/score/submit", "POST"),
        ("GET", "/user/create", "POST"),
        ("GET", "/user/generate", "POST"),
        ("DELETE", "/user/profile/x", "GET"),
        ("POST", "/profile/x", "GET"),
        ("POST", "/healthz", "GET"),
        ("POST", "/readyz", "GET"),
        ("POST", "/openapi.json", "GET"),
        ("POST", "/schema", "GET"),
        ("POST", "/", "GET"),
        ("BREW", "/leaderboard", "GET"),
    ] {
        let reply = request(&app, &format!("{method} {path}"), "", b"");
        is_problem(&reply, 405, "method_not_allowed");
        let allow = reply.header("allow").unwrap_or_default();
        let methods: Vec<&str> = allow.split(',').map(str::trim).collect();
        assert!(
            methods.contains(&allowed),
            "{method} {path}: allow: {allow:?}"
        );
        assert!(
            !methods.contains(&method),
            "{method} {path}: allow: {allow:?}"
        );
    }
}

#[test]
fn a_sane_request_id_is_kept() {
    let app = launch().start();
    let uuid = "e4cdb120-28fc-4285-a78d-eb48660b7730";
    for id in ["a", "proxy-7_42.1", uuid] {
        for (path, status) in [
            ("/leaderboard", 200),
            ("/nowhere", 404),
            ("/profile/x", 400),
        ] {
            let reply = request(
                &app,
                &format!("GET {path}"),
                &format!("x-request-id: {id}\r\n"),
                b"",
            );
            assert_eq!(reply.status, status);
            assert_eq!(reply.header("x-request-id"), Some(id), "{path}");
        }
    }
}

#[test]
fn an_odd_request_id_is_replaced() {
    let app = launch().start();
    let long = "a".repeat(5000);
    for id in [
        "",
        "a b",
        "a\"b",
        "a\\n",
        "<b>",
        "{}",
        "a;b",
        "\u{1b}[31m",
        "\u{e9}",
        "a\tb",
        &long,
    ] {
        let reply = request(
            &app,
            "GET /leaderboard",
            &format!("x-request-id: {id}\r\n"),
            b"",
        );
        if reply.status == 400 {
            // A control character makes it no request at all.
            continue;
        }
        assert_eq!(reply.status, 200, "{id:?}");
        let sent: Vec<&(String, String)> = reply
            .headers
            .iter()
            .filter(|(name, _)| name == "x-request-id")
            .collect();
        assert_eq!(sent.len(), 1, "{id:?}");
        let given = &sent[0].1;
        assert!(given != id && (8..=64).contains(&given.len()), "{given:?}");
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        assert!(given.bytes().all(plain), "{given:?}");
    }
}

#[test]
fn each_request_has_an_id_of_its_own() {
    let app = launch().start();
    let mut ids: Vec<String> = (0..50)
        .map(|_| {
            app.get("/healthz")
                .header("x-request-id")
                .unwrap()
                .to_owned()
        })
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 50);
}

#[test]
fn a_reply_does_not_repeat_what_a_page_could_run() {
    let app = launch().start();
    let reply = app.get("/%3Cscript%3Ealert(1)%3C/script%3E");
    is_problem(&reply, 404, "not_found");
    assert!(!String::from_utf8_lossy(&reply.body).contains("<script>"));
}

#[test]
fn head_is_get_without_a_body() {
    let app = launch().start();
    for path in [
        "/leaderboard",
        "/leaderboard/tr",
        "/healthz",
        "/openapi.json",
        "/",
    ] {
        let mut connection = app.connect();
        connection.request(&format!("HEAD {path}"), "connection: close\r\n", b"");
        assert_eq!(connection.head().map(|r| r.status), Some(200), "{path}");
        assert!(connection.ends(), "{path}: a body came");
    }
}
