//! Small boards of all kinds, by the conformance suite's random steps.

use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use testkit::conformance::{self, Step, compare, steps};
use testkit::{RedisServer, ReferenceStore};

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

#[test]
fn shows_what_the_reference_shows() {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = RedisServer::start();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = ProptestConfig {
        cases: 40,
        ..ProptestConfig::default()
    };
    proptest!(config, |(steps in steps(120), rooms in prop::sample::select(vec![1, 2, 4]))| {
        let prefix = format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        runtime.block_on(async {
            let (reference, changes) = made(&steps).await;
            let players = players_of(&changes);
            let mirror = Mirror::of(&server, &prefix, rooms, &reference, &players).await;
            let reads = steps.iter().filter(|step| matches!(step, Step::Read(_)));
            let reads: Vec<Step> = reads.cloned().collect();
            conformance::run(&mirror, &reference, &reads).await;
            compare(&mirror, &reference).await;
        });
    });
}
