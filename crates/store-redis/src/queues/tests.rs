//! Queues on a real server, where the conformance suite does not look: several nodes at once, who leads and who led,
//! who waits on another node, and what is left behind.
#![allow(clippy::unwrap_used)]

mod leads;
mod left;
mod rivals;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use boards::{Clock, PlayerId};
use matchmaking::{
    MatchError, MatchId, MatchStore, QueueChange, QueueChanged, QueueId, TicketId, TicketState, Who,
};
use redis::Value;
use testkit::{RedisServer, announced_duel, duel, lone_ticket};

use super::keys;
use crate::store::RedisStore;

const HOUR_MS: i64 = 60 * 60 * 1000;
const PLAYERS: u8 = 40;

/// A server, and nodes that share it.
struct Nodes {
    server: RedisServer,
    all: Vec<RedisStore>,
    now_ms: Arc<AtomicI64>,
}

impl Nodes {
    /// With players and a queue.
    async fn start(count: usize, partitions: u16, acceptance_ms: Option<u64>) -> Self {
        let server = RedisServer::start();
        let now_ms = Arc::new(AtomicI64::new(0));
        let mut options = crate::Options::new(server.url().parse().unwrap());
        options.partitions = Some(partitions);
        let mut all = Vec::new();
        for _ in 0..count {
            let now_ms = Arc::clone(&now_ms);
            let clock = Clock::new(move || now_ms.load(Ordering::Relaxed));
            all.push(RedisStore::open(&options, clock).await.unwrap());
        }
        let nodes = Nodes {
            server,
            all,
            now_ms,
        };
        nodes.put_players().await;
        ask(&nodes.all[0], put_queue(acceptance_ms), 0)
            .await
            .unwrap();
        nodes
    }

    /// As queues see them: there.
    async fn put_players(&self) {
        let core = &self.all[0].core;
        for n in 0..PLAYERS {
            let mut tx = core.begin();
            tx.set(keys::player(&core.layout, id(n)), b"{}".to_vec());
            tx.commit().await.unwrap();
        }
    }

    async fn remove_player(&self, n: u8) {
        let core = &self.all[0].core;
        let mut tx = core.begin();
        tx.remove(keys::player(&core.layout, id(n)));
        tx.commit().await.unwrap();
    }

    /// All keys of the queue.
    fn keys(&self) -> Vec<String> {
        let Value::Array(keys) = self.server.command(&["KEYS", "*:q1:*"]) else {
            panic!("no list of keys");
        };
        let mut keys: Vec<String> = keys.iter().filter_map(crate::replies::text).collect();
        keys.sort();
        keys
    }
}

fn id(n: u8) -> PlayerId {
    // None is nil, which stands for those who are erased.
    PlayerId::from_bytes([n + 1; 16])
}

fn queue() -> QueueId {
    QueueId::parse("duel").unwrap()
}

fn ticket_id(n: u64) -> TicketId {
    TicketId::parse(&format!("t{n}")).unwrap()
}

fn match_id(n: u8) -> MatchId {
    MatchId::from_random([n; 16])
}

fn put_queue(acceptance_ms: Option<u64>) -> QueueChange {
    QueueChange::PutQueue {
        queue: queue(),
        settings: Box::new(duel(acceptance_ms, 10 * HOUR_MS.unsigned_abs())),
    }
}

/// A ticket of one player, named as it is.
fn create(n: u8) -> QueueChange {
    create_named(u64::from(n), n)
}

fn create_named(ticket: u64, player: u8) -> QueueChange {
    QueueChange::CreateTicket {
        queue: queue(),
        ticket: lone_ticket(ticket_id(ticket), id(player)),
    }
}

fn cancel(ticket: u64) -> QueueChange {
    QueueChange::CancelTicket {
        queue: queue(),
        ticket: ticket_id(ticket),
    }
}

fn announce(id: MatchId, tickets: [TicketId; 2]) -> QueueChange {
    announced_duel(queue(), id, tickets, 5.0)
}

fn accept(match_id: MatchId, ticket: TicketId) -> QueueChange {
    let who = Who::Ticket(ticket);
    QueueChange::Accept { match_id, who }
}

async fn ask(
    store: &RedisStore,
    change: QueueChange,
    now_ms: i64,
) -> Result<QueueChanged, MatchError> {
    let receipt = store.change_queue(change, None, now_ms).await?;
    Ok(receipt.changed)
}

async fn state(store: &RedisStore, ticket: u64) -> TicketState {
    let view = store.ticket(&queue(), &ticket_id(ticket)).await.unwrap();
    view.ticket.state.clone()
}
