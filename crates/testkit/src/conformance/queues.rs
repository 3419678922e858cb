//! What every store of queues must do: random steps over all that can be asked of one, each answer and all
//! that can be seen compared with the [`ReferenceStore`].
//!
//! What is found for matches is taken from the reference at the time of the step, so that most of it can be
//! announced. All that is over is ended before things are compared: the reference ends it at once, a store
//! when it comes upon it, and nobody may be able to tell. Why tickets wait, how long still, and figures of
//! what was matched lately are a store's own business and not compared.

mod cast;
mod compare;
pub mod erasures;
mod found;
mod outages;
mod steps;

use std::collections::BTreeMap;
use std::fmt::Debug;

use boards::{BoardStore, Change, Guard};
use matchmaking::{MatchError, MatchId, MatchStore, QueueChange, QueueId, TicketId, TicketView};

use crate::ReferenceStore;

pub use compare::compare;
pub use outages::run_with_outages;
pub use steps::{Step, steps};

use super::answers;

/// After so many changes all that can be seen is compared.
const CHANGES_BETWEEN: usize = 10;
/// One of so many changes is looked at for what it does to versions.
const CHANGES_BETWEEN_VERSIONS: usize = 3;

/// A store of boards and queues.
pub trait Store: BoardStore + MatchStore {}

impl<S: BoardStore + MatchStore> Store for S {}

/// A step as it is asked of both stores.
#[derive(Clone, Debug)]
enum Asked {
    Boards(Change),
    Queues(QueueChange),
}

/// Takes the steps on a store and on the reference, which have to be alike. `known` are the matches that
/// were announced, by this or an earlier run on the two.
pub async fn run(
    store: &dyn Store,
    reference: &ReferenceStore,
    steps: &[Step],
    known: &mut Vec<MatchId>,
) {
    let mut changes = 0;
    for step in steps {
        let now_ms = reference.latest_ms() + step.after_ms();
        for asked in found::changes(step, reference, known, now_ms).await {
            changes += 1;
            if changes % CHANGES_BETWEEN_VERSIONS == 0 {
                let before = seen(store).await;
                same(store, reference, &asked, step.guard(), now_ms).await;
                assert_versions(before, seen(store).await, &asked);
            } else {
                same(store, reference, &asked, step.guard(), now_ms).await;
            }
            if changes % CHANGES_BETWEEN == 0 {
                compare(store, reference, known).await;
            }
        }
    }
    compare(store, reference, known).await;
}

async fn same(
    store: &dyn Store,
    reference: &ReferenceStore,
    asked: &Asked,
    guard: Option<Guard>,
    now_ms: i64,
) {
    match asked {
        Asked::Boards(change) => answers::assert_same(
            store.change(change.clone(), guard, now_ms).await,
            reference.change(change.clone(), guard, now_ms).await,
            asked,
        ),
        Asked::Queues(change) => assert_same(
            store.change_queue(change.clone(), guard, now_ms).await,
            reference.change_queue(change.clone(), guard, now_ms).await,
            asked,
        ),
    }
}

/// Takes the steps on the reference, then asks the store for all of it at once, so that it meets in few
/// batches, and compares the answers. A guard's key is used once: which answer a second use has would be a
/// matter of time.
pub async fn run_at_once(
    store: &dyn Store,
    reference: &ReferenceStore,
    steps: &[Step],
    known: &mut Vec<MatchId>,
) {
    let mut keys = std::collections::BTreeSet::new();
    let mut all = Vec::new();
    for step in steps {
        let now_ms = reference.latest_ms() + step.after_ms();
        for asked in found::changes(step, reference, known, now_ms).await {
            let guard = step.guard().filter(|guard| keys.insert(guard.key));
            let expected = ask(reference, &asked, guard, now_ms).await;
            all.push((asked, guard, now_ms, expected));
        }
    }
    let asked = all
        .iter()
        .map(|(asked, guard, now_ms, _)| ask(store, asked, *guard, *now_ms));
    let answers = futures_util::future::join_all(asked).await;
    for (found, (asked, _, _, expected)) in answers.into_iter().zip(all) {
        assert_eq!(found, expected, "left is found, right expected: {asked:?}");
    }
    compare(store, reference, known).await;
}

/// The answer as text, which has all its fields.
async fn ask(store: &dyn Store, asked: &Asked, guard: Option<Guard>, now_ms: i64) -> String {
    match asked {
        Asked::Boards(change) => {
            format!("{:?}", store.change(change.clone(), guard, now_ms).await)
        }
        Asked::Queues(change) => {
            format!(
                "{:?}",
                store.change_queue(change.clone(), guard, now_ms).await
            )
        }
    }
}

/// Asserts that two answers are the same; errors by their debug text, which has all their fields.
fn assert_same<T: Debug + PartialEq>(
    found: Result<T, MatchError>,
    expected: Result<T, MatchError>,
    asked: &dyn Debug,
) {
    let found = found.map_err(|error| format!("{error:?}"));
    let expected = expected.map_err(|error| format!("{error:?}"));
    assert_eq!(found, expected, "left is found, right expected: {asked:?}");
}

type Seen = BTreeMap<(QueueId, TicketId), TicketView>;

async fn seen(store: &dyn Store) -> Seen {
    let mut all = Seen::new();
    for queue in cast::queues() {
        for ticket in cast::ticket_ids() {
            if let Ok(view) = store.ticket(&queue, &ticket).await {
                all.insert((queue.clone(), ticket), view);
            }
        }
    }
    all
}

/// Whoever waits for a ticket must notice what has changed about it.
fn assert_versions(before: Seen, after: Seen, asked: &Asked) {
    for (id, view) in after {
        if let Some(old) = before.get(&id) {
            let alike = old.ticket == view.ticket && old.of_match == view.of_match;
            let newer =
                view.version > old.version || old.ticket.created_at_ms != view.ticket.created_at_ms;
            // What only hides somebody is nothing to be woken for.
            let erased = matches!(asked, Asked::Boards(_)) && old.ticket.state == view.ticket.state;
            assert!(
                newer || erased || (alike && view.version == old.version),
                "{id:?}: {asked:?}: {old:?} {view:?}"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn the_reference_does_what_the_reference_does(steps in steps(120)) {
            let (store, reference) = (ReferenceStore::new(5), ReferenceStore::new(5));
            let mut known = Vec::new();
            run(&store, &reference, &steps, &mut known).now_or_never().unwrap();
        }
    }

    /// Steps that only ever fail would prove nothing.
    #[test]
    fn the_steps_reach_every_state() {
        use proptest::strategy::ValueTree;
        use proptest::test_runner::TestRunner;
        let mut runner = TestRunner::deterministic();
        let mut text = String::new();
        for _ in 0..60 {
            let steps = steps(200).new_tree(&mut runner).unwrap().current();
            let reference = ReferenceStore::new(5);
            let mut known = Vec::new();
            for step in &steps {
                let now_ms = reference.latest_ms() + step.after_ms();
                let asked = found::changes(step, &reference, &mut known, now_ms);
                for asked in asked.now_or_never().unwrap() {
                    let answer = ask(&reference, &asked, step.guard(), now_ms);
                    text += &answer.now_or_never().unwrap();
                }
            }
            for queue in cast::queues() {
                for id in cast::backfill_ids() {
                    let backfill = reference.backfill(&queue, &id);
                    text += &format!("{:?}", backfill.now_or_never().unwrap());
                }
                for id in cast::ticket_ids() {
                    let ticket = reference.ticket(&queue, &id);
                    text += &format!("{:?}", ticket.now_or_never().unwrap());
                }
            }
        }
        for state in [
            "Put { created",
            "Backfill(",
            "state: Open",
            "matches: 1",
            "Waiting",
            "Proposed",
            "Matched",
            "Expired",
            "Requested",
            "Declined",
            "NotAccepted",
            "Running",
            "Failed",
            "Finished",
            "Abandoned",
            "RatingChange",
            "BoardEffect",
            "score: None",
            "Filled",
            "Ended",
            "Open",
            "fills: 1",
            "stale: 1",
            "PlayerWaits",
            "TicketExists",
            "UnknownPlayers",
            "Unmatchable",
            "TicketMatched",
            "ResultDiffers",
            "BadResult",
            "BadSeat",
            "NotInMatch",
            "BackfillExists",
            "UnknownBoard",
            "KeyReused",
            "replayed: true",
            "has begun",
            "has failed",
            "has ended",
            "has not begun",
        ] {
            assert!(text.contains(state), "no step leads to {state}");
        }
    }
}
