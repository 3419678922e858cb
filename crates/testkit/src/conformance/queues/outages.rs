//! A store whose disk fails now and then: what it refuses has not happened, also where the disk has it, and
//! what it has acknowledged stays.

use matchmaking::MatchId;

use super::{Step, Store, ask, compare, found};
use crate::ReferenceStore;

/// Takes the steps on a store and on the reference. `fail` is called with `true` before each change, and may
/// have the store's next commits fail then; with `false` once there is an answer and the store takes changes
/// again, and from then on commits work. A change that is refused for want of the store is asked for again,
/// as clients do; before that nothing of it may be seen.
pub async fn run_with_outages(
    store: &dyn Store,
    reference: &ReferenceStore,
    steps: &[Step],
    known: &mut Vec<MatchId>,
    fail: &mut dyn FnMut(bool),
) {
    for step in steps {
        let now_ms = reference.latest_ms() + step.after_ms();
        for asked in found::changes(step, reference, known, now_ms).await {
            fail(true);
            let mut answer = ask(store, &asked, step.guard(), now_ms).await;
            if is_refused(&answer) {
                until_ready(store);
            }
            fail(false);
            // What is tidied up between changes may have failed as well.
            until_ready(store);
            if is_refused(&answer) {
                compare(store, reference, known).await;
                answer = ask(store, &asked, step.guard(), now_ms).await;
            }
            let expected = ask(reference, &asked, step.guard(), now_ms).await;
            assert_eq!(answer, expected, "left is found, right expected: {asked:?}");
        }
    }
    compare(store, reference, known).await;
}

fn is_refused(answer: &str) -> bool {
    answer.starts_with("Err(") && answer.contains("Unavailable")
}

/// Waits until the store takes changes.
fn until_ready(store: &dyn Store) {
    while !store.is_ready() {
        // It has a thread of its own.
        std::thread::sleep(std::time::Duration::from_micros(50));
    }
}
