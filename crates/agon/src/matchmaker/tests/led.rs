//! A store that other nodes use as well, as far as the matchmaker sees: it may lead a queue or not.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ::matchmaking::{
    Backfill, BackfillId, HistoryMark, Match, MatchId, PlayerRating, QueueReceipt, QueueSnapshot,
    QueueStats, WhyWaiting,
};
use async_trait::async_trait;
use boards::Guard;

use super::*;

const NOT_ASKED: &str = "the matchmaker does not ask that";

/// The embedded store, and whether this node leads its queues.
struct Led {
    store: Arc<EmbeddedStore>,
    /// What is said before a look.
    says: AtomicBool,
    /// What is true once something is announced.
    is_so: AtomicBool,
    /// How long a lead counts after it was asked for.
    lease: Duration,
    asked_at: Mutex<Instant>,
    /// How often it was asked.
    asked: AtomicUsize,
    /// How often something was announced in vain.
    refused: AtomicUsize,
}

#[async_trait]
impl MatchStore for Led {
    async fn change_queue(
        &self,
        change: QueueChange,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<QueueReceipt, MatchError> {
        let is_over = self.asked_at.lock().elapsed() > self.lease;
        if let QueueChange::Announce { queue, .. } | QueueChange::Lapse(queue) = &change
            && (is_over || !self.is_so.load(Ordering::SeqCst))
        {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(MatchError::NotLeader(queue.clone()));
        }
        self.store.change_queue(change, guard, now_ms).await
    }

    async fn queue(&self, id: &QueueId) -> Result<QueueInfo, MatchError> {
        self.store.queue(id).await
    }

    async fn queues(
        &self,
        after: Option<&QueueId>,
        limit: usize,
    ) -> Result<Vec<QueueInfo>, MatchError> {
        self.store.queues(after, limit).await
    }

    async fn ticket(&self, _: &QueueId, _: &TicketId) -> Result<TicketView, MatchError> {
        unreachable!("{NOT_ASKED}")
    }

    async fn ticket_changed(&self, _: &QueueId, _: &TicketId, _: u64) -> Result<(), MatchError> {
        unreachable!("{NOT_ASKED}")
    }

    async fn find_match(&self, _: MatchId) -> Result<Arc<Match>, MatchError> {
        unreachable!("{NOT_ASKED}")
    }

    async fn backfill(&self, _: &QueueId, _: &BackfillId) -> Result<Arc<Backfill>, MatchError> {
        unreachable!("{NOT_ASKED}")
    }

    async fn queue_stats(&self, _: &QueueId, _: i64) -> Result<QueueStats, MatchError> {
        unreachable!("{NOT_ASKED}")
    }

    async fn ratings(&self, _: PlayerId) -> Result<Vec<PlayerRating>, MatchError> {
        unreachable!("{NOT_ASKED}")
    }

    async fn history(
        &self,
        _: PlayerId,
        _: Option<HistoryMark>,
        _: usize,
    ) -> Result<Vec<Arc<Match>>, MatchError> {
        unreachable!("{NOT_ASKED}")
    }

    async fn waiting_changed(&self, seen: u64) -> u64 {
        self.store.waiting_changed(seen).await
    }

    async fn snapshot(&self, queue: &QueueId, now_ms: i64) -> Result<QueueSnapshot, MatchError> {
        self.store.snapshot(queue, now_ms).await
    }

    async fn explain(
        &self,
        queue: &QueueId,
        why: Vec<(TicketId, WhyWaiting)>,
    ) -> Result<(), MatchError> {
        assert!(
            self.says.load(Ordering::SeqCst),
            "others explain this queue"
        );
        self.store.explain(queue, why).await
    }

    async fn lead(&self, _: &QueueId, _: i64) -> Result<bool, MatchError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        *self.asked_at.lock() = Instant::now();
        Ok(self.says.load(Ordering::SeqCst))
    }

    async fn resign(&self) -> Result<(), MatchError> {
        unreachable!("{NOT_ASKED}")
    }
}

async fn waiting_pair(dir: &Path, says: bool, is_so: bool) -> Led {
    let store = open(dir);
    put_players(&store).await;
    change(&store, put_queue("q", None, 60_000)).await;
    change(&store, create("q", 1, 1500.0)).await;
    change(&store, create("q", 2, 1500.0)).await;
    Led {
        store,
        says: AtomicBool::new(says),
        is_so: AtomicBool::new(is_so),
        lease: Duration::MAX,
        asked_at: Mutex::new(Instant::now()),
        asked: AtomicUsize::new(0),
        refused: AtomicUsize::new(0),
    }
}

async fn at_least(counter: &AtomicUsize, times: usize) {
    while counter.load(Ordering::SeqCst) < times {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn is_waiting(led: &Led) -> bool {
    let view = led.store.ticket(&queue("q"), &ticket(1)).await.unwrap();
    view.ticket.state == TicketState::Waiting
}

#[tokio::test]
async fn a_queue_that_another_node_leads_is_left_alone_until_it_is_free() {
    let dir = tempfile::tempdir().unwrap();
    let led = Arc::new(waiting_pair(dir.path(), false, false).await);
    let matchmaker = Matchmaker::start(led.clone(), &settings(), Arc::default()).unwrap();
    at_least(&led.asked, 5).await;
    assert!(is_waiting(&led).await);
    assert_eq!(
        led.refused.load(Ordering::SeqCst),
        0,
        "nothing was announced"
    );
    led.is_so.store(true, Ordering::SeqCst);
    led.says.store(true, Ordering::SeqCst);
    once(&led.store, "q", 1, is_matched).await;
    tokio::task::spawn_blocking(|| matchmaker.stop())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_lead_that_was_lost_in_the_middle_of_a_look_is_no_fault() {
    let dir = tempfile::tempdir().unwrap();
    let led = Arc::new(waiting_pair(dir.path(), true, false).await);
    let passes = Arc::new(Latencies::default());
    let matchmaker = Matchmaker::start(led.clone(), &settings(), passes.clone()).unwrap();
    at_least(&led.refused, 3).await;
    assert!(is_waiting(&led).await);
    assert_eq!(
        passes.distribution().count,
        0,
        "a look in vain is not counted"
    );
    led.is_so.store(true, Ordering::SeqCst);
    once(&led.store, "q", 1, is_matched).await;
    tokio::task::spawn_blocking(|| matchmaker.stop())
        .await
        .unwrap();
}

/// Three times as long as the lead counts in the test below.
fn find_slowly(
    rules: &Rules,
    system: RatingSystem,
    openings: &[Opening<'_>],
    waiting: &[Waiting<'_>],
) -> Formation {
    std::thread::sleep(Duration::from_millis(1500));
    form_unexplained(rules, system, openings, waiting)
}

#[tokio::test]
async fn a_look_that_takes_longer_than_a_lead_counts_is_not_in_vain() {
    let dir = tempfile::tempdir().unwrap();
    let led = Arc::new(Led {
        lease: Duration::from_millis(500),
        ..waiting_pair(dir.path(), true, true).await
    });
    let forming = Forming {
        find: find_slowly,
        explain: form,
    };
    let matchmaker =
        Matchmaker::start_with(led.clone(), &settings(), forming, Arc::default()).unwrap();
    let matched = once(&led.store, "q", 1, is_matched);
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, matched).await.unwrap();
    tokio::task::spawn_blocking(|| matchmaker.stop())
        .await
        .unwrap();
}
