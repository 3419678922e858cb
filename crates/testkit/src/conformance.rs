//! What every store must do, ties included: random steps over all that can be asked of one, each
//! answer and the whole of what can be seen compared with the [`ReferenceStore`].
//!
//! Marks and board numbers are a store's own business and are not compared: each store goes on from
//! the marks that it gave itself, and what it shows there must be the same.

mod answers;
mod cast;
mod compare;
pub mod queues;
pub mod seasons;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use boards::{BoardId, BoardInfo, BoardStore, Change, Guard, Mark, Page, PageStart, View};

use crate::ReferenceStore;

pub use compare::compare;
pub use steps::{Read, Step, steps};

/// After so many changes all that can be seen is compared.
const CHANGES_BETWEEN: usize = 12;

/// A mark that both stores gave for the same place, and where.
struct Seen {
    view: View,
    found: Mark,
    expected: Mark,
}

/// Takes the steps on a store and on the reference, which have to be alike, and compares all answers;
/// now and then, and at the end, all that can be seen. Time goes on from the reference's latest.
pub async fn run(store: &dyn BoardStore, reference: &ReferenceStore, steps: &[Step]) {
    run_comparing(store, reference, steps, CHANGES_BETWEEN).await;
}

/// As [`run`], with all that can be seen compared after so many changes, and at the end: less often,
/// for a store that takes long to answer.
pub async fn run_comparing(
    store: &dyn BoardStore,
    reference: &ReferenceStore,
    steps: &[Step],
    changes_between: usize,
) {
    let mut now_ms = reference.latest_ms();
    let mut marks = Vec::new();
    let mut changes = 0;
    for step in steps {
        match step {
            Step::Read(read) => answers::same(store, reference, read, &mut marks).await,
            Step::Change {
                change,
                guard,
                after_ms,
            } => {
                now_ms += after_ms;
                let before = seen(store, reference).await;
                let found = store.change(change.clone(), *guard, now_ms).await;
                let expected = reference.change(change.clone(), *guard, now_ms).await;
                answers::assert_same(found, expected, step);
                assert_versions(&before, &seen(store, reference).await, step);
                changes += 1;
                if changes % changes_between == 0 {
                    compare(store, reference).await;
                }
            }
        }
    }
    compare(store, reference).await;
}

/// For each board its version in a store, and what the reference shows of it.
type Boards = BTreeMap<BoardId, (u64, BoardInfo, Page)>;

async fn seen(store: &dyn BoardStore, reference: &ReferenceStore) -> Boards {
    let mut boards = Boards::new();
    for info in reference.boards(None, usize::MAX).await.unwrap() {
        let version = store.version(&info.id).await.unwrap();
        let view = View::of(info.id.clone());
        let page = reference.page(&view, PageStart::Offset(0), usize::MAX);
        boards.insert(info.id.clone(), (version, info, page.await.unwrap()));
    }
    boards
}

/// Whoever watches a board must notice what has changed on it.
fn assert_versions(before: &Boards, after: &Boards, step: &Step) {
    for (id, (version, info, page)) in after {
        if let Some((old_version, old_info, old_page)) = before.get(id) {
            let alike = info == old_info && page == old_page;
            assert!(
                version > old_version || (alike && version == old_version),
                "{id}: {step:?}"
            );
        }
    }
}

/// Asks a store for all changes at once, so that they meet in few batches, and compares the answers
/// with those of the reference to the same changes in turn. Readings are left out, and so are guards
/// whose key another change of these has: which answers it has would be a matter of time.
pub async fn run_at_once(store: &dyn BoardStore, reference: &ReferenceStore, steps: &[Step]) {
    let changes = changes_at_once(steps, reference.latest_ms());
    let asked = changes
        .iter()
        .map(|(change, guard, now_ms)| store.change(change.clone(), *guard, *now_ms));
    let answers = futures_util::future::join_all(asked).await;
    for (found, asked) in answers.into_iter().zip(&changes) {
        let (change, guard, now_ms) = asked;
        let expected = reference.change(change.clone(), *guard, *now_ms).await;
        answers::assert_same(found, expected, asked);
    }
    compare(store, reference).await;
}

fn changes_at_once(steps: &[Step], mut now_ms: i64) -> Vec<(Change, Option<Guard>, i64)> {
    let mut keys = BTreeSet::new();
    let mut changes = Vec::new();
    for step in steps {
        if let Step::Change {
            change,
            guard,
            after_ms,
        } = step
        {
            now_ms += after_ms;
            let guard = guard.filter(|guard| keys.insert(guard.key));
            changes.push((change.clone(), guard, now_ms));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn the_reference_does_what_the_reference_does(
            runs in prop::collection::vec(steps(150), 1..3)
        ) {
            let (store, reference) = (ReferenceStore::new(5), ReferenceStore::new(5));
            for steps in &runs {
                run(&store, &reference, steps).now_or_never().unwrap();
                run_at_once(&store, &reference, steps).now_or_never().unwrap();
            }
        }
    }
}
