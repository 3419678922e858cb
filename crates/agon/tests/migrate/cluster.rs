//! To a cluster and back, killed on both ways: in the end the directory has what the first one had, line by line.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::commands::done;
use testkit::{App, Launch, RedisCluster, player_id};

use crate::{AGON, migrate, migrated, refused, text};

/// So many that they are written in several goes.
const PLAYERS: usize = 20_000;
const LIMIT: Duration = Duration::from_secs(120);

fn put(app: &App, path: &str, body: &Value) {
    let body = body.to_string();
    let put = app.request("PUT", path, &[], Some(body.as_bytes()));
    let put = put.unwrap();
    assert!(matches!(put.status, 200 | 201 | 204), "{}", put.json());
}

fn post(app: &App, path: &str, body: &Value) -> Value {
    let reply = app.post(path, body);
    assert!(
        matches!(reply.status, 200 | 201),
        "{path}: {}",
        reply.json()
    );
    reply.json()
}

/// Some of everything: boards, a season that has ended, a player who is hidden, ties, a match with a result and its
/// ratings, one that is being played, tickets that wait.
fn fill(data: &Path) {
    let app = Launch::on(AGON, data).start();
    app.create_players(0..PLAYERS);
    // Ties in another order than that of the ids.
    (0..40).rev().for_each(|n| app.submit(n, (n % 7) as f64));
    let points = "/v1/boards/points";
    put(
        &app,
        points,
        &json!({"operator": "best", "rank_mode": "shared"}),
    );
    for season in 0..2 {
        for n in 0..20 {
            let body =
                json!({"player_id": player_id(n), "score": n % 5, "metadata": {"n": season}});
            post(&app, &format!("{points}/scores"), &body);
        }
        if season == 0 {
            post(&app, &format!("{points}/seasons:rotate"), &json!({}));
        }
    }
    put(
        &app,
        &format!("{points}/entries/{}/hidden", player_id(3)),
        &json!({}),
    );
    play(&app);
}

fn play(app: &App) {
    let queue = "/v1/queues/duel";
    put(app, queue, &json!({"teams": {"count": 2, "min_size": 1}}));
    let ticket = |n: usize| {
        let body = json!({"ticket_id": format!("t{n}"), "players": [{"player_id": player_id(n)}]});
        post(app, &format!("{queue}/tickets"), &body);
    };
    let matched = |n: usize| {
        let path = format!("{queue}/tickets/t{n}?wait=60s");
        let seen = app.get(&path).json();
        assert_eq!(seen["status"], "matched", "{seen}");
        seen["match_id"].as_str().unwrap().to_owned()
    };
    (0..2).for_each(ticket);
    let result = json!({"placements": [2, 1]});
    post(app, &format!("/v1/matches/{}/result", matched(0)), &result);
    (2..4).for_each(ticket);
    matched(2);
    put(
        app,
        "/v1/queues/slow",
        &json!({"teams": {"count": 2, "min_size": 5, "max_size": 5}}),
    );
    for n in 10..15 {
        let body = json!({"players": [{"player_id": player_id(n)}]});
        post(app, "/v1/queues/slow/tickets", &body);
    }
}

/// The records of an export.
fn export(data: &Path) -> Vec<Value> {
    let mut agon = std::process::Command::new(AGON);
    agon.arg("export").arg("--data-dir").arg(data);
    let output = done(agon.stdin(Stdio::null()));
    let lines = output
        .stdout
        .split(|b| *b == b'\n')
        .filter(|l| !l.is_empty());
    let mut lines: Vec<Value> = lines.map(|l| serde_json::from_slice(l).unwrap()).collect();
    // The first tells when it was made, and the last its digest.
    lines.pop();
    lines.remove(0);
    lines
}

/// What a store has, in a form in which two of them differ only where their contents do: the numbers that entries and
/// tickets have in their order become places in it.
fn contents(data: &Path) -> Vec<Value> {
    let mut lines = export(data);
    for number in ["reached", "made"] {
        let all = lines.iter().filter_map(|line| line[number].as_u64());
        let mut places: BTreeMap<u64, usize> = all.map(|value| (value, 0)).collect();
        for (n, place) in places.values_mut().enumerate() {
            *place = n;
        }
        for line in &mut lines {
            if let Some(value) = line[number].as_u64() {
                line[number] = places[&value].into();
            }
        }
    }
    lines
}

/// Kills it with `SIGKILL` once it has come so far; whether that was before its end.
fn killed(from: &str, to: &str, has_come_so_far: impl Fn() -> bool) -> bool {
    let child = migrate(from, to).stderr(Stdio::null()).spawn();
    let mut child = child.unwrap();
    let started = Instant::now();
    while !has_come_so_far() {
        assert!(started.elapsed() < LIMIT, "it does not come so far");
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        sleep(Duration::from_millis(1));
    }
    let runs = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    runs
}

/// How many records a migration into the cluster has written, by its own account.
fn written(redis: &RedisCluster) -> u64 {
    let key = "{agon:0}:migration";
    let node = &redis.nodes()[redis.master_of(key)];
    let marker = node.text(&[
        "EVAL",
        "return redis.call('GET', KEYS[1]) or '{}'",
        "1",
        key,
    ]);
    let marker: Value = serde_json::from_str(&marker).unwrap();
    marker["written"].as_u64().unwrap_or(0)
}

fn bytes_in(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    let bytes = entries
        .map_while(Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => bytes_in(&entry.path()),
            Ok(about) => about.len(),
            // It has gone meanwhile.
            Err(_) => 0,
        });
    bytes.sum()
}

#[test]
fn a_store_goes_to_a_cluster_and_back_though_it_is_killed_on_both_ways() {
    let temp = tempfile::tempdir().unwrap();
    let (data, back) = (temp.path().join("data"), temp.path().join("back"));
    fill(&data);
    let redis = RedisCluster::start();
    let mut before = 0;
    for kill in 0..2 {
        let further = || {
            let now = written(&redis);
            assert!(now >= before, "it has begun anew");
            now > before
        };
        assert!(
            killed(text(&data), &redis.url(), further),
            "kill {kill} was too late"
        );
        before = written(&redis);
    }
    let node = Launch::node(AGON, &redis.url());
    let log = node.try_start().err().expect("a node does not open it");
    assert!(
        log.contains("a migration into the store is unfinished"),
        "{log}"
    );
    let said = migrated(text(&data), &redis.url());
    assert!(said.contains("moved 2 boards, 20000 players"), "{said}");
    assert!(said.contains("2 queues, 2 matches, 5 tickets"), "{said}");

    let was = "there is a store of Agon under the prefix agon already";
    refused(text(&data), &redis.url(), was);
    for so_many_bytes in [1, 200_000] {
        let further = || bytes_in(&back) >= so_many_bytes;
        let killed = killed(&redis.url(), text(&back), further);
        assert!(killed, "the kill at {so_many_bytes} bytes was too late");
    }
    let said = migrated(&redis.url(), text(&back));
    assert!(said.contains("moved 2 boards, 20000 players"), "{said}");
    let (had, has) = (contents(&data), contents(&back));
    for (had, has) in had.iter().zip(&has) {
        assert_eq!(had, has);
    }
    assert_eq!(had.len(), has.len());
}
