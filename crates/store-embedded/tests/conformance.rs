//! The embedded store against the reference, across restarts.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;
use store_embedded::{Clock, EmbeddedStore, Options};
use testkit::conformance::queues::erasures;
use testkit::{ReferenceStore, conformance};

const STARTED_AT_MS: i64 = 1_000;
const HOUR_MS: i64 = 3_600_000;

fn open(dir: &tempfile::TempDir) -> EmbeddedStore {
    open_with(dir, Clock::new(|| STARTED_AT_MS))
}

fn open_with(dir: &tempfile::TempDir, clock: Clock) -> EmbeddedStore {
    let options = Options {
        data_dir: dir.path().join("data"),
        cache_bytes: 1 << 20,
        max_queue: 1024,
        clock,
    };
    EmbeddedStore::open(&options).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn does_what_the_reference_does(runs in prop::collection::vec(conformance::steps(250), 1..4)) {
        let dir = tempfile::tempdir().unwrap();
        let reference = ReferenceStore::new(STARTED_AT_MS);
        runtime().block_on(async {
            for steps in &runs {
                let store = open(&dir);
                conformance::compare(&store, &reference).await;
                conformance::run(&store, &reference, steps).await;
            }
            conformance::compare(&open(&dir), &reference).await;
        });
    }

    /// With the time that it was down before each run.
    #[test]
    fn seasons_end_as_those_of_the_reference(
        runs in prop::collection::vec((0..100 * HOUR_MS, conformance::seasons::steps(60)), 1..4)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let reference = ReferenceStore::new(STARTED_AT_MS);
        let clock = Arc::new(AtomicI64::new(STARTED_AT_MS));
        for (down_ms, steps) in &runs {
            let now_ms = reference.latest_ms() + down_ms;
            let set_clock = |now_ms| clock.store(now_ms, Ordering::Relaxed);
            set_clock(now_ms);
            let shown = Arc::clone(&clock);
            let store = open_with(&dir, Clock::new(move || shown.load(Ordering::Relaxed)));
            let run = conformance::seasons::run(&store, &reference, steps, now_ms, &set_clock);
            runtime().block_on(run);
        }
    }

    /// Many changes in one batch: each must see those before it.
    #[test]
    fn changes_of_one_batch_see_each_other(
        bursts in prop::collection::vec(conformance::steps(120), 1..8)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let reference = ReferenceStore::new(STARTED_AT_MS);
        runtime().block_on(async {
            let store = open(&dir);
            for steps in &bursts {
                conformance::run_at_once(&store, &reference, steps).await;
            }
            drop(store);
            conformance::compare(&open(&dir), &reference).await;
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn does_with_queues_what_the_reference_does(
        runs in prop::collection::vec(conformance::queues::steps(160), 1..4)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let reference = ReferenceStore::new(STARTED_AT_MS);
        let mut known = Vec::new();
        runtime().block_on(async {
            for steps in &runs {
                let store = open(&dir);
                conformance::queues::compare(&store, &reference, &known).await;
                conformance::queues::run(&store, &reference, steps, &mut known).await;
            }
            conformance::queues::compare(&open(&dir), &reference, &known).await;
        });
    }

    #[test]
    fn changes_of_queues_in_one_batch_see_each_other(
        bursts in prop::collection::vec(conformance::queues::steps(200), 1..6)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let reference = ReferenceStore::new(STARTED_AT_MS);
        let mut known = Vec::new();
        runtime().block_on(async {
            let store = open(&dir);
            for steps in &bursts {
                conformance::queues::run_at_once(&store, &reference, steps, &mut known).await;
            }
            drop(store);
            conformance::queues::compare(&open(&dir), &reference, &known).await;
        });
    }
}

/// A store that has nothing yet, and the reference.
fn fresh() -> (tempfile::TempDir, EmbeddedStore, ReferenceStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    (dir, store, ReferenceStore::new(STARTED_AT_MS))
}

#[test]
fn the_seat_of_an_erased_player_is_filled() {
    let (_dir, store, reference) = fresh();
    runtime().block_on(erasures::seats_are_filled(&store, &reference));
}

#[test]
fn an_erased_player_is_in_no_match_that_failed() {
    let (_dir, store, reference) = fresh();
    runtime().block_on(erasures::failed_matches_have_no_erased_players(
        &store, &reference,
    ));
}

#[test]
fn erased_ids_are_not_shown_again() {
    let (dir, store, reference) = fresh();
    runtime().block_on(async {
        erasures::ids_are_not_shown_again(&store, &reference).await;
        drop(store);
        let known = [erasures::match_id()];
        conformance::queues::compare(&open(&dir), &reference, &known).await;
    });
}
