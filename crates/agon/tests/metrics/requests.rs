//! Requests, and those who make them.

use std::collections::BTreeMap;

use serde_json::json;
use testkit::{Connection, Scrape};

use crate::{create_players, create_ticket, player, put, start, until};

type Counts = BTreeMap<(String, String, String), f64>;

fn counts(scrape: &Scrape) -> Counts {
    let all = scrape.all("http_requests_total");
    let counts = all.map(|(labels, count)| {
        let label = |name: &str| labels[name].clone();
        ((label("method"), label("route"), label("status")), count)
    });
    counts.collect()
}

fn expected(counts: &[(&str, &str, &str, f64)]) -> Counts {
    let owned = |(method, route, status, count): &(&str, &str, &str, f64)| {
        let key = ((*method).into(), (*route).into(), (*status).into());
        (key, *count)
    };
    counts.iter().map(owned).collect()
}

#[test]
fn they_are_counted_exactly_and_by_bounded_labels() {
    let app = start();
    for _ in 0..3 {
        assert_eq!(app.get("/leaderboard").status, 200);
    }
    for n in 0..5 {
        assert_eq!(app.get(&format!("/profile/{}", player(n))).status, 404);
        assert_eq!(app.get(&format!("/no-such-path-{n}")).status, 404);
    }
    assert_eq!(app.get("/profile/no-such-player").status, 400);
    assert_eq!(app.post("/leaderboard", &json!({})).status, 405);
    for (method, status) in [("BREW", 405), ("HEAD", 200)] {
        let mut connection = app.connect();
        connection.request(&format!("{method} /leaderboard"), "", b"");
        assert_eq!(connection.head().map(|reply| reply.status), Some(status));
    }
    let first = Scrape::of(&app);
    let mut told = vec![
        ("GET", "/leaderboard", "200", 3.0),
        ("GET", "/profile/{guid}", "404", 5.0),
        ("GET", "/profile/{guid}", "400", 1.0),
        ("GET", "none", "404", 5.0),
        ("POST", "/leaderboard", "405", 1.0),
        ("other", "/leaderboard", "405", 1.0),
        ("HEAD", "/leaderboard", "200", 1.0),
    ];
    assert_eq!(counts(&first), expected(&told));
    // The reply to it was on its way only then.
    told.push(("GET", "/metrics", "200", 1.0));
    assert_eq!(counts(&Scrape::of(&app)), expected(&told));
    let text = String::from_utf8(app.get("/metrics").body).unwrap();
    for trace in ["no-such", "BREW", "00000000-0000"] {
        assert!(!text.contains(trace), "{trace}");
    }
}

#[test]
fn each_that_is_replied_to_has_a_duration() {
    let app = start();
    for path in [
        "/leaderboard",
        "/healthz",
        "/nothing",
        "/api/smart?timeout=50",
    ] {
        app.get(path);
        app.get(path);
    }
    let scrape = Scrape::of(&app);
    let mut replies: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for (labels, count) in scrape.all("http_requests_total") {
        *replies
            .entry((&labels["method"], &labels["route"]))
            .or_default() += count;
    }
    assert_eq!(replies.len(), 4);
    for ((method, route), count) in replies {
        let labels = [("method", method), ("route", route)];
        let durations = scrape.value("http_request_duration_seconds_count", &labels);
        assert_eq!(durations, count, "{route}");
    }
    let smart = [("method", "GET"), ("route", "/api/smart")];
    let slow = scrape.value("http_request_duration_seconds_sum", &smart);
    // Nobody is refused sooner, and the practice upstream is never so fast.
    assert!(slow >= 0.1, "{slow}");
}

#[test]
fn one_whose_client_goes_away_is_counted_as_gone_and_is_not_under_way() {
    let app = start();
    create_players(&app, 1);
    put(
        &app,
        "/v1/queues/q",
        &json!({"teams": {"count": 2, "min_size": 1}}),
    );
    create_ticket(&app, "q", "a", 0);
    let in_flight = || Scrape::of(&app).value("http_requests_in_flight", &[]);
    assert_eq!(in_flight(), 1.0, "the one that asks");
    let mut waiting: Vec<Connection> = (0..3).map(|_| app.connect()).collect();
    for connection in &mut waiting {
        connection.request("GET /v1/queues/q/tickets/a?wait=30s", "", b"");
    }
    until("all wait", || in_flight() == 4.0);
    waiting.pop();
    until("one has gone", || in_flight() == 3.0);
    drop(waiting);
    until("all have gone", || in_flight() == 1.0);
    let scrape = Scrape::of(&app);
    let route = "/v1/queues/{queue}/tickets/{ticket}";
    let labels = [("method", "GET"), ("route", route)];
    let gone = [labels[0], labels[1], ("status", "499")];
    assert_eq!(scrape.value("http_requests_total", &gone), 3.0);
    let durations = scrape.value("http_request_duration_seconds_count", &labels);
    assert_eq!(durations, 0.0);
}

#[test]
fn a_body_that_never_ends_is_under_way_until_its_client_goes() {
    let app = start();
    let in_flight = || Scrape::of(&app).value("http_requests_in_flight", &[]);
    let mut connection = app.connect();
    connection.send("POST /score/submit HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\n");
    connection.send("content-length: 100\r\n\r\n");
    assert_eq!(connection.head().map(|reply| reply.status), Some(100));
    assert_eq!(in_flight(), 2.0);
    drop(connection);
    until("it has gone", || in_flight() == 1.0);
    let scrape = Scrape::of(&app);
    let ended = scrape.all("http_requests_total");
    let submissions = ended.filter(|(labels, _)| labels["route"] == "/score/submit");
    let counts: Vec<f64> = submissions.map(|(_, count)| count).collect();
    assert_eq!(counts, [1.0]);
}

#[test]
fn open_connections_are_counted_until_they_close() {
    let app = start();
    let open = || Scrape::of(&app).value("agon_http_connections_open", &[]);
    let before = open();
    assert!(before >= 1.0, "the one that asks");
    let mut more: Vec<Connection> = (0..3).map(|_| app.connect()).collect();
    for connection in &mut more {
        connection.request("GET /healthz", "", b"");
        assert_eq!(connection.reply().map(|reply| reply.status), Some(200));
    }
    assert_eq!(open(), before + 3.0);
    drop(more);
    until("they are closed", || open() == before);
}
