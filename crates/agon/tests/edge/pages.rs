//! What browsers are told: which pages may ask, and what a page of ours may do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

use testkit::{App, Launch, Reply};

const GAME: &str = "https://game.example";

fn launch() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_agon"))
}

/// Asks whether a page may send this, as a browser does.
fn preflight(app: &App, origin: &str) -> Reply {
    let mut connection = app.connect();
    let headers = format!(
        "origin: {origin}\r\naccess-control-request-method: POST\r\n\
         access-control-request-headers: authorization,content-type,idempotency-key\r\n"
    );
    connection.request("OPTIONS /score/submit", &headers, b"");
    connection.reply().expect("a reply")
}

fn get(app: &App, path: &str, origin: &str) -> Reply {
    app.request("GET", path, &[("origin", origin)], None)
        .unwrap()
}

fn names(list: Option<&str>) -> Vec<String> {
    let mut names: Vec<String> = list
        .unwrap_or_default()
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    names.sort();
    names
}

#[test]
fn no_page_of_another_origin_may_ask_by_default() {
    let app = launch().start();
    let reply = preflight(&app, GAME);
    assert_eq!(reply.status, 405);
    assert_eq!(reply.header("access-control-allow-origin"), None);
    let reply = get(&app, "/leaderboard", GAME);
    assert_eq!(reply.header("access-control-allow-origin"), None);
}

#[test]
fn pages_that_are_named_may() {
    let app = launch()
        .set(
            "CORS__ALLOWED_ORIGINS",
            "https://game.example,http://localhost:3000",
        )
        .start();
    let reply = preflight(&app, GAME);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("access-control-allow-origin"), Some(GAME));
    assert_eq!(reply.header("access-control-max-age"), Some("3600"));
    assert_eq!(reply.header("access-control-allow-credentials"), None);
    let methods = names(reply.header("access-control-allow-methods"));
    assert_eq!(methods, ["delete", "get", "post", "put"]);
    let headers = names(reply.header("access-control-allow-headers"));
    assert_eq!(
        headers,
        [
            "authorization",
            "content-type",
            "idempotency-key",
            "last-event-id",
            "traceparent",
            "tracestate",
            "x-request-id"
        ]
    );
    assert!(names(reply.header("vary")).contains(&"origin".to_owned()));
    let reply = get(&app, "/leaderboard", "http://localhost:3000");
    assert_eq!(
        reply.header("access-control-allow-origin"),
        Some("http://localhost:3000")
    );
    assert!(names(reply.header("vary")).contains(&"origin".to_owned()));
    let exposed = names(reply.header("access-control-expose-headers"));
    let expected = [
        "agon-attempts",
        "agon-winner",
        "idempotency-replayed",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "x-request-id",
    ];
    assert_eq!(exposed, expected);
}

#[test]
fn other_pages_may_not() {
    let app = launch().set("CORS__ALLOWED_ORIGINS", GAME).start();
    for origin in [
        "https://other.example",
        "http://game.example",
        "null",
        "https://game.example:8443",
    ] {
        let reply = preflight(&app, origin);
        assert_eq!(
            reply.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
        let reply = get(&app, "/leaderboard", origin);
        assert_eq!(
            reply.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
        // A cache must not keep this for another origin.
        assert!(names(reply.header("vary")).contains(&"origin".to_owned()));
    }
}

#[test]
fn all_pages_may_where_that_is_set_but_never_with_credentials() {
    let app = launch().set("CORS__ALLOWED_ORIGINS", "*").start();
    let reply = preflight(&app, "https://other.example");
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    assert_eq!(reply.header("access-control-allow-credentials"), None);
}

#[test]
fn refusals_can_be_read_by_the_page() {
    let app = launch()
        .set("CORS__ALLOWED_ORIGINS", GAME)
        .set("RATE_LIMIT__ENABLED", "on")
        .set("RATE_LIMIT__ANONYMOUS_PER_S", "0.001")
        .set("RATE_LIMIT__ANONYMOUS_BURST", "1")
        .start();
    assert_eq!(get(&app, "/leaderboard", GAME).status, 200);
    let reply = get(&app, "/leaderboard", GAME);
    assert_eq!(reply.status, 429);
    assert_eq!(reply.header("access-control-allow-origin"), Some(GAME));
    // Whether a page may ask is no request that counts.
    assert_eq!(preflight(&app, GAME).status, 200);
}

#[test]
fn no_reply_is_taken_for_what_it_is_not() {
    let app = launch().start();
    for path in [
        "/",
        "/leaderboard",
        "/nowhere",
        "/healthz",
        "/docs/swagger-ui.css",
    ] {
        let reply = app.get(path);
        assert_eq!(
            reply.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
    }
}

#[test]
fn the_page_runs_what_comes_from_here_and_nothing_else() {
    let app = launch().start();
    for path in ["/", "/docs"] {
        let reply = app.get(path);
        let policy = reply.header("content-security-policy").unwrap().to_owned();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("script-src 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(reply.header("x-frame-options"), Some("DENY"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        let page = String::from_utf8(reply.body).unwrap();
        for script in page.split("<script").skip(1) {
            assert!(
                script.starts_with(" src=\"/docs/"),
                "a script inside the page: {script}"
            );
        }
    }
    let script = app.get("/docs/start.js");
    assert_eq!(script.header("content-type"), Some("text/javascript"));
}

#[test]
fn a_browser_shows_the_page() {
    let Ok(found) = Command::new("chromium").arg("--version").output() else {
        // Without a browser there is nothing to try.
        return;
    };
    assert!(found.status.success());
    let app = launch().start();
    let dir = tempfile::tempdir().unwrap();
    let shown = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
        ])
        .arg("--virtual-time-budget=30000")
        .arg(format!("--user-data-dir={}", dir.path().display()))
        .arg("--dump-dom")
        .arg(format!("http://{}/", app.address()))
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&shown.stdout);
    let log = String::from_utf8_lossy(&shown.stderr);
    assert!(page.contains("/score/submit"), "{page}\n{log}");
    assert!(!log.contains("Content Security Policy"), "{log}");
}
