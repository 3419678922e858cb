//! As a store of boards.

use proptest::prelude::*;
use testkit::ReferenceStore;
use testkit::conformance::{self, Step};
use tokio::runtime::Runtime;

use crate::{STARTED_AT_MS, cases, cluster, open, options, server};

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
