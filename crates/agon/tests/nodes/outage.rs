//! Redis goes away, refuses, or stops answering: what cannot be done is 503 within bounded time, nothing of it is
//! done or done twice, and everything goes on by itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{App, RedisServer, Reply, Scrape};

use crate::setup::{
    BOUND, assert_unavailable, create_players, get, lasting_redis, node, player, post, put, score,
    submit, two, until,
};

const KILLS: usize = 5;

/// What a Redis is told to do.
type Order = fn(&RedisServer);

/// Whether it would take changes now.
pub fn is_ready(app: &App) -> bool {
    app.get("/readyz").status == 200
}

/// Sends a submission until there is an answer, as a client with an `Idempotency-Key` does.
pub fn insist(app: &App, board: &str, number: usize, points: f64, key: &str) -> Reply {
    let mut last = submit(app, board, number, points, key);
    until("a submission is answered", || {
        if matches!(last.status, 503 | 409) {
            last = submit(app, board, number, points, key);
        }
        !matches!(last.status, 503 | 409)
    });
    assert_eq!(last.status, 200, "{}", last.json());
    last
}

/// Does it, and holds it against the longest that a node may wait for Redis.
#[track_caller]
pub fn bounded<T>(what: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = what();
    assert!(started.elapsed() < BOUND, "it took {:?}", started.elapsed());
    done
}

#[test]
fn without_redis_everything_is_refused_in_time_and_goes_on_by_itself_afterwards() {
    let redis = lasting_redis();
    let (a, b) = two(&redis);
    create_players(&a, 2);
    put(&a, "/v1/boards/points", &json!({"operator": "sum"}));
    submit(&a, "points", 0, 5.0, "before");
    redis.kill();
    for app in [&a, &b] {
        assert_unavailable(&bounded(|| submit(app, "points", 0, 1.0, "during")));
        assert_unavailable(&bounded(|| app.get("/leaderboard")));
        assert_unavailable(&bounded(|| app.get("/v1/queues")));
        let body = json!({"user_id": player(0), "score_worth": 1});
        assert_unavailable(&bounded(|| app.post("/score/submit", &body)));
        let ready = bounded(|| app.get("/readyz"));
        assert_unavailable(&ready);
        assert_eq!(app.get("/healthz").status, 200);
        let scrape = bounded(|| Scrape::of(app));
        assert_eq!(scrape.value("agon_ready", &[]), 0.0);
        assert_eq!(scrape.value("agon_store_available", &[]), 0.0);
    }
    redis.restart();
    until("both are ready again", || is_ready(&a) && is_ready(&b));
    insist(&b, "points", 0, 1.0, "during");
    let again = submit(&a, "points", 0, 5.0, "before");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(score(&a, "points", 0), 6.0, "each of them once");
    assert!(a.log().contains("Redis cannot be used") && a.log().contains("Redis can be used"));
}

#[test]
fn what_redis_was_killed_under_is_counted_once() {
    let redis = lasting_redis();
    let (a, b) = two(&redis);
    create_players(&a, 4);
    put(&a, "/v1/boards/points", &json!({"operator": "sum"}));
    let done = AtomicBool::new(false);
    // Counts up to the last key that was answered.
    let write = &|app: &App, writer: usize| {
        let mut count = 0;
        while !done.load(Ordering::Relaxed) {
            insist(app, "points", writer, 1.0, &format!("{writer}-{count}"));
            count += 1;
        }
        count
    };
    let acknowledged = thread::scope(|scope| {
        let writers = [&a, &b, &a, &b].into_iter().enumerate();
        let writers = writers.map(|(n, app)| scope.spawn(move || write(app, n)));
        let writers: Vec<_> = writers.collect();
        for _ in 0..KILLS {
            thread::sleep(Duration::from_millis(700));
            redis.kill();
            redis.restart();
        }
        thread::sleep(Duration::from_millis(300));
        done.store(true, Ordering::Relaxed);
        let counts = writers.into_iter().map(|writer| writer.join().unwrap());
        counts.collect::<Vec<u32>>()
    });
    for (writer, count) in acknowledged.into_iter().enumerate() {
        assert!(count > 0);
        assert_eq!(
            score(&a, "points", writer),
            f64::from(count),
            "of writer {writer}"
        );
    }
}

#[test]
fn a_redis_that_takes_no_changes_refuses_them_and_changes_nothing() {
    let redis = RedisServer::start();
    let app = node(&redis.url()).start();
    create_players(&app, 2);
    put(&app, "/v1/boards/points", &json!({"operator": "sum"}));
    submit(&app, "points", 0, 5.0, "before");
    let refuse: [(&str, Order, Order); 3] = [
        (
            "OOM",
            |redis| redis.config_set("maxmemory", "1"),
            |redis| redis.config_set("maxmemory", "0"),
        ),
        (
            "READONLY",
            // A replica of nobody that is there.
            |redis| drop(redis.command(&["REPLICAOF", "127.0.0.1", "1"])),
            |redis| drop(redis.command(&["REPLICAOF", "NO", "ONE"])),
        ),
        (
            "NOREPLICAS",
            |redis| redis.config_set("min-replicas-to-write", "1"),
            |redis| redis.config_set("min-replicas-to-write", "0"),
        ),
    ];
    for (why, begin, end) in refuse {
        begin(&redis);
        assert_unavailable(&bounded(|| submit(&app, "points", 0, 1.0, why)));
        assert_unavailable(&bounded(|| app.get("/readyz")));
        // What only reads goes on.
        assert_eq!(score(&app, "points", 0), 5.0, "{why}");
        end(&redis);
        until("it is ready again", || is_ready(&app));
        assert_eq!(score(&app, "points", 0), 5.0, "{why}");
        assert!(app.log().contains(why), "{}", app.log());
    }
    for (n, (why, ..)) in refuse.iter().enumerate() {
        let receipt = insist(&app, "points", 0, 1.0, why).json();
        assert_eq!(receipt["score"], 6 + n);
    }
}

#[test]
fn a_redis_that_does_not_answer_is_not_waited_for_long() {
    let redis = RedisServer::start();
    let app = node(&redis.url()).start();
    create_players(&app, 2);
    put(&app, "/v1/boards/points", &json!({"operator": "sum"}));
    redis.pause();
    assert_unavailable(&bounded(|| submit(&app, "points", 0, 1.0, "paused")));
    assert_unavailable(&bounded(|| app.get("/leaderboard")));
    until("it is not ready", || !is_ready(&app));
    assert_eq!(app.get("/healthz").status, 200);
    redis.resume();
    until("it is ready again", || is_ready(&app));
    // Whether or not the paused server did it once it went on.
    insist(&app, "points", 0, 1.0, "paused");
    assert_eq!(score(&app, "points", 0), 1.0);
}

#[test]
fn matches_are_made_again_once_redis_is_back() {
    let redis = lasting_redis();
    let (a, b) = two(&redis);
    create_players(&a, 4);
    put(
        &a,
        "/v1/queues/duel",
        &json!({"teams": {"count": 2, "min_size": 1}}),
    );
    let make = |app: &App, n| {
        let body = json!({"players": [{"player_id": player(n)}]});
        let ticket = post(app, "/v1/queues/duel/tickets", &body);
        format!(
            "/v1/queues/duel/tickets/{}",
            ticket["ticket_id"].as_str().unwrap()
        )
    };
    let first = make(&a, 0);
    redis.kill();
    assert_unavailable(&bounded(|| a.get(&first)));
    redis.restart();
    until("both are ready again", || is_ready(&a) && is_ready(&b));
    make(&b, 1);
    until("they are matched", || {
        get(&b, &format!("{first}?wait=1s"))["status"] == "matched"
    });
}
