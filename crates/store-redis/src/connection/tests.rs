//! Connections to real servers, which are killed, paused, filled and moved.

mod cluster;
mod outages;
mod promises;
mod refusals;
mod single;
mod subscriptions;
mod tls;

use std::time::{Duration, Instant};

use redis::Value;
use testkit::{RedisCluster, RedisServer};

use super::*;

const PATIENCE: Duration = Duration::from_secs(5);

/// Adds to a counter.
fn add() -> Script {
    Script::writing(&["return redis.call('INCRBY', KEYS[1], ARGV[1])"])
}

/// Reads it.
fn get() -> Script {
    Script::reading(&["return redis.call('GET', KEYS[1])"])
}

fn options(url: &str) -> Options {
    Options::new(url.parse().unwrap())
}

async fn connect(url: &str) -> Redis {
    Redis::connect(&options(url)).await.unwrap()
}

async fn to_server(server: &RedisServer) -> Redis {
    connect(&server.url()).await
}

fn bulk(text: &str) -> Value {
    Value::BulkString(text.as_bytes().to_vec())
}

/// Does it again until it succeeds; panics when it has taken too long.
async fn until_done<T, F, G>(limit: Duration, mut f: G) -> T
where
    F: Future<Output = Result<T, RedisFailure>>,
    G: FnMut() -> F,
{
    let started = Instant::now();
    loop {
        match f().await {
            Ok(value) => return value,
            Err(failure) if started.elapsed() > limit => panic!("still so: {failure}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Waits until it is so; panics when it has taken too long.
async fn until(limit: Duration, what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < limit, "not so in {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A key of each of so many places, spread over the slots.
fn keys(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("agon:{{{i}}}:n")).collect()
}
