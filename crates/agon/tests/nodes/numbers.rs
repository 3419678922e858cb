//! What nodes tell at `/metrics`: each what it has done, so that sums are right, and how it is with Redis.

use serde_json::json;
use testkit::{App, Scrape};

use crate::setup::{create_players, get, lasting_redis, player, post, put, two, until};

/// A sum over both nodes of what has this label, of those that tell it.
fn sum(nodes: [&App; 2], name: &str, label: (&str, &str)) -> f64 {
    let of = |app: &App| -> f64 {
        let scrape = Scrape::of(app);
        let meant = scrape
            .all(name)
            .filter(|(labels, _)| labels[label.0] == label.1);
        meant.map(|(_, value)| value).sum()
    };
    nodes.into_iter().map(of).sum()
}

fn create_ticket(app: &App, number: usize) -> String {
    let body = json!({"players": [{"player_id": player(number)}]});
    let ticket = post(app, "/v1/queues/duel/tickets", &body);
    format!(
        "/v1/queues/duel/tickets/{}",
        ticket["ticket_id"].as_str().unwrap()
    )
}

#[test]
fn what_happens_in_a_queue_is_counted_by_one_node() {
    let redis = lasting_redis();
    let (a, b) = two(&redis);
    let both = [&a, &b];
    create_players(&a, 7);
    put(
        &a,
        "/v1/queues/duel",
        &json!({"teams": {"count": 2, "min_size": 1}}),
    );
    let tickets: Vec<String> = (0..6).map(|n| create_ticket(both[n % 2], n)).collect();
    for ticket in &tickets {
        until("it is matched", || {
            get(&a, &format!("{ticket}?wait=1s"))["status"] == "matched"
        });
    }
    let total = "agon_queue_tickets_total";
    assert_eq!(sum(both, total, ("outcome", "created")), 6.0);
    assert_eq!(sum(both, total, ("outcome", "matched")), 6.0);
    assert_eq!(sum(both, total, ("outcome", "cancelled")), 0.0);
    assert_eq!(
        sum(both, "agon_queue_matches_total", ("queue", "duel")),
        3.0
    );
    assert_eq!(
        sum(both, "agon_queue_wait_seconds_count", ("queue", "duel")),
        6.0
    );
    let waiting = create_ticket(&b, 6);
    until("the one who waits is told of once", || {
        sum(both, "agon_queue_tickets_waiting", ("queue", "duel")) == 1.0
    });
    let tellers = both.map(|app| Scrape::of(app).all("agon_queue_tickets_waiting").count());
    assert_eq!(
        tellers.iter().sum::<usize>(),
        1,
        "by the node that leads the queue"
    );
    let cancelled = a.request("DELETE", &waiting, &[], None).unwrap();
    assert!(matches!(cancelled.status, 200 | 204));
    assert_eq!(sum(both, total, ("outcome", "cancelled")), 1.0);
}

#[test]
fn calls_and_connections_are_counted() {
    let redis = lasting_redis();
    let (a, _b) = two(&redis);
    create_players(&a, 1);
    let calls = |kind: &str, result: &str| {
        let labels = [("kind", kind), ("result", result)];
        Scrape::of(&a).value("agon_redis_calls_total", &labels)
    };
    let (changes, readings) = (calls("change", "done"), calls("read", "done"));
    put(&a, "/v1/boards/points", &json!({"operator": "sum"}));
    let body = json!({"player_id": player(0), "score": 1});
    post(&a, "/v1/boards/points/scores", &body);
    get(&a, "/v1/boards/points/entries");
    assert!(calls("change", "done") >= changes + 2.0);
    assert!(calls("read", "done") > readings);
    let count = |kind| {
        let labels = [("kind", kind)];
        Scrape::of(&a).value("agon_redis_call_duration_seconds_count", &labels)
    };
    let done = calls("change", "done");
    assert!(count("change") >= done && count("read") > 0.0);
    let value = |name| Scrape::of(&a).value(name, &[]);
    // Both are on this machine, which may be slow to answer.
    let offset = "agon_redis_clock_offset_seconds";
    until("the clocks are compared", || {
        Scrape::of(&a).all(offset).count() > 0
    });
    let offset = value(offset);
    assert!(offset.abs() < 1.0, "{offset}");
    let opened = value("agon_redis_connections_opened_total");
    assert!(opened >= 1.0);
    assert_eq!(value("agon_redis_connection_failures_total"), 0.0);
    redis.kill();
    assert_eq!(a.get("/leaderboard").status, 503);
    assert!(calls("read", "not_done") > 0.0);
    assert!(value("agon_redis_connection_failures_total") > 0.0);
    redis.restart();
    until("it is ready", || a.get("/readyz").status == 200);
    assert!(value("agon_redis_connections_opened_total") > opened);
}
