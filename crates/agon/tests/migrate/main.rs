//! `agon migrate` as an operator runs it: to a Redis or a cluster and back, killed on its way, and with a Redis that
//! goes away.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cluster;

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::commands::{done, run, told};
use testkit::{App, Launch, RedisServer, player_id};

const AGON: &str = env!("CARGO_BIN_EXE_agon");

fn migrate(from: &str, to: &str) -> Command {
    let mut agon = Command::new(AGON);
    agon.args(["migrate", "--from", from, "--to", to]);
    agon.stdin(Stdio::null());
    agon
}

#[track_caller]
fn migrated(from: &str, to: &str) -> String {
    told(&done(&mut migrate(from, to)))
}

#[track_caller]
fn refused(from: &str, to: &str, why: &str) {
    let output = run(&mut migrate(from, to));
    assert!(!output.status.success());
    assert!(told(&output).contains(why), "{}", told(&output));
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A queue with a ticket that waits, since a match takes ten.
fn wait_in_queue(app: &App, n: usize) {
    let settings = json!({"teams": {"count": 2, "min_size": 5, "max_size": 5}}).to_string();
    let put = app.request("PUT", "/v1/queues/duel", &[], Some(settings.as_bytes()));
    let put = put.unwrap();
    assert!(matches!(put.status, 200 | 201), "{}", put.json());
    let ticket = json!({"ticket_id": format!("t{n}"), "players": [{"player_id": player_id(n)}]});
    let made = app.post("/v1/queues/duel/tickets", &ticket);
    assert_eq!(made.status, 201, "{}", made.json());
}

fn board(app: &App) -> Value {
    app.get("/leaderboard/all").json()
}

#[test]
fn a_store_goes_to_redis_and_back_with_all_that_is_in_it() {
    let temp = tempfile::tempdir().unwrap();
    let redis = RedisServer::start();
    let (data, back) = (temp.path().join("data"), temp.path().join("back"));
    let app = Launch::on(AGON, &data).start();
    app.create_players(0..300);
    // Ties in another order than that of the ids.
    (0..300).rev().for_each(|n| app.submit(n, (n % 7) as f64));
    wait_in_queue(&app, 3);
    let (ranked, country) = (board(&app), app.get("/leaderboard/tr").json());
    refused(text(&data), &redis.url(), "is in use by another process");
    drop(app);
    let said = migrated(text(&data), &redis.url());
    assert!(
        said.contains("moved 1 boards, 300 players, 300 entries"),
        "{said}"
    );
    assert!(said.contains("1 queues, 0 matches, 1 tickets"), "{said}");
    refused(
        text(&data),
        &redis.url(),
        "there is a store of Agon under the prefix agon already",
    );

    let node = Launch::node(AGON, &redis.url()).start();
    assert_eq!(board(&node), ranked);
    assert_eq!(node.get("/leaderboard/tr").json(), country);
    let ticket = node.get("/v1/queues/duel/tickets/t3").json();
    assert_eq!(ticket["status"], "waiting", "{ticket}");
    node.submit(5, 1e6);
    wait_in_queue(&node, 4);
    let ranked = board(&node);
    refused(
        &redis.url(),
        text(&back),
        "nodes of Agon are connected to the store",
    );
    drop(node);
    let until = Instant::now() + Duration::from_secs(10);
    while !run(&mut migrate(&redis.url(), text(&back)))
        .status
        .success()
    {
        assert!(Instant::now() < until, "the node does not go");
        sleep(Duration::from_millis(100));
    }
    let app = Launch::on(AGON, &back).start();
    assert_eq!(board(&app), ranked);
    for ticket in ["t3", "t4"] {
        let found = app.get(&format!("/v1/queues/duel/tickets/{ticket}"));
        assert_eq!(found.status, 200, "{}", found.json());
    }
    app.submit(9, 2e6);
    assert_eq!(
        app.get("/leaderboard?limit=1").json()[0]["user_id"],
        player_id(9)
    );
    drop(app);
    refused(&redis.url(), text(&back), "there is a board global already");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let (data, other) = (temp.path().join("data"), temp.path().join("other"));
    refused(
        text(&data),
        text(&other),
        "one is a data directory, and the other",
    );
    refused(
        "redis://a",
        "redis://b",
        "one is a data directory, and the other",
    );
    refused(text(&data), "redis://localhost:1", "there is no store in");
    refused(
        text(&data),
        "http://localhost:1",
        "it has to begin with redis://",
    );
    let redis = RedisServer::start();
    refused(
        &redis.url(),
        text(&data),
        "there is no store of Agon under the prefix agon",
    );
    assert!(!data.join("FORMAT").exists(), "no store was made");
}

const MANY: usize = 30_000;

fn many(data: &Path) {
    let app = Launch::on(AGON, data).start();
    app.create_players(0..MANY);
    wait_in_queue(&app, 1);
}

/// Killed at more and more instants.
#[test]
fn a_killed_migration_goes_on_where_it_was() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    many(&data);
    let (dry, redis) = (RedisServer::start(), RedisServer::start());
    let started = Instant::now();
    migrated(text(&data), &dry.url());
    let whole = started.elapsed();
    let mut unfinished = 0;
    for share in 2..10 {
        let mut child = migrate(text(&data), &redis.url());
        let mut child = child.stderr(Stdio::null()).spawn().unwrap();
        sleep(whole * share / 10);
        child.kill().unwrap();
        child.wait().unwrap();
        if redis.text(&["EXISTS", "{agon:0}:migration"]) == "1" {
            unfinished += 1;
            let node = Launch::node(AGON, &redis.url());
            let log = node.try_start().err().expect("a node does not open it");
            assert!(
                log.contains("a migration into the store is unfinished"),
                "{log}"
            );
        }
    }
    assert!(unfinished > 1, "{unfinished} were killed in time");
    if redis.text(&["EXISTS", "{agon:0}:store"]) == "0" {
        migrated(text(&data), &redis.url());
    }
    let node = Launch::node(AGON, &redis.url()).start();
    assert_eq!(board(&node).as_array().unwrap().len(), MANY);

    // And back, into a directory where it ends in between as well.
    drop(node);
    let back = temp.path().join("back");
    for share in 3..8 {
        let mut child = migrate(&redis.url(), text(&back));
        let mut child = child.stderr(Stdio::null()).spawn().unwrap();
        sleep(whole * share / 10);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let last = run(&mut migrate(&redis.url(), text(&back)));
    let said = told(&last);
    let is_there = said.contains("there is a board global already");
    assert!(last.status.success() || is_there, "{said}");
    let app = Launch::on(AGON, &back).start();
    assert_eq!(board(&app).as_array().unwrap().len(), MANY);
}

#[test]
fn a_redis_that_comes_back_is_written_to_the_end() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    many(&data);
    let lasting = RedisServer::launch().set("appendonly", "yes");
    let redis = lasting.set("appendfsync", "always").start();
    let child = migrate(text(&data), &redis.url())
        .stderr(Stdio::piped())
        .spawn();
    let child = child.unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while redis.text(&["HLEN", "{agon:0}:players"]) == "0" {
        assert!(Instant::now() < until, "nothing is written");
        sleep(Duration::from_millis(2));
    }
    redis.kill();
    sleep(Duration::from_millis(1500));
    redis.restart();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let node = Launch::node(AGON, &redis.url()).start();
    assert_eq!(board(&node).as_array().unwrap().len(), MANY);
}
