//! A disk that is full: changes get 503 and change nothing, reads go on, nothing acknowledged is
//! lost, and when there is room again the server goes on by itself.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{App, Launch, Scrape, SmallDisk};

fn users(from: usize) -> Value {
    let user = |n| json!({"user_id": format!("00000000-0000-4000-8000-{n:012}"), "display_name": "x".repeat(64)});
    (from..from + 2_000).map(user).collect()
}

fn count(app: &App) -> usize {
    app.get("/leaderboard/all").json().as_array().unwrap().len()
}

#[test]
fn a_full_disk_refuses_changes_and_recovers() {
    let temp = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&temp.path().join("disk")) else {
        return;
    };
    let data = disk.path("data");
    let launch = || Launch::on(env!("CARGO_BIN_EXE_agon"), &data);
    // Room that the operator can give back.
    let ballast = disk.ballast(24);
    let mut app = launch().start();

    let mut acknowledged = 0;
    let refusal = loop {
        let reply = app.post("/user/create", &users(acknowledged));
        if reply.status != 201 {
            break reply;
        }
        acknowledged += 2_000;
        assert!(acknowledged < 1_000_000, "the disk never fills");
    };
    assert_eq!(
        refusal.status,
        503,
        "{}",
        String::from_utf8_lossy(&refusal.body)
    );
    assert_eq!(refusal.json()["code"], "store_unavailable");
    assert!(refusal.header("retry-after").is_some());
    assert!(acknowledged > 0);

    // At once, since a second later the store tries again, and what is left of the disk may do for
    // something small.
    assert_eq!(app.get("/readyz").status, 503);
    let told = Scrape::of(&app);
    let value = |name| told.value(name, &[]);
    assert_eq!(value("agon_store_commit_failures_total"), 1.0);
    assert_eq!(value("agon_store_available"), 0.0);
    assert_eq!(value("agon_ready"), 0.0);
    assert_eq!(value("agon_store_players"), acknowledged as f64);
    let submission = json!({"user_id": "00000000-0000-4000-8000-000000000000", "score_worth": 5});
    assert_eq!(app.post("/score/submit", &submission).status, 503);
    // Reads go on, of exactly what was acknowledged.
    assert_eq!(app.get("/healthz").status, 200);
    assert_eq!(count(&app), acknowledged);
    let log = app.log();
    let lines = log.lines().filter(|l| l.contains("the store cannot write"));
    assert_eq!(lines.count(), 1, "told once in the log:\n{log}");

    // With room again it takes changes without a restart.
    std::fs::remove_file(&ballast).unwrap();
    let started = Instant::now();
    while app.get("/readyz").status != 200 {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "not ready again:\n{}",
            app.log()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(count(&app), acknowledged, "the refused batch is not there");
    assert_eq!(Scrape::of(&app).value("agon_store_available", &[]), 1.0);
    assert_eq!(app.post("/score/submit", &submission).json()["points"], 5);
    assert_eq!(app.post("/user/create", &users(acknowledged)).status, 201);
    acknowledged += 2_000;

    // And all of it is on disk.
    app.kill();
    let app = launch().start();
    assert_eq!(count(&app), acknowledged);
    assert_eq!(app.get("/leaderboard?limit=1").json()[0]["points"], 5);
    drop(app);
    drop(disk);
}
