//! Changes on a real server: the answers are those of the plain store, and what lies in Redis agrees with itself.

mod away;
mod cuts;
mod deletion;
mod lines;
mod many;
mod segments;
mod whole;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use boards::{BoardStore, Clock, Receipt, StoreError};
use futures_util::FutureExt;
use futures_util::future::join_all;
use proptest::prelude::*;
use testkit::conformance::{Step, steps};
use testkit::{RedisServer, ReferenceStore};
use tokio::runtime::Runtime;

use super::trim_all;
use crate::options::Options;
use crate::store::RedisStore;
use crate::testing::Patient;

/// One server for all cases: each has a prefix of its own.
fn server() -> &'static RedisServer {
    static SERVER: OnceLock<RedisServer> = OnceLock::new();
    SERVER.get_or_init(RedisServer::start)
}

fn options(partitions: u16) -> Options {
    static STORES: AtomicU32 = AtomicU32::new(0);
    let mut options = Options::new(server().url().parse().unwrap());
    options.partitions = Some(partitions);
    options.prefix = format!("t{}", STORES.fetch_add(1, Ordering::Relaxed));
    // Where many are at it at once, being second often is no reason to give up.
    options.patience = Duration::from_secs(60);
    options
}

async fn open(options: &Options) -> RedisStore {
    RedisStore::open(options, Clock::new(|| 5)).await.unwrap()
}

/// Makes the changes on both stores and compares the answers.
async fn same(store: &RedisStore, reference: &ReferenceStore, steps: &[Step]) {
    let mut now_ms = reference.latest_ms();
    for step in steps {
        let Step::Change {
            change: asked,
            guard,
            after_ms,
        } = step
        else {
            continue;
        };
        now_ms += after_ms;
        let found = Patient(store).make(asked, *guard, now_ms).await;
        let expected = reference.change(asked.clone(), *guard, now_ms);
        let expected = expected.now_or_never().unwrap();
        let text = |error| format!("{error:?}");
        assert_eq!(
            found.map_err(text),
            expected.map_err(text),
            "left is found, right expected: {step:?}"
        );
    }
    whole::check(&store.core, reference).await;
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        ..ProptestConfig::default()
    }
}

fn run(partitions: u16, steps: &[Step]) {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let store = open(&options(partitions)).await;
        same(&store, &ReferenceStore::new(5), steps).await;
    });
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn one_room_answers_as_the_plain_store(steps in steps(120)) {
        run(1, &steps);
    }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn four_rooms_answer_as_the_plain_store(steps in steps(120)) {
        run(4, &steps);
    }
}

/// Several nodes change everything at once: whatever comes of it, the rooms agree with each other.
fn at_once(partitions: u16, of_nodes: &[Vec<Step>]) {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let options = options(partitions);
        let nodes = join_all(of_nodes.iter().map(|_| open(&options))).await;
        let make_all = nodes.iter().zip(of_nodes).map(async |(node, steps)| {
            for step in steps {
                if let Step::Change {
                    change: asked,
                    guard,
                    ..
                } = step
                {
                    let made = Patient(node).make(asked, *guard, 7).await;
                    assert!(!is_broken(&made), "{made:?}: {step:?}");
                }
            }
        });
        join_all(make_all).await;
        whole::agrees(&nodes[0].core).await;
    });
}

/// Whether it is an answer that no change may have.
fn is_broken(made: &Result<Receipt, StoreError>) -> bool {
    matches!(
        made,
        Err(StoreError::Unavailable { .. } | StoreError::Overloaded | StoreError::KeyInUse)
    )
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn nodes_that_meet_in_one_room_leave_it_whole(
        of_nodes in prop::collection::vec(steps(120), 3..4)
    ) {
        at_once(1, &of_nodes);
    }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn nodes_that_meet_in_four_rooms_leave_them_whole(
        of_nodes in prop::collection::vec(steps(120), 3..4)
    ) {
        at_once(4, &of_nodes);
    }
}
