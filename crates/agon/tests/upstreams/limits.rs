//! What keeps calls from an upstream that has enough of them, or does not answer: bounds, the
//! circuit, endpoints left out, pauses asked for, the budget, and answers that are shared.

use std::thread::sleep;
use std::time::{Duration, Instant};

use testkit::{App, Reply};

use crate::act::Act;
use crate::scripted::Scripted;
use crate::setup::{LONG, agon, agon_on, assert_problem, attempts, together, until, url, winner};

/// A circuit that stays out of what a test is about.
const NO_CIRCUIT: &str = "circuit_attempts = 1000000\n";

fn smart(app: &App) -> Reply {
    app.get(&format!("/api/smart?{LONG}"))
}

fn retry_after(reply: &Reply) -> u64 {
    reply.header("retry-after").unwrap().parse().unwrap()
}

#[test]
fn calls_beyond_the_bound_are_refused() {
    let upstream = Scripted::always(Act::hang());
    let app = agon_on(&upstream, "max_in_flight = 2\nhedges = 0");
    let mut callers = [app.connect(), app.connect()];
    for caller in &mut callers {
        caller.request("GET /api/smart?timeout=60000", "", b"");
    }
    until("two calls are under way", || upstream.requests() == 2);
    for path in ["/api/smart", "/api/all", "/v1/upstreams/default"] {
        let reply = app.get(path);
        assert_problem(&reply, 503, "upstream_busy");
        assert!(retry_after(&reply) >= 1);
        assert_eq!(attempts(&reply), 0);
    }
    assert_eq!((upstream.requests(), upstream.connections()), (2, 2));
    drop(callers);
    upstream.play([], Act::time(1));
    until("there is room again", || smart(&app).status == 200);
}

const CIRCUIT: &str =
    "hedges = 0\ncircuit_after = \"200ms\"\ncircuit_attempts = 3\ncircuit_open = \"1s\"";

/// Calls until the circuit is open, each call failing until then.
fn until_open(app: &App) {
    until("the circuit is open", || {
        let reply = smart(app);
        assert!(matches!(reply.status, 502 | 503), "{reply:?}");
        reply.status == 503
    });
}

#[test]
fn the_circuit_opens_and_lets_one_call_try() {
    let upstream = Scripted::always(Act::status(500));
    let app = agon_on(&upstream, CIRCUIT);
    let start = Instant::now();
    until_open(&app);
    assert!(start.elapsed() >= Duration::from_millis(200));
    let asked = upstream.requests();
    assert!(asked >= 3, "{asked}");
    for path in ["/api/smart", "/api/all", "/v1/upstreams/default"] {
        let reply = app.get(path);
        assert_problem(&reply, 503, "upstream_unavailable");
        assert_eq!((retry_after(&reply), attempts(&reply)), (1, 0), "{path}");
    }
    let in_time = app.get("/api/within-timeout");
    assert_eq!((in_time.status, &in_time.body[..]), (200, &b"[]"[..]));
    assert_eq!((attempts(&in_time), winner(&in_time)), (0, None));
    assert_eq!(
        upstream.requests(),
        asked,
        "while it is open nothing is sent"
    );
    assert_eq!(app.get("/v1/upstreams").json()[0]["circuit"], "open");
    sleep(Duration::from_millis(1200));
    upstream.play([], Act::status(500).after_ms(500));
    let statuses = together(8, |_| smart(&app).status);
    assert_eq!(
        statuses.iter().filter(|s| **s == 502).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|s| **s == 503).count(),
        7,
        "{statuses:?}"
    );
    assert_eq!(upstream.requests(), asked + 1, "one call may try");
    assert_problem(&smart(&app), 503, "upstream_unavailable");
    upstream.play([], Act::time(1));
    until("it is closed again", || smart(&app).status == 200);
    assert_eq!(app.get("/v1/upstreams").json()[0]["circuit"], "closed");
    assert!((0..20).all(|_| smart(&app).status == 200));
}

#[test]
fn a_trying_call_that_is_given_up_does_not_keep_others_out() {
    let upstream = Scripted::always(Act::status(500));
    let app = agon_on(&upstream, CIRCUIT);
    until_open(&app);
    upstream.play([], Act::hang());
    let asked = upstream.requests();
    sleep(Duration::from_millis(1200));
    let mut caller = app.connect();
    caller.request("GET /api/smart?timeout=60000", "", b"");
    until("it tries", || upstream.requests() == asked + 1);
    assert_problem(&smart(&app), 503, "upstream_unavailable");
    drop(caller);
    upstream.play([], Act::time(1));
    until("another one tries", || smart(&app).status == 200);
}

#[test]
fn an_upstream_that_never_answers_opens_the_circuit_too() {
    let upstream = Scripted::always(Act::hang());
    let app = agon_on(
        &upstream,
        &format!("{CIRCUIT}\ntimeout_default = \"100ms\""),
    );
    until("the circuit is open", || {
        let status = app.get("/api/smart").status;
        assert!(matches!(status, 503 | 504), "{status}");
        status == 503
    });
}

#[test]
fn some_successes_keep_the_circuit_closed() {
    let upstream = Scripted::always(Act::status(500));
    let app = agon_on(&upstream, CIRCUIT);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        upstream.play([Act::status(500)], Act::time(1));
        assert_eq!(smart(&app).status, 502);
        assert_eq!(smart(&app).status, 200);
    }
}

/// An Agon whose upstream `default` has these URLs.
fn on_all(upstreams: &[&Scripted], settings: &str) -> crate::setup::Calm {
    let urls: Vec<String> = upstreams.iter().map(|u| url(u)).collect();
    agon(&format!("[upstreams.default]\nurls = {urls:?}\n{settings}"))
}

#[test]
fn hedges_go_to_other_urls() {
    let upstreams = [(); 3].map(|()| Scripted::always(Act::hang()));
    let settings = format!("{NO_CIRCUIT}delay = \"50ms\"\neject_after = 1000000");
    let app = on_all(&upstreams.each_ref(), &settings);
    for n in 1..=6 {
        let reply = app.get("/api/smart?timeout=500");
        assert_eq!((reply.status, attempts(&reply)), (504, 3));
        let each = upstreams.each_ref().map(Scripted::requests);
        assert_eq!(each, [n; 3]);
    }
    // One of three that answers is enough, whoever is asked first.
    upstreams[1].play([], Act::time(1));
    for _ in 0..6 {
        assert_eq!(smart(&app).status, 200);
    }
}

#[test]
fn a_url_that_keeps_failing_is_left_out_and_tried_again() {
    let (bad, good) = (
        Scripted::always(Act::status(500)),
        Scripted::always(Act::time(1)),
    );
    // One hedge, so that a call asks each of them once at most.
    let settings =
        format!("{NO_CIRCUIT}delay = \"20s\"\nhedges = 1\neject_after = 2\neject_for = \"2s\"");
    let app = on_all(&[&bad, &good], &settings);
    for _ in 0..4 {
        assert_eq!(smart(&app).status, 200);
    }
    let failed = bad.requests();
    assert_eq!(failed, 2);
    for _ in 0..20 {
        let reply = smart(&app);
        assert_eq!((reply.status, attempts(&reply)), (200, 1));
    }
    assert_eq!(bad.requests(), failed, "it is left out");
    assert_eq!(app.get("/v1/upstreams").json()[0]["endpoints_in_use"], 1);
    until("it is tried again", || {
        assert_eq!(smart(&app).status, 200);
        bad.requests() > failed
    });
    bad.play([], Act::time(2));
    let before = bad.requests();
    until("it is in use again", || {
        assert_eq!(smart(&app).status, 200);
        bad.requests() >= before + 5
    });
}

#[test]
fn a_pause_that_is_asked_for_holds_hedges_back() {
    let pause = "retry-after: 60\r\ncontent-type: application/json\r\n";
    for status in [503, 429] {
        let upstream = Scripted::always(Act::reply(status, pause, "{}"));
        let app = agon_on(&upstream, NO_CIRCUIT);
        for n in 1..=3 {
            let reply = smart(&app);
            assert_problem(&reply, 502, "upstream_failed");
            assert_eq!((attempts(&reply), upstream.requests()), (1, n), "{status}");
        }
        upstream.play([], Act::hang());
        let reply = app.get("/api/smart?timeout=600");
        assert_problem(&reply, 504, "upstream_timeout");
        assert_eq!(attempts(&reply), 1, "{status}");
    }
}

#[test]
fn hedges_stay_within_the_budget() {
    const CALLS: usize = 50;
    let upstream = Scripted::always(Act::status(500));
    let settings = format!("{NO_CIRCUIT}budget = 0.2\nbudget_floor_per_s = 0.0");
    let app = agon_on(&upstream, &settings);
    let sent: usize = (0..CALLS)
        .map(|_| {
            let reply = smart(&app);
            assert_problem(&reply, 502, "upstream_failed");
            attempts(&reply)
        })
        .sum();
    assert_eq!(sent, upstream.requests(), "what is told is what was sent");
    assert!(sent <= CALLS + CALLS / 5 + 1, "{sent}");
    assert!(sent >= CALLS + CALLS / 5 - 1, "hedges there are: {sent}");
}

const SLOW_MS: u64 = 1500;
const COALESCE: &str = "coalesce = true\nhedges = 0";

/// Ten calls for the same at the same time, the n-th with the headers made of n.
fn ten(app: &App, target: &str, headers: impl Fn(usize) -> String + Sync) {
    let replies = together(10, |n| {
        let mut connection = app.connect();
        connection.request(&format!("GET {target}"), &headers(n), b"");
        connection.reply().expect("a reply")
    });
    for reply in replies {
        assert_eq!((reply.status, &reply.json()["time"]), (200, &1.into()));
    }
}

#[test]
fn calls_for_the_same_share_an_answer() {
    let upstream = Scripted::always(Act::time(1).after_ms(SLOW_MS));
    let app = agon_on(&upstream, COALESCE);
    ten(&app, "/api/smart?timeout=20000", |_| String::new());
    assert_eq!(upstream.requests(), 1);
    assert_eq!(app.get("/v1/upstreams").json()[0]["calls_coalesced"], 9);
    ten(&app, "/v1/upstreams/default/a?x=1&timeout=20000", |_| {
        String::new()
    });
    assert_eq!(upstream.requests(), 2);
    // What has been answered is not kept.
    assert_eq!(smart(&app).status, 200);
    assert_eq!(upstream.requests(), 3);
}

#[test]
fn calls_for_something_else_share_nothing() {
    let upstream = Scripted::always(Act::time(1).after_ms(SLOW_MS));
    let app = agon_on(&upstream, COALESCE);
    let target = "/api/smart?timeout=20000";
    ten(&app, target, |n| {
        format!("authorization: Bearer {}\r\n", n % 2)
    });
    assert_eq!(upstream.requests(), 2);
    ten(&app, target, |n| format!("cookie: id={}\r\n", n % 5));
    assert_eq!(upstream.requests(), 7);
    let statuses = together(4, |n| {
        app.get(&format!("/v1/upstreams/default?n={n}&{LONG}"))
            .status
    });
    assert_eq!((statuses, upstream.requests()), (vec![200; 4], 11));
}

#[test]
fn whoever_shares_stays_when_the_first_one_goes() {
    let upstream = Scripted::always(Act::time(1).after_ms(SLOW_MS));
    let app = agon_on(&upstream, COALESCE);
    let mut callers = [app.connect(), app.connect()];
    for (n, caller) in (1..).zip(&mut callers) {
        caller.request("GET /api/smart?timeout=20000", "", b"");
        until("the call is under way", || {
            let numbers = &app.get("/v1/upstreams").json()[0];
            let shared = numbers["calls_coalesced"].as_u64().unwrap();
            upstream.requests() as u64 + shared == n
        });
    }
    let [first, mut second] = callers;
    drop(first);
    assert_eq!(second.reply().map(|r| r.status), Some(200));
    assert_eq!(upstream.requests(), 1);
}

#[test]
fn a_shared_answer_does_not_make_anybody_wait_longer() {
    let upstream = Scripted::always(Act::hang());
    let app = agon_on(&upstream, COALESCE);
    let mut first = app.connect();
    first.request("GET /api/smart?timeout=60000", "", b"");
    until("the call is under way", || upstream.requests() == 1);
    let start = Instant::now();
    assert_problem(&app.get("/api/smart?timeout=200"), 504, "upstream_timeout");
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn nothing_is_shared_unless_it_is_asked_for() {
    let upstream = Scripted::always(Act::time(1).after_ms(SLOW_MS));
    let app = agon_on(&upstream, "hedges = 0");
    ten(&app, "/api/smart?timeout=20000", |_| String::new());
    assert_eq!(upstream.requests(), 10);
}
