//! How many requests a client may send, and whose they are, over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::thread;

use crate::elsewhere::connect_from;
use testkit::{App, Connection, Launch, Reply};

fn launch() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_agon"))
}

/// One request a quarter of an hour, after so many at once.
fn limited(burst: &str) -> Launch {
    launch()
        .set("RATE_LIMIT__ENABLED", "on")
        .set("RATE_LIMIT__ANONYMOUS_PER_S", "0.001")
        .set("RATE_LIMIT__ANONYMOUS_BURST", burst)
}

fn ask(connection: &mut Connection, path: &str, headers: &str) -> Reply {
    connection.request(&format!("GET {path}"), headers, b"");
    connection.reply().expect("a reply")
}

fn statuses(app: &App, headers: &[&str]) -> Vec<u16> {
    let mut connection = app.connect();
    let ask = |headers: &&str| ask(&mut connection, "/leaderboard", headers).status;
    headers.iter().map(ask).collect()
}

#[test]
fn one_too_many_gets_429_and_changes_nothing() {
    let app = limited("3").start();
    let body = serde_json::json!({"display_name": "ada"});
    for left in [2, 1, 0] {
        let reply = app.post("/user/create", &body);
        assert_eq!(reply.status, 201);
        let expected = format!("\"anonymous\";r={left};t=1000");
        assert_eq!(reply.header("ratelimit"), Some(&*expected));
        let policy = reply.header("ratelimit-policy");
        assert_eq!(policy, Some("\"anonymous\";q=3;w=3000"));
    }
    let reply = app.post("/user/create", &body);
    assert_eq!(reply.status, 429);
    assert_eq!(reply.json()["code"], "rate_limited");
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json")
    );
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=1000).contains(&wait), "{wait}");
    assert!(reply.header("x-request-id").is_some());
    // Those who watch over the server are never refused.
    for _ in 0..10 {
        assert_eq!(app.get("/readyz").status, 200);
    }
    assert!(app.get("/healthz").header("ratelimit").is_none());
}

#[test]
fn a_server_that_is_open_to_everybody_has_no_limits_unless_asked_for() {
    let app = launch().set("RATE_LIMIT__ANONYMOUS_BURST", "1").start();
    for _ in 0..20 {
        let reply = app.get("/leaderboard");
        assert_eq!((reply.status, reply.header("ratelimit")), (200, None));
    }
}

#[test]
fn while_one_client_floods_another_is_served() {
    let app = limited("50").start();
    let flood: Vec<_> = (0..4)
        .map(|_| {
            let mut connection = app.connect();
            thread::spawn(move || {
                let ask = |_| ask(&mut connection, "/leaderboard", "").status;
                (0..250).map(ask).collect::<Vec<u16>>()
            })
        })
        .collect();
    let mut other = connect_from("127.0.0.2", &app);
    for _ in 0..50 {
        assert_eq!(ask(&mut other, "/leaderboard", "").status, 200);
    }
    let flood = flood.into_iter().flat_map(|thread| thread.join().unwrap());
    let (served, refused): (Vec<u16>, _) = flood.partition(|status| *status == 200);
    assert_eq!((served.len(), refused.len()), (50, 950));
    assert!(refused.iter().all(|status| *status == 429));
}

#[test]
fn behind_a_trusted_proxy_clients_are_who_it_says() {
    let app = limited("1")
        .set("SERVER__TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8")
        .start();
    let asked = [
        ("x-forwarded-for: 192.0.2.1\r\n", 200),
        ("x-forwarded-for: 192.0.2.1, 10.0.0.9\r\n", 429),
        // What the client wrote before does not make it another.
        ("x-forwarded-for: 192.0.2.55, 192.0.2.1\r\n", 429),
        ("x-forwarded-for: 192.0.2.2\r\n", 200),
        ("x-forwarded-for: 2001:db8::1\r\n", 200),
        ("x-forwarded-for: 2001:db8::2\r\n", 429),
        // The other header is not the proxy's.
        (
            "forwarded: for=192.0.2.77\r\nx-forwarded-for: 192.0.2.1\r\n",
            429,
        ),
        // Without a word of the proxy, it is the proxy itself.
        ("", 200),
        ("x-forwarded-for: unknown\r\n", 429),
        ("forwarded: for=192.0.2.78\r\n", 429),
    ];
    let (headers, expected): (Vec<&str>, Vec<u16>) = asked.into_iter().unzip();
    assert_eq!(statuses(&app, &headers), expected);
}

#[test]
fn the_header_of_the_standard_is_read_where_that_is_set() {
    let app = limited("1")
        .set("SERVER__TRUSTED_PROXIES", "127.0.0.1")
        .set("SERVER__FORWARDED_HEADER", "forwarded")
        .start();
    let headers = [
        "forwarded: for=192.0.2.1\r\n",
        "forwarded: for=\"192.0.2.1:80\";proto=https\r\n",
        "forwarded: for=192.0.2.2\r\nx-forwarded-for: 192.0.2.3\r\n",
        "forwarded: for=192.0.2.2\r\n",
    ];
    assert_eq!(statuses(&app, &headers), [200, 429, 200, 429]);
}

#[test]
fn who_is_not_trusted_says_nothing_of_where_it_comes_from() {
    let app = limited("2")
        .set("SERVER__TRUSTED_PROXIES", "10.0.0.0/8")
        .start();
    let headers = [
        "x-forwarded-for: 192.0.2.1\r\n",
        "x-forwarded-for: 192.0.2.2\r\n",
        "x-forwarded-for: 192.0.2.3\r\n",
        "forwarded: for=192.0.2.4\r\n",
    ];
    assert_eq!(statuses(&app, &headers), [200, 200, 429, 429]);
}

#[test]
fn settings_that_cannot_be_are_refused_by_name() {
    for (key, value, expected) in [
        (
            "RATE_LIMIT__ANONYMOUS_PER_S",
            "-1",
            "rate_limit.anonymous_per_s",
        ),
        ("RATE_LIMIT__PLAYER_BURST", "0", "rate_limit.player_burst"),
        ("RATE_LIMIT__ENABLED", "maybe", "rate_limit.enabled"),
        (
            "SERVER__TRUSTED_PROXIES",
            "10.0.0.0/99",
            "server.trusted_proxies",
        ),
        ("SERVER__FORWARDED_HEADER", "via", "server.forwarded_header"),
        (
            "CORS__ALLOWED_ORIGINS",
            "game.example",
            "cors.allowed_origins",
        ),
    ] {
        let log = launch().set(key, value).try_start().err().expect(key);
        assert!(log.contains(expected), "{key}: {log}");
    }
}
