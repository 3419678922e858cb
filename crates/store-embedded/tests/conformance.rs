//! The embedded store against the plain model, across restarts.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use store_embedded::{EmbeddedStore, Options};
use testkit::{Model, conformance};

fn options(dir: &tempfile::TempDir) -> Options {
    Options {
        data_dir: dir.path().join("data"),
        cache_bytes: 1 << 20,
        max_queue: 1024,
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn does_what_the_model_does(runs in prop::collection::vec(conformance::operations(300), 1..4)) {
        let dir = tempfile::tempdir().unwrap();
        let mut model = Model::default();
        runtime().block_on(async {
            for operations in &runs {
                let store = EmbeddedStore::open(&options(&dir)).unwrap();
                conformance::same(&store, &model).await;
                conformance::run(&store, &mut model, operations).await;
                conformance::same(&store, &model).await;
            }
        });
    }

    /// Many changes in one batch: each must see those before it.
    #[test]
    fn changes_of_one_batch_see_each_other(
        bursts in prop::collection::vec(conformance::operations(80), 1..12)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut model = Model::default();
        runtime().block_on(async {
            let store = EmbeddedStore::open(&options(&dir)).unwrap();
            for operations in &bursts {
                conformance::run_at_once(&store, &mut model, operations).await;
            }
            conformance::same(&store, &model).await;
            drop(store);
            let store = EmbeddedStore::open(&options(&dir)).unwrap();
            conformance::same(&store, &model).await;
        });
    }
}
