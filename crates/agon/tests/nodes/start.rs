//! The start of a node: Redis is waited for; what no waiting would heal ends it with a word that says why.

use std::process::Command;
use std::time::Duration;

use serde_json::json;
use testkit::RedisServer;

use crate::AGON;
use crate::setup::{assert_unavailable, create_players, free_address, node, until};

#[test]
fn a_node_that_is_there_before_redis_waits_for_it() {
    let redis = RedisServer::start();
    redis.kill();
    let mut app = node(&redis.url()).listen(free_address()).begin();
    until("it is alive", || {
        app.try_get("/healthz")
            .is_ok_and(|reply| reply.status == 200)
    });
    assert_unavailable(&app.get("/readyz"));
    assert_unavailable(&app.get("/leaderboard"));
    until("it says what it waits for", || {
        let log = app.log();
        log.contains("the store cannot be opened; trying again")
            && log.contains(&redis.url())
            && log.contains("refused")
    });
    redis.restart();
    until("it is ready", || app.get("/readyz").status == 200);
    create_players(&app, 1);
    assert!(app.stop().success());
}

#[test]
fn a_node_that_waits_for_redis_stops_when_it_is_told_to() {
    let redis = RedisServer::start();
    redis.kill();
    let mut app = node(&redis.url()).listen(free_address()).begin();
    until("it is alive", || app.try_get("/healthz").is_ok());
    std::thread::sleep(Duration::from_millis(200));
    assert!(app.stop().success());
}

#[test]
fn what_would_not_heal_ends_the_start() {
    let redis = RedisServer::start();
    let refusal = |launch: testkit::Launch| match launch.try_start() {
        Ok(_) => panic!("it started"),
        Err(log) => log,
    };
    redis.config_set("maxmemory-policy", "allkeys-lru");
    let log = refusal(node(&redis.url()));
    assert!(log.contains("maxmemory-policy allkeys-lru"), "{log}");
    redis.config_set("maxmemory-policy", "noeviction");
    let log = refusal(node(&redis.url().replace("redis://", "redis-cluster://")));
    assert!(log.contains("redis://"), "{log}");
    drop(node(&redis.url()).set("STORE__PARTITIONS", "2").start());
    let log = refusal(node(&redis.url()).set("STORE__PARTITIONS", "3"));
    assert!(
        log.contains("has 2 partitions") && log.contains("say 3"),
        "{log}"
    );
    // Of another prefix there is another store.
    let other = node(&redis.url()).set("STORE__PARTITIONS", "3");
    drop(other.set("STORE__PREFIX", "other").start());
    redis.command(&["SET", "{agon:0}:store", r#"{"format":99}"#]);
    let log = refusal(node(&redis.url()));
    assert!(log.contains("format 99"), "{log}");
}

#[test]
fn durability_that_the_server_does_not_have_is_told() {
    let redis = RedisServer::start();
    let app = node(&redis.url())
        .set("STORE__DURABILITY", "always")
        .start();
    assert!(app.log().contains("appendonly no"), "{}", app.log());
}

#[test]
fn commands_about_directories_refuse_a_store_on_redis() {
    let redis = RedisServer::start();
    for arguments in [
        &["export", "--output", "-"][..],
        &["import", "-"],
        &["keys", "create", "--name", "n", "--scope", "read"],
    ] {
        let mut command = Command::new(AGON);
        let output = command.args(arguments).env("AGON_STORE", redis.url());
        let output = output.output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        let named = error.contains("store.url") || error.contains("access.keys_file");
        assert!(named, "{error}");
    }
}

#[test]
fn keys_are_in_a_file_that_is_named() {
    let redis = RedisServer::start();
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys.toml");
    let mut create = Command::new(AGON);
    create.args(["keys", "create", "--name", "n", "--scope", "read,admin"]);
    create
        .env("AGON_STORE", redis.url())
        .env("AGON_ACCESS__KEYS_FILE", &keys);
    let output = create.output().unwrap();
    let key = String::from_utf8(output.stdout).unwrap();
    let app = node(&redis.url()).set("ACCESS__KEYS_FILE", &keys.display().to_string());
    let app = app.start();
    assert_eq!(app.get("/leaderboard").status, 401);
    let bearer = format!("Bearer {}", key.trim());
    let reply = app.request("GET", "/leaderboard", &[("authorization", &bearer)], None);
    assert_eq!(reply.unwrap().json(), json!([]));
}
