//! Queues in memory: what waits, what is proposed and what is being held.
//!
//! What has ended is on disk alone: at a thousand tickets a second an hour of them would be gigabytes.
//! Who asks for it reads the engine ([`crate::reader`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use boards::PlayerId;
use hashbrown::HashMap;
use matchmaking::{
    BackfillId, MatchId, QueueId, QueueSettings, QueuedTicket, Reason, Tally, TicketId, WhyWaiting,
};
pub(crate) use store_records::{
    BackfillLine, EndKind, MatchLine, Named, QueueNumber, Rated, TicketLine, digest,
};

mod apply;
mod erased;
mod erasures;
mod keys;
mod masks;
mod reads;
mod recent;
mod records;

pub(crate) use apply::{Delta, put_match};
pub(crate) use erased::{Mark, Marks};
pub(crate) use erasures::{erasure, is_of_before, read_erasure};
pub(crate) use keys::{end_key, history_key, named_key, queue_key, rating_key};
pub(crate) use keys::{
    read_end_key, read_history_key, read_match_key, read_named_key, read_queue_key, read_rating_key,
};
pub(crate) use masks::masked_match;
pub(crate) use reads::FoundTicket;
pub(crate) use recent::Recent;
pub(crate) use records::{queue, read_queue, read_ticket, ticket};

/// All queues.
pub(crate) struct Queues {
    pub(crate) numbers: BTreeMap<QueueId, QueueNumber>,
    pub(crate) all: HashMap<QueueNumber, Queue>,
    /// Matches that are proposed or being held, also those of queues that were deleted.
    pub(crate) matches: HashMap<MatchId, MatchLine>,
    /// Deleted queues whose records are still on disk.
    pub(crate) doomed: Vec<QueueNumber>,
    /// The number that the next queue gets.
    pub(crate) next: u32,
}

/// A queue.
pub(crate) struct Queue {
    pub(crate) number: QueueNumber,
    pub(crate) id: QueueId,
    pub(crate) settings: Arc<QueueSettings>,
    /// Tickets that wait or are proposed.
    pub(crate) tickets: HashMap<TicketId, TicketLine>,
    /// Those that wait, in the order in which they were made.
    pub(crate) waiting: BTreeMap<u64, Arc<QueuedTicket>>,
    /// How many players they have.
    pub(crate) waiting_players: u64,
    /// In which of them a player is.
    pub(crate) by_player: HashMap<PlayerId, TicketId>,
    /// When those that wait expire, with their place in the order.
    pub(crate) expiries: BTreeSet<(i64, u64)>,
    /// Until when matches have to be accepted.
    pub(crate) proposals: BTreeSet<(i64, MatchId)>,
    /// Matches that are being held.
    pub(crate) running: u64,
    /// Open ones.
    pub(crate) backfills: HashMap<BackfillId, BackfillLine>,
    /// Which of them a match has.
    pub(crate) by_match: HashMap<MatchId, BTreeSet<BackfillId>>,
    pub(crate) ratings: HashMap<PlayerId, Rated>,
    /// The last commit that changed what waits.
    pub(crate) version: u64,
    pub(crate) why: Arc<Explained>,
    pub(crate) recent: Recent,
    pub(crate) tally: Tally,
}

/// Why tickets wait, as the matchmaker last saw it.
#[derive(Default)]
pub(crate) struct Explained {
    pub(crate) of: HashMap<TicketId, WhyWaiting>,
    pub(crate) counts: Vec<(Reason, u64)>,
}

impl Queues {
    pub(crate) fn new() -> Self {
        Queues {
            numbers: BTreeMap::new(),
            all: HashMap::new(),
            matches: HashMap::new(),
            doomed: Vec::new(),
            next: 1,
        }
    }

    pub(crate) fn find(&self, id: &QueueId) -> Option<&Queue> {
        self.all.get(self.numbers.get(id)?)
    }
}

impl Queue {
    pub(crate) fn new(number: QueueNumber, id: QueueId, settings: QueueSettings) -> Self {
        Queue {
            number,
            id,
            settings: Arc::new(settings),
            tickets: HashMap::new(),
            waiting: BTreeMap::new(),
            waiting_players: 0,
            by_player: HashMap::new(),
            expiries: BTreeSet::new(),
            proposals: BTreeSet::new(),
            running: 0,
            backfills: HashMap::new(),
            by_match: HashMap::new(),
            ratings: HashMap::new(),
            version: 0,
            why: Arc::default(),
            recent: Recent::new(),
            tally: Tally::default(),
        }
    }

    /// Whether something is over by now and has not been ended.
    pub(crate) fn has_lapsed(&self, now_ms: i64) -> bool {
        let expiry = self.expiries.first().map(|(at_ms, _)| *at_ms);
        let proposal = self.proposals.first().map(|(at_ms, _)| *at_ms);
        [expiry, proposal]
            .into_iter()
            .flatten()
            .any(|at_ms| at_ms <= now_ms)
    }
}

impl Explained {
    pub(crate) fn new(why: Vec<(TicketId, WhyWaiting)>) -> Self {
        Explained {
            counts: WhyWaiting::counts(&why),
            of: why.into_iter().collect(),
        }
    }
}
