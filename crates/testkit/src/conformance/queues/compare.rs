//! All that can be seen of the queues of two stores, side by side.

use std::sync::Arc;

use matchmaking::{
    HistoryMark, Match, MatchId, MatchStore, PlayerRating, QueueChange, QueueId, QueueInfo,
    QueueSnapshot, QueueStats, Ticket, TicketView,
};

use super::{Store, assert_same, cast};
use crate::{ReferenceStore, conformance};

/// Small, so that walking a history takes many marks.
const PAGE: usize = 2;

/// Asserts that a store shows what the reference shows, of boards as well, once what is over has ended.
pub async fn compare(store: &dyn Store, reference: &ReferenceStore, known: &[MatchId]) {
    let now_ms = reference.latest_ms();
    for queue in cast::queues() {
        let lapse = || QueueChange::Lapse(queue.clone());
        let found = store.change_queue(lapse(), None, now_ms).await;
        let expected = reference.change_queue(lapse(), None, now_ms).await;
        assert_same(found, expected, &lapse());
    }
    let (a, b) = (store.queues(None, 9).await, reference.queues(None, 9).await);
    let plain = |all: Result<Vec<QueueInfo>, _>| {
        all.map(|all| all.into_iter().map(plain_info).collect::<Vec<_>>())
    };
    assert_same(plain(a), plain(b), &"queues");
    for queue in cast::queues() {
        compare_queue(store, reference, &queue, now_ms).await;
    }
    for id in known {
        let found = store.find_match(*id).await;
        assert_same(found, reference.find_match(*id).await, id);
    }
    for player in cast::players() {
        let found = store.ratings(player).await;
        let expected = reference.ratings(player).await;
        assert_same::<Vec<PlayerRating>>(found, expected, &player);
        let mut before = None;
        loop {
            let found = store.history(player, before, PAGE).await;
            let expected = reference.history(player, before, PAGE).await;
            let next = mark(expected.as_ref().ok());
            assert_same(found, expected, &(player, before));
            if next.is_none() {
                break;
            }
            before = next;
        }
    }
    conformance::compare(store, reference).await;
}

fn mark(page: Option<&Vec<Arc<Match>>>) -> Option<HistoryMark> {
    let last = page?.last()?;
    Some((last.created_at_ms, last.id))
}

async fn compare_queue(
    store: &dyn Store,
    reference: &ReferenceStore,
    queue: &QueueId,
    now_ms: i64,
) {
    let info = store.queue(queue).await.map(plain_info);
    let expected = reference.queue(queue).await.map(plain_info);
    assert_same(info, expected, queue);
    let stats = store.queue_stats(queue, now_ms).await.map(plain_stats);
    let expected = reference.queue_stats(queue, now_ms).await;
    assert_same(stats, expected.map(plain_stats), queue);
    let snapshot = store.snapshot(queue, now_ms).await.map(plain_snapshot);
    let expected = reference.snapshot(queue, now_ms).await;
    assert_same(snapshot, expected.map(plain_snapshot), queue);
    for id in cast::ticket_ids() {
        let found = store.ticket(queue, &id).await.map(plain_ticket);
        let expected = reference.ticket(queue, &id).await.map(plain_ticket);
        assert_same(found, expected, &(queue, &id));
    }
    for id in cast::backfill_ids() {
        let found = store.backfill(queue, &id).await;
        assert_same(found, reference.backfill(queue, &id).await, &(queue, &id));
    }
}

fn plain_info(info: QueueInfo) -> QueueInfo {
    QueueInfo { version: 0, ..info }
}

fn plain_stats(stats: QueueStats) -> QueueStats {
    QueueStats {
        matches_per_minute: 0.0,
        wait_ms: None,
        rating_spread: None,
        reasons: Vec::new(),
        ..stats
    }
}

/// As text, since it cannot be compared. That somebody was erased whom a ticket avoids is for readers to see; for
/// what is found of what waits it makes no difference, since nobody is there to be met.
fn plain_snapshot(mut snapshot: QueueSnapshot) -> String {
    for queued in &mut snapshot.waiting {
        let mut ticket = Ticket::clone(&queued.ticket);
        ticket.avoid.clear();
        Arc::make_mut(queued).ticket = Arc::new(ticket);
    }
    snapshot.version = 0;
    format!("{snapshot:?}")
}

fn plain_ticket(view: TicketView) -> TicketView {
    TicketView {
        why: None,
        estimated_wait_ms: None,
        version: 0,
        ..view
    }
}
