//! Servers that refuse changes: nothing is done, the reason is told, and readiness is honest.

use super::*;

async fn assert_refused(redis: &Redis, server: &RedisServer, wanted: &str) {
    let failure = redis.script(&add(), b"n", &[b"1"]).await.unwrap_err();
    match &failure {
        RedisFailure::Refused { code, .. } => assert_eq!(code, wanted),
        _ => panic!("not refused: {failure}"),
    }
    assert_eq!(server.command(&["EXISTS", "n"]), Value::Int(0));
    assert!(!redis.is_ready());
    // Reading goes on.
    assert_eq!(redis.read_script(&get(), b"n", &[]).await, Ok(Value::Nil));
    // Nor is it ready a while later, when nobody has called.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!redis.is_ready());
}

async fn assert_back(redis: &Redis) {
    until(PATIENCE, "ready", || redis.is_ready()).await;
    assert_eq!(redis.script(&add(), b"n", &[b"1"]).await, Ok(Value::Int(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_full() {
    let server = RedisServer::start();
    let redis = to_server(&server).await;
    server.config_set("maxmemory", "1");
    assert_refused(&redis, &server, "OOM").await;
    server.config_set("maxmemory", "0");
    assert_back(&redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_replicas_for_the_server() {
    let server = RedisServer::start();
    let redis = to_server(&server).await;
    server.config_set("min-replicas-to-write", "1");
    assert_refused(&redis, &server, "NOREPLICAS").await;
    server.config_set("min-replicas-to-write", "0");
    assert_back(&redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_become_a_replica() {
    let (server, master) = (RedisServer::start(), RedisServer::start());
    let redis = to_server(&server).await;
    server.command(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
    until(PATIENCE, "it follows", || {
        server
            .text(&["INFO", "replication"])
            .contains("master_link_status:up")
    })
    .await;
    assert_refused(&redis, &server, "READONLY").await;
    server.command(&["REPLICAOF", "NO", "ONE"]);
    assert_back(&redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_cannot_be_written() {
    // A snapshot fails where its file is a directory, and then the server takes no more changes.
    let launch = RedisServer::launch().set("enable-protected-configs", "yes");
    let server = launch.set("save", "3600 1").start();
    let redis = to_server(&server).await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("taken/by")).unwrap();
    server.config_set("dir", &dir.path().display().to_string());
    server.config_set("dbfilename", "taken");
    server.command(&["BGSAVE"]);
    until(PATIENCE, "the snapshot has failed", || {
        server
            .text(&["INFO", "persistence"])
            .contains("rdb_last_bgsave_status:err")
    })
    .await;
    assert_refused(&redis, &server, "MISCONF").await;
    server.config_set("stop-writes-on-bgsave-error", "no");
    assert_back(&redis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eviction_is_refused_at_the_start() {
    let server = RedisServer::launch()
        .set("maxmemory-policy", "allkeys-lru")
        .start();
    let error = Redis::connect(&options(&server.url())).await.err().unwrap();
    assert!(matches!(error, ConnectError::Evicts { .. }), "{error}");
}
