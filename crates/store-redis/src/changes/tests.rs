//! Changes on a real server: the answers are those of the plain store, and what lies in Redis agrees with itself.

mod whole;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use boards::{BoardStore, Clock};
use futures_util::FutureExt;
use proptest::prelude::*;
use testkit::conformance::{Step, steps};
use testkit::{RedisServer, ReferenceStore};
use tokio::runtime::Runtime;

use super::change;
use crate::store::RedisStore;

/// One server for all cases: each has a prefix of its own.
fn server() -> &'static RedisServer {
    static SERVER: OnceLock<RedisServer> = OnceLock::new();
    SERVER.get_or_init(RedisServer::start)
}

async fn store(partitions: u16) -> RedisStore {
    static STORES: AtomicU32 = AtomicU32::new(0);
    let mut options = crate::Options::new(server().url().parse().unwrap());
    options.partitions = Some(partitions);
    options.prefix = format!("t{}", STORES.fetch_add(1, Ordering::Relaxed));
    let clock = Clock::new(|| 5);
    RedisStore::open(&options, clock).await.unwrap()
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
        let found = change(&store.core, asked, *guard, now_ms).await;
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
        let store = store(partitions).await;
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
