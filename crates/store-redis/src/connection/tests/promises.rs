//! What is promised of acknowledged changes: confirmed by replicas, and checked at the start.

use std::io;
use std::sync::{Arc, Mutex};

use super::*;
use crate::options::Durability;

/// Long enough for a replica on a busy machine.
const CONFIRMATION: Duration = Duration::from_millis(1500);

fn promising(server: &RedisServer, count: u32) -> Options {
    let mut options = options(&server.url());
    options.durability = Durability::Replicas {
        count,
        timeout: CONFIRMATION,
    };
    options
}

fn follow(master: &RedisServer) -> RedisServer {
    let replica = RedisServer::start();
    replica.command(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
    let started = Instant::now();
    // By what the master says: the replica takes itself for connected before the master counts on it.
    while !master
        .text(&["INFO", "replication"])
        .contains("state=online")
    {
        assert!(started.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(20));
    }
    replica
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_confirmed_by_replicas_or_unknown() {
    let server = RedisServer::start();
    let replica = follow(&server);
    let redis = Redis::connect(&promising(&server, 1)).await.unwrap();
    assert_eq!(redis.script(&add(), b"n", &[b"1"]).await, Ok(Value::Int(1)));
    assert_eq!(replica.text(&["GET", "n"]), "1");
    replica.pause();
    let failure = redis.script(&add(), b"n", &[b"1"]).await.unwrap_err();
    assert!(failure.to_string().contains("0 of 1 replicas"), "{failure}");
    assert!(matches!(failure, RedisFailure::Unknown { .. }));
    // A script that finds that all was done before is not acknowledged either, on whatever connection.
    let nothing = Script::writing(&["return 'done before'"]);
    for _ in 0..redis.options().connections {
        let failure = redis.script(&nothing, b"n", &[]).await.unwrap_err();
        assert!(matches!(failure, RedisFailure::Unknown { .. }), "{failure}");
    }
    assert!(!redis.is_ready());
    // Readings promise nothing.
    assert_eq!(redis.read_script(&get(), b"n", &[]).await, Ok(bulk("2")));
    replica.resume();
    until(PATIENCE, "ready", || redis.is_ready()).await;
    assert_eq!(
        redis.script(&nothing, b"n", &[]).await,
        Ok(bulk("done before"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_replica_keeps_only_changes_waiting_that_need_it() {
    let server = RedisServer::start();
    let replica = follow(&server);
    let redis = Redis::connect(&promising(&server, 1)).await.unwrap();
    redis.script(&add(), b"n", &[b"1"]).await.unwrap();
    replica.pause();
    let calls = (0..20).map(|_| (b"n".to_vec(), vec![b"1".to_vec()]));
    let started = Instant::now();
    let answers = redis.scripts(&add(), calls.collect()).await;
    // They share one question.
    assert!(
        started.elapsed() < CONFIRMATION * 3,
        "{:?}",
        started.elapsed()
    );
    let is_unknown = |a: &Result<_, _>| matches!(a, Err(RedisFailure::Unknown { .. }));
    assert!(answers.iter().all(is_unknown));
    replica.resume();
}

/// What is logged while it is there.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn logged(options: &Options) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false);
    let subscriber = subscriber.with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    Redis::connect(options).await.unwrap();
    drop(guard);
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

// Of one thread, since what is logged is caught by the thread.
#[tokio::test]
async fn contradictions_are_logged() {
    let server = RedisServer::start();
    let mut options = options(&server.url());
    assert_eq!(logged(&options).await, "");
    options.durability = Durability::EverySecond;
    assert!(logged(&options).await.contains("appendonly no"));
    server.config_set("appendonly", "yes");
    server.config_set("appendfsync", "everysec");
    assert_eq!(logged(&options).await, "");
    options.durability = Durability::Always;
    assert!(logged(&options).await.contains("appendfsync everysec"));
    let lonely = logged(&promising(&server, 2)).await;
    assert!(lonely.contains("it has 0 replicas"), "{lonely}");
    server.command(&["ACL", "SETUSER", "default", "-config"]);
    assert!(logged(&options).await.contains("could not be checked"));
}
