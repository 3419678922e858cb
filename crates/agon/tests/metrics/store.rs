//! The store's numbers.

use serde_json::json;
use testkit::{App, Launch, Scrape};

use crate::{AGON, create_players, player, put, start};

fn value(app: &App, name: &str) -> f64 {
    Scrape::of(app).value(name, &[])
}

#[test]
fn changes_are_counted_by_the_batch() {
    let app = start();
    let before = Scrape::of(&app);
    for name in [
        "agon_store_commits_total",
        "agon_store_commit_failures_total",
        "agon_store_queue_refused_total",
    ] {
        assert_eq!(before.value(name, &[]), 0.0, "{name}");
    }
    create_players(&app, 3);
    for n in [0, 1, 0, 2] {
        let body = json!({"user_id": player(n), "score_worth": 1});
        assert_eq!(app.post("/score/submit", &body).status, 200);
    }
    // What is refused changes nothing.
    let body = json!({"user_id": player(7), "score_worth": 1});
    assert_eq!(app.post("/score/submit", &body).status, 404);
    let scrape = Scrape::of(&app);
    // One by one, since each was waited for.
    assert_eq!(scrape.value("agon_store_commits_total", &[]), 5.0);
    assert_eq!(scrape.value("agon_store_commit_changes_count", &[]), 5.0);
    assert_eq!(scrape.value("agon_store_commit_changes_sum", &[]), 5.0);
    let one = [("le", "1")];
    assert_eq!(scrape.value("agon_store_commit_changes_bucket", &one), 5.0);
    assert_eq!(
        scrape.value("agon_store_commit_duration_seconds_count", &[]),
        5.0
    );
    assert!(scrape.value("agon_store_commit_duration_seconds_sum", &[]) > 0.0);
    assert_eq!(scrape.value("agon_store_queue_changes", &[]), 0.0);
    assert_eq!(scrape.value("agon_store_available", &[]), 1.0);
    assert_eq!(scrape.value("agon_ready", &[]), 1.0);
}

#[test]
fn sizes_are_those_of_what_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let app = Launch::on(AGON, dir.path()).start();
    assert_eq!(value(&app, "agon_store_players"), 0.0);
    assert_eq!(value(&app, "agon_store_boards"), 1.0, "global");
    create_players(&app, 4);
    put(&app, "/v1/boards/weekly", &json!({}));
    for n in 0..3 {
        let body = json!({"player_id": player(n), "score": n});
        let reply = app.post("/v1/boards/weekly/scores", &body);
        assert_eq!(reply.status, 200);
    }
    let body = json!({"user_id": player(3), "score_worth": 1});
    assert_eq!(app.post("/score/submit", &body).status, 200);
    let check = |app: &App| {
        let scrape = Scrape::of(app);
        assert_eq!(scrape.value("agon_store_players", &[]), 4.0);
        assert_eq!(scrape.value("agon_store_boards", &[]), 2.0);
        assert_eq!(scrape.value("agon_store_entries", &[]), 4.0);
        // At the least a key and a slot for each.
        assert!(scrape.value("agon_store_index_bytes", &[]) >= 4.0 * 20.0);
        assert!(scrape.value("agon_store_disk_bytes", &[]) >= 4096.0);
        assert!(scrape.value("agon_store_recovery_duration_seconds", &[]) > 0.0);
    };
    check(&app);
    drop(app);
    let app = Launch::on(AGON, dir.path()).start();
    check(&app);
    let rotated = app.post("/v1/boards/weekly/seasons:rotate", &json!({}));
    assert_eq!(rotated.status, 200);
    assert_eq!(
        value(&app, "agon_store_entries"),
        1.0,
        "of the present season"
    );
}
