//! Small boards of all kinds, by the conformance suite's random steps.

use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use testkit::conformance::{self, Step, compare, steps};
use testkit::{RedisCluster, RedisServer, ReferenceStore};

use super::mirror::{Mirror, players_of};
use boards::{BoardStore, Change};

/// Makes the changes on a new reference; also which they were.
async fn made(steps: &[Step]) -> (ReferenceStore, Vec<Change>) {
    let reference = ReferenceStore::new(5);
    let mut changes = Vec::new();
    let mut now_ms = 5;
    for step in steps {
        if let Step::Change {
            change, after_ms, ..
        } = step
        {
            now_ms += after_ms;
            // What is refused has changed nothing.
            let _ = reference.change(change.clone(), None, now_ms).await;
            changes.push(change.clone());
        }
    }
    (reference, changes)
}

/// Compares a store of so many rooms with the reference, of which it has what the changes have left.
async fn compare_all(url: &str, prefix: &str, rooms: u16, steps: &[Step]) {
    let (reference, changes) = made(steps).await;
    let players = players_of(&changes);
    let mirror = Mirror::of(url, prefix, rooms, &reference, &players).await;
    let reads = steps.iter().filter(|step| matches!(step, Step::Read(_)));
    let reads: Vec<Step> = reads.cloned().collect();
    conformance::run(&mirror, &reference, &reads).await;
    compare(&mirror, &reference).await;
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        ..ProptestConfig::default()
    }
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Each case has keys of its own.
fn prefix() -> String {
    format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

#[test]
fn shows_what_the_reference_shows() {
    let server = RedisServer::start();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let rooms = prop::sample::select(vec![1, 2, 4]);
    proptest!(cases(40), |(steps in steps(120), rooms in rooms)| {
        runtime.block_on(compare_all(&server.url(), &prefix(), rooms, &steps));
    });
}

#[test]
fn shows_the_same_on_a_cluster() {
    let cluster = RedisCluster::start();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    proptest!(cases(4), |(steps in steps(120))| {
        runtime.block_on(compare_all(&cluster.url(), &prefix(), 16, &steps));
    });
}
