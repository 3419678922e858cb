//! A queue of one against one, for tests within the crate.

use std::time::Duration;

use boards::{Change, PlayerId};
use matchmaking::{
    MatchError, MatchId, MatchResult, MatchStore, QueueChange, QueueChanged, QueueId, TicketId,
    TicketState,
};
use testkit::{ada, announced_duel, duel, lone_ticket};

use crate::{Clock, EmbeddedStore, Options};

pub(crate) const STARTED_AT_MS: i64 = 1_000;

pub(crate) fn options(dir: &std::path::Path) -> Options {
    Options {
        data_dir: dir.to_owned(),
        cache_bytes: 1 << 20,
        max_queue: 1024,
        clock: Clock::new(|| STARTED_AT_MS),
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
}

/// Returns once it is so.
pub(crate) async fn until(so: impl Fn() -> bool) {
    while !so() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

pub(crate) fn queue() -> QueueId {
    QueueId::parse("duel").unwrap()
}

pub(crate) fn ticket(n: u8) -> TicketId {
    TicketId::parse(&format!("t{n}")).unwrap()
}

pub(crate) fn player(n: u8) -> PlayerId {
    PlayerId::from_bytes([n; 16])
}

pub(crate) fn match_id(n: u8) -> MatchId {
    MatchId::from_random([n; 16])
}

pub(crate) fn put_players() -> Change {
    Change::PutPlayers((1..20).map(player).map(ada).collect())
}

pub(crate) fn put_queue(acceptance_ms: Option<u64>) -> QueueChange {
    QueueChange::PutQueue {
        queue: queue(),
        settings: Box::new(duel(acceptance_ms, 60_000)),
    }
}

/// A ticket of the player of the same number.
pub(crate) fn create(n: u8) -> QueueChange {
    create_for(n, n)
}

pub(crate) fn create_for(n: u8, of: u8) -> QueueChange {
    QueueChange::CreateTicket {
        queue: queue(),
        ticket: lone_ticket(ticket(n), player(of)),
    }
}

pub(crate) fn cancel(n: u8) -> QueueChange {
    QueueChange::CancelTicket {
        queue: queue(),
        ticket: ticket(n),
    }
}

pub(crate) fn announce(n: u8, tickets: [u8; 2]) -> QueueChange {
    announced_duel(queue(), match_id(n), tickets.map(ticket), 0.0)
}

pub(crate) async fn ask(
    store: &EmbeddedStore,
    change: QueueChange,
) -> Result<QueueChanged, MatchError> {
    let receipt = store.change_queue(change, None, STARTED_AT_MS).await;
    receipt.map(|receipt| receipt.changed)
}

pub(crate) async fn state(store: &EmbeddedStore, n: u8) -> Result<TicketState, MatchError> {
    let view = store.ticket(&queue(), &ticket(n)).await?;
    Ok(view.ticket.state.clone())
}

pub(crate) fn finish(n: u8) -> QueueChange {
    QueueChange::Finish {
        match_id: match_id(n),
        result: MatchResult::Placements(vec![1, 2]),
    }
}
