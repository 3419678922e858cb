//! The matchmaker on a real store.

mod led;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::matchmaking::{
    Formation, MatchState, Opening, QueueChange, RatingRule, RatingSystem, Rules, TicketId,
    TicketState, TicketView, Waiting, form, form_unexplained,
};
use boards::{BoardStore, Change, PlayerId};
use store_embedded::{Clock, EmbeddedStore, Options};
use testkit::{ada, duel, lone_ticket};

use super::*;
use crate::late_store::LateStore;
use crate::units::Span;

fn settings() -> Matchmaking {
    Matchmaking {
        settle: Span(Duration::from_millis(4)),
        interval: Span(Duration::from_millis(20)),
        threads: 1,
        ..Matchmaking::default()
    }
}

fn open(dir: &Path) -> Arc<EmbeddedStore> {
    let options = Options {
        data_dir: dir.join("data"),
        cache_bytes: 1 << 20,
        max_queue: 1024,
        clock: Clock::system(),
    };
    Arc::new(EmbeddedStore::open(&options).unwrap())
}

fn queue(name: &str) -> QueueId {
    QueueId::parse(name).unwrap()
}

fn put_queue(name: &str, acceptance_ms: Option<u64>, ticket_ttl_ms: u64) -> QueueChange {
    let mut settings = duel(acceptance_ms, ticket_ttl_ms);
    settings.rules.rating = Some(RatingRule {
        spread: 100.0,
        widen_per_s: 4000.0,
        max_spread: 1000.0,
        max_team_gap: None,
    });
    QueueChange::PutQueue {
        queue: queue(name),
        settings: Box::new(settings),
    }
}

fn create(name: &str, n: u8, rating: f64) -> QueueChange {
    let mut ticket = lone_ticket(ticket(n), PlayerId::from_bytes([n; 16]));
    ticket.players[0].rating = Some((rating, None));
    QueueChange::CreateTicket {
        queue: queue(name),
        ticket,
    }
}

fn ticket(n: u8) -> TicketId {
    TicketId::parse(&format!("t{n}")).unwrap()
}

async fn put_players(store: &EmbeddedStore) {
    let player = |n| ada(PlayerId::from_bytes([n; 16]));
    let players = Change::PutPlayers((1..9).map(player).collect());
    store.change(players, None, 0).await.unwrap();
}

async fn change(store: &EmbeddedStore, change: QueueChange) {
    let now_ms = Clock::system().now_ms();
    store.change_queue(change, None, now_ms).await.unwrap();
}

/// The ticket once it is as it has to be.
async fn once(
    store: &EmbeddedStore,
    name: &str,
    n: u8,
    done: impl Fn(&TicketView) -> bool,
) -> TicketView {
    let (queue, ticket) = (queue(name), ticket(n));
    loop {
        let view = store.ticket(&queue, &ticket).await.unwrap();
        if done(&view) {
            return view;
        }
        let changed = store.ticket_changed(&queue, &ticket, view.version);
        // Why it waits is no change.
        let _ = tokio::time::timeout(Duration::from_millis(20), changed).await;
    }
}

fn is_matched(view: &TicketView) -> bool {
    matches!(view.ticket.state, TicketState::Matched { .. })
}

#[tokio::test]
async fn tickets_are_matched_as_limits_widen_and_told_why_until_then() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put_players(&store).await;
    change(&store, put_queue("q", None, 60_000)).await;
    change(&store, put_queue("other", None, 60_000)).await;
    let matchmaker = Matchmaker::start(store.clone(), &settings(), Arc::default()).unwrap();
    change(&store, create("q", 1, 1500.0)).await;
    let view = once(&store, "q", 1, |view| view.why.is_some()).await;
    assert_eq!(view.ticket.state, TicketState::Waiting);
    change(&store, create("q", 2, 2300.0)).await;
    change(&store, create("other", 3, 1500.0)).await;
    change(&store, create("other", 4, 1500.0)).await;
    for (name, n) in [("q", 1), ("q", 2), ("other", 3), ("other", 4)] {
        let view = once(&store, name, n, is_matched).await;
        let of = view.of_match.unwrap();
        assert!(matches!(of.state, MatchState::Running { .. }));
        assert_eq!(of.players().count(), 2);
    }
    // Nothing waits any more, and what comes next is seen all the same.
    tokio::time::sleep(Duration::from_millis(60)).await;
    change(&store, create("q", 5, 1500.0)).await;
    change(&store, create("q", 6, 1500.0)).await;
    once(&store, "q", 5, is_matched).await;
    tokio::task::spawn_blocking(|| matchmaker.stop())
        .await
        .unwrap();
    change(&store, create("q", 7, 1500.0)).await;
    change(&store, create("q", 8, 1500.0)).await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    let view = store.ticket(&queue("q"), &ticket(7)).await.unwrap();
    assert_eq!(view.ticket.state, TicketState::Waiting, "it has stopped");
}

#[tokio::test]
async fn what_is_over_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put_players(&store).await;
    change(&store, put_queue("q", Some(30), 90)).await;
    let matchmaker = Matchmaker::start(store.clone(), &settings(), Arc::default()).unwrap();
    change(&store, create("q", 1, 1500.0)).await;
    let ended = |view: &TicketView| view.ticket.state.is_final();
    let view = once(&store, "q", 1, ended).await;
    assert!(matches!(view.ticket.state, TicketState::Expired { .. }));
    change(&store, create("q", 2, 1500.0)).await;
    change(&store, create("q", 3, 1500.0)).await;
    let view = once(&store, "q", 2, |view| view.of_match.is_some()).await;
    assert!(view.of_match.unwrap().accept_by_ms().is_some());
    let view = once(&store, "q", 3, ended).await;
    assert!(matches!(view.ticket.state, TicketState::Cancelled { .. }));
    tokio::task::spawn_blocking(|| matchmaker.stop())
        .await
        .unwrap();
}

#[tokio::test]
async fn it_goes_on_once_the_store_works() {
    let dir = tempfile::tempdir().unwrap();
    let late = Arc::new(LateStore::default());
    let matchmaker = Matchmaker::start(late.clone(), &settings(), Arc::default()).unwrap();
    tokio::time::sleep(Duration::from_millis(30)).await;
    let store = open(dir.path());
    put_players(&store).await;
    change(&store, put_queue("q", None, 60_000)).await;
    change(&store, create("q", 1, 1500.0)).await;
    change(&store, create("q", 2, 1500.0)).await;
    late.provide(store.clone());
    once(&store, "q", 1, is_matched).await;
    tokio::task::spawn_blocking(|| matchmaker.stop())
        .await
        .unwrap();
}

/// Looks at queues in which the poisonous ticket waits.
static LOOKS: AtomicUsize = AtomicUsize::new(0);

fn is_poisonous(waiting: &[Waiting<'_>]) -> bool {
    waiting.iter().any(|w| w.ticket.id == ticket(1))
}

fn find_unless_poisoned(
    rules: &Rules,
    system: RatingSystem,
    openings: &[Opening<'_>],
    waiting: &[Waiting<'_>],
) -> Formation {
    if is_poisonous(waiting) {
        LOOKS.fetch_add(1, Ordering::Relaxed);
        panic!("the engine is beside itself");
    }
    form_unexplained(rules, system, openings, waiting)
}

fn explain_unless_poisoned(
    rules: &Rules,
    system: RatingSystem,
    openings: &[Opening<'_>],
    waiting: &[Waiting<'_>],
) -> Formation {
    assert!(!is_poisonous(waiting), "the engine is beside itself");
    form(rules, system, openings, waiting)
}

#[tokio::test]
async fn a_panic_ends_neither_the_queue_nor_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put_players(&store).await;
    change(&store, put_queue("q", None, 60_000)).await;
    change(&store, put_queue("other", None, 60_000)).await;
    for n in [1, 2, 3] {
        // The poison is too far from the others to be matched with them.
        let rating = if n == 1 { 9000.0 } else { 1500.0 };
        change(&store, create("q", n, rating)).await;
    }
    let forming = Forming {
        find: find_unless_poisoned,
        explain: form,
    };
    let matchmaker =
        Matchmaker::start_with(store.clone(), &settings(), forming, Arc::default()).unwrap();
    while LOOKS.load(Ordering::Relaxed) < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for pair in [[4, 5], [6, 7]] {
        for n in pair {
            change(&store, create("other", n, 1500.0)).await;
        }
        once(&store, "other", pair[0], is_matched).await;
    }
    let view = store.ticket(&queue("q"), &ticket(2)).await.unwrap();
    assert_eq!(view.ticket.state, TicketState::Waiting);
    let cancel = QueueChange::CancelTicket {
        queue: queue("q"),
        ticket: ticket(1),
    };
    change(&store, cancel).await;
    once(&store, "q", 2, is_matched).await;
    tokio::task::spawn_blocking(|| matchmaker.stop())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_panic_about_why_tickets_wait_keeps_nobody_from_being_matched() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    put_players(&store).await;
    change(&store, put_queue("q", None, 60_000)).await;
    change(&store, create("q", 1, 9000.0)).await;
    let forming = Forming {
        find: form_unexplained,
        explain: explain_unless_poisoned,
    };
    let matchmaker =
        Matchmaker::start_with(store.clone(), &settings(), forming, Arc::default()).unwrap();
    for pair in [[2, 3], [4, 5], [6, 7]] {
        for n in pair {
            change(&store, create("q", n, 1500.0)).await;
        }
        once(&store, "q", pair[0], is_matched).await;
    }
    let cancel = QueueChange::CancelTicket {
        queue: queue("q"),
        ticket: ticket(1),
    };
    change(&store, cancel).await;
    change(&store, create("q", 8, 1500.0)).await;
    once(&store, "q", 8, |view| view.why.is_some()).await;
    tokio::task::spawn_blocking(|| matchmaker.stop())
        .await
        .unwrap();
}
