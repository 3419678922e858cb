//! The store on Redis as a store of queues, against the reference: in one room, in several on one server, and on a
//! cluster.
//!
//! Each case has a prefix of its own on the same servers, so that none of them waits for servers to start.
#![allow(clippy::unwrap_used)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use boards::Clock;
use proptest::prelude::*;
use store_redis::{Options, RedisStore};
use testkit::conformance::queues::{self, Step};
use testkit::{RedisCluster, RedisServer, ReferenceStore};
use tokio::runtime::Runtime;

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

/// Takes the steps, each run on a node that has just been started and takes the lead from the one before.
fn does_what_the_reference_does(url: &str, partitions: u16, runs: &[Vec<Step>]) {
    use matchmaking::MatchStore;
    let options = options(url, partitions);
    let reference = ReferenceStore::new(STARTED_AT_MS);
    let mut known = Vec::new();
    Runtime::new().unwrap().block_on(async {
        for steps in runs {
            let store = open(&options).await;
            queues::compare(&store, &reference, &known).await;
            queues::run(&store, &reference, steps, &mut known).await;
            store.resign().await.unwrap();
            store.close();
        }
        queues::compare(&open(&options).await, &reference, &known).await;
    });
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        max_shrink_iters: 100,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(10))]

    #[test]
    fn one_room_does(runs in prop::collection::vec(queues::steps(150), 1..3)) {
        does_what_the_reference_does(&server(), 1, &runs);
    }
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn four_rooms_do(runs in prop::collection::vec(queues::steps(150), 1..3)) {
        does_what_the_reference_does(&server(), 4, &runs);
    }
}

proptest! {
    #![proptest_config(cases(4))]

    #[test]
    fn a_cluster_does(runs in prop::collection::vec(queues::steps(120), 1..3)) {
        does_what_the_reference_does(&cluster(), 8, &runs);
    }
}
