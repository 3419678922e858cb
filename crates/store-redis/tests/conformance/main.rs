//! The store on Redis against the reference, boards and queues: in one room, in several on one server, and on a
//! cluster.
//!
//! Each case has a prefix of its own on the same servers, so that none of them waits for servers to start.
#![allow(clippy::unwrap_used)]

mod of_boards;
mod of_queues;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use boards::Clock;
use proptest::prelude::ProptestConfig;
use store_redis::{Options, RedisStore};
use testkit::{RedisCluster, RedisServer};

const STARTED_AT_MS: i64 = 1_000;

fn server() -> String {
    static SERVER: OnceLock<RedisServer> = OnceLock::new();
    SERVER.get_or_init(RedisServer::start).url()
}

fn cluster() -> String {
    static CLUSTER: OnceLock<RedisCluster> = OnceLock::new();
    CLUSTER.get_or_init(RedisCluster::start).url()
}

/// What a store of its own is opened with.
fn options(url: &str, partitions: u16) -> Options {
    static STORES: AtomicU32 = AtomicU32::new(0);
    let mut options = Options::new(url.parse().unwrap());
    options.partitions = Some(partitions);
    options.prefix = format!("case-{}", STORES.fetch_add(1, Ordering::Relaxed));
    options
}

async fn open(options: &Options) -> RedisStore {
    let clock = Clock::new(|| STARTED_AT_MS);
    RedisStore::open(options, clock).await.unwrap()
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        max_shrink_iters: 100,
        ..ProptestConfig::default()
    }
}
