//! As a store of boards.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use boards::Clock;
use proptest::prelude::*;
use store_redis::RedisStore;
use testkit::ReferenceStore;
use testkit::conformance::{self, Step};
use tokio::runtime::Runtime;

use crate::{STARTED_AT_MS, cases, cluster, open, options, server};

const HOUR_MS: i64 = 3_600_000;

/// Takes the steps, each run on a node that has just been started.
fn does_what_the_reference_does(url: &str, partitions: u16, runs: &[Vec<Step>]) {
    let options = options(url, partitions);
    let reference = ReferenceStore::new(STARTED_AT_MS);
    Runtime::new().unwrap().block_on(async {
        for steps in runs {
            let store = open(&options).await;
            conformance::run(&store, &reference, steps).await;
            store.close();
        }
        conformance::compare(&open(&options).await, &reference).await;
    });
}

/// Takes the steps, with the time that no node was there before each run.
fn seasons_end_alike(partitions: u16, runs: &[(i64, Vec<conformance::seasons::Step>)]) {
    let options = options(&server(), partitions);
    let reference = ReferenceStore::new(STARTED_AT_MS);
    let clock = Arc::new(AtomicI64::new(STARTED_AT_MS));
    Runtime::new().unwrap().block_on(async {
        for (down_ms, steps) in runs {
            let now_ms = reference.latest_ms() + down_ms;
            let set_clock = |now_ms| clock.store(now_ms, Ordering::Relaxed);
            set_clock(now_ms);
            let shown = Arc::clone(&clock);
            let shown = Clock::new(move || shown.load(Ordering::Relaxed));
            let store = RedisStore::open(&options, shown).await.unwrap();
            conformance::seasons::run(&store, &reference, steps, now_ms, &set_clock).await;
            store.close();
        }
    });
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn one_room_does(runs in prop::collection::vec(conformance::steps(150), 1..3)) {
        does_what_the_reference_does(&server(), 1, &runs);
    }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn four_rooms_do(runs in prop::collection::vec(conformance::steps(150), 1..3)) {
        does_what_the_reference_does(&server(), 4, &runs);
    }
}

proptest! {
    #![proptest_config(cases(6))]

    #[test]
    fn a_cluster_does(runs in prop::collection::vec(conformance::steps(120), 1..3)) {
        does_what_the_reference_does(&cluster(), 8, &runs);
    }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn seasons_end_as_those_of_the_reference(
        partitions in 1..4_u16,
        runs in prop::collection::vec((0..100 * HOUR_MS, conformance::seasons::steps(40)), 1..3)
    ) {
        seasons_end_alike(partitions, &runs);
    }
}
